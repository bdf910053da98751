package console_test

import (
	"sync"
	"testing"
	"time"

	"github.com/berth-project/berth/console"
	"github.com/berth-project/berth/gateway"
	"github.com/google/go-cmp/cmp"
)

func TestFeedKeepsTheLastRequestsInOrder(t *testing.T) {
	t.Parallel()
	f := console.NewRequestFeed()
	none, more := f.Since(0)
	if len(none) != 0 {
		t.Fatalf("an empty feed holds %d", len(none))
	}
	for i := range 1000 {
		f.Observe(&gateway.Record{Status: 200 + i})
	}
	select {
	case <-more:
	default:
		t.Error("nobody is told of newer requests")
	}
	all, more := f.Since(0)
	if len(all) != 512 || all[0].Seq != 489 || all[511].Seq != 1000 || all[511].Status != 1199 || all[0].Status != 688 {
		t.Errorf("%d kept, from %d to %d", len(all), all[0].Seq, all[len(all)-1].Seq)
	}
	select {
	case <-more:
		t.Error("told of newer requests when there are none")
	default:
	}
	if last, _ := f.Since(999); len(last) != 1 || last[0].Seq != 1000 {
		t.Errorf("since 999: %v", last)
	}
	if all, _ := f.Since(487); len(all) != 512 || all[0].Seq != 489 {
		t.Errorf("since a request that has just left: %d", len(all))
	}
	if beyond, _ := f.Since(5000); len(beyond) != 0 {
		t.Errorf("since a request that was not yet: %d", len(beyond))
	}
}

func TestFeedCountsByRouteAndRule(t *testing.T) {
	t.Parallel()
	f := console.NewRequestFeed()
	at := time.Unix(1000, 0)
	for _, r := range []gateway.Record{
		{Route: "app", Rule: "r1", Status: 200},
		{Route: "app", Rule: "r1", Status: 403, Reason: "role_required"},
		{Route: "app", Rule: "r1", Status: 403}, // the app's own
		{Route: "app", Rule: "r1", Status: 502, Reason: "dial"},
		{Route: "", Rule: "", Status: 403, Reason: "no_rule"},
		{Route: "", Rule: "r2", Status: 303, Reason: "sign_in_required"},
		{Route: "", Rule: "", Status: 308, Reason: "https_required"},
	} {
		r.Time, r.Duration = at, time.Second
		f.Observe(&r)
	}
	last := at.Add(time.Second)
	for name, c := range map[string]struct{ got, want console.Hits }{
		"route app": {f.RouteHits("app"), console.Hits{Total: 4, Refused: 1, Failed: 1, Last: last}},
		"rule r1":   {f.RuleHits("r1"), console.Hits{Total: 4, Refused: 1, Failed: 1, Last: last}},
		"rule r2":   {f.RuleHits("r2"), console.Hits{Total: 1, Refused: 1, Last: last}},
		"no rule":   {f.RuleHits(""), console.Hits{Total: 1, Refused: 1, Last: last}},
		"no route":  {f.RouteHits(""), console.Hits{}},
		"all":       {f.Totals(), console.Hits{Total: 7, Refused: 3, Failed: 1, Last: last}},
	} {
		if diff := cmp.Diff(c.want, c.got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestFeedSumsUpTheLastMinute(t *testing.T) {
	t.Parallel()
	now := time.Unix(10_000, 0)
	f := console.NewRequestFeedAt(func() time.Time { return now })
	for i := range 100 {
		r := gateway.Record{Time: now.Add(-30 * time.Second), Duration: 900 * time.Microsecond, Status: 200}
		if i >= 98 {
			r.Duration, r.Status = 3*time.Second, 500
		}
		f.Observe(&r)
	}
	f.Observe(&gateway.Record{Time: now.Add(-2 * time.Minute), Status: 500}) // too long ago
	rate := f.LastMinute()
	if rate.PerSecond != 100.0/60 || rate.Failed != 0.02 {
		t.Errorf("rate = %v/s, %v failed", rate.PerSecond, rate.Failed)
	}
	if rate.P50 != 1024*time.Microsecond || rate.P99 < 3*time.Second || rate.P99 > 6*time.Second {
		t.Errorf("p50 = %v, p99 = %v", rate.P50, rate.P99)
	}
	if rate.Series[30] != 98 || rate.Series[33] != 2 {
		t.Errorf("series = %v", rate.Series)
	}
	f.Observe(&gateway.Record{Time: now.Add(-time.Second), Route: "app", Status: 200})
	f.Observe(&gateway.Record{Time: now.Add(-time.Hour), Route: "app", Status: 200})
	if got := f.RouteHits("app"); got.LastMinute != 1 || got.Total != 2 {
		t.Errorf("hits of the route = %+v, want 1 of 2 in the last minute", got)
	}
	now = now.Add(2 * time.Minute)
	if got := f.RouteHits("app"); got.LastMinute != 0 {
		t.Errorf("two minutes later: %+v", got)
	}
	if rate := f.LastMinute(); rate.PerSecond != 0 || rate.P99 != 0 {
		t.Errorf("two minutes later: %+v", rate)
	}
}

func TestObservingAllocatesNothing(t *testing.T) {
	f := console.NewRequestFeed()
	r := record(0, "quickly")
	f.Observe(r)
	if n := testing.AllocsPerRun(100, func() { f.Observe(r) }); n != 0 {
		t.Errorf("Observe allocates %v times, want 0", n)
	}
}

func TestFeedIsSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	f := console.NewRequestFeed()
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := range 500 {
				f.Observe(record(i, "quickly"))
			}
		})
		wg.Go(func() {
			var seq uint64
			for seq < 2000 {
				all, more := f.Since(seq)
				if len(all) == 0 {
					<-more
					continue
				}
				if all[0].Seq <= seq {
					t.Errorf("request %d came twice", all[0].Seq)
				}
				seq = all[len(all)-1].Seq
				f.LastMinute()
			}
		})
	}
	wg.Wait()
	if got := f.Totals().Total; got != 2000 {
		t.Errorf("%d counted, want 2000", got)
	}
}

func BenchmarkObserve(b *testing.B) {
	f := console.NewRequestFeed()
	r := record(0, "quickly")
	b.ReportAllocs()
	for b.Loop() {
		f.Observe(r)
	}
}
