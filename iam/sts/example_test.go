package sts_test

import (
	"errors"
	"fmt"
	"time"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/sts"
)

func compiled(kind iam.Kind, text string) *iam.Compiled {
	p, err := iam.Parse([]byte(text), iam.ParseOptions{Kind: kind})
	if err != nil {
		panic(err)
	}
	return iam.Compile(p)
}

// A vendor's role that may be assumed with the customer's external ID only.
func ExampleAssumeRole() {
	role := &sts.Role{
		ARN: "arn:aws:iam::111122223333:role/Import",
		Trust: compiled(iam.TrustPolicy, `{"Version":"2012-10-17","Statement":{
			"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::444455556666:root"},"Action":"sts:AssumeRole",
			"Condition":{"StringEquals":{"sts:ExternalId":"acme-7f3a"}}}}`),
	}
	vendor := sts.Caller{
		Principal: iam.Principal{Kind: iam.User, ARN: "arn:aws:iam::444455556666:user/importer", Account: "444455556666"},
		Policies: iam.PolicySet{Identity: []*iam.Compiled{compiled(iam.IdentityPolicy,
			`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*"}}`)}},
	}
	for _, id := range []string{"acme-7f3a", ""} {
		out := sts.AssumeRole(&sts.AssumeRoleCall{
			Caller: vendor, RoleARN: role.ARN, Role: role, SessionName: "nightly", ExternalID: id,
			Request: sts.Request{Time: time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)},
		})
		if out.Granted() {
			fmt.Println(out.Session.Principal.ARN, "until", out.Session.ExpiresAt.Format(time.TimeOnly))
			continue
		}
		var r *sts.Refusal
		if errors.As(out.Err(), &r) {
			fmt.Println(r.Status, r.Code)
		}
		for _, c := range out.Checks {
			if c.State == sts.Failed {
				fmt.Println(c.Name+":", c.Detail)
			}
		}
	}
	// Output:
	// arn:aws:sts::111122223333:assumed-role/Import/nightly until 13:00:00
	// 403 AccessDenied
	// trust: no statement of the trust policy lets the caller do sts:AssumeRole
}

// A trust policy that was meant to ask for an external ID.
func ExampleProbeExternalID() {
	role := &sts.Role{
		ARN: "arn:aws:iam::111122223333:role/Import",
		Trust: compiled(iam.TrustPolicy, `{"Version":"2012-10-17","Statement":{
			"Effect":"Allow","Principal":{"AWS":"444455556666"},"Action":"sts:AssumeRole",
			"Condition":{"StringEqualsIfExists":{"sts:ExternalId":"acme-7f3a"}}}}`),
	}
	res, err := sts.ProbeExternalID(&sts.Probe{Role: role, VendorAccount: "444455556666", ExternalID: "acme-7f3a"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(res.Verdict, "-", res.Problem)
	// Output:
	// open - arn:aws:sts::444455556666:assumed-role/any-role/probe gets in without an external ID
}

// A value of the attribute Role, in the order that fewer identity providers use.
func ExampleParseRolePair() {
	pair, err := sts.ParseRolePair("arn:aws:iam::111122223333:role/Dev, arn:aws:iam::111122223333:saml-provider/Corp")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(pair.ProviderARN)
	fmt.Println(pair.RoleARN)
	// Output:
	// arn:aws:iam::111122223333:saml-provider/Corp
	// arn:aws:iam::111122223333:role/Dev
}

// A user who assumes a role that may read, and with it one that may send: the
// second session can send, and cannot read any more.
func ExampleChain() {
	const reader, sender = "arn:aws:iam::111122223333:role/Reader", "arn:aws:iam::111122223333:role/Sender"
	may := func(actions string) []*iam.Compiled {
		return []*iam.Compiled{compiled(iam.IdentityPolicy, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":[`+actions+`],"Resource":"*"}}`)}
	}
	trusting := func(principal string) *iam.Compiled {
		return compiled(iam.TrustPolicy, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"`+principal+`"},"Action":"sts:AssumeRole"}}`)
	}
	user := sts.Caller{Principal: iam.Principal{Kind: iam.User, ARN: "arn:aws:iam::111122223333:user/dev", Account: "111122223333"}}
	hops := sts.Chain(user, sts.Request{Time: time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)},
		sts.Hop{RoleARN: reader, SessionName: "one", Role: &sts.Role{ARN: reader, Trust: trusting(user.Principal.ARN), Policies: may(`"s3:GetObject","sts:AssumeRole"`)}},
		sts.Hop{RoleARN: sender, SessionName: "two", Role: &sts.Role{ARN: sender, Trust: trusting(reader), Policies: may(`"sqs:SendMessage"`)}},
	)
	last := hops[len(hops)-1].Session
	for _, action := range []string{"s3:GetObject", "sqs:SendMessage"} {
		d := last.Policies.Decide(&iam.Request{Principal: last.Principal, Action: action, Resource: "*", ResourceAccount: "111122223333"})
		fmt.Println(action, d.Outcome)
	}
	// Output:
	// s3:GetObject ImplicitDeny
	// sqs:SendMessage Allow
}

// A sign-in by SAML that fails: the user has no mail, of which the name of the
// session is made.
func ExampleExplainSAML() {
	const pair = "arn:aws:iam::111122223333:saml-provider/Corp,arn:aws:iam::111122223333:role/Dev"
	issued := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	response := &sts.Assertion{
		Status: "urn:oasis:names:tc:SAML:2.0:status:Success", Issuer: "https://idp.corp.example", IssuedAt: issued,
		Subject: sts.Subject{Name: "jean"},
		Confirmations: []sts.Confirmation{{
			Method: "urn:oasis:names:tc:SAML:2.0:cm:bearer", Recipient: "https://signin.aws.amazon.com/saml", NotOnOrAfter: issued.Add(5 * time.Minute),
		}},
		Audiences:       []string{"https://signin.aws.amazon.com/saml"},
		Attributes:      []sts.Attribute{{Name: "https://aws.amazon.com/SAML/Attributes/Role", Values: []string{pair}}},
		SignedAssertion: true,
	}
	for _, x := range sts.ExplainSAML(&sts.SAMLQuestion{Response: response}) {
		fmt.Println(x.RoleARN, x.Refusal.Status, x.Refusal)
		for _, c := range x.Checks {
			fmt.Println(" ", c.State, c.Name)
		}
	}
	// Output:
	// arn:aws:iam::111122223333:role/Dev 400 InvalidIdentityToken: RoleSessionName is required in AuthnResponse
	//   passed assertion
	//   not checked provider
	//   not checked issuer
	//   not checked signature
	//   passed time
	//   passed subject
	//   passed audience
	//   passed recipient
	//   failed session-name
	//   passed role-pair
	//   not checked trust
	//   not checked duration
}
