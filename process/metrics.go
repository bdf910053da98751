package process

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"
)

type metrics struct {
	up       *prometheus.GaugeVec
	restarts *prometheus.CounterVec
	exits    *prometheus.CounterVec
	start    *prometheus.HistogramVec
	dropped  *prometheus.CounterVec
	orphans  prometheus.Counter
}

func newMetrics(reg prometheus.Registerer) *metrics {
	return &metrics{
		up: register(reg, prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "berth_process_up", Help: "Instances of the process that are ready.",
		}, []string{"process"})),
		restarts: register(reg, prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "berth_process_restarts_total", Help: "Starts after an instance ended by itself.",
		}, []string{"process"})),
		exits: register(reg, prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "berth_process_exits_total", Help: "Ends of instances, by whether they were asked to (stopped), exited with 0 (ok), or anything else (failed).",
		}, []string{"process", "outcome"})),
		start: register(reg, prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "berth_process_start_duration_seconds", Help: "Time from the start of an instance to its readiness.",
			Buckets: []float64{.01, .03, .1, .3, 1, 3, 10, 30, 100},
		}, []string{"process"})),
		dropped: register(reg, prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "berth_process_output_dropped_lines_total", Help: "Lines a process wrote that were dropped because the log did not take them in time.",
		}, []string{"process"})),
		orphans: register(reg, prometheus.NewCounter(prometheus.CounterOpts{
			Name: "berth_process_orphans_reaped_total", Help: "Processes reaped whose parents had died.",
		})),
	}
}

// register adds c to reg, or returns what reg already has under its name: two
// supervisors may share a registry.
func register[C prometheus.Collector](reg prometheus.Registerer, c C) C {
	if reg == nil {
		return c
	}
	err := reg.Register(c)
	if taken, ok := errors.AsType[prometheus.AlreadyRegisteredError](err); ok {
		if existing, ok := taken.ExistingCollector.(C); ok {
			return existing
		}
	}
	if err != nil {
		panic(err) // the names are constants: only another package can be in the way
	}
	return c
}

// forget drops what is kept of a removed process.
func (m *metrics) forget(process string) {
	label := prometheus.Labels{"process": process}
	m.up.Delete(label)
	m.restarts.Delete(label)
	m.exits.DeletePartialMatch(label)
	m.start.Delete(label)
	m.dropped.Delete(label)
}
