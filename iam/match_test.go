package iam_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/berth-project/berth/iam"
)

func TestActions(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pattern, action string
		want            bool
	}{
		{"s3:GetObject", "s3:GetObject", true},
		{"S3:GETOBJECT", "s3:getobject", true},
		{"s3:getobject", "S3:GETOBJECT", true},
		{"s3:Get*", "S3:GetObject", true},
		{"s3:*", "s3express:CreateSession", false},
		{"s3*", "s3express:CreateSession", true},
		{"*", "anything", true},
		{"*:Get*", "s3:GetObject", true},
		{"s?s:*", "sqs:SendMessage", true},
		{"s3:GetObject?", "s3:GetObject", false},
		{"s3:GetObject", "s3:GetObjectAcl", false},
		{"s3:GetObject", "s3", false},
		{"oddity", "Oddity", true},
		{"", "s3:GetObject", false},
		// Variables mean nothing in actions.
		{"s3:${aws:username}", "s3:dev", false},
		// Names of actions are ASCII: letters that only fold to them are others.
		{"kms:Decrypt", "\u212Ams:Decrypt", false},
		{"sts:AssumeRole", "\u017Fts:AssumeRole", false},
	} {
		set := &iam.PolicySet{Identity: []*iam.Compiled{statement(iam.Allow, func(s *iam.Statement) { s.Actions.Values = []string{c.pattern} })}}
		req := user(map[string]string{"aws:username": "dev"})
		req.Action = c.action
		if got := set.Decide(req).Allowed(); got != c.want {
			t.Errorf("action %q with pattern %q: allowed = %v, want %v", c.action, c.pattern, got, c.want)
		}
	}
}

// TestManyActions has more patterns and more services than are looked at in
// turn.
func TestManyActions(t *testing.T) {
	t.Parallel()
	p := &iam.Policy{Version: iam.Version2012}
	names := strings.Fields("Get Put List Delete Create Describe Update Tag Untag Start Stop Send Receive Copy Move")
	for i := range 30 {
		service := "svc" + string(rune('a'+i%26)) + strings.Repeat("x", i/26)
		s := iam.Statement{Effect: iam.Allow, Resources: iam.Elements{Values: []string{"*"}}}
		for _, n := range names {
			s.Actions.Values = append(s.Actions.Values, service+":"+n)
		}
		p.Statements = append(p.Statements, s)
	}
	p.Statements = append(p.Statements, iam.Statement{
		Effect: iam.Deny, Actions: iam.Elements{Values: []string{"*:Move"}}, Resources: iam.Elements{Values: []string{"*"}},
	})
	set := &iam.PolicySet{Identity: []*iam.Compiled{iam.Compile(p)}}
	for action, want := range map[string]iam.Outcome{
		"svca:Get": iam.Allowed, "SVCB:copy": iam.Allowed, "svcdx:Send": iam.Allowed,
		"svcd:Fetch": iam.ImplicitDeny, "svcq:Move": iam.ExplicitDeny, "other:Move": iam.ExplicitDeny, "other:Get": iam.ImplicitDeny,
	} {
		req := user(nil)
		req.Action = action
		if got := set.Decide(req).Outcome; got != want {
			t.Errorf("Decide(%s) = %v, want %v", action, got, want)
		}
	}
}

