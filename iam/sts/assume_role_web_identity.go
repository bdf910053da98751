package sts

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/berth-project/berth/iam"
)

// AssumeRoleWithWebIdentityCall is a call of AssumeRoleWithWebIdentity. Nobody
// signs it: the token is who calls.
type AssumeRoleWithWebIdentityCall struct {
	// RoleARN is the role asked for, and Role that role: nil where there is none.
	RoleARN string
	Role    *Role
	// SessionName is the parameter RoleSessionName.
	SessionName string
	// Token is the parameter WebIdentityToken taken apart, its signature verified
	// or not; nil where it could not be, with TokenError why.
	Token      *Token
	TokenError error
	// Provider is the one whose URL is the token's issuer, registered with the
	// role's account or built in: nil where there is none.
	Provider *OIDCProvider
	SessionPolicies
	// DurationSeconds is nil where it was not given.
	DurationSeconds *int
	Request         Request
}

// AssumeRoleWithWebIdentity says what becomes of the call.
func AssumeRoleWithWebIdentity(c *AssumeRoleWithWebIdentityCall) *Outcome {
	o := &Outcome{Operation: OpAssumeRoleWithWebIdentity}
	var bad constraints
	bad.arn("roleArn", c.RoleARN)
	bad.required("roleSessionName", c.SessionName)
	bad.sessionName("roleSessionName", c.SessionName)
	bad.sessionPolicies(&c.SessionPolicies)
	bad.between("durationSeconds", c.DurationSeconds, minSession, maxSession)
	name, ok := o.checkParameters(bad, c.RoleARN)
	if !ok {
		return o
	}
	policies := o.checkSessionPolicies(&c.SessionPolicies)
	audience, ok := c.checkToken(o, name)
	if !ok {
		return o
	}
	t := c.Token
	o.checkAssertionTags(t.Tags, t.TransitiveTagKeys)
	source := ""
	if t.SourceIdentity != "" {
		source = o.checkFederatedSource([]string{t.SourceIdentity})
	}
	role := named(c.Role, c.RoleARN)
	q := c.question(role, name, audience, source)
	o.ask("trust", OpAssumeRoleWithWebIdentity.action(), q)
	if len(t.Tags) > 0 {
		o.ask("tag-session", "sts:TagSession", q)
	}
	if source != "" {
		o.ask("source-identity-session", "sts:SetSourceIdentity", q)
	}
	seconds := o.checkDuration(role, c.DurationSeconds, false)
	size := o.checkPackedSize(c.Policy, t.Tags)
	if o.Refusal != nil || role == nil {
		return o
	}
	s := newSession(role, name, c.SessionName)
	s.begin(c.Request.Time, seconds)
	s.Facts.Tags = mergeTags(role.Tags, t.Tags)
	s.Facts.SourceIdentity = source
	s.Facts.FederatedProvider = c.Provider.ARN
	s.TransitiveTagKeys = mergeKeys(nil, t.TransitiveTagKeys)
	s.Policies = role.policies(policies)
	s.PackedPolicySize = size
	c.Provider.setToken(&s.Context, t, audience)
	s.WebIdentity = &WebIdentityFacts{Subject: t.Subject, Audience: audience, Provider: c.Provider.ARN}
	o.Session = s
	return o
}

// question is what the evaluator is asked about the call: the trust policy alone
// answers.
func (c *AssumeRoleWithWebIdentityCall) question(role *Role, name roleName, audience, source string) *question {
	who := Caller{
		Principal: iam.Principal{Kind: iam.WebIdentity, Provider: c.Provider.ARN},
		Facts:     iam.CallerFacts{FederatedProvider: c.Provider.ARN},
	}
	ctx := who.context(&c.Request, role.facts(name.account))
	role.setTags(&ctx)
	setParameters(&ctx, c.SessionName, source, c.Token.Tags, c.Token.TransitiveTagKeys)
	c.Provider.setToken(&ctx, c.Token, audience)
	return &question{principal: who.Principal, arn: c.RoleARN, account: name.account, role: role, target: iam.RoleTrust, context: ctx}
}

