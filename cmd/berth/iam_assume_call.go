package main

import (
	"cmp"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/berth-project/berth/arn"
	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/sts"
)

// madeCall is a call of the token service and what became of it.
type madeCall struct {
	role    string
	caller  string
	outcome *sts.Outcome
}

// prepare reads the files of a role and its call.
func (c *cli) prepare(r *roleCall) (err error) {
	if r.Role, err = c.role(&r.roleSource); err != nil {
		return err
	}
	r.RoleARN = r.Role.ARN
	if r.sessionPolicy != "" {
		found, err := c.policiesOf(r.sessionPolicy, iam.SessionPolicy)
		if err != nil {
			return err
		}
		if _, err := onlyOf(r.sessionPolicy, found); err != nil {
			return err
		}
		r.Policy = found[0].policy.Text()
	}
	for _, pair := range r.managed {
		name, file, ok := strings.Cut(pair, "=")
		if !ok {
			return usageError{fmt.Errorf("--session-policy-arn %q is not ARN=FILE", pair)}
		}
		p, err := c.onlyPolicy(file, iam.SessionPolicy)
		if err != nil {
			return err
		}
		r.Managed = append(r.Managed, sts.ManagedPolicy{ARN: name, Policy: p})
	}
	return nil
}

// assumed makes the calls, one with the session of the one before, and returns
// what is known of the way they come.
func (c *cli) assumed(a *assumption) ([]madeCall, sts.Request, error) {
	first := a.calls[0]
	request, err := a.request()
	if err != nil {
		return nil, request, err
	}
	var made madeCall
	switch {
	case a.saml != "":
		made, err = c.assumeWithSAML(a, first, &request)
	case a.token != "":
		made, err = c.assumeWithToken(a, first, &request)
	default:
		made, err = c.assumeAs(a, first, &request)
	}
	if err != nil {
		return nil, request, err
	}
	calls := []madeCall{made}
	if !made.outcome.Granted() {
		return calls, request, nil
	}
	var hops []sts.Hop
	for _, r := range a.calls[1:] {
		r.SessionName = cmp.Or(r.SessionName, "session")
		hops = append(hops, r.Hop)
	}
	caller := made.outcome.Session
	for i, o := range sts.Chain(caller.Caller(), request, hops...) {
		calls = append(calls, madeCall{role: hops[i].RoleARN, caller: caller.Principal.ARN, outcome: o})
		caller = o.Session
	}
	return calls, request, nil
}

// request is what is known of the way the calls come; its time is zero where
// nobody says one.
func (a *assumption) request() (sts.Request, error) {
	var r sts.Request
	if err := setContext(&r.Context, a.context); err != nil {
		return r, usageError{err}
	}
	if a.now != "" {
		var err error
		if r.Time, err = time.Parse(time.RFC3339, a.now); err != nil {
			return r, usageError{fmt.Errorf("--now: %w", err)}
		}
	}
	return r, nil
}

// assumeAs calls AssumeRole.
func (c *cli) assumeAs(a *assumption, r *roleCall, request *sts.Request) (madeCall, error) {
	var caller sts.Caller
	var err error
	if caller.Principal, err = iam.ParsePrincipal(a.principal); err != nil {
		return madeCall{}, usageError{fmt.Errorf("--principal: %w", err)}
	}
	set := &caller.Policies
	if set.Identity, err = c.compiledPolicies(a.policies, iam.IdentityPolicy); err != nil {
		return madeCall{}, err
	}
	if set.Boundary, err = c.onlyPolicy(a.boundary, iam.BoundaryPolicy); err != nil {
		return madeCall{}, err
	}
	if set.SCPs, err = c.levels(a.scps, iam.ServiceControlPolicy); err != nil {
		return madeCall{}, err
	}
	if r.mfa {
		if caller.Principal.Kind != iam.User {
			return madeCall{}, usageError{fmt.Errorf("--mfa is for the call of a user, and %s is none", a.principal)}
		}
		// What the device is called and shows is the vendor's to check, and has
		// been: only its form is looked at.
		r.SerialNumber, r.TokenCode, r.CodeVerified = "arn:aws:iam::"+caller.Principal.Account+":mfa/device", "000000", true
	}
	request.Time = sometime(request.Time)
	r.SessionName = cmp.Or(r.SessionName, "session")
	o := sts.Chain(caller, *request, r.Hop)[0]
	return madeCall{role: r.RoleARN, caller: nameOf(&caller.Principal), outcome: o}, nil
}

