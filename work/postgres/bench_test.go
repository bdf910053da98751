package postgres_test

import (
	"testing"

	"github.com/berth-project/berth/internal/postgrestest"
	"github.com/berth-project/berth/work/postgres"
	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/work/store/storetest"
)

// opener opens a new database of a server that syncs each commit.
func opener(b *testing.B) func(*testing.B) store.Store {
	b.Helper()
	synced := &postgrestest.Server{Sync: true}
	b.Cleanup(synced.Stop)
	return func(b *testing.B) store.Store {
		b.Helper()
		s, err := postgres.Open(b.Context(), synced.Database(b))
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
}

func BenchmarkFlush(b *testing.B) { storetest.Benchmark(b, opener(b)) }

// BenchmarkRestart reads a hundred thousand runs that wait.
func BenchmarkRestart(b *testing.B) { storetest.BenchmarkRestart(b, opener(b), 100_000) }