// checkToken records the checks of the token by itself and returns its audience.
// It is not ok where there is nothing more to look at.
func (c *AssumeRoleWithWebIdentityCall) checkToken(o *Outcome, name roleName) (audience string, ok bool) {
	const check = "token"
	t := c.Token
	if t == nil {
		detail := "there is no token"
		if c.TokenError != nil {
			detail = c.TokenError.Error()
		}
		o.fail(check, detail, refuse(InvalidIdentityToken, "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)"))
		return "", false
	}
	var missing []string
	for claim, absent := range map[string]bool{"iss": t.Issuer == "", "sub": t.Subject == "", "aud": len(t.Audiences) == 0, "exp": t.ExpiresAt.IsZero(), "iat": t.IssuedAt.IsZero()} {
		if absent {
			missing = append(missing, claim)
		}
	}
	if len(missing) > 0 {
		slices.Sort(missing)
		o.fail(check, "the token lacks "+strings.Join(missing, ", "), refuse(InvalidIdentityToken, "Missing a required claim: "+missing[0]))
		return "", false
	}
	o.pass(check, fmt.Sprintf("of %q about %q", clip(t.Issuer), clip(t.Subject)))
	if !c.checkIssuer(o, name) {
		return "", false
	}
	switch {
	case t.Signature.Verified():
		o.pass("signature", "verified by "+t.Signature.By)
	case t.Signature.Problem != "":
		o.fail("signature", t.Signature.Problem, refuse(InvalidIdentityToken, "Provided Token signature is invalid"))
	default:
		o.fail("signature", "nobody verified it", refuse(InvalidIdentityToken, "Provided Token signature is invalid"))
	}
	c.checkTime(o)
	return c.checkAudience(o), true
}

// checkIssuer records whether the token is of a provider of the role's account.
func (c *AssumeRoleWithWebIdentityCall) checkIssuer(o *Outcome, name roleName) bool {
	const check = "provider"
	p := c.Provider
	unknown := refuse(InvalidIdentityToken, "No OpenIDConnect provider found in your account for "+clip(c.Token.Issuer))
	if p == nil {
		o.fail(check, fmt.Sprintf("there is no provider for %q", clip(c.Token.Issuer)), unknown)
		return false
	}
	account, err := p.account()
	issuer := strings.TrimSuffix(c.Token.Issuer, "/")
	switch {
	case err != nil:
		o.fail(check, err.Error(), unknown)
	case account != "" && account != name.account:
		o.fail(check, fmt.Sprintf("the provider is of account %s, the role of account %s", account, name.account), unknown)
	case issuer != "https://"+p.host() && !(p.known() && issuer == p.host()):
		o.fail(check, fmt.Sprintf("issued by %q, and the provider is %q", clip(c.Token.Issuer), p.URL), unknown)
	default:
		o.pass(check, p.ARN)
		return true
	}
	return false
}

// checkTime records whether the token can be used now.
func (c *AssumeRoleWithWebIdentityCall) checkTime(o *Outcome) {
	const check = "time"
	t, now := c.Token, c.Request.Time
	stamp := func(t time.Time) string { return t.UTC().Format(time.RFC3339) }
	switch {
	case !now.Before(t.ExpiresAt):
		o.fail(check, "expired at "+stamp(t.ExpiresAt),
			refuse(ExpiredToken, fmt.Sprintf("Token expired: current date/time %d must be before the expiration date/time %d", now.Unix(), t.ExpiresAt.Unix())))
	case t.IssuedAt.After(now.Add(clockSkew)):
		o.fail(check, "issued at "+stamp(t.IssuedAt)+", which has not come yet: compare the clocks", refuse(InvalidIdentityToken, "Token is issued in the future"))
	case t.NotBefore.After(now.Add(clockSkew)):
		o.fail(check, "not to be used before "+stamp(t.NotBefore), refuse(InvalidIdentityToken, "Token is not yet valid"))
	default:
		o.pass(check, "expires at "+stamp(t.ExpiresAt))
	}
}

// checkAudience records whether the token is for a client the provider is
// registered with, and returns which.
func (c *AssumeRoleWithWebIdentityCall) checkAudience(o *Outcome) string {
	const check = "audience"
	t, p := c.Token, c.Provider
	if p.known() {
		o.pass(check, fmt.Sprintf("%q; the provider is built in and takes any, so the trust policy has to say", clip(t.Audiences[0])))
		return t.Audiences[0]
	}
	for _, a := range t.Audiences {
		if slices.Contains(p.ClientIDs, a) {
			o.pass(check, fmt.Sprintf("%q", clip(a)))
			return a
		}
	}
	o.fail(check, fmt.Sprintf("the token is for %q, and the provider is registered with %q", clip(strings.Join(t.Audiences, ", ")), clip(strings.Join(p.ClientIDs, ", "))),
		refuse(InvalidIdentityToken, "Incorrect token audience"))
	return t.Audiences[0]
}
