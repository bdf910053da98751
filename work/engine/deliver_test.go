package engine_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/engine"
	"github.com/berth-project/berth/work/outbox"
	"github.com/berth-project/berth/work/shard"
)

// patience is how long a test waits for what comes at once.
const patience = 30 * time.Second

const emptyRun = `{"name":"x","steps":[{"name":"a","run":"noop"}]}`

func (f *fixture) subscribe(s work.Subscription) {
	f.t.Helper()
	if _, err := f.PutSubscription(f.t.Context(), s, engine.AnyVersion); err != nil {
		f.t.Fatal(err)
	}
}

func receive[T any](t *testing.T, from <-chan T, what string) (v T) {
	t.Helper()
	select {
	case v = <-from:
	case <-time.After(patience):
		t.Fatalf("nothing came in %v: %s", patience, what)
	}
	return v
}

func TestReceiverThatHangsHoldsUpNobodyElse(t *testing.T) {
	t.Parallel()
	end := make(chan struct{})
	got := make(chan outbox.Event, 1000)
	var hanging, most atomic.Int64
	f := open(t, engine.Options{Send: outbox.SenderFunc(func(_ context.Context, e outbox.Event) error {
		if strings.Contains(e.To, "hangs") {
			most.Store(max(most.Load(), hanging.Add(1)))
			<-end
			hanging.Add(-1)
			return nil
		}
		got <- e
		return nil
	})})
	defer close(end)
	f.subscribe(work.Subscription{Name: "h", Tenant: "t", To: "https://hangs.example/", Events: []string{"run.succeeded"}})
	for range 200 {
		f.submit(emptyRun)
	}
	f.final(f.submit(emptyRun))
	f.subscribe(work.Subscription{Name: "same", Tenant: "t", To: "https://well.example/", Events: []string{"run.succeeded"}})
	f.subscribe(work.Subscription{Name: "w", Tenant: "other", To: "https://well.example/", Events: []string{"run.succeeded"}})
	other := f.submit(emptyRun, func(s *work.Submission) { s.Tenant = "other" })
	if e := receive(t, got, "an event to a receiver that is well"); e.Run != other.String() {
		t.Errorf("delivered of run %s, want %v", e.Run, other)
	}
	mine := f.submit(emptyRun)
	if e := receive(t, got, "an event of the same tenant to another receiver"); e.Run != mine.String() {
		t.Errorf("delivered of run %s, want %v", e.Run, mine)
	}
	if n := most.Load(); n > 4 {
		t.Errorf("%d deliveries to the one that hangs flew at once, want at most 4", n)
	}
}

func TestEventsPutOffAreDelivered(t *testing.T) {
	t.Parallel()
	const runs = 60 // more than may wait in memory for one destination
	end := make(chan struct{})
	got := make(chan string, 10*runs)
	f := open(t, engine.Options{Send: outbox.SenderFunc(func(_ context.Context, e outbox.Event) error {
		<-end
		got <- e.Run
		return nil
	})})
	f.subscribe(work.Subscription{Name: "slow", To: "https://slow.example/", Events: []string{"run.succeeded"}})
	for range runs {
		f.submit(emptyRun)
	}
	f.final(f.submit(emptyRun))
	close(end)
	seen := map[string]int{}
	for len(seen) < runs+1 {
		run := receive(t, got, "an event that was put off")
		if seen[run]++; seen[run] > 1 {
			t.Errorf("the event of run %s was delivered %d times", run, seen[run])
		}
	}
}

