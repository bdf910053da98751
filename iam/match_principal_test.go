package iam_test

import (
	"testing"

	"github.com/berth-project/berth/iam"
)

const (
	own     = "111122223333"
	foreign = "444455556666"
	owner   = "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"
)

// callers are one of each kind.
func callers() map[string]iam.Principal {
	return map[string]iam.Principal{
		"user":      {Kind: iam.User, ARN: "arn:aws:iam::111122223333:user/dev", Account: own},
		"session":   {Kind: iam.AssumedRole, ARN: "arn:aws:sts::111122223333:assumed-role/App/s", RoleARN: "arn:aws:iam::111122223333:role/path/App", Account: own},
		"federated": {Kind: iam.FederatedUser, ARN: "arn:aws:sts::111122223333:federated-user/bob", UserARN: "arn:aws:iam::111122223333:user/dev", Account: own},
		"root":      {Kind: iam.Root, ARN: "arn:aws:iam::111122223333:root", Account: own, CanonicalUser: owner},
		"service":   {Kind: iam.ServicePrincipal, Service: "sns.amazonaws.com"},
		"saml":      {Kind: iam.SAMLIdentity, Provider: "arn:aws:iam::111122223333:saml-provider/okta"},
		"web":       {Kind: iam.WebIdentity, Provider: "accounts.google.com"},
		"anonymous": {Kind: iam.Anonymous},
	}
}

// resourceSet returns a set with a resource policy of one statement. It is read
// leniently: the vendor takes identity providers in trust policies only.
func resourceSet(t testing.TB, effect, principal string) *iam.PolicySet {
	t.Helper()
	text := `{"Version": "2012-10-17", "Statement": {"Effect": "` + effect + `", ` + principal + `, "Action": "*", "Resource": "*"}}`
	p, err := iam.Parse([]byte(text), iam.ParseOptions{Kind: iam.ResourcePolicy, Lenient: true})
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return &iam.PolicySet{Resource: iam.Compile(p)}
}

func TestPrincipals(t *testing.T) {
	t.Parallel()
	everyone := map[string]string{"user": "wild", "session": "wild", "federated": "wild", "root": "wild", "service": "wild", "saml": "wild", "web": "wild", "anonymous": "wild"}
	account := map[string]string{"user": "account", "session": "account", "federated": "account", "root": "root"}
	for principal, want := range map[string]map[string]string{
		`"*"`:                     everyone,
		`{"AWS": "*"}`:            everyone,
		`{"AWS": "111122223333"}`: account,
		`{"AWS": "arn:aws:iam::111122223333:root"}`:                                              account,
		`{"AWS": "arn:aws-cn:iam::111122223333:root"}`:                                           {},
		`{"AWS": "444455556666"}`:                                                                {},
		`{"CanonicalUser": "` + owner + `"}`:                                                     {"root": "root"},
		`{"AWS": "arn:aws:iam::111122223333:user/dev"}`:                                          {"user": "user", "federated": "issuer"},
		`{"AWS": "arn:aws:iam::111122223333:role/path/App"}`:                                     {"session": "role"},
		`{"AWS": "arn:aws:iam::111122223333:role/App"}`:                                          {},
		`{"AWS": "arn:aws:sts::111122223333:assumed-role/App/s"}`:                                {"session": "session"},
		`{"AWS": "arn:aws:sts::111122223333:federated-user/bob"}`:                                {"federated": "session"},
		`{"Service": "sns.amazonaws.com"}`:                                                       {"service": "service"},
		`{"Service": "sqs.amazonaws.com"}`:                                                       {},
		`{"Federated": "*"}`:                                                                     {"saml": "federated", "web": "federated"},
		`{"Service": "*"}`:                                                                       {"service": "service"},
		`{"Federated": "accounts.google.com"}`:                                                   {"web": "federated"},
		`{"Federated": "arn:aws:iam::111122223333:saml-provider/okta"}`:                          {"saml": "federated"},
		`{"AWS": ["111122223333", "arn:aws:iam::111122223333:user/dev"]}`:                        {"user": "user", "session": "account", "federated": "issuer", "root": "root"},
		`{"AWS": ["arn:aws:iam::111122223333:user/dev", "*"]}`:                                   {"user": "user", "session": "wild", "federated": "wild", "root": "wild", "service": "wild", "saml": "wild", "web": "wild", "anonymous": "wild"},
		`{"AWS": "111122223333", "Service": ["sqs.amazonaws.com", "sns.amazonaws.com"]}`:         {"user": "account", "session": "account", "federated": "account", "root": "root", "service": "service"},
		`{"AWS": ["arn:aws:iam::111122223333:role/path/App", "arn:aws:iam::444455556666:root"]}`: {"session": "role"},
	} {
		set := resourceSet(t, "Allow", `"Principal": `+principal)
		for name, p := range callers() {
			req := &iam.Request{Principal: p, Action: "s3:GetObject", Resource: "arn:aws:s3:::data/x", ResourceAccount: foreign}
			got := ""
			for _, s := range set.Explain(req).Trace {
				if s.Matched {
					got = matchKind(set, req)
				}
			}
			if got != want[name] {
				t.Errorf("%s names the %s as %q, want %q", principal, name, got, want[name])
			}
		}
	}
}

