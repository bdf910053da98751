package sts_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/iam/sts"
)

func TestAssumeRoleWithSAMLGivesASession(t *testing.T) {
	t.Parallel()
	a := assertion()
	withAttribute(a, "PrincipalTag:Team", "blue")
	withAttribute(a, "TransitiveTagKeys", "Team")
	withAttribute(a, "SourceIdentity", "jean")
	c := federating(t, a)
	c.Role.Tags = map[string]string{"team": "red"}
	s := wantSession(t, sts.AssumeRoleWithSAML(c))
	if want := "arn:aws:sts::111122223333:assumed-role/Deploy/jean@corp.example"; s.Principal.ARN != want || s.Principal.RoleARN != deploy || s.UserID() != "AROADEPLOY:jean@corp.example" {
		t.Errorf("principal %+v with ID %q, want %s", s.Principal, s.UserID(), want)
	}
	if s.Seconds != 3600 || s.Chained || s.Facts.SourceIdentity != "jean" || s.Facts.FederatedProvider != corp {
		t.Errorf("session of %d s, chained %v, source identity %q", s.Seconds, s.Chained, s.Facts.SourceIdentity)
	}
	if diff := cmp.Diff(map[string]string{"Team": "blue"}, s.Facts.Tags); diff != "" {
		t.Errorf("tags (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"Team"}, s.TransitiveTagKeys); diff != "" {
		t.Errorf("transitive keys (-want +got):\n%s", diff)
	}
	want := &sts.SAMLFacts{
		Subject: "jean", SubjectType: "persistent", Issuer: entityID, Audience: signIn,
		NameQualifier: "BfK603J2QXHnJ3FIQcDvoiqvoDQ=",
	}
	if diff := cmp.Diff(want, s.SAML); diff != "" {
		t.Errorf("answer (-want +got):\n%s", diff)
	}
	for key, want := range map[string]string{
		"saml:sub": "jean", "saml:sub_type": "persistent", "saml:namequalifier": s.SAML.NameQualifier,
	} {
		if v, ok := s.Context.Get(key); !ok || v.Values[0] != want {
			t.Errorf("the session's key %s = %v, want %q", key, v.Values, want)
		}
	}
	if _, ok := s.Context.Get("saml:aud"); ok {
		t.Error("saml:aud goes with the session; it is of the sign-in only")
	}
}

// TestSAMLChecks makes each check of an assertion fail by itself, in the order
// in which they are made.
func TestSAMLChecks(t *testing.T) {
	t.Parallel()
	const denied = "Not authorized to perform sts:AssumeRoleWithSAML"
	set := func(name string, values ...string) func(*sts.AssumeRoleWithSAMLCall) {
		return func(c *sts.AssumeRoleWithSAMLCall) { withAttribute(c.Assertion, name, values...) }
	}
	tests := []struct {
		name    string
		change  func(*sts.AssumeRoleWithSAMLCall)
		code    sts.Code
		check   string
		message string
	}{
		{"role that is none", func(c *sts.AssumeRoleWithSAMLCall) { c.RoleARN = dev }, sts.ValidationError, "parameters", "is invalid"},
		{"short provider", func(c *sts.AssumeRoleWithSAMLCall) { c.PrincipalARN = "x" }, sts.ValidationError, "parameters", "at 'principalArn'"},
		{"provider that is none", func(c *sts.AssumeRoleWithSAMLCall) { c.PrincipalARN = deploy }, sts.ValidationError, "assertion", "is invalid"},
		{"unreadable", func(c *sts.AssumeRoleWithSAMLCall) { c.Assertion, c.AssertionError = nil, errors.New("not XML") }, sts.InvalidIdentityToken, "assertion", "Invalid SAML response"},
		{"no assertion", func(c *sts.AssumeRoleWithSAMLCall) { c.Assertion = nil }, sts.InvalidIdentityToken, "assertion", "Invalid SAML response"},
		{"rejection", func(c *sts.AssumeRoleWithSAMLCall) {
			c.Assertion = &sts.Assertion{Status: "urn:oasis:names:tc:SAML:2.0:status:Responder"}
		}, sts.IDPRejectedClaim, "status", "reported that authentication failed"},
		{"assertion under a rejection", func(c *sts.AssumeRoleWithSAMLCall) {
			c.Assertion.Status = "urn:oasis:names:tc:SAML:2.0:status:Requester"
		}, sts.IDPRejectedClaim, "status", ""},
		{"no such provider", func(c *sts.AssumeRoleWithSAMLCall) { c.Provider = nil }, sts.InvalidIdentityToken, "provider", "Specified provider doesn't exist"},
		{"provider in another case", func(c *sts.AssumeRoleWithSAMLCall) { c.Provider.ARN = strings.ToLower(corp) }, sts.InvalidIdentityToken, "provider", "Specified provider doesn't exist"},
		{"another issuer", func(c *sts.AssumeRoleWithSAMLCall) { c.Assertion.Issuer = "https://evil.example" }, sts.InvalidIdentityToken, "issuer", "Issuer not present in specified provider"},
		{"no issuer", func(c *sts.AssumeRoleWithSAMLCall) { c.Assertion.Issuer, c.Provider.EntityID = "", "" }, sts.InvalidIdentityToken, "issuer", "Issuer not present in specified provider"},
		{"nobody verified", func(c *sts.AssumeRoleWithSAMLCall) { c.Assertion.Signature = sts.Signature{} }, sts.InvalidIdentityToken, "signature", "Response signature invalid"},
		{"bad signature", func(c *sts.AssumeRoleWithSAMLCall) { c.Assertion.Signature.Problem = "digest differs" }, sts.InvalidIdentityToken, "signature", "Response signature invalid"},
		{"301 s old", func(c *sts.AssumeRoleWithSAMLCall) { c.Assertion.IssuedAt = noon.Add(-301 * time.Second) }, sts.ExpiredToken, "time", "Token must be redeemed within 5 minutes of issuance"},
		{"no time of issue", func(c *sts.AssumeRoleWithSAMLCall) { c.Assertion.IssuedAt = time.Time{} }, sts.InvalidIdentityToken, "time", ""},
		{"from the future", func(c *sts.AssumeRoleWithSAMLCall) { c.Assertion.IssuedAt = noon.Add(61 * time.Second) }, sts.InvalidIdentityToken, "time", ""},
		{"not yet", func(c *sts.AssumeRoleWithSAMLCall) { c.Assertion.NotBefore = noon.Add(61 * time.Second) }, sts.InvalidIdentityToken, "time", ""},
		{"conditions over", func(c *sts.AssumeRoleWithSAMLCall) { c.Assertion.NotOnOrAfter = noon }, sts.ExpiredToken, "time", ""},
		{"confirmation over", func(c *sts.AssumeRoleWithSAMLCall) { c.Assertion.Confirmations[0].NotOnOrAfter = noon }, sts.ExpiredToken, "time", ""},
		{"session at the provider over", func(c *sts.AssumeRoleWithSAMLCall) { c.Assertion.SessionNotOnOrAfter = noon }, sts.ExpiredToken, "time", ""},
		{"no name", func(c *sts.AssumeRoleWithSAMLCall) { c.Assertion.Subject.Name = " " }, sts.InvalidIdentityToken, "subject", "Invalid SAML response"},
		{"no confirmation", func(c *sts.AssumeRoleWithSAMLCall) { c.Assertion.Confirmations = nil }, sts.InvalidIdentityToken, "subject", ""},
		{"two confirmations", func(c *sts.AssumeRoleWithSAMLCall) {
			c.Assertion.Confirmations = append(c.Assertion.Confirmations, c.Assertion.Confirmations[0])
		}, sts.InvalidIdentityToken, "subject", ""},
		{"another method", func(c *sts.AssumeRoleWithSAMLCall) {
			c.Assertion.Confirmations[0].Method = "urn:oasis:names:tc:SAML:2.0:cm:holder-of-key"
		}, sts.InvalidIdentityToken, "subject", ""},
		{"confirmation without end", func(c *sts.AssumeRoleWithSAMLCall) { c.Assertion.Confirmations[0].NotOnOrAfter = time.Time{} }, sts.InvalidIdentityToken, "subject", ""},
		{"no recipient", func(c *sts.AssumeRoleWithSAMLCall) { c.Assertion.Confirmations[0].Recipient = "" }, sts.InvalidIdentityToken, "subject", ""},
		{"no audience", func(c *sts.AssumeRoleWithSAMLCall) { c.Assertion.Audiences = nil }, sts.InvalidIdentityToken, "audience", "Response does not contain the required audience."},
		{"another audience", func(c *sts.AssumeRoleWithSAMLCall) { c.Assertion.Audiences = []string{"https://evil.example"} }, sts.InvalidIdentityToken, "audience", ""},
		{"another recipient", func(c *sts.AssumeRoleWithSAMLCall) {
			c.Assertion.Confirmations[0].Recipient = "https://evil.example/saml"
		}, sts.InvalidIdentityToken, "recipient", ""},
		{"no role at all", set("Role"), sts.InvalidIdentityToken, "roles", "Your request included an invalid SAML response."},
		{"no session name", set("RoleSessionName"), sts.InvalidIdentityToken, "session-name", "RoleSessionName is required in AuthnResponse"},
		{"empty session name", set("RoleSessionName", ""), sts.InvalidIdentityToken, "session-name", "RoleSessionName is required in AuthnResponse"},
		{"session name with a space", set("RoleSessionName", "jean paul"), sts.InvalidIdentityToken, "session-name", "RoleSessionName in AuthnResponse must match [a-zA-Z_0-9+=,.@-]{2,64}"},
		{"long session name", set("RoleSessionName", strings.Repeat("x", 65)), sts.InvalidIdentityToken, "session-name", "must match"},
		{"two session names", set("RoleSessionName", "jean", "paul"), sts.InvalidIdentityToken, "session-name", "must match"},
		{"bad tag", set("PrincipalTag:Team", "*"), sts.InvalidIdentityToken, "tags", "regular expression pattern"},
		{"tag of two values", set("PrincipalTag:Team", "a", "b"), sts.InvalidParameterValue, "tags", "Duplicate tag keys"},
		{"transitive key without a tag", set("TransitiveTagKeys", "Team"), sts.InvalidParameterValue, "tags", "must be included"},
		{"source identity of the vendor", set("SourceIdentity", "aws:jean"), sts.InvalidIdentityToken, "source-identity", `Source Identity must match [a-zA-Z_0-9+=,.@-]{2,64} and not begin with "aws:"`},
		{"pair that is not there", set("Role", corp+",arn:aws:iam::111122223333:role/Other"), sts.AccessDenied, "role-pair", denied},
		{"role in another case", set("Role", corp+","+strings.ToLower(deploy)), sts.AccessDenied, "role-pair", denied},
		{"role of another provider", set("Role", "arn:aws:iam::111122223333:saml-provider/Other,"+deploy), sts.AccessDenied, "role-pair", denied},
		{"group's bare name", set("Role", "aws-prod-dev"), sts.AccessDenied, "role-pair", denied},
		{"no such role", func(c *sts.AssumeRoleWithSAMLCall) { c.Role = nil }, sts.AccessDenied, "trust", denied},
		{"role of another path", func(c *sts.AssumeRoleWithSAMLCall) { c.Role.ARN = "arn:aws:iam::111122223333:role/Deploy" }, sts.AccessDenied, "trust", denied},
		{"role that trusts another provider", func(c *sts.AssumeRoleWithSAMLCall) {
			c.Role.Trust = trusting(t, `{"Federated":"arn:aws:iam::111122223333:saml-provider/Other"}`)
		}, sts.AccessDenied, "trust", denied},
		{"role that trusts the account", func(c *sts.AssumeRoleWithSAMLCall) { c.Role.Trust = trusting(t, `{"AWS":"111122223333"}`) }, sts.AccessDenied, "trust", denied},
		{"role that lets the provider do something else", func(c *sts.AssumeRoleWithSAMLCall) {
			c.Role.Trust = trust(t, `{"Effect":"Allow","Principal":{"Federated":"`+corp+`"},"Action":"sts:AssumeRole"}`)
		}, sts.AccessDenied, "trust", denied},
		{"role that wants another audience", func(c *sts.AssumeRoleWithSAMLCall) {
			c.Role.Trust = trust(t, strings.Replace(samlTrust, signIn, "https://other.example/saml", 1))
		}, sts.AccessDenied, "trust", denied},
		{"tags that the role does not take", func(c *sts.AssumeRoleWithSAMLCall) {
			withAttribute(c.Assertion, "PrincipalTag:Team", "blue")
			c.Role.Trust = trust(t, `{"Effect":"Allow","Principal":{"Federated":"`+corp+`"},"Action":"sts:AssumeRoleWithSAML"}`)
		}, sts.AccessDenied, "tag-session", "Not authorized to perform sts:TagSession"},
		{"source identity that the role does not take", func(c *sts.AssumeRoleWithSAMLCall) {
			withAttribute(c.Assertion, "SourceIdentity", "jean")
			c.Role.Trust = trust(t, `{"Effect":"Allow","Principal":{"Federated":"`+corp+`"},"Action":"sts:AssumeRoleWithSAML"}`)
		}, sts.AccessDenied, "source-identity-session", "Not authorized to perform sts:SetSourceIdentity"},
		{"long session", func(c *sts.AssumeRoleWithSAMLCall) { c.DurationSeconds, c.Role.MaxSessionSeconds = seconds(7200), 3600 }, sts.ValidationError, "duration", "exceeds the MaxSessionDuration set for this role"},
		{"session duration of a word", set("SessionDuration", "hour"), sts.InvalidIdentityToken, "session-duration", "between 900 and 43200"},
		{"session duration of 899", set("SessionDuration", "899"), sts.InvalidIdentityToken, "session-duration", ""},
		{"two session durations", set("SessionDuration", "900", "1800"), sts.InvalidIdentityToken, "session-duration", ""},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			c := federating(t, assertion())
			tc.change(c)
			wantRefusal(t, sts.AssumeRoleWithSAML(c), tc.code, tc.check, tc.message)
		})
	}
}

