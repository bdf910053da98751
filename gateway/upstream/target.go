package upstream

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// target is what a group knows of one endpoint. It lives as long as the
// endpoint is in the group and requests to it are in flight.
type target struct {
	endpoint Endpoint
	// hash places clients by rendezvous; token names the target in the
	// affinity cookie.
	hash  uint64
	token string

	inFlight atomic.Int64
	// withdrawn is set once the target is out of the group.
	withdrawn atomic.Bool
	// down is set by active checks. ejected is the time, in Unix nanoseconds,
	// until which passive health keeps requests away; 0 means it does not.
	down    atomic.Bool
	ejected atomic.Int64
	// failed tells the hot path that there are failures to forget.
	failed atomic.Bool

	standard transports

	mu sync.Mutex // guards what follows
	// idle is a stack: the connection used last is used next, so that the
	// others get old and are closed.
	idle []*conn
	// conns are all open connections, idle or not.
	conns map[*conn]struct{}
	// retired targets keep no connection, severed ones have none.
	retired, severed bool
	// fails counts failures since firstFail; good and bad count checks in a
	// row.
	fails     int
	firstFail time.Time
	good, bad int
	lastError string
}

func newTarget(group string, e Endpoint) *target {
	e.ID = cmp.Or(e.ID, e.Address)
	sum := sha256.Sum256([]byte(group + "\x00" + e.ID))
	return &target{
		endpoint: e,
		hash:     binary.BigEndian.Uint64(sum[16:]),
		token:    hex.EncodeToString(sum[:8]),
		conns:    map[*conn]struct{}{},
	}
}

// available reports whether the target may be chosen at a time: it is up, and
// not ejected or due for a trial.
func (t *target) available(now int64) bool {
	return !t.down.Load() && now >= t.ejected.Load()
}

// claim takes the right to send a request. An ejected target whose time is
// over is half open: one request per period is its trial.
func (t *target) claim(now int64, period time.Duration) bool {
	until := t.ejected.Load()
	if until == 0 {
		return true
	}
	return now >= until && t.ejected.CompareAndSwap(until, now+int64(period))
}

// succeeded forgets failures; it reports whether the target came back.
func (t *target) succeeded() (back bool) {
	if !t.failed.Load() {
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.failed.Store(false)
	t.fails, t.lastError = 0, ""
	return t.ejected.Swap(0) != 0
}

// failure counts one; it reports whether the target is ejected by it.
func (t *target) failure(err error, p Passive) (ejected bool) {
	now := time.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.lastError = err.Error()
	t.failed.Store(true)
	if t.fails == 0 || now.Sub(t.firstFail) > p.FailTimeout {
		t.fails, t.firstFail = 0, now
	}
	t.fails++
	if p.MaxFails == 0 {
		return false
	}
	again := t.ejected.Load() != 0
	if t.fails < p.MaxFails && !again {
		return false
	}
	t.ejected.Store(now.Add(p.FailTimeout).UnixNano())
	return !again
}

// checked counts one active check; it reports whether the state changed.
func (t *target) checked(err error, c HealthConfig) (changed bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err == nil {
		t.good, t.bad = t.good+1, 0
		if t.good < c.Healthy || !t.down.Load() {
			return false
		}
		t.down.Store(false)
		t.lastError = ""
		return true
	}
	t.good, t.bad = 0, t.bad+1
	t.lastError = err.Error()
	return t.bad >= c.Unhealthy && !t.down.Swap(true)
}

func (t *target) status(now int64) EndpointStatus {
	t.mu.Lock()
	defer t.mu.Unlock()
	return EndpointStatus{
		Endpoint:  t.endpoint,
		Healthy:   t.available(now),
		InFlight:  t.inFlight.Load(),
		Idle:      len(t.idle),
		Fails:     t.fails,
		LastError: t.lastError,
	}
}

// retire stops keeping connections: those in use end with their request.
func (t *target) retire() {
	t.mu.Lock()
	t.retired = true
	idle := t.idle
	t.idle = nil
	t.mu.Unlock()
	for _, c := range idle {
		c.close()
	}
	t.standard.closeIdle()
}

// sever closes every connection, whatever it is doing.
func (t *target) sever() {
	t.retire()
	t.mu.Lock()
	t.severed = true
	open := make([]*conn, 0, len(t.conns))
	for c := range t.conns {
		open = append(open, c)
	}
	t.mu.Unlock()
	for _, c := range open {
		_ = c.nc.Close()
	}
}

// reap closes connections that were idle since before.
func (t *target) reap(before time.Time) {
	t.mu.Lock()
	n := 0
	for n < len(t.idle) && t.idle[n].since.Before(before) {
		n++
	}
	old := append([]*conn(nil), t.idle[:n]...)
	rest := copy(t.idle, t.idle[n:])
	clear(t.idle[rest:])
	t.idle = t.idle[:rest]
	t.mu.Unlock()
	for _, c := range old {
		c.close()
	}
}

// transports are the standard library's clients for one target, made when
// first needed.
type transports struct {
	mu   sync.Mutex // guards both
	main *http.Transport
	h1   *http.Transport
}

func (t *transports) closeIdle() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, tr := range []*http.Transport{t.main, t.h1} {
		if tr != nil {
			tr.CloseIdleConnections()
		}
	}
}
