package iam_test

import (
	"testing"

	"github.com/berth-project/berth/iam"
)

// grant returns a resource policy that allows everything to a principal.
func grant(key, name string) *iam.Compiled {
	return statement(iam.Allow, func(s *iam.Statement) {
		s.Principals = &iam.Principals{Entries: []iam.PrincipalEntry{{Key: key, Values: []string{name}}}}
	})
}

// TestLayersThatDoNotApply is of callers and resources that a layer does not
// bind.
func TestLayersThatDoNotApply(t *testing.T) {
	t.Parallel()
	allow, deny, nothing := statement(iam.Allow, nil), statement(iam.Deny, nil), iam.Compile(&iam.Policy{})
	denyAll := statement(iam.Deny, func(s *iam.Statement) { s.Principals = &iam.Principals{Star: true} })
	allowAll := statement(iam.Allow, func(s *iam.Statement) { s.Principals = &iam.Principals{Star: true} })
	list := func(c *iam.Compiled) []*iam.Compiled { return []*iam.Compiled{c} }
	levels := func(c *iam.Compiled) [][]*iam.Compiled { return [][]*iam.Compiled{{c}} }
	for name, c := range map[string]struct {
		caller string
		set    iam.PolicySet
		action string
		want   iam.Reason
	}{
		"SCP binds a user":                            {"user", iam.PolicySet{Identity: list(allow), SCPs: levels(deny)}, "", iam.DeniedBySCP},
		"SCP binds a root user":                       {"root", iam.PolicySet{SCPs: levels(nothing)}, "", iam.NoAllowSCP},
		"SCP binds a federated user":                  {"federated", iam.PolicySet{Identity: list(allow), Session: list(allow), SCPs: levels(nothing)}, "", iam.NoAllowSCP},
		"SCP level without policies allows nothing":   {"user", iam.PolicySet{Identity: list(allow), SCPs: [][]*iam.Compiled{{allow}, {}}}, "", iam.NoAllowSCP},
		"SCP spares a service":                        {"service", iam.PolicySet{Resource: allowAll, SCPs: levels(deny)}, "", iam.AllowResource},
		"SCP spares the anonymous":                    {"anonymous", iam.PolicySet{Resource: allowAll, SCPs: levels(deny)}, "", iam.AllowResource},
		"SCP spares the management account":           {"user", iam.PolicySet{Identity: list(allow), SCPs: levels(deny), PrincipalInManagementAccount: true}, "", iam.AllowIdentity},
		"SCP spares service-linked roles":             {"session", iam.PolicySet{Identity: list(allow), SCPs: levels(deny), ServiceLinkedRole: true}, "", iam.AllowIdentity},
		"RCP binds a service":                         {"service", iam.PolicySet{Resource: allowAll, RCPs: levels(denyAll)}, "", iam.DeniedByRCP},
		"RCP binds a root user":                       {"root", iam.PolicySet{RCPs: levels(denyAll)}, "", iam.DeniedByRCP},
		"RCP without an Allow limits nothing":         {"user", iam.PolicySet{Identity: list(allow), RCPs: levels(nothing)}, "", iam.AllowIdentity},
		"RCP spares services that take no part":       {"user", iam.PolicySet{Identity: list(allow), RCPs: levels(denyAll)}, "ec2:RunInstances", iam.AllowIdentity},
		"RCP spares resources of the management":      {"user", iam.PolicySet{Identity: list(allow), RCPs: levels(denyAll), ResourceInManagementAccount: true}, "", iam.AllowIdentity},
		"RCP spares service-linked roles":             {"session", iam.PolicySet{Identity: list(allow), RCPs: levels(denyAll), ServiceLinkedRole: true}, "", iam.AllowIdentity},
		"endpoint policy binds the anonymous":         {"anonymous", iam.PolicySet{Resource: allowAll, Endpoint: nothing}, "", iam.NoAllowEndpoint},
		"identity policies are no root user's":        {"root", iam.PolicySet{Identity: list(deny), Boundary: deny}, "", iam.AllowIdentity},
		"session policies of a privileged session":    {"root", iam.PolicySet{Session: list(nothing)}, "", iam.NoAllowSession},
		"identity policies are no service's":          {"service", iam.PolicySet{Identity: list(allow), Session: list(deny), Boundary: deny}, "", iam.NoAllow},
		"empty list of session policies":              {"federated", iam.PolicySet{Identity: list(allow), Session: []*iam.Compiled{}}, "", iam.NoAllowSession},
		"no session policies of a federated user":     {"federated", iam.PolicySet{Identity: list(allow)}, "", iam.NoAllowSession},
		"no session policies of a role's session":     {"session", iam.PolicySet{Identity: list(allow)}, "", iam.AllowIdentity},
		"Deny of a trust policy for its own service":  {"service", iam.PolicySet{Resource: denyAll, Target: iam.RoleTrust}, "sts:AssumeRole", iam.DeniedByResource},
		"GetCallerIdentity under a Deny":              {"user", iam.PolicySet{Identity: list(deny), SCPs: levels(deny)}, "STS:getcalleridentity", iam.AllowAlways},
		"GetCallerIdentity of nobody":                 {"anonymous", iam.PolicySet{}, "sts:GetCallerIdentity", iam.NoAllow},
		"GetCallerIdentity of a provider's assertion": {"saml", iam.PolicySet{}, "sts:GetCallerIdentity", iam.NoAllow},
	} {
		req := user(nil)
		req.Principal = callers()[c.caller]
		if c.action != "" {
			req.Action = c.action
		}
		if got := c.set.Decide(req); got.Reason != c.want {
			t.Errorf("%s: %s, want %s\n%s", name, got.Reason, c.want, c.set.Explain(req))
		}
	}
}

