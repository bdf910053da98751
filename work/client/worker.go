package client

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"
)

// Worker executes the steps of a pool.
type Worker struct {
	Client *Client
	Pool   string
	// Name tells workers apart; the same name after a restart is fine.
	Name string
	// Concurrency is how many tasks it executes at once; default 1.
	Concurrency int
	// Handlers execute the tasks of a step type each. "*" takes those of all
	// other types.
	Handlers map[string]Handler
	// Wait is how long one request waits for tasks; default 30s.
	Wait time.Duration
	// Grace is how long what is executed may take to end once the worker is
	// told to stop; then it is canceled and given back, for another worker.
	// Default: as long as it needs.
	Grace time.Duration
	// Logf tells of what goes wrong; nil tells nobody.
	Logf func(format string, args ...any)
}

// Why a handler's context ended.
var (
	// ErrLost: the task was given to another, or is not wanted any more.
	ErrLost = errors.New("the task is not this worker's any more")
	// ErrTimeout: the attempt took longer than its timeout.
	ErrTimeout = errors.New("the attempt took longer than its timeout")
	// ErrStopping: the worker stops, and Grace is over.
	ErrStopping = errors.New("the worker is stopping")
)

const (
	minPause = 100 * time.Millisecond
	maxPause = 5 * time.Second
	// stubborn is how long a handler may take to return when its context has ended.
	stubborn = 10 * time.Second
	// maxRoom is how many tasks one request may ask for.
	maxRoom = 64
	// maxTold is how many reports one request carries.
	maxTold = 500
)

// Run executes tasks until ctx ends, then finishes those it has begun and
// reports them. The error is one that no patience helps against: a key that
// is not valid, a pool that is not the key's.
func (w *Worker) Run(ctx context.Context) error {
	if w.Client == nil || w.Pool == "" || len(w.Handlers) == 0 {
		return errors.New("worker: a client, a pool and handlers are needed")
	}
	s := newSession(*w)
	beyond, stop := context.WithCancel(context.WithoutCancel(ctx))
	var keeping sync.WaitGroup
	keeping.Go(func() { s.heartbeat(beyond) })
	keeping.Go(func() { s.tell(beyond) })
	err := s.poll(ctx)
	err = errors.Join(err, s.drain(beyond))
	stop()
	keeping.Wait()
	return err
}

// session is a worker while it runs.
type session struct {
	Worker
	executing sync.WaitGroup
	room      chan struct{} // there is room, or a result, that was not there before
	ready     chan struct{} // a result is ready
	news      chan struct{} // an execution has begun, or told something

	mu      sync.Mutex // guards the fields below
	running map[uint64]*execution
	results []report
	waiting bool // a request waits for tasks: results go by another one
}

func newSession(w Worker) *session {
	w.Concurrency = max(w.Concurrency, 1)
	if w.Name == "" {
		w.Name = "worker"
	}
	if w.Wait == 0 {
		w.Wait = 30 * time.Second
	}
	return &session{
		Worker: w, running: map[uint64]*execution{},
		room: make(chan struct{}, 1), ready: make(chan struct{}, 1), news: make(chan struct{}, 1),
	}
}

// signal wakes whoever listens, now or when it listens next.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// poll asks for tasks whenever there is room, and brings results along, until
// ctx ends.
func (s *session) poll(ctx context.Context) error {
	for pause := minPause; ctx.Err() == nil; {
		room, results := s.state()
		if room == 0 && len(results) == 0 {
			select {
			case <-ctx.Done():
			case <-s.room:
			}
			continue
		}
		err := s.ask(ctx, room, results)
		switch {
		case err == nil:
			pause = minPause
			continue
		case ctx.Err() != nil:
			return nil
		case final(err):
			return fmt.Errorf("worker %s: %w", s.Name, err)
		}
		s.logf("worker %s: %v", s.Name, err)
		sleep(ctx, pause)
		pause = min(2*pause, maxPause)
	}
	return nil
}

// final says that no patience helps against an error.
func final(err error) bool {
	var refused *Error
	return errors.As(err, &refused) && !refused.Temporary()
}

// sleep waits for half of d to all of it, so that workers that were refused
// together do not come back together.
func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d/2 + rand.N(d/2+1))
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// state gives the room there is and the results to be told.
func (s *session) state() (room int, results []report) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return max(s.Concurrency-len(s.running), 0), slices.Clone(s.results[:min(len(s.results), maxTold)])
}

