package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"runtime/debug"
	"slices"
	"sync"
	"time"
)

// Task is one attempt of one step, leased to a worker.
type Task struct {
	Run        string            `json:"run"`
	Step       string            `json:"step"`
	Item       int               `json:"item"` // -1 for a step without items
	Attempt    int               `json:"attempt"`
	RunAttempt int               `json:"run-attempt"`
	Fence      uint64            `json:"fence"`
	Type       string            `json:"type"`
	Workflow   string            `json:"workflow"`
	Tenant     string            `json:"tenant"`
	Queue      string            `json:"queue"`
	Pool       string            `json:"pool"`
	Labels     map[string]string `json:"labels,omitempty"`
	With       json.RawMessage   `json:"with,omitempty"`
	State      json.RawMessage   `json:"state,omitempty"` // what an earlier attempt saved
	Lease      string            `json:"lease"`           // as in 30s
	Timeout    string            `json:"timeout,omitempty"`
	Key        string            `json:"key"` // the same for every attempt
}

// Handler executes a task. What it returns is the step's output, anything
// that is JSON. An error fails the attempt: a *Failure as it is, any other
// with the code "error". ctx ends when the task is not the worker's any more
// or its time is over; the handler must then stop, and its result is not used.
type Handler func(ctx context.Context, t Task, r *Reporter) (any, error)

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
	// Logf tells of what goes wrong; nil tells nobody.
	Logf func(format string, args ...any)

	mu      sync.Mutex
	running map[uint64]*execution
	results []report
	free    chan struct{} // a task ended or a result is ready
}

// execution is a task that runs here.
type execution struct {
	task   Task
	rep    *Reporter
	cancel context.CancelCauseFunc
}

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

type reportAnswer struct {
	Lost  []report `json:"lost"`
	Again []report `json:"again"`
}

// ErrLost is the cause of a handler's context when its task was given to
// another, or is not wanted any more.
var ErrLost = errors.New("the task is not this worker's any more")

// errTimeout is the cause when the attempt took longer than its timeout.
var errTimeout = errors.New("the attempt took longer than its timeout")

// Run executes tasks until ctx ends, then finishes those it has begun and
// reports them. The error is one that no patience helps against: a key that
// is not valid, a pool that is not the key's.
func (w *Worker) Run(ctx context.Context) error {
	if w.Client == nil || w.Pool == "" || len(w.Handlers) == 0 {
		return errors.New("worker: a client, a pool and handlers are needed")
	}
	w.Concurrency = max(w.Concurrency, 1)
	if w.Name == "" {
		w.Name = "worker"
	}
	if w.Wait == 0 {
		w.Wait = 30 * time.Second
	}
	w.running, w.free = map[uint64]*execution{}, make(chan struct{}, 1)
	beating, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	go w.heartbeat(beating)
	err := w.poll(ctx)
	return errors.Join(err, w.drain(context.WithoutCancel(ctx)))
}

// poll asks for tasks whenever there is room, and brings results along.
func (w *Worker) poll(ctx context.Context) error {
	pause := 100 * time.Millisecond
	for ctx.Err() == nil {
		room, results := w.state()
		if room == 0 && len(results) == 0 {
			select {
			case <-ctx.Done():
			case <-w.free:
			}
			continue
		}
		err := w.ask(ctx, room, results)
		var refused *Error
		switch {
		case err == nil:
			pause = 100 * time.Millisecond
			continue
		case ctx.Err() != nil:
			return nil
		case errors.As(err, &refused) && !refused.Temporary():
			return err
		}
		w.logf("worker %s: %v", w.Name, err)
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
		pause = min(2*pause, 5*time.Second)
	}
	return nil
}

// state gives the room there is and the results to be told.
func (w *Worker) state() (room int, results []report) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.Concurrency - len(w.running), slices.Clone(w.results)
}

