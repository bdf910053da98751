package client

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Client speaks to one engine, or to several behind one name.
type Client struct {
	base *url.URL
	key  string
	http *http.Client
}

// maxAnswer bounds what is read of an answer, in bytes.
const maxAnswer = 64 << 20

// New returns a client of the API at a URL, for an API key ("" sends none).
func New(server, key string) (*Client, error) {
	u, err := url.Parse(strings.TrimSuffix(server, "/"))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("server %q: an http or https URL", server)
	}
	u.Path = strings.TrimSuffix(u.Path, "/api/v1") + "/api/v1"
	return &Client{base: u, key: key, http: &http.Client{Transport: &http.Transport{
		Proxy: http.ProxyFromEnvironment, MaxIdleConnsPerHost: 32, IdleConnTimeout: time.Minute,
		ResponseHeaderTimeout: 2 * time.Minute, TLSHandshakeTimeout: 10 * time.Second, ForceAttemptHTTP2: true,
	}}}, nil
}

// Through returns a client that sends its requests through a transport: over
// a socket, with client certificates, or recorded.
func (c *Client) Through(rt http.RoundTripper) *Client {
	other := *c
	other.http = &http.Client{Transport: rt}
	return &other
}

// Error is an answer that is no success.
type Error struct {
	Status int    // as in HTTP
	Detail string // what was wrong and what to do
	// Problems are those of a document that was refused, each with its place.
	Problems []Diagnostic
	// RetryAfter is when trying again makes sense, where the engine says so.
	RetryAfter time.Duration
}

// Diagnostic is something that is wrong with a document.
type Diagnostic struct {
	Severity string   `json:"severity"`
	Code     string   `json:"code"`
	Message  string   `json:"message"`
	File     string   `json:"file"`
	Line     int      `json:"line"` // from 1; 0 is unknown
	Column   int      `json:"column"`
	Path     string   `json:"path,omitempty"` // the value in the document
	Help     string   `json:"help,omitempty"`
	Notes    []string `json:"notes,omitempty"`
}

// Error is the detail.
func (e *Error) Error() string { return e.Detail }

// Temporary says that the same request may succeed later.
func (e *Error) Temporary() bool {
	return e.Status == http.StatusTooManyRequests || e.Status >= 500 && e.Status != http.StatusNotImplemented
}

// IsNotFound says that an error is that there is no such thing.
func IsNotFound(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Status == http.StatusNotFound
}

// Do sends a request to a path below /api/v1 with in as its JSON body, if not
// nil, and reads the JSON answer into out, if not nil. Errors are *Error when
// the engine answered.
func (c *Client) Do(ctx context.Context, method, path string, query url.Values, in, out any) error {
	_, err := c.Exchange(ctx, Request{Method: method, Path: path, Query: query, Body: in}, out)
	return err
}

// Request is what Exchange sends.
type Request struct {
	Method, Path string
	Query        url.Values
	Header       http.Header
	Body         any // in JSON; nil for none
}

// Exchange is Do for requests with headers, such as If-Match, and for those
// who want the answer's.
func (c *Client) Exchange(ctx context.Context, r Request, out any) (http.Header, error) {
	res, err := c.send(ctx, r)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close() //nolint:errcheck // it was read
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", r.Method, r.Path, err)
	}
	if out == nil {
		return res.Header, nil
	}
	if raw, ok := out.(*json.RawMessage); ok {
		*raw = bytes.TrimSpace(body)
		return res.Header, nil
	}
	if err := json.Unmarshal(body, out); err != nil {
		return nil, fmt.Errorf("%s %s: the answer: %w", r.Method, r.Path, err)
	}
	return res.Header, nil
}

// send gives the answer of a success.
func (c *Client) send(ctx context.Context, r Request) (*http.Response, error) {
	u := c.base.JoinPath(r.Path)
	u.RawQuery = r.Query.Encode()
	var body io.Reader
	if r.Body != nil {
		enc, err := json.Marshal(r.Body)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(enc)
	}
	req, err := http.NewRequestWithContext(ctx, r.Method, u.String(), body)
	if err != nil {
		return nil, err
	}
	maps.Copy(req.Header, r.Header)
	if r.Body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.key != "" {
		req.Header.Set("Authorization", "Bearer "+c.key)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return nil, err
	}
	if res.StatusCode < 300 {
		return res, nil
	}
	defer res.Body.Close() //nolint:errcheck // it was read
	return nil, failure(res)
}

