package sts_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/sts"
)

func TestAssumeRoleGivesASession(t *testing.T) {
	t.Parallel()
	c := assuming(t, user(anybody(t)))
	c.Role.Tags = map[string]string{"Team": "blue", "Env": "prod"}
	c.Tags = []sts.Tag{{"team", "red"}, {"Cost", "1"}}
	c.TransitiveTagKeys = []string{"Cost"}
	c.SourceIdentity = "jean"
	c.DurationSeconds = seconds(7200)
	s := wantSession(t, sts.AssumeRole(c))
	want := iam.Principal{
		Kind: iam.AssumedRole, Account: own, RoleARN: deploy,
		ARN: "arn:aws:sts::111122223333:assumed-role/Deploy/release-42", // without the role's path
	}
	if diff := cmp.Diff(want, s.Principal); diff != "" {
		t.Errorf("principal (-want +got):\n%s", diff)
	}
	if s.UserID() != "AROADEPLOY:release-42" || !s.Facts.TokenIssued.Equal(noon) || !s.ExpiresAt.Equal(noon.Add(2*time.Hour)) || s.Chained {
		t.Errorf("session %q from %v to %v, chained %v", s.UserID(), s.Facts.TokenIssued, s.ExpiresAt, s.Chained)
	}
	if s.Expired(noon.Add(2*time.Hour-time.Second)) || !s.Expired(noon.Add(2*time.Hour)) {
		t.Error("session does not expire at its end")
	}
	// The session's tag is over the role's of the same key, in whatever case.
	if diff := cmp.Diff(map[string]string{"Cost": "1", "Env": "prod", "team": "red"}, s.Facts.Tags); diff != "" {
		t.Errorf("tags (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"Cost"}, s.TransitiveTagKeys); diff != "" {
		t.Errorf("transitive keys (-want +got):\n%s", diff)
	}
	if s.Facts.SourceIdentity != "jean" {
		t.Errorf("source identity %q, want jean", s.Facts.SourceIdentity)
	}
}

// TestTrust holds who a trust policy lets in, and what the caller's own policies
// have to say to that.
func TestTrust(t *testing.T) {
	t.Parallel()
	const (
		account   = `{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"sts:AssumeRole"}`
		theirs    = `{"Effect":"Allow","Principal":{"AWS":"444455556666"},"Action":"sts:AssumeRole"}`
		byName    = `{"Effect":"Allow","Principal":{"AWS":"` + dev + `"},"Action":"sts:AssumeRole"}`
		byRole    = `{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:role/App"},"Action":"sts:AssumeRole"}`
		ec2       = `{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}`
		anyone    = `{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}`
		federated = `{"Effect":"Allow","Principal":{"Federated":"` + corp + `"},"Action":"sts:AssumeRoleWithSAML"}`
		mine      = "because no identity-based policy allows the sts:AssumeRole action"
		roles     = "because no role trust policy allows the sts:AssumeRole action"
		silent    = "is not authorized to perform: sts:AssumeRole on resource: " + deploy
	)
	may := anybody(t)
	service := func(name string) sts.Caller {
		return sts.Caller{Principal: iam.Principal{Kind: iam.ServicePrincipal, Service: name}}
	}
	foreign := func(policies ...*iam.Compiled) sts.Caller {
		c := user(policies...)
		c.Principal.ARN, c.Principal.Account = "arn:aws:iam::444455556666:user/dev", vendor
		return c
	}
	with := func(c sts.Caller, change func(*iam.PolicySet)) sts.Caller {
		change(&c.Policies)
		return c
	}
	tests := []struct {
		name    string
		caller  sts.Caller
		trust   string
		refused string // empty for granted
		exact   bool
	}{
		{"own account is trusted, policy allows", user(may), account, "", false},
		{"own account is trusted, no policy", user(), account, mine, false},
		{"user is named, no policy", user(), byName, "", false},
		{"another user is named", user(may), strings.Replace(byName, "user/dev", "user/other", 1), roles, false},
		{"role is named, no policy", session(), byRole, "", false},
		{"anyone, no policy", user(), anyone, "", false},
		{"nobody fitting is named", user(may), ec2, roles, false},
		{"policy denies", user(may, identity(t, `{"Effect":"Deny","Action":"sts:AssumeRole","Resource":"`+deploy+`"}`)), byName, "with an explicit deny in an identity-based policy", false},
		{"trust policy denies", user(may), "[" + byName + `,{"Effect":"Deny","Principal":{"AWS":"` + dev + `"},"Action":"sts:*"}]`, "with an explicit deny in the role trust policy", false},
		{"other account is trusted, policy allows", foreign(may), theirs, "", false},
		{"other account is trusted, no policy", foreign(), theirs, silent, true},
		{"other account is not trusted", foreign(may), account, silent, true},
		{"other account by anyone, no policy", foreign(), anyone, silent, true},
		{"other account is denied", foreign(may), "[" + theirs + `,{"Effect":"Deny","Principal":{"AWS":"*"},"Action":"sts:*"}]`, silent, true},
		{"service is trusted", service("ec2.amazonaws.com"), ec2, "", false},
		{"another service is trusted", service("lambda.amazonaws.com"), ec2, "User: lambda.amazonaws.com " + silent, true},
		{"service where people are trusted", service("ec2.amazonaws.com"), account, silent, false},
		{"boundary allows not", with(user(may), func(p *iam.PolicySet) { p.Boundary = allows(t, "s3:*") }), account, "because no permissions boundary allows", false},
		{"session policy allows not", with(session(may), func(p *iam.PolicySet) { p.Session = []*iam.Compiled{allows(t, "s3:*")} }), account, "because no session policy allows", false},
		{"SCP allows not", with(user(may), func(p *iam.PolicySet) {
			p.SCPs = [][]*iam.Compiled{{document(t, iam.ServiceControlPolicy, `{"Effect":"Allow","Action":"s3:*","Resource":"*"}`)}}
		}), account, "because no service control policy allows", false},
		{"trust is for assertions", user(may), federated, roles, false},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			c := assuming(t, tc.caller)
			c.Role.Trust = trust(t, tc.trust)
			o := sts.AssumeRole(c)
			if tc.refused == "" {
				wantSession(t, o)
				return
			}
			wantRefusal(t, o, sts.AccessDenied, "trust", tc.refused)
			if tc.exact && !strings.HasSuffix(o.Refusal.Message, tc.refused) {
				t.Errorf("message %q tells more than %q", o.Refusal.Message, tc.refused)
			}
		})
	}
}

