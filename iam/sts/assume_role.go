package sts

import (
	"fmt"
	"strings"

	"github.com/berth-project/berth/iam"
)

// AssumeRoleCall is a call of AssumeRole. Empty texts are parameters that were
// not given.
type AssumeRoleCall struct {
	Caller Caller
	// RoleARN is the role asked for, and Role that role: nil where there is none.
	RoleARN string
	Role    *Role
	// SessionName is the parameter RoleSessionName.
	SessionName string
	// DurationSeconds is nil where it was not given.
	DurationSeconds *int
	ExternalID      string
	SessionPolicies
	Tags              []Tag
	TransitiveTagKeys []string
	SourceIdentity    string
	// SerialNumber and TokenCode are those of a device for a second factor, and
	// CodeVerified says that the code is the device's and the device the caller's.
	SerialNumber, TokenCode string
	CodeVerified            bool
	Request                 Request
}

// AssumeRole says what becomes of the call.
func AssumeRole(c *AssumeRoleCall) *Outcome {
	o := &Outcome{Operation: OpAssumeRole}
	name, ok := c.checkParameters(o)
	if !ok {
		return o
	}
	o.checkCaller(&c.Caller)
	role := named(c.Role, c.RoleARN)
	policies := o.checkSessionPolicies(&c.SessionPolicies)
	inherited := c.Caller.inherited()
	o.checkTags(c.Tags, c.TransitiveTagKeys, keysOf(inherited))
	source := o.checkSourceIdentity(&c.Caller, c.SourceIdentity)
	o.checkCode(c.SerialNumber, c.TokenCode, c.CodeVerified)

	q := c.question(role, name)
	o.ask("trust", OpAssumeRole.action(), q)
	if len(c.Tags) > 0 || len(inherited) > 0 {
		// Tags that go along from the session before are tags that are set: without
		// sts:TagSession the next role cannot be assumed at all.
		o.ask("tag-session", "sts:TagSession", q)
	}
	if source != "" {
		o.ask("source-identity-session", "sts:SetSourceIdentity", q)
	}
	seconds := o.checkDuration(role, c.DurationSeconds, c.Caller.chained())
	size := o.checkPackedSize(c.Policy, c.Tags)
	if o.Refusal != nil || role == nil {
		return o
	}
	s := newSession(role, name, c.SessionName)
	s.begin(c.Request.Time, seconds)
	s.Facts.Tags = mergeTags(role.Tags, inherited, c.Tags)
	s.Facts.SourceIdentity = source
	s.TransitiveTagKeys = mergeKeys(keysOf(inherited), c.TransitiveTagKeys)
	s.Chained = c.Caller.chained()
	s.Policies = role.policies(policies)
	s.PackedPolicySize = size
	o.Session = s
	o.replaced(&c.Caller, role)
	return o
}

// checkParameters records whether the parameters have the right form, and
// returns the role's ARN taken apart.
func (c *AssumeRoleCall) checkParameters(o *Outcome) (roleName, bool) {
	var bad constraints
	bad.arn("roleArn", c.RoleARN)
	bad.required("roleSessionName", c.SessionName)
	bad.sessionName("roleSessionName", c.SessionName)
	bad.between("durationSeconds", c.DurationSeconds, minSession, maxSession)
	bad.length("externalId", c.ExternalID, 2, 1224)
	bad.class("externalId", c.ExternalID, "+=,.@:/-", `[\w+=,.@:\/-]*`)
	bad.sessionPolicies(&c.SessionPolicies)
	bad.tags(c.Tags, c.TransitiveTagKeys)
	bad.sessionName("sourceIdentity", c.SourceIdentity)
	bad.device(c.SerialNumber, c.TokenCode)
	return o.checkParameters(bad, c.RoleARN)
}

// checkParameters records the constraints that do not hold and a role's ARN that
// is none.
func (o *Outcome) checkParameters(bad constraints, roleARN string) (roleName, bool) {
	const check = "parameters"
	if r := bad.refusal(); r != nil {
		o.fail(check, strings.Join(bad, "; "), r)
		return roleName{}, false
	}
	name, err := parseRole(roleARN)
	if err != nil {
		o.fail(check, err.Error(), refuse(ValidationError, roleARN+" is invalid"))
		return roleName{}, false
	}
	o.pass(check, "all have the right form")
	return name, true
}

// device adds what is wrong with the parameters of a second factor (API
// reference: serialNumberType, tokenCodeType).
func (c *constraints) device(serial, code string) {
	c.length("serialNumber", serial, 9, 256)
	c.class("serialNumber", serial, "+=/:,.@-", `[\w+=/:,.@-]*`)
	c.length("tokenCode", code, 6, 6)
	for i := range len(code) {
		if code[i] < '0' || code[i] > '9' {
			c.add("tokenCode", "(not shown)", `satisfy regular expression pattern: [\d]*`)
			break
		}
	}
}