// ask polls once. A request with results does not wait for tasks: what becomes
// of the results must be known soon.
func (s *session) ask(ctx context.Context, room int, results []report) error {
	wait := s.Wait
	if len(results) > 0 {
		wait = 0
	}
	types := slices.Sorted(maps.Keys(s.Handlers))
	if slices.Contains(types, "*") {
		types = nil
	}
	var answer struct {
		Tasks []Task `json:"tasks"`
		reportAnswer
	}
	ctx, cancel := context.WithTimeout(ctx, wait+time.Minute)
	defer cancel()
	s.setWaiting(len(results) == 0)
	err := s.Client.Do(ctx, http.MethodPost, s.path("poll"), nil, map[string]any{
		"worker": s.Name, "types": types, "max": min(room, maxRoom), "wait": wait.String(), "complete": results,
	}, &answer)
	s.setWaiting(false)
	if err != nil {
		return err
	}
	s.told(results, answer.reportAnswer)
	begun := answer.Tasks[:min(room, len(answer.Tasks))]
	for _, t := range begun {
		s.start(t)
	}
	// Several shards may have answered at once.
	s.giveBack(ctx, answer.Tasks[len(begun):])
	return nil
}

func (s *session) path(verb string) string { return "/pools/" + url.PathEscape(s.Pool) + "/" + verb }

func (s *session) setWaiting(waiting bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting = waiting
	if len(s.results) > 0 {
		signal(s.ready)
	}
}

// tell reports results while a request waits for tasks; others go with the
// next poll.
func (s *session) tell(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.ready:
		}
		s.mu.Lock()
		due := s.waiting
		s.mu.Unlock()
		if !due {
			continue
		}
		if err := s.report(ctx); err != nil && ctx.Err() == nil {
			s.logf("worker %s: results: %v", s.Name, err)
			sleep(ctx, time.Second)
			signal(s.ready)
		}
	}
}

// report tells the results there are by a request of its own.
func (s *session) report(ctx context.Context) error {
	_, results := s.state()
	if len(results) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	var answer reportAnswer
	if err := s.Client.Do(ctx, http.MethodPost, s.path("report"), nil, map[string]any{"complete": results}, &answer); err != nil {
		return err
	}
	s.told(results, answer)
	return nil
}

// told forgets results that were taken, or that count no more.
func (s *session) told(results []report, answer reportAnswer) {
	s.heard(answer)
	again := fences(answer.Again)
	told := fences(results)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.results = slices.DeleteFunc(s.results, func(r report) bool { return told[r.Fence] && !again[r.Fence] })
}

func fences[T fenced](all []T) map[uint64]bool {
	set := make(map[uint64]bool, len(all))
	for _, one := range all {
		set[one.fence()] = true
	}
	return set
}

// giveBack returns tasks, for other workers. When it fails their leases run out.
func (s *session) giveBack(ctx context.Context, tasks []Task) {
	if len(tasks) == 0 {
		return
	}
	back := make([]report, len(tasks))
	for i, t := range tasks {
		back[i] = report{Run: t.Run, Step: t.Step, Item: t.Item, Fence: t.Fence}
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if err := s.Client.Do(ctx, http.MethodPost, s.path("report"), nil, map[string]any{"give-back": back}, nil); err != nil {
		s.logf("worker %s: give back: %v", s.Name, err)
	}
}

// drain waits for what is executed, as long as Grace allows, and tells the
// results.
func (s *session) drain(ctx context.Context) error {
	ended := make(chan struct{})
	go func() {
		s.executing.Wait()
		close(ended)
	}()
	var over <-chan time.Time
	if s.Grace > 0 {
		t := time.NewTimer(s.Grace)
		defer t.Stop()
		over = t.C
	}
	for {
		select {
		case <-ended:
			return s.tellAll(ctx)
		case <-s.room:
			_ = s.report(ctx) // tellAll tries again
		case <-over:
			return errors.Join(s.abandon(ctx, ended), s.tellAll(ctx))
		}
	}
}

// abandon cancels what is executed and gives it back.
func (s *session) abandon(ctx context.Context, ended <-chan struct{}) error {
	s.mu.Lock()
	var tasks []Task
	for _, e := range s.running {
		tasks = append(tasks, e.task)
		e.cancel(ErrStopping)
	}
	s.mu.Unlock()
	t := time.NewTimer(stubborn)
	defer t.Stop()
	var err error
	select {
	case <-ended:
	case <-t.C:
		err = fmt.Errorf("worker %s: handlers did not return within %s of their context's end", s.Name, stubborn)
	}
	s.giveBack(ctx, tasks)
	return err
}

// tellTries bounds how often a stopping worker tries to tell its results.
const tellTries = 20

func (s *session) tellAll(ctx context.Context) error {
	for try := 1; ; try++ {
		err := s.report(ctx)
		s.mu.Lock()
		left := len(s.results)
		s.mu.Unlock()
		switch {
		case left == 0:
			return nil
		case try == tellTries || err != nil && final(err):
			return errors.Join(fmt.Errorf("worker %s: %d results could not be told", s.Name, left), err)
		}
		sleep(ctx, 200*time.Millisecond)
	}
}

func (s *session) logf(format string, args ...any) {
	if s.Logf != nil {
		s.Logf(format, args...)
	}
}
