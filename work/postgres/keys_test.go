package postgres_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/berth-project/berth/work/postgres"
	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

// A run is not inserted as its idempotency key is taken, and the run that has
// the key is deleted by another shard before it can be asked for: the first
// must not be taken for stored.
func TestARunWhoseKeyIsFreedBetweenTwoStatementsIsStored(t *testing.T) {
	t.Parallel()
	url := server.Database(t)
	s := backend{url}.Open(t, nil)
	defer s.Close()
	var owners [2]store.Owner
	for shard := range owners {
		var err error
		if owners[shard], err = s.Acquire(t.Context(), shard, "one", "", 60_000); err != nil {
			t.Fatal(err)
		}
	}
	holder, second := batchOf(owners[0], 1), batchOf(owners[1], 1)
	holder.Inserts[0].Status = machine.Failed
	second.Inserts[0].Meta.ID = 2
	for _, b := range []*store.Batch{holder, second} {
		b.Inserts[0].Idempotency = "key"
	}
	if _, err := s.Flush(t.Context(), holder); err != nil {
		t.Fatal(err)
	}
	gate, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer gate.Close(t.Context())
	for _, statement := range []string{
		`SELECT pg_advisory_lock(7)`,
		`CREATE FUNCTION stop() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_advisory_xact_lock_shared(7); RETURN NULL; END $$`,
		`CREATE TRIGGER stop AFTER INSERT ON berth.run FOR EACH STATEMENT EXECUTE FUNCTION stop()`,
	} {
		if _, err := gate.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	type result struct {
		store.Outcome
		error
	}
	answer := make(chan result, 1)
	go func() {
		out, err := s.Flush(t.Context(), second)
		answer <- result{out, err}
	}()
	awaitBlocked(t, gate)
	if _, err := s.Flush(t.Context(), &store.Batch{Owner: owners[0], Seq: 2, Delete: []workflow.RunID{1}}); err != nil {
		t.Fatal(err)
	}
	if _, err := gate.Exec(t.Context(), `SELECT pg_advisory_unlock(7)`); err != nil {
		t.Fatal(err)
	}
	got := <-answer
	if got.error != nil || len(got.Duplicates)+len(got.Missing) > 0 {
		t.Fatalf("Flush = %+v, %v; want the run written", got.Outcome, got.error)
	}
	recs, err := s.Load(t.Context(), []workflow.RunID{1, 2})
	if err != nil {
		t.Fatal(err)
	}
	var ids []workflow.RunID
	for _, r := range recs {
		ids = append(ids, r.Meta.ID)
	}
	if diff := cmp.Diff([]workflow.RunID{2}, ids); diff != "" {
		t.Errorf("runs that are stored (-want +got):\n%s", diff)
	}
}

// awaitBlocked waits until somebody waits for an advisory lock.
func awaitBlocked(t *testing.T, conn *pgx.Conn) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; {
		var blocked bool
		err := conn.QueryRow(t.Context(), `SELECT EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = 7 AND NOT granted)`).Scan(&blocked)
		if err != nil {
			t.Fatal(err)
		}
		if blocked {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("nobody waits for the lock")
		}
	}
}

func TestOneSweepDeletesAllDocumentsThatNoRunCanUse(t *testing.T) {
	t.Parallel()
	url := server.Database(t)
	s := backend{url}.Open(t, nil).(*postgres.Store)
	defer s.Close()
	server.Psql(t, url, `INSERT INTO berth.document (hash, used, body)
		SELECT sha256(n::text::bytea), CASE WHEN n % 7 = 0 THEN 9000000000000 ELSE 0 END, '{}' FROM generate_series(1, 500 * 3 + 10) n`)
	if err := s.SweepOnce(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := server.Psql(t, url, `SELECT count(*) || ' ' || min(used) FROM berth.document`); got != "215 9000000000000" {
		t.Errorf("%s documents are left, and were used at; want 215 9000000000000", got)
	}
}
