package main

import (
	"fmt"
	"strings"

	"github.com/berth-project/berth/work/queue"
)

// flood and small are the two tenants: a thousand runs, and ten that come
// fifty seconds later.
func floodAndSmall() []tenant {
	return []tenant{
		{name: "flood", runs: 1000, class: 5, takes: 1, deadline: 3600},
		{name: "small", runs: 10, arrives: 50, class: 5, takes: 1, deadline: 3600},
	}
}

// policyCase is one way to run them.
type policyCase struct {
	title, note string
	policy      queue.Policy
	change      func([]tenant)
}

func policyCases() []policyCase {
	return []policyCase{
		{title: "fifo", policy: queue.FIFO, note: "whoever came first"},
		{title: "round-robin", policy: queue.RoundRobin, note: "tenants in turn"},
		{title: "fair", policy: queue.Fair, note: "equal weights"},
		{title: "priority", policy: queue.Priority, note: "small in a better class", change: func(t []tenant) { t[1].class = 4 }},
		{title: "deadline", policy: queue.Deadline, note: "small due in 5 min, flood in 60", change: func(t []tenant) { t[1].deadline = 300 }},
	}
}

// policies draws the flood under each policy, and tells it as a table.
func policies() (c chart, table string, err error) {
	c = chart{
		title:  "Runs started over slots, under each policy",
		desc:   "One slot. A tenant floods the queue with 1000 runs; fifty slots later another submits 10. Under fifo the ten wait for the thousand; under the other policies they start within the next twenty slots.",
		legend: []string{"flood: 1000 runs at once", "small: 10 runs, fifty slots later"},
		xLabel: "slots given", yLabel: "of its runs started", yUnit: "%",
		xTicks: []float64{0, 500, 1010}, yTicks: []float64{0, 50, 100}, width: 158, height: 140,
	}
	var b strings.Builder
	b.WriteString("| policy | small's first run | its last | its mean wait | flood's mean wait |\n|---|---:|---:|---:|---:|\n")
	for _, pc := range policyCases() {
		tenants := floodAndSmall()
		if pc.change != nil {
			pc.change(tenants)
		}
		starts, err := simulate(scenario{config: queue.Config{Policy: pc.policy}, tenants: tenants})
		if err != nil {
			return c, "", err
		}
		p := panel{title: pc.title, note: pc.note}
		for i, t := range tenants {
			p.lines = append(p.lines, line{i, started(of(starts, i), t.runs)})
		}
		c.panels = append(c.panels, p)
		small := of(starts, 1)
		fmt.Fprintf(&b, "| `%s`, %s | slot %d | slot %d | %.1f s | %.1f s |\n", pc.policy, pc.note,
			small[0].slot, small[len(small)-1].slot, meanWait(small), meanWait(of(starts, 0)))
	}
	return c, b.String(), nil
}

// started is how much of a tenant's runs has started, in percent, by slot.
func started(starts []start, runs int) [][2]float64 {
	points := [][2]float64{{0, 0}}
	for i, s := range starts {
		points = append(points, [2]float64{float64(s.slot), 100 * float64(i+1) / float64(runs)})
	}
	return append(points, [2]float64{1010, 100})
}

func meanWait(starts []start) float64 {
	sum := 0.0
	for _, s := range starts {
		sum += float64(s.waited)
	}
	return sum / float64(len(starts))
}
