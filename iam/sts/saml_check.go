package sts

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

const (
	// redeemWithin is how long after it was issued an assertion can be used.
	redeemWithin = 5 * time.Minute
	// clockSkew is how far the identity provider's clock may be ahead. A clock
	// that is behind costs its user time and gains nobody any.
	clockSkew = time.Minute
)

// checkAssertion records the checks of the assertion by itself, in the vendor's
// order, and returns the provider's ARN taken apart. It is not ok where there is
// nothing to look at.
func (c *AssumeRoleWithSAMLCall) checkAssertion(o *Outcome, explain bool) (providerName, bool) {
	const check = "assertion"
	provider, err := parseSAMLProvider(c.PrincipalARN)
	if err != nil {
		o.fail(check, err.Error(), refuse(ValidationError, c.PrincipalARN+" is invalid"))
		return provider, false
	}
	a := c.Assertion
	switch {
	case a == nil && c.AssertionError != nil:
		o.fail(check, c.AssertionError.Error(), refuse(InvalidIdentityToken, "Invalid SAML response"))
		return provider, false
	case a == nil:
		o.fail(check, "there is no assertion", refuse(InvalidIdentityToken, "Invalid SAML response"))
		return provider, false
	case a.Status != statusSuccess:
		o.fail("status", fmt.Sprintf("the identity provider answered %q: %s", clip(a.Status), a.StatusMessage),
			refuse(IDPRejectedClaim, "The identity provider (IdP) reported that authentication failed. This might be because the claim is invalid."))
		return provider, false
	}
	o.pass(check, fmt.Sprintf("a response with one assertion, %q", clip(a.ID)))
	c.checkProvider(o)
	c.checkSignature(o, explain)
	c.checkTime(o)
	c.checkSubject(o)
	c.checkAudience(o)
	if len(a.attribute(attrRole)) == 0 {
		detail := "there is no attribute " + attributesAWS + attrRole
		if other := a.misnamed(attrRole); other != "" {
			detail = fmt.Sprintf("there is %q, which is another attribute than %s", other, attributesAWS+attrRole)
		}
		o.fail("roles", detail, refuse(InvalidIdentityToken, "Your request included an invalid SAML response."))
	}
	return provider, true
}

// checkProvider records whether the provider exists and issued the assertion.
func (c *AssumeRoleWithSAMLCall) checkProvider(o *Outcome) {
	if c.Provider == nil || c.Provider.ARN != c.PrincipalARN {
		detail := "there is no provider " + c.PrincipalARN
		if c.Provider != nil && strings.EqualFold(c.Provider.ARN, c.PrincipalARN) {
			detail += ": " + c.Provider.ARN + " differs in case"
		}
		o.fail("provider", detail, refuse(InvalidIdentityToken, "Specified provider doesn't exist."))
		o.skip("issuer", "there is no provider to compare with")
		return
	}
	o.pass("provider", c.PrincipalARN+" exists")
	if c.Assertion.Issuer != c.Provider.EntityID || c.Assertion.Issuer == "" {
		o.fail("issuer", fmt.Sprintf("issued by %q, and the provider's metadata is of %q", clip(c.Assertion.Issuer), clip(c.Provider.EntityID)),
			refuse(InvalidIdentityToken, "Issuer not present in specified provider"))
		return
	}
	o.pass("issuer", fmt.Sprintf("%q, as in the provider's metadata", clip(c.Assertion.Issuer)))
}

// checkSignature records whether somebody verified the signature.
func (c *AssumeRoleWithSAMLCall) checkSignature(o *Outcome, explain bool) {
	const check = "signature"
	bad := refuse(InvalidIdentityToken, "Response signature invalid")
	a := c.Assertion
	switch {
	case a.Signature.Verified():
		o.pass(check, "verified by "+a.Signature.By)
	case a.Signature.Problem != "":
		o.fail(check, a.Signature.Problem, bad)
	case !a.SignedResponse && !a.SignedAssertion:
		o.fail(check, "neither the response nor the assertion has a signature", bad)
	case explain:
		o.skip(check, "not checked: that takes a certificate of the provider's metadata")
	default:
		o.fail(check, "nobody verified it", bad)
	}
}

