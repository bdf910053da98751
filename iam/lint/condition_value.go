package lint

import (
	"encoding/base64"
	"net/netip"
	"regexp"
	"strings"

	"github.com/berth-project/berth/iam"
)

// conditionValues checks each value of a condition against what the operator
// compares.
func conditionValues(p *pass) {
	p.conditions(func(i, c int, cond *iam.Condition) {
		for j, v := range cond.Values {
			p.conditionValue(cond.Operator.Test.Family(), v.Text, p.policy.ConditionPath(i, c, j))
		}
		p.wildcardValues(i, c, cond)
	})
}

func (p *pass) conditionValue(family iam.Family, text, path string) {
	if strings.Contains(text, "${") {
		return // replaced, or reported by the reader
	}
	switch family {
	case iam.BoolFamily, iam.NullFamily:
		if !strings.EqualFold(text, "true") && !strings.EqualFold(text, "false") {
			p.report("TYPE_MISMATCH_BOOLEAN", path, "%q is neither true nor false", text).Help = `write "true" or "false"`
		}
	case iam.NumericFamily:
		if _, ok := iam.CompareNumbers(text, "0"); !ok {
			p.report("TYPE_MISMATCH_NUMBER", path, "%q is not a number", text)
		}
	case iam.DateFamily:
		p.dateValue(text, path)
	case iam.IPFamily:
		p.addressValue(text, path)
	case iam.BinaryFamily:
		if _, err := base64.StdEncoding.DecodeString(text); err != nil {
			p.report("TYPE_MISMATCH_STRING", path, "%q is not base64", text)
		}
	}
}

// dateLike is what somebody writes who means a date.
var dateLike = regexp.MustCompile(`^\d{4}-\d{1,2}(-\d{1,2}([T ]\d{1,2}(:\d{1,2}){0,2}(\.\d+)?(Z|[+-]\d{2}(:?\d{2})?)?)?)?$`)

func (p *pass) dateValue(text, path string) {
	if at, ok := iam.ParseDate(text); ok {
		if !strings.Contains(text, "-") {
			f := p.report("INVALID_DATE_VALUE", path, "%s are seconds since 1970, which nobody can read", text)
			f.Level, f.Help = Low, "write it as "+stamp(at)
			p.fix(f, at.Nanosecond() == 0, "write the date", p.put(path, stamp(at)))
		}
		return
	}
	code, what := "TYPE_MISMATCH_DATE", "%q is not a date"
	if dateLike.MatchString(text) {
		code, what = "INVALID_DATE_VALUE", "%q names no certain instant"
	}
	p.report(code, path, what, text).Help = "write it as 2026-01-31T12:00:00Z"
}

func (p *pass) addressValue(text, path string) {
	prefix, ok := iam.ParseIPRange(text)
	if !ok {
		p.report("TYPE_MISMATCH_IP_RANGE", path, "%q is neither an address nor a range", text).Help = "write it as 203.0.113.0/24"
		return
	}
	if as, err := netip.ParsePrefix(text); err != nil || as == prefix {
		return
	}
	f := p.report("IMPROVE_IP_RANGE", path, "%s is the range %s", text, prefix)
	f.Help = "write the range as it is, or the smaller one that is meant"
	p.fix(f, true, "write the range as it is", p.put(path, prefix.String()))
}

// wildcardValues reports wildcards that the operator takes as they are.
func (p *pass) wildcardValues(i, c int, cond *iam.Condition) {
	like, ok := likeOf(cond.Operator.Test)
	if !ok {
		return
	}
	for j, v := range cond.Values {
		if !strings.ContainsAny(plainText(v.Text), "*?") {
			continue
		}
		path := p.policy.ConditionPath(i, c, j)
		f := p.report("WILDCARD_WITHOUT_LIKE_OPERATOR", path, "%s compares %q character by character, its wildcard too", cond.Operator, v.Text)
		f.Help = "write " + like.String() + " if it stands for anything"
		if j == 0 && len(cond.Values) == 1 {
			o := cond.Operator
			o.Test = like
			p.fix(f, false, "write "+o.String(), p.operatorMove(i, c, o.String()))
		}
	}
}

// likeOf returns the test with wildcards that goes with one without.
func likeOf(t iam.Test) (iam.Test, bool) {
	switch t {
	case iam.StringEquals, iam.StringEqualsIgnoreCase:
		return iam.StringLike, true
	case iam.StringNotEquals, iam.StringNotEqualsIgnoreCase:
		return iam.StringNotLike, true
	}
	return t, false
}

// plainText is a value without its variables, in which wildcards are escaped.
func plainText(s string) string {
	for {
		start := strings.Index(s, "${")
		if start < 0 {
			return s
		}
		end := strings.IndexByte(s[start:], '}')
		if end < 0 {
			return s[:start]
		}
		s = s[:start] + s[start+end+1:]
	}
}
