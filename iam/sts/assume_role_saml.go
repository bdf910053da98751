package sts

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/berth-project/berth/iam"
)

// AssumeRoleWithSAMLCall is a call of AssumeRoleWithSAML. Nobody signs it: the
// assertion is who calls.
type AssumeRoleWithSAMLCall struct {
	// RoleARN is the role asked for, and Role that role: nil where there is none.
	RoleARN string
	Role    *Role
	// PrincipalARN is the provider named, and Provider that provider: nil where
	// there is none.
	PrincipalARN string
	Provider     *SAMLProvider
	// Assertion is the parameter SAMLAssertion taken apart, its signature
	// verified or not; nil where it could not be, with AssertionError why.
	Assertion      *Assertion
	AssertionError error
	SessionPolicies
	// DurationSeconds is nil where it was not given.
	DurationSeconds *int
	Request         Request
}

// AssumeRoleWithSAML says what becomes of the call.
func AssumeRoleWithSAML(c *AssumeRoleWithSAMLCall) *Outcome { return c.run(false) }

// run runs the checks. An explanation goes on without a verified signature; it
// gives no session.
func (c *AssumeRoleWithSAMLCall) run(explain bool) *Outcome {
	o := &Outcome{Operation: OpAssumeRoleWithSAML}
	var bad constraints
	bad.arn("roleArn", c.RoleARN)
	bad.arn("principalArn", c.PrincipalARN)
	bad.sessionPolicies(&c.SessionPolicies)
	bad.between("durationSeconds", c.DurationSeconds, minSession, maxSession)
	name, ok := o.checkParameters(bad, c.RoleARN)
	if !ok {
		return o
	}
	policies := o.checkSessionPolicies(&c.SessionPolicies)
	provider, ok := c.checkAssertion(o, explain)
	if !ok {
		return o
	}
	a := c.Assertion
	session := o.checkSessionName(a)
	tags := a.tags()
	transitive := a.attribute(attrTransitiveTagKeys)
	o.checkAssertionTags(tags, transitive)
	source := o.checkAssertionSource(a)
	o.checkPair(a, c.RoleARN, c.PrincipalARN)

	role := named(c.Role, c.RoleARN)
	q := c.question(role, name, provider, session, source, tags, transitive)
	o.ask("trust", OpAssumeRoleWithSAML.action(), q)
	if len(tags) > 0 {
		o.ask("tag-session", "sts:TagSession", q)
	}
	if source != "" {
		o.ask("source-identity-session", "sts:SetSourceIdentity", q)
	}
	seconds := c.checkDuration(o, role)
	size := o.checkPackedSize(c.Policy, tags)
	if o.Refusal != nil || role == nil || !a.Signature.Verified() {
		return o
	}
	s := newSession(role, name, session)
	s.begin(c.Request.Time, seconds)
	s.Facts.Tags = mergeTags(role.Tags, tags)
	s.Facts.SourceIdentity = source
	s.Facts.FederatedProvider = c.PrincipalARN
	s.TransitiveTagKeys = mergeKeys(nil, transitive)
	s.Policies = role.policies(policies)
	s.PackedPolicySize = size
	setSubject(&s.Context, a, provider)
	s.SAML = &SAMLFacts{
		Subject: a.Subject.Name, SubjectType: a.Subject.subjectType(), Issuer: a.Issuer,
		Audience: a.bearer().Recipient, NameQualifier: provider.nameQualifier(a.Issuer),
	}
	o.Session = s
	return o
}

// question is what the evaluator is asked about the call: the trust policy alone
// answers.
func (c *AssumeRoleWithSAMLCall) question(role *Role, name roleName, provider providerName, session, source string, tags []Tag, transitive []string) *question {
	who := Caller{
		Principal: iam.Principal{Kind: iam.SAMLIdentity, Provider: c.PrincipalARN},
		Facts:     iam.CallerFacts{FederatedProvider: c.PrincipalARN},
	}
	ctx := who.context(&c.Request, role.facts(name.account))
	role.setTags(&ctx)
	setParameters(&ctx, session, source, tags, transitive)
	setAssertion(&ctx, c.Assertion, provider)
	return &question{principal: who.Principal, arn: c.RoleARN, account: name.account, role: role, target: iam.RoleTrust, context: ctx}
}

// checkPair records whether the assertion lets its subject into the role. The
// answer is that of a trust policy that does not allow, so that nobody learns
// which roles exist.
func (o *Outcome) checkPair(a *Assertion, roleARN, providerARN string) {
	const check = "role-pair"
	for _, v := range a.attribute(attrRole) {
		if pair, err := ParseRolePair(v); err == nil && pair.RoleARN == roleARN && pair.ProviderARN == providerARN {
			o.pass(check, "the attribute Role has the pair of role and provider")
			return
		}
	}
	o.fail(check, "the attribute Role does not have the pair of "+roleARN+" and "+providerARN+"; "+a.describeRoles(roleARN),
		refuse(AccessDenied, "Not authorized to perform sts:AssumeRoleWithSAML"))
}

