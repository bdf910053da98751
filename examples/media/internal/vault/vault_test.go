package vault_test

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/berth-project/berth/examples/media/internal/vault"
)

func open(t *testing.T, dir, tenant string) *vault.Tenant {
	t.Helper()
	v, err := vault.Open(dir, tenant)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = v.Close() })
	return v
}

func text(s string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, s)
		return err
	}
}

func TestAFileIsWrittenWholeOrNotAtAll(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	v := open(t, dir, "acme")
	name := vault.Work("r1", "a.txt")
	first, err := v.Write(name, text("hello"))
	want := vault.File{Name: "a.txt", Bytes: 5, SHA256: "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"}
	if err != nil || first != want {
		t.Fatalf("Write = %+v, %v, want %+v", first, err, want)
	}
	broken := errors.New("broken")
	if _, err := v.Write(name, func(w io.Writer) error { return errors.Join(text("other")(w), broken) }); !errors.Is(err, broken) {
		t.Errorf("Write = %v, want the error of the one who writes", err)
	}
	f, err := v.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if got, err := io.ReadAll(f); err != nil || string(got) != "hello" {
		t.Errorf("file = %q, %v, want what was whole", got, err)
	}
	if left, err := os.ReadDir(filepath.Join(dir, "acme", "work", "r1")); err != nil || len(left) != 1 {
		t.Errorf("directory = %v, %v, want one file", left, err)
	}
}

func TestNothingLeadsOutOfATenantsDirectory(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	zenith, acme := open(t, dir, "zenith"), open(t, dir, "acme")
	if _, err := zenith.Write(vault.Source("secret"), text("theirs")); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"../../zenith/sources/secret", "..", ".", "", "a/b", "/etc/passwd", "secret", "-"} {
		if f, err := acme.Open(vault.Source(id)); err == nil {
			t.Errorf("Open(Source(%q)) opens %s", id, f.Name())
		}
	}
	for _, id := range []string{"..", "../x", "", "a/b", "."} {
		if _, err := acme.Write(vault.Result("r1", id), text("x")); err == nil {
			t.Errorf("Write(Result(r1, %q)) writes", id)
		}
		if _, err := acme.Write(vault.Result(id, "a"), text("x")); err == nil {
			t.Errorf("Write(Result(%q, a)) writes", id)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "acme", "sources"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("../../zenith/sources/secret", filepath.Join(dir, "acme", "sources", "link")); err != nil {
		t.Fatal(err)
	}
	if f, err := acme.Open(vault.Source("link")); err == nil {
		t.Errorf("a link leads to %s", f.Name())
	}
	for _, tenant := range []string{"", "..", ".", "a/b", "Acme", "../acme", "-a"} {
		if _, err := vault.Open(dir, tenant); err == nil {
			t.Errorf("Open(%q) opens a directory", tenant)
		}
	}
}

func TestForgetAndTidy(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	v := open(t, dir, "acme")
	for _, name := range []string{vault.Work("r1", "a"), vault.Work("r2", "a"), vault.Result("r1", "a")} {
		if _, err := v.Write(name, text("x")); err != nil {
			t.Fatal(err)
		}
	}
	left := filepath.Join(dir, "acme", "results", "r1", ".unfinished-OF-A-KILLED-STEP")
	if err := os.WriteFile(left, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, do := range []func(string) error{v.Tidy, v.Forget, v.Forget, v.Tidy} {
		if err := do("r1"); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]bool{vault.Work("r1", "a"): false, vault.Work("r2", "a"): true, vault.Result("r1", "a"): true} {
		f, err := v.Open(name)
		if (err == nil) != want || err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s is there: %v, want %t", name, err, want)
		}
		if err == nil {
			_ = f.Close()
		}
	}
	if _, err := os.Stat(left); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("unfinished file: %v, want it gone", err)
	}
}

func TestSweepAllForgetsOldRunsOfAllTenants(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	old := time.Now().Add(-48 * time.Hour)
	for _, tenant := range []string{"acme", "zenith"} {
		v := open(t, dir, tenant)
		for _, run := range []string{"old", "new"} {
			if _, err := v.Write(vault.Work(run, "a"), text("x")); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Chtimes(filepath.Join(dir, tenant, "work", "old"), old, old); err != nil {
			t.Fatal(err)
		}
	}
	if err := vault.SweepAll(dir, time.Now().Add(-24*time.Hour)); err != nil {
		t.Fatal(err)
	}
	left, err := filepath.Glob(filepath.Join(dir, "*", "work", "*"))
	if err != nil || len(left) != 2 || filepath.Base(left[0]) != "new" || filepath.Base(left[1]) != "new" {
		t.Errorf("left = %v, %v, want the new run of each", left, err)
	}
	if err := vault.SweepAll(filepath.Join(dir, "nothing"), old); err != nil {
		t.Errorf("SweepAll of nothing = %v", err)
	}
}

func TestPublishedGivesTheNewestFirst(t *testing.T) {
	t.Parallel()
	v := open(t, t.TempDir(), "acme")
	if got, err := v.Published(5); err != nil || len(got) != 0 {
		t.Errorf("Published of nothing = %s, %v", got, err)
	}
	for _, run := range []string{"r2", "r1", "r3", "r3"} {
		if err := v.Publish(run, []byte(run)); err != nil {
			t.Fatal(err)
		}
	}
	got, err := v.Published(2)
	if err != nil || len(got) != 2 || string(got[0]) != "r3" || string(got[1]) != "r2" {
		t.Errorf("Published(2) = %s, %v, want r3 and r2", got, err)
	}
}
