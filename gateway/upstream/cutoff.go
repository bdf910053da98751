package upstream

import "sync"

// Cutoff lets another goroutine end an exchange that is under way, without the
// cost of a context for each of the many that nobody ends. The zero value is
// ready; it is good for one request.
type Cutoff struct {
	mu    sync.Mutex // guards what follows
	cause error
	abort func()
}

// Cut ends the exchange: [Group.Forward] returns as it does when the client has
// left, with cause as the cause. The first cause counts.
func (c *Cutoff) Cut(cause error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cause != nil {
		return
	}
	if c.cause = cause; c.abort != nil {
		c.abort()
	}
}

// Cause returns why the exchange was ended, nil when it was not.
func (c *Cutoff) Cause() error {
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cause
}

// attach says how the attempt that begins is ended, nil when it is over. It
// returns the cause when the exchange has been ended already.
func (c *Cutoff) attach(abort func()) error {
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.abort = abort
	return c.cause
}
