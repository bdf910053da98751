package sqlite_test

import (
	"path/filepath"
	"testing"

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
