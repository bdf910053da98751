package client

import (
	"context"
	"encoding/json"
	"sync"
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
// with the code "error". ctx ends when the task is not the worker's any more,
// its time is over or the worker stops, and [context.Cause] says which; the
// handler must then stop.
type Handler func(ctx context.Context, t Task, r *Reporter) (any, error)

// Reporter takes what a handler tells while it executes. Its methods may be
// called from several goroutines.
type Reporter struct {
	news chan struct{}

	mu      sync.Mutex // guards the fields below
	percent float64
	message string
	state   json.RawMessage
	log     string
	dropped bool // since the lines were last told
	changed bool // since anything was last told
}

// maxLog bounds the lines kept between two heartbeats, in bytes.
const maxLog = 256 << 10

// Progress tells how far the attempt is: 0 to 100, and a word for people.
func (r *Reporter) Progress(percent float64, message string) {
	r.change(func() { r.percent, r.message = percent, message })
}

// Save keeps state for the next attempt, anything that is JSON.
func (r *Reporter) Save(state any) error {
	enc, err := json.Marshal(state)
	if err != nil {
		return err
	}
	r.change(func() { r.state = enc })
	return nil
}

// Log adds a line to the attempt's log. Lines that come faster than they can
// be told are dropped, and the log says so.
func (r *Reporter) Log(line string) {
	r.change(func() {
		switch {
		case len(r.log)+len(line) <= maxLog:
			r.log += line + "\n"
		case !r.dropped:
			r.dropped = true
			r.log += "[lines that came too fast were dropped]\n"
		}
	})
}

func (r *Reporter) change(edit func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	edit()
	r.changed = true
	if r.news != nil {
		signal(r.news)
	}
}
