package access

import (
	"net/netip"
	"time"

	"github.com/berth-project/berth/session"
)

// Request is what a policy looks at.
type Request struct {
	// Method is the HTTP method as sent; methods are case-sensitive (RFC 9110
	// section 9.1).
	Method string
	// Host is the host the request is for; a port and a trailing dot are
	// ignored.
	Host string
	// Path is the canonical, decoded path.
	Path string
	// Session is the caller; nil is an anonymous one.
	Session *session.Session
	// Client is the caller's address.
	Client netip.Addr
	// Now is the time of the decision, which expressions may look at.
	Now time.Time
}

// Outcome is what to do with a request.
type Outcome uint8

// The outcomes. The zero Outcome is the closed one.
const (
	// Forbidden refuses the caller.
	Forbidden Outcome = iota
	// SignInRequired refuses an anonymous caller whom signing in may help.
	SignInRequired
	// Allow lets the request through.
	Allow
)

// String returns "forbidden", "sign_in_required" or "allow".
func (o Outcome) String() string {
	switch o {
	case Allow:
		return "allow"
	case SignInRequired:
		return "sign_in_required"
	}
	return "forbidden"
}

// MarshalText implements [encoding.TextMarshaler].
func (o Outcome) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// Reason is the stable code of why a decision is what it is. The set is small
// and fixed, so it may label a metric.
type Reason string

// The reasons.
const (
	// ReasonAnyone allows: the rule lets everybody in.
	ReasonAnyone Reason = "anyone"
	// ReasonSignedIn allows: the caller is signed in.
	ReasonSignedIn Reason = "signed_in"
	// ReasonRole allows: the caller has a role the rule names.
	ReasonRole Reason = "role"
	// ReasonPlan allows: the tenant has a plan the rule names.
	ReasonPlan Reason = "plan"
	// ReasonExpression allows: the expression is true.
	ReasonExpression Reason = "expression_true"
	// ReasonNot allows: what the rule excludes is not the case.
	ReasonNot Reason = "not_excluded"
	// ReasonSignInRequired refuses an anonymous caller whom signing in may help.
	ReasonSignInRequired Reason = "sign_in_required"
	// ReasonRoleRequired refuses: the caller has none of the roles.
	ReasonRoleRequired Reason = "role_required"
	// ReasonPlanRequired refuses: the caller's tenant has none of the plans.
	ReasonPlanRequired Reason = "plan_required"
	// ReasonExpressionFalse refuses: the expression is false.
	ReasonExpressionFalse Reason = "expression_false"
	// ReasonExpressionError refuses: the expression could not be evaluated.
	ReasonExpressionError Reason = "expression_error"
	// ReasonExcluded refuses: what the rule excludes is the case.
	ReasonExcluded Reason = "excluded"
	// ReasonNoneMet refuses: none of several alternatives is satisfied, for
	// different reasons.
	ReasonNoneMet Reason = "none_met"
	// ReasonNoRule refuses: no rule matches the request.
	ReasonNoRule Reason = "no_rule"
)

// Decision is the answer to a [Request]. The zero Decision refuses.
type Decision struct {
	Allowed bool    `json:"allowed"`
	Outcome Outcome `json:"outcome"`
	Reason  Reason  `json:"reason"`
	// Rule is the index of the rule that decided, -1 when none matched.
	Rule int `json:"rule"`
	// RuleID is its id, empty when none matched.
	RuleID string `json:"rule_id,omitempty"`
	// Tenant is the tenant the path of the rule names: the value of the
	// parameter its requirement refers to, else of the one called "tenant".
	// Empty when the path names none, or has more there than the 64 bytes of a
	// tenant id. It comes from the request as it is: a tenant of that id need
	// not exist.
	Tenant string `json:"tenant,omitempty"`
}
