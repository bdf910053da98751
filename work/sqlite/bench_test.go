package sqlite_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/berth-project/berth/work/sqlite"
	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/work/store/storetest"
)

func openFile(b *testing.B) store.Store {
	b.Helper()
	s, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "work.db"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := s.Close(); err != nil {
			b.Error(err)
		}
	})
	return s
}

func BenchmarkFlush(b *testing.B) { storetest.Benchmark(b, openFile) }

// BenchmarkRestart reads a hundred thousand runs that wait.
func BenchmarkRestart(b *testing.B) { storetest.BenchmarkRestart(b, openFile, 100_000) }

// BenchmarkCommit is the disk alone: what a batch is to be compared with.
func BenchmarkCommit(b *testing.B) {
	f, err := os.Create(filepath.Join(b.TempDir(), "log"))
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	page := make([]byte, 4096)
	for b.Loop() {
		if _, err := f.Write(page); err != nil {
			b.Fatal(err)
		}
		if err := f.Sync(); err != nil {
			b.Fatal(err)
		}
	}
}
