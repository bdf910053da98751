package postgres_test

import (
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/berth-project/berth/work/postgres"
	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

// A plan is kept for many batches: it must be right for large tables though it
// is made for small ones.
func TestBatchesFindTheirRowsByKeysThoughTablesAreSmall(t *testing.T) {
	t.Parallel()
	url := server.Database(t)
	s := backend{url}.Open(t, nil).(*postgres.Store)
	defer s.Close()
	for _, rows := range []string{"no", "30", "3000"} {
		if rows != "no" {
			server.Psql(t, url, `SET search_path = berth; TRUNCATE run, document, event, output, history, log, ledger, owner;
				INSERT INTO document (hash, used, body) SELECT sha256(n::text::bytea), n, '{}' FROM generate_series(1, `+rows+`) n;
				INSERT INTO run (id, tag, cost, created, done, document, shard, version, status, paused, priority, tenant, queue, workflow, idempotency, state)
					SELECT n, n, 1, n, CASE WHEN n % 2 = 0 THEN n END, n, 0, 0, 4, 0, 0, 't', 'q', 'w', n::text, '' FROM generate_series(1, `+rows+`) n;
				INSERT INTO event (id, created, next_at, dead, shard, try, tenant, kind, dest, body)
					SELECT n, n, n, CASE WHEN n % 2 = 0 THEN n END, 0, 1, 't', 'k', 'd', '' FROM generate_series(1, `+rows+`) n;
				INSERT INTO output SELECT n, 1, 1, '' FROM generate_series(1, `+rows+`) n;
				INSERT INTO history SELECT n, 1, '' FROM generate_series(1, `+rows+`) n;
				INSERT INTO log SELECT n, 1, 1, 1, 1, 1, '' FROM generate_series(1, `+rows+`) n;
				INSERT INTO ledger SELECT 0, n::text, '' FROM generate_series(1, `+rows+`) n;
				INSERT INTO owner SELECT n, '', '', 1, 1, 1 FROM generate_series(1, least(64, `+rows+`)) n;
				ANALYZE`)
		}
		plans, err := postgres.WriterPlans(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		for text, plan := range plans {
			if scan := unkeyed(plan); scan != "" {
				t.Errorf("with %s rows %q is not looked up by a key in\n%s\n\n%s", rows, scan, text, plan)
			}
		}
	}
}

// A table that holds one row when the server plans is read whole, as that is
// cheapest, and is not read so any more when it has grown.
func TestPlansMadeForOneRowDoNotLast(t *testing.T) {
	t.Parallel()
	url := server.Database(t)
	s := backend{url}.Open(t, nil)
	o, err := s.Acquire(t.Context(), 0, "one", "", 60_000)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Flush(t.Context(), batchOf(o, 1)); err != nil {
		t.Fatal(err)
	}
	server.Psql(t, url, `ANALYZE`)
	const batches, size = 150, 40
	for seq := uint64(2); seq < batches; seq++ {
		b := &store.Batch{Owner: o, Seq: seq, Now: 1}
		for i := range uint64(size) {
			r := batchOf(o, seq).Inserts[0]
			r.Meta.ID = workflow.RunID(seq*size + i)
			b.Inserts = append(b.Inserts, r)
			if seq > 2 {
				b.Updates = append(b.Updates, store.Update{ID: r.Meta.ID - size, Status: machine.Running, Queue: "q", State: []byte("s")})
			}
		}
		out, err := s.Flush(t.Context(), b)
		if err != nil || len(out.Missing) > 0 {
			t.Fatalf("Flush of batch %d = %+v, %v", seq, out, err)
		}
	}
	if err := s.Close(); err != nil { // the server's counts are whole when the connection is gone
		t.Fatal(err)
	}
	const most = 80_000 // of all looked up by their keys it would be 6,000, of all read whole 440,000
	var read string
	for deadline := time.Now().Add(30 * time.Second); ; {
		read = server.Psql(t, url, `SELECT sum(idx_tup_read) FROM pg_stat_user_indexes WHERE relname = 'run'`)
		if n, err := strconv.Atoi(read); err == nil && n >= size*(batches-3) {
			if n > most {
				t.Errorf("%d rows were read to update %d, want at most %d", n, size*(batches-3), most)
			}
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s rows were read, want one at least for each update", read)
		}
	}
}

var (
	scans = regexp.MustCompile(`(?m)^.*Scan.* on .*$`)
	// keyed are scans by an equal column of a key.
	keyed = regexp.MustCompile(`(?:Index (?:Only )?Scan using \w+ on \w+.*|Bitmap Index Scan on \w+.*)\n\s+Index Cond: \(.*(?:id|hash|run|node|shard|idempotency|queue) = `)
	apart = regexp.MustCompile(`Function Scan on|CTE Scan on|Bitmap Heap Scan on|Subquery Scan on`)
)

// unkeyed is the first scan of a plan that reads more than the rows of keys.
func unkeyed(plan string) string {
	for _, at := range scans.FindAllStringIndex(plan, -1) {
		line := plan[at[0]:at[1]]
		if apart.MatchString(line) {
			continue
		}
		if found := keyed.FindStringIndex(plan[at[0]:]); found == nil || found[0] > len(line) {
			return line
		}
	}
	return ""
}
