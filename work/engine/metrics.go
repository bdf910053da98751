package engine

import (
	"context"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/queue"
)

// metrics are what an engine tells Prometheus. Labels are bounded: queues and
// pools are the operator's, tenants are not in them.
type metrics struct {
	runs, waits, evenness, starved, slots, ready *prometheus.GaugeVec
	finished, steps                              *prometheus.CounterVec
	rounds, operations                           prometheus.Counter
}

func newMetrics(reg prometheus.Registerer) *metrics {
	m := &metrics{
		runs: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "berth_work_runs", Help: "Runs of workflows that wait, and that run.",
		}, []string{"queue", "state"}),
		waits: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "berth_work_wait_seconds", Help: "How long runs picked in the last minutes had waited, by priority class.",
		}, []string{"queue", "class", "quantile"}),
		evenness: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "berth_work_queue_evenness_ratio", Help: "Jain's index over what tenants that could run were served per weight in the last minute: 1 is even.",
		}, []string{"queue"}),
		starved: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "berth_work_tenants_starved", Help: "Tenants that could run, have waited over a minute and were not served in the last one.",
		}, []string{"queue"}),
		slots: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "berth_work_pool_slots", Help: "Slots of a pool that are used, and that workers have free.",
		}, []string{"pool", "state"}),
		ready: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "berth_work_pool_steps_ready", Help: "Steps that wait for a slot.",
		}, []string{"pool"}),
		finished: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "berth_work_runs_finished_total", Help: "Runs that became final.",
		}, []string{"queue", "status"}),
		steps: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "berth_work_steps_total", Help: "Steps that were leased, succeeded, failed or were put off for another attempt.",
		}, []string{"status"}),
		rounds: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "berth_work_batches_total", Help: "Transactions written to the store.",
		}),
		operations: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "berth_work_operations_total", Help: "Operations that went into them: how many share a transaction says how busy the engine is.",
		}),
	}
	reg.MustRegister(m.runs, m.waits, m.evenness, m.starved, m.slots, m.ready, m.finished, m.steps, m.rounds, m.operations)
	return m
}

// saw counts an event.
func (m *metrics) saw(e *work.Event) {
	switch {
	case m == nil:
	case e.Step == "" && e.Status.Final():
		m.finished.WithLabelValues(e.Queue, e.Status.String()).Inc()
	case e.Step != "" && e.Kind != "step.log":
		m.steps.WithLabelValues(e.StepStatus.String()).Inc()
	}
}

const measureEvery = 5 * time.Second

// measure looks at queues and pools now and then.
func (e *Engine) measure(ctx context.Context) {
	if e.metrics == nil {
		return
	}
	t := time.NewTicker(measureEvery)
	defer t.Stop()
	var rounds, operations int64
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		var r, o int64
		for _, l := range e.loops {
			r, o = r+l.stats.rounds.Load(), o+l.stats.ops.Load()
		}
		e.metrics.rounds.Add(float64(r - rounds))
		e.metrics.operations.Add(float64(o - operations))
		rounds, operations = r, o
		look, cancel := context.WithTimeout(ctx, measureEvery)
		if queues, err := e.Queues(look, 0); err == nil {
			for _, q := range queues {
				e.metrics.queue(q.Name, q.Stats)
			}
		}
		if pools, err := e.Pools(look); err == nil {
			for _, p := range pools {
				e.metrics.slots.WithLabelValues(p.Name, "used").Set(float64(p.Used))
				e.metrics.slots.WithLabelValues(p.Name, "free").Set(float64(p.Free))
				e.metrics.ready.WithLabelValues(p.Name).Set(float64(p.Ready))
			}
		}
		cancel()
	}
}

func (m *metrics) queue(name string, s queue.Stats) {
	m.runs.WithLabelValues(name, "waiting").Set(float64(s.Waiting))
	m.runs.WithLabelValues(name, "running").Set(float64(s.Running))
	m.evenness.WithLabelValues(name).Set(s.Jain)
	m.starved.WithLabelValues(name).Set(float64(s.Starved))
	for _, c := range s.Classes {
		class := strconv.Itoa(c.Class)
		m.waits.WithLabelValues(name, class, "0.5").Set(float64(c.P50) / 1000)
		m.waits.WithLabelValues(name, class, "0.9").Set(float64(c.P90) / 1000)
		m.waits.WithLabelValues(name, class, "0.99").Set(float64(c.P99) / 1000)
	}
}
