package iam_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/iam"
)

// editor is a set in which a team's tag decides.
func editor(t testing.TB) *iam.PolicySet {
	t.Helper()
	return &iam.PolicySet{Identity: []*iam.Compiled{
		parsed(t, iam.IdentityPolicy, `{"Version": "2012-10-17", "Statement": [
			{"Sid": "Logs", "Effect": "Allow", "Action": "logs:*", "Resource": "arn:aws:logs:*:*:*"},
			{"Sid": "Own", "Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "arn:aws:s3:::data/*",
			 "Condition": {"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}}}]}`).Named("Editor"),
		parsed(t, iam.IdentityPolicy, `{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sqs:*Message", "Resource": "*"}}`).Named("CustomerManaged-POP.SQSEditor"),
	}}
}

func TestExplanationJSON(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		edit func(r *iam.Request)
		want string
	}{
		"denied": {
			edit: func(r *iam.Request) {
				r.Context.Set("aws:PrincipalTag/team", "blue")
				r.Context.Set("aws:ResourceTag/team", "red")
			},
			want: `{
				"decision": "ImplicitDeny", "reason": "implicit-deny-no-allow", "decidedBy": [],
				"layers": {"scp": "n/a", "rcp": "n/a", "endpoint": "n/a", "resource": "n/a", "identity": "implicit", "boundary": "n/a", "session": "n/a"},
				"nearMisses": [
					{"policy": "identity[0]", "name": "Editor", "index": 1, "sid": "Own", "failed": [
						{"element": "Condition", "operator": "StringEquals", "key": "aws:ResourceTag/team",
						 "want": ["${aws:PrincipalTag/team}"], "got": ["red"], "why": "value-differs"}]},
					{"policy": "identity[1]", "name": "CustomerManaged-POP.SQSEditor", "index": 0, "failed": [
						{"element": "Action", "want": ["sqs:*Message"], "got": ["s3:GetObject"], "why": "value-differs"}]},
					{"policy": "identity[0]", "name": "Editor", "index": 0, "sid": "Logs", "failed": [
						{"element": "Action", "want": ["logs:*"], "got": ["s3:GetObject"], "why": "value-differs"},
						{"element": "Resource", "want": ["arn:aws:logs:*:*:*"], "got": ["arn:aws:s3:::data/x"], "why": "value-differs"}]}],
				"suggest": []}`,
		},
		"allowed": {
			edit: func(r *iam.Request) {
				r.Action, r.Resource = "sqs:SendMessage", "arn:aws:sqs:eu-west-1:111122223333:jobs"
			},
			want: `{
				"decision": "Allow", "reason": "allow-identity",
				"decidedBy": [{"policy": "identity[1]", "name": "CustomerManaged-POP.SQSEditor", "index": 0, "sid": "", "effect": "Allow",
					"matched": {"action": "sqs:*Message", "resource": "*", "principal": null}, "principalKind": null}],
				"layers": {"scp": "n/a", "rcp": "n/a", "endpoint": "n/a", "resource": "n/a", "identity": "allow", "boundary": "n/a", "session": "n/a"},
				"nearMisses": [], "suggest": []}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			req := user(nil)
			c.edit(req)
			x := editor(t).Explain(req)
			x.Trace = nil
			text, err := json.Marshal(x)
			if err != nil {
				t.Fatal(err)
			}
			var got, want any
			if err := json.Unmarshal(text, &got); err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal([]byte(c.want), &want); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("explanation (-want +got):\n%s", diff)
			}
		})
	}
}

// TestDecidersOfCrossAccount names the statements of both sides, and how the
// resource's names the caller.
func TestDecidersOfCrossAccount(t *testing.T) {
	t.Parallel()
	set := editor(t)
	set.Resource = parsed(t, iam.ResourcePolicy, `{"Version": "2012-10-17", "Statement": [
		{"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:*", "Resource": "*"},
		{"Sid": "Peer", "Effect": "Allow", "Principal": {"AWS": ["444455556666", "111122223333"]}, "NotAction": "sqs:Delete*", "Resource": "arn:aws:sqs:*:444455556666:jobs"}]}`).Named("jobs")
	req := user(nil)
	req.Action, req.Resource, req.ResourceAccount = "sqs:SendMessage", "arn:aws:sqs:eu-west-1:444455556666:jobs", foreign
	x := set.Explain(req)
	var got []string
	for _, d := range x.DecidedBy {
		line := d.Policy + " " + d.Name + " " + d.Sid
		if d.PrincipalKind != nil {
			line += " " + d.PrincipalKind.String() + " " + *d.Matched.Principal
		}
		if d.Matched.Action != nil {
			line += " " + *d.Matched.Action
		}
		got = append(got, line+" "+*d.Matched.Resource)
	}
	want := []string{
		"resource jobs Peer account 111122223333 arn:aws:sqs:*:444455556666:jobs",
		"identity[1] CustomerManaged-POP.SQSEditor  sqs:*Message *",
	}
	if diff := cmp.Diff(want, got); diff != "" || x.Reason != iam.AllowCrossAccount {
		t.Errorf("%s, deciders (-want +got):\n%s", x.Reason, diff)
	}
}

// TestWhy has one failing condition for each code.
func TestWhy(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		operator, key, value string
		want                 iam.Why
		text                 string
	}{
		{"StringEquals", "team", "blue", iam.WhyValueDiffers, `Condition StringEquals team: wants "blue", the request has "red"`},
		{"StringEquals", "absent", "blue", iam.WhyKeyAbsent, `Condition StringEquals absent: wants "blue", the request does not have the key`},
		{"NumericEquals", "team", "1", iam.WhyType, `Condition NumericEquals team: wants "1", the request has "red", and one is not of the operator's type`},
		{"NumericEquals", "number", "one", iam.WhyType, ""},
		{"DateLessThan", "team", "2024-06-01", iam.WhyType, ""},
		{"IpAddress", "team", "10.0.0.0/8", iam.WhyType, ""},
		{"BinaryEquals", "team", "QQ==", iam.WhyType, ""},
		{"Bool", "team", "true", iam.WhyType, ""},
		{"Null", "team", "perhaps", iam.WhyType, ""},
		{"NumericEquals", "number", "2", iam.WhyValueDiffers, ""},
		{"StringEquals", "team", "${Absent}", iam.WhyUnresolved, "Condition StringEquals team: the request has no single value for the variable ${Absent}"},
		{"StringEquals", "many", "a", iam.WhyNeedsSetOperator, "Condition StringEquals many: the request has 2 values, which need ForAllValues or ForAnyValue"},
		{"ForAnyValue:StringEquals", "many", "c", iam.WhyValueDiffers, `Condition ForAnyValue:StringEquals many: wants "c", the request has "a" or "b"`},
		{"NullIfExists", "team", "true", iam.WhyUnknownOperator, "Condition NullIfExists team: there is no such operator"},
	} {
		set := &iam.PolicySet{Identity: []*iam.Compiled{statement(iam.Allow, func(s *iam.Statement) {
			s.Conditions = []iam.Condition{condition(c.operator, c.key, c.value)}
		})}}
		req := user(map[string]string{"team": "red", "number": "1"})
		req.Context.SetMulti("many", "a", "b")
		failed := set.Explain(req).NearMisses[0].Failed
		if len(failed) != 1 || failed[0].Why != c.want {
			t.Errorf("%s %s: failed = %+v, want %q", c.operator, c.key, failed, c.want)
		}
		if got := failed[0].String(); c.text != "" && got != c.text {
			t.Errorf("String() = %s\nwant       %s", got, c.text)
		}
	}
}

