package synth_test

import (
	"strings"
	"testing"
	"time"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/lint"
	"github.com/berth-project/berth/iam/synth"
)

const longID = "b1946ac92492d2347c6235b4d2611184"

var trusts = []struct {
	name  string
	trust synth.Trust
}{
	{"trust-lambda", synth.Trust{Compute: "lambda", Place: place}},
	{"trust-ec2", synth.Trust{Compute: "ec2", Place: place}},
	{"trust-ecs", synth.Trust{Compute: "ecs-tasks", Place: place}},
	{"trust-pod-identity", synth.Trust{Compute: "pod-identity", Place: place}},
	{"trust-vendor", synth.Trust{Vendor: &synth.VendorTrust{Account: "444455556666", ExternalID: longID}, Place: place}},
	{"trust-vendor-role", synth.Trust{Vendor: &synth.VendorTrust{Account: "arn:aws:iam::444455556666:role/deployer", ExternalID: longID}, Place: place}},
	{"trust-role", synth.Trust{Role: "arn:aws:iam::111122223333:role/ci", Place: place}},
	{"trust-saml", synth.Trust{SAML: "arn:aws:iam::111122223333:saml-provider/okta", Place: place}},
	{"trust-github", synth.Trust{OIDC: &synth.OIDCTrust{Provider: "token.actions.githubusercontent.com", Subject: "repo:acme/app:ref:refs/heads/main"}, Place: place}},
	{"trust-irsa", synth.Trust{ServiceAccount: &synth.ServiceAccountTrust{Issuer: "https://oidc.eks.eu-central-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B71", Namespace: "survey", Name: "web"}, Place: place}},
}

func TestForTrustWritesAndPassesTheLinter(t *testing.T) {
	t.Parallel()
	for _, c := range trusts {
		p, err := synth.ForTrust(c.trust)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		compare(t, c.name+".json", rendered(t, []*iam.Policy{p}, synth.JSON))
		read, problems := iam.Read(iam.Format(p, iam.FormatOptions{}), iam.ParseOptions{Kind: iam.TrustPolicy})
		o := lint.Options{Now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), OwnAccounts: []string{"111122223333"}, ThirdPartyAccounts: []string{"444455556666"}}
		for _, f := range lint.Policy(read, problems, o) {
			if f.Level < lint.Info && (f.Code != "TRUST_ACCOUNT_ROOT" || c.name != "trust-vendor") {
				t.Errorf("%s: %s %s at %s: %s", c.name, f.Level, f.Code, f.Path, f.Message)
			}
		}
	}
}

// TestForTrustLetsInWhoIsMeant asks the evaluator: the right caller, and the
// same caller with one thing wrong.
func TestForTrustLetsInWhoIsMeant(t *testing.T) {
	t.Parallel()
	vendor := iam.Principal{Kind: iam.AssumedRole, ARN: "arn:aws:sts::444455556666:assumed-role/deployer/1", RoleARN: "arn:aws:iam::444455556666:role/deployer", Account: "444455556666"}
	github := iam.Principal{Kind: iam.WebIdentity, Provider: "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"}
	saml := iam.Principal{Kind: iam.SAMLIdentity, Provider: "arn:aws:iam::111122223333:saml-provider/okta"}
	lambda := iam.Principal{Kind: iam.ServicePrincipal, Service: "lambda.amazonaws.com"}
	ecs := iam.Principal{Kind: iam.ServicePrincipal, Service: "ecs-tasks.amazonaws.com"}
	for _, c := range []struct {
		trust, action string
		who           iam.Principal
		context       map[string]string
		want          bool
	}{
		{"trust-lambda", "sts:AssumeRole", lambda, nil, true},
		{"trust-lambda", "sts:AssumeRole", ecs, nil, false},
		{"trust-ecs", "sts:AssumeRole", ecs, map[string]string{"aws:SourceAccount": "111122223333", "aws:SourceArn": "arn:aws:ecs:eu-central-1:111122223333:task/x"}, true},
		{"trust-ecs", "sts:AssumeRole", ecs, map[string]string{"aws:SourceAccount": "444455556666", "aws:SourceArn": "arn:aws:ecs:eu-central-1:444455556666:task/x"}, false},
		{"trust-ecs", "sts:AssumeRole", ecs, nil, false},
		{"trust-vendor", "sts:AssumeRole", vendor, map[string]string{"sts:ExternalId": longID}, true},
		{"trust-vendor", "sts:AssumeRole", vendor, map[string]string{"sts:ExternalId": "another"}, false},
		{"trust-vendor", "sts:AssumeRole", vendor, nil, false},
		{"trust-github", "sts:AssumeRoleWithWebIdentity", github, map[string]string{"token.actions.githubusercontent.com:aud": "sts.amazonaws.com", "token.actions.githubusercontent.com:sub": "repo:acme/app:ref:refs/heads/main"}, true},
		{"trust-github", "sts:AssumeRoleWithWebIdentity", github, map[string]string{"token.actions.githubusercontent.com:aud": "sts.amazonaws.com", "token.actions.githubusercontent.com:sub": "repo:evil/app:ref:refs/heads/main"}, false},
		{"trust-github", "sts:AssumeRole", github, map[string]string{"token.actions.githubusercontent.com:aud": "sts.amazonaws.com", "token.actions.githubusercontent.com:sub": "repo:acme/app:ref:refs/heads/main"}, false},
		{"trust-saml", "sts:AssumeRoleWithSAML", saml, map[string]string{"SAML:aud": "https://signin.aws.amazon.com/saml"}, true},
		{"trust-saml", "sts:AssumeRoleWithSAML", saml, map[string]string{"SAML:aud": "https://evil.example/saml"}, false},
	} {
		set := &iam.PolicySet{Resource: iam.Compile(named(t, c.trust)), Target: iam.RoleTrust}
		set.Identity = []*iam.Compiled{iam.Compile(everything(t))}
		d := set.Decide(&iam.Request{
			Principal: c.who, Action: c.action, Resource: "arn:aws:iam::111122223333:role/r", ResourceAccount: "111122223333",
			Context: iam.NewContext(c.context),
		})
		if d.Allowed() != c.want {
			t.Errorf("%s: %s %s with %v = %s, want allowed %v", c.trust, c.who.Kind, c.action, c.context, d.Reason, c.want)
		}
	}
}