func TestDeliverySaysWhoSaidWhereItGoes(t *testing.T) {
	t.Parallel()
	got := make(chan outbox.Event, 10)
	f := open(t, engine.Options{Send: outbox.SenderFunc(func(_ context.Context, e outbox.Event) error {
		got <- e
		return nil
	})})
	f.subscribe(work.Subscription{Name: "all", To: "https://operator.example/", Events: []string{"run.succeeded"}, Secret: "s"})
	f.subscribe(work.Subscription{Name: "own", Tenant: "t", To: "https://tenant.example/", Events: []string{"run.succeeded"}, Secret: "s"})
	f.submit(`{"name":"x","callbacks":[{"on":["run.succeeded"],"to":"https://run.example/","secret":"s"}],"steps":[{"name":"a","run":"noop"}]}`)
	want := map[string]bool{"https://operator.example/": true, "https://tenant.example/": false, "https://run.example/": false}
	for range len(want) {
		e := receive(t, got, "an event")
		if operator, ok := want[e.To]; !ok || e.Operator != operator || e.Tenant != "t" || e.Secret != "s" {
			t.Errorf("delivery to %s with the secret %q of tenant %q, the operator's: %v; want %v", e.To, e.Secret, e.Tenant, e.Operator, operator)
		}
	}
}

// Deliveries may overtake each other, over a restart, too; ids tell what was
// last.
func TestIDsOfEventsTellWhatWasLast(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "work.db")
	got := make(chan outbox.Event, 100)
	var refuse atomic.Bool
	options := func() engine.Options {
		return engine.Options{Backoff: outbox.Backoff{First: time.Second, Factor: 1, Tries: -1}, Send: outbox.SenderFunc(
			func(_ context.Context, e outbox.Event) error {
				if refuse.Load() {
					return errors.New("not now")
				}
				got <- e
				return nil
			})}
	}
	refuse.Store(true)
	first := openAt(t, path, options())
	first.subscribe(work.Subscription{Name: "s", To: "https://example.com/", Events: []string{"run.*", "step.*"}})
	id := first.submit(`{"name":"x","steps":[{"name":"a","run":"fail"}]}`)
	first.final(id)
	first.close()
	refuse.Store(false)
	second := openAt(t, path, options())
	if err := second.Control(t.Context(), shard.Order{Verb: shard.Retry, Run: id}); err != nil {
		t.Fatal(err)
	}
	events := map[uint64]outbox.Event{}
	for len(events) < 4 {
		e := receive(t, got, "an event of the run")
		n, err := strconv.ParseUint(e.ID, 10, 63)
		if err != nil {
			t.Fatalf("id of an event: %v", err)
		}
		events[n] = e
	}
	var kinds []string
	var times []int64
	for _, id := range slices.Sorted(maps.Keys(events)) {
		kinds, times = append(kinds, events[id].Kind), append(times, events[id].At.UnixMilli())
	}
	if diff := cmp.Diff([]string{"step.failed", "run.failed", "step.failed", "run.failed"}, kinds); diff != "" || !slices.IsSorted(times) {
		t.Errorf("events by id are of %v (-want +got):\n%s", times, diff)
	}
}

// The operator hears that a destination takes nothing, once for many events, and
// nothing of the path of a URL, which may be as good as a key.
func TestLogTellsOfWhatIsNotDelivered(t *testing.T) {
	t.Parallel()
	var log syncBuffer
	tried := make(chan struct{}, 100)
	f := open(t, engine.Options{
		Logger: slog.New(slog.NewTextHandler(&log, nil)), Backoff: outbox.Backoff{First: time.Millisecond, Tries: 3},
		Send: outbox.SenderFunc(func(context.Context, outbox.Event) error {
			tried <- struct{}{}
			return errors.New("not now")
		}),
	})
	document := `{"name":"x","callbacks":[{"to":"https://run.example/t0ken"}],"steps":[{"name":"a","run":"noop"}]}`
	f.submit(document)
	f.submit(document)
	for range 6 {
		receive(t, tried, "a try")
	}
	eventually(t, func() (bool, bool) { return true, strings.Contains(log.String(), "dead letters") })
	text := log.String()
	if n := strings.Count(text, "was not delivered"); n != 1 {
		t.Errorf("the log tells %d times, want once, that it is tried again:\n%s", n, text)
	}
	if !strings.Contains(text, "to=run.example ") || !strings.Contains(text, `error="not now"`) || strings.Contains(text, "t0ken") {
		t.Errorf("the log says\n%s", text)
	}
}

// syncBuffer is a buffer that several may write to.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}
