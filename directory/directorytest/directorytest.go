// Package directorytest fixes what a directory.Store means. Each store runs
// [Run] in its tests.
package directorytest

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/berth-project/berth/directory"
	"github.com/berth-project/berth/secret"
)

// Run puts a store through the suite. Open returns a new empty store, and
// closes it with t.Cleanup.
func Run(t *testing.T, open func(t *testing.T) directory.Store) {
	cases := map[string]func(t *testing.T, s directory.Store){
		"users":                        users,
		"emails are one per user":      emails,
		"users are listed in pages":    userPages,
		"disabling ends sessions":      disabling,
		"passwords":                    passwords,
		"tenants":                      tenants,
		"plans":                        plans,
		"roles":                        roles,
		"a deleted user has no roles":  deletedUser,
		"a deleted tenant has nothing": deletedTenant,
		"what is missing is not found": missing,
		"bad grammar is refused":       grammar,
		"revocations":                  revocations,
		"a record is all of a user":    record,
		"purging spares what counts":   purging,
		"an end long past is an end":   longPast,
		"the audit trail":              audit,
		"the audit trail is filtered":  auditFilter,
		"the audit trail ends":         auditEnds,
		"changes are told":             told,
		"concurrent writers":           concurrent,
		"a cancelled context":          cancelled,
	}
	for name, run := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run(t, open(t))
		})
	}
}

func wantErr(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: error %v, want %v", what, err, want)
	}
}

func must(t *testing.T, what string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

func newUser(t *testing.T, s directory.Store, email string) directory.User {
	t.Helper()
	u, err := s.CreateUser(t.Context(), email, "Some One")
	must(t, "CreateUser", err)
	return u
}

func newTenant(t *testing.T, s directory.Store, id string) {
	t.Helper()
	_, err := s.CreateTenant(t.Context(), id, "The "+id)
	must(t, "CreateTenant", err)
}

func diff(t *testing.T, what string, got, want any) {
	t.Helper()
	if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
		t.Errorf("%s differs (-want +got):\n%s", what, d)
	}
}

func users(t *testing.T, s directory.Store) {
	ctx := t.Context()
	before := time.Now().Add(-time.Second)
	u := newUser(t, s, "  Ann.Lee@Example.COM ")
	if u.Email != "ann.lee@example.com" || len(u.ID) != 22 || u.ID[:2] != "u_" || u.CreatedAt.Before(before) {
		t.Errorf("CreateUser() = %+v", u)
	}
	got, err := s.User(ctx, u.ID)
	must(t, "User", err)
	diff(t, "User", got, u)
	got, err = s.UserByEmail(ctx, "ANN.lee@example.com")
	must(t, "UserByEmail", err)
	diff(t, "UserByEmail", got, u)
	must(t, "DeleteUser", s.DeleteUser(ctx, u.ID))
	_, err = s.User(ctx, u.ID)
	wantErr(t, "User after deletion", err, directory.ErrNotFound)
	if again := newUser(t, s, "ann.lee@example.com"); again.ID == u.ID {
		t.Error("a user id was used twice")
	}
}

func emails(t *testing.T, s directory.Store) {
	newUser(t, s, "ann@example.com")
	_, err := s.CreateUser(t.Context(), "ANN@example.com", "Other")
	wantErr(t, "CreateUser with an email in use", err, directory.ErrConflict)
	if err != nil && err.Error() != "user ann@example.com: exists already" {
		t.Errorf("error %q, want who exists already", err)
	}
}

func userPages(t *testing.T, s directory.Store) {
	for _, email := range []string{"a@x.org", "b@x.org", "c@x.org", "d@x.org", "e@x.org"} {
		newUser(t, s, email)
	}
	seen, after := map[string]bool{}, ""
	for {
		page, err := s.Users(t.Context(), directory.Page{After: after, Limit: 2})
		must(t, "Users", err)
		if len(page) == 0 {
			break
		}
		if len(page) > 2 {
			t.Fatalf("Users() returned %d, want at most 2", len(page))
		}
		for _, u := range page {
			if u.ID <= after {
				t.Errorf("user %s after %s", u.ID, after)
			}
			seen[u.Email], after = true, u.ID
		}
	}
	if len(seen) != 5 {
		t.Errorf("pages showed %d users, want 5", len(seen))
	}
}

