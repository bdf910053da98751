package api

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/workflow"
)

const (
	// silence is how often a watch says that it is alive, at least.
	silence = 15 * time.Second
	// look is how often a watch looks for engines that came or went.
	look = 3 * time.Second
	// maxWatchers and maxWatchersEach bound the watches at one time, of all
	// callers and of each.
	maxWatchers, maxWatchersEach = 2048, 128
	// maxEventLine bounds a line of another engine's events, in bytes.
	maxEventLine = 4 << 20
)

func newBoot() string { return strings.ToLower(rand.Text()[:10]) }

// watchers counts the watches that are open.
type watchers struct {
	mu    sync.Mutex
	total int
	by    map[string]int
}

func (w *watchers) init() { w.by = map[string]int{} }

func (w *watchers) enter(name string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.total >= maxWatchers || w.by[name] >= maxWatchersEach {
		return false
	}
	w.total++
	w.by[name]++
	return true
}

func (w *watchers) leave(name string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.total--
	if w.by[name]--; w.by[name] == 0 {
		delete(w.by, name)
	}
}

// watchRun streams the events of one run until it is final; the engine that
// owns it knows them.
func (c *call) watchRun() (any, error) {
	id, err := c.run()
	if err != nil {
		return nil, err
	}
	if _, err := c.e.Get(c.r.Context(), id, c.caller.tenants(Read)); err != nil {
		return nil, err
	}
	if to := c.owner(c.e.Owns(id)); to != nil {
		c.w = patient{c.w}
		c.forward(c.r.Context(), to)
		return nil, nil //nolint:nilnil // the other engine has written
	}
	return nil, c.watch(id)
}

// watchAll streams the events of all runs that the caller may read, those of
// other engines too.
func (c *call) watchAll() (any, error) {
	if !c.caller.reads() {
		return nil, &statusError{http.StatusForbidden, errors.New("you may not read the runs of any tenant")}
	}
	return nil, c.watch(0)
}

// stream is a watch that is being written.
type stream struct {
	*call
	control *http.ResponseController
	run     workflow.RunID // 0 for all
	alone   bool           // events of this engine only
	peers   []string       // the other engines whose events are passed on

	mu      sync.Mutex
	seen    map[string]uint64 // the last event of each engine's life
	present map[string]bool   // the lives that were met in this watch
	silent  time.Time         // since when nothing was written
}

// watch streams events. A watch of one run ends with it.
func (c *call) watch(id workflow.RunID) error {
	if !c.watchers.enter(c.caller.Name) {
		return fmt.Errorf("%w: too many watches are open: end some", work.ErrQuota)
	}
	defer c.watchers.leave(c.caller.Name)
	c.w = patient{c.w}
	s := &stream{
		call: c, control: http.NewResponseController(c.w), run: id, alone: id != 0 || c.r.Header.Get(hop) != "",
		seen: positions(c.r.Header.Get("Last-Event-ID")), present: map[string]bool{}, silent: time.Now(),
	}
	if !s.alone {
		s.peers = c.e.Others()
	} else if last, known := s.seen[c.boot]; known {
		s.seen = map[string]uint64{c.boot: last} // the others' are not this stream's
	}
	ctx, cancel := context.WithCancel(c.r.Context())
	defer cancel()
	now := c.e.LastEvent()
	events, complete := c.e.Watch(ctx, s.seen[c.boot], c.wanted(id))
	c.w.Header().Set("Content-Type", "text/event-stream")
	c.w.WriteHeader(http.StatusOK)
	if c.r.Method == http.MethodHead {
		return nil
	}
	s.arrive(c.boot, now, complete)
	if id != 0 && s.over() {
		return s.control.Flush()
	}
	var relays sync.WaitGroup
	defer relays.Wait()
	defer cancel()
	broken := make(chan struct{}, len(s.peers))
	for _, addr := range s.peers {
		relays.Go(func() {
			s.relay(ctx, addr)
			broken <- struct{}{}
		})
	}
	s.follow(ctx, events, broken)
	return nil
}

// arrive notes that the events of an engine's life are in the stream from
// here on. When all are, a client who goes on is told whether it missed any:
// those of a life that has ended are not known any more.
func (s *stream) arrive(boot string, now uint64, complete bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	goesOn := len(s.seen) > 0
	if s.present[boot] {
		return
	}
	s.present[boot] = true
	last, known := s.seen[boot]
	missed := goesOn && known && !complete
	if !known || missed {
		last = now
	}
	if len(s.present) == 1+len(s.peers) {
		for old := range s.seen {
			if !s.present[old] {
				delete(s.seen, old)
				missed = true
			}
		}
		missed = missed || goesOn && !known && s.alone
	}
	s.seen[boot] = last
	if missed {
		_, _ = fmt.Fprint(s.w, resetEvent)
	}
	_, _ = fmt.Fprintf(s.w, "id: %s\n\n", formatPositions(s.seen))
	_ = s.control.Flush()
}

// resetEvent tells the client that it missed something and must read again
// what it shows.
const resetEvent = "event: reset\ndata: {}\n\n"

