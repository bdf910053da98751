package postgres_test

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/berth-project/berth/internal/postgrestest"
	"github.com/berth-project/berth/work/postgres"
	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/work/store/storetest"
)

var server postgrestest.Server

func TestMain(m *testing.M) {
	if url := os.Getenv(role); url != "" {
		fmt.Fprintln(os.Stderr, write(url))
		os.Exit(1)
	}
	code := m.Run()
	server.Stop()
	os.Exit(code)
}

// backend is a database.
type backend struct{ url string }

func (b backend) Open(t *testing.T, hook func(store.Stage) error) store.Store {
	t.Helper()
	s, err := postgres.Config{URL: b.url, Hook: hook}.Open(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, fresh)
}

func TestSharedStore(t *testing.T) {
	t.Parallel()
	storetest.RunShared(t, fresh)
}

// fresh is a backend in a database of its own.
func fresh(t *testing.T) storetest.Backend {
	t.Helper()
	return backend{server.Database(t)}
}

func Example() {
	ctx := context.Background()
	s, err := postgres.Config{URL: "postgres://berth@db.internal/app", Schema: "berth"}.Open(ctx)
	if err != nil {
		return // the database cannot be reached, or is of a newer Berth
	}
	defer s.Close()
	owner, err := s.Acquire(ctx, 0, "node-1", "http://10.0.0.1:8080", 10_000)
	fmt.Println(owner.Node, err)
}