// TestWhyOfResources tells of a variable without value, in NotResource too.
func TestWhyOfResources(t *testing.T) {
	t.Parallel()
	for _, not := range []bool{false, true} {
		set := &iam.PolicySet{Identity: []*iam.Compiled{statement(iam.Allow, func(s *iam.Statement) {
			s.Resources = iam.Elements{Not: not, Values: []string{"arn:aws:s3:::other", "arn:aws:s3:::data/${aws:UserName}"}}
		})}}
		f := set.Explain(user(nil)).NearMisses[0].Failed[0]
		if f.Why != iam.WhyUnresolved || f.Variable != "aws:UserName" {
			t.Errorf("not = %v: %+v", not, f)
		}
	}
}

// TestNearMissesAreFewAndNearFirst orders by how many elements failed.
func TestNearMissesAreFewAndNearFirst(t *testing.T) {
	t.Parallel()
	set := &iam.PolicySet{Identity: []*iam.Compiled{parsed(t, iam.IdentityPolicy, `{"Version": "2012-10-17", "Statement": [
		{"Sid": "three", "Effect": "Allow", "Action": "sqs:*", "Resource": "arn:aws:sqs:::x", "Condition": {"StringEquals": {"x:a": "1"}}},
		{"Sid": "twoConditions", "Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": {"StringEquals": {"x:a": "1", "x:b": "2"}}},
		{"Sid": "two", "Effect": "Allow", "Action": "sqs:*", "Resource": "arn:aws:sqs:::x"},
		{"Sid": "resource", "Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::other"},
		{"Sid": "deny", "Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::other"},
		{"Sid": "action", "Effect": "Allow", "Action": "sqs:*", "Resource": "*"},
		{"Sid": "last", "Effect": "Allow", "Action": "sqs:*", "Resource": "arn:aws:sqs:::y"}]}`)}}
	var got []string
	for _, m := range set.Explain(user(nil)).NearMisses {
		got = append(got, m.Sid)
	}
	if diff := cmp.Diff([]string{"resource", "action", "twoConditions", "two", "last"}, got); diff != "" {
		t.Errorf("near misses (-want +got):\n%s", diff)
	}
}

