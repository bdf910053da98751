package queue_test

import (
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/berth-project/berth/work/queue"
)

// names are 10,000 tenants, made once so that strings cost what they cost an
// engine that interns them.
func names(n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = "tenant-" + strconv.Itoa(i)
	}
	return all
}

// flood fills a queue with runs of which nine in ten belong to a tenth of the
// tenants.
func flood(s *queue.Scheduler, name string, tenants []string, runs int) {
	random := uint32(1)
	for i := range runs {
		random = random*1664525 + 1013904223
		at := int(random>>8) % len(tenants)
		if i%10 != 0 {
			at %= len(tenants) / 10
		}
		s.Enqueue(name, queue.Item{
			ID: uint64(i + 1), Tenant: tenants[at], Priority: 5, Cost: float64(1 + random>>28), Enqueued: int64(i / 100),
		})
	}
}

func filled(b *testing.B, p queue.Policy, runs int) (*queue.Scheduler, []string) {
	b.Helper()
	s, tenants := queue.New(), names(max(10, runs/100))
	if err := s.SetQueue(queue.Config{Name: "q", Policy: p}); err != nil {
		b.Fatal(err)
	}
	for i, name := range tenants {
		if err := s.SetTenant(name, queue.Tenant{Weight: float64(1 + i%4)}); err != nil {
			b.Fatal(err)
		}
	}
	flood(s, "q", tenants, runs)
	return s, tenants
}

// BenchmarkPick is what a run costs the order, with that many waiting: it is
// enqueued, picked and finished. The backlog stays as long as it was.
func BenchmarkPick(b *testing.B) {
	for _, p := range queue.Policies() {
		for _, runs := range []int{10_000, 100_000, 1_000_000} {
			b.Run(fmt.Sprint(p, "/", runs), func(b *testing.B) {
				s, _ := filled(b, p, runs)
				runtime.GC()
				id, now := uint64(runs), int64(runs/100)
				took := make([]time.Duration, 0, 1<<20)
				b.ReportAllocs()
				for b.Loop() {
					id++
					now += int64(id & 1)
					start := time.Now()
					it, ok := s.Pick("q", now)
					if d := time.Since(start); len(took) < cap(took) {
						took = append(took, d)
					}
					if !ok {
						b.Fatal("nothing to pick")
					}
					s.Finished(it.ID, it.Cost)
					it.ID, it.Enqueued, it.Tag = id, now, 0
					s.Enqueue("q", it)
				}
				slices.Sort(took)
				b.ReportMetric(float64(took[len(took)/2].Nanoseconds()), "p50-pick-ns")
				b.ReportMetric(float64(took[len(took)*99/100].Nanoseconds()), "p99-pick-ns")
			})
		}
	}
}

// BenchmarkMemory is what a million waiting runs of 10,000 tenants take.
func BenchmarkMemory(b *testing.B) {
	for b.Loop() {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		s, _ := filled(b, queue.Fair, 1_000_000)
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/1_000_000, "bytes/run")
		runtime.KeepAlive(s)
	}
}

// BenchmarkRestore is what a restart with a million waiting runs takes.
func BenchmarkRestore(b *testing.B) {
	from, tenants := filled(b, queue.Fair, 1_000_000)
	var items []queue.Item
	for range 1_000_000 {
		it, _ := from.Pick("q", 10_000)
		items = append(items, it)
		from.Finished(it.ID, it.Cost)
	}
	slices.SortFunc(items, func(x, y queue.Item) int { return int(x.ID) - int(y.ID) })
	for b.Loop() {
		s := queue.New()
		for i, name := range tenants {
			if err := s.SetTenant(name, queue.Tenant{Weight: float64(1 + i%4)}); err != nil {
				b.Fatal(err)
			}
		}
		for _, it := range items {
			s.Restore("q", it)
		}
		s.Pick("q", 10_000)
	}
}

// BenchmarkExplain is what "why does my run wait" costs with a million runs
// of 10,000 tenants.
func BenchmarkExplain(b *testing.B) {
	for _, p := range queue.Policies() {
		b.Run(string(p), func(b *testing.B) {
			s, _ := filled(b, p, 1_000_000)
			for b.Loop() {
				s.Explain(999_000, 10_000)
			}
		})
	}
}

// BenchmarkStats is what the figures of that queue cost.
func BenchmarkStats(b *testing.B) {
	s, _ := filled(b, queue.Fair, 1_000_000)
	for b.Loop() {
		s.Stats("q", 10_000, 20)
	}
}

// BenchmarkSlots is what a step costs the pools, with that many ready.
func BenchmarkSlots(b *testing.B) {
	for _, steps := range []int{1000, 100_000} {
		b.Run(strconv.Itoa(steps), func(b *testing.B) {
			s, tenants := queue.NewSlots(), names(max(10, steps/10))
			if err := s.SetPool(queue.Pool{Name: "p", Slots: 64}); err != nil {
				b.Fatal(err)
			}
			step := queue.Ready{Item: -1, Pool: "p", Queue: "q", Slots: 1}
			add := func(i int) {
				step.ID, step.At = uint64(i), int64(i/100)
				step.Tenant, step.Type = tenants[i%len(tenants)], []string{"shell", "http", "wait"}[i%3]
				s.Add(step)
			}
			for i := range steps {
				add(i)
			}
			i, into := steps, make([]queue.Ready, 0, 16)
			b.ReportAllocs()
			for b.Loop() {
				into = s.Take(into[:0], "p", nil, 1, int64(i/100))
				s.Done(into[0].ID, 0, -1, 1)
				i++
				add(i)
			}
		})
	}
}
