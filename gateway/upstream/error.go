package upstream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"
)

// Kind says what kept a request from being answered.
type Kind uint8

// The kinds, with the status a gateway answers when nothing was written yet.
const (
	// NoEndpoint: no target is in rotation. 503 with Retry-After.
	NoEndpoint Kind = iota + 1
	// Dial: no connection could be made. 502.
	Dial
	// Timeout: the target took too long in some phase. 504.
	Timeout
	// Protocol: the answer is not HTTP, or not HTTP we accept. 502.
	Protocol
	// Reset: the target closed the connection before the end. 502.
	Reset
	// ClientGone: the client left, or the caller cancelled the request.
	// Nobody reads an answer.
	ClientGone
	// ClientTimeout: the client was too slow to send its body. 408.
	ClientTimeout
	// BadBody: the request body is malformed. 400.
	BadBody
	// BodyTooLarge: the request body is beyond the caller's limit. 413.
	BodyTooLarge
	// BadRequest: the request cannot be forwarded as it is: a target, host or
	// added header that would not be one line. 400.
	BadRequest

	kinds
)

var kindNames = [kinds]string{
	"ok", "no_endpoint", "dial", "timeout", "protocol", "reset", "client_gone", "client_timeout", "bad_body",
	"body_too_large", "bad_request",
}

// String returns the stable name, as in metrics: "no_endpoint".
func (k Kind) String() string {
	if k >= kinds {
		return "unknown"
	}
	return kindNames[k]
}

// Error is why [Group.Forward] could not deliver a whole answer.
type Error struct {
	// Kind is what a caller decides by.
	Kind Kind
	// Written says that the answer has begun. The caller must then cut the
	// client's connection with panic([net/http.ErrAbortHandler]): ended
	// normally, a truncated answer would look complete.
	Written bool
	// RetryAfter is when to try again, for NoEndpoint.
	RetryAfter time.Duration
	// Upstream and Endpoint name where it happened; Endpoint may be empty.
	Upstream, Endpoint string
	// Err is the cause. It may hold addresses: it is for the log, not for
	// the client.
	Err error
}

// Error tells the group, the target, the kind and the cause.
func (e *Error) Error() string {
	where := e.Upstream
	if e.Endpoint != "" {
		where += " " + e.Endpoint
	}
	if e.Err == nil {
		return fmt.Sprintf("upstream %s: %s", where, e.Kind)
	}
	return fmt.Sprintf("upstream %s: %s: %v", where, e.Kind, e.Err)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

var (
	errClosed     = errors.New("upstream group is closed")
	errWithdrawn  = errors.New("endpoint was taken out")
	errNoTarget   = errors.New("no endpoint in rotation")
	errTruncated  = errors.New("connection closed before the end of the response")
	errNoResponse = errors.New("connection closed without a response")
	errUnread     = fmt.Errorf("%w: dropped unread", errNoResponse)
	errStopped    = errors.New("request body is no longer wanted")
	errShortBody  = errors.New("request body is shorter or longer than its content length")
)

// phaseError is an error whose kind is known where it arose.
type phaseError struct {
	kind Kind
	err  error
}

func (e *phaseError) Error() string { return e.err.Error() }
func (e *phaseError) Unwrap() error { return e.err }

// protocolError refuses something a target sent.
type protocolError string

func (e protocolError) Error() string { return string(e) }

// bodyError gives the kind to an error of reading the client's body.
func bodyError(err error) *phaseError {
	switch {
	case isMaxBytes(err):
		return &phaseError{BodyTooLarge, err}
	case errors.Is(err, os.ErrDeadlineExceeded):
		return &phaseError{ClientTimeout, err}
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF), errors.Is(err, context.Canceled), isNetwork(err):
		return &phaseError{ClientGone, err}
	}
	return &phaseError{BadBody, err}
}

func isMaxBytes(err error) bool {
	_, ok := errors.AsType[*http.MaxBytesError](err)
	return ok
}

// kindOf classifies an error of talking to a target.
func kindOf(err error) Kind {
	if p, ok := errors.AsType[*phaseError](err); ok {
		return p.kind
	}
	if _, ok := errors.AsType[protocolError](err); ok {
		return Protocol
	}
	if isTimeout(err) {
		return Timeout
	}
	return Reset
}

func isTimeout(err error) bool {
	t, ok := errors.AsType[interface {
		error
		Timeout() bool
	}](err)
	return ok && t.Timeout()
}

func isNetwork(err error) bool {
	_, ok := errors.AsType[interface {
		error
		Temporary() bool
	}](err)
	return ok
}
