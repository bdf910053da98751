package web

import (
	"net/http"

	"github.com/berth-project/berth/session"
)

// caller is who is calling, in the studio that the path names.
type caller struct {
	Tenant, TenantName string
	Email              string
	Edits              bool // submits, cancels and retries
	Manages            bool // floods
}

// callerOf returns who is calling.
func callerOf(r *http.Request) (caller, error) {
	sess := session.FromContext(r.Context())
	if sess.Anonymous() {
		return caller{}, faultSignIn
	}
	tenant := r.PathValue("tenant")
	in := sess.In(tenant)
	if in == nil {
		return caller{}, faultNoMember
	}
	manages := sess.HasRole(tenant, "manager")
	edits := manages || sess.HasRole(tenant, "editor")
	if !edits && !sess.HasRole(tenant, "viewer") {
		return caller{}, faultRole
	}
	c := caller{Tenant: tenant, TenantName: in.TenantName, Email: sess.User.Email, Edits: edits, Manages: manages}
	if c.TenantName == "" {
		c.TenantName = tenant
	}
	return c, nil
}

// editorOf returns who is calling, if they may change something.
func editorOf(r *http.Request) (caller, error) {
	c, err := callerOf(r)
	if err == nil && !c.Edits {
		err = faultRole
	}
	return c, err
}

// tenantsOf are the studios the caller belongs to.
func tenantsOf(r *http.Request) []string {
	var all []string
	for _, m := range session.FromContext(r.Context()).Memberships {
		all = append(all, m.Tenant)
	}
	return all
}
