package workflows_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/cmd/berth/internal/workflows"
	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/client"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

// TestHandlersTellAllOfAFailure: what an executor says of its attempt reaches
// the engine from a worker elsewhere as it does within the engine.
func TestHandlersTellAllOfAFailure(t *testing.T) {
	t.Parallel()
	told := machine.Failure{
		Code: "http.503", Message: "busy", Fatal: true, Detail: []byte(`{"status":503}`), RetryAfter: workflow.Duration(90 * time.Second),
	}
	handlers := workflows.Handlers(map[string]work.Executor{"http": work.ExecutorFunc(func(context.Context, work.Task, work.Reporter) work.Result {
		return work.Result{Failure: &told}
	})})
	_, err := handlers["http"](t.Context(), client.Task{Run: "r0an4cpzz08000", Type: "http", Lease: "30s"}, &client.Reporter{})
	var got *client.Failure
	if !errors.As(err, &got) {
		t.Fatalf("the handler answers %v, want a failure", err)
	}
	want := &client.Failure{Code: told.Code, Message: told.Message, Fatal: true, Detail: told.Detail, RetryAfter: 90 * time.Second}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the failure (-want +got):\n%s", diff)
	}
}