func disabling(t *testing.T, s directory.Store) {
	ctx := t.Context()
	u := newUser(t, s, "ann@example.com")
	began := time.Now()
	must(t, "DisableUser", s.DisableUser(ctx, u.ID))
	must(t, "DisableUser again", s.DisableUser(ctx, u.ID))
	got, err := s.User(ctx, u.ID)
	must(t, "User", err)
	if !got.Disabled || !got.SessionsNotBefore.After(began) || got.SessionsNotBefore.Nanosecond() != 0 {
		t.Errorf("disabled user: %+v, want disabled, sessions ended at a whole second after now", got)
	}
	must(t, "EnableUser", s.EnableUser(ctx, u.ID))
	after, err := s.User(ctx, u.ID)
	must(t, "User", err)
	if after.Disabled || after.SessionsNotBefore.Before(got.SessionsNotBefore) {
		t.Errorf("enabled user: %+v, want enabled with sessions still ended", after)
	}
}

func passwords(t *testing.T, s directory.Store) {
	ctx := t.Context()
	u := newUser(t, s, "ann@example.com")
	hash, err := s.PasswordHash(ctx, u.ID)
	must(t, "PasswordHash", err)
	if !hash.IsZero() {
		t.Error("a new user has a password")
	}
	must(t, "SetPasswordHash", s.SetPasswordHash(ctx, u.ID, secret.New("$canary$")))
	hash, err = s.PasswordHash(ctx, u.ID)
	must(t, "PasswordHash", err)
	if hash.Reveal() != "$canary$" {
		t.Error("PasswordHash() is not what was set")
	}
}

func tenants(t *testing.T, s directory.Store) {
	ctx := t.Context()
	newTenant(t, s, "north")
	newTenant(t, s, "acme-2")
	_, err := s.CreateTenant(ctx, "north", "Other")
	wantErr(t, "CreateTenant with an id in use", err, directory.ErrConflict)
	if err != nil && err.Error() != "tenant north: exists already" {
		t.Errorf("error %q, want what exists already", err)
	}
	got, err := s.Tenant(ctx, "north")
	must(t, "Tenant", err)
	if got.Name != "The north" || got.CreatedAt.IsZero() {
		t.Errorf("Tenant() = %+v", got)
	}
	list, err := s.Tenants(ctx, directory.Page{})
	must(t, "Tenants", err)
	if len(list) != 2 || list[0].ID != "acme-2" || list[1].ID != "north" {
		t.Errorf("Tenants() = %+v, want acme-2 and north", list)
	}
}

func plans(t *testing.T, s directory.Store) {
	ctx := t.Context()
	newTenant(t, s, "north")
	end := time.Now().Add(time.Hour).UTC().Truncate(time.Millisecond)
	must(t, "Subscribe", s.Subscribe(ctx, "north", directory.Subscription{Plan: "premium", EndsAt: end.Add(-time.Minute)}))
	must(t, "Subscribe again", s.Subscribe(ctx, "north", directory.Subscription{Plan: "premium", EndsAt: end}))
	must(t, "Subscribe without end", s.Subscribe(ctx, "north", directory.Subscription{Plan: "basic"}))
	got, err := s.Tenant(ctx, "north")
	must(t, "Tenant", err)
	diff(t, "plans", got.Plans, []directory.Subscription{{Plan: "basic"}, {Plan: "premium", EndsAt: end}})
	must(t, "Unsubscribe", s.Unsubscribe(ctx, "north", "premium"))
	wantErr(t, "Unsubscribe twice", s.Unsubscribe(ctx, "north", "premium"), directory.ErrNotFound)
	list, err := s.Tenants(ctx, directory.Page{})
	must(t, "Tenants", err)
	diff(t, "plans", list[0].Plans, []directory.Subscription{{Plan: "basic"}})
}

func roles(t *testing.T, s directory.Store) {
	ctx := t.Context()
	u := newUser(t, s, "ann@example.com")
	newTenant(t, s, "north")
	end := time.Now().Add(time.Hour).UTC().Truncate(time.Millisecond)
	g := directory.Grant{User: u.ID, Tenant: "north", Role: "teller"}
	must(t, "GrantRole", s.GrantRole(ctx, g))
	g.ExpiresAt = end
	must(t, "GrantRole again", s.GrantRole(ctx, g))
	list, err := s.Grants(ctx, directory.GrantFilter{User: u.ID})
	must(t, "Grants", err)
	diff(t, "grants of the user", list, []directory.Grant{g})
	list, err = s.Grants(ctx, directory.GrantFilter{Tenant: "south"})
	must(t, "Grants", err)
	diff(t, "grants of another tenant", list, []directory.Grant{})
	must(t, "RevokeRole", s.RevokeRole(ctx, g))
	wantErr(t, "RevokeRole twice", s.RevokeRole(ctx, g), directory.ErrNotFound)
}

func deletedUser(t *testing.T, s directory.Store) {
	ctx := t.Context()
	u := newUser(t, s, "ann@example.com")
	newTenant(t, s, "north")
	must(t, "GrantRole", s.GrantRole(ctx, directory.Grant{User: u.ID, Tenant: "north", Role: "teller"}))
	must(t, "DeleteUser", s.DeleteUser(ctx, u.ID))
	list, err := s.Grants(ctx, directory.GrantFilter{})
	must(t, "Grants", err)
	diff(t, "grants", list, []directory.Grant{})
}

