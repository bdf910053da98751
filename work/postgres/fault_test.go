package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/berth-project/berth/internal/postgrestest"
	"github.com/berth-project/berth/work/postgres"
	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/work/store/storetest"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

// role makes this program a process that writes until it is killed.
const role = "BERTH_TEST_POSTGRES_WRITER"

func write(url string) error {
	s, err := postgres.Open(context.Background(), url)
	if err != nil {
		return err
	}
	return storetest.Write(context.Background(), s, os.Stdout)
}

func TestNothingAcknowledgedIsLostWhenTheProcessIsKilled(t *testing.T) {
	t.Parallel()
	url := server.Database(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	storetest.Kill(t, 4, func() *exec.Cmd {
		cmd := exec.CommandContext(t.Context(), self)
		cmd.Env = append(os.Environ(), role+"="+url)
		cmd.Stderr = os.Stderr
		return cmd
	}, func() store.Store { return backend{url}.Open(t, nil) })
}

// batchOf is the owner's next batch, with one run.
func batchOf(o store.Owner, seq uint64) *store.Batch {
	return &store.Batch{
		Owner: o, Seq: seq, Now: 1, Documents: []store.Document{{Hash: store.Hash{1}, Body: []byte("{}")}},
		Inserts: []store.Record{{
			Meta:     machine.Meta{ID: workflow.RunID(seq), Tenant: "t", Queue: "q"},
			Document: store.Hash{1}, Status: machine.Queued, State: []byte("s"),
		}},
	}
}

// flushed sends a batch again and again, as the engine does, until it is
// answered.
func flushed(t *testing.T, s store.Store, b *store.Batch) error {
	t.Helper()
	var err error
	for range 50 {
		if _, err = s.Flush(t.Context(), b); err == nil || errors.Is(err, store.ErrNotOwner) || errors.Is(err, store.ErrGap) {
			return err
		}
	}
	return err
}

func TestABatchIsWrittenOnceThoughItsConnectionBreaksAtAnyStage(t *testing.T) {
	t.Parallel()
	url := server.Database(t)
	var cut store.Stage = -1
	s := backend{url}.Open(t, func(at store.Stage) error {
		if at != cut {
			return nil
		}
		cut = -1
		// The server ends every other connection to this database.
		server.Psql(t, url, `SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`)
		return nil
	})
	defer s.Close()
	o, err := s.Acquire(t.Context(), 0, "one", "", 60_000)
	if err != nil {
		t.Fatal(err)
	}
	for seq := uint64(1); seq <= 6; seq++ {
		cut = []store.Stage{store.Staged, store.Committed}[seq%2]
		if err := flushed(t, s, batchOf(o, seq)); err != nil {
			t.Fatalf("Flush of batch %d: %v", seq, err)
		}
	}
	n, err := s.Count(t.Context(), store.Filter{}, 100)
	if err != nil || n != 6 {
		t.Errorf("%d runs are stored, %v; want 6", n, err)
	}
}

func TestNothingIsLostWhenTheServerCrashes(t *testing.T) {
	t.Parallel()
	var own postgrestest.Server
	t.Cleanup(own.Stop)
	url := own.Database(t)
	s := backend{url}.Open(t, nil)
	defer s.Close()
	o, err := s.Acquire(t.Context(), 0, "one", "", 60_000)
	if err != nil {
		t.Fatal(err)
	}
	for seq := uint64(1); seq <= 6; seq++ {
		if seq%3 == 0 {
			own.Crash(t)
		}
		if err := flushed(t, s, batchOf(o, seq)); err != nil {
			t.Fatalf("Flush of batch %d: %v", seq, err)
		}
	}
	n, err := s.Count(t.Context(), store.Filter{}, 100)
	if err != nil || n != 6 {
		t.Errorf("%d runs are stored, %v; want 6", n, err)
	}
	// Hints are heard again.
	if _, err := s.PutSetting(t.Context(), store.Setting{Kind: "k", ID: "a"}); err != nil {
		t.Fatal(err)
	}
	<-s.Wake()
}

func TestSchemasOfOneDatabaseAreStoresOfTheirOwn(t *testing.T) {
	t.Parallel()
	url := server.Database(t)
	for _, schema := range []string{"", `odd "name"`, "third"} {
		s, err := postgres.Config{URL: url, Schema: schema}.Open(t.Context())
		if err != nil {
			t.Fatalf("Open of schema %q: %v", schema, err)
		}
		if _, err := s.PutSetting(t.Context(), store.Setting{Kind: "k", ID: "a"}); err != nil {
			t.Errorf("PutSetting in schema %q: %v", schema, err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestARoleThatMayNotMakeSchemasUsesOneThatIsThere(t *testing.T) {
	t.Parallel()
	url := server.Database(t)
	name := strings.ToLower(strings.ReplaceAll(t.Name(), "/", "_"))[:40]
	server.Psql(t, url, fmt.Sprintf(`CREATE ROLE %s LOGIN; CREATE SCHEMA berth AUTHORIZATION %[1]s`, name))
	for range 2 {
		s, err := postgres.Open(t.Context(), strings.Replace(url, "//berth@", "//"+name+"@", 1))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestADatabaseOfANewerBerthIsRefused(t *testing.T) {
	t.Parallel()
	url := server.Database(t)
	s := backend{url}.Open(t, nil)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	server.Psql(t, url, `UPDATE berth.schema_version SET version = 99`)
	if _, err := postgres.Open(t.Context(), url); err == nil || !strings.Contains(err.Error(), "newer") {
		t.Errorf("Open: %v, want an error that says it is of a newer one", err)
	}
}

func TestCommitsWaitForTheDiskWhateverTheServersDefault(t *testing.T) {
	t.Parallel()
	url := server.Database(t)
	database := server.Psql(t, url, `SELECT current_database()`)
	server.Psql(t, url, `ALTER DATABASE `+database+` SET synchronous_commit = off`)
	s := backend{url}.Open(t, func(store.Stage) error { return nil })
	defer s.Close()
	if got, err := postgres.SynchronousCommit(t.Context(), s.(*postgres.Store)); err != nil || got != "on" {
		t.Errorf("synchronous_commit = %q, %v; want on", got, err)
	}
}

func TestDocumentsGoWhenNoRunCanUseThem(t *testing.T) {
	t.Parallel()
	url := server.Database(t)
	s := backend{url}.Open(t, nil).(*postgres.Store)
	defer s.Close()
	o, err := s.Acquire(t.Context(), 0, "one", "", 60_000)
	if err != nil {
		t.Fatal(err)
	}
	const day = 24 * 3_600_000
	now := time.Now().UnixMilli()
	old := now - int64(postgres.UnusedFor) - 10*day
	for i, at := range []store.Millis{old, old + day, now} {
		b := batchOf(o, uint64(i+1))
		b.Now, b.Inserts[0].Meta.Created, b.Inserts[0].Status = at, at, machine.Succeeded
		b.Documents = []store.Document{{Hash: store.Hash{byte(i + 1)}, Body: []byte("{}")}}
		b.Inserts[0].Document = b.Documents[0].Hash
		if err := flushed(t, s, b); err != nil {
			t.Fatal(err)
		}
	}
	// The first run goes, and with it what kept the first document.
	if err := flushed(t, s, &store.Batch{Owner: o, Seq: 4, Delete: []workflow.RunID{1}}); err != nil {
		t.Fatal(err)
	}
	if err := s.SweepOnce(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := server.Psql(t, url, `SELECT string_agg(get_byte(hash, 0)::text, ' ' ORDER BY hash) FROM berth.document`); got != "2 3" {
		t.Errorf("documents %s are left, want 2 3", got)
	}
	// It may come back.
	b := batchOf(o, 5)
	b.Documents[0].Hash, b.Inserts[0].Document = store.Hash{1}, store.Hash{1}
	if err := flushed(t, s, b); err != nil {
		t.Errorf("Flush with a document that was deleted: %v", err)
	}
}