// TestSAMLRefusalsThatLookAlike: whether the pair is missing, the role or the
// trust, the answer is the same to the letter.
func TestSAMLRefusalsThatLookAlike(t *testing.T) {
	t.Parallel()
	var all []sts.Refusal
	for _, change := range []func(*sts.AssumeRoleWithSAMLCall){
		func(c *sts.AssumeRoleWithSAMLCall) { c.Role = nil },
		func(c *sts.AssumeRoleWithSAMLCall) { c.Role.Trust = nil },
		func(c *sts.AssumeRoleWithSAMLCall) {
			withAttribute(c.Assertion, "Role", corp+",arn:aws:iam::111122223333:role/Other")
		},
		func(c *sts.AssumeRoleWithSAMLCall) { c.Role, c.DurationSeconds = nil, seconds(43200) },
		func(c *sts.AssumeRoleWithSAMLCall) {
			c.Role.Trust, c.Role.MaxSessionSeconds, c.DurationSeconds = nil, 3600, seconds(43200)
		},
	} {
		c := federating(t, assertion())
		change(c)
		o := sts.AssumeRoleWithSAML(c)
		if o.Refusal == nil {
			t.Fatalf("granted: %s", trace(o))
		}
		all = append(all, *o.Refusal)
	}
	for _, r := range all[1:] {
		if r != all[0] {
			t.Errorf("refused with %+v, and with %+v", r, all[0])
		}
	}
}

