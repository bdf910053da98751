package lint

import (
	"slices"
	"strings"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/catalog"
)

// qualifiers looks at ForAllValues and ForAnyValue: whether the key has several
// values, and what becomes of a request that has none (IAM User Guide,
// "Single-valued vs. multivalued context keys").
func qualifiers(p *pass) {
	p.conditions(func(i, c int, cond *iam.Condition) {
		if cond.Operator.Test == iam.UnknownTest || cond.Operator.Test == iam.Null {
			return
		}
		key, known := keyOf(cond.Key)
		switch cond.Operator.Qualifier {
		case iam.SingleValue:
			if known && key.multi {
				f := p.report("MISSING_QUALIFIER", p.policy.ConditionPath(i, c, -1), "%s can have several values, and %s compares one", cond.Key, cond.Operator)
				f.Help = "write ForAnyValue:" + cond.Operator.String() + " if one value is enough, ForAllValues: if each has to pass"
				if slices.Contains(mostlyOne, strings.ToLower(cond.Key)) {
					f.Severity, f.Level = Warning, Low
				}
			}
		case iam.ForAllValues:
			if known && !key.multi {
				p.needlessForAll(i, c, cond)
				return
			}
			p.forAllWithoutNull(i, cond)
		}
	})
}

// mostlyOne are multivalued keys, in lower case, that the vendor's own guides
// compare by plain operators: most requests have one value of them (Amazon
// EventBridge User Guide, "Permissions for event buses").
var mostlyOne = []string{"events:source", "events:detail-type"}

func (p *pass) needlessForAll(i, c int, cond *iam.Condition) {
	f := p.report("FORALLVALUES_WITH_SINGLE_VALUED_KEY", p.policy.ConditionPath(i, -1, -1),
		"%s has one value, so ForAllValues only waives the test for requests without it", cond.Key)
	f.Span = p.span(p.policy.ConditionPath(i, c, -1))
	o := cond.Operator
	o.Qualifier = iam.SingleValue
	f.Help = "write " + o.String()
	p.fix(f, false, "drop ForAllValues", p.operatorMove(i, c, o.String()))
}

func (p *pass) forAllWithoutNull(i int, cond *iam.Condition) {
	s := &p.policy.Statements[i]
	key := strings.ToLower(cond.Key)
	if s.Effect != iam.Allow || requiresKey(s, cond.Key) || key == "aws:tagkeys" && demandsRequestTag(s) || p.alwaysThere(s, key) {
		return
	}
	path := p.policy.ConditionPath(i, -1, -1)
	if p.has("FORALLVALUES_ALLOW_WITHOUT_NULL_CHECK", path) {
		return
	}
	f := p.report("FORALLVALUES_ALLOW_WITHOUT_NULL_CHECK", path, "ForAllValues also holds for requests without %s", cond.Key)
	f.Help = `add "Null": {"` + cond.Key + `": "false"}`
	patch := p.insert(path, "Null", map[string]string{cond.Key: "false"})
	if _, there := p.policy.Span(path + ".Null"); there {
		patch = p.insert(path+".Null", cond.Key, "false")
	}
	p.fix(f, false, "demand that the key is there", patch)
	if slices.Contains(chosenTags, key) {
		f.Level = Low
	}
}

// chosenTags are the keys, in lower case, of what callers add of their own: who
// adds nothing passes the test and has gained nothing.
var chosenTags = []string{"aws:tagkeys", "sts:transitivetagkeys"}

// alwaysKeys are keys, in lower case, that every request carries whose action has
// them at all, but for the actions named, which reach everything without.
var alwaysKeys = map[string][]string{
	"dynamodb:leadingkeys":                                  {"dynamodb:Scan", "dynamodb:PartiQLSelect"},
	"kms:grantoperations":                                   nil,
	"ses:recipients":                                        nil,
	"route53:changeresourcerecordsetsactions":               nil,
	"route53:changeresourcerecordsetsnormalizedrecordnames": nil,
	"route53:changeresourcerecordsetsrecordtypes":           nil,
}