func TestResourceControlPolicyOverTheRole(t *testing.T) {
	t.Parallel()
	rcp := document(t, iam.ResourceControlPolicy, `{"Effect":"Deny","Principal":"*","Action":"sts:AssumeRole","Resource":"*","Condition":{"StringNotEquals":{"aws:PrincipalOrgID":"o-1"}}}`)
	c := assuming(t, user(anybody(t)))
	c.Role.RCPs = [][]*iam.Compiled{{rcp}}
	wantRefusal(t, sts.AssumeRole(c), sts.AccessDenied, "trust", "with an explicit deny in a resource control policy")
	c.Caller.Facts.OrgID = "o-1"
	wantSession(t, sts.AssumeRole(c))
}

// TestExistenceIsNotTold: a role that does not exist is refused with the same
// words as one that does not let the caller in.
func TestExistenceIsNotTold(t *testing.T) {
	t.Parallel()
	refusal := func(c *sts.AssumeRoleCall, role *sts.Role) sts.Refusal {
		c.Role = role
		o := sts.AssumeRole(c)
		if o.Refusal == nil || o.Session != nil {
			t.Fatalf("granted: %s", trace(o))
		}
		return *o.Refusal
	}
	detail := func(o *sts.Outcome) string {
		for _, c := range o.Checks {
			if c.Name == "trust" {
				return c.Detail
			}
		}
		return ""
	}
	for name, caller := range map[string]sts.Caller{
		"may":     user(anybody(t)),
		"may not": user(),
		"foreign": {Principal: iam.Principal{Kind: iam.User, ARN: "arn:aws:iam::444455556666:user/dev", Account: vendor}, Policies: iam.PolicySet{Identity: []*iam.Compiled{anybody(t)}}},
	} {
		c := assuming(t, caller)
		closed := &sts.Role{ARN: deploy, MaxSessionSeconds: 3600, Trust: trust(t, `{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}`)}
		// A duration that this role would not give must not tell either.
		c.DurationSeconds = seconds(43200)
		none, there := refusal(c, nil), refusal(c, closed)
		if none != there {
			t.Errorf("%s: no such role: %+v, a role that does not trust: %+v", name, none, there)
		}
		// The role's owner is told.
		c.Role = nil
		if d := detail(sts.AssumeRole(c)); d != "there is no role "+deploy {
			t.Errorf("%s: no such role: detail %q", name, d)
		}
		otherPath := &sts.Role{ARN: "arn:aws:iam::111122223333:role/Deploy", Trust: trusting(t, `{"AWS":"*"}`)}
		if got := refusal(c, otherPath); got != none {
			t.Errorf("%s: a role of another path: %+v, want %+v", name, got, none)
		}
	}
}

