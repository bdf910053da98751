package directorytest

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/berth-project/berth/directory"
	"github.com/berth-project/berth/secret"
)

func missing(t *testing.T, s directory.Store) {
	ctx := t.Context()
	u := newUser(t, s, "ann@example.com")
	newTenant(t, s, "north")
	_, errUser := s.User(ctx, "u_nobody")
	_, errEmail := s.UserByEmail(ctx, "nobody@example.com")
	_, errTenant := s.Tenant(ctx, "nowhere")
	_, errHash := s.PasswordHash(ctx, "u_nobody")
	_, errRecord := s.Record(ctx, "u_nobody")
	for what, c := range map[string]struct {
		err  error
		want string
	}{
		"User":                       {errUser, "user u_nobody"},
		"UserByEmail":                {errEmail, "user nobody@example.com"},
		"Tenant":                     {errTenant, "tenant nowhere"},
		"PasswordHash":               {errHash, "user u_nobody"},
		"Record":                     {errRecord, "user u_nobody"},
		"DisableUser":                {s.DisableUser(ctx, "u_nobody"), "user u_nobody"},
		"EnableUser":                 {s.EnableUser(ctx, "u_nobody"), "user u_nobody"},
		"DeleteUser":                 {s.DeleteUser(ctx, "u_nobody"), "user u_nobody"},
		"SetPasswordHash":            {s.SetPasswordHash(ctx, "u_nobody", secret.New("x")), "user u_nobody"},
		"RevokeSessionsOf":           {s.RevokeSessionsOf(ctx, "u_nobody"), "user u_nobody"},
		"DeleteTenant":               {s.DeleteTenant(ctx, "nowhere"), "tenant nowhere"},
		"Subscribe":                  {s.Subscribe(ctx, "nowhere", directory.Subscription{Plan: "basic"}), "tenant nowhere"},
		"Unsubscribe":                {s.Unsubscribe(ctx, "north", "basic"), "plan basic of tenant north"},
		"GrantRole to nobody":        {s.GrantRole(ctx, directory.Grant{User: "u_nobody", Tenant: "north", Role: "teller"}), "user u_nobody"},
		"GrantRole in no tenant":     {s.GrantRole(ctx, directory.Grant{User: u.ID, Tenant: "nowhere", Role: "teller"}), "tenant nowhere"},
		"Unsubscribe of no tenant":   {s.Unsubscribe(ctx, "nowhere", "basic"), "tenant nowhere"},
		"RevokeRole of nobody":       {s.RevokeRole(ctx, directory.Grant{User: "u_nobody", Tenant: "north", Role: "teller"}), "user u_nobody"},
		"RevokeRole in no tenant":    {s.RevokeRole(ctx, directory.Grant{User: u.ID, Tenant: "nowhere", Role: "teller"}), "tenant nowhere"},
		"RevokeRole that is not had": {s.RevokeRole(ctx, directory.Grant{User: u.ID, Tenant: "north", Role: "teller"}), "role teller of user " + u.ID + " in tenant north"},
	} {
		wantErr(t, what, c.err, directory.ErrNotFound)
		if c.err != nil && c.err.Error() != c.want+": not found" {
			t.Errorf("%s: error %q, want %q to be named as what is not found", what, c.err, c.want)
		}
	}
}

func grammar(t *testing.T, s directory.Store) {
	ctx := t.Context()
	u := newUser(t, s, "ann@example.com")
	newTenant(t, s, "north")
	create := func(email, name string) error {
		_, err := s.CreateUser(ctx, email, name)
		return err
	}
	tenant := func(id, name string) error {
		_, err := s.CreateTenant(ctx, id, name)
		return err
	}
	for _, c := range []struct {
		field string
		err   error
	}{
		{"email", create("nobody", "")},
		{"email", create("a b@example.com", "")},
		{"email", create("bob@example..com", "")},
		{"name", create("bob@example.com", "two\nlines")},
		{"name", create("bob@example.com", strings.Repeat("x", 201))},
		{"tenant", tenant("", "")},
		{"tenant", tenant("North", "")},
		{"tenant", tenant("a/b", "")},
		{"tenant", tenant("-a", "")},
		{"tenant", tenant(strings.Repeat("a", 64), "")},
		{"name", tenant("ok", "bad\x00")},
		{"plan", s.Subscribe(ctx, "north", directory.Subscription{Plan: "Premium!"})},
		{"role", s.GrantRole(ctx, directory.Grant{User: u.ID, Tenant: "north", Role: "a--b"})},
		{"session", s.RevokeSession(ctx, directory.Revocation{Until: time.Now()})},
		{"session", s.RevokeSession(ctx, directory.Revocation{Session: strings.Repeat("s", 129), Until: time.Now()})},
		{"until", s.RevokeSession(ctx, directory.Revocation{Session: "s1"})},
	} {
		var invalid *directory.InvalidError
		if !errors.As(c.err, &invalid) || invalid.Field != c.field {
			t.Errorf("error %v, want *InvalidError of field %s", c.err, c.field)
		}
	}
}

