package sts_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/sts"
)

// The accounts, names and the time of the tests.
const (
	own      = "111122223333"
	vendor   = "444455556666"
	deploy   = "arn:aws:iam::111122223333:role/team/Deploy"
	dev      = "arn:aws:iam::111122223333:user/dev"
	corp     = "arn:aws:iam::111122223333:saml-provider/Corp"
	entityID = "https://idp.corp.example/metadata"
	signIn   = "https://signin.aws.amazon.com/saml"
	github   = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// document returns a policy of one statement, or of several when the elements
// are a list.
func document(t testing.TB, kind iam.Kind, statements string) *iam.Compiled {
	t.Helper()
	if !strings.HasPrefix(statements, "[") {
		statements = "[" + statements + "]"
	}
	p, err := iam.Parse([]byte(`{"Version":"2012-10-17","Statement":`+statements+`}`), iam.ParseOptions{Kind: kind})
	if err != nil {
		t.Fatalf("policy %s: %v", statements, err)
	}
	return iam.Compile(p)
}

func trust(t testing.TB, statements string) *iam.Compiled {
	t.Helper()
	return document(t, iam.TrustPolicy, statements)
}

func identity(t testing.TB, statements string) *iam.Compiled {
	t.Helper()
	return document(t, iam.IdentityPolicy, statements)
}

// trusting is a trust policy that lets principals do all that assuming takes.
func trusting(t testing.TB, principal string) *iam.Compiled {
	t.Helper()
	return trust(t, `{"Effect":"Allow","Principal":`+principal+`,"Action":["sts:AssumeRole","sts:AssumeRoleWithSAML","sts:AssumeRoleWithWebIdentity","sts:TagSession","sts:SetSourceIdentity"]}`)
}

// allows is an identity policy that allows actions on everything.
func allows(t testing.TB, actions ...string) *iam.Compiled {
	t.Helper()
	list, err := json.Marshal(actions)
	if err != nil {
		t.Fatal(err)
	}
	return identity(t, `{"Effect":"Allow","Action":`+string(list)+`,"Resource":"*"}`)
}

// user is a user of the account with policies.
func user(policies ...*iam.Compiled) sts.Caller {
	return sts.Caller{
		Principal: iam.Principal{Kind: iam.User, ARN: dev, Account: own},
		Facts:     iam.CallerFacts{UniqueID: "AIDAEXAMPLE"},
		Policies:  iam.PolicySet{Identity: policies},
	}
}

// session is a session of a role of the account, with policies.
func session(policies ...*iam.Compiled) sts.Caller {
	return sts.Caller{
		Principal: iam.Principal{
			Kind: iam.AssumedRole, Account: own,
			ARN: "arn:aws:sts::111122223333:assumed-role/App/s1", RoleARN: "arn:aws:iam::111122223333:role/App",
		},
		Facts:    iam.CallerFacts{UniqueID: "AROAAPP", TokenIssued: noon.Add(-time.Minute)},
		Policies: iam.PolicySet{Identity: policies},
	}
}

// assuming is a call by a caller of a role that trusts the account.
func assuming(t testing.TB, c sts.Caller) *sts.AssumeRoleCall {
	t.Helper()
	return &sts.AssumeRoleCall{
		Caller:  c,
		RoleARN: deploy,
		Role: &sts.Role{
			ARN: deploy, ID: "AROADEPLOY", MaxSessionSeconds: 43200,
			Trust: trusting(t, `{"AWS":"arn:aws:iam::111122223333:root"}`),
		},
		SessionName: "release-42",
		Request:     sts.Request{Time: noon},
	}
}

// anybody allows the actions of assuming on everything.
func anybody(t testing.TB) *iam.Compiled { t.Helper(); return allows(t, "sts:*") }

// assertion is a good assertion of the provider, issued a minute ago.
func assertion() *sts.Assertion {
	issued := noon.Add(-time.Minute)
	return &sts.Assertion{
		Status: "urn:oasis:names:tc:SAML:2.0:status:Success",
		ID:     "_a", Issuer: entityID, IssuedAt: issued,
		Subject: sts.Subject{Name: "jean", Format: "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"},
		Confirmations: []sts.Confirmation{{
			Method: "urn:oasis:names:tc:SAML:2.0:cm:bearer", Recipient: signIn, NotOnOrAfter: issued.Add(5 * time.Minute),
		}},
		NotBefore: issued, NotOnOrAfter: issued.Add(time.Hour),
		Audiences: []string{"urn:amazon:webservices"},
		Attributes: []sts.Attribute{
			{Name: "https://aws.amazon.com/SAML/Attributes/RoleSessionName", Values: []string{"jean@corp.example"}},
			{Name: "https://aws.amazon.com/SAML/Attributes/Role", Values: []string{corp + "," + deploy}},
		},
		SignedAssertion: true,
		Signature:       sts.Signature{By: "a certificate of the metadata"},
	}
}

// withAttribute gives an attribute of the vendor other values, or none.
func withAttribute(a *sts.Assertion, name string, values ...string) *sts.Assertion {
	full := "https://aws.amazon.com/SAML/Attributes/" + name
	var kept []sts.Attribute
	for _, x := range a.Attributes {
		if x.Name != full {
			kept = append(kept, x)
		}
	}
	if len(values) > 0 {
		kept = append(kept, sts.Attribute{Name: full, Values: values})
	}
	a.Attributes = kept
	return a
}

// samlTrust is the trust policy usual for a provider.
const samlTrust = `[
	{"Effect":"Allow","Principal":{"Federated":"` + corp + `"},"Action":"sts:AssumeRoleWithSAML","Condition":{"StringEquals":{"SAML:aud":"` + signIn + `"}}},
	{"Effect":"Allow","Principal":{"Federated":"` + corp + `"},"Action":["sts:TagSession","sts:SetSourceIdentity"]}]`

// federating is a call with an assertion of a role that trusts the provider.
func federating(t testing.TB, a *sts.Assertion) *sts.AssumeRoleWithSAMLCall {
	t.Helper()
	return &sts.AssumeRoleWithSAMLCall{
		RoleARN: deploy, PrincipalARN: corp,
		Role:      &sts.Role{ARN: deploy, ID: "AROADEPLOY", MaxSessionSeconds: 43200, Trust: trust(t, samlTrust)},
		Provider:  &sts.SAMLProvider{ARN: corp, EntityID: entityID},
		Assertion: a, Request: sts.Request{Time: noon},
	}
}

// token is a good token of a workflow.
func token() *sts.Token {
	return &sts.Token{
		Issuer: "https://token.actions.githubusercontent.com", Subject: "repo:acme/app:ref:refs/heads/main",
		Audiences: []string{"sts.amazonaws.com"}, IssuedAt: noon.Add(-time.Minute), ExpiresAt: noon.Add(4 * time.Minute),
		Claims:    map[string]string{"repository": "acme/app", "run_id": "7"},
		Signature: sts.Signature{By: "a key of the provider"},
	}
}

const githubTrust = `[
	{"Effect":"Allow","Principal":{"Federated":"` + github + `"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{
		"StringEquals":{"token.actions.githubusercontent.com:aud":"sts.amazonaws.com"},
		"StringLike":{"token.actions.githubusercontent.com:sub":"repo:acme/app:*"}}},
	{"Effect":"Allow","Principal":{"Federated":"` + github + `"},"Action":["sts:TagSession","sts:SetSourceIdentity"]}]`

// presenting is a call with a token of a role that trusts the provider.
func presenting(t testing.TB, tok *sts.Token) *sts.AssumeRoleWithWebIdentityCall {
	t.Helper()
	return &sts.AssumeRoleWithWebIdentityCall{
		RoleARN: deploy, SessionName: "run-7", Token: tok,
		Role:     &sts.Role{ARN: deploy, MaxSessionSeconds: 43200, Trust: trust(t, githubTrust)},
		Provider: &sts.OIDCProvider{ARN: github, URL: "https://token.actions.githubusercontent.com", ClientIDs: []string{"sts.amazonaws.com"}},
		Request:  sts.Request{Time: noon},
	}
}

// wantRefusal checks that a call is refused, and by which check.
func wantRefusal(t *testing.T, o *sts.Outcome, code sts.Code, check, message string) {
	t.Helper()
	if o.Session != nil || o.Granted() || o.Refusal == nil {
		t.Fatalf("granted: %s", trace(o))
	}
	if o.Refusal.Code != code || !strings.Contains(o.Refusal.Message, message) {
		t.Errorf("refused with %v, want %s with %q\n%s", o.Refusal, code, message, trace(o))
	}
	if want := code.Status(); o.Refusal.Status != want {
		t.Errorf("refused with status %d, want %d", o.Refusal.Status, want)
	}
	if o.Err() == nil {
		t.Error("Err() = nil of a refused call")
	}
	for _, c := range o.Checks {
		if c.State != sts.Failed {
			continue
		}
		if c.Name != check {
			t.Errorf("first check that failed is %q, want %q\n%s", c.Name, check, trace(o))
		}
		return
	}
	t.Errorf("no check failed\n%s", trace(o))
}

// wantSession checks that a call is granted.
func wantSession(t *testing.T, o *sts.Outcome) *sts.Session {
	t.Helper()
	if !o.Granted() || o.Err() != nil {
		t.Fatalf("refused: %s", trace(o))
	}
	for _, c := range o.Checks {
		if c.State != sts.Passed {
			t.Errorf("granted, but check %q is %s", c.Name, c.State)
		}
	}
	return o.Session
}

// trace prints the checks for messages of tests.
func trace(o *sts.Outcome) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %v\n", o.Operation, o.Refusal)
	for _, c := range o.Checks {
		fmt.Fprintf(&b, "  %s %s: %s\n", c.State, c.Name, c.Detail)
	}
	return b.String()
}

func seconds(n int) *int { return &n }
