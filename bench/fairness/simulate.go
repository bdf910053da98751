package main

import (
	"fmt"
	"slices"

	"github.com/berth-project/berth/work/queue"
)

// scenario is a queue of one slot and the tenants that use it.
type scenario struct {
	config  queue.Config
	tenants []tenant
	seconds int64 // how long to look; 0 until all has run
}

// tenant submits its runs at once.
type tenant struct {
	name     string
	weight   float64
	runs     int
	arrives  int64 // second
	every    int64 // seconds between runs; 0 submits all at once
	class    uint8
	takes    int64 // seconds
	deadline int64 // seconds after it arrives, 0 for none
}

// start is one pick of a simulation.
type start struct {
	tenant int
	slot   int   // the how manieth pick it was, from 1
	at     int64 // second
	waited int64 // seconds
	takes  int64
}

// simulate says which run had the slot when.
func simulate(sc scenario) ([]start, error) {
	s := queue.New()
	sc.config.Name, sc.config.Cap = "q", 1
	if err := s.SetQueue(sc.config); err != nil {
		return nil, err
	}
	for _, t := range sc.tenants {
		if err := s.SetTenant(t.name, queue.Tenant{Weight: t.weight}); err != nil {
			return nil, err
		}
	}
	var starts []start
	now, arrived := int64(0), make([]int, len(sc.tenants))
	for {
		left := sc.arrive(s, arrived, now)
		it, ok := s.Pick("q", now*1000)
		switch {
		case ok:
			i := slices.IndexFunc(sc.tenants, func(t tenant) bool { return t.name == it.Tenant })
			takes := sc.tenants[i].takes
			starts = append(starts, start{i, len(starts) + 1, now, now - it.Enqueued/1000, takes})
			now += takes
			s.Finished(it.ID, float64(takes))
		case left:
			now++
		default:
			return starts, nil
		}
		if sc.seconds > 0 && now >= sc.seconds {
			return starts, nil
		}
	}
}

// arrive enqueues what has arrived by now, in the order it did, and reports
// whether more will.
func (sc scenario) arrive(s *queue.Scheduler, arrived []int, now int64) (more bool) {
	for {
		next, at := -1, int64(0)
		for i, t := range sc.tenants {
			if arrived[i] == t.runs {
				continue
			}
			if when := t.arrives + int64(arrived[i])*t.every; next < 0 || when < at {
				next, at = i, when
			}
		}
		if next < 0 {
			return false
		}
		if at > now {
			return true
		}
		t := sc.tenants[next]
		it := queue.Item{
			ID: uint64(next+1)<<32 + uint64(arrived[next]), Tenant: t.name, Priority: t.class,
			Cost: float64(t.takes), Enqueued: at * 1000,
		}
		if t.deadline > 0 {
			it.Deadline = (at + t.deadline) * 1000
		}
		s.Enqueue("q", it)
		arrived[next]++
	}
}

// of are the starts of one tenant.
func of(starts []start, tenant int) []start {
	return slices.DeleteFunc(slices.Clone(starts), func(s start) bool { return s.tenant != tenant })
}

// scale is what a million runs of ten thousand tenants get.
type scale struct {
	runs, tenants, picks int
	busy                 int     // tenants that had runs all the time
	worst                float64 // the largest error of a busy tenant's share
	bound                float64 // the largest difference of work per weight between two of them
}

// simulateScale fills a queue with a million runs, nine in ten of which
// belong to a tenth of the tenants, and picks half of them.
func simulateScale() (scale, error) {
	sc := scale{runs: 1_000_000, tenants: 10_000, picks: 500_000}
	s := queue.New()
	names := make([]string, sc.tenants)
	weight := func(i int) float64 { return float64(1 + i%4) }
	for i := range names {
		names[i] = fmt.Sprintf("t%04d", i)
		if err := s.SetTenant(names[i], queue.Tenant{Weight: weight(i)}); err != nil {
			return sc, err
		}
	}
	waiting, served := make([]int, sc.tenants), make([]float64, sc.tenants)
	random := uint32(1)
	for id := range sc.runs {
		random = random*1664525 + 1013904223
		at := int(random>>8) % sc.tenants
		if id%10 != 0 {
			at %= sc.tenants / 10
		}
		waiting[at]++
		s.Enqueue("q", queue.Item{ID: uint64(id + 1), Tenant: names[at], Cost: 1, Enqueued: int64(id)})
	}
	number := map[string]int{}
	for i, name := range names {
		number[name] = i
	}
	for range sc.picks {
		it, ok := s.Pick("q", int64(sc.runs))
		if !ok {
			return sc, fmt.Errorf("nothing to pick among %d runs", sc.runs)
		}
		i := number[it.Tenant]
		waiting[i]--
		served[i]++
		s.Finished(it.ID, 1)
	}
	sum, weights := 0.0, 0.0
	low, high := served[0], 0.0
	for i := range sc.tenants / 10 {
		if waiting[i] == 0 {
			continue
		}
		sc.busy++
		sum, weights = sum+served[i], weights+weight(i)
		low, high = min(low, served[i]/weight(i)), max(high, served[i]/weight(i))
	}
	even := sum / weights
	sc.worst = max(high-even, even-low) / even
	sc.bound = high - low
	return sc, nil
}