// TestNoSuggestionGoesAroundAGuard nor opens a resource to everybody, nor tells
// how to get past a Deny.
func TestNoSuggestionGoesAroundAGuard(t *testing.T) {
	t.Parallel()
	trust := parsed(t, iam.TrustPolicy, `{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": {"AWS": "111122223333"},
		"Action": "sts:AssumeRole", "Condition": {"StringEquals": {"sts:ExternalId": "7f3a"}}}}`)
	assume := user(map[string]string{"sts:ExternalId": "guess"})
	assume.Action, assume.Resource, assume.ResourceAccount = "sts:AssumeRole", "arn:aws:iam::444455556666:role/Deploy", foreign
	anonymous := user(nil)
	anonymous.Principal = iam.Principal{}
	for name, c := range map[string]struct {
		set    *iam.PolicySet
		req    *iam.Request
		reason iam.Reason
	}{
		"a wrong external ID":   {&iam.PolicySet{Resource: trust, Target: iam.RoleTrust, Identity: []*iam.Compiled{statement(iam.Allow, nil)}}, assume, iam.NoAllowTrust},
		"an unmet condition":    {&iam.PolicySet{Identity: []*iam.Compiled{parsed(t, iam.IdentityPolicy, `{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}}`)}}, user(nil), iam.NoAllow},
		"an anonymous caller":   {&iam.PolicySet{}, anonymous, iam.NoAllow},
		"a Deny":                {&iam.PolicySet{Identity: []*iam.Compiled{statement(iam.Deny, nil)}}, user(nil), iam.DeniedByIdentity},
		"an allowed request":    {&iam.PolicySet{Identity: []*iam.Compiled{statement(iam.Allow, nil)}}, user(nil), iam.AllowIdentity},
		"an oversize action":    {&iam.PolicySet{}, &iam.Request{Principal: assume.Principal, Action: long, ResourceAccount: own}, iam.NoAllow},
		"a caller without name": {&iam.PolicySet{}, &iam.Request{Principal: iam.Principal{Kind: iam.ServicePrincipal}, Action: "s3:GetObject", Resource: "*"}, iam.NoAllow},
	} {
		x := c.set.Explain(c.req)
		if x.Reason != c.reason || len(x.Suggest) > 0 {
			t.Errorf("%s: %s, suggestions %+v; want %s and none", name, x.Reason, x.Suggest, c.reason)
		}
	}
}

