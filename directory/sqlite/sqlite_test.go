package sqlite_test

import (
	"database/sql"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/berth-project/berth/directory"
	"github.com/berth-project/berth/directory/directorytest"
	"github.com/berth-project/berth/directory/sqlite"
)

func open(t testing.TB, path string) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(path, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close() = %v", err)
		}
	})
	return s
}

func TestStoreConforms(t *testing.T) {
	t.Parallel()
	directorytest.Run(t, func(t *testing.T) directory.Store {
		return open(t, filepath.Join(t.TempDir(), "directory.db"))
	})
}

func TestChangesSurviveReopening(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "new", "odd ?#%41 name.db")
	s, err := sqlite.Open(path, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	u, err := s.CreateUser(t.Context(), "ann@example.com", "Ann")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("the file is not where it should be: %v", err)
	}
	got, err := open(t, path).User(t.Context(), u.ID)
	if err != nil || got.Email != "ann@example.com" {
		t.Errorf("User() = %+v, %v", got, err)
	}
}

func TestFileIsForItsOwnerAlone(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "data", "directory.db")
	s := open(t, path)
	if _, err := s.CreateUser(t.Context(), "ann@example.com", ""); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", filepath.Base(name), info.Mode())
		}
	}
}

func TestOtherConnectionMovesVersion(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "directory.db")
	mine, other := open(t, path), open(t, path)
	before, err := mine.Version(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.CreateUser(t.Context(), "ann@example.com", ""); err != nil {
		t.Fatal(err)
	}
	after, err := mine.Version(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if before == after {
		t.Error("Version() did not notice a commit by another store")
	}
}

func TestNewerFileIsRefused(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "directory.db")
	open(t, path)
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), `UPDATE schema_version SET version = 999`); err != nil {
		t.Fatal(err)
	}
	s, err := sqlite.Open(path, slog.New(slog.DiscardHandler))
	if err == nil {
		_ = s.Close()
		t.Fatal("Open() took a file of schema version 999")
	}
	if !strings.Contains(err.Error(), "newer berth") {
		t.Errorf("Open() = %v, want it to name the newer berth", err)
	}
}

func TestMigrationTogether(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "directory.db")
	errs := make(chan error, 4)
	for range cap(errs) {
		go func() {
			s, err := sqlite.Open(path, slog.New(slog.DiscardHandler))
			if err == nil {
				err = s.Close()
			}
			errs <- err
		}()
	}
	for range cap(errs) {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
}

func TestNotADatabase(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "directory.db")
	if err := os.WriteFile(path, []byte(strings.Repeat("not a database ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	if s, err := sqlite.Open(path, slog.New(slog.DiscardHandler)); err == nil {
		_ = s.Close()
		t.Error("Open() took a text file")
	}
}