// sometime is the first of the times that is known, or now.
func sometime(times ...time.Time) time.Time {
	for _, t := range times {
		if !t.IsZero() {
			return t
		}
	}
	return time.Now().Truncate(time.Second)
}

// maxAssertion bounds a file with a SAML response or a token.
const maxAssertion = 1 << 20

// byNobody is why a signature holds that was not looked at.
const byNobody = "nobody"

// assumeWithSAML calls AssumeRoleWithSAML.
func (c *cli) assumeWithSAML(a *assumption, r *roleCall, request *sts.Request) (madeCall, error) {
	_, data, err := c.readInput(a.saml, maxAssertion)
	if err != nil {
		return madeCall{}, err
	}
	call := sts.AssumeRoleWithSAMLCall{
		RoleARN: r.RoleARN, Role: r.Role, SessionPolicies: r.SessionPolicies, DurationSeconds: r.DurationSeconds,
	}
	call.Assertion, call.AssertionError = samlResponse(data)
	made := madeCall{role: r.RoleARN, caller: "somebody with a SAML response"}
	issuer := ""
	if call.Assertion != nil {
		made.caller, issuer = call.Assertion.Subject.Name, call.Assertion.Issuer
		request.Time = sometime(request.Time, call.Assertion.IssuedAt)
		if call.Assertion.SignedResponse || call.Assertion.SignedAssertion {
			call.Assertion.Signature.By = byNobody
		}
	}
	request.Time = sometime(request.Time)
	call.Request = *request
	call.PrincipalARN = providerNamed(call.Assertion, r.RoleARN, a.provider)
	call.Provider = &sts.SAMLProvider{ARN: cmp.Or(a.provider, call.PrincipalARN), EntityID: cmp.Or(a.entityID, issuer)}
	open := map[string]string{"signature": "not checked: that takes a certificate of the provider's metadata"}
	if a.provider == "" {
		open["provider"] = "not checked: that takes --provider"
	}
	if a.entityID == "" {
		open["issuer"] = "not checked: that takes --entity-id"
	}
	made.outcome = leaveOpen(sts.AssumeRoleWithSAML(&call), open)
	return made, nil
}

// providerNamed returns the provider that a response names for a role, or one
// that stands for it where the response does not name the role at all.
func providerNamed(a *sts.Assertion, role, provider string) string {
	if a != nil {
		pairs := a.RolePairs()
		for _, p := range pairs {
			if p.RoleARN == role {
				return p.ProviderARN
			}
		}
		if provider == "" && len(pairs) > 0 {
			return pairs[0].ProviderARN
		}
	}
	id, _ := arn.Parse(role)
	return cmp.Or(provider, "arn:"+cmp.Or(id.Partition, "aws")+":iam::"+id.Account+":saml-provider/provider")
}

// leaveOpen takes back checks that passed only because what they need was taken
// for granted.
func leaveOpen(o *sts.Outcome, why map[string]string) *sts.Outcome {
	for i := range o.Checks {
		if c := &o.Checks[i]; why[c.Name] != "" && c.State == sts.Passed {
			*c = sts.Check{Name: c.Name, Detail: why[c.Name]}
		}
	}
	return o
}

