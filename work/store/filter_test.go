package store_test

import (
	"fmt"
	"testing"

	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

func TestFilterMatch(t *testing.T) {
	t.Parallel()
	yes, no := true, false
	run := store.Summary{
		ID: workflow.MakeRunID(1_760_000_000_000, 1, 1), Tenant: "acme", Queue: "main", Workflow: "Build", Version: 2, Status: machine.Failed,
		Paused: true, Labels: map[string]string{"team": "Red", "empty": ""}, Created: 100, Failure: "exit.3", Idempotency: "key", Parent: 7,
	}
	for _, c := range []struct {
		filter store.Filter
		want   bool
	}{
		{store.Filter{}, true},
		{store.Filter{Tenants: []string{"other", "acme"}}, true},
		{store.Filter{Tenants: []string{"other"}}, false},
		{store.Filter{Tenants: []string{}}, false},
		{store.Filter{Queue: "main", Workflow: "Build", Version: 2}, true},
		{store.Filter{Queue: "other"}, false},
		{store.Filter{Workflow: "build"}, false},
		{store.Filter{Version: 1}, false},
		{store.Filter{Statuses: []machine.Status{machine.Queued, machine.Failed}}, true},
		{store.Filter{Statuses: []machine.Status{machine.Queued}}, false},
		{store.Filter{Paused: &yes}, true},
		{store.Filter{Paused: &no}, false},
		{store.Filter{Label: map[string]string{"team": "Red", "empty": ""}}, true},
		{store.Filter{Label: map[string]string{"team": "red"}}, false},
		{store.Filter{Label: map[string]string{"none": ""}}, false},
		{store.Filter{Parent: 7, Idempotency: "key"}, true},
		{store.Filter{Parent: 8}, false},
		{store.Filter{Idempotency: "other"}, false},
		{store.Filter{Failure: "exit.3"}, true},
		{store.Filter{Failure: "exit.*"}, true},
		{store.Filter{Failure: "*"}, true},
		{store.Filter{Failure: "exit"}, false},
		{store.Filter{CreatedFrom: 100, CreatedTo: 101}, true},
		{store.Filter{CreatedFrom: 101}, false},
		{store.Filter{CreatedTo: 100}, false},
		{store.Filter{Text: "UIL"}, true},
		{store.Filter{Text: "red"}, true},
		{store.Filter{Text: "team"}, false},
		{store.Filter{Text: "\u212Aey"}, false},
		{store.Filter{Text: workflow.MakeRunID(1_760_000_000_000, 1, 1).String()}, true},
		{store.Filter{Order: store.Finished}, true},
	} {
		if got := c.filter.Match(&run); got != c.want {
			t.Errorf("Match of %+v = %v, want %v", c.filter, got, c.want)
		}
	}
	run.Status, run.Failure = machine.Running, ""
	for _, f := range []store.Filter{{Order: store.Finished}, {Failure: "*"}} {
		if f.Match(&run) {
			t.Errorf("Match of %+v = true for a run that runs, want false", f)
		}
	}
}

func ExampleFilter() {
	f := store.Filter{Statuses: []machine.Status{machine.Failed}, Failure: "http.*", Label: map[string]string{"team": "red"}}
	run := store.Summary{Status: machine.Failed, Failure: "http.503", Labels: map[string]string{"team": "red"}}
	fmt.Println(f.Match(&run))
	// Output: true
}