func TestResources(t *testing.T) {
	t.Parallel()
	context := map[string]string{
		"aws:username": "dev", "tag/star": "*", "tag/question": "a?c", "tag/ref": "${aws:username}", "tag/arn": "arn:aws:s3:::data",
		"tag/colons": "us-east-1:111122223333", "tag/account": "111122223333", "tag/empty": "", "tag/esc": "\x00\x01\uE000*",
	}
	for _, c := range []struct {
		pattern, resource string
		want              bool
	}{
		{"*", "*", true},
		{"arn:aws:s3:::data/*", "*", false},
		{"arn:aws:s3:::data/*", "arn:aws:s3:::data", false},
		{"arn:aws:s3:::data*", "arn:aws:s3:::data/x", true},
		{"arn:aws:s3:::Data", "arn:aws:s3:::data", false},
		// A star stays within its segment, unless it ends it.
		{"arn:aws:sqs:us-*-1:111122223333:jobs", "arn:aws:sqs:us-east-1:111122223333:jobs", true},
		{"arn:aws:s3*x:::data", "arn:aws:s3:::x:::data", false},
		{"arn:aws:s3:*", "arn:aws:s3:::data/x", true},
		{"arn:aws:*:jobs", "arn:aws:sqs:us-east-1:111122223333:jobs", true},
		{"arn:aws:sqs:?:1:jobs", "arn:aws:sqs:::1:jobs", false},
		{"arn:aws:logs:*:*:log-group:/app/*:x", "arn:aws:logs:eu-west-1:111122223333:log-group:/app/a:b:x", true},
		// Variables.
		{"arn:aws:s3:::data/${aws:username}/*", "arn:aws:s3:::data/dev/x", true},
		{"arn:aws:s3:::data/${AWS:UserName}/*", "arn:aws:s3:::data/dev/x", true},
		{"arn:aws:s3:::data/${aws:username}", "arn:aws:s3:::data/dev", true},
		{"arn:aws:s3:::data/${aws:username}", "arn:aws:s3:::data/dev/x", false},
		{"arn:aws:s3:::*/${aws:username}/?", "arn:aws:s3:::data/dev/x", true},
		{"arn:aws:s3:::data/${absent, 'all'}/x", "arn:aws:s3:::data/all/x", true},
		{"arn:aws:s3:::data/${absent, ''}x", "arn:aws:s3:::data/x", true},
		{"arn:aws:s3:::data/${aws:username, 'all'}/x", "arn:aws:s3:::data/all/x", false},
		{"arn:aws:s3:::data/${absent}", "arn:aws:s3:::data/${absent}", false},
		{"${tag/arn}/*", "arn:aws:s3:::data/x", true},
		{"arn:aws:sqs:${tag/colons}:*", "arn:aws:sqs:us-east-1:111122223333:jobs", true},
		{"arn:aws:s3:::data/${tag/empty}x", "arn:aws:s3:::data/x", true},
		{"arn:*:us-*-1:${tag/account}:j*", "arn:aws:sqs:us-east-1:111122223333:jobs", true},
		{"arn:*:us-*-1:${tag/account}:j*", "arn:us-x:y-1:us-east-1:111122223333:jobs", true},
		{"arn:aws:sqs:us*-1:${tag/account}:jobs", "arn:aws:sqs:us:east-1:111122223333:jobs", false},
		{"arn:aws:sqs:us?east-1:${tag/account}:jobs", "arn:aws:sqs:us:east-1:111122223333:jobs", false},
		{"arn:aws:sqs:us?east-1:${tag/account}:jobs", "arn:aws:sqs:us-east-1:111122223333:jobs", true},
		{"arn:aws:*:${tag/account}:jobs", "arn:aws:sqs:us-east-1:111122223333:jobs", true},
		// What a value says is itself and no wildcard, escape or variable.
		{"arn:aws:s3:::data/${tag/star}", "arn:aws:s3:::data/x", false},
		{"arn:aws:s3:::data/${tag/star}", "arn:aws:s3:::data/*", true},
		{"arn:aws:s3:::*/${tag/star}", "arn:aws:s3:::data/x", false},
		{"arn:aws:s3:::*/${tag/star}", "arn:aws:s3:::data/*", true},
		{"arn:aws:s3:::*/${tag/question}", "arn:aws:s3:::data/abc", false},
		{"arn:aws:s3:::*/${tag/question}", "arn:aws:s3:::data/a?c", true},
		{"arn:aws:s3:::*/${tag/ref}", "arn:aws:s3:::data/dev", false},
		{"arn:aws:s3:::*/${tag/ref}", "arn:aws:s3:::data/${aws:username}", true},
		{"arn:aws:s3:::*/${tag/esc}?", "arn:aws:s3:::data/\x00\x01\uE000*x", true},
		{"arn:aws:s3:::*/${tag/esc}?", "arn:aws:s3:::data/\x00\x01\uE000yx", false},
		{"arn:aws:s3:::data/${absent, '*'}", "arn:aws:s3:::data/x", false},
		// Escapes.
		{"arn:aws:s3:::data/a${*}b", "arn:aws:s3:::data/a*b", true},
		{"arn:aws:s3:::data/a${*}b", "arn:aws:s3:::data/aXb", false},
		{"arn:aws:s3:::*/a${?}b*", "arn:aws:s3:::data/a?bc", true},
		{"arn:aws:s3:::*/a${?}b*", "arn:aws:s3:::data/aXbc", false},
		{"arn:aws:s3:::data/${$}{aws:username}", "arn:aws:s3:::data/${aws:username}", true},
	} {
		set := &iam.PolicySet{Identity: []*iam.Compiled{statement(iam.Allow, func(s *iam.Statement) { s.Resources.Values = []string{c.pattern} })}}
		req := user(context)
		req.Resource = c.resource
		if got := set.Decide(req).Allowed(); got != c.want {
			t.Errorf("resource %q with pattern %q: allowed = %v, want %v", c.resource, c.pattern, got, c.want)
		}
	}
}

