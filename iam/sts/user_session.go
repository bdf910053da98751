package sts

import (
	"fmt"
	"strings"

	"github.com/berth-project/berth/arn"
	"github.com/berth-project/berth/iam"
)

// The bounds of the sessions of users in seconds (API reference:
// durationSecondsType).
const (
	defaultUserSession = 43200
	maxUserSession     = 129600
	// maxRootSession is the longest for the root user. It gets no more whatever it
	// asks for, and no error.
	maxRootSession = 3600
)

// GetSessionTokenCall is a call of GetSessionToken.
type GetSessionTokenCall struct {
	Caller Caller
	// DurationSeconds is nil where it was not given.
	DurationSeconds *int
	// SerialNumber and TokenCode are those of a device for a second factor, and
	// CodeVerified says that the code is the device's and the device the caller's.
	SerialNumber, TokenCode string
	CodeVerified            bool
	Request                 Request
}

// GetSessionToken says what becomes of the call. No policy is asked: whoever has
// long-term credentials may call it.
func GetSessionToken(c *GetSessionTokenCall) *Outcome {
	o := &Outcome{Operation: OpGetSessionToken}
	var bad constraints
	bad.between("durationSeconds", c.DurationSeconds, minSession, maxUserSession)
	bad.device(c.SerialNumber, c.TokenCode)
	if !o.checkUserParameters(bad) {
		return o
	}
	o.checkUser(&c.Caller)
	o.checkCode(c.SerialNumber, c.TokenCode, c.CodeVerified)
	seconds := o.userDuration(&c.Caller, c.DurationSeconds)
	if o.Refusal != nil {
		return o
	}
	s := &Session{Principal: c.Caller.Principal, Facts: c.Caller.Facts, Context: c.Caller.Context.Clone(), Policies: c.Caller.Policies}
	s.Facts.Tags = mergeTags(c.Caller.Facts.Tags)
	s.begin(c.Request.Time, seconds)
	if c.SerialNumber != "" {
		s.Facts.MFATime = c.Request.Time
	}
	o.Session = s
	return o
}

// checkUserParameters records whether the parameters have the right form.
func (o *Outcome) checkUserParameters(bad constraints) bool {
	const check = "parameters"
	if r := bad.refusal(); r != nil {
		o.fail(check, strings.Join(bad, "; "), r)
		return false
	}
	o.pass(check, "all have the right form")
	return true
}

// checkUser records whether the caller is a user, or the root user, with
// long-term credentials.
func (o *Outcome) checkUser(c *Caller) {
	const check = "caller"
	switch {
	case c.chained() || c.Principal.Kind == iam.FederatedUser:
		o.fail(check, "the caller is a session", refuse(AccessDenied, fmt.Sprintf("Cannot call %s with session credentials", o.Operation)))
	case c.Principal.Kind == iam.User, c.Principal.Kind == iam.Root:
		o.pass(check, fmt.Sprintf("a caller of kind %s with long-term credentials", c.Principal.Kind))
	case c.Principal.Kind == iam.ServicePrincipal:
		o.fail(check, "a service has no sessions of its own", refuse(AccessDenied, fmt.Sprintf("%s is not authorized to perform: sts:%s", c.Principal.Service, o.Operation)))
	default:
		o.fail(check, "the call is not signed", refuse(MissingAuthentication, "Request is missing Authentication Token"))
	}
}

// userDuration records the length of a session and returns it in seconds.
func (o *Outcome) userDuration(c *Caller, wanted *int) int {
	seconds := defaultUserSession
	if wanted != nil {
		seconds = *wanted
	}
	if c.Principal.Kind == iam.Root && seconds > maxRootSession {
		o.pass("duration", fmt.Sprintf("%d s: the root user gets no more", maxRootSession))
		return maxRootSession
	}
	o.pass("duration", fmt.Sprintf("%d s of at most %d s", seconds, maxUserSession))
	return seconds
}