func TestWhoMayAssumeRoles(t *testing.T) {
	t.Parallel()
	tests := []struct {
		who     iam.Principal
		code    sts.Code
		message string
	}{
		{iam.Principal{Kind: iam.Root, ARN: "arn:aws:iam::111122223333:root", Account: own}, sts.AccessDenied, "Roles may not be assumed by root accounts."},
		{iam.Principal{Kind: iam.FederatedUser, ARN: "arn:aws:sts::111122223333:federated-user/jean", Account: own}, sts.AccessDenied, "is not authorized to perform: sts:AssumeRole"},
		{iam.Principal{Kind: iam.Anonymous}, sts.MissingAuthentication, "Authentication Token"},
		{iam.Principal{Kind: iam.SAMLIdentity, Provider: corp}, sts.MissingAuthentication, ""},
		{iam.Principal{Kind: iam.WebIdentity, Provider: github}, sts.MissingAuthentication, ""},
	}
	for _, tc := range tests {
		c := assuming(t, sts.Caller{Principal: tc.who, Policies: iam.PolicySet{Identity: []*iam.Compiled{anybody(t)}}})
		c.Role.Trust = trusting(t, `{"AWS":"*"}`)
		wantRefusal(t, sts.AssumeRole(c), tc.code, "caller", tc.message)
	}
}

func TestParameters(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 2049)
	tests := []struct {
		name    string
		change  func(*sts.AssumeRoleCall)
		message string
	}{
		{"no role", func(c *sts.AssumeRoleCall) { c.RoleARN = "" }, "1 validation error detected: Value null at 'roleArn' failed to satisfy constraint: Member must not be null"},
		{"short role", func(c *sts.AssumeRoleCall) { c.RoleARN = "arn:aws:iam::1:role" }, "Value 'arn:aws:iam::1:role' at 'roleArn' failed to satisfy constraint: Member must have length greater than or equal to 20"},
		{"long role", func(c *sts.AssumeRoleCall) { c.RoleARN = long }, "length less than or equal to 2048"},
		{"a user for a role", func(c *sts.AssumeRoleCall) { c.RoleARN = dev }, dev + " is invalid"},
		{"no name", func(c *sts.AssumeRoleCall) { c.SessionName = "" }, "Value null at 'roleSessionName'"},
		{"name of one character", func(c *sts.AssumeRoleCall) { c.SessionName = "a" }, "Value 'a' at 'roleSessionName' failed to satisfy constraint: Member must have length greater than or equal to 2"},
		{"name of 65 characters", func(c *sts.AssumeRoleCall) { c.SessionName = strings.Repeat("a", 65) }, "length less than or equal to 64"},
		{"name with a slash", func(c *sts.AssumeRoleCall) { c.SessionName = "a/b" }, `Value 'a/b' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w+=,.@-]*`},
		{"name with an umlaut", func(c *sts.AssumeRoleCall) { c.SessionName = "jörg" }, "regular expression pattern"},
		{"899 s", func(c *sts.AssumeRoleCall) { c.DurationSeconds = seconds(899) }, "Value '899' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900"},
		{"0 s", func(c *sts.AssumeRoleCall) { c.DurationSeconds = seconds(0) }, "greater than or equal to 900"},
		{"43201 s", func(c *sts.AssumeRoleCall) { c.DurationSeconds = seconds(43201) }, "less than or equal to 43200"},
		{"external ID with a space", func(c *sts.AssumeRoleCall) { c.ExternalID = "a b" }, `[\w+=,.@:\/-]*`},
		{"external ID of 1225 characters", func(c *sts.AssumeRoleCall) { c.ExternalID = strings.Repeat("a", 1225) }, "length less than or equal to 1224"},
		{"source identity with a space", func(c *sts.AssumeRoleCall) { c.SourceIdentity = "a b" }, "at 'sourceIdentity'"},
		{"tag without key", func(c *sts.AssumeRoleCall) { c.Tags = []sts.Tag{{"", "v"}} }, "Value null at 'tags.1.member.key'"},
		{"long key", func(c *sts.AssumeRoleCall) { c.Tags = []sts.Tag{{strings.Repeat("k", 129), "v"}} }, "length less than or equal to 128"},
		{"long value", func(c *sts.AssumeRoleCall) { c.Tags = []sts.Tag{{"a", "b"}, {"k", strings.Repeat("v", 257)}} }, "'tags.2.member.value' failed to satisfy constraint: Member must have length less than or equal to 256"},
		{"value with a star", func(c *sts.AssumeRoleCall) { c.Tags = []sts.Tag{{"k", "*"}} }, "regular expression pattern"},
		{"value that is no UTF-8", func(c *sts.AssumeRoleCall) { c.Tags = []sts.Tag{{"k", "\xff"}} }, "regular expression pattern"},
		{"51 transitive keys", func(c *sts.AssumeRoleCall) { c.TransitiveTagKeys = make([]string, 51) }, "at 'transitiveTagKeys'"},
		{"empty transitive key", func(c *sts.AssumeRoleCall) { c.TransitiveTagKeys = []string{""} }, "at 'transitiveTagKeys.1.member'"},
		{"long policy", func(c *sts.AssumeRoleCall) { c.Policy = long }, "at 'policy' failed to satisfy constraint: Member must have length less than or equal to 2048"},
		{"policy with a sign beyond Latin-1", func(c *sts.AssumeRoleCall) { c.Policy = `{"Id":"€"}` }, "regular expression pattern"},
		{"policy and ARNs together", func(c *sts.AssumeRoleCall) {
			c.Policy = `{"Version":"2012-10-17","Statement":[]}` + strings.Repeat(" ", 1990)
			c.Managed = []sts.ManagedPolicy{{ARN: "arn:aws:iam::aws:policy/ReadOnlyAccess", Policy: anybody(t)}}
		}, "less than or equal to 2048 together"},
		{"ARN of a managed policy", func(c *sts.AssumeRoleCall) { c.Managed = []sts.ManagedPolicy{{ARN: "x"}} }, "at 'policyArns.1.member.arn'"},
		{"short serial number", func(c *sts.AssumeRoleCall) { c.SerialNumber, c.TokenCode = "x", "123456" }, "at 'serialNumber'"},
		{"short code", func(c *sts.AssumeRoleCall) {
			c.SerialNumber, c.TokenCode = "arn:aws:iam::111122223333:mfa/dev", "12345"
		}, "at 'tokenCode'"},
		{"code of letters", func(c *sts.AssumeRoleCall) {
			c.SerialNumber, c.TokenCode = "arn:aws:iam::111122223333:mfa/dev", "12345a"
		}, "Value '(not shown)' at 'tokenCode'"},
		{"two at once", func(c *sts.AssumeRoleCall) { c.SessionName, c.ExternalID = "a", "b" }, "2 validation errors detected: Value 'a' at 'roleSessionName' failed to satisfy constraint: Member must have length greater than or equal to 2; Value 'b' at 'externalId'"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			c := assuming(t, user(anybody(t)))
			tc.change(c)
			o := sts.AssumeRole(c)
			wantRefusal(t, o, sts.ValidationError, "parameters", tc.message)
			if len(o.Checks) != 1 {
				t.Errorf("%d checks made of a call with a bad parameter, want 1", len(o.Checks))
			}
			if len(o.Refusal.Message) > 1000 {
				t.Errorf("message of %d characters echoes what was sent", len(o.Refusal.Message))
			}
		})
	}
}