// describeRoles says what the attribute Role has instead of a role.
func (a *Assertion) describeRoles(wanted string) string {
	const most = 5
	var found []string
	values := a.attribute(attrRole)
	for i, v := range values {
		if i == most {
			found = append(found, fmt.Sprintf("%d more", len(values)-most))
			break
		}
		pair, err := ParseRolePair(v)
		switch {
		case err != nil:
			found = append(found, err.Error())
		case pair.RoleARN != wanted && strings.EqualFold(pair.RoleARN, wanted):
			found = append(found, pair.RoleARN+", which differs in case, and names are with regard to case")
		default:
			found = append(found, pair.RoleARN+" by "+pair.ProviderARN)
		}
	}
	if len(found) == 0 {
		return "it has no value"
	}
	return "it has: " + strings.Join(found, "; ")
}

// tags are the tags that the attributes PrincipalTag:key set.
func (a *Assertion) tags() []Tag {
	var out []Tag
	for _, x := range a.Attributes {
		for _, prefix := range []string{attributesAWS, attributesChina} {
			if key, ok := strings.CutPrefix(x.Name, prefix+attrPrincipalTag); ok {
				for _, v := range x.Values {
					out = append(out, Tag{Key: key, Value: v})
				}
			}
		}
	}
	return out
}

// checkAssertionTags records whether the tags of an assertion or a token may be
// set.
func (o *Outcome) checkAssertionTags(tags []Tag, transitive []string) {
	var bad constraints
	bad.tags(tags, transitive)
	if r := bad.refusal(); r != nil {
		o.fail("tags", r.Message, refuse(InvalidIdentityToken, r.Message))
		return
	}
	o.checkTags(tags, transitive, nil)
}

// checkDuration records the length of the session: what was asked for, or less
// where the assertion says so.
func (c *AssumeRoleWithSAMLCall) checkDuration(o *Outcome, role *Role) int {
	seconds := o.checkDuration(role, c.DurationSeconds, false)
	a := c.Assertion
	if v := a.attribute(attrSessionDuration); v != nil {
		const check = "session-duration"
		n, err := strconv.Atoi(v[0])
		switch {
		case len(v) != 1 || err != nil || n < minSession || n > maxSession:
			o.fail(check, fmt.Sprintf("the attribute SessionDuration has %q: want one number from %d to %d", clip(strings.Join(v, ", ")), minSession, maxSession),
				refuse(InvalidIdentityToken, fmt.Sprintf("SessionDuration in AuthnResponse must be a number between %d and %d", minSession, maxSession)))
		case n < seconds:
			seconds = n
			o.pass(check, fmt.Sprintf("the attribute SessionDuration shortens the session to %d s", n))
		default:
			o.pass(check, fmt.Sprintf("%d s do not shorten the session", n))
		}
	}
	if left := a.SessionNotOnOrAfter.Sub(c.Request.Time); !a.SessionNotOnOrAfter.IsZero() && left > 0 && left < time.Duration(seconds)*time.Second {
		seconds = int(left / time.Second)
		o.pass("session-end", fmt.Sprintf("the session at the identity provider ends in %d s, and this one with it", seconds))
	}
	return seconds
}

// checkAssertionSource records whether the source identity has the right form,
// and returns it.
func (o *Outcome) checkAssertionSource(a *Assertion) string {
	v := a.attribute(attrSourceIdentity)
	if len(v) == 0 {
		return ""
	}
	return o.checkFederatedSource(v)
}

// checkFederatedSource does that for assertions and tokens.
func (o *Outcome) checkFederatedSource(values []string) string {
	const check = "source-identity"
	if len(values) != 1 || !sessionName(values[0]) {
		o.fail(check, fmt.Sprintf("%q is no source identity", clip(strings.Join(values, ", "))),
			refuse(InvalidIdentityToken, `Source Identity must match [a-zA-Z_0-9+=,.@-]{2,64} and not begin with "aws:"`))
		return ""
	}
	o.pass(check, fmt.Sprintf("set to %q from here on", values[0]))
	return values[0]
}

// sessionName reports whether s can name a session.
func sessionName(s string) bool { return len(s) >= 2 && len(s) <= 64 && word(s, "+=,.@-") }

// checkSessionName records whether the assertion names the session, and returns
// the name.
func (o *Outcome) checkSessionName(a *Assertion) string {
	const check = "session-name"
	v := slices.DeleteFunc(slices.Clone(a.attribute(attrSessionName)), func(s string) bool { return s == "" })
	switch {
	case len(v) == 0:
		detail := "there is no attribute " + attributesAWS + attrSessionName + "; the identity provider makes it of an attribute such as mail, which the user may lack"
		if other := a.misnamed(attrSessionName); other != "" {
			detail = fmt.Sprintf("there is %q, which is another attribute than %s", other, attributesAWS+attrSessionName)
		}
		o.fail(check, detail, refuse(InvalidIdentityToken, "RoleSessionName is required in AuthnResponse"))
		return ""
	case len(v) > 1 || !sessionName(v[0]):
		o.fail(check, fmt.Sprintf("%q is no name of a session: want one, of 2 to 64 characters of [a-zA-Z_0-9+=,.@-]", clip(strings.Join(v, ", "))),
			refuse(InvalidIdentityToken, "RoleSessionName in AuthnResponse must match [a-zA-Z_0-9+=,.@-]{2,64}"))
		return ""
	}
	o.pass(check, fmt.Sprintf("%q", v[0]))
	return v[0]
}
