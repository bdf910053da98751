package queue_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/berth-project/berth/work/queue"
)

// served keeps how much each tenant was served per weight, and between which
// bounds the difference of each two was.
type served struct {
	names   []string
	weight  []float64
	maxCost []float64
	work    []float64
	lo, hi  [][]float64
}

func newServed(weights []float64) *served {
	s := &served{weight: weights, maxCost: make([]float64, len(weights)), work: make([]float64, len(weights))}
	for i := range weights {
		s.names = append(s.names, fmt.Sprint("t", i))
		s.lo, s.hi = append(s.lo, make([]float64, len(weights))), append(s.hi, make([]float64, len(weights)))
	}
	return s
}

func (s *served) add(i int, cost float64) {
	s.work[i] += cost / s.weight[i]
	s.maxCost[i] = max(s.maxCost[i], cost)
	for j := range s.work {
		d := s.work[i] - s.work[j]
		s.lo[i][j], s.hi[i][j] = min(s.lo[i][j], d), max(s.hi[i][j], d)
		s.lo[j][i], s.hi[j][i] = min(s.lo[j][i], -d), max(s.hi[j][i], -d)
	}
}

// check holds the bound of start-time fair queueing in every interval:
// |Wi/wi - Wj/wj| <= maxcost_i/wi + maxcost_j/wj.
func (s *served) check(t *testing.T) {
	t.Helper()
	for i := range s.work {
		for j := range i {
			bound := s.maxCost[i]/s.weight[i] + s.maxCost[j]/s.weight[j]
			if spread := s.hi[i][j] - s.lo[i][j]; spread > bound+1e-3 {
				t.Errorf("tenants %d and %d (weights %v, %v) came %v apart, want at most %v", i, j, s.weight[i], s.weight[j], spread, bound)
			}
		}
	}
}

// TestFairBound: 100,000 picks between tenants that could always run, beside
// others that come and go.
func TestFairBound(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(3, 3))
	sv := newServed([]float64{1, 2, 0.5, 7, 10, 1})
	s := queue.New()
	id, backlog := uint64(0), map[string]int{}
	add := func(tenant string, most float64) {
		id++
		s.Enqueue("q", queue.Item{ID: id, Tenant: tenant, Cost: 0.1 + rnd.Float64()*most, Enqueued: int64(id)})
		backlog[tenant]++
	}
	for i, name := range sv.names {
		if err := s.SetTenant(name, queue.Tenant{Weight: sv.weight[i]}); err != nil {
			t.Fatal(err)
		}
	}
	for n := range 100_000 {
		for i, name := range sv.names {
			for backlog[name] < 2 {
				add(name, float64(1+i*3))
			}
		}
		if rnd.IntN(3) == 0 {
			add(fmt.Sprint("guest", rnd.IntN(20)), 50)
		}
		it, ok := s.Pick("q", int64(n))
		if !ok {
			t.Fatal("nothing to pick")
		}
		backlog[it.Tenant]--
		var i int
		if _, err := fmt.Sscanf(it.Tenant, "t%d", &i); err == nil {
			sv.add(i, it.Cost)
		}
		s.Finished(it.ID, it.Cost)
	}
	sv.check(t)
}

// TestShares: each of 200 tenants of different weights gets its share within
// two in a hundred, though no run costs what was estimated.
func TestShares(t *testing.T) {
	t.Parallel()
	const tenants = 200
	rnd := rand.New(rand.NewPCG(4, 4))
	s := queue.New()
	work, total := map[string]float64{}, 0.0
	id := uint64(0)
	add := func(tenant string) {
		id++
		s.Enqueue("q", queue.Item{ID: id, Tenant: tenant, Cost: 1, Enqueued: int64(id)})
	}
	for i := range tenants {
		name := fmt.Sprint("t", i)
		total += float64(1 + i%4)
		if err := s.SetTenant(name, queue.Tenant{Weight: float64(1 + i%4)}); err != nil {
			t.Fatal(err)
		}
		add(name)
		add(name)
	}
	sum := 0.0
	for range 200_000 {
		it, _ := s.Pick("q", 0)
		actual := 0.5 + rnd.Float64() // not what was estimated
		work[it.Tenant] += actual
		sum += actual
		s.Finished(it.ID, actual)
		add(it.Tenant)
	}
	for i := range tenants {
		want := float64(1+i%4) / total
		if got := work[fmt.Sprint("t", i)] / sum; math.Abs(got-want)/want > 0.02 {
			t.Errorf("tenant %d of weight %d got %.5f of the work, want %.5f within 2 %%", i, 1+i%4, got, want)
		}
	}
}

