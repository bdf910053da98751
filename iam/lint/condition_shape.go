package lint

import (
	"slices"
	"strings"

	"github.com/berth-project/berth/iam"
)

// conditionShape looks at conditions that say nothing, or say it twice.
func conditionShape(p *pass) {
	p.statements(func(i int, s *iam.Statement) {
		if s.ConditionPresent && len(s.Conditions) == 0 && !p.refused(p.policy.ConditionPath(i, -1, -1)) {
			path := p.policy.ConditionPath(i, -1, -1)
			f := p.report("EMPTY_OBJECT_CONDITION", path, "the condition has no test and limits nothing")
			f.Help = "remove it, or write the test that was meant"
			p.fix(f, true, "remove the empty condition", p.drop(path))
		}
	})
	p.conditions(func(i, c int, cond *iam.Condition) {
		path := p.policy.ConditionPath(i, c, -1)
		if len(cond.Values) == 0 && !p.refused(path) {
			p.emptyCondition(path, cond)
		}
		if cond.Operator.Test == iam.Null && cond.Operator.Qualifier != iam.SingleValue {
			p.report("NULL_WITH_QUALIFIER", path, "Null asks about the key as a whole; with %s it always gives the same answer",
				strings.TrimSuffix(cond.Operator.Qualifier.String(), ":")).Help = "write Null"
		}
		p.numericLimits(path, cond)
	})
}

func (p *pass) emptyCondition(path string, cond *iam.Condition) {
	o := cond.Operator
	switch {
	case o.Qualifier == iam.ForAllValues:
		p.report("EMPTY_ARRAY_CONDITION_FORALLVALUES", path, "%s without values holds only when the request has no %s", o, cond.Key).
			Help = `write "Null" with "true" if that is meant`
	case o.Qualifier == iam.ForAnyValue:
		p.report("EMPTY_ARRAY_CONDITION_FORANYVALUE", path, "%s without values never holds", o).Help = "give it values, or remove the statement"
	case o.IfExists:
		p.report("EMPTY_ARRAY_CONDITION_IF_EXISTS", path, "%s without values holds only when the request has no %s", o, cond.Key).
			Help = `write "Null" with "true" if that is meant`
	default:
		p.report("EMPTY_ARRAY_CONDITION", path, "%s has no value to compare %s with", o, cond.Key).Help = "give it values, or remove it"
	}
}

// numericLimits reports several limits of which one counts.
func (p *pass) numericLimits(path string, cond *iam.Condition) {
	var less bool
	switch cond.Operator.Test {
	case iam.NumericLessThan, iam.NumericLessThanEquals:
		less = true
	case iam.NumericGreaterThan, iam.NumericGreaterThanEquals:
	default:
		return
	}
	if len(cond.Values) < 2 {
		return
	}
	best := 0
	for j, v := range cond.Values {
		order, ok := iam.CompareNumbers(v.Text, cond.Values[best].Text)
		if !ok {
			return
		}
		if less && order > 0 || !less && order < 0 {
			best = j
		}
	}
	kept := cond.Values[best]
	word := map[bool]string{true: "greatest", false: "least"}[less]
	f := p.report("REDUNDANT_CONDITION_VALUE_NUM", path, "of the %d numbers only the %s counts, %s", len(cond.Values), word, kept.Text)
	f.Help = "keep that one"
	p.fix(f, true, "keep only "+kept.Text, p.put(path, literal(kept)))
}

// literal is a condition's value as JSON has it.
func literal(v iam.Value) any {
	switch v.Type {
	case iam.Number:
		return rawJSON(v.Text)
	case iam.Boolean:
		return v.Text == "true"
	}
	return v.Text
}

// requiresKey reports whether the statement has a condition on a key that holds only
// when the key is there.
func requiresKey(s *iam.Statement, key string) bool {
	return slices.ContainsFunc(s.Conditions, func(c iam.Condition) bool {
		if !strings.EqualFold(c.Key, key) {
			return false
		}
		if c.Operator.Test == iam.Null {
			return len(c.Values) == 1 && strings.EqualFold(c.Values[0].Text, "false")
		}
		return demands(&c)
	})
}