// TestVariableWithoutValue matches nothing. An Allow with one grants nothing
// whatever else its lists say; a Deny goes by the rest of its lists.
func TestVariableWithoutValue(t *testing.T) {
	t.Parallel()
	conditions := func(operator, key string, values ...string) func(s *iam.Statement) {
		return func(s *iam.Statement) {
			c := condition(operator, key, values[0])
			for _, v := range values[1:] {
				c.Values = append(c.Values, iam.Value{Text: v})
			}
			s.Conditions = []iam.Condition{c}
		}
	}
	resources := func(not bool, values ...string) func(s *iam.Statement) {
		return func(s *iam.Statement) { s.Resources = iam.Elements{Not: not, Values: values} }
	}
	for name, c := range map[string]struct {
		edit          func(s *iam.Statement)
		allow, denies bool
	}{
		"alone":                         {resources(false, "arn:aws:s3:::${absent}*"), false, false},
		"beside a match":                {resources(false, "arn:aws:s3:::${absent}*", "*"), false, true},
		"beside no match":               {resources(false, "arn:aws:s3:::${absent}*", "arn:aws:s3:::other"), false, false},
		"in NotResource":                {resources(true, "arn:aws:s3:::${absent}*"), false, true},
		"in NotResource beside a match": {resources(true, "arn:aws:s3:::${absent}*", "*"), false, false},
		"of several values":             {resources(false, "*", "${aws:TagKeys, 'none'}"), false, true},
		"that must equal":               {conditions("StringEquals", "aws:username", "${absent}"), false, false},
		"that must not equal":           {conditions("StringNotEquals", "aws:username", "${absent}"), false, true},
		"that must not be like":         {conditions("ArnNotLike", "arn", "${absent}"), false, true},
		"beside an equal":               {conditions("StringEquals", "aws:username", "${absent}", "dev"), false, true},
		"beside no equal":               {conditions("StringEquals", "aws:username", "${absent}", "eve"), false, false},
		"beside an equal, not":          {conditions("StringNotEquals", "aws:username", "${absent}", "dev"), false, false},
		"of an absent key":              {conditions("StringEquals", "other", "${absent}"), false, false},
		"of an absent key, not":         {conditions("StringNotEquals", "other", "${absent}"), false, true},
		"of an absent key, if it is":    {conditions("StringEqualsIfExists", "other", "${absent}"), false, true},
		"of no values":                  {conditions("ForAllValues:StringEquals", "other", "${absent}"), false, true},
		"of no values, if there are":    {conditions("ForAllValues:StringEqualsIfExists", "other", "${absent}"), false, true},
		"of any of no values":           {conditions("ForAnyValue:StringEqualsIfExists", "other", "${absent}"), false, false},
	} {
		req := user(map[string]string{"aws:username": "dev", "arn": "arn:aws:s3:::data"})
		req.Context.SetMulti("aws:TagKeys", "env")
		allow := &iam.PolicySet{Identity: []*iam.Compiled{statement(iam.Allow, c.edit)}}
		if d := allow.Decide(req); d.Allowed() != c.allow {
			t.Errorf("Allow with a variable without value %s: %s, allowed want %v", name, d.Reason, c.allow)
		}
		deny := &iam.PolicySet{Identity: []*iam.Compiled{statement(iam.Allow, nil), statement(iam.Deny, c.edit)}}
		if d := deny.Decide(req); (d.Reason == iam.DeniedByIdentity) != c.denies {
			t.Errorf("Deny with a variable without value %s: %s, denied want %v", name, d.Reason, c.denies)
		}
	}
}