// samlResponse reads a response: XML, the base64 of it, or the form that a
// browser posts it in.
func samlResponse(data []byte) (*sts.Assertion, error) {
	text := strings.TrimSpace(strings.TrimPrefix(string(data), "\ufeff"))
	if strings.HasPrefix(text, "<") {
		return sts.ParseSAMLResponse([]byte(text))
	}
	if strings.Contains(text, "SAMLResponse=") {
		form, err := url.ParseQuery(text)
		if err != nil {
			return nil, fmt.Errorf("the form is not encoded as one: %w", err)
		}
		text = form.Get("SAMLResponse")
	}
	return sts.DecodeSAMLResponse(text)
}

// assumeWithToken calls AssumeRoleWithWebIdentity.
func (c *cli) assumeWithToken(a *assumption, r *roleCall, request *sts.Request) (madeCall, error) {
	_, data, err := c.readInput(a.token, maxAssertion)
	if err != nil {
		return madeCall{}, err
	}
	call := sts.AssumeRoleWithWebIdentityCall{
		RoleARN: r.RoleARN, Role: r.Role, SessionName: cmp.Or(r.SessionName, "session"),
		SessionPolicies: r.SessionPolicies, DurationSeconds: r.DurationSeconds,
	}
	call.Token, call.TokenError = sts.DecodeToken(strings.TrimSpace(string(data)))
	made := madeCall{role: r.RoleARN, caller: "somebody with a token"}
	open := map[string]string{"signature": "not checked: that takes the keys of the provider"}
	if t := call.Token; t != nil {
		made.caller = t.Subject
		t.Signature.By = byNobody
		request.Time = sometime(request.Time, t.IssuedAt)
		call.Provider = a.oidcProvider(t, r.RoleARN)
		if a.provider == "" {
			open["provider"] = "not checked: that takes --provider"
		}
		if len(a.clients) == 0 {
			open["audience"] = "not checked: that takes --client-id"
		}
	}
	request.Time = sometime(request.Time)
	call.Request = *request
	made.outcome = leaveOpen(sts.AssumeRoleWithWebIdentity(&call), open)
	return made, nil
}

// oidcProvider is the provider of --provider, or else the one of the issuer in
// the role's account.
func (a *assumption) oidcProvider(t *sts.Token, role string) *sts.OIDCProvider {
	p := &sts.OIDCProvider{ARN: a.provider, ClientIDs: a.clients}
	if p.ARN == "" {
		id, _ := arn.Parse(role)
		p.ARN = sts.OIDCProviderARN(t.Issuer, id.Partition, id.Account)
	}
	_, host, _ := strings.Cut(p.ARN, ":oidc-provider/")
	p.URL = "https://" + cmp.Or(host, p.ARN)
	if len(p.ClientIDs) == 0 {
		p.ClientIDs = t.Audiences
	}
	return p
}

// parseThen takes an ACTION[=ARN] of --then apart.
func parseThen(text string) (action, resource string, err error) {
	action, resource, ok := strings.Cut(text, "=")
	if !ok {
		return action, "*", checkAction("--then", action)
	}
	if _, err := arn.Parse(resource); err != nil && resource != "*" {
		return action, resource, fmt.Errorf("--then %s: %w", action, err)
	}
	return action, resource, checkAction("--then", action)
}

// thenAnswer is what the last session may do; its explanation is nil where there
// is no session.
type thenAnswer struct {
	request     iam.Request
	explanation *iam.Explanation
}

// Allowed reports whether the session may.
func (t *thenAnswer) Allowed() bool { return t.explanation != nil && t.explanation.Allowed() }

// ask puts the questions of --then to a session.
func (a *assumption) ask(s *sts.Session, request sts.Request) ([]thenAnswer, error) {
	var out []thenAnswer
	for _, text := range a.then {
		action, resource, err := parseThen(text)
		if err != nil {
			return nil, usageError{err}
		}
		t := thenAnswer{request: iam.Request{Action: action, Resource: resource}}
		if s != nil {
			t.request = s.Request(action, resource, request)
			set := s.Policies
			set.Target = targetOf(action, resource)
			x := set.Explain(&t.request)
			if !a.trace {
				x.Trace = nil
			}
			t.explanation = &x
		}
		out = append(out, t)
	}
	return out, nil
}
