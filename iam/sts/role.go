package sts

import "github.com/berth-project/berth/iam"

// Role is a role that may be assumed, with all that belongs to it.
type Role struct {
	// ARN is the role's, with its path.
	ARN string
	// ID is the role's unique ID, "AROA…", which is part of aws:userid; empty
	// where it does not matter.
	ID string
	// Trust is the trust policy. Nil is one that allows nothing.
	Trust *iam.Compiled
	// Policies are the role's permission policies, inline and managed.
	Policies []*iam.Compiled
	// Boundary is the role's permissions boundary.
	Boundary *iam.Compiled
	// MaxSessionSeconds is the longest session the role gives; 0 means 3,600.
	MaxSessionSeconds int
	// Tags are the role's tags.
	Tags map[string]string
	// OrgID and OrgPaths are where the role's account stands in its organisation.
	OrgID    string
	OrgPaths []string
	// SCPs are the service control policies of the role's account, by level: they
	// bound the sessions of the role.
	SCPs [][]*iam.Compiled
	// RCPs are the resource control policies of the role's account, by level:
	// they bound who may assume the role.
	RCPs [][]*iam.Compiled
	// InManagementAccount exempts the role from SCPs and RCPs.
	InManagementAccount bool
	// ServiceLinked is set for a role of a service, to which SCPs and RCPs do not
	// apply.
	ServiceLinked bool
}

// The bounds of a role session's duration in seconds (API reference:
// roleDurationSecondsType).
const (
	minSession     = 900
	defaultSession = 3600
	maxSession     = 43200
	// maxChained is the longest session of a role assumed with the credentials of
	// another session.
	maxChained = 3600
)

// maximum returns the longest session of the role in seconds.
func (r *Role) maximum() int {
	if r.MaxSessionSeconds == 0 {
		return defaultSession
	}
	return min(r.MaxSessionSeconds, maxSession)
}

// facts returns what is known of a role as what a call is about.
func (r *Role) facts(account string) iam.ResourceFacts {
	if r == nil {
		return iam.ResourceFacts{Account: account}
	}
	return iam.ResourceFacts{Account: account, OrgID: r.OrgID, OrgPaths: r.OrgPaths, Tags: r.Tags}
}

// setTags sets the role's tags by the service's own name for them.
func (r *Role) setTags(ctx *iam.Context) {
	if r == nil {
		return
	}
	for _, t := range tagList(r.Tags) {
		ctx.Set("iam:ResourceTag/"+t.Key, t.Value)
	}
}

// policies returns what bounds and grants the sessions of the role.
func (r *Role) policies(session []*iam.Compiled) iam.PolicySet {
	return iam.PolicySet{
		Identity:                     r.Policies,
		Boundary:                     r.Boundary,
		Session:                      session,
		SCPs:                         r.SCPs,
		PrincipalInManagementAccount: r.InManagementAccount,
		ServiceLinkedRole:            r.ServiceLinked,
	}
}