// matchKind returns how the one statement of the resource's policy names the
// caller: with an identity policy beside it, it decides about another account's
// resource.
func matchKind(set *iam.PolicySet, req *iam.Request) string {
	with := *set
	with.Identity = []*iam.Compiled{statement(iam.Allow, nil)}
	with.Session = with.Identity
	return with.Explain(req).DecidedBy[0].PrincipalKind.String()
}

// TestNotPrincipal lists whom a Deny with NotPrincipal spares and whom an Allow
// with it excludes.
func TestNotPrincipal(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		caller, list  string
		spared, grant bool
	}{
		{"user", `{"AWS": "arn:aws:iam::111122223333:user/dev"}`, false, false},
		{"user", `{"AWS": ["arn:aws:iam::111122223333:user/dev", "111122223333"]}`, true, false},
		{"user", `{"AWS": "111122223333"}`, false, false},
		{"user", `{"AWS": "arn:aws:iam::111122223333:user/eve"}`, false, true},
		{"session", `{"AWS": ["arn:aws:iam::111122223333:role/path/App", "111122223333"]}`, false, false},
		{"session", `{"AWS": ["arn:aws:sts::111122223333:assumed-role/App/s", "111122223333"]}`, false, false},
		{"session", `{"AWS": ["arn:aws:sts::111122223333:assumed-role/App/s", "arn:aws:iam::111122223333:role/path/App", "111122223333"]}`, true, false},
		{"federated", `{"AWS": ["arn:aws:sts::111122223333:federated-user/bob", "arn:aws:iam::111122223333:user/dev", "111122223333"]}`, true, false},
		{"federated", `{"AWS": ["arn:aws:sts::111122223333:federated-user/bob", "111122223333"]}`, false, false},
		{"root", `{"AWS": "111122223333"}`, true, false},
		{"root", `{"AWS": "444455556666"}`, false, true},
		{"service", `{"Service": "sns.amazonaws.com"}`, true, false},
		{"service", `{"AWS": "111122223333"}`, false, true},
		{"saml", `{"Federated": "arn:aws:iam::111122223333:saml-provider/okta"}`, true, false},
		{"saml", `{"Federated": "*"}`, true, false},
		{"service", `{"Federated": "*"}`, false, true},
		{"anonymous", `{"AWS": "111122223333"}`, false, true},
		{"anonymous", `{"AWS": "*"}`, true, false},
		{"session", `{"AWS": "*"}`, true, false},
	} {
		req := &iam.Request{Principal: callers()[c.caller], Action: "s3:GetObject", Resource: "arn:aws:s3:::data/x", ResourceAccount: own}
		deny := resourceSet(t, "Deny", `"NotPrincipal": `+c.list)
		if got := deny.Decide(req).Reason != iam.DeniedByResource; got != c.spared {
			t.Errorf("Deny with NotPrincipal %s spares the %s = %v, want %v", c.list, c.caller, got, c.spared)
		}
		allow := resourceSet(t, "Allow", `"NotPrincipal": `+c.list)
		if got := allow.Decide(req).Allowed(); req.Principal.Kind != iam.Root && got != c.grant {
			t.Errorf("Allow with NotPrincipal %s grants to the %s = %v, want %v", c.list, c.caller, got, c.grant)
		}
	}
}

// TestMissingPrincipalFailsClosed in policies that must have one.
func TestMissingPrincipalFailsClosed(t *testing.T) {
	t.Parallel()
	all := statement(iam.Allow, nil)
	req := user(nil)
	if d := (&iam.PolicySet{Resource: all}).Decide(req); d.Reason != iam.NoAllow {
		t.Errorf("Allow of a resource: %s, want %s", d.Reason, iam.NoAllow)
	}
	if d := (&iam.PolicySet{Identity: []*iam.Compiled{all}, Endpoint: all}).Decide(req); d.Reason != iam.NoAllowEndpoint {
		t.Errorf("Allow of an endpoint: %s, want %s", d.Reason, iam.NoAllowEndpoint)
	}
	if d := (&iam.PolicySet{Identity: []*iam.Compiled{all}, Resource: statement(iam.Deny, nil)}).Decide(req); d.Reason != iam.DeniedByResource {
		t.Errorf("Deny of a resource: %s, want %s", d.Reason, iam.DeniedByResource)
	}
}

// TestResourceMayBeLeftOut in the policy of the resource itself.
func TestResourceMayBeLeftOut(t *testing.T) {
	t.Parallel()
	set := &iam.PolicySet{Resource: statement(iam.Allow, func(s *iam.Statement) {
		s.Resources = iam.Elements{}
		s.Principals = &iam.Principals{Star: true}
	})}
	if d := set.Decide(user(nil)); d.Reason != iam.AllowResource {
		t.Errorf("Decide = %s, want %s", d.Reason, iam.AllowResource)
	}
}
