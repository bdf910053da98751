package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"time"
)

// execution is a task that runs here.
type execution struct {
	task   Task
	rep    *Reporter
	cancel context.CancelCauseFunc
	lease  time.Duration
	until  time.Time // the lease, as far as is known; guarded by the session's mu
}

// report is what a worker tells of a task.
type report struct {
	Run     string          `json:"run"`
	Step    string          `json:"step"`
	Item    int             `json:"item"`
	Fence   uint64          `json:"fence"`
	Percent float64         `json:"percent,omitempty"`
	Message string          `json:"message,omitempty"`
	State   json.RawMessage `json:"state,omitempty"`
	Log     string          `json:"log,omitempty"`
	Output  json.RawMessage `json:"output,omitempty"`
	Failure *Failure        `json:"failure,omitempty"`
}

// fenced is what a fence tells apart.
type fenced interface{ fence() uint64 }

func (r report) fence() uint64 { return r.Fence }

// reportAnswer is what became of reports.
type reportAnswer struct {
	Lost    []verdict `json:"lost"`
	Again   []verdict `json:"again"`
	Refused []verdict `json:"refused"`
}

// verdict is what the engine says of a report that it did not take as it is.
type verdict struct {
	Run   string `json:"run"`
	Step  string `json:"step"`
	Item  int    `json:"item"`
	Fence uint64 `json:"fence"`
	Why   string `json:"why"`
}

func (v verdict) fence() uint64 { return v.Fence }

// heard tells of what the engine did not take.
func (s *session) heard(a reportAnswer) {
	for _, v := range a.Lost {
		s.logf("worker %s: run %s, step %s: lost: %s", s.Name, v.Run, v.Step, v.Why)
	}
	for _, v := range a.Refused {
		s.logf("worker %s: run %s, step %s: a part of its report was refused: %s", s.Name, v.Run, v.Step, v.Why)
	}
}

// defaultLease is taken where a task names none that can be read.
const defaultLease = 30 * time.Second

// start executes a task.
func (s *session) start(t Task) {
	ctx, cancel := context.WithCancelCause(context.Background())
	e := &execution{task: t, rep: &Reporter{news: s.news}, cancel: cancel, lease: defaultLease}
	if lease, err := time.ParseDuration(t.Lease); err == nil && lease > 0 {
		e.lease = lease
	}
	s.mu.Lock()
	e.until = time.Now().Add(e.lease)
	s.running[t.Fence] = e
	s.mu.Unlock()
	signal(s.news)
	s.executing.Go(func() {
		defer cancel(nil)
		if limit, err := time.ParseDuration(t.Timeout); err == nil && limit > 0 {
			timer := time.AfterFunc(limit, func() { cancel(ErrTimeout) })
			defer timer.Stop()
		}
		out, err := s.handle(ctx, t, e.rep)
		s.finish(ctx, e, resultOf(ctx, e, out, err))
	})
}

// handle calls the handler; a panic is a failure of the attempt.
func (s *session) handle(ctx context.Context, t Task, r *Reporter) (out any, err error) {
	h := s.Handlers[t.Type]
	if h == nil {
		h = s.Handlers["*"]
	}
	if h == nil {
		return nil, &Failure{Code: "type", Message: fmt.Sprintf("this worker has no handler for type %q", t.Type), Fatal: true}
	}
	defer func() {
		if p := recover(); p != nil {
			r.Log(string(debug.Stack()))
			err = &Failure{Code: "panic", Message: fmt.Sprint(p)}
		}
	}()
	return h(ctx, t, r)
}

func resultOf(ctx context.Context, e *execution, out any, err error) report {
	r := e.report()
	if err == nil {
		if r.Output, err = json.Marshal(out); err == nil {
			return r
		}
		err = &Failure{Code: "output", Message: "the output is no JSON: " + err.Error(), Fatal: true}
	}
	if !errors.As(err, &r.Failure) {
		r.Failure = &Failure{Code: "error", Message: err.Error()}
		if errors.Is(context.Cause(ctx), ErrTimeout) {
			r.Failure.Code = "timeout"
		}
	}
	return r
}