func failure(res *http.Response) error {
	text, _ := io.ReadAll(io.LimitReader(res.Body, 64<<10))
	var p struct {
		Detail   string       `json:"detail"`
		Problems []Diagnostic `json:"problems"`
	}
	if json.Unmarshal(text, &p) != nil || p.Detail == "" {
		p.Detail = res.Status
	}
	e := &Error{Status: res.StatusCode, Detail: p.Detail, Problems: p.Problems}
	if seconds, err := strconv.Atoi(res.Header.Get("Retry-After")); err == nil && seconds > 0 {
		e.RetryAfter = min(time.Duration(seconds), 86400) * time.Second
	}
	return e
}

// Submission asks for a run: of a workflow the engine has, by name, or of a
// document.
type Submission struct {
	Workflow       string            `json:"workflow,omitempty"`
	Version        int               `json:"version,omitempty"`
	Document       any               `json:"document,omitempty"` // anything that is a document in JSON
	Tenant         string            `json:"tenant,omitempty"`
	Params         any               `json:"params,omitempty"` // anything that is an object in JSON
	Queue          string            `json:"queue,omitempty"`
	Priority       *int              `json:"priority,omitempty"`
	Labels         map[string]string `json:"labels,omitempty"`
	IdempotencyKey string            `json:"idempotency-key,omitempty"`
	Key            string            `json:"key,omitempty"`
	StartAt        *time.Time        `json:"start-at,omitempty"`
	Hold           bool              `json:"hold,omitempty"`
	Deadline       string            `json:"deadline,omitempty"` // as in 1h30m
	Cost           float64           `json:"cost,omitempty"`
}

// Receipt answers a submission.
type Receipt struct {
	ID        string `json:"id"`
	Queue     string `json:"queue,omitempty"`
	Duplicate bool   `json:"duplicate,omitempty"`
	// Error is set in a batch for those that were refused.
	Error *Refusal `json:"error,omitempty"`
}

// Refusal is why one run of a batch was not taken.
type Refusal struct {
	Status   int          `json:"status"` // as in HTTP
	Detail   string       `json:"detail"`
	Problems []Diagnostic `json:"problems,omitempty"` // as in Error
}

// Error is the detail.
func (r *Refusal) Error() string { return r.Detail }

// Submit submits a run. With an idempotency key it may be called again
// whenever its answer was lost.
func (c *Client) Submit(ctx context.Context, s Submission) (Receipt, error) {
	var r Receipt
	err := c.Do(ctx, http.MethodPost, "/runs", nil, s, &r)
	return r, err
}

// SubmitAll submits up to 1000 runs at once: one receipt for each.
func (c *Client) SubmitAll(ctx context.Context, all []Submission) ([]Receipt, error) {
	var page struct {
		Receipts []Receipt `json:"receipts"`
	}
	err := c.Do(ctx, http.MethodPost, "/runs", nil, map[string]any{"runs": all}, &page)
	return page.Receipts, err
}

// Run is a run.
type Run struct {
	ID       string            `json:"id"`
	Tenant   string            `json:"tenant"`
	Queue    string            `json:"queue"`
	Workflow string            `json:"workflow"`
	Version  int               `json:"version,omitempty"`
	State    string            `json:"state"` // held, queued, running, succeeded, failed, canceled, timed-out
	Paused   bool              `json:"paused,omitempty"`
	Priority int               `json:"priority"`
	Labels   map[string]string `json:"labels,omitempty"`
	Created  time.Time         `json:"created"`
	Started  time.Time         `json:"started,omitzero"`
	Finished time.Time         `json:"finished,omitzero"`
	StartAt  time.Time         `json:"start-at,omitzero"`
	Deadline time.Time         `json:"deadline,omitzero"`
	Failed   string            `json:"failed-with,omitempty"`
	Parent   string            `json:"parent,omitempty"`
	Params   json.RawMessage   `json:"params,omitempty"`
	Detail   *Detail           `json:"detail,omitempty"` // not in lists
}

// Final says that the run has come to its end.
func (r *Run) Final() bool {
	switch r.State {
	case "succeeded", "failed", "canceled", "timed-out":
		return true
	}
	return false
}