// ask polls once. While results wait to be told it does not wait for tasks;
// a result that becomes ready meanwhile ends the waiting.
func (w *Worker) ask(ctx context.Context, room int, results []report) error {
	wait := w.Wait
	if len(results) > 0 {
		wait = 0
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if room > 0 && len(results) == 0 {
		go func() {
			select {
			case <-w.free:
				cancel()
			case <-ctx.Done():
			}
		}()
	}
	types := slices.Sorted(maps.Keys(w.Handlers))
	if slices.Contains(types, "*") {
		types = nil
	}
	var answer struct {
		Tasks []Task `json:"tasks"`
		reportAnswer
	}
	err := w.Client.Do(ctx, http.MethodPost, "/pools/"+url.PathEscape(w.Pool)+"/poll", nil, map[string]any{
		"worker": w.Name, "types": types, "max": room, "wait": wait.String(), "complete": results,
	}, &answer)
	if err != nil {
		if len(results) == 0 && errors.Is(err, context.Canceled) {
			return nil // a result is ready; if a task was on its way it is given back
		}
		return err
	}
	w.told(results, answer.reportAnswer)
	for _, t := range answer.Tasks {
		w.start(t)
	}
	return nil
}

// told forgets results that were taken, or that count no more.
func (w *Worker) told(results []report, answer reportAnswer) {
	w.mu.Lock()
	defer w.mu.Unlock()
	again := map[uint64]bool{}
	for _, r := range answer.Again {
		again[r.Fence] = true
	}
	w.results = slices.DeleteFunc(w.results, func(have report) bool {
		return !again[have.Fence] && slices.ContainsFunc(results, func(r report) bool { return r.Fence == have.Fence })
	})
}

// start executes a task.
func (w *Worker) start(t Task) {
	ctx, cancel := context.WithCancelCause(context.Background())
	e := &execution{task: t, rep: &Reporter{}, cancel: cancel}
	w.mu.Lock()
	w.running[t.Fence] = e
	w.mu.Unlock()
	go func() {
		defer cancel(nil)
		if limit, err := time.ParseDuration(t.Timeout); err == nil && limit > 0 {
			timer := time.AfterFunc(limit, func() { cancel(errTimeout) })
			defer timer.Stop()
		}
		out, err := w.handle(ctx, t, e.rep)
		w.finish(e, resultOf(ctx, e, out, err))
	}()
}

// handle calls the handler; a panic is a failure of the attempt.
func (w *Worker) handle(ctx context.Context, t Task, r *Reporter) (out any, err error) {
	h := w.Handlers[t.Type]
	if h == nil {
		h = w.Handlers["*"]
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
		if errors.Is(context.Cause(ctx), errTimeout) {
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
	e.rep.log = ""
	return r
}

// finish keeps a result until it is told, unless the task was lost.
func (w *Worker) finish(e *execution, r report) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, ours := w.running[e.task.Fence]; !ours {
		return
	}
	delete(w.running, e.task.Fence)
	w.results = append(w.results, r)
	select {
	case w.free <- struct{}{}:
	default:
	}
}

// heartbeat keeps the leases of what runs.
func (w *Worker) heartbeat(ctx context.Context) {
	for {
		every := 10 * time.Second
		w.mu.Lock()
		beats := make([]report, 0, len(w.running))
		for _, e := range w.running {
			if lease, err := time.ParseDuration(e.task.Lease); err == nil && lease > 0 {
				every = min(every, max(lease/3, 50*time.Millisecond))
			}
			beats = append(beats, e.report())
		}
		w.mu.Unlock()
		if len(beats) > 0 {
			w.beat(ctx, beats, every)
		} else {
			every = 500 * time.Millisecond // a task that starts now has its first beat soon
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(every):
		}
	}
}

func (w *Worker) beat(ctx context.Context, beats []report, within time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	var answer reportAnswer
	err := w.Client.Do(ctx, http.MethodPost, "/pools/"+url.PathEscape(w.Pool)+"/report", nil, map[string]any{"heartbeat": beats}, &answer)
	if err != nil {
		w.logf("worker %s: heartbeat: %v", w.Name, err)
		w.keepLogs(beats)
		return
	}
	for _, lost := range answer.Lost {
		w.mu.Lock()
		e := w.running[lost.Fence]
		delete(w.running, lost.Fence)
		w.mu.Unlock()
		if e != nil {
			e.cancel(ErrLost)
		}
	}
}

// keepLogs puts lines back that could not be told.
func (w *Worker) keepLogs(beats []report) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, b := range beats {
		if e := w.running[b.Fence]; e != nil && b.Log != "" {
			e.rep.mu.Lock()
			e.rep.log = b.Log + e.rep.log
			e.rep.mu.Unlock()
		}
	}
}

// drainTries bounds how long a stopping worker tries to tell its results.
const drainTries = 20

// drain waits for what runs and tells the results.
func (w *Worker) drain(ctx context.Context) error {
	for try := 0; ; {
		w.mu.Lock()
		running, results := len(w.running), slices.Clone(w.results)
		w.mu.Unlock()
		if running == 0 && len(results) == 0 {
			return nil
		}
		if len(results) > 0 {
			var answer reportAnswer
			err := w.Client.Do(ctx, http.MethodPost, "/pools/"+url.PathEscape(w.Pool)+"/report", nil, map[string]any{"complete": results}, &answer)
			if err == nil {
				w.told(results, answer)
			} else if try++; try > drainTries {
				return fmt.Errorf("%d results could not be told: %w", len(results), err)
			}
		}
		select {
		case <-w.free:
		case <-time.After(200 * time.Millisecond):
		}
	}
}

func (w *Worker) logf(format string, args ...any) {
	if w.Logf != nil {
		w.Logf(format, args...)
	}
}

// Reporter takes what a handler tells while it executes. Its methods may be
// called from several goroutines.
type Reporter struct {
	mu      sync.Mutex
	percent float64
	message string
	state   json.RawMessage
	log     string
}

// maxLog bounds the lines kept between two heartbeats, in bytes.
const maxLog = 256 << 10

// Progress tells how far the attempt is: 0 to 100, and a word for people.
func (r *Reporter) Progress(percent float64, message string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.percent, r.message = percent, message
}

// Save keeps state for the next attempt, anything that is JSON.
func (r *Reporter) Save(state any) error {
	enc, err := json.Marshal(state)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.state = enc
	return nil
}

// Log adds a line to the attempt's log.
func (r *Reporter) Log(line string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.log)+len(line) < maxLog {
		r.log += line + "\n"
	}
}
