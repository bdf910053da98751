package main

import "github.com/berth-project/berth/work/queue"

// shares draws who had the slot how long, when both tenants always have runs.
func shares() (chart, error) {
	c := chart{
		title:  "Share of the slot's time since the second tenant came",
		desc:   "The policy fair. A tenant is alone for a hundred seconds, then a second one comes; both always have runs waiting. Their shares of the slot's time are what their weights say, whatever a run takes, and the time alone earns and costs nothing.",
		legend: []string{"first", "second, a hundred seconds later"},
		xLabel: "seconds since the second tenant came", yLabel: "share of the time", yUnit: "%",
		xTicks: []float64{0, 100, 200, 300}, yTicks: []float64{0, 25, 50, 75, 100}, width: 248, height: 150,
	}
	for _, sc := range []struct {
		title, note   string
		policy        queue.Policy
		weight, takes [2]float64
		guides        []float64
	}{
		{"weights 1 : 1", "runs of one second", queue.Fair, [2]float64{1, 1}, [2]float64{1, 1}, []float64{50}},
		{"weights 1 : 3", "runs of one second", queue.Fair, [2]float64{1, 3}, [2]float64{1, 1}, []float64{25, 75}},
		{"weights 1 : 1", "runs of eight seconds and of one", queue.Fair, [2]float64{1, 1}, [2]float64{8, 1}, []float64{50}},
	} {
		starts, err := simulate(scenario{
			config: queue.Config{Policy: sc.policy},
			tenants: []tenant{
				{name: "first", weight: sc.weight[0], runs: 1000, takes: int64(sc.takes[0])},
				{name: "second", weight: sc.weight[1], runs: 1000, takes: int64(sc.takes[1]), arrives: 100},
			},
			seconds: 400,
		})
		if err != nil {
			return c, err
		}
		p := panel{title: sc.title, note: sc.note, guides: sc.guides}
		for i := range 2 {
			p.lines = append(p.lines, line{i, share(starts, i, 100, 400)})
		}
		c.panels = append(c.panels, p)
	}
	return c, nil
}

// share is a tenant's part of the slot's time after a second, in percent.
func share(starts []start, tenant int, after, until int64) [][2]float64 {
	var points [][2]float64
	mine, all := 0.0, 0.0
	for _, s := range starts {
		if s.at < after {
			continue
		}
		all += float64(s.takes)
		if s.tenant == tenant {
			mine += float64(s.takes)
		}
		points = append(points, [2]float64{float64(min(s.at+s.takes, until) - after), 100 * mine / all})
	}
	return points
}
