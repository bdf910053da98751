package postgres_test

import (
	"strings"
	"testing"

	"github.com/berth-project/berth/work/postgres"
	"github.com/berth-project/berth/work/store"
)

// One connection for reading is enough for everything: whatever holds one does
// not wait for another.
func TestTheURLSaysHowManyConnectionsThereAre(t *testing.T) {
	t.Parallel()
	url := server.Database(t)
	for query, want := range map[string]int32{"": 8, "&pool_max_conns=1": 1, "&pool_max_conns=20": 20} {
		s, err := postgres.Open(t.Context(), url+query)
		if err != nil {
			t.Fatalf("Open with %q = %v", query, err)
		}
		if got := postgres.Connections(s); got != want {
			t.Errorf("connections with %q = %d, want %d", query, got, want)
		}
		o, err := s.Acquire(t.Context(), 0, "one", "", 60_000)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Flush(t.Context(), batchOf(o, o.Seq+1)); err != nil {
			t.Errorf("Flush with %q = %v", query, err)
		}
		if _, err := s.PutSetting(t.Context(), store.Setting{Kind: "queue", ID: "main", Version: -1, Body: []byte(`{}`)}); err != nil {
			t.Errorf("PutSetting with %q = %v", query, err)
		}
		if _, _, err := s.List(t.Context(), store.Filter{Order: store.Finished}, "", 10); err != nil {
			t.Errorf("List with %q = %v", query, err)
		}
		if err := s.Close(); err != nil {
			t.Errorf("Close with %q = %v", query, err)
		}
	}
}

// The channel on which engines hear of each other is named for the schema.
func TestASchemaHasANameThatAChannelCanHave(t *testing.T) {
	t.Parallel()
	url := server.Database(t)
	for length, want := range map[int]bool{57: true, 58: false} {
		s, err := postgres.Config{URL: url, Schema: strings.Repeat("s", length)}.Open(t.Context())
		if (err == nil) != want {
			t.Errorf("Open with a schema of %d bytes = %v, want success: %v", length, err, want)
		}
		if err != nil {
			continue
		}
		if _, err := s.PutSetting(t.Context(), store.Setting{Kind: "queue", ID: "main", Version: -1, Body: []byte(`{}`)}); err != nil {
			t.Errorf("PutSetting with a schema of %d bytes = %v", length, err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}
