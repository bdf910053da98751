package builtin

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/internal/with"
)

// noop gives its "with" as its output.
func noop(_ context.Context, task work.Task, _ work.Reporter) (json.RawMessage, error) {
	return orNull(task.With), nil
}

// Note is the "with" of a step of type "log".
type Note struct {
	// Message is a text, or any JSON, which is logged on one line.
	Message json.RawMessage `json:"message,omitempty"`
	// Messages are several.
	Messages []json.RawMessage `json:"messages,omitempty"`
}

func logMessages(_ context.Context, task work.Task, report work.Reporter) (json.RawMessage, error) {
	var n Note
	if err := with.Decode(task.With, &n); err != nil {
		return nil, err
	}
	if len(n.Message) > 0 {
		n.Messages = append([]json.RawMessage{n.Message}, n.Messages...)
	}
	if len(n.Messages) == 0 {
		return nil, errors.New("message: missing")
	}
	var lines strings.Builder
	for _, m := range n.Messages {
		var text string
		if json.Unmarshal(m, &text) != nil {
			text = string(m)
		}
		lines.WriteString(text + "\n")
	}
	report.Log([]byte(lines.String()))
	return null, nil
}

// Fail is the "with" of a step of type "fail".
type Fail struct {
	// Code is what retry rules and handlers match. Default "fail".
	Code string `json:"code,omitempty"`
	// Message is for people.
	Message string `json:"message,omitempty"`
	// Retry lets retry rules try the step again; by default it has failed for
	// good.
	Retry bool `json:"retry,omitempty"`
	// Detail is any JSON.
	Detail json.RawMessage `json:"detail,omitempty"`
}

func fail(_ context.Context, task work.Task, _ work.Reporter) (json.RawMessage, error) {
	w := Fail{Code: "fail", Message: "the workflow says so"}
	if err := with.Decode(task.With, &w); err != nil {
		return nil, err
	}
	f := &failure{}
	f.Code, f.Message, f.Fatal, f.Detail = w.Code, w.Message, !w.Retry, w.Detail
	return nil, f
}