// alwaysThere reports whether ForAllValues waives nothing, because the requests
// that a statement is about carry the key. Actions without the key that are
// written out are meant to pass; those that a pattern brings along are not.
func (p *pass) alwaysThere(s *iam.Statement, key string) bool {
	without, ok := alwaysKeys[key]
	return ok && !s.Actions.Not && !slices.ContainsFunc(s.Actions.Values, func(pattern string) bool {
		return slices.ContainsFunc(p.expand(pattern), func(a *catalog.Action) bool {
			return slices.Contains(without, a.FullName()) || wild(pattern) && !catalog.Default().Supports(a, key)
		})
	})
}

// demandsRequestTag reports whether the statement asks for a tag in the request,
// which then has tag keys.
func demandsRequestTag(s *iam.Statement) bool {
	return slices.ContainsFunc(s.Conditions, func(c iam.Condition) bool {
		_, tag := cutFold(c.Key, "aws:RequestTag/")
		return tag && requiresKey(s, c.Key)
	})
}

// multiFactorGuard reports the guard that long-term keys pass: they have no
// aws:MultiFactorAuthPresent at all.
func multiFactorGuard(p *pass) {
	p.conditions(func(i, c int, cond *iam.Condition) {
		o := cond.Operator
		if p.policy.Statements[i].Effect != iam.Deny || o.Test != iam.Bool || o.IfExists ||
			!strings.EqualFold(cond.Key, "aws:MultiFactorAuthPresent") || len(cond.Values) != 1 || !strings.EqualFold(cond.Values[0].Text, "false") {
			return
		}
		o.IfExists = true
		f := p.report("MFA_BOOL_WITHOUT_IFEXISTS", p.policy.ConditionPath(i, c, -1), "requests signed with long-term keys lack the key, so they are not denied")
		f.Help = "write " + o.String()
		p.fix(f, false, "write "+o.String(), p.operatorMove(i, c, o.String()))
	})
}

// waivedFactor reports the permission that long-term keys have without MFA, where
// it is asked of everyone else.
func waivedFactor(p *pass) {
	p.conditions(func(i, c int, cond *iam.Condition) {
		o := cond.Operator
		if p.policy.Statements[i].Effect != iam.Allow || o.Test != iam.Bool || !o.IfExists ||
			!strings.EqualFold(cond.Key, "aws:MultiFactorAuthPresent") || !p.everyValue(cond, isTrue) {
			return
		}
		o.IfExists = false
		f := p.report("SEC_MFA_WAIVED", p.policy.ConditionPath(i, c, -1), "requests signed with long-term keys lack the key and are allowed without MFA")
		f.Help = "write " + o.String()
		p.fix(f, false, "write "+o.String(), p.operatorMove(i, c, o.String()))
	})
}

// pairs are keys that say little without another.
var pairs = []struct {
	key      string
	partners []string
	why      string
}{
	{"aws:VpcSourceIp", []string{"aws:SourceVpc", "aws:SourceVpce", "aws:SourceVpcArn"}, "private addresses repeat in every network"},
	{"aws:Ec2InstanceSourcePrivateIPv4", []string{"aws:Ec2InstanceSourceVpc"}, "private addresses repeat in every network"},
}

// pairedKeys reports keys without the partner they need.
func pairedKeys(p *pass) {
	p.conditions(func(i, c int, cond *iam.Condition) {
		s := &p.policy.Statements[i]
		for _, pair := range pairs {
			if !strings.EqualFold(cond.Key, pair.key) || cond.Operator.Test == iam.Null || paired(s, pair.partners) {
				continue
			}
			f := p.report("MISSING_PAIRED_CONDITION_KEYS", p.policy.ConditionPath(i, c, -1), "%s stands alone: %s", cond.Key, pair.why)
			f.Help = "add a test of " + pair.partners[0]
		}
	})
}

func paired(s *iam.Statement, partners []string) bool {
	for _, partner := range partners {
		if len(conditionsOn(s, partner)) > 0 {
			return true
		}
	}
	return false
}
