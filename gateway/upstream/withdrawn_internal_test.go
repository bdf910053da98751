package upstream

import (
	"errors"
	"log/slog"
	"net/http/httptest"
	"testing"
)

// Between choosing a target and counting the request in, the target may be
// taken out, drained and stopped.
func TestTargetTakenOutAfterItWasChosenIsNotUsed(t *testing.T) {
	t.Parallel()
	old := Endpoint{Network: "tcp", Address: "127.0.0.1:1"}
	g, err := NewGroup(Config{Name: "app", Endpoints: []Endpoint{old}}, slog.New(slog.DiscardHandler), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	x := g.newExchange(httptest.NewRecorder(), &Request{In: newRequest(t)})
	chosen := g.choose(x)
	g.SetEndpoints(nil)
	tried := false
	err = x.attempt(chosen, func(*target) error {
		tried = true
		return nil
	})
	if !errors.Is(err, errWithdrawn) || tried {
		t.Errorf("attempt at a withdrawn target: %v, tried %v; want it left alone", err, tried)
	}
}
