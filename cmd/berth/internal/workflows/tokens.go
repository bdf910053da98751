package workflows

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/berth-project/berth/secret"
	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/api"
	workhttp "github.com/berth-project/berth/work/http"
	"github.com/berth-project/berth/work/kube"
	"github.com/berth-project/berth/work/store"
)

// The setting that holds the keys of the tokens with which attempts report
// from elsewhere. It is made once for a store, so that a token one engine gave
// is taken by all, and after a restart.
const (
	kindTaskKey = "task-key"
	taskKeyID   = "tokens"
)

// reportLife is how long a token lives where nothing else bounds its attempt;
// it dies with the attempt in any case.
const reportLife = 30 * 24 * time.Hour

// taskKeys gives the keys of tokens, the newest first, and makes one where
// there is none.
func taskKeys(ctx context.Context, st store.Store) ([]secret.String, error) {
	made, err := json.Marshal(tokenKeys{[]string{rand.Text() + rand.Text()}})
	if err != nil {
		return nil, err
	}
	_, err = st.PutSetting(ctx, store.Setting{Kind: kindTaskKey, ID: taskKeyID, Body: made})
	if err != nil && !errors.Is(err, store.ErrVersion) { // there is one already
		return nil, fmt.Errorf("keys of task tokens: %w", err)
	}
	s, err := st.Setting(ctx, kindTaskKey, taskKeyID)
	if err != nil {
		return nil, fmt.Errorf("keys of task tokens: %w", err)
	}
	var kept tokenKeys
	if err := json.Unmarshal(s.Body, &kept); err != nil {
		return nil, fmt.Errorf("keys of task tokens: setting %s %q: %w", kindTaskKey, taskKeyID, err)
	}
	if len(kept.Keys) == 0 {
		return nil, fmt.Errorf("keys of task tokens: setting %s %q holds none: delete it to have one made", kindTaskKey, taskKeyID)
	}
	list := make([]secret.String, len(kept.Keys))
	for i, k := range kept.Keys {
		list[i] = secret.New(k)
	}
	return list, nil
}

// tokenKeys is the setting's body.
type tokenKeys struct {
	Keys []string `json:"keys"`
}

// callback is where servers send the results of asynchronous calls; nil when
// they cannot reach this engine.
func callback(addr string, key secret.String) *workhttp.Callback {
	if addr == "" {
		return nil
	}
	return &workhttp.Callback{URL: strings.TrimSuffix(addr, "/") + api.Base + "/callbacks", Key: key}
}

// reportTo tells handlers in pods where they report; nil when they cannot
// reach this engine.
func reportTo(addr string, key secret.String) func(work.Task) (kube.Endpoint, error) {
	if addr == "" {
		return nil
	}
	url := strings.TrimSuffix(addr, "/") + api.Base + "/tasks"
	return func(task work.Task) (kube.Endpoint, error) {
		life := reportLife
		if task.Timeout > 0 {
			life = task.Timeout.Std() + time.Hour // the engine's clock ends the attempt, not the token's
		}
		return kube.Endpoint{URL: url, Token: secret.New(workhttp.SignToken(key, workhttp.RefOf(task), time.Now().Add(life)))}, nil
	}
}
