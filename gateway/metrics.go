package gateway

import (
	"fmt"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics are the families of the gateway. Children are resolved once for a
// route and kept there, so that a request costs a few atomic adds.
type metrics struct {
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
	bytes    *prometheus.CounterVec
	inFlight prometheus.Gauge
}

func newMetrics(reg prometheus.Registerer) (*metrics, error) {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "berth_gateway_requests_total",
			Help: "Requests answered, by route, method and status; code 0 is a connection closed without an answer.",
		}, []string{"route", "method", "code"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "berth_gateway_request_duration_seconds",
			Help:    "Time from the head of a request to the last byte of its answer, by route.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60},
		}, []string{"route"}),
		bytes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "berth_gateway_body_bytes_total",
			Help: "Bytes of bodies, by direction: in from clients, out to them.",
		}, []string{"direction"}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "berth_gateway_in_flight_requests",
			Help: "Requests being answered.",
		}),
	}
	if reg == nil {
		return m, nil
	}
	for _, c := range []prometheus.Collector{m.requests, m.duration, m.bytes, m.inFlight} {
		if err := reg.Register(c); err != nil {
			return nil, fmt.Errorf("register gateway metrics: %w", err)
		}
	}
	return m, nil
}

// methodNames are the methods that label metrics; all others are OTHER.
var methodNames = [...]string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "OTHER"}

// routeMetrics are the children of one route.
type routeMetrics struct {
	m        *metrics
	name     string
	duration prometheus.Observer
	counters [len(methodNames)]atomic.Pointer[statusCounters]
}

// statusCounters are counters by status, made when first needed: a route sees
// a handful of the statuses there are.
type statusCounters [600]atomic.Pointer[prometheus.Counter]

func (m *metrics) forRoute(name string) *routeMetrics {
	return &routeMetrics{m: m, name: name, duration: m.duration.WithLabelValues(name)}
}

// count adds one request.
func (rm *routeMetrics) count(method string, status int) {
	if status < 0 || status >= len(statusCounters{}) {
		status = 0
	}
	i := methodIndex(method)
	byStatus := rm.counters[i].Load()
	if byStatus == nil {
		rm.counters[i].CompareAndSwap(nil, &statusCounters{})
		byStatus = rm.counters[i].Load()
	}
	c := byStatus[status].Load()
	if c == nil {
		child := rm.m.requests.WithLabelValues(rm.name, methodNames[i], statusLabel(status))
		byStatus[status].Store(&child)
		c = &child
	}
	(*c).Inc()
}

func statusLabel(status int) string {
	return string([]byte{'0' + byte(status/100), '0' + byte(status/10%10), '0' + byte(status%10)})
}

func methodIndex(method string) int {
	for i, m := range methodNames {
		if m == method {
			return i
		}
	}
	return len(methodNames) - 1
}
