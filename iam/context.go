package iam

import (
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Facts are what is known of a request besides what it asks for. What is not
// known, or not so, is left zero: the keys that follow from it are then absent.
type Facts struct {
	Principal Principal
	// Caller is what is known of the principal.
	Caller CallerFacts
	// Call is how the request came.
	Call CallFacts
	// Resource is what is known of what is asked for.
	Resource ResourceFacts
	// Source is for whom a service calls.
	Source SourceFacts
	// RequestTags are the tags that the request sets, and RequestTagKeys the keys
	// of those it removes.
	RequestTags    map[string]string
	RequestTagKeys []string
	// Time is when the request is decided; zero is a time that is not known.
	Time time.Time
}

// CallerFacts are facts of a principal.
type CallerFacts struct {
	// UniqueID is the ID of the user (AIDA...) or role (AROA...).
	UniqueID string
	// Tags are those of the principal; of a session, those of role and session.
	Tags map[string]string
	// OrgID and OrgPaths are where the account stands in its organisation.
	OrgID    string
	OrgPaths []string
	// TokenIssued is when the temporary credentials were issued. Callers with
	// long-term keys have none, and no MFA keys either: "false" would say that
	// the question was asked. Nor have federated identities.
	TokenIssued time.Time
	// MFATime is when the caller gave a second factor for these credentials.
	MFATime time.Time
	// FederatedProvider is the provider that authenticated the session's user.
	FederatedProvider string
	// SourceIdentity was set when the first role was assumed.
	SourceIdentity string
	// AssumedRoot is set for privileged sessions of a member account's root user.
	AssumedRoot bool
	// ServiceNames are all the names of a service principal; Service of the
	// principal is the one it calls by.
	ServiceNames []string
}

// CallFacts are facts of the way a request came.
type CallFacts struct {
	// SourceIP is the address of the caller.
	SourceIP netip.Addr
	// VPC and VPCEndpoint are what the request came through. The address is then
	// one inside the VPC, and not a source address that a policy could know.
	VPC, VPCEndpoint string
	// TLS is set where the connection is encrypted.
	TLS bool
	// Region is the region that was called.
	Region string
	// UserAgent and Referer are the fields of the HTTP request.
	UserAgent, Referer string
	// CalledVia are the services that called on behalf of the principal, the
	// first one first (forward access sessions).
	CalledVia []string
}

// ResourceFacts are facts of the resource.
type ResourceFacts struct {
	Account  string
	OrgID    string
	OrgPaths []string
	Tags     map[string]string
}

// SourceFacts are facts of the resource for which a service calls.
type SourceFacts struct {
	ARN      string
	Account  string
	OrgID    string
	OrgPaths []string
}

// DeriveContext returns the condition keys that follow from the facts (IAM User
// Guide, "AWS global condition context keys"; each key's "Availability" says
// when it is there). The keys of a service are added by whoever knows the call:
//
//	ctx := iam.DeriveContext(facts)
//	ctx.Set("s3:prefix", "home/")
func DeriveContext(f Facts) Context {
	d := derivation{}
	d.principal(&f)
	d.session(&f)
	d.call(&f)
	d.setAll("aws:ResourceTag/", f.Resource.Tags)
	d.set("aws:ResourceAccount", f.Resource.Account)
	d.set("aws:ResourceOrgID", f.Resource.OrgID)
	d.multi("aws:ResourceOrgPaths", f.Resource.OrgPaths)
	d.setAll("aws:RequestTag/", f.RequestTags)
	d.tagKeys(&f)
	d.set("aws:SourceArn", f.Source.ARN)
	d.set("aws:SourceAccount", f.Source.Account)
	d.set("aws:SourceOrgID", f.Source.OrgID)
	d.multi("aws:SourceOrgPaths", f.Source.OrgPaths)
	return d.Context
}

// derivation is a context that is filled. What is empty is absent.
type derivation struct{ Context }

func (d *derivation) set(key, value string) {
	if value != "" {
		d.Set(key, value)
	}
}

func (d *derivation) multi(key string, values []string) {
	if len(values) > 0 {
		d.SetMulti(key, values...)
	}
}

func (d *derivation) tagKeys(f *Facts) {
	d.multi("aws:TagKeys", slices.Concat(slices.Sorted(maps.Keys(f.RequestTags)), f.RequestTagKeys))
}

func (d *derivation) principal(f *Facts) {
	p, c := &f.Principal, &f.Caller
	switch p.Kind {
	case ServicePrincipal:
		d.Set("aws:PrincipalIsAWSService", "true")
		d.set("aws:PrincipalServiceName", p.Service)
		d.multi("aws:PrincipalServiceNamesList", c.ServiceNames)
		return
	case Anonymous:
		d.Set("aws:PrincipalType", "Anonymous")
		d.Set("aws:PrincipalAccount", "anonymous")
		return
	case SAMLIdentity, WebIdentity:
		return // nothing is signed, and the provider's own keys say who it is
	case User:
		d.Set("aws:PrincipalType", "User")
		d.set("aws:userid", c.UniqueID)
		d.set("aws:username", lastOf(p.ARN))
	case AssumedRole:
		d.Set("aws:PrincipalType", "AssumedRole")
		d.set("aws:userid", joined(c.UniqueID, lastOf(p.ARN)))
	case FederatedUser:
		d.Set("aws:PrincipalType", "FederatedUser")
		d.set("aws:userid", joined(p.Account, lastOf(p.ARN)))
	case Root:
		d.Set("aws:PrincipalType", "Account")
		d.set("aws:userid", p.Account)
	}
	d.Set("aws:PrincipalIsAWSService", "false")
	d.set("aws:PrincipalArn", p.policyARN())
	d.set("aws:PrincipalAccount", p.Account)
	d.set("aws:PrincipalOrgID", c.OrgID)
	d.multi("aws:PrincipalOrgPaths", c.OrgPaths)
	d.setAll("aws:PrincipalTag/", c.Tags)
}

// policyARN returns the principal as aws:PrincipalArn has it: a session as its
// role.
func (p *Principal) policyARN() string {
	if p.Kind == AssumedRole && p.RoleARN != "" {
		return p.RoleARN
	}
	return p.ARN
}

// lastOf returns what stands behind the last slash of an ARN.
func lastOf(arn string) string { return arn[strings.LastIndexByte(arn, '/')+1:] }

func joined(id, name string) string {
	if id == "" || name == "" {
		return ""
	}
	return id + ":" + name
}

// session sets the keys of temporary credentials.
func (d *derivation) session(f *Facts) {
	c := &f.Caller
	d.set("aws:FederatedProvider", c.FederatedProvider)
	d.set("aws:SourceIdentity", c.SourceIdentity)
	if c.AssumedRoot {
		d.Set("aws:AssumedRoot", "true")
	}
	if c.TokenIssued.IsZero() || !f.Principal.Kind.inAccount() {
		return
	}
	d.Set("aws:TokenIssueTime", c.TokenIssued.UTC().Format(time.RFC3339))
	if federated := f.Principal.Kind == FederatedUser || c.FederatedProvider != ""; !federated || !c.MFATime.IsZero() {
		d.Set("aws:MultiFactorAuthPresent", strconv.FormatBool(!c.MFATime.IsZero()))
	}
	if !c.MFATime.IsZero() && !f.Time.IsZero() {
		d.Set("aws:MultiFactorAuthAge", seconds(f.Time.Sub(c.MFATime)))
	}
}

func seconds(d time.Duration) string {
	return strconv.FormatInt(int64(max(d, 0)/time.Second), 10)
}

// call sets the keys of the way a request came.
func (d *derivation) call(f *Facts) {
	c := &f.Call
	if c.VPC != "" || c.VPCEndpoint != "" {
		d.set("aws:SourceVpc", c.VPC)
		d.set("aws:SourceVpce", c.VPCEndpoint)
		d.set("aws:VpcSourceIp", address(c.SourceIP))
	} else {
		d.set("aws:SourceIp", address(c.SourceIP))
	}
	d.Set("aws:SecureTransport", strconv.FormatBool(c.TLS))
	d.set("aws:RequestedRegion", c.Region)
	d.set("aws:UserAgent", c.UserAgent)
	d.set("aws:referer", c.Referer)
	if !f.Time.IsZero() {
		d.Set("aws:CurrentTime", f.Time.UTC().Format(time.RFC3339))
		d.Set("aws:EpochTime", strconv.FormatInt(f.Time.Unix(), 10))
	}
	// Direct calls have the key too: policies exempt forward access by asking
	// for "false" (its "Availability": always).
	d.Set("aws:ViaAWSService", strconv.FormatBool(len(c.CalledVia) > 0))
	if n := len(c.CalledVia); n > 0 {
		d.SetMulti("aws:CalledVia", c.CalledVia...)
		d.Set("aws:CalledViaFirst", c.CalledVia[0])
		d.Set("aws:CalledViaLast", c.CalledVia[n-1])
	}
}

func address(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return unmapped(a).String()
}
