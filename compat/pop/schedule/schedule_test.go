package schedule_test

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/berth-project/berth/compat/pop/schedule"
)

func TestAcceptance1RoundRobinCases(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../testdata/derived-cases.json")
	if err != nil {
		t.Fatal(err)
	}
	var derived struct {
		RoundRobin struct {
			Cases []struct {
				Customers, Pending, Scheduled, PendingAfter []string
				Ready                                       map[string][]string
				Ask                                         int
			}
		} `json:"round_robin_cases"`
	}
	if err := json.Unmarshal(text, &derived); err != nil {
		t.Fatal(err)
	}
	if len(derived.RoundRobin.Cases) != 5 {
		t.Fatalf("read %d cases, want 5", len(derived.RoundRobin.Cases))
	}
	for i, c := range derived.RoundRobin.Cases {
		picked, pending := schedule.RoundRobin(schedule.Waiting{Customers: c.Customers, Pending: c.Pending, Ready: c.Ready}, c.Ask)
		if d := cmp.Diff(c.Scheduled, picked, cmpopts.EquateEmpty()); d != "" {
			t.Errorf("case %d picked (-want +got):\n%s", i, d)
		}
		if d := cmp.Diff(c.PendingAfter, pending, cmpopts.EquateEmpty()); d != "" {
			t.Errorf("case %d pending (-want +got):\n%s", i, d)
		}
	}
}

// A tenant that floods an insight must not delay the other: of two with 1000 and
// 10 agendas the small one is done within the first 20 picks.
func TestRoundRobinServesASmallCustomerBesideAFlood(t *testing.T) {
	t.Parallel()
	ready := map[string][]string{}
	for i := range 1000 {
		ready["flood"] = append(ready["flood"], fmt.Sprintf("f%d", i))
	}
	for i := range 10 {
		ready["small"] = append(ready["small"], fmt.Sprintf("s%d", i))
	}
	var order, pending []string
	for range 20 {
		w := schedule.Waiting{Customers: []string{"flood", "small"}, Pending: pending, Ready: ready}
		var picked []string
		picked, pending = schedule.RoundRobin(w, 1)
		order = append(order, picked...)
		for customer := range ready {
			ready[customer] = slices.DeleteFunc(ready[customer], func(a string) bool { return slices.Contains(picked, a) })
		}
	}
	if len(ready["small"]) != 0 {
		t.Errorf("after 20 picks %d of the small customer's 10 agendas wait: %v", len(ready["small"]), order)
	}
}

func TestFIFO(t *testing.T) {
	t.Parallel()
	many := make([]string, schedule.Backlog+1)
	for _, c := range []struct {
		ready []string
		n     int
		want  int
	}{{[]string{"a", "b"}, 1, 1}, {[]string{"a"}, 5, 1}, {nil, 3, 0}, {many, len(many), schedule.Backlog}, {[]string{"a"}, -1, 0}} {
		got := schedule.FIFO(c.ready, c.n)
		if len(got) != c.want || !slices.Equal(got, c.ready[:c.want]) {
			t.Errorf("FIFO(%d waiting, %d) = %q, want the first %d", len(c.ready), c.n, got, c.want)
		}
	}
}

func ExampleRoundRobin() {
	picked, pending := schedule.RoundRobin(schedule.Waiting{
		Customers: []string{"A", "B", "C"},
		Ready:     map[string][]string{"A": {"a1", "a2"}, "B": {"b1"}},
	}, 2)
	fmt.Println(picked, pending)
	// Output: [a1 b1] [C]
}
