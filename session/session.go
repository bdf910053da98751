package session

import (
	"slices"
	"time"
)

// Session is what the gateway knows of the caller of a request. A nil
// *Session, and one without a user, is an anonymous caller. It is immutable
// once built: the gateway shares one value between concurrent requests.
type Session struct {
	// ID names this sign-in; revoking it ends the session. It is not a
	// credential.
	ID string
	// User is who signed in.
	User User
	// Method says how: "password", "apikey", "bearer"…
	Method string
	// SignedInAt is when the user last proved who they are.
	SignedInAt time.Time
	// SeenAt is when the sealed cookie was last renewed; the idle limit counts
	// from it. In a session from Verifier it is when the assertion was signed.
	SeenAt time.Time
	// ExpiresAt is the absolute end; no renewal moves it. In a session from
	// Verifier it is the end of the assertion.
	ExpiresAt time.Time
	// Memberships are the tenants the user belongs to, with what they are and
	// what the tenant subscribes to there, sorted by tenant id. Expired roles
	// and plans are not in it.
	Memberships []Membership
	// Truncated says that there were more memberships than an assertion has
	// room for. It is set by Verifier only.
	Truncated bool
	// Tenant is the tenant the request's path is about according to the rule
	// that let it through, "" when it is about none. To be named here is not to
	// be a member. It is set by Verifier only.
	Tenant string
}

// User is a person, or a program that signs in as one.
type User struct {
	// ID is the stable, opaque identifier of the user.
	ID string
	// Email is what people know the user by; unique, lower case.
	Email string
	// Name is for display.
	Name string
}

// Membership is one user's place in one tenant.
type Membership struct {
	// Tenant is the id of the tenant, as it appears in paths.
	Tenant string
	// TenantName is for display.
	TenantName string
	// Roles are what the user is in the tenant: "manager", "teller"…, sorted.
	Roles []string
	// Plans are what the tenant subscribes to, sorted.
	Plans []string
}

// Anonymous reports whether nobody is signed in.
func (s *Session) Anonymous() bool { return s == nil || s.User.ID == "" }

// In returns the user's membership of a tenant, nil when there is none.
func (s *Session) In(tenant string) *Membership {
	if s.Anonymous() {
		return nil
	}
	for i := range s.Memberships {
		if s.Memberships[i].Tenant == tenant {
			return &s.Memberships[i]
		}
	}
	return nil
}

// HasRole reports whether the user has any of the roles in the tenant. With
// no roles named, belonging to the tenant is enough.
func (s *Session) HasRole(tenant string, roles ...string) bool {
	m := s.In(tenant)
	if m == nil {
		return false
	}
	if len(roles) == 0 {
		return true
	}
	for _, r := range roles {
		if slices.Contains(m.Roles, r) {
			return true
		}
	}
	return false
}

// HasPlan reports whether the user belongs to the tenant and the tenant
// subscribes to any of the plans.
func (s *Session) HasPlan(tenant string, plans ...string) bool {
	m := s.In(tenant)
	if m == nil {
		return false
	}
	for _, p := range plans {
		if slices.Contains(m.Plans, p) {
			return true
		}
	}
	return false
}