func TestSessionTags(t *testing.T) {
	t.Parallel()
	inherits := func(keys ...string) sts.Caller {
		c := session(anybody(t))
		c.Facts.Tags = map[string]string{"Team": "blue", "Own": "1"}
		c.TransitiveTagKeys = keys
		return c
	}
	tests := []struct {
		name       string
		caller     sts.Caller
		tags       []sts.Tag
		transitive []string
		message    string
	}{
		{"reserved", user(anybody(t)), []sts.Tag{{"AWS:x", "v"}}, nil, "can't start with 'aws:'"},
		{"twice", user(anybody(t)), []sts.Tag{{"Team", "a"}, {"team", "b"}}, nil, "Duplicate tag keys found. Please note that Tag keys are case insensitive."},
		{"transitive without a tag", user(anybody(t)), []sts.Tag{{"Team", "a"}}, []string{"Cost"}, "The specified transitive tag key must be included in the requested tags."},
		{"inherited is set again", inherits("Team"), []sts.Tag{{"team", "red"}}, nil, "conflicts with a transitive tag key from the calling session"},
		{"inherited is set again to the same", inherits("Team"), []sts.Tag{{"Team", "blue"}}, nil, "conflicts with a transitive tag key from the calling session"},
	}
	for _, tc := range tests {
		c := assuming(t, tc.caller)
		c.Tags, c.TransitiveTagKeys = tc.tags, tc.transitive
		o := sts.AssumeRole(c)
		if o.Refusal == nil {
			t.Errorf("%s: granted", tc.name)
			continue
		}
		wantRefusal(t, o, sts.InvalidParameterValue, "tags", tc.message)
	}
	// A tag of the session that is not transitive does not go along and may be set.
	c := assuming(t, inherits("Team"))
	c.Tags = []sts.Tag{{"Own", "2"}}
	s := wantSession(t, sts.AssumeRole(c))
	if diff := cmp.Diff(map[string]string{"Own": "2", "Team": "blue"}, s.Facts.Tags); diff != "" {
		t.Errorf("tags (-want +got):\n%s", diff)
	}
	c.Tags = nil
	s = wantSession(t, sts.AssumeRole(c))
	if diff := cmp.Diff(map[string]string{"Team": "blue"}, s.Facts.Tags); diff != "" {
		t.Errorf("tags (-want +got):\n%s", diff)
	}
}

