package lint

import (
	"strings"
	"time"

	"github.com/berth-project/berth/iam"
)

// bound is one end of the time in which a statement applies.
type bound struct {
	at        time.Time
	condition int
	value     int
}

// deadClock finds statements whose time is over, or never comes.
func deadClock(p *pass) {
	p.statements(func(i int, s *iam.Statement) {
		from, until := clockBounds(s)
		switch {
		case until == nil:
		case from != nil && !from.at.Before(until.at) && (from.condition != until.condition || from.at.After(until.at)):
			f := p.dead("DEAD_DATE_EXPIRED", p.policy.ConditionPath(i, until.condition, until.value), s, false,
				"the window from %s to %s is empty, so the statement never %s anything", stamp(from.at), stamp(until.at), applies(s))
			f.Help = "put the later time at the end"
		case !p.options.Now.IsZero() && until.at.Before(p.options.Now):
			f := p.dead("DEAD_DATE_EXPIRED", p.policy.ConditionPath(i, until.condition, until.value), s, false,
				"the statement %s nothing any more since %s", applies(s), stamp(until.at))
			f.Help = "remove the statement, or give it a new time; hours of the day cannot be written"
		}
	})
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// clockBounds returns when a statement begins and ceases to apply: the latest of
// the beginnings and the earliest of the ends, each condition as wide as the
// widest of its values.
func clockBounds(s *iam.Statement) (from, until *bound) {
	for c := range s.Conditions {
		cond := &s.Conditions[c]
		lower, upper := clockTest(cond)
		if lower {
			if b := widest(cond, c, time.Time.Before); b != nil && (from == nil || b.at.After(from.at)) {
				from = b
			}
		}
		if upper {
			if b := widest(cond, c, time.Time.After); b != nil && (until == nil || b.at.Before(until.at)) {
				until = b
			}
		}
	}
	return from, until
}

// clockTest reports whether a condition bounds the time of the request from
// below, from above, or both.
func clockTest(c *iam.Condition) (lower, upper bool) {
	if !strings.EqualFold(c.Key, "aws:CurrentTime") && !strings.EqualFold(c.Key, "aws:EpochTime") {
		return false, false
	}
	switch c.Operator.Test {
	case iam.DateGreaterThan, iam.DateGreaterThanEquals, iam.NumericGreaterThan, iam.NumericGreaterThanEquals:
		return true, false
	case iam.DateLessThan, iam.DateLessThanEquals, iam.NumericLessThan, iam.NumericLessThanEquals:
		return false, true
	case iam.DateEquals, iam.NumericEquals:
		return true, true
	}
	return false, false
}

// widest returns the value of a condition that comes first by the order given;
// nil where one is no date, for what it means is not known.
func widest(c *iam.Condition, place int, first func(a, b time.Time) bool) *bound {
	var w *bound
	for v := range c.Values {
		at, ok := iam.ParseDate(c.Values[v].Text)
		if !ok {
			return nil
		}
		if w == nil || first(at, w.at) {
			w = &bound{at: at, condition: place, value: v}
		}
	}
	return w
}