func revocations(t *testing.T, s directory.Store) {
	ctx := t.Context()
	u := newUser(t, s, "ann@example.com")
	until := time.Now().Add(time.Hour).UTC().Truncate(time.Millisecond)
	must(t, "RevokeSession", s.RevokeSession(ctx, directory.Revocation{Session: "s1", User: u.ID, Until: until}))
	must(t, "RevokeSession for less long", s.RevokeSession(ctx, directory.Revocation{Session: "s1", User: u.ID, Until: until.Add(-time.Minute)}))
	for _, other := range []string{"s2", "S1", "s", "s1 ", "%", ""} {
		wantRevoked(t, s, other, false)
	}
	_, err := s.PurgeExpired(ctx, until.Add(-time.Second))
	must(t, "PurgeExpired", err)
	wantRevoked(t, s, "s1", true)
	_, err = s.PurgeExpired(ctx, until.Add(time.Second))
	must(t, "PurgeExpired", err)
	wantRevoked(t, s, "s1", false)
	must(t, "RevokeSessionsOf", s.RevokeSessionsOf(ctx, u.ID))
	got, err := s.User(ctx, u.ID)
	must(t, "User", err)
	if got.Disabled || !got.SessionsNotBefore.After(time.Now().Add(-time.Second)) {
		t.Errorf("after RevokeSessionsOf: %+v", got)
	}
}

func record(t *testing.T, s directory.Store) {
	ctx := t.Context()
	u := newUser(t, s, "ann@example.com")
	other := newUser(t, s, "bob@example.com")
	for _, id := range []string{"south", "north", "west"} {
		newTenant(t, s, id)
	}
	for tenant, plan := range map[string]string{"north": "basic", "west": "premium"} {
		must(t, "Subscribe", s.Subscribe(ctx, tenant, directory.Subscription{Plan: plan}))
	}
	for _, g := range []directory.Grant{
		{User: u.ID, Tenant: "south", Role: "manager"},
		{User: u.ID, Tenant: "north", Role: "teller"},
		{User: u.ID, Tenant: "north", Role: "manager"},
		{User: other.ID, Tenant: "west", Role: "manager"},
	} {
		must(t, "GrantRole", s.GrantRole(ctx, g))
	}
	rec, err := s.Record(ctx, u.ID)
	must(t, "Record", err)
	for i := range rec.Tenants {
		rec.Tenants[i].CreatedAt = time.Time{}
	}
	diff(t, "record", rec, directory.Record{
		User: u,
		Grants: []directory.Grant{
			{User: u.ID, Tenant: "north", Role: "manager"},
			{User: u.ID, Tenant: "north", Role: "teller"},
			{User: u.ID, Tenant: "south", Role: "manager"},
		},
		Tenants: []directory.Tenant{
			{ID: "north", Name: "The north", Plans: []directory.Subscription{{Plan: "basic"}}},
			{ID: "south", Name: "The south"},
		},
	})
}

