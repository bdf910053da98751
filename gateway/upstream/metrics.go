package upstream

import (
	"errors"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics are one group's children, resolved once so that a request costs an
// atomic add each.
type metrics struct {
	outcomes [kinds]prometheus.Counter
	retries  prometheus.Counter
	healthy  prometheus.Gauge
	duration prometheus.Observer
}

// newMetrics registers the families, or finds those another group of the same
// registry made: a group that replaces one on reload goes on counting.
func newMetrics(reg prometheus.Registerer, upstream string) (*metrics, error) {
	requests := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "berth_upstream_requests_total",
		Help: "Requests forwarded, by upstream and outcome.",
	}, []string{"upstream", "outcome"})
	retries := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "berth_upstream_retries_total",
		Help: "Requests sent again to the same or another endpoint.",
	}, []string{"upstream"})
	healthy := prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "berth_upstream_healthy_endpoints",
		Help: "Endpoints in rotation.",
	}, []string{"upstream"})
	duration := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "berth_upstream_response_seconds",
		Help:    "Time from a request to the head of its response.",
		Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
	}, []string{"upstream"})
	err := errors.Join(register(reg, &requests), register(reg, &retries), register(reg, &healthy), register(reg, &duration))
	if err != nil {
		return nil, err
	}
	m := &metrics{
		retries:  retries.WithLabelValues(upstream),
		healthy:  healthy.WithLabelValues(upstream),
		duration: duration.WithLabelValues(upstream),
	}
	for k := range kinds {
		m.outcomes[k] = requests.WithLabelValues(upstream, k.String())
	}
	return m, nil
}

func register[C prometheus.Collector](reg prometheus.Registerer, c *C) error {
	if reg == nil {
		return nil
	}
	err := reg.Register(*c)
	if already, ok := errors.AsType[prometheus.AlreadyRegisteredError](err); ok {
		if existing, same := already.ExistingCollector.(C); same {
			*c = existing
			return nil
		}
	}
	if err != nil {
		return fmt.Errorf("register metrics: %w", err)
	}
	return nil
}
