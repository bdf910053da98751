package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/berth-project/berth/work"
	workhttp "github.com/berth-project/berth/work/http"
	"github.com/berth-project/berth/work/shard"
	"github.com/berth-project/berth/workflow/machine"
)

// maxResult bounds the body of a result: an output of the largest size, and
// what is around it.
const maxResult = 2 << 20

// taskRoutes are for whoever executes one attempt elsewhere: the server of an
// asynchronous call, the program of a container or pod. The proof is a token
// that is good for that attempt only.
func (a *API) taskRoutes() []route {
	result := func(path, name, text string) route {
		return route{
			method: "POST", path: path, name: name, may: tokenHolder, open: true, proof: (*call).showsToken, most: maxResult,
			takes: TaskResult{}, optional: true, gives: done{}, text: text, do: (*call).result,
		}
	}
	told := func(path, name, text string, takes any, most int64, do func(*call) (any, error)) route {
		return route{
			method: "POST", path: path, name: name, may: tokenHolder, open: true, proof: (*call).showsToken, most: most,
			takes: takes, gives: done{}, text: text, do: do,
		}
	}
	const bearerToo = " The token is shown as Authorization: Bearer TOKEN."
	const progress, log = "Tell how far an attempt is; it is a heartbeat too.", "Add lines to an attempt's log: the body is the text."
	const ends = "Bring the result of an attempt that goes on elsewhere. The same result again is taken and changes nothing; 409 says that the attempt is over."
	return []route{
		result("/callbacks/{token}", "callback", ends),
		result("/callbacks", "callbackWithBearer", ends+bearerToo),
		result("/tasks/{token}/result", "taskResult", ends),
		result("/tasks/result", "taskResultWithBearer", ends+bearerToo),
		told("/tasks/{token}/progress", "taskProgress", progress, TaskProgress{}, 128<<10, (*call).progress),
		told("/tasks/progress", "taskProgressWithBearer", progress+bearerToo, TaskProgress{}, 128<<10, (*call).progress),
		told("/tasks/{token}/log", "taskLog", log, plainText(""), maxLog, (*call).log),
		told("/tasks/log", "taskLogWithBearer", log+bearerToo, plainText(""), maxLog, (*call).log),
	}
}

// TaskResult is how an attempt ended: with an output, which may be nothing, or
// with a failure.
type TaskResult struct {
	Output  json.RawMessage  `json:"output,omitempty"`
	Failure *machine.Failure `json:"failure,omitempty"`
}

// TaskProgress is how far an attempt is.
type TaskProgress struct {
	Percent float64 `json:"percent,omitempty"` // 0 to 100
	Message string  `json:"message,omitempty"`
	// State is for the next attempt, if there is one.
	State json.RawMessage `json:"state,omitempty"`
}

// showsToken checks the token of a request, in its path or as bearer token,
// and finds the attempt that it is for.
func (c *call) showsToken() error {
	token := c.r.PathValue("token")
	if token == "" {
		token, _ = bearer(c.r)
	}
	ref, err := workhttp.VerifyToken(c.opt.TaskKeys, token, time.Now())
	if err != nil {
		return &statusError{http.StatusUnauthorized, err}
	}
	c.attempt = shard.Held{Run: ref.Run, Step: ref.Step, Item: ref.Item, Fence: ref.Fence}
	return nil
}

func (c *call) result() (any, error) {
	var res TaskResult
	if len(c.body) > 0 {
		if err := c.read(&res); err != nil {
			return nil, err
		}
	}
	if res.Failure != nil && len(res.Output) > 0 {
		return nil, fmt.Errorf("%w: output, failure: give one of them", work.ErrInvalid)
	}
	return c.told(func(ctx context.Context) ([]error, error) {
		return c.e.Complete(ctx, []shard.Completion{{Held: c.attempt, Result: work.Result{Failure: res.Failure, Output: res.Output}}})
	})
}

func (c *call) progress() (any, error) {
	var p TaskProgress
	if err := c.read(&p); err != nil {
		return nil, err
	}
	if p.Percent < 0 || p.Percent > 100 {
		return nil, fmt.Errorf("%w: percent: 0 to 100", work.ErrInvalid)
	}
	if len(p.State) > machine.MaxSaved {
		return nil, fmt.Errorf("%w: state: %d bytes, of %d allowed: keep a name for it", work.ErrInvalid, len(p.State), machine.MaxSaved)
	}
	return c.beat(shard.Beat{Report: machine.Report{Percent: p.Percent, Message: p.Message, Saved: p.State}})
}

func (c *call) log() (any, error) {
	text := strings.ToValidUTF8(string(c.body), "\uFFFD")
	if text == "" {
		return done{true}, nil
	}
	return c.beat(shard.Beat{Log: []byte(text)})
}

func (c *call) beat(b shard.Beat) (any, error) {
	b.Held = c.attempt
	return c.told(func(ctx context.Context) ([]error, error) { return c.e.Heartbeat(ctx, []shard.Beat{b}) })
}

// told answers what became of one report.
func (c *call) told(tell func(context.Context) ([]error, error)) (any, error) {
	errs, err := tell(c.r.Context())
	if err == nil {
		err = errs[0]
	}
	if errors.Is(err, work.ErrStale) {
		return nil, &statusError{http.StatusConflict, errors.New("this attempt is over: another has begun, or the step is not wanted any more")}
	}
	return done{true}, err
}
