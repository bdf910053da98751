package machine_test

import (
	"fmt"
	"testing"

	"github.com/berth-project/berth/workflow/machine"
)

// A run with more steps than a word has bits, and more than it began with.
func TestALargeRun(t *testing.T) {
	t.Parallel()
	list := []string{`{"name": "g", "run": "x", "generate": {"steps": ""}}`}
	for i := range 150 {
		list = append(list, fmt.Sprintf(`{"name": "s%d", "run": "x"}`, i))
	}
	for _, n := range []int{40, 150} {
		e := begun(t, steps(list[:n]...), &machine.Limits{Parallel: 10})
		made := "g=["
		for i := range 80 {
			made += fmt.Sprintf(`{"name": "g%d", "run": "x", "needs": ["s%d"]},`, i, i%(n-1))
		}
		e.do(made[:len(made)-1] + "]")
		for rounds := 0; !e.run.Final(); rounds++ {
			if len(e.ready) != 10 && n+80-1-rounds > 10 {
				t.Fatalf("%d steps are ready after %d, want 10", len(e.ready), rounds)
			}
			for ref := range e.ready {
				e.do(e.name(ref))
				break
			}
		}
		if got := e.run.State.Status; got != machine.Succeeded || len(e.run.State.Steps) != n+80 {
			t.Errorf("Status = %v with %d steps, want succeeded with %d", got, len(e.run.State.Steps), n+80)
		}
	}
}