// checkTime records whether the assertion can be used now.
func (c *AssumeRoleWithSAMLCall) checkTime(o *Outcome) {
	const check = "time"
	a, now := c.Assertion, c.Request.Time
	ends := map[string]time.Time{"Conditions": a.NotOnOrAfter, "session at the identity provider": a.SessionNotOnOrAfter}
	if b := a.bearer(); b != nil {
		ends["SubjectConfirmationData"] = b.NotOnOrAfter
	}
	stamp := func(t time.Time) string { return t.UTC().Format(time.RFC3339) }
	switch {
	case a.IssuedAt.IsZero():
		o.fail(check, "it does not say when it was issued", refuse(InvalidIdentityToken, "Invalid SAML response"))
		return
	case a.IssuedAt.After(now.Add(clockSkew)):
		o.fail(check, fmt.Sprintf("issued at %s, which has not come yet: compare the clocks", stamp(a.IssuedAt)), refuse(InvalidIdentityToken, "Token is issued in the future"))
		return
	case now.Sub(a.IssuedAt) > redeemWithin:
		o.fail(check, fmt.Sprintf("issued at %s, more than five minutes ago", stamp(a.IssuedAt)), refuse(ExpiredToken, "Token must be redeemed within 5 minutes of issuance"))
		return
	case a.NotBefore.After(now.Add(clockSkew)):
		o.fail(check, fmt.Sprintf("not to be used before %s: compare the clocks", stamp(a.NotBefore)), refuse(InvalidIdentityToken, "Token is not yet valid"))
		return
	}
	for _, name := range []string{"SubjectConfirmationData", "Conditions", "session at the identity provider"} {
		if end := ends[name]; !end.IsZero() && !now.Before(end) {
			o.fail(check, fmt.Sprintf("the %s ended at %s", name, stamp(end)), refuse(ExpiredToken, "Token has expired"))
			return
		}
	}
	o.pass(check, fmt.Sprintf("issued at %s and in time", stamp(a.IssuedAt)))
}

// checkSubject records whether the assertion is about somebody, in the one way
// that is taken: a bearer confirmation that says where to and until when.
func (c *AssumeRoleWithSAMLCall) checkSubject(o *Outcome) {
	const check = "subject"
	a, b := c.Assertion, c.Assertion.bearer()
	detail := ""
	switch {
	case strings.TrimSpace(a.Subject.Name) == "":
		detail = "the subject has no NameID"
	case b == nil:
		detail = fmt.Sprintf("%d subject confirmations: want exactly one of %s", len(a.Confirmations), methodBearer)
	case b.NotOnOrAfter.IsZero():
		detail = "SubjectConfirmationData has no NotOnOrAfter"
	case b.Recipient == "":
		detail = "SubjectConfirmationData has no Recipient"
	default:
		o.pass(check, fmt.Sprintf("%q of format %q", clip(a.Subject.Name), clip(a.Subject.subjectType())))
		return
	}
	o.fail(check, detail, refuse(InvalidIdentityToken, "Invalid SAML response"))
}

// checkAudience records whether the assertion is for the vendor.
func (c *AssumeRoleWithSAMLCall) checkAudience(o *Outcome) {
	a, provider := c.Assertion, c.Provider
	if provider == nil {
		provider = &SAMLProvider{}
	}
	missing := refuse(InvalidIdentityToken, "Response does not contain the required audience.")
	if !slices.ContainsFunc(a.Audiences, provider.accepts) {
		o.fail("audience", fmt.Sprintf("the audiences are %q: want https://signin.aws.amazon.com/saml or urn:amazon:webservices", clip(strings.Join(a.Audiences, ", "))), missing)
	} else {
		o.pass("audience", clip(strings.Join(a.Audiences, ", ")))
	}
	b := a.bearer()
	switch {
	case b == nil:
		o.skip("recipient", "there is no one confirmation to have it")
	case !provider.delivers(b.Recipient):
		o.fail("recipient", fmt.Sprintf("the recipient is %q: want https://signin.aws.amazon.com/saml", clip(b.Recipient)), missing)
	default:
		o.pass("recipient", b.Recipient)
	}
}
