package http

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/berth-project/berth/secret"
	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/internal/cause"
	"github.com/berth-project/berth/work/internal/egress"
	"github.com/berth-project/berth/work/internal/transcript"
	"github.com/berth-project/berth/work/outbox"
	"github.com/berth-project/berth/workflow/machine"
)

// Executor executes steps of type "http". It implements [work.Executor].
type Executor struct {
	opts   Options
	policy egress.Policy
	client *http.Client
}

// New returns an executor. It opens no connection.
func New(opts Options) (*Executor, error) {
	policy := egress.Policy{Hosts: opts.Hosts, Networks: opts.Networks, TLS: opts.TLS}
	if err := errors.Join(policy.Validate(), opts.complete()); err != nil {
		return nil, fmt.Errorf("http steps: %w", err)
	}
	client := policy.Client()
	client.CheckRedirect = sameOrigin
	return &Executor{opts: opts, policy: policy, client: client}, nil
}

// Close closes the connections that are kept for the next request.
func (e *Executor) Close() { e.client.CloseIdleConnections() }

// maxRedirects bounds the redirects that are followed.
const maxRedirects = 5

// sameOrigin follows the redirects of what only reads, to the server that was
// asked.
func sameOrigin(next *http.Request, before []*http.Request) error {
	first := before[0]
	reads := first.Method == http.MethodGet || first.Method == http.MethodHead
	if !reads || len(before) > maxRedirects || next.URL.Scheme != first.URL.Scheme || next.URL.Host != first.URL.Host {
		return http.ErrUseLastResponse
	}
	return nil
}

// Execute makes the request of a task.
func (e *Executor) Execute(ctx context.Context, task work.Task, report work.Reporter) work.Result {
	c, err := e.call(task)
	if err != nil {
		return failed(unsent(err))
	}
	if ctx.Err() != nil {
		return failed(interrupted(ctx))
	}
	limited, cancel := context.WithTimeoutCause(ctx, c.timeout, errSlow)
	defer cancel()
	begin := time.Now()
	resp, err := e.client.Do(c.request.WithContext(limited))
	if err != nil {
		return failed(c.transportFailure(ctx, limited, err))
	}
	defer resp.Body.Close()
	answer, err := c.read(resp, e.opts.MaxResponse)
	report.Log(fmt.Appendf(nil, "%s %s: %s in %s\n", c.request.Method, c.place(), c.status(resp), time.Since(begin).Round(time.Millisecond)))
	if err != nil {
		return failed(c.transportFailure(ctx, limited, err))
	}
	switch {
	case !c.expects(resp.StatusCode):
		return failed(c.unexpected(resp, answer, time.Now()))
	case c.Async == Always || c.Async == Accepted && resp.StatusCode == http.StatusAccepted:
		return work.Result{Deferred: c.wait}
	}
	output, failure := c.output(resp, answer)
	return work.Result{Output: output, Failure: failure}
}

// errSlow ends a request that takes longer than it may.
var errSlow = errors.New("no answer in time")

// call is a request that is about to be made.
type call struct {
	Request
	request  *http.Request
	redactor *transcript.Redactor
	timeout  time.Duration
	wait     time.Duration // for the result of an asynchronous call
}

// place is the URL as logs and failures have it: what is secret in a URL is in
// its query.
func (c *call) place() string {
	u := *c.request.URL
	u.RawQuery = ""
	return c.redactor.String(u.String())
}