// Detail is what a run is made of.
type Detail struct {
	Percent float64         `json:"percent"`
	Attempt int             `json:"attempt"`
	Failure *Failure        `json:"failure,omitempty"`
	Output  json.RawMessage `json:"output,omitempty"`
	Steps   []Step          `json:"steps"`
}

// Failure is why something failed.
type Failure struct {
	Code    string          `json:"code"`
	Message string          `json:"message"`
	Fatal   bool            `json:"fatal,omitempty"`
	Detail  json.RawMessage `json:"detail,omitempty"`
	Step    string          `json:"step,omitempty"`
	// RetryAfter is how long the next attempt is to wait at least: what a
	// handler tells, and is not told.
	RetryAfter time.Duration `json:"-"`
}

// MarshalJSON writes a failure as the engine reads it.
func (f Failure) MarshalJSON() ([]byte, error) {
	type plain Failure
	return json.Marshal(struct {
		plain
		RetryAfter float64 `json:"retry-after,omitempty"` // seconds
	}{plain(f), min(max(f.RetryAfter, 0), 24*time.Hour).Seconds()})
}

// Error is the message, so that a handler may return a *Failure.
func (f *Failure) Error() string { return f.Code + ": " + f.Message }

// Step is a step of a run. Times are milliseconds since 1970.
type Step struct {
	Name    string   `json:"name"`
	Type    string   `json:"type"`
	Needs   []string `json:"needs,omitempty"`
	Handler bool     `json:"handler,omitempty"`
	Finally bool     `json:"finally,omitempty"`
	Parent  string   `json:"parent,omitempty"`
	Standing
	Items []Item `json:"items,omitempty"`
}

// Item is one item of a step with for-each.
type Item struct {
	Item  int             `json:"item"`
	Value json.RawMessage `json:"value,omitempty"`
	Standing
}

// Standing is where a step or an item stands.
type Standing struct {
	Status   string          `json:"status"`
	Reason   string          `json:"reason,omitempty"`
	Attempt  int             `json:"attempt,omitempty"`
	Failures int             `json:"failures,omitempty"`
	Crashes  int             `json:"crashes,omitempty"`
	Worker   string          `json:"worker,omitempty"`
	Started  int64           `json:"started,omitempty"`
	Finished int64           `json:"finished,omitempty"`
	WakeAt   int64           `json:"wake-at,omitempty"`
	Percent  float64         `json:"percent"`
	Message  string          `json:"message,omitempty"`
	Output   json.RawMessage `json:"output,omitempty"`
	Failure  *Failure        `json:"failure,omitempty"`
	Child    string          `json:"child,omitempty"`
	// Awaits is the signal a sleeping step waits for; Approval says that it
	// must approve.
	Awaits   string `json:"awaits,omitempty"`
	Approval bool   `json:"approval,omitempty"`
}

// Get gives a run with its steps.
func (c *Client) Get(ctx context.Context, id string) (Run, error) {
	var r Run
	err := c.Do(ctx, http.MethodGet, "/runs/"+url.PathEscape(id), nil, nil, &r)
	return r, err
}

// List gives runs by the filters of the API (state, tenant, workflow, queue,
// label.NAME, text, from, to, order, limit) and the cursor of the next page.
func (c *Client) List(ctx context.Context, filter url.Values) (runs []Run, next string, err error) {
	var page struct {
		Runs []Run  `json:"runs"`
		Next string `json:"next"`
	}
	err = c.Do(ctx, http.MethodGet, "/runs", filter, nil, &page)
	return page.Runs, page.Next, err
}

// Steer asks something of a run: cancel, pause, resume, release, retry, reset,
// skip, signal, steps, move. body holds what the verb needs; nil for nothing.
func (c *Client) Steer(ctx context.Context, id, verb string, body any) (Run, error) {
	var r Run
	if body == nil {
		body = struct{}{}
	}
	err := c.Do(ctx, http.MethodPost, "/runs/"+url.PathEscape(id)+"/"+verb, nil, body, &r)
	return r, err
}