// TestGrantsOfResources is the table of what an Allow of a resource's policy is
// worth, by how it names the caller: by itself, and beside an identity policy,
// a boundary and a session policy.
func TestGrantsOfResources(t *testing.T) {
	t.Parallel()
	const (
		yes   = iam.AllowResource
		ident = iam.AllowIdentity
		no    = iam.NoAllow
		bound = iam.NoAllowBoundary
		sess  = iam.NoAllowSession
	)
	for _, c := range []struct {
		caller, key, name                           string
		alone, identity, boundary, session, crossed iam.Reason
	}{
		{"user", "AWS", "arn:aws:iam::111122223333:user/dev", yes, yes, yes, yes, iam.AllowCrossAccount},
		{"user", "AWS", own, no, ident, no, no, iam.AllowCrossAccount},
		{"user", "AWS", "*", yes, yes, yes, yes, iam.AllowCrossAccount},
		{"user", "AWS", "arn:aws:iam::111122223333:user/eve", no, ident, no, no, iam.NoAllowFromResource},
		{"session", "AWS", "arn:aws:iam::111122223333:role/path/App", yes, yes, bound, sess, iam.AllowCrossAccount},
		{"session", "AWS", "arn:aws:sts::111122223333:assumed-role/App/s", yes, yes, yes, yes, iam.AllowCrossAccount},
		{"session", "AWS", "*", yes, yes, yes, yes, iam.AllowCrossAccount},
		{"session", "AWS", own, no, ident, no, no, iam.AllowCrossAccount},
		{"federated", "AWS", "arn:aws:iam::111122223333:user/dev", yes, yes, bound, sess, iam.AllowCrossAccount},
		{"federated", "AWS", "arn:aws:sts::111122223333:federated-user/bob", yes, yes, yes, yes, iam.AllowCrossAccount},
		{"root", "AWS", own, ident, ident, ident, sess, iam.AllowCrossAccount},
		{"service", "Service", "sns.amazonaws.com", yes, yes, yes, yes, yes},
		{"saml", "Federated", "arn:aws:iam::111122223333:saml-provider/okta", yes, yes, yes, yes, yes},
		{"anonymous", "AWS", "*", yes, yes, yes, yes, yes},
	} {
		all, nothing := []*iam.Compiled{statement(iam.Allow, nil)}, iam.Compile(&iam.Policy{})
		decide := func(account string, edit func(s *iam.PolicySet)) iam.Reason {
			req := user(nil)
			req.Principal, req.ResourceAccount = callers()[c.caller], account
			set := iam.PolicySet{Resource: grant(c.key, c.name)}
			if req.Principal.Kind == iam.FederatedUser {
				set.Session = all // without one it may do nothing
			}
			edit(&set)
			return set.Decide(req).Reason
		}
		for name, got := range map[string][2]iam.Reason{
			"alone":              {decide(own, func(*iam.PolicySet) {}), c.alone},
			"beside identity":    {decide(own, func(s *iam.PolicySet) { s.Identity = all }), c.identity},
			"within a boundary":  {decide(own, func(s *iam.PolicySet) { s.Boundary = nothing }), c.boundary},
			"within a session":   {decide(own, func(s *iam.PolicySet) { s.Session = []*iam.Compiled{nothing} }), c.session},
			"of another account": {decide(foreign, func(s *iam.PolicySet) { s.Identity = all }), c.crossed},
		} {
			if got[0] != got[1] {
				t.Errorf("Allow to %s %s, %s, for the %s: %s, want %s", c.key, c.name, name, c.caller, got[0], got[1])
			}
		}
	}
}

