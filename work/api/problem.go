package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/berth-project/berth/internal/diagnostic"
	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/store"
)

// Problem is an error as clients get it (RFC 9457).
type Problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail,omitempty"`
	// Problems are those of a document, each with its place.
	Problems diagnostic.List `json:"problems,omitempty"`
}

// statusGone is what the log has of a request whose client went away.
const statusGone = 499

// statusError is an error with its HTTP status.
type statusError struct {
	status int
	err    error
}

func (s *statusError) Error() string { return s.err.Error() }
func (s *statusError) Unwrap() error { return s.err }

// statusOf gives errors their HTTP status.
func statusOf(err error) int {
	var s *statusError
	var p *work.Problem
	switch {
	case errors.As(err, &s):
		return s.status
	case errors.Is(err, ErrUnknownCaller):
		return http.StatusUnauthorized
	case errors.Is(err, work.ErrInvalid) && !isProblem(err), errors.Is(err, store.ErrCursor):
		return http.StatusUnprocessableEntity // also when what it names is not there
	case errors.As(err, &p):
		return p.Status
	case errors.Is(err, work.ErrNotFound):
		return http.StatusNotFound
	case errors.Is(err, work.ErrConflict), errors.Is(err, work.ErrStale):
		return http.StatusConflict
	case errors.Is(err, work.ErrQuota):
		return http.StatusTooManyRequests
	case errors.Is(err, work.ErrBusy), errors.Is(err, work.ErrNotOwner), errors.Is(err, store.ErrNotOwner), errors.Is(err, context.DeadlineExceeded):
		return http.StatusServiceUnavailable
	case errors.Is(err, context.Canceled):
		return statusGone
	}
	return http.StatusInternalServerError
}

// isProblem says whether an error is one that has its own status, not one that
// is about such a thing.
func isProblem(err error) bool {
	_, is := err.(*work.Problem) //nolint:errorlint // not one that is wrapped
	return is
}

// public is what a client is told of an error: all of what it can do something
// about, and nothing of how the engine is built or where it runs.
func public(err error) Problem {
	p := Problem{Type: "about:blank", Status: statusOf(err)}
	p.Title = http.StatusText(p.Status)
	switch {
	case p.Status == http.StatusServiceUnavailable && (errors.Is(err, work.ErrNotOwner) || errors.Is(err, store.ErrNotOwner)):
		p.Detail = "this moves from one engine to another at the moment: try again in a few seconds"
	case p.Status == http.StatusServiceUnavailable && errors.Is(err, context.DeadlineExceeded):
		p.Detail = "it took too long: try again"
	case p.Status == http.StatusServiceUnavailable:
		p.Detail = "the engine takes no more at the moment: try again in a few seconds"
	case p.Status >= http.StatusInternalServerError:
		p.Detail = "the engine could not do this; its log says why"
	case errors.As(err, &p.Problems) && len(p.Problems) > 0:
		p.Detail = summaryOf(p.Problems)
	case errors.Is(err, store.ErrCursor):
		p.Detail = "cursor: " + store.ErrCursor.Error()
	default:
		p.Detail = err.Error()
	}
	return p
}

func summaryOf(l diagnostic.List) string {
	if len(l) == 1 {
		return l[0].Error()
	}
	return fmt.Sprintf("%v (and %d more problems)", l[0], len(l)-1)
}

// fail answers an error.
func (a *API) fail(w http.ResponseWriter, r *http.Request, err error) {
	p := public(err)
	switch p.Status {
	case http.StatusUnauthorized:
		w.Header().Set("WWW-Authenticate", `Bearer realm="berth"`)
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", strconv.Itoa(retryAfter(err)))
	}
	a.note(r, p.Status, err)
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p)
}

// note tells the log of what clients are not told.
func (a *API) note(r *http.Request, status int, err error) {
	switch {
	case status == http.StatusServiceUnavailable:
		a.opt.Logger.Warn("request put off", "method", r.Method, "path", r.URL.EscapedPath(), "error", err)
	case status >= http.StatusInternalServerError:
		a.opt.Logger.Error("request failed", "method", r.Method, "path", r.URL.EscapedPath(), "error", err)
	}
}

// retryAfter is in how many seconds trying again makes sense.
func retryAfter(err error) int {
	var limit *work.RateError
	if errors.As(err, &limit) {
		return int(math.Ceil(max(limit.After, time.Second).Seconds()))
	}
	return 1
}

// refused makes the refusal of one of several things fit for the client.
func (c *call) refused(p *work.Problem) *work.Problem {
	if p == nil {
		return nil
	}
	pub := public(p)
	c.note(c.r, pub.Status, p)
	return &work.Problem{Status: pub.Status, Detail: pub.Detail, Problems: pub.Problems}
}

// forbidden is what a caller gets who may read something but not do this.
func forbidden(a Action, tenant string) error {
	return &statusError{http.StatusForbidden, fmt.Errorf("you may not %s for tenant %.200q", a, tenant)}
}

// adminOnly refuses everybody else.
func adminOnly(c *Caller) error {
	if c.Admin {
		return nil
	}
	return &statusError{http.StatusForbidden, errors.New("this is for operators: it needs the action admin")}
}
