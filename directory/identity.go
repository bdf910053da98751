package directory

import (
	"slices"
	"strings"
	"time"

	"github.com/berth-project/berth/session"
)

// Identity is who a user is at one moment. It is immutable and shared.
type Identity struct {
	// User is the user as sessions carry it.
	User session.User
	// Memberships hold the roles and plans that count now, sorted by tenant.
	// A user whose every role in a tenant has expired is not in it.
	Memberships []session.Membership
	// ValidUntil is when the first of those roles or plans ends; zero when
	// none does.
	ValidUntil time.Time
	// Disabled means that the user's sessions do not count.
	Disabled bool
	// NotBefore ends every session signed in before it.
	NotBefore time.Time
}

// NewIdentity works out who the user of a record is at a moment.
func NewIdentity(rec Record, now time.Time) *Identity {
	id := &Identity{
		User:      session.User{ID: rec.User.ID, Email: rec.User.Email, Name: rec.User.Name},
		Disabled:  rec.User.Disabled,
		NotBefore: rec.User.SessionsNotBefore,
	}
	roles := make(map[string][]string)
	for _, g := range rec.Grants {
		if id.counts(g.ExpiresAt, now) {
			roles[g.Tenant] = append(roles[g.Tenant], g.Role)
		}
	}
	for _, t := range rec.Tenants {
		if held := roles[t.ID]; len(held) > 0 {
			slices.Sort(held)
			id.Memberships = append(id.Memberships, session.Membership{
				Tenant: t.ID, TenantName: t.Name, Roles: held, Plans: id.plans(t.Plans, now),
			})
		}
	}
	slices.SortFunc(id.Memberships, func(a, b session.Membership) int { return strings.Compare(a.Tenant, b.Tenant) })
	return id
}

func (id *Identity) plans(subs []Subscription, now time.Time) []string {
	var plans []string
	for _, s := range subs {
		if id.counts(s.EndsAt, now) {
			plans = append(plans, s.Plan)
		}
	}
	slices.Sort(plans)
	return plans
}

// counts reports whether something that ends at end is still running, and
// moves ValidUntil to that end when it is the first.
func (id *Identity) counts(end, now time.Time) bool {
	if end.IsZero() {
		return true
	}
	if !end.After(now) {
		return false
	}
	if id.ValidUntil.IsZero() || end.Before(id.ValidUntil) {
		id.ValidUntil = end
	}
	return true
}