func purging(t *testing.T, s directory.Store) {
	ctx := t.Context()
	u := newUser(t, s, "ann@example.com")
	newTenant(t, s, "north")
	now := time.Now()
	past, future := now.Add(-time.Hour), now.Add(time.Hour)
	for role, end := range map[string]time.Time{"teller": past, "manager": future, "owner": {}} {
		must(t, "GrantRole", s.GrantRole(ctx, directory.Grant{User: u.ID, Tenant: "north", Role: role, ExpiresAt: end}))
		must(t, "Subscribe", s.Subscribe(ctx, "north", directory.Subscription{Plan: role, EndsAt: end}))
	}
	must(t, "RevokeSession", s.RevokeSession(ctx, directory.Revocation{Session: "old", User: u.ID, Until: past}))
	must(t, "RevokeSession", s.RevokeSession(ctx, directory.Revocation{Session: "new", User: u.ID, Until: future}))
	got, err := s.PurgeExpired(ctx, now)
	must(t, "PurgeExpired", err)
	diff(t, "PurgeExpired", got, directory.Purged{Grants: 1, Subscriptions: 1, Revocations: 1})
	before, err := s.Version(ctx)
	must(t, "Version", err)
	got, err = s.PurgeExpired(ctx, now)
	must(t, "PurgeExpired again", err)
	diff(t, "PurgeExpired again", got, directory.Purged{})
	after, err := s.Version(ctx)
	must(t, "Version", err)
	if before != after {
		t.Error("purging nothing changed the version: everybody would be read again")
	}
	rec, err := s.Record(ctx, u.ID)
	must(t, "Record", err)
	if len(rec.Grants) != 2 || len(rec.Tenants[0].Plans) != 2 {
		t.Errorf("left after purging: %+v", rec)
	}
	wantRevoked(t, s, "old", false)
	wantRevoked(t, s, "new", true)
}

func wantRevoked(t *testing.T, s directory.Store, session string, want bool) {
	t.Helper()
	got, err := s.SessionRevoked(t.Context(), session)
	must(t, "SessionRevoked", err)
	if got != want {
		t.Errorf("SessionRevoked(%q) = %v, want %v", session, got, want)
	}
}

// longPast holds ends at moments a database may keep as zero, or below it, to
// the rule that only a zero time.Time means never.
func longPast(t *testing.T, s directory.Store) {
	ctx := t.Context()
	u := newUser(t, s, "ann@example.com")
	epoch := time.Unix(0, 0)
	for tenant, end := range map[string]time.Time{
		"at-the-epoch": epoch, "just-behind": epoch.Add(time.Nanosecond), "before": epoch.AddDate(-1, 0, 0),
	} {
		newTenant(t, s, tenant)
		must(t, "GrantRole", s.GrantRole(ctx, directory.Grant{User: u.ID, Tenant: tenant, Role: "manager", ExpiresAt: end}))
		must(t, "Subscribe", s.Subscribe(ctx, tenant, directory.Subscription{Plan: "premium", EndsAt: end}))
		must(t, "RevokeSession", s.RevokeSession(ctx, directory.Revocation{Session: tenant, User: u.ID, Until: end}))
		got, err := s.Tenant(ctx, tenant)
		must(t, "Tenant", err)
		if len(got.Plans) != 1 || got.Plans[0].EndsAt.IsZero() {
			t.Errorf("a plan that ended %s never ends: %+v", tenant, got.Plans)
		}
	}
	rec, err := s.Record(ctx, u.ID)
	must(t, "Record", err)
	if id := directory.NewIdentity(rec, time.Now()); len(rec.Grants) != 3 || len(id.Memberships) != 0 {
		t.Errorf("roles that ended long ago count: %+v", id.Memberships)
	}
	purged, err := s.PurgeExpired(ctx, time.Now())
	must(t, "PurgeExpired", err)
	diff(t, "PurgeExpired", purged, directory.Purged{Grants: 3, Subscriptions: 3, Revocations: 3})
}

func audit(t *testing.T, s directory.Store) {
	ctx := directory.WithActor(t.Context(), "cli:root")
	u, err := s.CreateUser(ctx, "ann@example.com", "Ann")
	must(t, "CreateUser", err)
	must(t, "SetPasswordHash", s.SetPasswordHash(t.Context(), u.ID, secret.New("$canary$")))
	wantErr(t, "DeleteUser", s.DeleteUser(ctx, "u_nobody"), directory.ErrNotFound)
	list := changes(t, s, directory.ChangeFilter{Limit: 10})
	if len(list) != 2 {
		t.Fatalf("%d changes, want 2: one that failed is none: %+v", len(list), list)
	}
	first, last := list[1], list[0]
	if first.Actor != "cli:root" || first.Action != "user.create" || first.Subject != u.ID || first.At.IsZero() {
		t.Errorf("first change: %+v", first)
	}
	if last.Actor != "unknown" || last.Action != "user.password" || strings.Contains(last.Detail, "canary") {
		t.Errorf("last change: %+v", last)
	}
	if limited := changes(t, s, directory.ChangeFilter{Limit: 1}); len(limited) != 1 || limited[0].ID != last.ID {
		t.Errorf("Changes(1) = %+v, want the newest", limited)
	}
}

