package queue_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/berth-project/berth/work/queue"
)

// TestFloor: while class 0 floods a queue of one slot, every class gets what
// it is promised, and class 0 the rest.
func TestFloor(t *testing.T) {
	t.Parallel()
	for _, p := range []queue.Policy{queue.Fair, queue.Priority} {
		for _, floor := range []float64{0.02, 0.1} {
			s := queue.New()
			if err := s.SetQueue(queue.Config{Name: "q", Policy: p, Floor: floor, Ageing: -1}); err != nil {
				t.Fatal(err)
			}
			id := uint64(0)
			add := func(class uint8) {
				id++
				s.Enqueue("q", queue.Item{ID: id, Tenant: "t", Priority: class, Enqueued: int64(id)})
			}
			var picked [queue.Classes]int
			for class := range uint8(queue.Classes) {
				add(class)
			}
			const picks = 10_000
			for range picks {
				it, _ := s.Pick("q", 0)
				picked[it.Priority]++
				s.Finished(it.ID, -1)
				add(it.Priority)
			}
			for class, n := range picked {
				if want := int(floor * picks); n < want-1 || class > 0 && n > want+1 {
					t.Errorf("%s: class %d got %d of %d picks, want %d", p, class, n, picks, want)
				}
			}
		}
	}
}

// TestNoFloor: without it better classes go strictly first.
func TestNoFloor(t *testing.T) {
	t.Parallel()
	s := queue.New()
	if err := s.SetQueue(queue.Config{Name: "q", Policy: queue.Priority, Floor: -1, Ageing: -1}); err != nil {
		t.Fatal(err)
	}
	for id := range uint64(1000) {
		s.Enqueue("q", queue.Item{ID: id + 1, Tenant: "t", Priority: uint8(id % 12), Enqueued: int64(id)})
	}
	last := uint8(0)
	for range 1000 {
		it, _ := s.Pick("q", 5000)
		if it.Priority < last {
			t.Fatalf("class %d was picked after class %d", it.Priority, last)
		}
		last = it.Priority
	}
	if last != queue.Classes-1 {
		t.Errorf("the last class was %d, want priorities above it to count as %d", last, queue.Classes-1)
	}
}

// TestAgeing: a run of class 3 goes before fresh ones of class 0 once it has
// waited three times the ageing, and not before.
func TestAgeing(t *testing.T) {
	t.Parallel()
	for _, p := range []queue.Policy{queue.Fair, queue.Priority} {
		s := queue.New()
		if err := s.SetQueue(queue.Config{Name: "q", Policy: p, Floor: -1, Ageing: time.Second}); err != nil {
			t.Fatal(err)
		}
		s.Enqueue("q", queue.Item{ID: 1, Tenant: "patient", Priority: 3})
		var got int64
		for now := int64(0); now < 10_000; now += 100 {
			s.Enqueue("q", queue.Item{ID: uint64(now + 2), Tenant: "flood", Enqueued: now})
			it, _ := s.Pick("q", now)
			s.Finished(it.ID, -1)
			if it.ID == 1 {
				got = now
				break
			}
		}
		if got != 3000 {
			t.Errorf("%s: the run of class 3 was picked at %d ms, want 3000", p, got)
		}
	}
}

// TestAgedFloodGetsOneRun: under fair what has aged to class 0 gets a run
// there, and then begins anew.
func TestAgedFloodGetsOneRun(t *testing.T) {
	t.Parallel()
	s := queue.New()
	if err := s.SetQueue(queue.Config{Name: "q", Policy: queue.Fair, Floor: -1, Ageing: time.Second}); err != nil {
		t.Fatal(err)
	}
	id := uint64(0)
	add := func(tenant string, class uint8, at int64) {
		id++
		s.Enqueue("q", queue.Item{ID: id, Tenant: tenant, Priority: class, Enqueued: at})
	}
	for range 1000 {
		add("flood", 9, 0)
	}
	s.Pick("q", 0)
	urgent := 0
	for now := int64(20_000); now < 20_100; now++ {
		add("urgent", 0, now)
		it, _ := s.Pick("q", now)
		s.Finished(it.ID, -1)
		if it.Tenant == "urgent" {
			urgent++
		}
	}
	if urgent != 99 {
		t.Errorf("the urgent tenant got %d of 100 picks, want 99", urgent)
	}
	st, _ := s.Stats("q", 20_100, 0)
	if st.Aged != 1 {
		t.Errorf("Stats.Aged = %d, want 1", st.Aged)
	}
}