// GetFederationTokenCall is a call of GetFederationToken.
type GetFederationTokenCall struct {
	Caller Caller
	// Name is the federated user's name.
	Name string
	// DurationSeconds is nil where it was not given.
	DurationSeconds *int
	SessionPolicies
	Tags    []Tag
	Request Request
}

// GetFederationToken says what becomes of the call. Without a session policy the
// session may do only what the policies of resources grant it by name.
func GetFederationToken(c *GetFederationTokenCall) *Outcome {
	o := &Outcome{Operation: OpGetFederationToken}
	var bad constraints
	bad.required("name", c.Name)
	bad.length("name", c.Name, 2, 32)
	bad.class("name", c.Name, "+=,.@-", `[\w+=,.@-]*`)
	bad.between("durationSeconds", c.DurationSeconds, minSession, maxUserSession)
	bad.sessionPolicies(&c.SessionPolicies)
	bad.tags(c.Tags, nil)
	if !o.checkUserParameters(bad) {
		return o
	}
	o.checkUser(&c.Caller)
	policies := o.checkSessionPolicies(&c.SessionPolicies)
	o.checkTags(c.Tags, nil, nil)
	p := c.Caller.Principal
	name := arn.ARN{Partition: "aws", Service: "sts", Account: p.Account, Resource: "federated-user/" + c.Name}
	if caller, err := arn.Parse(p.ARN); err == nil {
		name.Partition = caller.Partition
	}
	ctx := c.Caller.context(&c.Request, iam.ResourceFacts{Account: p.Account})
	setParameters(&ctx, "", "", c.Tags, nil)
	q := &question{principal: p, policies: c.Caller.Policies, arn: name.String(), account: p.Account, context: ctx}
	o.ask("permission", OpGetFederationToken.action(), q)
	if len(c.Tags) > 0 {
		o.ask("tag-session", "sts:TagSession", q)
	}
	seconds := o.userDuration(&c.Caller, c.DurationSeconds)
	size := o.checkPackedSize(c.Policy, c.Tags)
	if o.Refusal != nil {
		return o
	}
	if policies == nil {
		policies = []*iam.Compiled{}
		o.pass("session-policies", "none: only policies of resources that name the session grant it anything")
	}
	s := &Session{
		Principal:        iam.Principal{Kind: iam.FederatedUser, ARN: name.String(), Account: p.Account},
		Facts:            iam.CallerFacts{OrgID: c.Caller.Facts.OrgID, OrgPaths: c.Caller.Facts.OrgPaths},
		Policies:         c.Caller.Policies,
		PackedPolicySize: size,
	}
	s.Facts.Tags = mergeTags(c.Caller.Facts.Tags, c.Tags)
	s.begin(c.Request.Time, seconds)
	s.Policies.Session = policies
	if p.Kind == iam.User {
		s.Principal.UserARN = p.ARN
	} else {
		s.Policies.Identity = []*iam.Compiled{everything()}
	}
	o.Session = s
	return o
}

// everything is what the root user's own policies would say.
func everything() *iam.Compiled {
	return iam.Compile(&iam.Policy{
		Version: iam.Version2012,
		Statements: []iam.Statement{{
			Effect:    iam.Allow,
			Actions:   iam.Elements{Values: []string{"*"}, Scalar: true},
			Resources: iam.Elements{Values: []string{"*"}, Scalar: true},
		}},
	})
}

// Identity is the answer of GetCallerIdentity.
type Identity struct {
	Account, ARN, UserID string
}

// GetCallerIdentity says who calls. No policy can deny it; a call that is not
// signed is refused.
func GetCallerIdentity(c *Caller) (Identity, error) {
	switch c.Principal.Kind {
	case iam.User, iam.AssumedRole, iam.FederatedUser, iam.Root:
		return Identity{Account: c.Principal.Account, ARN: c.Principal.ARN, UserID: userID(&c.Principal, &c.Facts)}, nil
	}
	return Identity{}, refuse(MissingAuthentication, "Request is missing Authentication Token")
}
