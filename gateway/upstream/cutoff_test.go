package upstream_test

import (
	"errors"
	"io"
	"net/http"
	"testing"

	"github.com/berth-project/berth/gateway/upstream"
)

var errEnough = errors.New("enough")

func TestCutoffEndsAnExchange(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/head", "/body"} {
		t.Run(path, func(t *testing.T) {
			bothWays(t, func(t *testing.T, way http.Header) {
				begun, gone, written := make(chan struct{}), make(chan struct{}), path == "/body"
				cfg := one(app(t, func(w http.ResponseWriter, r *http.Request) {
					if written {
						_, _ = io.WriteString(w, "begun")
						_ = http.NewResponseController(w).Flush()
					}
					close(begun)
					<-r.Context().Done()
					close(gone)
				}))
				cfg.Passive.MaxFails = 1
				g, cut := newGroup(t, cfg), &upstream.Cutoff{}
				f := newFront(t, g, func(r *upstream.Request) { r.Cutoff = cut })
				end := func() {
					<-begun
					cut.Cut(errEnough)
					cut.Cut(errors.New("a later cause"))
				}
				if !written {
					go end()
				}
				res := f.do(t, http.MethodGet, path, nil, way)
				if written {
					if _, err := io.ReadFull(res.Body, make([]byte, len("begun"))); err != nil {
						t.Fatal(err)
					}
					end()
				}
				if _, err := io.Copy(io.Discard, res.Body); written && err == nil {
					t.Error("an answer that was cut off looks whole")
				}
				o := f.outcome(t)
				if o.err == nil || o.err.Kind != upstream.ClientGone || !errors.Is(o.err.Err, errEnough) || o.err.Written != written {
					t.Errorf("Forward() = %+v", o.err)
				}
				if s := g.Status()[0]; o.res.Retries != 0 || !s.Healthy {
					t.Errorf("the target is blamed: %d retries, %+v", o.res.Retries, s)
				}
				<-gone
			})
		})
	}
}

func TestCutoffEndsWhatHasNotBegun(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, way http.Header) {
		g := newGroup(t, one(app(t, func(http.ResponseWriter, *http.Request) { t.Error("the request was sent") })))
		cut := &upstream.Cutoff{}
		cut.Cut(errEnough)
		f := newFront(t, g, func(r *upstream.Request) { r.Cutoff = cut })
		f.do(t, http.MethodGet, "/", nil, way)
		if o := f.outcome(t); o.err == nil || !errors.Is(o.err.Err, errEnough) {
			t.Errorf("Forward() = %+v", o.err)
		}
	})
}

func TestCutoffEndsATunnel(t *testing.T) {
	t.Parallel()
	cut := &upstream.Cutoff{}
	f := newFront(t, newGroup(t, one(echoSocket(t))), func(r *upstream.Request) { r.Cutoff = cut })
	c := dialSocket(t, f)
	echo(t, c, "hello")
	cut.Cut(errEnough)
	if _, _, err := c.Read(t.Context()); err == nil {
		t.Error("the tunnel stays open")
	}
	f.outcome(t)
}
