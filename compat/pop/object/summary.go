package object

import "strings"

// Summary is what became of the agendas of one link id, taken together.
type Summary struct {
	State State
	// Percent is nil where one of them failed, and where none tells.
	Percent *float64
}

// Summarise takes the progress of some agendas together. One that failed makes
// the whole complete; none at all is complete.
func Summarise(list []*Progress) Summary {
	count := map[State]int{}
	sum, told := 0.0, false
	for _, p := range list {
		if strings.EqualFold(p.StateMessage, Failed) {
			return Summary{State: Complete}
		}
		count[p.State]++
		if p.PercentComplete != nil {
			sum, told = sum+*p.PercentComplete, true
		}
	}
	s := Summary{State: Executing}
	switch {
	case count[Complete] == len(list):
		s.State = Complete
	case count[Waiting] == len(list):
		s.State = Waiting
	}
	if told {
		percent := min(100, sum/float64(len(list)))
		s.Percent = &percent
	}
	return s
}