func named(t *testing.T, name string) *iam.Policy {
	t.Helper()
	for _, c := range trusts {
		if c.name == name {
			p, err := synth.ForTrust(c.trust)
			if err != nil {
				t.Fatal(err)
			}
			return p
		}
	}
	t.Fatalf("no trust %s", name)
	return nil
}

func everything(t *testing.T) *iam.Policy {
	t.Helper()
	p, err := iam.Parse([]byte(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`), iam.ParseOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestForTrustRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		trust synth.Trust
		want  string
	}{
		{synth.Trust{}, "exactly one of"},
		{synth.Trust{Compute: "lambda", Role: "arn:aws:iam::111122223333:role/x"}, "exactly one of"},
		{synth.Trust{Compute: "moon"}, "neither one of"},
		{synth.Trust{Compute: "ecs-tasks"}, "needs the account"},
		{synth.Trust{Vendor: &synth.VendorTrust{Account: "444455556666", ExternalID: "short"}}, "can be guessed"},
		{synth.Trust{Vendor: &synth.VendorTrust{Account: "444455556666"}}, "external ID"},
		{synth.Trust{Vendor: &synth.VendorTrust{Account: "444455556666", ExternalID: "has blanks in it, so it is refused"}}, "external ID"},
		{synth.Trust{Vendor: &synth.VendorTrust{Account: "*", ExternalID: longID}}, "12-digit account"},
		{synth.Trust{Vendor: &synth.VendorTrust{Account: place.Account, ExternalID: longID}, Place: place}, "is your own, and not a vendor's"},
		{synth.Trust{Role: "arn:aws:iam::111122223333:role/*"}, "not the ARN of a role"},
		{synth.Trust{Role: "arn:aws:iam::111122223333:user/u"}, "not the ARN of a role"},
		{synth.Trust{SAML: "arn:aws:iam::111122223333:role/x"}, "not the ARN of a SAML provider"},
		{synth.Trust{OIDC: &synth.OIDCTrust{Provider: "token.actions.githubusercontent.com", Subject: "*"}, Place: place}, "every workload"},
		{synth.Trust{OIDC: &synth.OIDCTrust{Provider: "token.actions.githubusercontent.com", Subject: "repo:acme/*"}, Place: place}, "does not name one repository"},
		{synth.Trust{OIDC: &synth.OIDCTrust{Provider: "token.actions.githubusercontent.com", Subject: "repo:acme/app:*"}}, "the account is needed"},
		{synth.Trust{ServiceAccount: &synth.ServiceAccountTrust{Issuer: "oidc.eks.eu-central-1.amazonaws.com/id/X", Namespace: "*", Name: "web"}, Place: place}, "not the name of a service account"},
	} {
		_, err := synth.ForTrust(c.trust)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("ForTrust(%+v) = %v, want an error with %q", c.trust, err, c.want)
		}
	}
}
