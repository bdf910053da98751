package sqlite_test

import (
	"crypto/rand"
	"database/sql"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/berth-project/berth/directory"
)

// BenchmarkRecord is what a change in the directory costs for each user who
// is at work.
func BenchmarkRecord(b *testing.B) {
	s := open(b, filepath.Join(b.TempDir(), "directory.db"))
	ctx := b.Context()
	u, err := s.CreateUser(ctx, "ann@example.com", "Ann")
	if err != nil {
		b.Fatal(err)
	}
	for _, id := range []string{"north", "south"} {
		if _, err := s.CreateTenant(ctx, id, id); err != nil {
			b.Fatal(err)
		}
		if err := s.GrantRole(ctx, directory.Grant{User: u.ID, Tenant: id, Role: "teller"}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Record(ctx, u.ID); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSignOut is a session that ends and is asked for again, after
// 100,000 others have ended.
func BenchmarkSignOut(b *testing.B) {
	path := filepath.Join(b.TempDir(), "directory.db")
	s := open(b, path)
	r := directory.NewResolver(s, directory.ResolverConfig{}, slog.New(slog.DiscardHandler))
	db, err := sql.Open("sqlite", path)
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	ctx, until := b.Context(), time.Now().Add(time.Hour)
	if _, err := db.ExecContext(ctx, `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
		INSERT INTO revocations (session, user, until, at) SELECT 's' || i, 'u', ?, 1 FROM n`, until.UnixMilli()); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		id := rand.Text()
		if err := s.RevokeSession(ctx, directory.Revocation{Session: id, User: "u", Until: until}); err != nil {
			b.Fatal(err)
		}
		if st, err := r.Standing(ctx, id); err != nil || !st.Revoked() {
			b.Fatal(st, err)
		}
	}
}
