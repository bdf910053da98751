package schedule_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/compat/pop/schedule"
	"github.com/berth-project/berth/work/queue"
)

// backlog is what waits: agendas in the order in which they came.
type backlog struct {
	customers []string // by name: who of two is first in a round is POP's storage's to say
	owner     map[string]string
	order     []string
}

func randomBacklog(rnd *rand.Rand) backlog {
	b := backlog{owner: map[string]string{}}
	for n := range 1 + rnd.IntN(30) {
		customer := fmt.Sprintf("c%d", rnd.IntN(1+rnd.IntN(6)))
		if !slices.Contains(b.customers, customer) {
			b.customers = append(b.customers, customer)
		}
		agenda := fmt.Sprintf("%s-%d", customer, n)
		b.owner[agenda] = customer
		b.order = append(b.order, agenda)
	}
	slices.Sort(b.customers)
	return b
}

// passes runs POP's scheduler until nothing waits; ask says how many are wanted
// each time.
func (b backlog) passes(ask func() int) []string {
	ready := map[string][]string{}
	for _, agenda := range b.order {
		ready[b.owner[agenda]] = append(ready[b.owner[agenda]], agenda)
	}
	var all, pending []string
	for len(all) < len(b.order) {
		var picked []string
		picked, pending = schedule.RoundRobin(schedule.Waiting{Customers: b.customers, Pending: pending, Ready: ready}, ask())
		for _, agenda := range picked {
			ready[b.owner[agenda]] = ready[b.owner[agenda]][1:]
		}
		all = append(all, picked...)
	}
	return all
}

// picks runs Berth's scheduler until nothing waits.
func (b backlog) picks(t *testing.T, p queue.Policy) []string {
	t.Helper()
	s := queue.New()
	if err := s.SetQueue(queue.Config{Name: "q", Policy: p}); err != nil {
		t.Fatal(err)
	}
	for i, agenda := range b.order {
		s.Enqueue("q", queue.Item{ID: uint64(i + 1), Tenant: b.owner[agenda], Enqueued: int64(i)})
	}
	var all []string
	for {
		it, ok := s.Pick("q", int64(len(b.order)))
		if !ok {
			return all
		}
		all = append(all, b.order[it.ID-1])
	}
}

// Berth's policies must start agendas in the order in which POP does, where POP
// looks for one at a time or for all of them. Where it looks for some, customers
// get a second turn in a row at the seam of two passes, which is left to POP.
func TestPoliciesAreThoseOfPOP(t *testing.T) {
	t.Parallel()
	for seed := range uint64(500) {
		b := randomBacklog(rand.New(rand.NewPCG(seed, 1)))
		got := b.picks(t, queue.RoundRobin)
		for name, n := range map[string]int{"one": 1, "all": len(b.order)} {
			if d := cmp.Diff(b.passes(func() int { return n }), got); d != "" {
				t.Fatalf("seed %d: round robin of %v, %s at a time (-POP +Berth):\n%s", seed, b.order, name, d)
			}
		}
		if d := cmp.Diff(schedule.FIFO(b.order, len(b.order)), b.picks(t, queue.FIFO)); d != "" {
			t.Fatalf("seed %d: first in, first out of %v (-POP +Berth):\n%s", seed, b.order, d)
		}
	}
}

// The cases of round robin that begin with everybody's turn, asked of Berth.
func TestAcceptance1RoundRobinCasesOnBerthsQueue(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		before, order, want []string
	}{
		{nil, []string{"a1"}, []string{"a1"}},
		{nil, []string{"a1", "b1", "c1"}, []string{"a1", "b1"}},
		{[]string{"a0", "b0"}, []string{"a1", "a2", "c1"}, []string{"c1", "a1"}},
		{nil, []string{"a1", "a2", "a3", "b1"}, []string{"a1", "b1", "a2", "a3"}},
		{nil, nil, nil},
	} {
		s := queue.New()
		if err := s.SetQueue(queue.Config{Name: "q", Policy: queue.RoundRobin}); err != nil {
			t.Fatal(err)
		}
		all := slices.Concat(c.before, c.order)
		for i, agenda := range all {
			s.Enqueue("q", queue.Item{ID: uint64(i + 1), Tenant: agenda[:1], Enqueued: int64(i)})
		}
		var got []string
		for range len(c.before) + len(c.want) {
			it, _ := s.Pick("q", 100)
			got = append(got, all[it.ID-1])
		}
		if got = got[len(c.before):]; !slices.Equal(got, c.want) {
			t.Errorf("picks of %v after %v = %v, want %v", c.order, c.before, got, c.want)
		}
	}
}