// TestSuggestedStatements are as narrow as the request.
func TestSuggestedStatements(t *testing.T) {
	t.Parallel()
	service := user(map[string]string{"aws:SourceArn": "arn:aws:sns:us-east-1:111122223333:a*", "aws:SourceAccount": own, "aws:CurrentTime": "2024-06-01"})
	service.Principal = callers()["service"]
	web := user(map[string]string{"accounts.google.com:aud": "app", "accounts.google.com:sub": "1", "accounts.google.com:email": "x"})
	web.Principal, web.Action = callers()["web"], "sts:AssumeRoleWithWebIdentity"
	session := user(nil)
	session.Principal, session.Resource = callers()["session"], "arn:aws:s3:::data/a?b*${x}"
	for name, c := range map[string]struct {
		set  iam.PolicySet
		req  *iam.Request
		want string
	}{
		"service": {iam.PolicySet{}, service, `{"kind":"add-statement","to":"resource","statement":{"Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::data/x","Condition":{"ArnLike":{"aws:SourceArn":"arn:aws:sns:us-east-1:111122223333:a${*}"},"StringEquals":{"aws:SourceAccount":"111122223333"}}}}`},
		"web":     {iam.PolicySet{Target: iam.RoleTrust}, web, `{"kind":"add-statement","to":"resource","statement":{"Effect":"Allow","Principal":{"Federated":"accounts.google.com"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"accounts.google.com:aud":"app","accounts.google.com:sub":"1"}}}}`},
		"escapes": {iam.PolicySet{}, session, `{"kind":"add-statement","to":"identity","statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::data/a${?}b${*}${$}{x}"}}`},
		"key":     {iam.PolicySet{Target: iam.KMSKey}, session, `{"kind":"add-statement","to":"resource","statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:role/path/App"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::data/a${?}b${*}${$}{x}"}}`},
	} {
		got, err := json.Marshal(c.set.Explain(c.req).Suggest[0])
		if err != nil || string(got) != c.want {
			t.Errorf("%s: %s, %v\nwant %s", name, got, err, c.want)
		}
	}
}

