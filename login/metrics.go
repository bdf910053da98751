package login

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"
)

type metrics struct {
	attempts *prometheus.CounterVec
	opened   *prometheus.CounterVec
	refused  *prometheus.CounterVec
	misses   prometheus.Counter
	signed   prometheus.Counter
}

// newMetrics registers the package's metrics; with a nil registry they count
// for nobody.
func newMetrics(reg prometheus.Registerer) (*metrics, error) {
	m := &metrics{
		attempts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "berth_login_attempts_total", Help: "Sign-in attempts by method and outcome.",
		}, []string{"method", "outcome"}),
		opened: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "berth_login_sessions_opened_total", Help: "Sessions that began, by method.",
		}, []string{"method"}),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "berth_login_sessions_refused_total", Help: "Requests whose session did not count, by reason.",
		}, []string{"reason"}),
		misses: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "berth_login_session_cache_misses_total", Help: "Sessions worked out anew instead of from memory.",
		}),
		signed: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "berth_login_assertions_signed_total", Help: "Assertions signed instead of taken from memory.",
		}),
	}
	if reg == nil {
		return m, nil
	}
	var errs []error
	for _, c := range []prometheus.Collector{m.attempts, m.opened, m.refused, m.misses, m.signed} {
		errs = append(errs, reg.Register(c))
	}
	return m, errors.Join(errs...)
}
