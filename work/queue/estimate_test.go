package queue_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/berth-project/berth/work/queue"
)

// TestWrongEstimateStarvesNobodyElse: tenant a's first run says it costs
// 100,000 and takes 1. Whenever c comes, it has its turn after the others had
// theirs once or twice.
func TestWrongEstimateStarvesNobodyElse(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		others []string
		before int // picks while the run is in flight, and before c comes
		after  int // picks while it is in flight, and after c came
		late   int // picks after it ended, and before c comes
	}{
		{"after it ended", []string{"a", "b"}, 0, 0, 20},
		{"at once", []string{"a", "b"}, 0, 0, 0},
		{"while it runs", []string{"a", "b"}, 500, 100, 0},
		{"while it runs, and it goes on", []string{"a", "b"}, 500, 1000, 0},
		{"while only its tenant is there", []string{"a"}, 500, 0, 0},
		{"while only its tenant is there, and it goes on", []string{"a"}, 500, 100, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := queue.New()
			if err := s.SetQueue(queue.Config{Name: "q", Ageing: -1}); err != nil {
				t.Fatal(err)
			}
			id := uint64(0)
			add := func(tenant string, cost float64) {
				id++
				s.Enqueue("q", queue.Item{ID: id, Tenant: tenant, Cost: cost, Enqueued: int64(id)})
			}
			add("a", 100_000)
			wrong, _ := s.Pick("q", 0)
			for _, tenant := range tc.others {
				for range 2000 {
					add(tenant, 1)
				}
			}
			waited, worst := 0, 0
			pick := func() {
				it, ok := s.Pick("q", 1)
				if !ok {
					t.Fatal("nothing to pick")
				}
				s.Finished(it.ID, 1)
				waited++
				if it.Tenant == "c" {
					worst, waited = max(worst, waited), 0
				}
			}
			come := func() {
				waited = 0
				for range 2000 {
					add("c", 1)
				}
			}
			for range tc.before {
				pick()
			}
			if tc.late == 0 {
				come()
			}
			for range tc.after {
				pick()
			}
			s.Finished(wrong.ID, 1)
			for range tc.late {
				pick()
			}
			if tc.late > 0 {
				come()
			}
			for range 1000 {
				pick()
			}
			if worst = max(worst, waited); worst > 6 {
				t.Errorf("c was served as number %d, of three tenants of equal weight", worst)
			}
		})
	}
}

// TestWrongMeanStarvesNobodyElse: the same in a pool, where the estimate is
// the mean of the type, and two steps hung for ten hours.
func TestWrongMeanStarvesNobodyElse(t *testing.T) {
	t.Parallel()
	s := queue.NewSlots()
	id := uint64(0)
	add := func(tenant string) {
		id++
		s.Add(queue.Ready{ID: id, Item: -1, Tenant: tenant, Pool: "p", Type: "x", At: int64(id)})
	}
	for range 5000 {
		add("a")
		add("b")
	}
	take := func(seconds float64) string {
		got := s.Take(nil, "p", nil, 1, 1)
		if len(got) == 0 {
			t.Fatal("nothing to take")
		}
		s.Done(got[0].ID, got[0].Node, got[0].Item, seconds)
		return got[0].Tenant
	}
	take(36_000)
	take(36_000)
	for range 60 {
		take(1)
	}
	for range 100 {
		add("c")
	}
	waited := 0
	for range 200 {
		waited++
		if take(1) == "c" {
			waited = 0
		}
		if waited > 10 {
			t.Fatal("c waits for more than ten steps, of three tenants of equal weight")
		}
	}
}

// TestStuckTypeGivesNewcomersNothing: a tenant whose steps no worker can do
// stands far behind the others, and one that comes starts where those are.
func TestStuckTypeGivesNewcomersNothing(t *testing.T) {
	t.Parallel()
	s := queue.NewSlots()
	id := uint64(0)
	add := func(tenant, typ string) {
		id++
		s.Add(queue.Ready{ID: id, Item: -1, Tenant: tenant, Pool: "p", Type: typ, At: int64(id)})
	}
	take := func() string {
		got := s.Take(nil, "p", []string{"x"}, 1, int64(1000+id))
		s.Done(got[0].ID, got[0].Node, got[0].Item, 1)
		add(got[0].Tenant, "x")
		return got[0].Tenant
	}
	add("stuck", "gpu")
	add("a", "x")
	for range 1000 {
		take()
	}
	add("new", "x")
	n := 0
	for range 20 {
		if take() == "new" {
			n++
		}
	}
	if n > 11 {
		t.Errorf("the new tenant got %d of 20 steps, want its half", n)
	}
}

// guess is how a tenant says what its runs cost.
type guess struct {
	name string
	of   func(rnd *rand.Rand, actual float64) float64
}

func guesses() []guess {
	return []guess{
		{"true", func(_ *rand.Rand, c float64) float64 { return c }},
		{"high", func(_ *rand.Rand, c float64) float64 { return 10 * c }},
		{"low", func(_ *rand.Rand, c float64) float64 { return c / 10 }},
		{"same", func(*rand.Rand, float64) float64 { return 1 }},
		{"wild", func(rnd *rand.Rand, c float64) float64 { return c * math.Exp(6*(rnd.Float64()-0.5)) }},
		{"huge", func(rnd *rand.Rand, c float64) float64 {
			if rnd.IntN(50) == 0 {
				return 1e6
			}
			return c
		}},
	}
}