func TestSAMLDurations(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		wanted *int
		attr   string
		end    time.Duration // of the session at the provider
		want   int
	}{
		{"default", nil, "", 0, 3600},
		{"asked for", seconds(7200), "", 0, 7200},
		{"attribute shortens", seconds(7200), "1800", 0, 1800},
		{"attribute does not lengthen", nil, "28800", 0, 3600},
		{"session at the provider shortens", seconds(7200), "", 30 * time.Minute, 1800},
		{"to less than can be asked for", nil, "", time.Minute, 60},
		{"session at the provider does not lengthen", nil, "", 8 * time.Hour, 3600},
		{"the shortest of all", seconds(7200), "1800", 20 * time.Minute, 1200},
	}
	for _, tc := range tests {
		a := assertion()
		if tc.attr != "" {
			withAttribute(a, "SessionDuration", tc.attr)
		}
		if tc.end > 0 {
			a.SessionNotOnOrAfter = noon.Add(tc.end)
		}
		c := federating(t, a)
		c.DurationSeconds = tc.wanted
		if s := wantSession(t, sts.AssumeRoleWithSAML(c)); s.Seconds != tc.want {
			t.Errorf("%s: %d s, want %d", tc.name, s.Seconds, tc.want)
		}
	}
}

// TestSAMLKeys holds the keys that a trust policy sees of an assertion.
func TestSAMLKeys(t *testing.T) {
	t.Parallel()
	nothing := func(*sts.Assertion) {}
	tests := []struct {
		name, condition string
		good, bad       func(*sts.Assertion)
	}{
		{"recipient", `"StringEquals":{"SAML:aud":"` + signIn + `"}`, nothing, func(a *sts.Assertion) { a.Confirmations[0].Recipient = "https://eu-west-1.signin.aws.amazon.com/saml" }},
		{"issuer", `"StringEquals":{"saml:iss":"` + entityID + `"}`, nothing, nil},
		{"provider", `"StringEquals":{"saml:doc":"111122223333/Corp"}`, nothing, nil},
		{"subject", `"StringEquals":{"saml:sub":"jean"}`, nothing, func(a *sts.Assertion) { a.Subject.Name = "paul" }},
		{"subject and issuer", `"StringEquals":{"saml:namequalifier":"BfK603J2QXHnJ3FIQcDvoiqvoDQ="}`, nothing, nil},
		{"kind of subject", `"StringEquals":{"saml:sub_type":"persistent"}`, nothing, func(a *sts.Assertion) { a.Subject.Format = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient" }},
		{"kind of subject that is not of SAML 2.0", `"StringEquals":{"saml:sub_type":"urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"}`, func(a *sts.Assertion) {
			a.Subject.Format = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
		}, nothing},
		{"affiliation", `"ForAnyValue:StringEquals":{"saml:edupersonaffiliation":"staff"}`, func(a *sts.Assertion) {
			a.Attributes = append(a.Attributes, sts.Attribute{Name: "urn:oid:1.3.6.1.4.1.5923.1.1.1.1", Values: []string{"member", "staff"}})
		}, nothing},
		{"mail", `"StringLike":{"saml:mail":"*@corp.example"}`, func(a *sts.Assertion) {
			a.Attributes = append(a.Attributes, sts.Attribute{Name: "urn:oid:0.9.2342.19200300.100.1.3", Values: []string{"jean@corp.example"}})
		}, func(a *sts.Assertion) {
			// Two values of a key that has one: neither counts.
			a.Attributes = append(a.Attributes, sts.Attribute{Name: "urn:oid:0.9.2342.19200300.100.1.3", Values: []string{"jean@corp.example", "jean@evil.example"}})
		}},
		{"session name", `"StringLike":{"sts:RoleSessionName":"*@corp.example"}`, nothing, func(a *sts.Assertion) { withAttribute(a, "RoleSessionName", "jean") }},
		{"tag", `"StringEquals":{"aws:RequestTag/team":"blue"}`, func(a *sts.Assertion) { withAttribute(a, "PrincipalTag:Team", "blue") }, nothing},
		{"source identity", `"StringEquals":{"sts:SourceIdentity":"jean"}`, func(a *sts.Assertion) { withAttribute(a, "SourceIdentity", "jean") }, nothing},
	}
	for _, tc := range tests {
		call := func(change func(*sts.Assertion), condition string) *sts.Outcome {
			a := assertion()
			change(a)
			c := federating(t, a)
			c.Role.Trust = trust(t, `[
				{"Effect":"Allow","Principal":{"Federated":"`+corp+`"},"Action":"sts:AssumeRoleWithSAML","Condition":{`+condition+`}},
				{"Effect":"Allow","Principal":{"Federated":"`+corp+`"},"Action":["sts:TagSession","sts:SetSourceIdentity"]}]`)
			return sts.AssumeRoleWithSAML(c)
		}
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			wantSession(t, call(tc.good, tc.condition))
			if tc.bad == nil {
				wantRefusal(t, call(tc.good, strings.Replace(tc.condition, `":"`, `":"x`, 1)), sts.AccessDenied, "trust", "")
				return
			}
			wantRefusal(t, call(tc.bad, tc.condition), sts.AccessDenied, "trust", "")
		})
	}
}