// TestFloodLeavesTheOthersTheirShare: a tenant with 1000 runs before one with
// 10 of the same weight; the ten are among the first twenty.
func TestFloodLeavesTheOthersTheirShare(t *testing.T) {
	t.Parallel()
	for policy, want := range map[queue.Policy]int{queue.FIFO: 1010, queue.RoundRobin: 20, queue.Fair: 20, queue.Priority: 1010} {
		s := queue.New()
		if err := s.SetQueue(queue.Config{Name: "q", Policy: policy, Cap: 1}); err != nil {
			t.Fatal(err)
		}
		for id := range uint64(1010) {
			tenant := "flood"
			if id >= 1000 {
				tenant = "small"
			}
			s.Enqueue("q", queue.Item{ID: id + 1, Tenant: tenant, Enqueued: int64(id)})
		}
		last := 0
		for n := range 1010 {
			it, ok := s.Pick("q", 2000)
			if !ok {
				t.Fatalf("%s: pick %d found nothing", policy, n)
			}
			if it.Tenant == "small" {
				last = n + 1
			}
			s.Finished(it.ID, -1)
		}
		if last != want {
			t.Errorf("%s: the small tenant's last run was pick %d, want %d", policy, last, want)
		}
	}
}

// TestIdlingEarnsNothing: who comes late gets its share from then on, not
// what it did not ask for before.
func TestIdlingEarnsNothing(t *testing.T) {
	t.Parallel()
	s := queue.New()
	id := uint64(0)
	add := func(tenant string) {
		id++
		s.Enqueue("q", queue.Item{ID: id, Tenant: tenant, Enqueued: int64(id)})
	}
	pick := func() string {
		it, _ := s.Pick("q", 0)
		s.Finished(it.ID, -1)
		add(it.Tenant)
		return it.Tenant
	}
	add("early")
	add("early")
	for range 1000 {
		pick()
	}
	add("late")
	add("late")
	late := 0
	for range 100 {
		if pick() == "late" {
			late++
		}
	}
	if late != 50 {
		t.Errorf("the late tenant got %d of 100 picks, want 50", late)
	}
}

// TestMemory: with Config.Memory the same tenant gets what the other had
// above it, up to how much of that is remembered.
func TestMemory(t *testing.T) {
	t.Parallel()
	for memory, want := range map[float64]int{0: 1, 0.5: 51, 1: 101} {
		s := queue.New()
		if err := s.SetQueue(queue.Config{Name: "q", Memory: memory}); err != nil {
			t.Fatal(err)
		}
		id := uint64(0)
		add := func(tenant string) {
			id++
			s.Enqueue("q", queue.Item{ID: id, Tenant: tenant, Enqueued: int64(id)})
		}
		pick := func() string {
			it, _ := s.Pick("q", 1000)
			add(it.Tenant)
			s.Finished(it.ID, -1)
			return it.Tenant
		}
		add("early")
		for range 100 {
			pick()
		}
		for range 200 {
			add("late")
		}
		run := 0
		for pick() == "late" {
			run++
		}
		if run != want && run != want-1 {
			t.Errorf("memory %v: the late tenant got %d picks in a row, want about %d", memory, run, want)
		}
	}
}

