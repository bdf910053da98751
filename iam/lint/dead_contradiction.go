package lint

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/internal/glob"
)

// maxValuePairs is how many pairs of values are compared to tell whether two
// conditions can both hold. Lists that long are no contradiction by mistake.
const maxValuePairs = 4096

// deadContradictions finds conditions on one key that cannot all hold.
func deadContradictions(p *pass) {
	p.statements(func(i int, s *iam.Statement) {
		byKey := map[string][]int{}
		for c := range s.Conditions {
			key := lower(s.Conditions[c].Key)
			byKey[key] = append(byKey[key], c)
		}
		for c := range s.Conditions { // in the order of the document
			same := byKey[lower(s.Conditions[c].Key)]
			if same[0] == c && len(same) > 1 {
				p.contradiction(i, s, same)
			}
		}
	})
}

func (p *pass) contradiction(i int, s *iam.Statement, same []int) {
	same = same[:min(len(same), 2*int(iam.Null))] // there are no more operators than that
	for n, b := range same {
		for _, a := range same[:n] {
			why := p.excludes(&s.Conditions[a], &s.Conditions[b])
			if why == "" {
				continue
			}
			f := p.dead("DEAD_CONDITION_CONTRADICTION", p.policy.ConditionPath(i, b, -1), s, false,
				"%s and %s cannot both hold: %s %s", s.Conditions[a].Written, s.Conditions[b].Written, s.Conditions[b].Key, why)
			f.Help = "keep the condition that is meant; alternatives belong in one list, or in two statements"
			return
		}
	}
}

// excludes says why two conditions on one key can never hold together; empty
// where they can, or where that is not known.
func (p *pass) excludes(a, b *iam.Condition) string {
	if a.Operator.Test == iam.Null || b.Operator.Test == iam.Null {
		return absent(a, b)
	}
	if a.Operator.Qualifier != iam.SingleValue || b.Operator.Qualifier != iam.SingleValue || !demands(a) && !demands(b) || p.knownByRequest(a) || p.knownByRequest(b) {
		return ""
	}
	if len(a.Values)*len(b.Values) > maxValuePairs {
		return ""
	}
	switch family := a.Operator.Test.Family(); {
	case family == iam.NumericFamily || family == iam.DateFamily:
		return emptyRange(a, b)
	case family == iam.IPFamily && b.Operator.Test.Family() == iam.IPFamily:
		return noCommonValue(a, b, coversAddresses, overlapAddresses)
	case textual(a) && textual(b):
		return noCommonValue(a, b, coversText, overlapText)
	}
	return ""
}

// knownByRequest reports whether a condition compares with what only the request
// tells.
func (p *pass) knownByRequest(c *iam.Condition) bool {
	return p.policy.Variables() && slices.ContainsFunc(c.Values, func(v iam.Value) bool { return strings.Contains(v.Text, "${") })
}

func textual(c *iam.Condition) bool {
	switch c.Operator.Test.Family() {
	case iam.StringFamily, iam.ARNFamily, iam.BoolFamily:
		return true
	}
	return false
}

// absent compares a condition with Null, which says whether the key may be
// there.
func absent(a, b *iam.Condition) string {
	if a.Operator.Test != iam.Null {
		a, b = b, a
	}
	gone := len(a.Values) > 0 && !slices.ContainsFunc(a.Values, func(v iam.Value) bool { return !isTrue(v.Text) })
	there := len(a.Values) > 0 && !slices.ContainsFunc(a.Values, func(v iam.Value) bool { return isTrue(v.Text) })
	switch {
	case gone && demands(b):
		return "would have to be absent and have a value"
	case there && b.Operator.Test == iam.Null && len(b.Values) > 0 && !slices.ContainsFunc(b.Values, func(v iam.Value) bool { return !isTrue(v.Text) }):
		return "would have to be absent and have a value"
	}
	return ""
}

// noCommonValue compares the values of two conditions: of two positive ones some
// pair has to overlap; of a positive and a negated one some value has to be left.
func noCommonValue(a, b *iam.Condition, covers, overlap func(a, b *iam.Condition, x, y string) bool) string {
	if a.Operator.Test.Negated() {
		a, b = b, a
	}
	if a.Operator.Test.Negated() {
		return ""
	}
	negated := b.Operator.Test.Negated()
	for _, x := range a.Values {
		meets := slices.ContainsFunc(b.Values, func(y iam.Value) bool {
			if negated {
				return covers(b, a, y.Text, x.Text)
			}
			return overlap(a, b, x.Text, y.Text)
		})
		if meets != negated {
			return ""
		}
	}
	if negated {
		return "has no value left"
	}
	return "would have to have two values"
}

