package upstream_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/berth-project/berth/gateway/upstream"
)

// A program that is killed takes its kept connections with it, then refuses
// new ones, and some time later stands again at the same address.
func TestRequestOverAKeptConnectionSurvivesTheProgramsDeath(t *testing.T) {
	t.Parallel()
	socket := filepath.Join(t.TempDir(), "app.sock")
	g := newGroup(t, upstream.Config{
		Endpoints: []upstream.Endpoint{{Network: "unix", Address: socket}}, Hold: watchdog,
		Passive: upstream.Passive{MaxFails: -1}, Retries: 2,
	})
	f := newFront(t, g, nil)

	ln := listenUnix(t, socket)
	asked := make(chan struct{})
	go func() {
		c, err := ln.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		br := bufio.NewReader(c)
		if _, err := http.ReadRequest(br); err == nil {
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nold")
		}
		_, _ = http.ReadRequest(br)
		_ = ln.Close()
		close(asked)
	}()
	if got := readAll(t, f.do(t, "GET", "/", nil).Body); got != "old" {
		t.Fatalf("first answer = %q", got)
	}
	f.outcome(t)

	answered := make(chan string, 1)
	go func() {
		resp, err := f.client().Get(f.URL)
		if err != nil {
			answered <- err.Error()
			return
		}
		defer resp.Body.Close()
		b, _ := io.ReadAll(resp.Body)
		answered <- resp.Status + " " + string(b)
	}()
	<-asked
	eventually(t, "the refusing address is tried again", func() bool { return g.Status()[0].Fails > 2 })
	again := listenUnix(t, socket)
	go func() {
		c, err := again.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		if _, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nnew")
		}
	}()
	select {
	case got := <-answered:
		if got != "200 OK new" {
			t.Errorf("after the program's death: %q, want the answer of the next one", got)
		}
	case <-time.After(watchdog):
		t.Fatal("never answered")
	}
}

func listenUnix(t *testing.T, path string) net.Listener {
	t.Helper()
	ln, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	return ln
}

// dropping accepts connections and resets each with its request unread, as a
// system does with the queue of a program that was killed.
func dropping(t *testing.T, count *atomic.Int64) upstream.Endpoint {
	return raw(t, func(c net.Conn, br *bufio.Reader) {
		if _, err := br.Peek(1); err != nil {
			return
		}
		count.Add(1)
		_ = c.(*net.TCPConn).SetLinger(0)
	})
}

// All copies are killed at once: each drops what waits in its queue, more often
// than Retries allows, before the supervisor can say so.
func TestRequestSurvivesTheDeathOfAllCopies(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, way http.Header) {
		var dropped atomic.Int64
		g := newGroup(t, upstream.Config{
			Endpoints: []upstream.Endpoint{dropping(t, &dropped), dropping(t, &dropped)},
			Hold:      watchdog, Retries: 2, Passive: upstream.Passive{MaxFails: -1},
		})
		f := newFront(t, g, nil)
		good := app(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "new") })
		withdrawn := make(chan struct{})
		go func() {
			defer close(withdrawn)
			for deadline := time.Now().Add(watchdog); dropped.Load() < 5 && time.Now().Before(deadline); {
				time.Sleep(time.Millisecond)
			}
			g.SetEndpoints([]upstream.Endpoint{good})
		}()
		resp := f.do(t, "GET", "/", nil, way)
		if got := readAll(t, resp.Body); resp.StatusCode != 200 || got != "new" {
			t.Errorf("%d %v after %d drops, want the answer of the next copy", resp.StatusCode, resp.Header, dropped.Load())
		}
		<-withdrawn
	})
}

// A request nobody may repeat is never sent again, read or not.
func TestUnrepeatableRequestIsNotSentToADyingProgramAgain(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, way http.Header) {
		var dropped atomic.Int64
		g := newGroup(t, upstream.Config{Endpoints: []upstream.Endpoint{dropping(t, &dropped)}, Hold: watchdog, Retries: 2})
		resp := newFront(t, g, nil).do(t, "POST", "/", strings.NewReader("x"), way)
		if resp.StatusCode != 502 || dropped.Load() != 1 {
			t.Errorf("%d after %d drops, want 502 after one", resp.StatusCode, dropped.Load())
		}
	})
}
