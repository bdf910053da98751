package engine_test

import (
	"context"
	"strings"
	"testing"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/engine"
)

// What holds a step that is ready holds it, and is what Explain says.
func TestReadyStepIsHeldAndExplained(t *testing.T) {
	t.Parallel()
	for name, held := range map[string]struct {
		pool work.Pool
		want string
	}{
		"paused":           {pool: work.Pool{Paused: true}, want: `pool "default" is paused`},
		"no slots of type": {pool: work.Pool{PerType: map[string]int{"program": 0}}, want: `0 of 0 steps of type "program" are executed in pool "default"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			began := make(chan struct{}, 1)
			f := open(t, engine.Options{Executors: map[string]work.Executor{"program": work.ExecutorFunc(
				func(context.Context, work.Task, work.Reporter) work.Result { began <- struct{}{}; return work.Result{} },
			)}})
			held.pool.Name = "default"
			if _, err := f.PutPool(t.Context(), held.pool, engine.AnyVersion); err != nil {
				t.Fatal(err)
			}
			id := f.submit(`{"name":"x","steps":[{"name":"a","run":"program"}]}`)
			text := eventually(t, func() (string, bool) {
				why, err := f.Explain(t.Context(), id, nil)
				return strings.Join(why.Text, " "), err == nil && strings.Contains(strings.Join(why.Text, " "), "is ready")
			})
			if want := "is ready, but " + held.want; !strings.Contains(text, want) {
				t.Errorf("Explain() = %q, want %q", text, want)
			}
			if len(began) > 0 {
				t.Error("the step was executed")
			}
			if _, err := f.PutPool(t.Context(), work.Pool{Name: "default"}, engine.AnyVersion); err != nil {
				t.Fatal(err)
			}
			f.final(id)
		})
	}
}
