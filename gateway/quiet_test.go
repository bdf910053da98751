package gateway_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
)

func TestTableIsQuietOnceItsRequestsAreDone(t *testing.T) {
	t.Parallel()
	entered, leave := make(chan struct{}), make(chan struct{})
	w := newWorld(t, func(http.ResponseWriter, *http.Request) {
		close(entered)
		<-leave
	}, change{})
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	answered := make(chan error, 1)
	go func() {
		req, err := http.NewRequest(http.MethodGet, "http://"+w.addr+"/public/a", nil)
		if err != nil {
			answered <- err
			return
		}
		req.Host = "example.com"
		resp, err := transport.RoundTrip(req)
		if err == nil {
			err = resp.Body.Close()
		}
		answered <- err
	}()
	<-entered
	old := w.gateway.Swap(w.table())
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if err := old.Quiet(gone); !errors.Is(err, context.Canceled) {
		t.Errorf("with a request in flight: %v, want the context's error", err)
	}
	close(leave)
	if err := old.Quiet(t.Context()); err != nil {
		t.Errorf("afterwards: %v", err)
	}
	if err := <-answered; err != nil {
		t.Error(err)
	}
}