// follow writes events until the run is final, the client is gone, or the
// stream can no longer be complete.
func (s *stream) follow(ctx context.Context, events <-chan work.Event, broken <-chan struct{}) {
	tick := time.NewTicker(look)
	defer tick.Stop()
	for {
		select {
		case e, open := <-events:
			if !open {
				s.reset()
				return
			}
			data, err := json.Marshal(e)
			if err != nil || s.send(s.boot, e.Seq, e.Kind, data, len(events) == 0) != nil {
				return
			}
			if s.run != 0 && e.Step == "" && e.Status.Final() {
				_ = s.control.Flush()
				return
			}
		case <-broken:
			s.reset()
			return
		case <-ctx.Done():
			return
		case <-tick.C:
			if s.moved() {
				s.reset()
				return
			}
			if s.alive() != nil {
				return
			}
		}
	}
}

// moved says whether the events are to be found elsewhere now.
func (s *stream) moved() bool {
	if s.alone {
		return s.run != 0 && s.owner(s.e.Owns(s.run)) != nil
	}
	return !slices.Equal(s.peers, s.e.Others())
}

// send writes an event with the position behind it.
func (s *stream) send(boot string, seq uint64, kind string, data []byte, flush bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen[boot] = seq
	s.silent = time.Now()
	if _, err := fmt.Fprintf(s.w, "id: %s\nevent: %s\ndata: %s\n\n", formatPositions(s.seen), kind, data); err != nil || !flush {
		return err
	}
	return s.control.Flush()
}

// reset tells the client that the stream is not complete any more.
func (s *stream) reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, _ = fmt.Fprint(s.w, resetEvent)
	_ = s.control.Flush()
}

// alive writes a comment when nothing else was written for a while.
func (s *stream) alive() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if time.Since(s.silent) < silence {
		return nil
	}
	s.silent = time.Now()
	if _, err := fmt.Fprint(s.w, ": alive\n\n"); err != nil {
		return err
	}
	return s.control.Flush()
}

// over says whether the run is final already; then it tells so.
func (s *stream) over() bool {
	run, err := s.e.Get(s.r.Context(), s.run, nil)
	if err != nil || !run.Status.Final() {
		return err != nil // it was deleted
	}
	data, err := json.Marshal(work.Event{
		At: run.Finished, Kind: "run." + run.Status.String(), Run: s.run, Tenant: run.Tenant, Queue: run.Queue,
		Workflow: run.Workflow, Status: run.Status, Failure: run.View.Failure,
	})
	if err == nil {
		_, _ = fmt.Fprintf(s.w, "event: run.%s\ndata: %s\n\n", run.Status, data)
	}
	return true
}

// relay passes on the events of another engine until its stream ends.
func (s *stream) relay(ctx context.Context, addr string) {
	req, err := s.peerRequest(ctx, http.MethodGet, addr, "/watch", nil)
	if err != nil {
		return
	}
	req.URL.RawQuery = s.r.URL.RawQuery
	res, err := s.peer().RoundTrip(req)
	if err != nil {
		s.opt.Logger.Debug("events of another engine cannot be read", "engine", addr, "error", err)
		return
	}
	defer res.Body.Close() //nolint:errcheck // a stream
	if res.StatusCode != http.StatusOK {
		return
	}
	lines := bufio.NewScanner(res.Body)
	lines.Buffer(make([]byte, 0, 16<<10), maxEventLine)
	var boot, kind string
	var seq uint64
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), ": ")
		switch name {
		case "id":
			for boot, seq = range positions(value) { // of another engine's own there is one
				s.arrive(boot, seq, true)
			}
		case "event":
			kind = value
		case "data":
			if kind == "reset" {
				s.reset()
			} else if s.send(boot, seq, kind, []byte(value), true) != nil {
				return
			}
		}
	}
}

// wanted chooses the events that the caller asked for and may see.
func (c *call) wanted(id workflow.RunID) func(*work.Event) bool {
	tenants := c.readable(c.query["tenant"])
	logs, runsOnly := c.query.Get("logs") == "1", c.query.Get("kind") == "run"
	return func(e *work.Event) bool {
		switch {
		case id != 0 && e.Run != id, tenants != nil && !slices.Contains(tenants, e.Tenant):
			return false
		case e.Kind == "step.log":
			return logs
		}
		return !runsOnly || e.Step == ""
	}
}

// positions reads an event id: where the events of each engine's life were,
// "BOOT-SEQ.BOOT-SEQ". What cannot be read is unknown, and so is what it says.
func positions(text string) map[string]uint64 {
	all := map[string]uint64{}
	if text == "" || len(text) > 4096 {
		return all
	}
	for part := range strings.SplitSeq(text, ".") {
		boot, number, _ := strings.Cut(part, "-")
		seq, err := strconv.ParseUint(number, 10, 64)
		if err != nil || len(boot) > 16 {
			return map[string]uint64{"": 0}
		}
		all[boot] = seq
	}
	return all
}

func formatPositions(all map[string]uint64) string {
	var b strings.Builder
	for _, boot := range slices.Sorted(maps.Keys(all)) {
		if boot == "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('.')
		}
		b.WriteString(boot + "-" + strconv.FormatUint(all[boot], 10))
	}
	return b.String()
}