// TestFurtherActions: tags and a source identity are actions of their own, which
// the trust policy must allow and from another account the caller's policies
// too.
func TestFurtherActions(t *testing.T) {
	t.Parallel()
	all := []string{"sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"}
	without := func(action string) []string {
		return slices.DeleteFunc(slices.Clone(all), func(a string) bool { return a == action })
	}
	statement := func(actions []string) string {
		return `{"Effect":"Allow","Principal":{"AWS":"444455556666"},"Action":["` + strings.Join(actions, `","`) + `"]}`
	}
	tag := func(c *sts.AssumeRoleCall) { c.Tags = []sts.Tag{{"Team", "blue"}} }
	inherit := func(c *sts.AssumeRoleCall) {
		c.Caller.Facts.Tags, c.Caller.TransitiveTagKeys = map[string]string{"Team": "blue"}, []string{"Team"}
	}
	source := func(c *sts.AssumeRoleCall) { c.SourceIdentity = "jean" }
	inheritSource := func(c *sts.AssumeRoleCall) { c.Caller.Facts.SourceIdentity = "jean" }
	tests := []struct {
		name          string
		change        func(*sts.AssumeRoleCall)
		action, check string
	}{
		{"tags", tag, "sts:TagSession", "tag-session"},
		{"inherited tags", inherit, "sts:TagSession", "tag-session"},
		{"source identity", source, "sts:SetSourceIdentity", "source-identity-session"},
		{"inherited source identity", inheritSource, "sts:SetSourceIdentity", "source-identity-session"},
	}
	for _, tc := range tests {
		for _, missing := range []string{"", "trust", "identity"} {
			t.Run(tc.name+" "+missing, func(t *testing.T) {
				t.Parallel()
				trusted, allowed := all, all
				switch missing {
				case "trust":
					trusted = without(tc.action)
				case "identity":
					allowed = without(tc.action)
				}
				caller := session(allows(t, allowed...))
				caller.Principal.Account = vendor
				caller.Principal.ARN = "arn:aws:sts::444455556666:assumed-role/App/s1"
				caller.Principal.RoleARN = "arn:aws:iam::444455556666:role/App"
				c := assuming(t, caller)
				c.Role.Trust = trust(t, statement(trusted))
				tc.change(c)
				o := sts.AssumeRole(c)
				if missing == "" {
					wantSession(t, o)
					return
				}
				wantRefusal(t, o, sts.AccessDenied, tc.check, "is not authorized to perform: "+tc.action+" on resource: "+deploy)
			})
		}
	}
	// Nothing to tag, nothing to be allowed.
	c := assuming(t, user(allows(t, "sts:AssumeRole")))
	wantSession(t, sts.AssumeRole(c))
}