func changes(t *testing.T, s directory.Store, filter directory.ChangeFilter) []directory.Change {
	t.Helper()
	list, err := s.Changes(t.Context(), filter)
	must(t, "Changes", err)
	return list
}

func auditFilter(t *testing.T, s directory.Store) {
	ctx := t.Context()
	ann, bob := newUser(t, s, "ann@example.com"), newUser(t, s, "bob@example.com")
	newTenant(t, s, "north")
	newTenant(t, s, "south")
	g := directory.Grant{User: ann.ID, Tenant: "north", Role: "teller"}
	must(t, "GrantRole", s.GrantRole(ctx, g))
	must(t, "Subscribe", s.Subscribe(ctx, "south", directory.Subscription{Plan: "basic"}))
	must(t, "RevokeSession", s.RevokeSession(ctx, directory.Revocation{Session: "s1", User: ann.ID, Until: time.Now()}))
	must(t, "RevokeSessionsOf", s.RevokeSessionsOf(ctx, bob.ID))
	must(t, "RevokeRole", s.RevokeRole(ctx, g))
	must(t, "DeleteUser", s.DeleteUser(ctx, ann.ID))
	all := changes(t, s, directory.ChangeFilter{})
	for what, c := range map[string]struct {
		filter directory.ChangeFilter
		want   string
	}{
		"all":             {directory.ChangeFilter{}, "user.delete role.revoke session.revoke_all session.revoke plan.subscribe role.grant tenant.create tenant.create user.create user.create"},
		"a deleted user":  {directory.ChangeFilter{User: ann.ID}, "user.delete role.revoke session.revoke role.grant user.create"},
		"a tenant":        {directory.ChangeFilter{Tenant: "north"}, "role.revoke role.grant tenant.create"},
		"both":            {directory.ChangeFilter{User: ann.ID, Tenant: "north"}, "role.revoke role.grant"},
		"nobody":          {directory.ChangeFilter{User: "u_nobody"}, ""},
		"after a line":    {directory.ChangeFilter{After: all[2].ID}, "user.delete role.revoke"},
		"before a line":   {directory.ChangeFilter{Before: all[7].ID}, "user.create user.create"},
		"the page before": {directory.ChangeFilter{Before: all[1].ID, Limit: 2}, "session.revoke_all session.revoke"},
	} {
		var got []string
		for _, line := range changes(t, s, c.filter) {
			got = append(got, line.Action)
		}
		diff(t, "changes of "+what, strings.Join(got, " "), c.want)
	}
	grant := all[5]
	diff(t, "the grant's line", grant, directory.Change{
		ID: grant.ID, At: grant.At, Actor: "unknown", Action: "role.grant", Subject: ann.ID, User: ann.ID, Tenant: "north", Detail: "teller",
	})
	if line := all[3]; line.Subject != "s1" || line.User != ann.ID || line.Action != directory.ActionRevokeSession {
		t.Errorf("the revocation's line: %+v", line)
	}
}

func auditEnds(t *testing.T, s directory.Store) {
	ctx := t.Context()
	newUser(t, s, "ann@example.com")
	newTenant(t, s, "north")
	made := changes(t, s, directory.ChangeFilter{})[0].At
	got, err := s.PurgeExpired(ctx, made.Add(directory.ChangesKept-time.Minute))
	must(t, "PurgeExpired", err)
	diff(t, "PurgeExpired before the trail ends", got, directory.Purged{})
	got, err = s.PurgeExpired(ctx, made.Add(directory.ChangesKept+time.Minute))
	must(t, "PurgeExpired", err)
	diff(t, "PurgeExpired after the trail ends", got, directory.Purged{Changes: 2})
	if left := changes(t, s, directory.ChangeFilter{}); len(left) != 1 || left[0].Action != directory.ActionPurge {
		t.Errorf("left of the trail: %+v, want what was done last", left)
	}
}
