package process_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/berth-project/berth/process"
)

// router sends requests to endpoints, as a gateway would.
type router struct {
	mu    sync.Mutex // guards the fields below
	ready []process.Endpoint
	busy  map[process.Endpoint]*sync.WaitGroup
}

func (r *router) set(_ string, ready []process.Endpoint) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ready = ready
	for _, e := range ready {
		if r.busy[e] == nil {
			r.busy[e] = &sync.WaitGroup{}
		}
	}
}

// drain waits until no request is on its way to an endpoint.
func (r *router) drain(_ context.Context, e process.Endpoint) {
	r.mu.Lock()
	busy := r.busy[e]
	r.mu.Unlock()
	busy.Wait()
}

// request sends one request to the next endpoint.
func (r *router) request(n int) error {
	r.mu.Lock()
	if len(r.ready) == 0 {
		r.mu.Unlock()
		return fmt.Errorf("no endpoint")
	}
	e := r.ready[n%len(r.ready)]
	busy := r.busy[e]
	busy.Add(1)
	r.mu.Unlock()
	defer busy.Done()
	client := &http.Client{Timeout: watchdog, Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, e.Network, e.Address)
		},
	}}
	resp, err := client.Get("http://app/")
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil || resp.StatusCode != 200 {
		return fmt.Errorf("%s, %w", resp.Status, err)
	}
	return nil
}

func TestNoRequestIsLostWhileInstancesAreReplaced(t *testing.T) {
	t.Parallel()
	for _, listen := range []process.Listen{process.ListenSocket, process.ListenPort} {
		t.Run(fmt.Sprint(listen), func(t *testing.T) {
			t.Parallel()
			via := &router{busy: map[process.Endpoint]*sync.WaitGroup{}}
			r := start(t, func(c *process.Config) { c.OnEndpoints, c.Drain = via.set, via.drain })
			spec := server(t, "web")
			spec.Listen = listen
			r.apply(spec)

			var sent atomic.Int64
			stop := make(chan struct{})
			var clients sync.WaitGroup
			for range 4 {
				clients.Go(func() {
					for {
						select {
						case <-stop:
							return
						default:
						}
						if err := via.request(int(sent.Add(1))); err != nil {
							t.Errorf("request: %v", err)
							return
						}
					}
				})
			}
			for generation := range 5 {
				changed := spec
				changed.Scale = 1 + generation%2
				changed.Environment = append(slices.Clone(spec.Environment), fmt.Sprintf("GENERATION=%d", generation))
				r.apply(changed)
			}
			close(stop)
			clients.Wait()
			if sent.Load() < 5 {
				t.Errorf("only %d requests were sent", sent.Load())
			}
			if strings.Contains(r.logs.String(), "exit 137") {
				t.Error("a server had to be killed")
			}
		})
	}
}
