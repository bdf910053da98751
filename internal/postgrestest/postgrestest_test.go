package postgrestest_test

import (
	"testing"

	"github.com/berth-project/berth/internal/postgrestest"
)

func TestADatabaseSurvivesACrash(t *testing.T) {
	t.Parallel()
	var server postgrestest.Server
	t.Cleanup(server.Stop)
	url := server.Database(t)
	if other := server.Database(t); other == url {
		t.Errorf("two databases have the URL %s", url)
	}
	server.Psql(t, url, "CREATE TABLE a AS SELECT 42 AS n")
	server.Crash(t)
	if got := server.Psql(t, url, "SELECT n FROM a"); got != "42" {
		t.Errorf("after a crash the table has %q, want 42", got)
	}
}
