package api_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/berth-project/berth/work"
)

// watching is an event stream that is read.
type watching struct {
	f     *fixture
	lines *bufio.Scanner
	stop  context.CancelFunc
	id    string // of the last event
}

// message is one event of a stream; kind "" is a position alone.
type message struct {
	kind  string
	event work.Event
}

// watch opens a stream behind an event; "" is the present. It has all that
// happens once watch has returned.
func (f *fixture) watch(path, last string) *watching {
	f.t.Helper()
	ctx, stop := context.WithTimeout(f.t.Context(), 30*time.Second)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, f.url+"/api/v1"+path, nil)
	if err != nil {
		f.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+f.tenant)
	if last != "" {
		req.Header.Set("Last-Event-ID", last)
	}
	res, err := http.DefaultClient.Do(req) //nolint:bodyclose // with its context
	if err != nil {
		f.t.Fatal(err)
	}
	if res.StatusCode != http.StatusOK {
		f.t.Fatalf("GET %s = %d", path, res.StatusCode)
	}
	f.t.Cleanup(stop)
	w := &watching{f: f, lines: bufio.NewScanner(res.Body), stop: stop}
	w.lines.Buffer(nil, 1<<20)
	return w
}

// next reads a message.
func (w *watching) next() message {
	w.f.t.Helper()
	var m message
	for w.lines.Scan() {
		name, value, _ := strings.Cut(w.lines.Text(), ": ")
		switch name {
		case "id":
			w.id = value
		case "event":
			m.kind = value
		case "data":
			if err := json.Unmarshal([]byte(value), &m.event); err != nil {
				w.f.t.Fatal(err)
			}
		case "":
			if w.lines.Text() == "" {
				return m
			}
		}
	}
	w.f.t.Fatalf("behind %s the stream ends: %v", w.id, w.lines.Err())
	return m
}

// until reads up to an event of a run and gives what each was.
func (w *watching) until(run, kind string) []string {
	w.f.t.Helper()
	var all []string
	for {
		m := w.next()
		if m.kind == "" {
			continue
		}
		all = append(all, said(m))
		if m.kind == kind && m.event.Run.String() == run {
			return all
		}
	}
}

// said is what a message says, and what tells it from all others.
func said(m message) string {
	return fmt.Sprintf("%d %s %v %s %s", m.event.Seq, m.kind, m.event.Run, m.event.Step, m.event.StepStatus)
}