func TestPlacesOfDelivery(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]bool{
		"https://signin.aws.amazon.com/saml":                        true,
		"https://eu-west-1.signin.aws.amazon.com/saml":              true,
		"https://eu-west-1.signin.aws.amazon.com/saml/acs/SAMLSPX1": true,
		"https://signin.aws.amazon.com/saml/acs/SAMLSPX1":           true,
		"https://signin.amazonaws-us-gov.com/saml":                  true,
		"https://signin.amazonaws.cn/saml":                          true,
		"https://localhost:4566/saml":                               true, // of the stand-in below
		"http://signin.aws.amazon.com/saml":                         false,
		"https://signin.aws.amazon.com/saml/":                       false,
		"https://signin.aws.amazon.com/saml/acs/":                   false,
		"https://signin.aws.amazon.com/saml/acs/a/b":                false,
		"https://evil.example/.signin.aws.amazon.com/saml":          false,
		"https://evil.signin.aws.amazon.com.evil.example/saml":      false,
		"https://a.b.signin.aws.amazon.com/saml":                    false,
		"https://.signin.aws.amazon.com/saml":                       false,
		"https://signin.aws.amazon.com/SAML":                        false,
		"https://localhost:4566/saml/acs/x":                         false,
	} {
		a := assertion()
		a.Confirmations[0].Recipient = url
		c := federating(t, a)
		c.Provider.Endpoints = []string{"https://localhost:4566/saml"}
		c.Role.Trust = trusting(t, `{"Federated":"`+corp+`"}`)
		if o := sts.AssumeRoleWithSAML(c); o.Granted() != want {
			t.Errorf("delivered to %q: granted %v, want %v\n%s", url, o.Granted(), want, trace(o))
		}
	}
}