// TestWhatCannotBeReadFailsClosed gives an Allow and a Deny an element that
// cannot be evaluated.
func TestWhatCannotBeReadFailsClosed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		edit func(s *iam.Statement)
		req  func(r *iam.Request)
		why  iam.Why
	}{
		"unknown operator": {
			edit: func(s *iam.Statement) {
				s.Conditions = []iam.Condition{{Written: "StringMatches", Key: "aws:username", Values: []iam.Value{{Text: "dev"}}}}
			}, why: iam.WhyUnknownOperator,
		},
		"Null with IfExists": {
			edit: func(s *iam.Statement) { s.Conditions = []iam.Condition{condition("NullIfExists", "absent", "false")} },
			why:  iam.WhyUnknownOperator,
		},
		"no Action":   {edit: func(s *iam.Statement) { s.Actions = iam.Elements{} }, why: iam.WhyMissing},
		"no Resource": {edit: func(s *iam.Statement) { s.Resources = iam.Elements{} }, why: iam.WhyMissing},
		"broken variable": {
			edit: func(s *iam.Statement) { s.Resources.Values = []string{"arn:aws:s3:::${open"} }, why: iam.WhyUnreadable,
		},
		"broken variable in a condition": {
			edit: func(s *iam.Statement) {
				s.Conditions = []iam.Condition{condition("StringEqualsIgnoreCase", "aws:username", "${}")}
			}, why: iam.WhyUnreadable,
		},
		"action pattern too long": {
			edit: func(s *iam.Statement) { s.Actions.Values = []string{"s3:*" + long} }, why: iam.WhyUnreadable,
		},
		"resource pattern too long": {
			edit: func(s *iam.Statement) { s.Resources.Values = []string{"arn:aws:s3:::*" + long} }, why: iam.WhyUnreadable,
		},
		"resource too long": {
			edit: func(s *iam.Statement) { s.Resources.Values = []string{"arn:aws:s3:::d?ta/*"} },
			req:  func(r *iam.Request) { r.Resource = "arn:aws:s3:::data/" + long }, why: iam.WhyUnreadable,
		},
		"value of a variable too long": {
			edit: func(s *iam.Statement) { s.Resources.Values = []string{"arn:aws:s3:::*/${tag/long}"} },
			req:  func(r *iam.Request) { r.Context.Set("tag/long", long) }, why: iam.WhyUnreadable,
		},
		"value too long for a pattern": {
			edit: func(s *iam.Statement) { s.Conditions = []iam.Condition{condition("StringNotLike", "tag/long", "*x?")} },
			req:  func(r *iam.Request) { r.Context.Set("tag/long", long) }, why: iam.WhyUnreadable,
		},
		"one of the values too long": {
			edit: func(s *iam.Statement) {
				s.Conditions = []iam.Condition{condition("ForAnyValue:StringLike", "tag/long", "*x?")}
			},
			req: func(r *iam.Request) { r.Context.SetMulti("tag/long", "b", long) }, why: iam.WhyUnreadable,
		},
		"all of the values but one too long": {
			edit: func(s *iam.Statement) {
				s.Conditions = []iam.Condition{condition("ForAllValues:StringLike", "tag/long", "*x?")}
			},
			req: func(r *iam.Request) { r.Context.SetMulti("tag/long", "xxx", long) }, why: iam.WhyUnreadable,
		},
		"values too many": {
			edit: func(s *iam.Statement) {
				s.Conditions = []iam.Condition{condition("ForAnyValue:StringEquals", "tag/many", "b")}
			},
			req: func(r *iam.Request) { r.Context.SetMulti("tag/many", slices.Repeat([]string{"a"}, 40_000)...) }, why: iam.WhyUnreadable,
		},
		"action too long": {
			edit: func(s *iam.Statement) { s.Actions.Values = []string{"s3:*"} },
			req:  func(r *iam.Request) { r.Action = "s3:" + long }, why: iam.WhyUnreadable,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			req := user(map[string]string{"aws:username": "dev"})
			if c.req != nil {
				c.req(req)
			}
			everything := statement(iam.Allow, nil)
			allow := &iam.PolicySet{Identity: []*iam.Compiled{statement(iam.Allow, c.edit)}}
			if d := allow.Decide(req); d.Reason != iam.NoAllow {
				t.Errorf("Allow: %s, want %s", d.Reason, iam.NoAllow)
			}
			deny := &iam.PolicySet{Identity: []*iam.Compiled{everything, statement(iam.Deny, c.edit)}}
			if d := deny.Decide(req); d.Reason != iam.DeniedByIdentity {
				t.Errorf("Deny: %s, want %s", d.Reason, iam.DeniedByIdentity)
			}
			said := false
			for _, f := range allow.Explain(req).NearMisses[0].Failed {
				said = said || f.Why == c.why
			}
			if !said {
				t.Errorf("no element says %q:\n%s", c.why, allow.Explain(req))
			}
		})
	}
}