// floor is a queue on a number of slots, in which runs take the time they
// really cost.
type floor struct {
	t      *testing.T
	s      *queue.Scheduler
	rnd    *rand.Rand
	now    float64
	slots  int
	nextID uint64
	actual map[uint64]float64
	flight []landing
	used   map[string]float64
}

type landing struct {
	at float64
	queue.Item
}

func (f *floor) add(tenant string, g guess) {
	f.nextID++
	cost := 0.2 + 1.6*f.rnd.Float64()
	f.actual[f.nextID] = cost
	f.s.Enqueue("q", queue.Item{ID: f.nextID, Tenant: tenant, Cost: g.of(f.rnd, cost), Enqueued: int64(f.now * 1000)})
}

// step starts a run or, when there is no slot, ends one; it tells which run
// started.
func (f *floor) step() (queue.Item, bool) {
	f.t.Helper()
	if len(f.flight) < f.slots {
		it, ok := f.s.Pick("q", int64(f.now*1000))
		if !ok {
			f.t.Fatal("nothing to pick")
		}
		at := f.now + f.actual[it.ID]
		i, _ := slices.BinarySearchFunc(f.flight, at, func(l landing, at float64) int {
			if l.at < at {
				return -1
			}
			return 1
		})
		f.flight = slices.Insert(f.flight, i, landing{at, it})
		return it, true
	}
	l := f.flight[0]
	f.flight = f.flight[1:]
	f.now = l.at
	f.used[l.Tenant] += f.actual[l.ID]
	f.s.Finished(l.ID, f.actual[l.ID])
	delete(f.actual, l.ID)
	return queue.Item{}, false
}

// TestSharesDoNotDependOnEstimates: tenants that always have runs waiting, and
// are wrong about them in every way, each get their weight's share of what is
// really used. Those who come late wait no longer than where all are right.
func TestSharesDoNotDependOnEstimates(t *testing.T) {
	t.Parallel()
	for _, slots := range []int{1, 4, 40} {
		t.Run(fmt.Sprint(slots), func(t *testing.T) {
			t.Parallel()
			f := &floor{
				t: t, s: queue.New(), rnd: rand.New(rand.NewPCG(uint64(slots), 9)), slots: slots,
				actual: map[uint64]float64{}, used: map[string]float64{},
			}
			if err := f.s.SetQueue(queue.Config{Name: "q", Ageing: -1}); err != nil {
				t.Fatal(err)
			}
			guess, weight, total := map[string]guess{}, map[string]float64{}, 0.0
			for i, g := range guesses() {
				for _, w := range []float64{1, 3} {
					name := fmt.Sprint(g.name, w)
					guess[name], weight[name] = g, w
					total += w
					if err := f.s.SetTenant(name, queue.Tenant{Weight: w}); err != nil {
						t.Fatal(err)
					}
					for range 5 * (i + 1) { // some come with more
						f.add(name, g)
					}
				}
			}
			waiting, waited, worst := "", 0, 0
			for n := range 60_000 {
				it, started := f.step()
				if !started {
					continue
				}
				waited++
				if it.Tenant == waiting {
					worst, waiting = max(worst, waited), ""
				} else if g, ok := guess[it.Tenant]; ok {
					f.add(it.Tenant, g)
				}
				if waiting == "" && n > 1000 && f.rnd.IntN(20) == 0 {
					waiting, waited = fmt.Sprint("new", n), 0
					f.add(waiting, guesses()[0])
				}
			}
			sum := 0.0
			for name := range weight {
				sum += f.used[name]
			}
			for name, w := range weight {
				t.Logf("%-8s %.4f", name, f.used[name]/sum/(w/total))
				if got := f.used[name] / sum / (w / total); math.Abs(got-1) > 0.05 {
					t.Errorf("%s got %.3f of its share, want 1 within 5 %%", name, got)
				}
			}
			t.Log("worst wait of a newcomer:", worst)
			if most := 3*int(total) + 2*slots; worst > most {
				t.Errorf("one that came late was served as number %d, want at most %d", worst, most)
			}
		})
	}
}

// Of two tenants whose runs are all estimated alike, that of the short ones
// must not pay for what the others' cost.
func TestShortRunsGetTheirShareThoughTheirEstimatesAreTooHigh(t *testing.T) {
	t.Parallel()
	s := queue.New()
	if err := s.SetQueue(queue.Config{Name: "q", Cap: 1}); err != nil {
		t.Fatal(err)
	}
	weights, actual := map[string]float64{"a": 1, "b": 3}, map[string]float64{"a": 0.25, "b": 4}
	for tenant, w := range weights {
		if err := s.SetTenant(tenant, queue.Tenant{Weight: w}); err != nil {
			t.Fatal(err)
		}
	}
	for id := range uint64(1000) {
		s.Enqueue("q", queue.Item{ID: id + 1, Tenant: []string{"a", "b"}[id%2], Cost: 1})
	}
	got := map[string]float64{}
	for range 500 {
		it, ok := s.Pick("q", 0)
		if !ok {
			t.Fatal("nothing was picked")
		}
		got[it.Tenant] += actual[it.Tenant] / weights[it.Tenant]
		if apart := math.Abs(got["a"] - got["b"]); apart > 2*(actual["a"]+actual["b"]/3) {
			t.Fatalf("by weight, the tenants are %.1f apart: %v", apart, got)
		}
		s.Finished(it.ID, actual[it.Tenant])
	}
}