// checkCaller records whether such a caller may assume roles at all.
func (o *Outcome) checkCaller(c *Caller) {
	const check = "caller"
	switch c.Principal.Kind {
	case iam.Root:
		o.fail(check, "the root user cannot assume roles, whatever a trust policy says", refuse(AccessDenied, "Roles may not be assumed by root accounts."))
	case iam.FederatedUser:
		o.fail(check, "the session of a federated user cannot assume roles",
			refuse(AccessDenied, fmt.Sprintf("User: %s is not authorized to perform: sts:AssumeRole", c.Principal.ARN)))
	case iam.User, iam.AssumedRole, iam.ServicePrincipal:
		o.pass(check, fmt.Sprintf("a caller of kind %s may assume roles", c.Principal.Kind))
	default:
		o.fail(check, "the call is not signed", refuse(MissingAuthentication, "Request is missing Authentication Token"))
	}
}

// checkTags records whether the tags may be set.
func (o *Outcome) checkTags(tags []Tag, transitive, inherited []string) {
	if len(tags) == 0 && len(transitive) == 0 {
		return
	}
	const check = "tags"
	if r := tagRefusal(tags, transitive, inherited); r != nil {
		o.fail(check, r.Message, r)
		return
	}
	o.pass(check, fmt.Sprintf("%d tags, %d of them transitive", len(tags), len(transitive)))
}

// checkSourceIdentity records whether the source identity may be set, and
// returns the one that the session has.
func (o *Outcome) checkSourceIdentity(c *Caller, wanted string) string {
	const check = "source-identity"
	before := c.Facts.SourceIdentity
	switch {
	case before == "" && wanted == "":
		return ""
	case before == "":
		o.pass(check, fmt.Sprintf("set to %q from here on", wanted))
		return wanted
	case wanted != "" && wanted != before:
		// The guide speaks of a denial. What the service answers is this.
		o.fail(check, fmt.Sprintf("the session before has %q, which cannot be changed to %q", before, wanted),
			refuse(ValidationError, "The source identity is already set for this assume role session"))
	default:
		o.pass(check, fmt.Sprintf("%q goes along from the session before", before))
	}
	return before
}

// checkCode records whether the code of a second factor is good.
func (o *Outcome) checkCode(serial, code string, verified bool) {
	const check = "mfa"
	switch {
	case serial == "" && code == "":
	case serial == "" || code == "":
		o.fail(check, "a device and its code are given together", refuse(ValidationError, "SerialNumber and TokenCode must be specified together"))
	case !verified:
		o.fail(check, "the code is not the device's at this time", refuse(AccessDenied, "MultiFactorAuthentication failed with invalid MFA one time pass code."))
	default:
		o.pass(check, "the code of the device is good")
	}
}

// question is what the evaluator is asked about the call.
func (c *AssumeRoleCall) question(role *Role, name roleName) *question {
	ctx := c.Caller.context(&c.Request, role.facts(name.account))
	role.setTags(&ctx)
	setParameters(&ctx, c.SessionName, c.SourceIdentity, c.Tags, c.TransitiveTagKeys)
	if c.ExternalID != "" {
		ctx.Set("sts:ExternalId", c.ExternalID)
	}
	if c.CodeVerified && c.SerialNumber != "" {
		ctx.Set("aws:MultiFactorAuthPresent", "true")
		ctx.Set("aws:MultiFactorAuthAge", "0")
	}
	return &question{
		principal: c.Caller.Principal, policies: c.Caller.Policies,
		arn: c.RoleARN, account: name.account, role: role, target: iam.RoleTrust, context: ctx,
	}
}

// named returns the role, or nil where it is not the one asked for: a role's
// path is part of its name.
func named(role *Role, wanted string) *Role {
	if role == nil || role.ARN != wanted {
		return nil
	}
	return role
}

// checkDuration records whether the role gives sessions of the length, and
// returns the length in seconds.
func (o *Outcome) checkDuration(role *Role, wanted *int, chained bool) int {
	const check = "duration"
	seconds := defaultSession
	if wanted != nil {
		seconds = *wanted
	}
	switch {
	case chained && seconds > maxChained:
		o.fail(check, fmt.Sprintf("%d s asked for: a role assumed with the credentials of another session is given for %d s at most", seconds, maxChained),
			refuse(ValidationError, "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."))
	case role == nil:
		o.skip(check, "there is no such role")
	case seconds > role.maximum():
		o.fail(check, fmt.Sprintf("%d s asked for: the role gives %d s at most", seconds, role.maximum()),
			refuse(ValidationError, "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."))
	default:
		o.pass(check, fmt.Sprintf("%d s of at most %d s", seconds, role.most(chained)))
	}
	return seconds
}

// most returns the longest session that can be asked of the role.
func (r *Role) most(chained bool) int {
	if chained {
		return min(r.maximum(), maxChained)
	}
	return r.maximum()
}

// newSession returns the session of a role, before what differs by operation.
func newSession(role *Role, name roleName, session string) *Session {
	return &Session{
		Principal: iam.Principal{Kind: iam.AssumedRole, ARN: name.session(session), RoleARN: role.ARN, Account: name.account},
		Facts:     iam.CallerFacts{UniqueID: role.ID, OrgID: role.OrgID, OrgPaths: role.OrgPaths},
	}
}

// replaced records that the session has the role's permissions and no others.
func (o *Outcome) replaced(c *Caller, role *Role) {
	who := c.Principal.ARN
	if c.Principal.Kind == iam.ServicePrincipal {
		who = c.Principal.Service
	}
	o.pass("permissions", fmt.Sprintf("the session has what %s has, and nothing of %s: permissions are replaced, not added", role.ARN, who))
}