// TestStrictTargets must allow themselves, in the caller's account too.
func TestStrictTargets(t *testing.T) {
	t.Parallel()
	all := []*iam.Compiled{statement(iam.Allow, nil)}
	for name, c := range map[string]struct {
		caller, action string
		target         iam.Target
		resource       *iam.Compiled
		want           iam.Reason
	}{
		"a role without trust":               {"user", "sts:AssumeRole", iam.RoleTrust, nil, iam.NoAllowTrust},
		"a role that trusts the account":     {"user", "sts:AssumeRole", iam.RoleTrust, grant("AWS", own), iam.AllowIdentity},
		"a role that trusts another account": {"user", "sts:AssumeRole", iam.RoleTrust, grant("AWS", foreign), iam.NoAllowTrust},
		"tagging its session":                {"user", "STS:TagSession", iam.RoleTrust, nil, iam.NoAllowTrust},
		"setting its source identity":        {"user", "sts:SetSourceIdentity", iam.RoleTrust, nil, iam.NoAllowTrust},
		"looking at the role":                {"user", "iam:GetRole", iam.RoleTrust, nil, iam.AllowIdentity},
		"a key without policy":               {"user", "kms:Decrypt", iam.KMSKey, nil, iam.NoAllowKeyPolicy},
		"a key that delegates":               {"session", "kms:Decrypt", iam.KMSKey, grant("AWS", own), iam.AllowIdentity},
		"a key that shuts out the root user": {"root", "kms:Decrypt", iam.KMSKey, grant("AWS", "arn:aws:iam::111122223333:user/dev"), iam.NoAllowKeyPolicy},
		"a key of the root user":             {"root", "kms:Decrypt", iam.KMSKey, grant("AWS", own), iam.AllowIdentity},
		"a bucket":                           {"user", "s3:GetObject", iam.AnyResource, nil, iam.AllowIdentity},
	} {
		req := user(nil)
		req.Principal, req.Action = callers()[c.caller], c.action
		set := iam.PolicySet{Identity: all, Resource: c.resource, Target: c.target}
		if got := set.Decide(req).Reason; got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// TestUnknownAccountsAreNotTheSame keeps a caller who forgot to say whose
// resource it is from the rules within one account.
func TestUnknownAccountsAreNotTheSame(t *testing.T) {
	t.Parallel()
	set := iam.PolicySet{Identity: []*iam.Compiled{statement(iam.Allow, nil)}}
	for _, accounts := range [][2]string{{own, ""}, {"", ""}, {"", own}} {
		req := user(nil)
		req.Principal.Account, req.ResourceAccount = accounts[0], accounts[1]
		if got := set.Decide(req).Reason; got != iam.NoAllowFromResource {
			t.Errorf("caller of account %q, resource of %q: %s, want %s", accounts[0], accounts[1], got, iam.NoAllowFromResource)
		}
	}
}

// TestDenyIsReportedByTheFirstLayer in the order that is documented.
func TestDenyIsReportedByTheFirstLayer(t *testing.T) {
	t.Parallel()
	deny := statement(iam.Deny, nil)
	named := statement(iam.Deny, func(s *iam.Statement) { s.Principals = &iam.Principals{Star: true} })
	list := []*iam.Compiled{deny}
	set := iam.PolicySet{
		SCPs: [][]*iam.Compiled{list}, RCPs: [][]*iam.Compiled{{named}}, Endpoint: named, Resource: named, Identity: list, Boundary: deny, Session: list,
	}
	for _, c := range []struct {
		want   iam.Reason
		policy string
		remove func()
	}{
		{iam.DeniedBySCP, "scps[0][0]", func() { set.SCPs = nil }},
		{iam.DeniedByRCP, "rcps[0][0]", func() { set.RCPs = nil }},
		{iam.DeniedByEndpoint, "endpoint", func() { set.Endpoint = nil }},
		{iam.DeniedByResource, "resource", func() { set.Resource = nil }},
		{iam.DeniedByIdentity, "identity[0]", func() { set.Identity = nil }},
		{iam.DeniedByBoundary, "boundary", func() { set.Boundary = nil }},
		{iam.DeniedBySession, "session[0]", func() { set.Session = nil }},
		{iam.NoAllow, "", func() {}},
	} {
		d := set.Decide(user(nil))
		if d.Reason != c.want || d.By.PolicyName() != c.policy {
			t.Errorf("Decide = %s by %q, want %s by %q", d.Reason, d.By.PolicyName(), c.want, c.policy)
		}
		if s := set.Statement(d.By); (s != nil) != (c.policy != "") || s != nil && s.Effect != iam.Deny {
			t.Errorf("Statement(%v) = %v", d.By, s)
		}
		c.remove()
	}
}
