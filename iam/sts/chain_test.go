package sts_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/sts"
)

const (
	first  = "arn:aws:iam::111122223333:role/First"
	second = "arn:aws:iam::444455556666:role/Second"
)

// chain is a user who assumes a role that may read, which assumes a role of
// another account that may send.
func chain(t *testing.T, change func(a, b *sts.Hop)) []*sts.Outcome {
	t.Helper()
	a := sts.Hop{
		RoleARN: first, SessionName: "one",
		Role: &sts.Role{
			ARN: first, MaxSessionSeconds: 43200, Trust: trusting(t, `{"AWS":"`+dev+`"}`),
			Policies: []*iam.Compiled{allows(t, "s3:GetObject", "sts:*")},
		},
	}
	b := sts.Hop{
		RoleARN: second, SessionName: "two",
		Role: &sts.Role{
			ARN: second, MaxSessionSeconds: 43200, Trust: trusting(t, `{"AWS":"`+first+`"}`),
			Policies: []*iam.Compiled{allows(t, "sqs:SendMessage")},
		},
	}
	change(&a, &b)
	return sts.Chain(user(allows(t, "ec2:*", "sts:*")), sts.Request{Time: noon}, a, b)
}

// TestChainReplacesPermissions: assuming a role passes nothing on.
func TestChainReplacesPermissions(t *testing.T) {
	t.Parallel()
	hops := chain(t, func(_, _ *sts.Hop) {})
	if len(hops) != 2 {
		t.Fatalf("%d hops, want 2: %s", len(hops), trace(hops[len(hops)-1]))
	}
	may := func(s *sts.Session, action string) bool {
		return s.Policies.Decide(&iam.Request{Principal: s.Principal, Action: action, Resource: "*", ResourceAccount: s.Principal.Account}).Allowed()
	}
	one, two := wantSession(t, hops[0]), wantSession(t, hops[1])
	for _, tc := range []struct {
		name    string
		session *sts.Session
		want    map[string]bool
	}{
		{"first", one, map[string]bool{"ec2:RunInstances": false, "s3:GetObject": true, "sqs:SendMessage": false}},
		{"second", two, map[string]bool{"ec2:RunInstances": false, "s3:GetObject": false, "sqs:SendMessage": true}},
	} {
		for action, want := range tc.want {
			if got := may(tc.session, action); got != want {
				t.Errorf("session of the %s role: may %s = %v, want %v", tc.name, action, got, want)
			}
		}
	}
	if one.Chained || !two.Chained {
		t.Errorf("chained: %v and %v, want the second alone", one.Chained, two.Chained)
	}
	last := hops[1].Checks[len(hops[1].Checks)-1]
	if last.Name != "permissions" || !strings.Contains(last.Detail, "replaced, not added") {
		t.Errorf("last check = %+v, want what becomes of the permissions", last)
	}
}

func TestChainDurations(t *testing.T) {
	t.Parallel()
	// A user who assumes a role is no chain yet.
	hops := chain(t, func(a, b *sts.Hop) { a.DurationSeconds, b.DurationSeconds = seconds(43200), seconds(3600) })
	if s := wantSession(t, hops[0]); s.Seconds != 43200 {
		t.Errorf("first hop %d s, want 43200", s.Seconds)
	}
	if s := wantSession(t, hops[1]); s.Seconds != 3600 {
		t.Errorf("second hop %d s, want 3600", s.Seconds)
	}
	hops = chain(t, func(_, b *sts.Hop) { b.DurationSeconds = seconds(3601) })
	wantSession(t, hops[0])
	wantRefusal(t, hops[1], sts.ValidationError, "duration", "exceeds the 1 hour session limit for roles assumed by role chaining")
}

// TestChainNeedsBothSides: the first role's policies must allow, and the second
// role's trust policy must name the first role.
func TestChainNeedsBothSides(t *testing.T) {
	t.Parallel()
	hops := chain(t, func(a, _ *sts.Hop) { a.Role.Policies = []*iam.Compiled{allows(t, "s3:GetObject")} })
	wantRefusal(t, hops[1], sts.AccessDenied, "trust", "is not authorized to perform: sts:AssumeRole on resource: "+second)
	hops = chain(t, func(_, b *sts.Hop) { b.Role.Trust = trusting(t, `{"AWS":"`+dev+`"}`) })
	wantRefusal(t, hops[1], sts.AccessDenied, "trust", "is not authorized")
	// The chain ends where it breaks.
	hops = chain(t, func(a, _ *sts.Hop) { a.Role = nil })
	if len(hops) != 1 {
		t.Errorf("%d hops behind one that is refused, want none", len(hops)-1)
	}
}