// TestWatchGoesOnWhereItBroke: two streams see the same, though one of them
// breaks after each event.
func TestWatchGoesOnWhereItBroke(t *testing.T) {
	t.Parallel()
	f := open(t)
	whole, broken := f.watch("/watch", ""), f.watch("/watch", "")
	if m := whole.next(); m.kind != "" || whole.id == "" {
		t.Fatalf("a stream begins with %+v, want a position", m)
	}
	broken.next()
	var last string
	for range 10 {
		last = f.done(quick)
	}
	want := whole.until(last, "run.succeeded")
	if len(want) < 20 || len(slices.Compact(slices.Sorted(slices.Values(want)))) != len(want) {
		t.Fatalf("the stream that did not break has %q", want)
	}
	var got []string
	half := len(want) / 2
	for at := broken.id; len(got) < len(want); at = broken.id {
		broken.stop()
		broken = f.watch("/watch", at)
		m := broken.next()
		for m.kind == "" {
			m = broken.next()
		}
		if m.kind == "reset" {
			t.Fatalf("the stream was reset behind %s", at)
		}
		got = append(got, said(m))
		if len(got) == half { // what happens while nobody listens
			broken.stop()
			last = f.done(quick)
			want = append(want, whole.until(last, "run.succeeded")...)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("a stream that broke has\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestWatchOverARestartSaysWhatIsNotKnown: events of an engine that has ended
// are not known any more. Whoever goes on is told so first, reads again how
// runs are, and misses nothing from there on.
func TestWatchOverARestartSaysWhatIsNotKnown(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "work.db")
	at := func(s *setup) { s.path = path }
	var last, waits string
	t.Run("before", func(t *testing.T) {
		f := open(t, at)
		w := f.watch("/watch", "")
		w.until(f.done(quick), "run.succeeded")
		last = w.id
		w.stop()
		f.done(quick) // nobody has seen this one
		waits = f.submit(one)
	})
	f := open(t, at)
	w := f.watch("/watch", last)
	if m := w.next(); m.kind != "reset" {
		t.Fatalf("behind an event of a life that has ended comes %+v, want a reset", m)
	}
	at0 := w.next()
	if at0.kind != "" || w.id == last {
		t.Fatalf("behind the reset comes %+v at %s, want the present", at0, w.id)
	}
	var page struct{ Runs []struct{ State string } }
	f.want(http.StatusOK, f.tenant, "GET", "/runs?state=succeeded", nil).json(t, &page)
	if len(page.Runs) != 2 {
		t.Errorf("%d runs have succeeded, want both of before", len(page.Runs))
	}
	again := f.watch("/watch", w.id) // the new position is good
	again.next()
	f.report("complete", result(f.take()))
	for _, s := range []*watching{w, again} {
		all := s.until(waits, "run.succeeded")
		n := 0
		for _, one := range all {
			if strings.Contains(one, "run.succeeded") || strings.Contains(one, "reset") {
				n++
			}
		}
		if n != 1 {
			t.Errorf("behind the restart come %q, want the run's end once and no reset", all)
		}
	}
}

// TestWatchBehindWhatIsNoPosition is told that it may have missed something.
func TestWatchBehindWhatIsNoPosition(t *testing.T) {
	t.Parallel()
	f := open(t)
	for _, last := range []string{"7", "nonsense", "a-1.b", "-", "aaaaaaaaaa-18446744073709551615", strings.Repeat("x-1.", 2000) + "x-1"} {
		w := f.watch("/watch", last)
		if m := w.next(); m.kind != "reset" && len(last) <= 4096 {
			t.Errorf("behind %.40q comes %+v, want a reset", last, m)
		}
		w.stop()
	}
}

func TestWatchTellsATenantOfItsOwnRunsOnly(t *testing.T) {
	t.Parallel()
	f := open(t)
	w := f.watch("/watch", "")
	w.next()
	f.want(http.StatusCreated, f.admin, "POST", "/runs", `{"tenant":"globex","queue":"quick","document":`+quick+`}`)
	own := f.done(quick)
	for _, line := range w.until(own, "run.succeeded") {
		if !strings.Contains(line, own) {
			t.Errorf("a stream of acme's has %q", line)
		}
	}
}

// stuck is a client that takes the beginning of an answer and then nothing.
type stuck struct {
	header  http.Header
	begun   chan struct{} // something was written
	end     chan struct{}
	mu      sync.Mutex
	bounded bool // writes have a deadline
	full    bool // nothing is taken any more
}

func (s *stuck) Header() http.Header { return s.header }
func (s *stuck) WriteHeader(int)     {}
func (s *stuck) Flush()              {}

func (s *stuck) SetWriteDeadline(at time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bounded = !at.IsZero()
	return nil
}

func (s *stuck) Write(data []byte) (int, error) {
	s.mu.Lock()
	bounded, full := s.bounded, s.full
	s.full = true
	s.mu.Unlock()
	if !full {
		close(s.begun)
		return len(data), nil
	}
	if !bounded {
		<-s.end
	}
	return 0, os.ErrDeadlineExceeded
}

func TestWatchEndsWhenItsClientTakesNothing(t *testing.T) {
	t.Parallel()
	f := open(t)
	req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/api/v1/watch", nil)
	req.Header.Set("Authorization", "Bearer "+f.tenant)
	w := &stuck{header: http.Header{}, begun: make(chan struct{}), end: make(chan struct{})}
	defer close(w.end)
	ended := make(chan struct{})
	go func() {
		f.server.Config.Handler.ServeHTTP(w, req)
		close(ended)
	}()
	<-w.begun
	f.done(quick)
	select {
	case <-ended:
	case <-time.After(30 * time.Second):
		t.Fatal("a client that takes nothing holds its watch for ever")
	}
}
