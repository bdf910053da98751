package main

import (
	"time"

	"github.com/berth-project/berth/work/queue"
)

// classes draws what becomes of the worst class while the best floods.
func classes() (chart, error) {
	c := chart{
		title:  "Runs of class 9 started while class 0 floods the queue",
		desc:   "One slot, runs of one second. One tenant submits a run of class 0 every second; another has twenty runs of class 9. Strictly they never start. With the floor of two in a hundred one starts every fifty seconds. With ageing under priority all start when they have waited nine minutes; under fair one starts every nine minutes.",
		legend: []string{"runs of class 9 that have started"},
		xLabel: "minutes", yLabel: "runs of class 9",
		xTicks: []float64{0, 5, 10, 15, 20}, yTicks: []float64{0, 5, 10, 15, 20}, width: 184, height: 150,
	}
	for _, sc := range []struct {
		title, note string
		policy      queue.Policy
		floor       float64
		ageing      time.Duration
	}{
		{"strict", "neither floor nor ageing", queue.Priority, -1, -1},
		{"floor", "2 % of the picks, no ageing", queue.Priority, 0.02, -1},
		{"ageing, priority", "a minute a class, no floor", queue.Priority, -1, time.Minute},
		{"ageing, fair", "a minute a class, no floor", queue.Fair, -1, time.Minute},
	} {
		starts, err := simulate(scenario{
			config: queue.Config{Policy: sc.policy, Floor: sc.floor, Ageing: sc.ageing},
			tenants: []tenant{
				{name: "urgent", runs: 100_000, every: 1, takes: 1},
				{name: "patient", runs: 20, class: 9, takes: 1},
			},
			seconds: 1200,
		})
		if err != nil {
			return c, err
		}
		points := [][2]float64{{0, 0}}
		for i, s := range of(starts, 1) {
			points = append(points, [2]float64{float64(s.at) / 60, float64(i + 1)})
		}
		points = append(points, [2]float64{20, points[len(points)-1][1]})
		c.panels = append(c.panels, panel{title: sc.title, note: sc.note, lines: []line{{0, points}}})
	}
	return c, nil
}