// TestChainCarries: transitive tags and the source identity go along, others do
// not.
func TestChainCarries(t *testing.T) {
	t.Parallel()
	mark := func(a, b *sts.Hop) {
		a.Tags = []sts.Tag{{"Team", "blue"}, {"Ticket", "7"}}
		a.TransitiveTagKeys = []string{"team"}
		a.SourceIdentity = "jean"
		a.Role.Tags = map[string]string{"Role": "first"}
		b.Role.Tags = map[string]string{"Role": "second", "Team": "none"}
		b.Role.Trust = trust(t, `{"Effect":"Allow","Principal":{"AWS":"`+first+`"},"Action":["sts:AssumeRole","sts:TagSession","sts:SetSourceIdentity"],
			"Condition":{"StringEquals":{"aws:PrincipalTag/Team":"blue","aws:PrincipalTag/Role":"first","aws:SourceIdentity":"jean","aws:PrincipalArn":"`+first+`"}}}`)
	}
	hops := chain(t, mark)
	s := wantSession(t, hops[1])
	if diff := cmp.Diff(map[string]string{"Role": "second", "Team": "blue"}, s.Facts.Tags); diff != "" {
		t.Errorf("tags (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"Team"}, s.TransitiveTagKeys); diff != "" || s.Facts.SourceIdentity != "jean" {
		t.Errorf("source identity %q, transitive keys (-want +got):\n%s", s.Facts.SourceIdentity, diff)
	}
	if s.Principal.ARN != "arn:aws:sts::444455556666:assumed-role/Second/two" {
		t.Errorf("principal %s", s.Principal.ARN)
	}
	hops = chain(t, func(a, b *sts.Hop) { mark(a, b); b.Tags = []sts.Tag{{"TEAM", "red"}} })
	wantRefusal(t, hops[1], sts.InvalidParameterValue, "tags", "conflicts with a transitive tag key")
	hops = chain(t, func(a, b *sts.Hop) { mark(a, b); b.SourceIdentity = "paul" })
	wantRefusal(t, hops[1], sts.ValidationError, "source-identity", "The source identity is already set for this assume role session")
	hops = chain(t, func(a, b *sts.Hop) { mark(a, b); b.SourceIdentity = "jean" })
	wantSession(t, hops[1])
}

// TestChainFromFederation: what a provider said of somebody is known when the
// next role is assumed, and not behind it.
func TestChainFromFederation(t *testing.T) {
	t.Parallel()
	c := federating(t, assertion())
	c.Role.Policies = []*iam.Compiled{anybody(t)}
	s := wantSession(t, sts.AssumeRoleWithSAML(c))
	hop := sts.Hop{RoleARN: first, SessionName: "one", Role: &sts.Role{
		ARN:      first,
		Trust:    trust(t, `{"Effect":"Allow","Principal":{"AWS":"`+deploy+`"},"Action":"sts:AssumeRole","Condition":{"StringEquals":{"saml:sub":"jean","aws:FederatedProvider":"`+corp+`"}}}`),
		Policies: []*iam.Compiled{anybody(t)},
	}}
	hops := sts.Chain(s.Caller(), sts.Request{Time: noon}, hop, sts.Hop{RoleARN: deploy, SessionName: "two", Role: &sts.Role{
		ARN: deploy, Trust: trust(t, `{"Effect":"Allow","Principal":{"AWS":"`+first+`"},"Action":"sts:AssumeRole","Condition":{"StringEquals":{"saml:sub":"jean"}}}`),
	}})
	wantSession(t, hops[0])
	wantRefusal(t, hops[1], sts.AccessDenied, "trust", "")
}

// TestChainBeginsWithASecondFactor: the code is of the first call, and no later
// one knows of it.
func TestChainBeginsWithASecondFactor(t *testing.T) {
	t.Parallel()
	withMFA := func(principal string) *iam.Compiled {
		return trust(t, `{"Effect":"Allow","Principal":{"AWS":"`+principal+`"},"Action":"sts:AssumeRole","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}}`)
	}
	hops := chain(t, func(a, b *sts.Hop) {
		a.SerialNumber, a.TokenCode, a.CodeVerified = "arn:aws:iam::111122223333:mfa/dev", "123456", true
		a.Role.Trust, b.Role.Trust = withMFA(dev), withMFA(first)
	})
	if len(hops) != 2 || !hops[0].Granted() || hops[1].Granted() {
		t.Fatalf("want the first hop granted and the second refused:\n%s", trace(hops[len(hops)-1]))
	}
}