// TestMemoryFades: what was used ten half-lives ago counts no more.
func TestMemoryFades(t *testing.T) {
	t.Parallel()
	s := queue.New()
	if err := s.SetQueue(queue.Config{Name: "q", Memory: 1}); err != nil {
		t.Fatal(err)
	}
	id := uint64(0)
	add := func(tenant string) {
		id++
		s.Enqueue("q", queue.Item{ID: id, Tenant: tenant, Enqueued: int64(id)})
	}
	pick := func(now int64) string {
		it, _ := s.Pick("q", now)
		add(it.Tenant)
		s.Finished(it.ID, -1)
		return it.Tenant
	}
	add("early")
	for range 1000 {
		pick(1000)
	}
	now := 1000 + 10*queue.DefaultHalfLife.Milliseconds()
	pick(now)
	for range 20 {
		add("late")
	}
	run := 0
	for pick(now) == "late" {
		run++
	}
	if run > 3 { // a thousandth of a thousand is left, and the last pick
		t.Errorf("the late tenant got %d picks in a row, want at most 3", run)
	}
}

// TestRoundRobinTurns are the cases of Comcast's POP: its pending list is the
// tenants that had no turn in this round.
func TestRoundRobinTurns(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		served string // tenants that had their turn in this round, in order
		ready  []string
		ask    int
		want   string
	}{
		{"one tenant", "", []string{"a1"}, 1, "a1"},
		{"less than a round", "", []string{"a1", "b1", "c1"}, 2, "a1 b1"},
		{"round ends, next begins", "AB", []string{"a1", "a2", "c1"}, 2, "c1 a1"},
		{"more than a round", "", []string{"a1", "a2", "a3", "b1"}, 4, "a1 b1 a2 a3"},
		{"who was absent keeps its turn", "B", []string{"b1", "c1", "a1"}, 3, "a1 c1 b1"},
		{"nothing", "", nil, 3, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := queue.New()
			if err := s.SetQueue(queue.Config{Name: "q", Policy: queue.RoundRobin}); err != nil {
				t.Fatal(err)
			}
			s.Enqueue("q", queue.Item{ID: 1, Tenant: "Z"}) // keeps the queue from idling
			names := map[uint64]string{}
			id := uint64(1)
			add := func(name string) {
				id++
				names[id] = name
				s.Enqueue("q", queue.Item{ID: id, Tenant: string(name[0] &^ 0x20), Enqueued: int64(id)})
			}
			for _, tenant := range tc.served {
				add(string(tenant))
			}
			for range tc.served {
				s.Pick("q", 0)
			}
			for _, name := range tc.ready {
				add(name)
			}
			s.Remove(1)
			got := ""
			for range tc.ask {
				if it, ok := s.Pick("q", 0); ok {
					got += " " + names[it.ID]
				}
			}
			if got != "" {
				got = got[1:]
			}
			if got != tc.want {
				t.Errorf("picked %q, want %q", got, tc.want)
			}
		})
	}
}

// TestIdleQueueEndsDebts: when all has run, a tenant whose last run cost more
// than estimated begins anew as everybody does.
func TestIdleQueueEndsDebts(t *testing.T) {
	t.Parallel()
	s := queue.New()
	s.Enqueue("q", queue.Item{ID: 1, Tenant: "a"})
	s.Pick("q", 0)
	s.Finished(1, 100)
	got := ""
	for id := uint64(10); id < 14; id++ {
		s.Enqueue("q", queue.Item{ID: id, Tenant: []string{"a", "b"}[id%2], Enqueued: int64(id)})
	}
	for range 4 {
		it, _ := s.Pick("q", 100)
		got += it.Tenant
	}
	if got != "abab" {
		t.Errorf("picked %s, want abab", got)
	}
}

// TestWeightChangesWhatWaits: the tags of what comes after count what waits
// at the new weight.
func TestWeightChangesWhatWaits(t *testing.T) {
	t.Parallel()
	s := queue.New()
	var tag float64
	for id := range uint64(11) {
		tag = s.Enqueue("q", queue.Item{ID: id + 1, Tenant: "a", Enqueued: int64(id)})
	}
	if tag != 11 {
		t.Fatalf("Enqueue behind ten runs = tag %v, want 11", tag)
	}
	if err := s.SetTenant("a", queue.Tenant{Weight: 4}); err != nil {
		t.Fatal(err)
	}
	if got, want := s.Enqueue("q", queue.Item{ID: 20, Tenant: "a", Enqueued: 20}), 1+11.0/4; got != want {
		t.Errorf("Enqueue behind eleven runs at weight 4 = tag %v, want %v", got, want)
	}
}