// call returns the request of a task, with everything resolved and allowed.
func (e *Executor) call(task work.Task) (*call, error) {
	r, err := parseRequest(task.With)
	if err != nil {
		return nil, err
	}
	u, err := r.target()
	if err != nil {
		return nil, err
	}
	if err := e.policy.Check(u); err != nil {
		return nil, err
	}
	c := &call{Request: r, timeout: r.Timeout.Std()}
	if c.timeout == 0 {
		c.timeout = e.opts.Timeout
	}
	if c.timeout > e.opts.Timeout {
		return nil, fmt.Errorf("timeout: %s is more than the %s allowed", c.timeout, e.opts.Timeout)
	}
	body, contentType := r.body()
	if c.request, err = http.NewRequest(r.Method, u.String(), bytes.NewReader(body)); err != nil {
		return nil, err
	}
	if body == nil {
		c.request.Body, c.request.GetBody, c.request.ContentLength = nil, nil, 0
	}
	header := c.request.Header
	if contentType != "" {
		header.Set("Content-Type", contentType)
	}
	header.Set("User-Agent", "Berth")
	header.Set("Idempotency-Key", task.Key)
	if err := e.setHeaders(c, task, u); err != nil {
		return nil, err
	}
	header.Set("Berth-Run", task.Run.String())
	header.Set("Berth-Step", url.PathEscape(task.Step))
	header.Set("Berth-Attempt", strconv.Itoa(task.Attempt))
	header.Set("Berth-Fence", strconv.FormatUint(uint64(task.Fence), 10))
	return c, errors.Join(e.sign(c, task, body), e.expectCallback(c, task))
}

// setHeaders sets what the step asks for, with its secrets.
func (e *Executor) setHeaders(c *call, task work.Task, u *url.URL) error {
	var secrets []secret.String
	for name, value := range c.Headers {
		text := value.Text
		if value.Secret != "" {
			if e.opts.Secrets == nil {
				return fmt.Errorf("headers: %s: secret %q: %w: there are no secrets for steps", name, value.Secret, egress.ErrRefused)
			}
			found, err := e.opts.Secrets(task, value.Secret, u.Hostname())
			if err != nil {
				return fmt.Errorf("headers: %s: %w: %q: %w", name, errSecret, value.Secret, err)
			}
			if !validValue(found.Reveal()) {
				return fmt.Errorf("headers: %s: %w: %q has characters that no header can have", name, errSecret, value.Secret)
			}
			secrets = append(secrets, found)
			text = value.Prefix + found.Reveal()
		}
		c.request.Header.Set(name, text)
	}
	c.redactor = transcript.NewRedactor(secrets...)
	return nil
}

// sign signs the request with the key that the step names.
func (e *Executor) sign(c *call, task work.Task, body []byte) error {
	if c.Sign == "" {
		return nil
	}
	if e.opts.Keys == nil {
		return fmt.Errorf("sign: %q: %w: there are no keys for steps", c.Sign, egress.ErrRefused)
	}
	keys, err := e.opts.Keys(task, c.Sign)
	if err == nil && len(keys) == 0 {
		err = errors.New("there is no key of that name")
	}
	if err != nil {
		return fmt.Errorf("sign: %w: %q: %w", errSecret, c.Sign, err)
	}
	c.request.Header.Set(outbox.SignatureHeader, outbox.Sign(body, time.Now(), keys...))
	return nil
}

// expectCallback tells the server where the result of an asynchronous call
// goes.
func (e *Executor) expectCallback(c *call, task work.Task) error {
	if c.Async == Synchronous {
		return nil
	}
	if e.opts.Callback == nil {
		return fmt.Errorf("async: %w: nothing takes callbacks", egress.ErrRefused)
	}
	c.wait = e.opts.Callback.Wait
	if task.Timeout > 0 {
		c.wait = task.Timeout.Std()
	}
	c.request.Header.Set("Berth-Callback-URL", e.opts.Callback.URL)
	c.request.Header.Set("Berth-Callback-Token", SignToken(e.opts.Callback.Key, RefOf(task), time.Now().Add(c.wait)))
	return nil
}

// errSecret marks a secret or a key that is not to be had at present.
var errSecret = errors.New("secret not available")

// unsent is the failure of a step whose request was not even made.
func unsent(err error) *machine.Failure {
	f := &machine.Failure{Code: "with", Message: err.Error(), Fatal: true}
	switch {
	case errors.Is(err, egress.ErrRefused):
		f.Code = "refused"
	case errors.Is(err, errSecret):
		f.Code, f.Fatal = "start", false
	}
	return f
}

func interrupted(ctx context.Context) *machine.Failure {
	return &machine.Failure{Code: cause.Code(ctx), Message: "the request was ended: " + context.Cause(ctx).Error()}
}

func failed(f *machine.Failure) work.Result { return work.Result{Failure: f} }
