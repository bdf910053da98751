package health_test

import (
	"encoding/json"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/health"
)

// clock is a time that moves when told to.
type clock struct{ t time.Time }

func (c *clock) now() time.Time { return c.t }

func setup() (*health.Registry, *clock) {
	c := &clock{t: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	return health.NewRegistry(c.now), c
}

func TestFailingRequiredCheckMakesNotReady(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name  string
		check health.Check
		want  bool
	}{
		{"ok", health.Check{State: health.OK, Required: true}, true},
		{"degraded", health.Check{State: health.Degraded, Required: true}, true},
		{"failing", health.Check{State: health.Failing, Required: true}, false},
		{"failing and not required", health.Check{State: health.Failing}, true},
		{"no state at all", health.Check{Required: true}, false},
		{"unheard-of state", health.Check{State: "fine", Required: true}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			r, _ := setup()
			r.Set(tc.check)
			if got := r.Ready(); got != tc.want {
				t.Errorf("Ready() = %v, want %v", got, tc.want)
			}
			if got := r.Snapshot().Ready; got != tc.want {
				t.Errorf("Snapshot().Ready = %v, want %v", got, tc.want)
			}
			r.Clear(tc.check.Name)
			if !r.Ready() {
				t.Error("Ready() = false after the only check was cleared")
			}
		})
	}
}

func TestSinceMovesOnlyWithTheState(t *testing.T) {
	t.Parallel()
	r, c := setup()
	start := c.t
	steps := []struct {
		state health.State
		want  time.Time
	}{
		{health.OK, start},
		{health.OK, start},
		{health.Failing, start.Add(2 * time.Minute)},
		{health.Failing, start.Add(2 * time.Minute)},
		{health.Degraded, start.Add(4 * time.Minute)},
	}
	for i, s := range steps {
		r.Set(health.Check{Name: "web", State: s.state, Message: strconv.Itoa(i), Since: time.Unix(0, 0)})
		got := r.Snapshot().Checks
		want := []health.Check{{Name: "web", State: s.state, Message: strconv.Itoa(i), Since: s.want}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("step %d (-want +got):\n%s", i, diff)
		}
		c.t = c.t.Add(time.Minute)
	}
}

func TestSnapshotPutsTheWorstFirst(t *testing.T) {
	t.Parallel()
	r, _ := setup()
	if got := r.Snapshot(); got.State != health.OK || got.String() != "ok" {
		t.Errorf("empty Snapshot() = %v, want ok", got)
	}
	for _, c := range []health.Check{
		{Name: "b", State: health.OK},
		{Name: "d", State: health.Failing, Message: "gone"},
		{Name: "a", State: health.Degraded, Message: "slow"},
		{Name: "c", State: health.Failing, Message: "gone too"},
	} {
		r.Set(c)
	}
	report := r.Snapshot()
	var names []string
	for _, c := range report.Checks {
		names = append(names, c.Name)
	}
	if diff := cmp.Diff([]string{"c", "d", "a", "b"}, names); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
	if got, want := report.String(), "failing: c (gone too), d (gone), a (slow)"; got != want {
		t.Errorf("String() = %q, want %q", got, want)
	}
	report.Checks[0].Name = "changed"
	if got := r.Snapshot().Checks[0].Name; got != "c" {
		t.Errorf("a change to a snapshot reached the registry: %q", got)
	}
}

func TestReportAsJSON(t *testing.T) {
	t.Parallel()
	r, _ := setup()
	r.Set(health.Check{Name: "web", State: health.Failing, Required: true, Code: "crash_loop", Message: "restarted 4 times", Help: "see its log"})
	got, err := json.Marshal(r.Snapshot())
	if err != nil {
		t.Fatal(err)
	}
	want := `{"state":"failing","ready":false,"checks":[{"name":"web","state":"failing","required":true,"code":"crash_loop","message":"restarted 4 times","help":"see its log","since":"2026-03-01T12:00:00Z"}]}`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("JSON (-want +got):\n%s", diff)
	}
}

func TestRegistryIsSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	r := health.NewRegistry(nil)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			name := strconv.Itoa(i)
			for range 200 {
				r.Set(health.Check{Name: name, State: health.Failing, Required: true})
				if r.Ready() {
					t.Errorf("Ready() = true while check %s is failing", name)
				}
				r.Snapshot()
				r.Clear(name)
			}
		})
	}
	wg.Wait()
	if got := r.Snapshot(); len(got.Checks) != 0 || !r.Ready() {
		t.Errorf("Snapshot() = %v after all was cleared", got)
	}
}

func Example() {
	r := health.NewRegistry(nil)
	r.Set(health.Check{Name: "process web", State: health.OK, Required: true})
	r.Set(health.Check{Name: "manifest", State: health.Degraded, Message: "the edited file has an error; the old one is served"})
	fmt.Println(r.Ready(), r.Snapshot())
	// Output: true degraded: manifest (the edited file has an error; the old one is served)
}
