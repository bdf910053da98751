package sts

import (
	"fmt"

	"github.com/berth-project/berth/iam"
)

// question is what is asked of the evaluator about one call.
type question struct {
	principal iam.Principal
	policies  iam.PolicySet // the caller's own
	arn       string        // of what the call is about
	account   string        // that it belongs to
	role      *Role         // nil where it is no role, or none that exists
	target    iam.Target
	context   iam.Context
}

// ask records whether the caller may do the action.
func (o *Outcome) ask(check, action string, q *question) bool {
	set := q.policies
	set.Resource, set.Target = nil, q.target
	if q.role != nil {
		set.Resource, set.RCPs, set.ResourceInManagementAccount = q.role.Trust, q.role.RCPs, q.role.InManagementAccount
	}
	r := Ruling{
		Request:  iam.Request{Principal: q.principal, Action: action, Resource: q.arn, ResourceAccount: q.account, Context: q.context},
		Policies: set,
	}
	r.Decision = r.Policies.Decide(&r.Request)
	c := Check{Name: check, State: Passed, Detail: q.describe(r.Decision, action), Ruling: &r}
	if !r.Decision.Allowed() {
		c.State = Failed
		c.Refusal = q.refusal(&r)
	}
	o.record(c)
	return r.Decision.Allowed()
}

// Explain returns the evaluator's own account of the ruling.
func (r *Ruling) Explain() iam.Explanation { return r.Policies.Explain(&r.Request) }

// refusal returns what the caller is told. Somebody from outside of the role's
// account learns only that it is not authorised, be it that there is no such
// role, that its trust policy does not allow, or that the caller's own policies
// do not. Within the account the text names the kind of policy, the caller's
// own first, so that it is the same for a role that does not exist.
func (q *question) refusal(r *Ruling) *Refusal {
	action := r.Request.Action
	switch q.principal.Kind {
	case iam.SAMLIdentity, iam.WebIdentity:
		return refuse(AccessDenied, "Not authorized to perform "+action)
	}
	if q.principal.Account != q.account {
		return refuse(AccessDenied, fmt.Sprintf("User: %s is not authorized to perform: %s on resource: %s", q.name(), action, q.arn))
	}
	if r.Decision.Outcome != iam.ExplicitDeny {
		own := r.Policies
		own.Resource, own.RCPs, own.Target = nil, nil, iam.AnyResource
		if d := own.Decide(&r.Request); !d.Allowed() {
			return refuse(AccessDenied, own.Message(&r.Request, d))
		}
	}
	return refuse(AccessDenied, r.Policies.Message(&r.Request, r.Decision))
}

// name returns the caller's name for a message.
func (q *question) name() string {
	if q.principal.Kind == iam.ServicePrincipal {
		return q.principal.Service
	}
	return q.principal.ARN
}

// describe says in a sentence what the evaluator found. Unlike the refusal it
// tells the role's owner whether there is such a role.
func (q *question) describe(d iam.Decision, action string) string {
	if q.target == iam.RoleTrust && q.role == nil {
		return "there is no role " + q.arn
	}
	federated := q.principal.Kind == iam.SAMLIdentity || q.principal.Kind == iam.WebIdentity
	switch d.Reason {
	case iam.AllowResource:
		return "the trust policy names the caller and allows " + action
	case iam.AllowIdentity:
		return "the caller's own policies allow " + action
	case iam.AllowCrossAccount:
		return "the trust policy and the caller's own policies both allow " + action
	case iam.NoAllow:
		if federated || q.principal.Kind == iam.ServicePrincipal {
			return "no statement of the trust policy lets the caller do " + action
		}
		return "the caller's own policies, to which it is left, do not allow " + action
	case iam.NoAllowTrust:
		return "no statement of the trust policy lets the caller do " + action
	case iam.NoAllowFromIdentity:
		return "the trust policy allows " + action + ", and the caller's own policies, which must allow it too, do not"
	case iam.NoAllowBoundary:
		return "the caller's permissions boundary does not allow " + action
	case iam.NoAllowSession:
		return "the caller's session policies do not allow " + action
	case iam.NoAllowSCP:
		return "a service control policy over the caller's account does not allow " + action
	}
	if d.Outcome == iam.ExplicitDeny {
		return fmt.Sprintf("statement %d of policy %d of the layer %q denies %s", d.By.Statement, d.By.Policy, d.By.Layer, action)
	}
	return action + ": " + string(d.Reason)
}