func TestMessages(t *testing.T) {
	t.Parallel()
	allow, nothing := statement(iam.Allow, nil), iam.Compile(&iam.Policy{})
	public := func(s *iam.Statement) { s.Principals = &iam.Principals{Star: true} }
	list := []*iam.Compiled{allow}
	for _, c := range []struct {
		set  iam.PolicySet
		want string
	}{
		{iam.PolicySet{}, "because no identity-based policy allows the s3:GetObject action"},
		{iam.PolicySet{Identity: list, Boundary: nothing}, "because no permissions boundary allows the s3:GetObject action"},
		{iam.PolicySet{Identity: list, Session: []*iam.Compiled{}}, "because no session policy allows the s3:GetObject action"},
		{iam.PolicySet{Identity: list, SCPs: [][]*iam.Compiled{{nothing}}}, "because no service control policy allows the s3:GetObject action"},
		{iam.PolicySet{Identity: list, Endpoint: nothing}, "because no VPC endpoint policy allows the s3:GetObject action"},
		{iam.PolicySet{Identity: list, Target: iam.KMSKey}, "because no resource-based policy allows the s3:GetObject action"},
		{iam.PolicySet{Identity: []*iam.Compiled{statement(iam.Deny, nil)}}, "with an explicit deny in an identity-based policy"},
		{iam.PolicySet{Resource: statement(iam.Deny, public)}, "with an explicit deny in a resource-based policy"},
		{iam.PolicySet{Resource: statement(iam.Deny, public), Target: iam.RoleTrust}, "with an explicit deny in the role trust policy"},
		{iam.PolicySet{Boundary: statement(iam.Deny, nil)}, "with an explicit deny in a permissions boundary"},
		{iam.PolicySet{Session: []*iam.Compiled{statement(iam.Deny, nil)}}, "with an explicit deny in a session policy"},
		{iam.PolicySet{SCPs: [][]*iam.Compiled{{statement(iam.Deny, nil)}}}, "with an explicit deny in a service control policy"},
		{iam.PolicySet{RCPs: [][]*iam.Compiled{{statement(iam.Deny, public)}}}, "with an explicit deny in a resource control policy"},
		{iam.PolicySet{Endpoint: statement(iam.Deny, public)}, "with an explicit deny in a VPC endpoint policy"},
	} {
		req := user(nil)
		want := "User: arn:aws:iam::111122223333:user/dev is not authorized to perform: s3:GetObject on resource: arn:aws:s3:::data/x " + c.want
		if got := c.set.Message(req, c.set.Decide(req)); got != want {
			t.Errorf("Message = %s\nwant      %s", got, want)
		}
		if got := c.set.Explain(req).Message(); got != want {
			t.Errorf("Explain().Message = %s\nwant %s", got, want)
		}
	}
	trust := iam.PolicySet{Target: iam.RoleTrust}
	req := user(nil)
	req.Action = "sts:AssumeRole"
	if got := trust.Explain(req).Message(); !strings.HasSuffix(got, " because no role trust policy allows the sts:AssumeRole action") {
		t.Errorf("Message = %s", got)
	}
	if got := (&iam.PolicySet{Identity: list}).Explain(user(nil)).Message(); got != "" {
		t.Errorf("Message of an allowed request = %q", got)
	}
}

// TestTextSteersNoTerminal with values a caller chose.
func TestTextSteersNoTerminal(t *testing.T) {
	t.Parallel()
	req := user(map[string]string{"x:evil\x1b[2J": "a\nb\x07"})
	req.Resource, req.Action, req.Principal.ARN = "arn:aws:s3:::data/\x1b[31m\r\n", "s3:Get\x00Object", "arn:\u202e"
	set := &iam.PolicySet{Identity: []*iam.Compiled{statement(iam.Allow, func(s *iam.Statement) {
		s.Conditions = []iam.Condition{condition("StringEquals", "x:evil\x1b[2J", "\x9b")}
	}).Named("evil\x1b]0;")}}
	for _, r := range set.Explain(req).String() {
		if r != '\n' && !unicode.IsPrint(r) {
			t.Errorf("the text has %q", r)
		}
	}
}

// TestExplanationIsOfTheRequestAsItWas when the request is changed afterwards.
func TestExplanationIsOfTheRequestAsItWas(t *testing.T) {
	t.Parallel()
	req := user(nil)
	x := editor(t).Explain(req)
	before := x.String()
	req.Action = "s3:PutObject"
	if after := x.String(); after != before {
		t.Errorf("explanation changed:\n%s\n%s", before, after)
	}
	if s := (iam.Explanation{}).String(); s != "" {
		t.Errorf("the zero value prints %q", s)
	}
}

// TestTraceForPeople shows what every element of every statement says.
func TestTraceForPeople(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	x := editor(t).Explain(user(map[string]string{"aws:PrincipalTag/team": "red"}))
	if err := x.WriteTrace(&b); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(b.String(), "\n")
	if lines[0] != "Statement by statement:" {
		t.Errorf("begins with %q", lines[0])
	}
	for _, s := range x.Trace {
		for _, check := range s.Elements {
			mark := "    no  "
			if check.Pass {
				mark = "    ok  "
			}
			if want := mark + check.Failure.String(); !slices.Contains(lines, want) {
				t.Errorf("lacks %q:\n%s", want, b.String())
			}
		}
	}
	x.Trace, b = nil, strings.Builder{}
	if err := x.WriteTrace(&b); err != nil || b.Len() > 0 {
		t.Errorf("writes %q without a trace, %v", b.String(), err)
	}
}
