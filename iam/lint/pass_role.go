package lint

import (
	"slices"
	"strings"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/internal/glob"
)

// handover is an action on roles that gives whoever holds it what a role may do.
type handover struct {
	action string
	// service is the condition key that limits to which service.
	service string
	// anyRole are names that a bounded pattern would not match all of.
	anyRole []string
	// codes by what is unbounded: see handoverCode.
	prefix string
	what   string
	help   string
}

var passRole = handover{
	action: "iam:PassRole", service: "iam:PassedToService", prefix: "PASS_ROLE_WITH_",
	anyRole: []string{"role/qzjx7", "role/wvky3/fhbgm"},
	what:    "any role of the account can be passed to a service",
	help:    "name the roles, and add a condition on iam:PassedToService",
}

var createServiceLinkedRole = handover{
	action: "iam:CreateServiceLinkedRole", service: "iam:AWSServiceName", prefix: "CREATE_SLR_WITH_",
	anyRole: []string{"role/aws-service-role/qzjx7.amazonaws.com/fhbgm", "role/aws-service-role/wvky3.amazonaws.com/pdtcn"},
	what:    "the service-linked role of any service can be created",
	help:    "name the roles: arn:aws:iam::*:role/aws-service-role/SERVICE.amazonaws.com/*",
}

// handovers reports grants of passing and creating roles without bounds.
func handovers(p *pass) {
	if !p.policy.Kind.Identity() && p.policy.Kind != iam.SessionPolicy {
		return // other kinds grant nothing of this
	}
	p.statements(func(i int, s *iam.Statement) {
		if s.Effect != iam.Allow || s.Actions.Absent() {
			return
		}
		for _, h := range []handover{passRole, createServiceLinkedRole} {
			p.handover(i, s, h)
		}
	})
}

func (p *pass) handover(i int, s *iam.Statement, h handover) {
	if !s.Resources.Not && !slices.ContainsFunc(s.Resources.Values, h.unbounded) {
		return
	}
	if !s.Resources.Not && slices.ContainsFunc(s.Conditions, h.boundsService) {
		return
	}
	for _, code := range h.codes(s) {
		f := p.report(h.prefix+code, iam.StatementPath(i), "%s", h.what)
		f.Help = h.help
	}
}

// boundsService reports whether a condition names the services. Every request
// for the action carries the key, so that IfExists waives nothing.
func (h handover) boundsService(c iam.Condition) bool {
	c.Operator.IfExists = false
	return strings.EqualFold(c.Key, h.service) && demands(&c) &&
		!slices.ContainsFunc(c.Values, func(v iam.Value) bool { return strings.Trim(v.Text, "*?") == "" })
}

// codes returns the endings of the codes for how the statement covers the
// action: by name, by wildcard, or by leaving it out of NotAction.
func (h handover) codes(s *iam.Statement) []string {
	covering := slices.DeleteFunc(slices.Clone(s.Actions.Values), func(pattern string) bool { return !glob.MatchFold(pattern, h.action) })
	if s.Actions.Not {
		switch {
		case len(covering) > 0:
			return nil
		case s.Resources.Not:
			return []string{"NOT_ACTION_AND_NOT_RESOURCE"}
		}
		return []string{"STAR_IN_RESOURCE_AND_NOT_ACTION"}
	}
	var codes []string
	for _, pattern := range covering {
		code := map[[2]bool]string{
			{false, false}: "STAR_IN_RESOURCE", {false, true}: "NOT_RESOURCE",
			{true, false}: "STAR_IN_ACTION_AND_RESOURCE", {true, true}: "STAR_IN_ACTION_AND_NOT_RESOURCE",
		}[[2]bool{!glob.Literal(pattern), s.Resources.Not}]
		if !slices.Contains(codes, code) {
			codes = append(codes, code)
		}
	}
	return codes
}

// unbounded reports whether a resource covers roles of any name.
func (h handover) unbounded(resource string) bool {
	if glob.Match(resource, "arn:aws:iam::111122223333:"+h.anyRole[0]) {
		return true
	}
	parts := strings.SplitN(resource, ":", 6)
	if len(parts) < 6 || !glob.Match(parts[2], "iam") {
		return false
	}
	return !slices.ContainsFunc(h.anyRole, func(name string) bool { return !glob.Match(parts[5], name) })
}