// TestFloodDoesNotAgePastItsPeers: a backlog that is older than the ageing
// takes nothing from a tenant of its class that comes later.
func TestFloodDoesNotAgePastItsPeers(t *testing.T) {
	t.Parallel()
	s := queue.New()
	if err := s.SetQueue(queue.Config{Name: "q", Cap: 1}); err != nil {
		t.Fatal(err)
	}
	id := uint64(0)
	add := func(n int, tenant string, at int64) {
		for range n {
			id++
			s.Enqueue("q", queue.Item{ID: id, Tenant: tenant, Priority: 5, Enqueued: at})
		}
	}
	add(1000, "flood", 0)
	small := 0
	for now := int64(0); now < 540_000; now += 1000 {
		if now == 500_000 {
			add(100, "small", now)
		}
		it, _ := s.Pick("q", now)
		if it.Tenant == "small" {
			small++
		}
		s.Finished(it.ID, 1)
	}
	if small != 20 {
		t.Errorf("the small tenant got %d of the 40 picks since it came, want 20", small)
	}
}

// TestSettingsChangeNobodysTurn: nor how long anybody has aged.
func TestSettingsChangeNobodysTurn(t *testing.T) {
	t.Parallel()
	drain := func(change func(c queue.Config, n int) queue.Config) (order string, low int64) {
		s, rnd, id := queue.New(), rand.New(rand.NewPCG(7, 7)), uint64(0)
		c := queue.Config{Name: "q", Floor: -1, Ageing: time.Minute}
		if err := s.SetQueue(c); err != nil {
			t.Fatal(err)
		}
		add := func(tenant string, class uint8, cost float64) {
			id++
			s.Enqueue("q", queue.Item{ID: id, Tenant: tenant, Priority: class, Cost: cost, Enqueued: int64(id)})
		}
		for i := range 400 {
			add(fmt.Sprint(i%4), 0, 1+rnd.Float64()*float64(i%4)*20)
		}
		add("low", 9, 1)
		var flight []queue.Item
		for n := range 350 {
			if err := s.SetQueue(change(c, n)); err != nil {
				t.Fatal(err)
			}
			now := 1000 + int64(n)*3000
			it, _ := s.Pick("q", now)
			order += it.Tenant + " "
			if it.Tenant == "low" {
				low = now
			}
			if flight = append(flight, it); len(flight) == 5 { // the first ends, at another cost
				s.Finished(flight[0].ID, flight[0].Cost*rnd.Float64()*2)
				flight = flight[1:]
			}
		}
		return order, low
	}
	want, aged := drain(func(c queue.Config, _ int) queue.Config { return c })
	if aged < 9*time.Minute.Milliseconds() || aged > 10*time.Minute.Milliseconds() {
		t.Fatalf("the run of class 9 was picked at %d ms, want after nine minutes", aged)
	}
	for name, change := range map[string]func(c queue.Config, n int) queue.Config{
		"ageing": func(c queue.Config, n int) queue.Config {
			c.Ageing += time.Duration(n%2) * time.Millisecond
			return c
		},
		"cap of keys": func(c queue.Config, n int) queue.Config {
			c.KeyCap = n % 2
			return c
		},
		"caps": func(c queue.Config, n int) queue.Config {
			c.Cap, c.TenantCap = 100+n, 100-n/10
			return c
		},
	} {
		if got, _ := drain(change); got != want {
			t.Errorf("with another %s the order is\n%s, want\n%s", name, got, want)
		}
	}
}
