package upstream_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"path/filepath"
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