// TestSAMLPairsInEitherOrder: an assertion names a role first or a provider.
func TestSAMLPairsInEitherOrder(t *testing.T) {
	t.Parallel()
	for _, value := range []string{corp + "," + deploy, deploy + "," + corp, " " + deploy + " , " + corp + " "} {
		a := withAttribute(assertion(), "Role", "nonsense", value)
		wantSession(t, sts.AssumeRoleWithSAML(federating(t, a)))
	}
}

// TestSAMLDetailsTellMore: the checks tell the role's owner what the refusal
// keeps from the caller.
func TestSAMLDetailsTellMore(t *testing.T) {
	t.Parallel()
	detail := func(o *sts.Outcome, name string) string {
		for _, c := range o.Checks {
			if c.Name == name {
				return c.Detail
			}
		}
		t.Fatalf("no check %q: %s", name, trace(o))
		return ""
	}
	c := federating(t, withAttribute(assertion(), "Role", corp+","+strings.ToUpper(deploy[:30])+deploy[30:], corp+","+strings.Replace(deploy, "Deploy", "deploy", 1)))
	if d := detail(sts.AssumeRoleWithSAML(c), "role-pair"); !strings.Contains(d, "differs in case") {
		t.Errorf("role-pair: %q does not tell of the case", d)
	}
	a := withAttribute(assertion(), "RoleSessionName")
	a.Attributes = append(a.Attributes, sts.Attribute{Name: "http://aws.amazon.com/SAML/Attributes/RoleSessionName", Values: []string{"jean"}})
	o := sts.AssumeRoleWithSAML(federating(t, a))
	wantRefusal(t, o, sts.InvalidIdentityToken, "session-name", "RoleSessionName is required")
	if d := detail(o, "session-name"); !strings.Contains(d, `"http://aws.amazon.com/SAML/Attributes/RoleSessionName"`) {
		t.Errorf("session-name: %q does not tell of the attribute with another scheme", d)
	}
	c = federating(t, assertion())
	c.Provider.ARN = strings.ToUpper(corp)
	if d := detail(sts.AssumeRoleWithSAML(c), "provider"); !strings.Contains(d, "differs in case") {
		t.Errorf("provider: %q does not tell of the case", d)
	}
	many := make([]string, 50)
	for i := range many {
		many[i] = strings.Repeat("x", 3000)
	}
	o = sts.AssumeRoleWithSAML(federating(t, withAttribute(assertion(), "Role", many...)))
	if d := detail(o, "role-pair"); len(d) > 2000 {
		t.Errorf("role-pair: %d characters of detail", len(d))
	}
}