// TestContext holds the keys that a trust policy sees: each statement lets in
// who has the key, and nobody else.
func TestContext(t *testing.T) {
	t.Parallel()
	code := func(c *sts.AssumeRoleCall) {
		c.SerialNumber, c.TokenCode, c.CodeVerified = "arn:aws:iam::111122223333:mfa/dev", "123456", true
	}
	none := func(*sts.AssumeRoleCall) {}
	tests := []struct {
		name, condition string
		good, bad       func(*sts.AssumeRoleCall)
	}{
		{"external ID", `"StringEquals":{"sts:ExternalId":"acme-1"}`, func(c *sts.AssumeRoleCall) { c.ExternalID = "acme-1" }, func(c *sts.AssumeRoleCall) { c.ExternalID = "acme-2" }},
		{"no external ID", `"StringEquals":{"sts:ExternalId":"acme-1"}`, func(c *sts.AssumeRoleCall) { c.ExternalID = "acme-1" }, none},
		{"session name of the user", `"StringEquals":{"sts:RoleSessionName":"${aws:username}"}`, func(c *sts.AssumeRoleCall) { c.SessionName = "dev" }, none},
		{"request tag", `"StringEquals":{"aws:RequestTag/team":"blue"}`, func(c *sts.AssumeRoleCall) { c.Tags = []sts.Tag{{"Team", "blue"}} }, func(c *sts.AssumeRoleCall) { c.Tags = []sts.Tag{{"Team", "red"}} }},
		{"tag keys", `"ForAllValues:StringEquals":{"aws:TagKeys":["Team"]}`, func(c *sts.AssumeRoleCall) { c.Tags = []sts.Tag{{"Team", "x"}} }, func(c *sts.AssumeRoleCall) { c.Tags = []sts.Tag{{"Team", "x"}, {"Cost", "1"}} }},
		{"transitive keys", `"ForAnyValue:StringEquals":{"sts:TransitiveTagKeys":"Team"}`, func(c *sts.AssumeRoleCall) { c.Tags, c.TransitiveTagKeys = []sts.Tag{{"Team", "x"}}, []string{"Team"} }, func(c *sts.AssumeRoleCall) { c.Tags = []sts.Tag{{"Team", "x"}} }},
		{"source identity", `"StringLike":{"sts:SourceIdentity":"j*"}`, func(c *sts.AssumeRoleCall) { c.SourceIdentity = "jean" }, func(c *sts.AssumeRoleCall) { c.SourceIdentity = "paul" }},
		{"source identity of the caller", `"StringEquals":{"aws:SourceIdentity":"jean"}`, func(c *sts.AssumeRoleCall) { c.Caller.Facts.SourceIdentity = "jean" }, none},
		{"second factor", `"Bool":{"aws:MultiFactorAuthPresent":"true"}`, code, none},
		{"second factor of a session", `"Bool":{"aws:MultiFactorAuthPresent":"true"}`, func(c *sts.AssumeRoleCall) { c.Caller.Facts.TokenIssued, c.Caller.Facts.MFATime = noon, noon }, func(c *sts.AssumeRoleCall) { c.Caller.Facts.TokenIssued = noon }},
		{"age of the second factor", `"NumericLessThan":{"aws:MultiFactorAuthAge":"300"}`, code, func(c *sts.AssumeRoleCall) {
			c.Caller.Facts.TokenIssued, c.Caller.Facts.MFATime = noon.Add(-5*time.Minute), noon.Add(-5*time.Minute)
		}},
		{"tag of the caller", `"StringEquals":{"aws:PrincipalTag/team":"blue"}`, func(c *sts.AssumeRoleCall) { c.Caller.Facts.Tags = map[string]string{"Team": "blue"} }, none},
		{"tag of the role", `"StringEquals":{"aws:ResourceTag/team":"${aws:PrincipalTag/team}"}`, func(c *sts.AssumeRoleCall) {
			c.Caller.Facts.Tags, c.Role.Tags = map[string]string{"team": "blue"}, map[string]string{"team": "blue"}
		}, func(c *sts.AssumeRoleCall) {
			c.Caller.Facts.Tags, c.Role.Tags = map[string]string{"team": "blue"}, map[string]string{"team": "red"}
		}},
		{"user", `"ArnEquals":{"aws:PrincipalArn":"` + dev + `"}`, none, func(c *sts.AssumeRoleCall) { c.Caller = session(anybody(t)) }},
		{"role of a session, and not the session", `"ArnEquals":{"aws:PrincipalArn":"arn:aws:iam::111122223333:role/App"}`, func(c *sts.AssumeRoleCall) { c.Caller = session(anybody(t)) }, none},
		{"kind of caller", `"StringEquals":{"aws:PrincipalType":"AssumedRole"}`, func(c *sts.AssumeRoleCall) { c.Caller = session(anybody(t)) }, none},
		{"ID of the caller", `"StringLike":{"aws:userid":"AROAAPP:*"}`, func(c *sts.AssumeRoleCall) { c.Caller = session(anybody(t)) }, none},
		{"account", `"StringEquals":{"aws:PrincipalAccount":"111122223333"}`, none, func(c *sts.AssumeRoleCall) {
			c.Caller.Principal.Account, c.Caller.Principal.ARN = vendor, "arn:aws:iam::444455556666:user/dev"
		}},
		{"issue time", `"DateGreaterThan":{"aws:TokenIssueTime":"2026-03-02T11:58:00Z"}`, func(c *sts.AssumeRoleCall) { c.Caller = session(anybody(t)) }, func(c *sts.AssumeRoleCall) {
			c.Caller = session(anybody(t))
			c.Caller.Facts.TokenIssued = noon.Add(-time.Hour)
		}},
		{"address", `"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}`, func(c *sts.AssumeRoleCall) { c.Request.Context.Set("aws:SourceIp", "203.0.113.7") }, func(c *sts.AssumeRoleCall) { c.Request.Context.Set("aws:SourceIp", "198.51.100.7") }},
		{"organisation of the caller", `"StringEquals":{"aws:PrincipalOrgID":"o-1"}`, func(c *sts.AssumeRoleCall) { c.Caller.Facts.OrgID = "o-1" }, none},
		{"encrypted connection", `"Bool":{"aws:SecureTransport":"true"}`, none, func(c *sts.AssumeRoleCall) { c.Request.Context.Set("aws:SecureTransport", "false") }},
		{"tag of the role by its other name", `"StringEquals":{"iam:ResourceTag/team":"blue"}`, func(c *sts.AssumeRoleCall) { c.Role.Tags = map[string]string{"Team": "blue"} }, none},
		{"organisation of the role", `"StringEquals":{"aws:PrincipalOrgID":"${aws:ResourceOrgID}"}`, func(c *sts.AssumeRoleCall) { c.Caller.Facts.OrgID, c.Role.OrgID = "o-1", "o-1" }, func(c *sts.AssumeRoleCall) { c.Caller.Facts.OrgID, c.Role.OrgID = "o-1", "o-2" }},
		{"window, after its end", `"DateGreaterThan":{"aws:CurrentTime":"2026-03-02T09:00:00Z"},"DateLessThan":{"aws:CurrentTime":"2026-03-02T17:00:00Z"}`, none, func(c *sts.AssumeRoleCall) { c.Request.Time = noon.Add(5 * time.Hour) }},
		{"window, at its beginning", `"DateGreaterThan":{"aws:CurrentTime":"2026-03-02T09:00:00Z"},"DateLessThan":{"aws:CurrentTime":"2026-03-02T17:00:00Z"}`, none, func(c *sts.AssumeRoleCall) { c.Request.Time = noon.Add(-3 * time.Hour) }},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			call := func(change func(*sts.AssumeRoleCall)) *sts.Outcome {
				c := assuming(t, user(anybody(t)))
				c.Role.Trust = trust(t, fmt.Sprintf(`[
					{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole","Condition":{%s}},
					{"Effect":"Allow","Principal":{"AWS":"*"},"Action":["sts:TagSession","sts:SetSourceIdentity"]}]`, tc.condition))
				change(c)
				return sts.AssumeRole(c)
			}
			wantSession(t, call(tc.good))
			wantRefusal(t, call(tc.bad), sts.AccessDenied, "trust", "sts:AssumeRole")
		})
	}
}

