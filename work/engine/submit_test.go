package engine_test

import (
	"encoding/json"
	"testing"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/engine"
)

// A run that is refused leaves nothing behind, nor does one that was there: the
// next with the same document brings it along.
func TestDocumentOfARunThatWasNotTakenComesWithTheNext(t *testing.T) {
	t.Parallel()
	for name, refused := range map[string]struct {
		change func(*testing.T, *fixture)
		run    work.Submission
	}{
		"quota": {
			change: func(t *testing.T, f *fixture) {
				if _, err := f.PutTenant(t.Context(), work.Tenant{Name: "t", Suspended: true, Quota: work.Quota{Queued: 1}}, engine.AnyVersion); err != nil {
					t.Fatal(err)
				}
				f.submit(`{"name":"first","steps":[{"name":"a","run":"noop"}]}`)
			},
			run: work.Submission{Tenant: "t"},
		},
		"queue that is drained": {
			change: func(t *testing.T, f *fixture) {
				if _, err := f.PutQueue(t.Context(), work.Queue{Name: "old", Draining: true}, engine.AnyVersion); err != nil {
					t.Fatal(err)
				}
			},
			run: work.Submission{Tenant: "t", Queue: "old"},
		},
		"idempotency key that was used": {
			change: func(t *testing.T, f *fixture) {
				f.submit(`{"name":"first","steps":[{"name":"a","run":"noop"}]}`, func(s *work.Submission) { s.IdempotencyKey = "k" })
			},
			run: work.Submission{Tenant: "t", IdempotencyKey: "k"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := open(t, engine.Options{})
			refused.change(t, f)
			document := json.RawMessage(`{"name":"x","steps":[{"name":"a","run":"noop"}]}`)
			refused.run.Document = document
			got, err := f.Submit(t.Context(), []work.Submission{refused.run})
			if err != nil || got[0].Error == nil && !got[0].Duplicate {
				t.Fatalf("Submit() = %+v, %v, want the run refused", got, err)
			}
			f.final(f.submit(string(document), func(s *work.Submission) { s.Tenant = "other" }))
		})
	}
}
