package postgres_test

import (
	"context"
	"os"
	"testing"

	"github.com/berth-project/berth/internal/postgrestest"
	"github.com/berth-project/berth/work/postgres"
	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/work/store/storetest"
)

var server postgrestest.Server

func TestMain(m *testing.M) {
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

func (backend) Shared() {}

func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) storetest.Backend { return backend{server.Database(t)} })
}
