package postgres_test

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/berth-project/berth/work/postgres"
)

// Engines that start together wait for the one that migrates, and a migration may
// take longer than a call may otherwise.
func TestAMigrationMayTakeLongerThanACall(t *testing.T) {
	t.Parallel()
	url := server.Database(t)
	other, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close(t.Context())
	if _, err := other.Exec(t.Context(), `SELECT pg_advisory_lock(hashtext('berth work berth'))`); err != nil {
		t.Fatal(err)
	}
	opened := make(chan error, 1)
	go func() {
		s, err := postgres.Open(t.Context(), url+"&statement_timeout=100")
		if err == nil {
			err = s.Close()
		}
		opened <- err
	}()
	const waits = `SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
		AND clock_timestamp() - query_start > interval '300 milliseconds')`
	for late, deadline := false, time.Now().Add(30*time.Second); !late && time.Now().Before(deadline); {
		select {
		case err := <-opened:
			t.Fatalf("Open while another migrates = %v, want it to wait", err)
		default:
		}
		if err := other.QueryRow(t.Context(), waits).Scan(&late); err != nil {
			t.Fatal(err)
		}
	}
	if err := other.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-opened; err != nil {
		t.Errorf("Open after another has migrated = %v", err)
	}
}
