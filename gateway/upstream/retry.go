package upstream

import (
	"errors"
	"time"
)

// longestRest is the longest pause between two rounds of tries.
const longestRest = 250 * time.Millisecond

// again decides whether a request that may be sent again is, and waits when
// all targets were tried.
func (x *exchange) again(t *target, err error) bool {
	fresh := x.fresh // a kept connection died: the same target may be well
	if !fresh {
		x.tried = append(x.tried, t)
	}
	exhausted := !fresh && x.exhausted()
	if x.counts(t, err, exhausted) {
		if x.charged >= x.group.cfg.Retries {
			return false
		}
		x.charged++
	}
	return !exhausted || x.rest(err)
}

// counts decides whether a failure uses up one of Retries, which bound how many
// programs one request can crash. Where none can have read the request it does
// no harm, and Hold is the only bound: a refused connection, and a connection
// that a program at which this request broke before drops unread, because that
// program is just dying.
func (x *exchange) counts(t *target, err error, exhausted bool) bool {
	if kindOf(err) == Dial {
		return !exhausted && x.group.cfg.Retries == 0
	}
	if contains(x.failed, t) && errors.Is(err, errUnread) {
		return false
	}
	x.failed = append(x.failed, t)
	return true
}

// mayRetry applies the rules of the package comment.
func (x *exchange) mayRetry(err error) bool {
	if x.written || x.consumed || x.left() || errors.Is(err, errClosed) {
		return false
	}
	if kindOf(err) == Dial {
		return true
	}
	if !errors.Is(err, errNoResponse) {
		return false
	}
	return x.req.repeatable() || x.fresh && x.req.idempotent()
}

func (x *exchange) hasTried(t *target) bool { return contains(x.tried, t) }

// exhausted reports whether every available target was tried.
func (x *exchange) exhausted() bool {
	now := time.Now().UnixNano()
	for _, t := range *x.group.roster.Load() {
		if t.available(now) && !x.hasTried(t) {
			return false
		}
	}
	return true
}

// rest waits before targets are tried once more, as long as Hold allows. A
// target that takes connections and drops them may be a program that is just
// dying: whoever runs it needs a moment to notice and say so, which ends the
// rest.
func (x *exchange) rest(err error) bool {
	x.pause = min(max(2*x.pause, 10*time.Millisecond), longestRest)
	if kindOf(err) != Dial {
		x.pause = longestRest
	}
	left := x.group.cfg.Hold - time.Since(x.start)
	if left <= 0 {
		return false
	}
	x.sleep(min(left, x.pause), x.group.changes())
	x.tried = x.tried[:0]
	return !x.left()
}