// report is what the execution has to tell now.
func (e *execution) report() report {
	r := report{Run: e.task.Run, Step: e.task.Step, Item: e.task.Item, Fence: e.task.Fence}
	e.rep.mu.Lock()
	defer e.rep.mu.Unlock()
	r.Percent, r.Message, r.State, r.Log = e.rep.percent, e.rep.message, e.rep.state, e.rep.log
	e.rep.log, e.rep.dropped, e.rep.changed = "", false, false
	return r
}

// untold reports whether the execution has something new to tell.
func (e *execution) untold() bool {
	e.rep.mu.Lock()
	defer e.rep.mu.Unlock()
	return e.rep.changed
}

// finish keeps a result until it is told, unless the task was lost, or is given
// back.
func (s *session) finish(ctx context.Context, e *execution, r report) {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer signal(s.room)
	if _, ours := s.running[e.task.Fence]; !ours {
		return
	}
	delete(s.running, e.task.Fence)
	if r.Failure != nil && errors.Is(context.Cause(ctx), ErrStopping) {
		return
	}
	s.results = append(s.results, r)
	signal(s.ready)
}

const (
	// newsEvery is how often news of executions are told at most.
	newsEvery = time.Second
	// leastBeat is the shortest time between two heartbeats of a task.
	leastBeat = 50 * time.Millisecond
)

// heartbeat keeps the leases of what runs, and tells what is new, until ctx
// ends.
func (s *session) heartbeat(ctx context.Context) {
	for next := time.Now().Add(time.Hour); ; {
		t := time.NewTimer(time.Until(next))
		select {
		case <-ctx.Done():
			t.Stop()
			return
		case <-t.C:
		case <-s.news:
			t.Stop()
			sleep(ctx, s.patience()) // more will come
		}
		next = s.beat(ctx)
	}
}

// patience is how long news may wait: until they come together with others, but
// no heartbeat comes too late.
func (s *session) patience() time.Duration {
	wait := newsEvery
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.running {
		wait = min(wait, time.Until(e.due()))
	}
	return max(wait, leastBeat)
}

// due is when the next heartbeat should be sent. The caller holds the
// session's mu.
func (e *execution) due() time.Time { return e.until.Add(-2 * e.lease / 3) }

// beat sends the heartbeats that are due, and those with news. It returns when
// the next is due.
func (s *session) beat(ctx context.Context) time.Time {
	now := time.Now()
	next := now.Add(time.Hour)
	var due []*execution
	within := time.Minute
	s.mu.Lock()
	for fence, e := range s.running {
		if now.After(e.until) {
			// Nobody answered for as long as the lease: another may have it.
			delete(s.running, fence)
			e.cancel(ErrLost)
			signal(s.room)
			continue
		}
		at := e.due()
		if !now.Before(at) || e.untold() {
			due = append(due, e)
			at = now.Add(max(e.lease/3, leastBeat))
			within = min(within, max(e.lease/3, leastBeat))
		}
		if at.Before(next) {
			next = at
		}
	}
	s.mu.Unlock()
	for len(due) > 0 {
		part := due[:min(len(due), maxTold)]
		due = due[len(part):]
		if !s.send(ctx, part, within) {
			next = time.Now().Add(min(within, time.Second))
		}
	}
	return next
}

// send sends heartbeats; false means that they have to be sent again.
func (s *session) send(ctx context.Context, part []*execution, within time.Duration) bool {
	beats := make([]report, len(part))
	for i, e := range part {
		beats[i] = e.report()
	}
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	sent := time.Now()
	var answer reportAnswer
	if err := s.Client.Do(ctx, http.MethodPost, s.path("report"), nil, map[string]any{"heartbeat": beats}, &answer); err != nil {
		s.logf("worker %s: heartbeat: %v", s.Name, err)
		for i, e := range part {
			e.untell(beats[i])
		}
		return false
	}
	s.heard(answer)
	lost, again := fences(answer.Lost), fences(answer.Again)
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, e := range part {
		switch fence := e.task.Fence; {
		case lost[fence]:
			if s.running[fence] == e {
				delete(s.running, fence)
				e.cancel(ErrLost)
				signal(s.room)
			}
		case again[fence]:
			e.untell(beats[i])
		default:
			e.until = sent.Add(e.lease)
		}
	}
	return len(again) == 0
}

// untell puts back lines that were not told.
func (e *execution) untell(r report) {
	e.rep.mu.Lock()
	defer e.rep.mu.Unlock()
	e.rep.log = r.Log + e.rep.log
	e.rep.changed = true
}