func TestServiceKeys(t *testing.T) {
	t.Parallel()
	c := assuming(t, sts.Caller{Principal: iam.Principal{Kind: iam.ServicePrincipal, Service: "scheduler.amazonaws.com"}})
	c.Role.Trust = trust(t, `{"Effect":"Allow","Principal":{"Service":"scheduler.amazonaws.com"},"Action":"sts:AssumeRole","Condition":{
		"Bool":{"aws:PrincipalIsAWSService":"true"},"StringEquals":{"aws:PrincipalServiceName":"scheduler.amazonaws.com","aws:SourceAccount":"111122223333"}}}`)
	wantRefusal(t, sts.AssumeRole(c), sts.AccessDenied, "trust", "")
	c.Request.Source.Account = own
	wantSession(t, sts.AssumeRole(c))
}

func TestSecondFactor(t *testing.T) {
	t.Parallel()
	c := assuming(t, user(anybody(t)))
	c.SerialNumber = "arn:aws:iam::111122223333:mfa/dev"
	wantRefusal(t, sts.AssumeRole(c), sts.ValidationError, "mfa", "must be specified together")
	c.TokenCode = "123456"
	wantRefusal(t, sts.AssumeRole(c), sts.AccessDenied, "mfa", "invalid MFA one time pass code")
	c.CodeVerified = true
	s := wantSession(t, sts.AssumeRole(c))
	// The session of a role does not tell that there was a second factor.
	if !s.Facts.MFATime.IsZero() || !s.Caller().Facts.MFATime.IsZero() {
		t.Error("the session of a role says that it was obtained with MFA")
	}
	// A code that somebody says is good, without a device.
	c.SerialNumber, c.TokenCode = "", ""
	c.Role.Trust = trust(t, `{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}}`)
	wantRefusal(t, sts.AssumeRole(c), sts.AccessDenied, "trust", "")
}

func TestDurations(t *testing.T) {
	t.Parallel()
	const (
		overRole  = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
		overChain = "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."
	)
	temporary := user(anybody(t))
	temporary.Facts.TokenIssued = noon
	tests := []struct {
		name    string
		caller  sts.Caller
		maximum int
		wanted  *int
		want    int
		message string
	}{
		{"a role without a maximum", user(anybody(t)), 0, seconds(3601), 0, overRole},
		{"default of a role without a maximum", user(anybody(t)), 0, nil, 3600, ""},
		{"least", user(anybody(t)), 0, seconds(900), 900, ""},
		{"user and twelve hours", user(anybody(t)), 43200, seconds(43200), 43200, ""},
		{"session of a role", session(anybody(t)), 43200, seconds(3601), 0, overChain},
		{"session of a user", temporary, 43200, seconds(3601), 0, overChain},
		{"session of a user and one hour", temporary, 43200, seconds(3600), 3600, ""},
	}
	for _, tc := range tests {
		c := assuming(t, tc.caller)
		c.Role.MaxSessionSeconds, c.DurationSeconds = tc.maximum, tc.wanted
		o := sts.AssumeRole(c)
		if tc.message != "" {
			wantRefusal(t, o, sts.ValidationError, "duration", tc.message)
			continue
		}
		if s := wantSession(t, o); s.Seconds != tc.want {
			t.Errorf("%s: %d s, want %d", tc.name, s.Seconds, tc.want)
		}
	}
}

