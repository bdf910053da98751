package progress

import (
	"strconv"
	"time"

	"github.com/berth-project/berth/work/client"
)

// Header is the first row of the table that Rows fills.
func Header() []string { return []string{"step", "type", "state", "attempt", "took", "worker", "note"} }

// Rows are the steps of a run as a table, an item of a step after its step.
// Items that succeeded are not shown.
func Rows(steps []client.Step, now time.Time) [][]string {
	var rows [][]string
	for i := range steps {
		s := &steps[i]
		note := Note(&s.Standing, now)
		if n := len(s.Items); n > 0 {
			of := map[string]int{}
			for _, it := range s.Items {
				of[it.Status]++
			}
			note = strconv.Itoa(n) + " items: " + counts(of)
		}
		rows = append(rows, row(s.Name, s.Type, &s.Standing, note, now))
		for k := range s.Items {
			if it := &s.Items[k]; it.Status != "succeeded" && it.Status != "waiting" {
				rows = append(rows, row("  "+StepName(s.Name, it.Item), "", &it.Standing, Note(&it.Standing, now), now))
			}
		}
	}
	return rows
}

func row(name, typ string, s *client.Standing, note string, now time.Time) []string {
	attempt := ""
	if s.Attempt > 0 {
		attempt = strconv.Itoa(s.Attempt)
	}
	return []string{name, typ, s.Status, attempt, took(s.Started, s.Finished, now), oneLine(s.Worker), note}
}
