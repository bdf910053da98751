package sqlite_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/berth-project/berth/work/sqlite"
	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/work/store/storetest"
)

// backend is a file.
type backend struct{ path string }

func (b backend) Open(t *testing.T, hook func(store.Stage) error) store.Store {
	t.Helper()
	s, err := sqlite.Config{Path: b.path, Hook: hook}.Open(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) storetest.Backend {
		return backend{filepath.Join(t.TempDir(), "work.db")}
	})
}

func TestASecondProcessIsToldWhoHasTheFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "work.db")
	s, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	_, err = sqlite.Open(t.Context(), path)
	if want := fmt.Sprintf("process %d on ", os.Getpid()); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("a second Open: %v, want an error with %q", err, want)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatalf("Open after Close: %v", err)
	}
	if err := again.Close(); err != nil {
		t.Fatal(err)
	}
}

// A caller whose time is over leaves its job behind: it must not read what the job
// writes. The race detector sees it.
func TestACallerMayLeaveItsJobBehind(t *testing.T) {
	t.Parallel()
	s, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "work.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for range 200 {
		o, err := s.Acquire(gone, 1, "node", "", 1000)
		if err != nil && o != (store.Owner{}) {
			t.Fatalf("Acquire = %+v, %v, want no owner", o, err)
		}
		if v, err := s.PutSetting(gone, store.Setting{Kind: "k", ID: "i", Version: -1}); err != nil && v != 0 {
			t.Fatalf("PutSetting = %d, %v, want no version", v, err)
		}
	}
}