func TestSessionPolicies(t *testing.T) {
	t.Parallel()
	call := func(change func(*sts.AssumeRoleCall)) *sts.Outcome {
		c := assuming(t, user(anybody(t)))
		c.Role.Policies = []*iam.Compiled{allows(t, "s3:*", "sqs:*")}
		change(c)
		return sts.AssumeRole(c)
	}
	may := func(s *sts.Session, action string) bool {
		req := iam.Request{Principal: s.Principal, Action: action, Resource: "arn:aws:s3:::media/1.jpg", ResourceAccount: own}
		return s.Policies.Decide(&req).Allowed()
	}
	const s3only = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["s3:GetObject","ec2:*"],"Resource":"*"}}`
	s := wantSession(t, call(func(c *sts.AssumeRoleCall) { c.Policy = s3only }))
	for action, want := range map[string]bool{"s3:GetObject": true, "s3:PutObject": false, "sqs:SendMessage": false, "ec2:RunInstances": false} {
		if got := may(s, action); got != want {
			t.Errorf("with a session policy, may %s = %v, want %v", action, got, want)
		}
	}
	s = wantSession(t, call(func(c *sts.AssumeRoleCall) {
		c.Managed = []sts.ManagedPolicy{{ARN: "arn:aws:iam::aws:policy/SQS", Policy: allows(t, "sqs:*")}}
	}))
	if may(s, "s3:GetObject") || !may(s, "sqs:SendMessage") {
		t.Error("a managed session policy does not limit the session to what it allows")
	}
	s = wantSession(t, call(func(*sts.AssumeRoleCall) {}))
	if !may(s, "s3:PutObject") || s.PackedPolicySize != 0 {
		t.Error("without a session policy the session may not do what the role may")
	}
	for text, message := range map[string]string{
		`{`:  "This policy contains invalid Json",
		`[]`: "",
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*","Principal":"*"}}`: "",
	} {
		wantRefusal(t, call(func(c *sts.AssumeRoleCall) { c.Policy = text }), sts.MalformedPolicyDocument, "session-policies", message)
	}
	wantRefusal(t, call(func(c *sts.AssumeRoleCall) { c.Managed = []sts.ManagedPolicy{{ARN: "arn:aws:iam::aws:policy/None"}} }),
		sts.InvalidParameterValue, "session-policies", "does not exist")
}

func TestPackedSize(t *testing.T) {
	t.Parallel()
	statement := `{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}`
	wide := `{"Version":"2012-10-17","Statement":[` + strings.Repeat(statement+",", 30) + statement + `]}`
	var tags []sts.Tag
	for i := range 10 {
		tags = append(tags, sts.Tag{Key: fmt.Sprint("key", i), Value: strings.Repeat("v", 60)})
	}
	c := assuming(t, user(anybody(t)))
	c.Policy = wide
	wantRefusal(t, sts.AssumeRole(c), sts.PackedPolicyTooLarge, "packed-size", "of allotted space, please use smaller policy.")
	c.Policy, c.Tags = "", tags
	wantRefusal(t, sts.AssumeRole(c), sts.PackedPolicyTooLarge, "packed-size", "Packed size of session tags consumes")
	c.Tags = tags[:2]
	if s := wantSession(t, sts.AssumeRole(c)); s.PackedPolicySize < 1 || s.PackedPolicySize > 100 {
		t.Errorf("packed size %d %%, want more than nothing and less than all", s.PackedPolicySize)
	}
}

// TestEveryCheckIsRecorded: what comes behind the first failure is judged too.
func TestEveryCheckIsRecorded(t *testing.T) {
	t.Parallel()
	c := assuming(t, session())
	c.Tags = []sts.Tag{{"aws:x", "1"}}
	c.DurationSeconds = seconds(7200)
	o := sts.AssumeRole(c)
	wantRefusal(t, o, sts.InvalidParameterValue, "tags", "")
	var got []string
	for _, k := range o.Checks {
		got = append(got, k.Name+" "+k.State.String())
	}
	want := []string{"parameters passed", "caller passed", "tags failed", "trust failed", "tag-session failed", "duration failed", "packed-size passed"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("checks (-want +got):\n%s", diff)
	}
	for _, k := range o.Checks {
		if k.Name != "trust" {
			continue
		}
		if x := k.Ruling.Explain(); x.Allowed() || x.Reason != k.Ruling.Decision.Reason || k.Ruling.Request.Action != "sts:AssumeRole" {
			t.Errorf("explanation of the trust check = %v %v, want that of its decision %v", x.Decision, x.Reason, k.Ruling.Decision)
		}
	}
}
