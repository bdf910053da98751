package sqlite_test

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/berth-project/berth/work/sqlite"
	"github.com/berth-project/berth/work/store"
)

func TestSecondOpenNamesTheHolder(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "work.db")
	s, err := sqlite.Open(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	var _ store.Store = s
	if _, err := sqlite.Open(context.Background(), path); err == nil {
		t.Error("a second Open succeeded")
	} else {
		t.Log(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := sqlite.Open(context.Background(), path)
	if err != nil {
		t.Fatalf("open after close: %v", err)
	}
	if err := again.Close(); err != nil {
		t.Fatal(err)
	}
}
