package gateway

import (
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Gateway answers requests. It is safe for concurrent use.
type Gateway struct {
	deps    Dependencies
	log     *slog.Logger
	now     func() time.Time
	metrics *metrics
	bytesIn prometheus.Counter
	bytes   prometheus.Counter
	own     *routeMetrics // requests that reached no route
	table   atomic.Pointer[installed]
	pool    pool

	mu     sync.Mutex
	routes map[string]*routeMetrics // by name, kept over swaps
}

// installed is a table with the metrics of its routes.
type installed struct {
	*Table
	metrics []*routeMetrics
}

// New returns a gateway without a table: until [Gateway.Swap] it answers
// nothing but its health.
func New(deps Dependencies) (*Gateway, error) {
	m, err := newMetrics(deps.Registry)
	if err != nil {
		return nil, err
	}
	g := &Gateway{
		deps: deps, log: deps.Log, now: deps.Now, metrics: m,
		bytesIn: m.bytes.WithLabelValues("in"), bytes: m.bytes.WithLabelValues("out"),
		own: m.forRoute("none"), routes: map[string]*routeMetrics{},
	}
	if g.log == nil {
		g.log = slog.New(slog.DiscardHandler)
	}
	if g.now == nil {
		g.now = time.Now
	}
	g.table.Store(&installed{Table: &Table{health: []string{ReadyPath}, limits: Limits{}.withDefaults()}})
	return g, nil
}

// Swap puts a table in place and returns the one before. Requests already
// begun go on with theirs; what its routes point to may be closed once
// [Table.Quiet] says that those are done.
func (g *Gateway) Swap(t *Table) (old *Table) {
	g.mu.Lock()
	defer g.mu.Unlock()
	next := &installed{Table: t, metrics: make([]*routeMetrics, len(t.routes))}
	for i, rt := range t.routes {
		if g.routes[rt.name] == nil {
			g.routes[rt.name] = g.metrics.forRoute(rt.name)
		}
		next.metrics[i] = g.routes[rt.name]
	}
	return g.table.Swap(next).Table
}

// ServeHTTP implements http.Handler.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := g.pool.take(g, w, r)
	g.metrics.inFlight.Inc()
	abort := g.serve(x)
	x.settle()
	g.finish(x)
	if abort {
		panic(http.ErrAbortHandler)
	}
}

// serve runs the chain and answers its faults. abort says that the connection
// is to be broken off.
func (g *Gateway) serve(x *exchange) (abort bool) {
	defer func() {
		if v := recover(); v != nil {
			abort = g.recovered(x, v)
		}
	}()
	if f := g.handle(x); f != nil {
		return g.refuse(x, f)
	}
	return false
}

// handle is the whole chain. What it decides on (host, client, path, session)
// is found first; everything after it uses the same values.
func (g *Gateway) handle(x *exchange) *fault {
	x.locate()
	if g.answerHealth(x) {
		return nil
	}
	if f := x.admit(); f != nil {
		return f
	}
	if isInternal(x.path.Decoded) {
		return g.answerInternal(x)
	}
	if f := x.authenticate(g.deps.Auth); f != nil {
		return f
	}
	if f := x.checkRule(); f != nil {
		return f
	}
	if f := x.checkOrigin(); f != nil {
		return f
	}
	if f := x.findRoute(); f != nil {
		return f
	}
	return g.answer(x)
}

// recovered deals with a panic below the chain.
func (g *Gateway) recovered(x *exchange, v any) (abort bool) {
	if v == http.ErrAbortHandler { //nolint:errorlint // the value itself is the signal
		return true
	}
	g.log.Error("request panicked", "request_id", x.ident.id, "error", fmt.Sprint(v), "stack", string(debug.Stack()))
	if x.out.status != 0 {
		return true
	}
	return g.refuse(x, faultPanic)
}

// refuse answers a fault.
func (g *Gateway) refuse(x *exchange, f *fault) (abort bool) {
	x.record.Reason = f.code
	if f == faultForbidden {
		x.record.Reason = string(x.decision.Reason)
	}
	if f.err != nil {
		x.record.Error = f.err.Error()
	}
	switch {
	case f.hangUp, f.begun, x.out.status != 0:
		return true
	case f.status == statusClientGone:
		x.out.status = statusClientGone
		return true
	}
	x.writeFault(f)
	return false
}

// finish counts and records the exchange and gives it back.
func (g *Gateway) finish(x *exchange) {
	g.metrics.inFlight.Dec()
	if x.out.status != 0 && x.record.Reason == "" {
		x.abandonBody(false)
	}
	rec := x.fill(g.now())
	if rec.Route != routeHealth {
		rm := g.own
		if x.route != nil {
			rm = x.table.metrics[x.route.index]
		}
		rm.count(rec.Method, rec.Status)
		rm.duration.Observe(rec.Duration.Seconds())
		g.bytesIn.Add(float64(rec.BytesIn))
		g.bytes.Add(float64(rec.BytesOut))
	}
	if g.deps.Observe != nil {
		g.deps.Observe(rec)
	}
	g.pool.give(x)
}

func isInternal(path string) bool {
	return strings.HasPrefix(path, internalPrefix) || strings.HasPrefix(path, wellKnownPrefix)
}
