package sqlite_test

import (
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/berth-project/berth/directory"
)

// execute changes a file behind the back of any store.
func execute(t *testing.T, path, query string, args ...any) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), query, args...); err != nil {
		t.Fatal(err)
	}
}

// TestTrailKeepsTheNewestLines puts a line far ahead, as if the ones between
// were there.
func TestTrailKeepsTheNewestLines(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "directory.db")
	s := open(t, path)
	ctx := t.Context()
	for _, id := range []string{"one", "two", "three"} {
		if _, err := s.CreateTenant(ctx, id, ""); err != nil {
			t.Fatal(err)
		}
	}
	purge := func(want int64) {
		t.Helper()
		got, err := s.PurgeExpired(ctx, time.Now())
		if err != nil || got != (directory.Purged{Changes: want}) {
			t.Errorf("PurgeExpired() = %+v, %v, want %d changes", got, err, want)
		}
	}
	last := func(id int64) {
		execute(t, path, `INSERT INTO changes (id, at, actor, action, subject, detail) VALUES (?, ?, 'x', 'x', 'x', '')`, id, time.Now().UnixMilli())
	}
	last(directory.MaxChanges)
	purge(0) // exactly as many as there may be
	last(directory.MaxChanges + 1)
	purge(2) // the one too many, and room for the line of the purge
	purge(0)
	list, err := s.Changes(ctx, directory.ChangeFilter{})
	if err != nil || len(list) != 4 || list[0].Action != directory.ActionPurge || list[3].Subject != "three" {
		t.Errorf("left: %+v, %v", list, err)
	}
}

func TestPurgeGoesOnAfterABatch(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "directory.db")
	s := open(t, path)
	execute(t, path, `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 25000)
		INSERT INTO revocations (session, user, until, at) SELECT 's' || i, 'u', 1, 1 FROM n`)
	execute(t, path, `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 15000)
		INSERT INTO changes (at, actor, action, subject, detail) SELECT 1, 'x', 'x', 'x', '' FROM n`)
	got, err := s.PurgeExpired(t.Context(), time.Now())
	if want := (directory.Purged{Revocations: 25_000, Changes: 15_000}); err != nil || got != want {
		t.Errorf("PurgeExpired() = %+v, %v, want %+v", got, err, want)
	}
	list, err := s.Changes(t.Context(), directory.ChangeFilter{})
	if err != nil || len(list) != 3 { // one of each transaction
		t.Errorf("left of the trail: %d lines, %v, want 3", len(list), err)
	}
}

func TestTrailOfAnOlderFileIsFiltered(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "directory.db")
	schema, err := os.ReadFile("migrations/0001_directory.sql")
	if err != nil {
		t.Fatal(err)
	}
	execute(t, path, string(schema)+`;
		CREATE TABLE schema_version (only INTEGER PRIMARY KEY CHECK (only = 1), version INTEGER NOT NULL) STRICT;
		INSERT INTO schema_version VALUES (1, 1);
		INSERT INTO changes (at, actor, action, subject, detail) VALUES
			(1, 'cli', 'user.create', 'u_ann', 'ann@example.com'),
			(1, 'cli', 'tenant.create', 'north', ''),
			(1, 'cli', 'plan.subscribe', 'north', 'basic'),
			(1, 'cli', 'role.grant', 'u_ann', 'north teller until 2027-01-01T00:00:00Z'),
			(1, 'cli', 'session.revoke', 's1', 'u_ann'),
			(1, 'cli', 'session.revoke_all', 'u_ann', ''),
			(1, 'purger', 'purge', 'expired', '')`)
	got, err := open(t, path).Changes(t.Context(), directory.ChangeFilter{})
	if err != nil {
		t.Fatal(err)
	}
	want := []directory.Change{
		{Action: "purge", Subject: "expired"},
		{Action: "session.revoke_all", Subject: "u_ann", User: "u_ann"},
		{Action: "session.revoke", Subject: "s1", User: "u_ann"},
		{Action: "role.grant", Subject: "u_ann", User: "u_ann", Tenant: "north", Detail: "teller until 2027-01-01T00:00:00Z"},
		{Action: "plan.subscribe", Subject: "north", Tenant: "north", Detail: "basic"},
		{Action: "tenant.create", Subject: "north", Tenant: "north"},
		{Action: "user.create", Subject: "u_ann", User: "u_ann", Detail: "ann@example.com"},
	}
	if d := cmp.Diff(want, got, cmpopts.IgnoreFields(directory.Change{}, "ID", "At", "Actor")); d != "" {
		t.Errorf("changes differ (-want +got):\n%s", d)
	}
}

// TestOwnersEditIsNoticed is somebody with a database shell: a commit that
// moves the version and leaves no line.
func TestOwnersEditIsNoticed(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "directory.db")
	s := open(t, path)
	if _, err := s.CreateUser(t.Context(), "ann@example.com", ""); err != nil {
		t.Fatal(err)
	}
	before, err := s.Version(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	execute(t, path, `UPDATE users SET disabled = 1`)
	after, err := s.Version(t.Context())
	if err != nil || after.Commit == before.Commit || after.Change != before.Change {
		t.Errorf("Version() = %+v, %v after %+v, want another commit and the same line", after, err, before)
	}
}

// TestRevocationIsLookedUpByItsKey is why a sign-out costs the same however
// many there were.
func TestRevocationIsLookedUpByItsKey(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "directory.db")
	open(t, path)
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, c := range []struct{ query, want string }{
		{`SELECT 1 FROM revocations WHERE session = ?`, "SEARCH revocations USING PRIMARY KEY (session=?)"},
		{`SELECT session FROM revocations WHERE until < ? LIMIT 1`, "revocations_by_until (until<?)"},
		{`SELECT id FROM changes WHERE id > ? ORDER BY id DESC LIMIT 1`, "SEARCH changes USING INTEGER PRIMARY KEY (rowid>?)"},
	} {
		var id, parent, unused int
		var plan string
		if err := db.QueryRowContext(t.Context(), "EXPLAIN QUERY PLAN "+c.query, 0).Scan(&id, &parent, &unused, &plan); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(plan, c.want) {
			t.Errorf("%s: %s, want %s", c.query, plan, c.want)
		}
	}
}
