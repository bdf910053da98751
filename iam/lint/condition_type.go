package lint

import (
	"strings"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/catalog"
)

// keyValues is what a condition key holds.
type keyValues struct {
	family iam.Family
	multi  bool
}

// keyOf returns what is known of a condition key.
func keyOf(name string) (keyValues, bool) {
	k, ok := catalog.Default().Key(name)
	return keyValues{
		family: [...]iam.Family{
			catalog.StringKey: iam.StringFamily, catalog.NumericKey: iam.NumericFamily, catalog.BoolKey: iam.BoolFamily, catalog.DateKey: iam.DateFamily,
			catalog.ARNKey: iam.ARNFamily, catalog.IPKey: iam.IPFamily, catalog.BinaryKey: iam.BinaryFamily,
		}[k.Type],
		multi: k.Multi,
	}, ok
}

// conditionTypes checks that operators compare what keys hold.
func conditionTypes(p *pass) {
	p.conditions(func(i, c int, cond *iam.Condition) {
		key, known := keyOf(cond.Key)
		if !known {
			return
		}
		test := cond.Operator.Test
		if key.family == iam.ARNFamily && (test == iam.StringLike || test == iam.StringNotLike) {
			p.textOfARN(i, c, cond)
			return
		}
		if fits(test.Family(), key, cond.Key) {
			return
		}
		f := p.report("TYPE_MISMATCH", p.policy.ConditionPath(i, c, -1), "%s holds %s, and %s compares %s",
			cond.Key, familyNoun(key.family), test, familyNoun(test.Family()))
		f.Help = "use an operator for " + familyNoun(key.family)
	})
}

// fits reports whether operators of a family make sense for a key.
func fits(f iam.Family, key keyValues, name string) bool {
	switch {
	case f == key.family || f == iam.NullFamily || f == iam.NoFamily:
		return true
	case key.family == iam.ARNFamily:
		return f == iam.StringFamily
	case key.family == iam.DateFamily:
		// Seconds since 1970 are a number as well as a date.
		return f == iam.NumericFamily && strings.EqualFold(name, "aws:EpochTime")
	case key.family == iam.StringFamily:
		// The reference calls keys of any text a string, some of which hold ARNs.
		return f == iam.BinaryFamily || f == iam.ARNFamily
	}
	return false
}

func familyNoun(f iam.Family) string {
	return [...]string{
		iam.NoFamily: "nothing known", iam.StringFamily: "text", iam.NumericFamily: "numbers", iam.DateFamily: "dates", iam.BoolFamily: "true and false",
		iam.BinaryFamily: "bytes", iam.IPFamily: "addresses", iam.ARNFamily: "ARNs", iam.NullFamily: "presence",
	}[f]
}

func (p *pass) textOfARN(i, c int, cond *iam.Condition) {
	o := cond.Operator
	o.Test = iam.ARNLike
	if cond.Operator.Test == iam.StringNotLike {
		o.Test = iam.ARNNotLike
	}
	f := p.report("STRING_LIKE_OPERATOR_WITH_ARN_CONDITION_KEYS", p.policy.ConditionPath(i, c, -1),
		`%s holds an ARN, and "*" in %s runs over its parts`, cond.Key, cond.Operator)
	f.Help = "write " + o.String()
	p.fix(f, false, "write "+o.String(), p.operatorMove(i, c, o.String()))
}