// asPattern writes a value as a pattern; of an operator without wildcards "*" and
// "?" are plain characters, for which no pattern has a sign, so it reports
// false.
func asPattern(c *iam.Condition, value string) (string, bool) {
	like := c.Operator.Test == iam.StringLike || c.Operator.Test == iam.StringNotLike || c.Operator.Test.Family() == iam.ARNFamily
	return value, like || !wild(value)
}

func folds(c *iam.Condition) bool {
	t := c.Operator.Test
	return t == iam.StringEqualsIgnoreCase || t == iam.StringNotEqualsIgnoreCase || t == iam.Bool
}

func overlapText(a, b *iam.Condition, x, y string) bool {
	x, ok := asPattern(a, x)
	y, also := asPattern(b, y)
	switch {
	case !ok || !also || len(x) > maxARN || len(y) > maxARN:
		return true
	case folds(a) || folds(b):
		return glob.OverlapFold(x, y)
	}
	return glob.Overlap(x, y)
}

// coversText reports whether a's value x stands for all that b's value y does.
func coversText(a, b *iam.Condition, x, y string) bool {
	x, ok := asPattern(a, x)
	y, also := asPattern(b, y)
	switch {
	case !ok || !also || folds(b) && !folds(a):
		return false
	case folds(a):
		return glob.CoversFold(x, y)
	}
	return glob.Covers(x, y)
}

func overlapAddresses(_, _ *iam.Condition, x, y string) bool {
	a, ok := iam.ParseIPRange(x)
	b, also := iam.ParseIPRange(y)
	return !ok || !also || a.Overlaps(b)
}

func coversAddresses(_, _ *iam.Condition, x, y string) bool {
	a, ok := iam.ParseIPRange(x)
	b, also := iam.ParseIPRange(y)
	return ok && also && a.Bits() <= b.Bits() && a.Overlaps(b)
}

// emptyRange compares conditions on a number or a date. The time of the request
// is judged by [deadClock].
func emptyRange(a, b *iam.Condition) string {
	if lower, upper := clockTest(a); lower || upper {
		return ""
	}
	one, ok := rangeOf(a)
	two, also := rangeOf(b)
	if !ok || !also {
		return ""
	}
	low, high := max(one.low, two.low), min(one.high, two.high)
	if low > high || low == high && (one.excludes(low) || two.excludes(low)) {
		return "would have to lie in an empty range"
	}
	return ""
}

// interval is the range of numbers in which a condition can hold.
type interval struct {
	low, high         float64
	openLow, openHigh bool
}

func (r interval) excludes(x float64) bool {
	return r.openLow && x == r.low || r.openHigh && x == r.high
}

func rangeOf(c *iam.Condition) (interval, bool) {
	r := interval{low: math.Inf(-1), high: math.Inf(1)}
	lowest, highest := math.Inf(1), math.Inf(-1)
	for _, v := range c.Values {
		x, ok := numberOf(c, v.Text)
		if !ok {
			return r, false
		}
		lowest, highest = min(lowest, x), max(highest, x)
	}
	if len(c.Values) == 0 {
		return r, false
	}
	switch c.Operator.Test {
	case iam.NumericEquals, iam.DateEquals:
		r.low, r.high = lowest, highest
	case iam.NumericLessThan, iam.DateLessThan:
		r.high, r.openHigh = highest, true
	case iam.NumericLessThanEquals, iam.DateLessThanEquals:
		r.high = highest
	case iam.NumericGreaterThan, iam.DateGreaterThan:
		r.low, r.openLow = lowest, true
	case iam.NumericGreaterThanEquals, iam.DateGreaterThanEquals:
		r.low = lowest
	default:
		return r, false
	}
	return r, true
}

func numberOf(c *iam.Condition, text string) (float64, bool) {
	if c.Operator.Test.Family() == iam.DateFamily {
		t, ok := iam.ParseDate(text)
		return float64(t.Unix()), ok
	}
	x, err := strconv.ParseFloat(text, 64)
	return x, err == nil && !math.IsNaN(x) && !math.IsInf(x, 0)
}
