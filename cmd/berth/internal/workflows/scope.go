package workflows

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/berth-project/berth/work/store"
)

// The setting that tells a store from others. It is made once, so that all engines
// on a store have the same, also after a restart.
const (
	kindStoreID = "store-id"
	storeIDID   = "scope"
)

// maxScope is how long the name of a service is within a scope: a label's value
// takes 63 characters.
const maxScope = 40

// scopeOf names the pods and containers of the engines on a store: those of another
// store in the same namespace, or on the same machine, are not theirs to end, though
// their service may have the same name.
func scopeOf(ctx context.Context, st store.Store, service string) (string, error) {
	made, err := json.Marshal(strings.ToLower(rand.Text()[:10]))
	if err != nil {
		return "", err
	}
	_, err = st.PutSetting(ctx, store.Setting{Kind: kindStoreID, ID: storeIDID, Body: made})
	if err != nil && !errors.Is(err, store.ErrVersion) { // there is one already
		return "", fmt.Errorf("name of the store: %w", err)
	}
	s, err := st.Setting(ctx, kindStoreID, storeIDID)
	if err != nil {
		return "", fmt.Errorf("name of the store: %w", err)
	}
	var id string
	if err := json.Unmarshal(s.Body, &id); err != nil {
		return "", fmt.Errorf("name of the store: setting %s %q: %w", kindStoreID, storeIDID, err)
	}
	service = cmp.Or(service, "berth")
	return service[:min(len(service), maxScope)] + "-" + id, nil
}
