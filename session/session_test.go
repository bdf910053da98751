package session_test

import (
	"testing"

	"github.com/berth-project/berth/session"
)

func TestRolesAndPlansHoldInTheirTenantOnly(t *testing.T) {
	t.Parallel()
	sess := teller()
	for _, tc := range []struct {
		name string
		got  bool
		want bool
	}{
		{"role held", sess.HasRole("acme", "teller"), true},
		{"one of the roles held", sess.HasRole("acme", "clerk", "teller"), true},
		{"role held elsewhere", sess.HasRole("bolt", "teller"), false},
		{"any role", sess.HasRole("bolt"), true},
		{"any role, no member", sess.HasRole("core"), false},
		{"part of a role's name", sess.HasRole("acme", "tell"), false},
		{"no tenant", sess.HasRole(""), false},
		{"plan", sess.HasPlan("acme", "premium"), true},
		{"plan held elsewhere", sess.HasPlan("bolt", "premium"), false},
		{"no plan named", sess.HasPlan("acme"), false},
	} {
		if tc.got != tc.want {
			t.Errorf("%s: %v, want %v", tc.name, tc.got, tc.want)
		}
	}
}

func TestAnonymousHasNothing(t *testing.T) {
	t.Parallel()
	leftovers := teller()
	leftovers.User.ID = ""
	for name, sess := range map[string]*session.Session{"nil": nil, "empty": {}, "without a user": &leftovers} {
		if !sess.Anonymous() || sess.In("acme") != nil || sess.HasRole("acme") || sess.HasPlan("acme", "premium") {
			t.Errorf("%s: has something", name)
		}
	}
}