// TestDefiniteFailureBeatsUnreadable keeps a Deny from matching where an element
// that can be read is not about the request.
func TestDefiniteFailureBeatsUnreadable(t *testing.T) {
	t.Parallel()
	set := &iam.PolicySet{Identity: []*iam.Compiled{statement(iam.Allow, nil), statement(iam.Deny, func(s *iam.Statement) {
		s.Resources.Values = []string{"arn:aws:s3:::other/*"}
		s.Conditions = []iam.Condition{{Written: "StringMatches", Key: "aws:username", Values: []iam.Value{{Text: "dev"}}}}
	})}}
	if d := set.Decide(user(nil)); !d.Allowed() {
		t.Errorf("Decide = %s, want an Allow", d.Reason)
	}
}

func TestStatementWithoutEffectHasNone(t *testing.T) {
	t.Parallel()
	nothing := statement(iam.NoEffect, nil)
	if d := (&iam.PolicySet{Identity: []*iam.Compiled{nothing}}).Decide(user(nil)); d.Reason != iam.NoAllow {
		t.Errorf("alone: %s, want %s", d.Reason, iam.NoAllow)
	}
	if d := (&iam.PolicySet{Identity: []*iam.Compiled{nothing, statement(iam.Allow, nil)}}).Decide(user(nil)); !d.Allowed() {
		t.Errorf("beside an Allow: %s, want an Allow", d.Reason)
	}
}

// TestNilPoliciesCount as policies without statements.
func TestNilPoliciesCount(t *testing.T) {
	t.Parallel()
	set := &iam.PolicySet{Identity: []*iam.Compiled{nil, iam.Compile(nil)}, SCPs: [][]*iam.Compiled{{nil}}}
	if d := set.Decide(user(nil)); d.Reason != iam.NoAllowSCP {
		t.Errorf("Decide = %s, want %s", d.Reason, iam.NoAllowSCP)
	}
	if x := set.Explain(user(nil)); x.Reason != iam.NoAllowSCP {
		t.Errorf("Explain = %s, want %s", x.Reason, iam.NoAllowSCP)
	}
}

// TestShortARNs are completed where that is documented, and elsewhere where less
// would be denied otherwise.
func TestShortARNs(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind      iam.Kind
		effect    iam.Effect
		not, want bool
	}{
		{iam.IdentityPolicy, iam.Allow, false, true},
		{iam.IdentityPolicy, iam.Deny, false, true},
		{iam.IdentityPolicy, iam.Allow, true, false},
		{iam.InlineRolePolicy, iam.Deny, true, false},
		{iam.BoundaryPolicy, iam.Allow, false, true},
		{iam.SessionPolicy, iam.Allow, false, true},
		{iam.ResourcePolicy, iam.Allow, false, false},
		{iam.ResourcePolicy, iam.Deny, false, true},
		{iam.ResourcePolicy, iam.Allow, true, false},
		{iam.ResourcePolicy, iam.Deny, true, true},
		{iam.ServiceControlPolicy, iam.Allow, false, false},
		{iam.ServiceControlPolicy, iam.Deny, false, true},
		{iam.ResourceControlPolicy, iam.Deny, false, true},
		{iam.EndpointPolicy, iam.Allow, false, false},
		{iam.EndpointPolicy, iam.Deny, true, true},
	} {
		everybody := &iam.Principals{Star: true}
		s := iam.Statement{Effect: c.effect, Actions: iam.Elements{Values: []string{"*"}}, Resources: iam.Elements{Values: []string{"arn:aws:s3"}, Not: c.not}, Principals: everybody}
		allow := statement(iam.Allow, func(s *iam.Statement) { s.Principals = everybody })
		p := iam.Compile(&iam.Policy{Version: iam.Version2012, Kind: c.kind, Statements: []iam.Statement{s}})
		set := iam.PolicySet{Identity: []*iam.Compiled{p}}
		if c.effect == iam.Deny {
			set.Identity = append(set.Identity, allow)
		}
		if got := set.Decide(user(nil)).Allowed() == (c.effect == iam.Allow); got != c.want {
			t.Errorf("%s, %s, NotResource %v: matches = %v, want %v", c.kind, c.effect, c.not, got, c.want)
		}
	}
}