func TestExplainSAML(t *testing.T) {
	t.Parallel()
	response, err := sts.ParseSAMLResponse([]byte(file(t, "response.xml")))
	if err != nil {
		t.Fatal(err)
	}
	const (
		admin    = "arn:aws:iam::123456789012:role/AWS-PROD-ADMIN"
		prodDev  = "arn:aws:iam::123456789012:role/AWS-PROD-DEV"
		provider = "arn:aws:iam::123456789012:saml-provider/Federation-Demo"
	)
	tags := `{"Effect":"Allow","Principal":{"Federated":"` + provider + `"},"Action":["sts:AssumeRoleWithSAML","sts:TagSession"]}`
	q := &sts.SAMLQuestion{
		Response:  response,
		Roles:     []sts.Role{{ARN: admin, Trust: trust(t, tags)}},
		Providers: []sts.SAMLProvider{{ARN: provider, EntityID: "http://adfs.corp.example/adfs/services/trust"}},
	}
	states := func(x sts.SAMLExplanation) map[string]string {
		out := map[string]string{}
		for _, c := range x.Checks {
			out[c.Name] = c.State.String()
		}
		return out
	}
	got := sts.ExplainSAML(q)
	if len(got) != 2 || got[0].RoleARN != admin || got[1].RoleARN != prodDev {
		t.Fatalf("explained %+v, want both roles", got)
	}
	if got[0].Refusal != nil {
		t.Errorf("%s is refused: %v", admin, got[0].Refusal)
	}
	want := map[string]string{
		"assertion": "passed", "provider": "passed", "issuer": "passed", "signature": "not checked", "time": "passed",
		"subject": "passed", "audience": "passed", "recipient": "passed", "session-name": "passed", "tags": "passed",
		"role-pair": "passed", "trust": "passed", "tag-session": "passed", "duration": "passed", "packed-size": "passed",
		"session-end": "passed",
	}
	delete(want, "session-end") // eight hours are more than the session has
	if diff := cmp.Diff(want, states(got[0])); diff != "" {
		t.Errorf("checks of %s (-want +got):\n%s", admin, diff)
	}
	if r := got[1].Refusal; r == nil || r.Code != sts.AccessDenied || states(got[1])["trust"] != "failed" {
		t.Errorf("%s: %v, want it refused for there is no such role", prodDev, r)
	}

	// What is not known of the account is not judged.
	got = sts.ExplainSAML(&sts.SAMLQuestion{Response: response, RoleARN: prodDev})
	if len(got) != 1 || got[0].Refusal != nil || states(got[0])["trust"] != "not checked" || states(got[0])["provider"] != "not checked" {
		t.Errorf("without an account: %+v, want the role alone and nothing that takes the account", got)
	}

	// An old response fails for its age only when the time is given.
	q.At = response.IssuedAt.Add(time.Hour)
	if got = sts.ExplainSAML(q); got[0].Refusal == nil || got[0].Refusal.Code != sts.ExpiredToken {
		t.Errorf("an hour later: %v, want %s", got[0].Refusal, sts.ExpiredToken)
	}

	// Nothing that can be read is explained too.
	got = sts.ExplainSAML(&sts.SAMLQuestion{ResponseError: errors.New("document is not XML")})
	if len(got) != 1 || got[0].Refusal == nil || got[0].Checks[0].Detail != "document is not XML" {
		t.Errorf("unreadable: %+v, want why", got)
	}
	bare := withAttribute(assertion(), "Role", "aws-prod-dev")
	got = sts.ExplainSAML(&sts.SAMLQuestion{Response: bare, Roles: q.Roles, Providers: q.Providers})
	if len(got) != 1 || states(got[0])["role-pair"] != "failed" || states(got[0])["trust"] != "not checked" || got[0].Refusal == nil {
		t.Errorf("bare group name: %+v, want the pair to fail and no role to be looked for", got)
	}
	for _, c := range got[0].Checks {
		if c.Name == "role-pair" && !strings.Contains(c.Detail, `is the pair of a provider and a role; it has: "aws-prod-dev" is not a pair`) {
			t.Errorf("bare group name: %q does not tell what there is", c.Detail)
		}
	}

	// A role that the response does not name, and one that is none.
	got = sts.ExplainSAML(&sts.SAMLQuestion{Response: response, RoleARN: deploy})
	if len(got) != 1 || states(got[0])["role-pair"] != "failed" || got[0].Refusal.Code != sts.AccessDenied {
		t.Errorf("another role: %+v, want the pair to fail", got)
	}
	got = sts.ExplainSAML(&sts.SAMLQuestion{Response: response, RoleARN: "Deploy"})
	if len(got) != 1 || states(got[0])["parameters"] != "failed" || got[0].Refusal == nil {
		t.Errorf("a name for a role: %+v, want it refused", got)
	}

	// A provider in another case is told from one that is not there.
	for name, want := range map[string]string{strings.ToLower(provider): "differs in case", corp: "there is no provider " + provider} {
		got = sts.ExplainSAML(&sts.SAMLQuestion{Response: response, RoleARN: admin, Providers: []sts.SAMLProvider{{ARN: name}}})
		detail := ""
		for _, c := range got[0].Checks {
			if c.Name == "provider" {
				detail = c.Detail
			}
		}
		if !strings.Contains(detail, want) || got[0].Refusal.Message != "Specified provider doesn't exist." {
			t.Errorf("provider %s: %q, %v, want %q", name, detail, got[0].Refusal, want)
		}
	}

	// An unsigned response fails, and is not merely unchecked.
	response.SignedAssertion = false
	if got = sts.ExplainSAML(&sts.SAMLQuestion{Response: response}); states(got[0])["signature"] != "failed" {
		t.Errorf("unsigned: signature %s, want failed", states(got[0])["signature"])
	}
}

// TestExplanationGivesNoSession: the way that goes on without a signature never
// ends in a session, by whatever function.
func TestExplanationGivesNoSession(t *testing.T) {
	t.Parallel()
	a := assertion()
	a.Signature = sts.Signature{}
	c := federating(t, a)
	wantRefusal(t, sts.AssumeRoleWithSAML(c), sts.InvalidIdentityToken, "signature", "Response signature invalid")
	for _, x := range sts.ExplainSAML(&sts.SAMLQuestion{Response: a, Roles: []sts.Role{*c.Role}, Providers: []sts.SAMLProvider{*c.Provider}}) {
		if x.Refusal != nil {
			t.Errorf("explanation: %v, want nothing refused", x.Refusal)
		}
	}
}