// Event is something that happened to a run.
type Event struct {
	Seq        uint64   `json:"seq"`
	At         int64    `json:"at"` // ms
	Kind       string   `json:"kind"`
	Run        string   `json:"run"`
	Tenant     string   `json:"tenant"`
	Queue      string   `json:"queue"`
	Workflow   string   `json:"workflow"`
	Status     string   `json:"status"`
	Step       string   `json:"step,omitempty"`
	Item       int      `json:"item,omitempty"`
	StepStatus string   `json:"step-status,omitempty"`
	Attempt    int      `json:"attempt,omitempty"`
	Percent    float64  `json:"percent,omitempty"`
	Message    string   `json:"message,omitempty"`
	Failure    *Failure `json:"failure,omitempty"`
	Log        string   `json:"log,omitempty"`
}

// ErrMissed says that a watcher missed events: it should read again what it
// shows, and watch again.
var ErrMissed = errors.New("events were missed")

// Watch calls seen for every event of a run until it is final, or of all runs
// when id is "", until ctx ends, the connection breaks or seen fails.
func (c *Client) Watch(ctx context.Context, id string, query url.Values, seen func(Event) error) error {
	s, err := c.Stream(ctx, id, query, "")
	if err != nil {
		return err
	}
	return s.Each(seen)
}

// Stream is an open watch: it has all that happens since it was opened. It
// holds a connection until Each has returned or its context has ended.
type Stream struct {
	body     io.ReadCloser
	position string
}

// Position is behind which event the stream is: another one that begins there
// goes on where this one broke. It is "", the present, where events were missed.
// It is not to be asked for while Each reads.
func (s *Stream) Position() string { return s.position }

// Stream opens a watch of a run, or of all runs when id is "". It begins at the
// Position of an earlier one; "" is the present.
func (c *Client) Stream(ctx context.Context, id string, query url.Values, position string) (*Stream, error) {
	path := "/watch"
	if id != "" {
		path = "/runs/" + url.PathEscape(id) + "/watch"
	}
	r := Request{Method: http.MethodGet, Path: path, Query: query}
	if position != "" {
		r.Header = http.Header{"Last-Event-ID": {position}}
	}
	res, err := c.send(ctx, r)
	if err != nil {
		return nil, err
	}
	return &Stream{res.Body, position}, nil
}

// Each calls seen for every event, as Watch does, and closes the stream.
func (s *Stream) Each(seen func(Event) error) error {
	defer s.body.Close() //nolint:errcheck // a stream
	lines := bufio.NewScanner(s.body)
	lines.Buffer(make([]byte, 0, 64<<10), 4<<20)
	kind, position := "", s.position
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), ": ")
		switch {
		case name == "id":
			position = value
		case name == "event":
			kind = value
		case name == "data" && kind == "reset":
			s.position = ""
			return ErrMissed
		case name == "data":
			var e Event
			if err := json.Unmarshal([]byte(value), &e); err != nil {
				return fmt.Errorf("watch: %w", err)
			}
			if err := seen(e); err != nil {
				return err
			}
		case name == "": // the event was whole, and was seen
			s.position = position
		}
	}
	return lines.Err()
}

// Wait waits until a run is final and gives it.
func (c *Client) Wait(ctx context.Context, id string) (Run, error) {
	for pause := 100 * time.Millisecond; ; pause = min(2*pause, 5*time.Second) {
		// The watch ends with the run; when it breaks, a look tells.
		_ = c.Watch(ctx, id, url.Values{"kind": {"run"}}, func(Event) error { return nil })
		r, err := c.Get(ctx, id)
		var answered *Error
		if err == nil && r.Final() || errors.As(err, &answered) && !answered.Temporary() {
			return r, err
		}
		select {
		case <-ctx.Done():
			return r, ctx.Err()
		case <-time.After(pause):
		}
	}
}

// LogLine is one or more lines of an attempt's log.
type LogLine struct {
	Seq     int64  `json:"seq"`
	At      int64  `json:"at"`
	Step    string `json:"step"`
	Item    int    `json:"item"`
	Attempt int    `json:"attempt"`
	Text    string `json:"text"`
}

// Logs gives the log lines of a run after a Seq; step "" means all.
func (c *Client) Logs(ctx context.Context, id, step string, after int64) ([]LogLine, error) {
	query := url.Values{"after": {strconv.FormatInt(after, 10)}, "limit": {"1000"}}
	if step != "" {
		query.Set("step", step)
	}
	var page struct {
		Lines []LogLine `json:"lines"`
	}
	err := c.Do(ctx, http.MethodGet, "/runs/"+url.PathEscape(id)+"/logs", query, nil, &page)
	return page.Lines, err
}
