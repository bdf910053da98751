package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/berth-project/berth/work/client"
)

// TestStreamGoesOnWhereItBroke: what happens while nobody listens is told to
// whoever goes on, and nothing twice.
func TestStreamGoesOnWhereItBroke(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	submit := func() string {
		t.Helper()
		r, err := w.Submit(ctx, client.Submission{Tenant: "acme", Document: json.RawMessage(one)})
		if err != nil {
			t.Fatal(err)
		}
		w.wait(r.ID)
		return r.ID
	}
	enough := errors.New("enough")
	seen := map[string]int{} // by run and event
	// until reads a stream up to the end of a run.
	until := func(s *client.Stream, run string) error {
		return s.Each(func(e client.Event) error {
			seen[e.Run+" "+e.Kind+" "+e.Step]++
			if e.Run == run && e.Kind == "run.succeeded" {
				return enough
			}
			return nil
		})
	}
	s, err := w.Stream(ctx, "", nil, "")
	if err != nil {
		t.Fatal(err)
	}
	first := submit()
	if err := until(s, first); !errors.Is(err, enough) {
		t.Fatalf("Each() = %v, want the end of the first run", err)
	}
	second := submit() // nobody listens
	again, err := w.Stream(ctx, "", nil, s.Position())
	if err != nil {
		t.Fatal(err)
	}
	if err := until(again, second); !errors.Is(err, enough) {
		t.Fatalf("Each() of the stream that goes on = %v, want the end of the second run", err)
	}
	for _, run := range []string{first, second} {
		for _, kind := range []string{"run.running ", "step.succeeded a"} {
			if seen[run+" "+kind] != 1 {
				t.Errorf("%q of run %s was told %d times, want once", kind, run, seen[run+" "+kind])
			}
		}
	}
	// What the caller could not take is told again.
	if n := seen[first+" run.succeeded "]; n != 2 {
		t.Errorf("the event that ended the first stream was told %d times, want once by each", n)
	}

	// A position of a life that has ended is no place to go on.
	old, err := w.Stream(ctx, "", nil, "aaaaaaaaaa-7")
	if err != nil {
		t.Fatal(err)
	}
	if err := old.Each(func(client.Event) error { return nil }); !errors.Is(err, client.ErrMissed) || old.Position() != "" {
		t.Errorf("Each() = %v at %q, want that events were missed", err, old.Position())
	}
}
