package space

import (
	"fmt"
	"slices"
	"strings"

	"github.com/berth-project/berth/iam"
)

// literal is one thing that a statement asks of a condition key: that an
// operator holds, or that a variable has a value. Equal ones are one literal.
type literal struct {
	key  string // in lower case
	name string // as first written
	op   iam.Operator
	// deny is set for what a Deny asks: what cannot be read holds there.
	deny bool
	// texts are the values of a test of texts.
	texts []*template
	// booleans are "true" and "false", of a Bool in a Deny: what is neither of them
	// cannot be read.
	booleans []*template
	// typed is the condition of a test of other values, and judge tells which it
	// holds for.
	typed *iam.Condition
	judge *Judge
	// present and absent are what Null asks for.
	present, absent bool
	// resolved is set for what a variable asks: that the key has one value, or
	// with byDefault none.
	resolved, byDefault bool
}

func (s *Space) resolvedLiteral(v iam.Part) int {
	l := literal{key: v.Text, name: v.Text, resolved: true, byDefault: v.HasDefault}
	return s.literal(fmt.Sprintf("resolved %q %v", v.Text, v.HasDefault), l)
}

func (s *Space) literal(id string, l literal) int {
	n, ok := s.literalIDs[id]
	if !ok {
		n = len(s.literals)
		s.literalIDs[id] = n
		s.literals = append(s.literals, l)
	}
	return n
}

// addCondition adds a condition whose operator exists.
func (s *Space) addCondition(st *statement, c *iam.Condition, variables bool) error {
	l := literal{key: strings.ToLower(c.Key), name: c.Key, op: canonical(c.Operator), deny: st.effect == iam.Deny}
	var ids []string
	for _, v := range c.Values {
		if len(v.Text) > maxText {
			return errTooLong
		}
		ids = append(ids, v.Text)
	}
	switch family := l.op.Test.Family(); family {
	case iam.StringFamily, iam.ARNFamily, iam.BoolFamily:
		s.addTexts(st, &l, c.Values, variables)
		ids = ids[:0]
		for _, t := range l.texts {
			ids = append(ids, t.key)
		}
	case iam.NullFamily:
		for _, v := range c.Values {
			absent, present := strings.EqualFold(v.Text, "true"), strings.EqualFold(v.Text, "false")
			unreadable := l.deny && !absent && !present
			l.absent = l.absent || absent || unreadable
			l.present = l.present || present || unreadable
		}
	default:
		l.typed = &iam.Condition{Written: l.op.Test.String(), Operator: iam.Operator{Test: l.op.Test}, Key: c.Key, Values: c.Values}
		l.judge = judgeOf(l.typed, l.deny)
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	st.literals = append(st.literals, s.literal(fmt.Sprintf("%v %s %s %q", l.deny, l.op, l.key, ids), l))
	return nil
}

// canonical returns the operator that stands for all that mean the same.
func canonical(o iam.Operator) iam.Operator {
	switch o.Test {
	case iam.ARNEquals:
		o.Test = iam.ARNLike
	case iam.ARNNotEquals:
		o.Test = iam.ARNNotLike
	}
	// A set operator says itself what holds without a value, and so does a
	// negated test.
	if o.Qualifier != iam.SingleValue || o.Test.Negated() {
		o.IfExists = false
	}
	return o
}

func (s *Space) addTexts(st *statement, l *literal, values []iam.Value, variables bool) {
	r, fold := noWildcards, false
	switch l.op.Test {
	case iam.StringLike, iam.StringNotLike:
		r = anyCharacters
	case iam.ARNLike, iam.ARNNotLike:
		r = arnComponents
	case iam.StringEqualsIgnoreCase, iam.StringNotEqualsIgnoreCase, iam.Bool:
		fold = true
	}
	if l.deny && l.op.Test == iam.Bool {
		l.booleans = []*template{s.folded("true", false, true), s.folded("false", false, true)}
	}
	for _, v := range values {
		t := s.template(v.Text, r, variables)
		plain := !variables || !strings.Contains(v.Text, "${")
		switch {
		case t.broken, l.op.Test == iam.Bool && plain && !isBool(v.Text):
			if t = s.inPlaceOfBroken(st.effect, l.op.Test.Negated()); t != nil && l.op.Test == iam.Bool {
				l.texts = append(l.texts, s.folded("true", false, true), s.folded("false", false, true))
			} else if t != nil {
				l.texts = append(l.texts, t)
			}
			continue
		case fold:
			t = s.folded(v.Text, variables, l.op.Test == iam.Bool)
		}
		s.addVariables(st, t)
		l.texts = append(l.texts, t)
	}
}

// folded returns the template of a text that is compared without regard to case.
func (s *Space) folded(text string, variables, boolean bool) *template {
	base := s.template(text, noWildcards, variables)
	key := string([]byte{'f', flag(boolean)}) + base.key
	t, ok := s.templates[key]
	if !ok {
		t = new(*base)
		t.key, t.fold, t.boolean = key, true, boolean
		s.templates[key] = t
	}
	return t
}

// judgeOf returns a judge that allows what a condition of an Allow holds for, or
// what one of a Deny does not.
func judgeOf(c *iam.Condition, deny bool) *Judge {
	star := iam.Elements{Values: []string{"*"}}
	s := iam.Statement{Effect: iam.Allow, Actions: star, Resources: star, Conditions: []iam.Condition{*c}}
	if !deny {
		return NewJudge([]*iam.Policy{{Statements: []iam.Statement{s}}}, Any)
	}
	s.Effect = iam.Deny
	return NewJudge([]*iam.Policy{{Statements: []iam.Statement{s, {Effect: iam.Allow, Actions: star, Resources: star}}}}, Any)
}

// holdsFor asks the evaluator whether a typed test holds for one value.
func (l *literal) holdsFor(value string) bool {
	r := iam.Request{Principal: iam.Principal{Kind: iam.User, Account: "111122223333"}, Action: "a:b", Resource: "*", ResourceAccount: "111122223333"}
	r.Context.Set(l.key, value)
	return l.judge.Allows(&r) != l.deny
}

// unreadable reports whether a value is one that the literal holds for as it
// cannot be read; has says which texts match it.
func (l *literal) unreadable(has func(*template) bool) bool {
	return l.booleans != nil && !slices.ContainsFunc(l.booleans, has)
}

// withoutValue reports whether the literal holds where the key has no value.
func (l *literal) withoutValue() bool {
	switch {
	case l.resolved:
		return l.byDefault
	case l.op.Qualifier == iam.ForAllValues:
		return true
	case l.op.Qualifier == iam.ForAnyValue:
		return false
	case l.op.Test == iam.Null:
		return l.absent
	}
	return l.op.IfExists || l.op.Test.Negated()
}

// setOperator reports whether the literal asks about a set of values.
func (l *literal) setOperator() bool { return !l.resolved && l.op.Qualifier != iam.SingleValue }

// quantified reports whether what holds of the single values decides about
// several; if not, several is what does. In a Deny an operator that is not meant
// for several values holds as soon as it does for one.
func (l *literal) quantified() bool {
	return l.setOperator() || !l.resolved && l.deny && l.op.Test != iam.Null
}

// several reports whether a literal that is not quantified holds where the key
// has several values.
func (l *literal) several() bool {
	return !l.resolved && l.op.Test == iam.Null && l.present
}
