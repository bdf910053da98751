package sts_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/sts"
)

// TestSessionAsks: what a session asks for carries what it was given, so that
// policies with conditions on tags and names decide it.
func TestSessionAsks(t *testing.T) {
	t.Parallel()
	role := &sts.Role{
		ARN: deploy, Trust: trusting(t, `{"AWS":"`+dev+`"}`), Tags: map[string]string{"team": "blue"},
		Policies: []*iam.Compiled{identity(t, `{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::${aws:PrincipalTag/team}-${aws:PrincipalTag/project}/*","Condition":{"StringEquals":{"aws:SourceIdentity":"kim"}}}`)},
	}
	out := sts.AssumeRole(&sts.AssumeRoleCall{
		Caller: user(allows(t, "sts:*")), RoleARN: deploy, Role: role, SessionName: "one", SourceIdentity: "kim",
		Tags: []sts.Tag{{Key: "project", Value: "survey"}}, Request: sts.Request{Time: noon},
	})
	s := wantSession(t, out)
	for resource, want := range map[string]bool{
		"arn:aws:s3:::blue-survey/1.jpg": true,
		"arn:aws:s3:::blue-other/1.jpg":  false,
	} {
		r := s.Request("s3:GetObject", resource, sts.Request{Time: noon})
		if got := s.Policies.Decide(&r).Allowed(); got != want {
			t.Errorf("Decide(%s) = %v, want %v", resource, got, want)
		}
	}
	for resource, want := range map[string]string{
		"*":                              own,
		"arn:aws:s3:::blue-survey/1.jpg": own,
		"arn:aws:sqs:eu-west-1:444455556666:jobs": vendor,
	} {
		if got := s.Request("sqs:SendMessage", resource, sts.Request{Time: noon}).ResourceAccount; got != want {
			t.Errorf("owner of %s = %s, want %s", resource, got, want)
		}
	}
}

func TestRolePairs(t *testing.T) {
	t.Parallel()
	a := &sts.Assertion{Attributes: []sts.Attribute{{
		Name:   "https://aws.amazon.com/SAML/Attributes/Role",
		Values: []string{deploy + "," + corp, "nonsense"},
	}}}
	if diff := cmp.Diff([]sts.RolePair{{ProviderARN: corp, RoleARN: deploy}}, a.RolePairs()); diff != "" {
		t.Errorf("RolePairs() (-want +got):\n%s", diff)
	}
	if got := (&sts.Assertion{}).RolePairs(); len(got) != 0 {
		t.Errorf("RolePairs() of nothing = %v", got)
	}
}

func TestOIDCProviderARN(t *testing.T) {
	t.Parallel()
	for issuer, want := range map[string]string{
		"https://token.actions.githubusercontent.com": github,
		"https://token.example.com/path/":             "arn:aws:iam::111122223333:oidc-provider/token.example.com/path",
		"https://accounts.google.com":                 "accounts.google.com",
		"accounts.google.com":                         "accounts.google.com",
	} {
		if got := sts.OIDCProviderARN(issuer, "aws", own); got != want {
			t.Errorf("OIDCProviderARN(%q) = %q, want %q", issuer, got, want)
		}
	}
}
