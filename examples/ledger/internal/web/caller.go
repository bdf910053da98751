package web

import (
	"net/http"

	"github.com/berth-project/berth/examples/ledger/internal/bank"
	"github.com/berth-project/berth/session"
)

// The roles and the plan the ledger knows, as the directory of users names
// them.
const (
	roleCustomer = "customer"
	roleTeller   = "teller"
	roleManager  = "manager"
	planPremium  = "premium"
)

// caller returns who is calling, in the tenant that the path names.
func caller(r *http.Request) (bank.Caller, error) {
	sess := session.FromContext(r.Context())
	if sess.Anonymous() {
		return bank.Caller{}, faultSignIn
	}
	return callerIn(sess, r.PathValue("tenant"))
}

func callerIn(sess *session.Session, tenant string) (bank.Caller, error) {
	if sess.In(tenant) == nil {
		return bank.Caller{}, faultNoMember
	}
	return bank.Caller{
		Tenant: tenant, Email: sess.User.Email, Name: sess.User.Name,
		Customer: sess.HasRole(tenant, roleCustomer),
		Teller:   sess.HasRole(tenant, roleTeller),
		Manager:  sess.HasRole(tenant, roleManager),
		Premium:  sess.HasPlan(tenant, planPremium),
	}, nil
}

// callers returns who is calling in each of their tenants.
func callers(r *http.Request) ([]bank.Caller, error) {
	sess := session.FromContext(r.Context())
	if sess.Anonymous() {
		return nil, faultSignIn
	}
	var all []bank.Caller
	for _, m := range sess.Memberships {
		c, err := callerIn(sess, m.Tenant)
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, nil
}
