package lint

import (
	"slices"
	"strings"

	"github.com/berth-project/berth/iam"
)

// What follows finds conditions that look like a limit and are none: the caller
// chooses the value, or a way around the test.

// forgeableKeys are keys, in lower case, whose value is whatever the caller sends
// (IAM User Guide, "AWS global condition context keys": neither is to be used to
// keep parties from requests).
var forgeableKeys = []string{"aws:referer", "aws:useragent"}

// sensitiveKeys are keys, in lower case, that name one owner: a pattern of them
// names any owner that cares to get such a name (same page, "Sensitive condition
// keys").
var sensitiveKeys = []string{
	"aws:principalaccount", "aws:principalorgid", "aws:resourceaccount", "aws:resourceorgid", "aws:sourceaccount", "aws:sourceorgid",
	"aws:sourcevpc", "aws:sourcevpce", "aws:vpceaccount", "aws:vpceorgid",
}

// untrustworthy finds tests of what the caller chooses.
func untrustworthy(p *pass) {
	p.conditions(func(i, c int, cond *iam.Condition) {
		key, test := strings.ToLower(cond.Key), cond.Operator.Test
		if slices.Contains(forgeableKeys, key) && test != iam.Null && test != iam.UnknownTest {
			p.report("UNTRUSTWORTHY_CONDITION_KEY", p.policy.ConditionPath(i, c, -1), "callers choose what they send as %s", cond.Key).
				Help = "test who is calling or from where, such as aws:PrincipalOrgID or aws:SourceVpce"
		}
		if !slices.Contains(sensitiveKeys, key) || test != iam.StringLike && test != iam.StringNotLike {
			return
		}
		for j, v := range cond.Values {
			if wild(plainText(v.Text)) {
				p.report("WILDCARD_USAGE_TOO_PERMISSIVE", p.policy.ConditionPath(i, c, j), "%q also stands for owners that are not meant", v.Text).
					Help = "write each value of " + cond.Key + " in full"
			}
		}
	})
}

// prefixesDenied finds tests of s3:prefix that a shorter prefix goes around: who
// may not list "private/" lists "priv".
func prefixesDenied(p *pass) {
	p.conditions(func(i, c int, cond *iam.Condition) {
		test, effect := cond.Operator.Test, p.policy.Statements[i].Effect
		if !strings.EqualFold(cond.Key, "s3:prefix") || test.Family() != iam.StringFamily || effect == iam.NoEffect || test.Negated() == (effect == iam.Deny) {
			return
		}
		if !slices.ContainsFunc(cond.Values, func(v iam.Value) bool { return v.Text != "" }) {
			return // the listing of the whole bucket
		}
		p.report("S3_PREFIX_IN_NEGATIVE_CONTEXT", p.policy.ConditionPath(i, c, -1), "a shorter prefix is not what is tested for, and lists the same objects").
			Help = "allow with StringLike the prefixes that may be listed, or deny with StringNotLike all others"
	})
}

// attributeReaders are the actions that answer with whole items unless the
// request selects attributes.
var attributeReaders = []string{"dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query", "dynamodb:Scan"}

// attributesWithoutSelect finds limits on the attributes that are read which hold
// only for requests that name attributes (Amazon DynamoDB Developer Guide, "Using
// IAM policy conditions for fine-grained access control").
func attributesWithoutSelect(p *pass) {
	p.statements(func(i int, s *iam.Statement) {
		at := conditionsOn(s, "dynamodb:Attributes")
		if s.Effect != iam.Allow || len(at) == 0 || !slices.ContainsFunc(attributeReaders, func(a string) bool { return reaches(s, a) }) {
			return
		}
		selects := slices.ContainsFunc(conditionsOn(s, "dynamodb:Select"), func(c int) bool { return !s.Conditions[c].Operator.Test.Negated() })
		if !selects {
			p.report("DYNAMODB_ATTRIBUTES_WITHOUT_SELECT", p.policy.ConditionPath(i, at[0], -1), "requests that name no attributes read all of them").
				Help = `add "StringEqualsIfExists": {"dynamodb:Select": "SPECIFIC_ATTRIBUTES"}`
		}
	})
}
