package outbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"
)

// Event is something that happened, on its way to one destination.
type Event struct {
	// ID is the same for every try of this delivery: a number that grows with
	// what happens to a run.
	ID string
	// Kind is what happened: "run.succeeded".
	Kind string
	// Tenant is whose run it is about.
	Tenant string
	// Run groups events where a destination has groups.
	Run string
	// At is when it happened.
	At time.Time
	// Body is what the receiver is told: a JSON object.
	Body json.RawMessage
	// To is where it goes: an http or https URL, "sns:" and the ARN of a topic,
	// "sqs:" and the URL of a queue, or "eventbridge:" and the ARN of a bus.
	To string
	// Operator says that the operator of the service said where it goes, in a
	// subscription to all tenants: not the event's tenant.
	Operator bool
	// Secret names the keys that sign a webhook; "" does not sign it. They are
	// those of who said where it goes.
	Secret string
	// Try counts the tries of this delivery, from 1.
	Try int
}

// Sender sends an event once. The error is an [*Error] where more is known than
// that it did not arrive for certain.
type Sender interface {
	Send(ctx context.Context, event Event) error
}

// Error says what a failed try means for the next.
type Error struct {
	// Permanent means that no further try can succeed.
	Permanent bool
	// RetryAfter is how long the receiver wants to be left alone; 0 when it did
	// not say.
	RetryAfter time.Duration
	Err        error
}

// Error implements error.
func (e *Error) Error() string { return e.Err.Error() }

// Unwrap returns what went wrong.
func (e *Error) Unwrap() error { return e.Err }

// Permanent reports whether an error of a [Sender] means that no further try
// can succeed.
func Permanent(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Permanent
}

// RetryAfter returns how long the receiver wants to be left alone, 0 when it
// did not say.
func RetryAfter(err error) time.Duration {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.RetryAfter
	}
	return 0
}

// Unanswered reports whether an error of a [Sender] means that the receiver did
// not answer: it is down, or hangs.
func Unanswered(err error) bool {
	_, ok := errors.AsType[net.Error](err)
	return ok || errors.Is(err, context.DeadlineExceeded)
}

func permanent(format string, args ...any) error {
	return &Error{Permanent: true, Err: fmt.Errorf(format, args...)}
}

// Router sends each event with the sender for its kind of destination. A nil
// one refuses its destinations for good.
type Router struct {
	Webhook     Sender // http:// and https://
	SNS         Sender // sns:
	SQS         Sender // sqs:
	EventBridge Sender // eventbridge:
}

// Send implements [Sender].
func (r Router) Send(ctx context.Context, event Event) error {
	scheme, _, _ := strings.Cut(event.To, ":")
	sender, known := map[string]Sender{
		"http": r.Webhook, "https": r.Webhook, "sns": r.SNS, "sqs": r.SQS, "eventbridge": r.EventBridge,
	}[scheme]
	switch {
	case !known:
		return permanent("destination %.100q: want https://…, sns:ARN, sqs:URL or eventbridge:ARN", event.To)
	case sender == nil:
		return permanent("destination %.100q: nothing here sends to %s: the operator has to configure it", event.To, scheme)
	}
	return sender.Send(ctx, event)
}