func deletedTenant(t *testing.T, s directory.Store) {
	ctx := t.Context()
	u := newUser(t, s, "ann@example.com")
	newTenant(t, s, "north")
	must(t, "GrantRole", s.GrantRole(ctx, directory.Grant{User: u.ID, Tenant: "north", Role: "teller"}))
	must(t, "Subscribe", s.Subscribe(ctx, "north", directory.Subscription{Plan: "basic"}))
	must(t, "DeleteTenant", s.DeleteTenant(ctx, "north"))
	rec, err := s.Record(ctx, u.ID)
	must(t, "Record", err)
	diff(t, "record", rec, directory.Record{User: u})
	newTenant(t, s, "north")
	got, err := s.Tenant(ctx, "north")
	must(t, "Tenant", err)
	diff(t, "plans of a tenant made again", got.Plans, []directory.Subscription{})
}

func concurrent(t *testing.T, s directory.Store) {
	ctx := t.Context()
	newTenant(t, s, "north")
	var wg sync.WaitGroup
	for _, name := range []string{"a", "b", "c", "d", "e", "f", "g", "h"} {
		wg.Go(func() {
			u, err := s.CreateUser(ctx, name+"@example.com", name)
			if err == nil {
				err = s.GrantRole(ctx, directory.Grant{User: u.ID, Tenant: "north", Role: "teller"})
			}
			if err == nil {
				_, err = s.Record(ctx, u.ID)
			}
			if err != nil {
				t.Errorf("writer %s: %v", name, err)
			}
		})
	}
	wg.Wait()
	list, err := s.Grants(ctx, directory.GrantFilter{Tenant: "north"})
	must(t, "Grants", err)
	if len(list) != 8 {
		t.Errorf("%d grants, want 8", len(list))
	}
}

func cancelled(t *testing.T, s directory.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.CreateUser(ctx, "ann@example.com", ""); err == nil {
		t.Error("CreateUser() went on under a cancelled context")
	}
	_, err := s.UserByEmail(t.Context(), "ann@example.com")
	wantErr(t, "UserByEmail", err, directory.ErrNotFound)
	// What was typed at sign-in may be a password, and this error is logged.
	if _, err := s.UserByEmail(ctx, "ann@example.com"); err == nil || strings.Contains(err.Error(), "ann@") {
		t.Errorf("UserByEmail() under a cancelled context: error %v, want one without the address", err)
	}
}

func told(t *testing.T, s directory.Store) {
	ctx := t.Context()
	var mu sync.Mutex
	var lines []directory.Change
	s.OnChange(func(c directory.Change) {
		mu.Lock()
		defer mu.Unlock()
		lines = append(lines, c)
	})
	version := func() directory.Version {
		t.Helper()
		v, err := s.Version(ctx)
		must(t, "Version", err)
		return v
	}
	// wantTold asks for one more line, the same as in the trail, and a version
	// that moved to it.
	count := 0
	wantTold := func(what string, before directory.Version) {
		t.Helper()
		count++
		mu.Lock()
		defer mu.Unlock()
		if len(lines) != count {
			t.Fatalf("%s: %d calls, want %d", what, len(lines), count)
		}
		newest := lines[count-1]
		diff(t, what+" as told", newest, changes(t, s, directory.ChangeFilter{Limit: 1})[0])
		if v := version(); v.Commit == before.Commit || v.Change != newest.ID || v.Change <= before.Change {
			t.Errorf("%s: version %+v after %+v, want it moved to line %d", what, v, before, newest.ID)
		}
	}
	before := version()
	if again := version(); again != before {
		t.Errorf("Version() went from %+v to %+v without a change", before, again)
	}
	u := newUser(t, s, "ann@example.com")
	wantTold("CreateUser", before)
	before = version()
	_, err := s.CreateUser(ctx, "ann@example.com", "")
	wantErr(t, "CreateUser", err, directory.ErrConflict)
	if len(lines) != count || version() != before {
		t.Error("a change that failed was told")
	}
	must(t, "RevokeSessionsOf", s.RevokeSessionsOf(ctx, u.ID))
	wantTold("RevokeSessionsOf", before)
	before = version()
	must(t, "RevokeSession", s.RevokeSession(ctx, directory.Revocation{Session: "s1", User: u.ID, Until: time.Now().Add(-time.Hour)}))
	wantTold("RevokeSession", before)
	before = version()
	_, err = s.PurgeExpired(ctx, time.Now())
	must(t, "PurgeExpired", err)
	wantTold("PurgeExpired", before)
}
