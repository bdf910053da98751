package console_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/berth-project/berth/console"
	"github.com/berth-project/berth/process"
)

// event is one event of a stream.
type event struct{ ID, Name, Data string }

// reader reads a stream of a real server.
type reader struct {
	t    *testing.T
	resp *http.Response
	in   *bufio.Reader
}

func serve(t *testing.T, c http.Handler) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	return server
}

func follow(t *testing.T, server *httptest.Server, query string, headers ...string) *reader {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "GET", server.URL+"/events?"+query, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = resp.Body.Close() })
	if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("GET /events?%s = %d %s", query, resp.StatusCode, resp.Header.Get("Content-Type"))
	}
	return &reader{t: t, resp: resp, in: bufio.NewReader(resp.Body)}
}

// next returns the next event; comments and fields without an event are none.
func (r *reader) next() event {
	r.t.Helper()
	e, err := r.read()
	if err != nil {
		r.t.Fatalf("stream ended: %v", err)
	}
	return e
}

func (r *reader) read() (event, error) {
	var e event
	var data []string
	for {
		line, err := r.in.ReadString('\n')
		if err != nil {
			return e, err
		}
		line = strings.TrimSuffix(line, "\n")
		name, value, _ := strings.Cut(line, ": ")
		switch {
		case line == "" && e.Name != "":
			e.Data = strings.Join(data, "\n")
			return e, nil
		case name == "id":
			e.ID = value
		case name == "event":
			e.Name = value
		case name == "data":
			data = append(data, value)
		}
	}
}

func hurried(t *testing.T, src console.Sources) *console.Console {
	t.Helper()
	c := newConsole(t, console.Config{}, src)
	c.HurryStreams(time.Minute)
	return c
}

func TestRequestsArriveAsRowsAndStayText(t *testing.T) {
	t.Parallel()
	feed := console.NewRequestFeed()
	server := serve(t, hurried(t, console.Sources{Requests: feed}))
	feed.Observe(record(0, "before"))
	r := follow(t, server, "topics=requests&status=5xx")
	feed.Observe(record(1, "not-this-one"))
	feed.Observe(record(2, hostile))
	e := r.next()
	if e.Name != "requests" || !strings.Contains(e.Data, "&lt;script&gt;") || !strings.Contains(e.Data, "502") {
		t.Fatalf("event = %+v", e)
	}
	for _, bad := range []string{"<script>", "<img", "\x1b", "\r", "not-this-one", "before"} {
		if strings.Contains(e.Data, bad) {
			t.Errorf("the row holds %q", bad)
		}
	}
	feed.Observe(record(7, "next"))
	if e := r.next(); e.Name != "requests" || !strings.Contains(e.Data, "next") {
		t.Errorf("after text that looks like an event comes %+v", e)
	}
}

func TestLogLinesArriveAsRows(t *testing.T) {
	t.Parallel()
	log, recent := logTo(t)
	server := serve(t, hurried(t, console.Sources{Logs: recent}))
	r := follow(t, server, "topics=logs&level=warn&process=web")
	log.Warn("other process", "process", "worker")
	log.Info("too quiet", "process", "web")
	log.Error("this one", "process", "web", "line", hostile)
	e := r.next()
	if e.Name != "logs" || !strings.Contains(e.Data, "this one") || strings.Contains(e.Data, "too quiet") || strings.Contains(e.Data, "other process") {
		t.Fatalf("event = %+v", e)
	}
	if strings.Contains(e.Data, "<script>") {
		t.Error("a line is not escaped")
	}
}

func TestAStreamGoesOnWhereItStopped(t *testing.T) {
	t.Parallel()
	feed := console.NewRequestFeed()
	server := serve(t, hurried(t, console.Sources{Requests: feed}))
	r := follow(t, server, "topics=requests")
	feed.Observe(record(0, "first"))
	id := r.next().ID
	_ = r.resp.Body.Close()
	feed.Observe(record(5, "second"))
	for name, r := range map[string]*reader{
		"by header":    follow(t, server, "topics=requests", "Last-Event-ID", id),
		"by parameter": follow(t, server, "topics=requests&from="+id),
	} {
		if e := r.next(); e.Name != "requests" || !strings.Contains(e.Data, "second") || strings.Contains(e.Data, "first") {
			t.Errorf("%s: the stream goes on with %+v", name, e)
		}
	}
}

func TestAReaderIsToldWhatItMissed(t *testing.T) {
	t.Parallel()
	feed := console.NewRequestFeed()
	c := hurried(t, console.Sources{Requests: feed})
	server := serve(t, c)
	r := follow(t, server, "topics=requests")
	feed.Observe(record(0, "first"))
	id := r.next().ID
	for i := range 600 {
		feed.Observe(record(5*i, fmt.Sprint("many", i)))
	}
	r = follow(t, server, "topics=requests&from="+id)
	if e := r.next(); e.Name != "resync" || e.Data != fmt.Sprintf("%d came too fast to be shown.", 600-console.MaxRows) {
		t.Errorf("a reader that was away gets %+v", e)
	}
	if e := r.next(); e.Name != "requests" || strings.Count(e.Data, "<tr>") != console.MaxRows || !strings.Contains(e.Data, "many599") {
		t.Errorf("then %d rows", strings.Count(e.Data, "<tr>"))
	}
	r = follow(t, server, "topics=requests&from=otherboot.7.0")
	if e := r.next(); e.Name != "resync" || !strings.Contains(e.Data, "started again") {
		t.Errorf("a reader of an earlier process gets %+v", e)
	}
}

func TestAChangeIsHintedAtOnce(t *testing.T) {
	t.Parallel()
	var state atomic.Int64
	src := console.Sources{Processes: func() []process.Status {
		return []process.Status{{Process: "web", Instance: 1, State: process.State(state.Load())}}
	}}
	server := serve(t, hurried(t, src))
	r := follow(t, server, "topics=processes")
	state.Store(int64(process.StateCrashLoop))
	if e := r.next(); e.Name != "processes" || strings.Contains(e.Data, "<") {
		t.Errorf("event = %+v", e)
	}
	state.Store(int64(process.StateReady))
	if e := r.next(); e.Name != "processes" {
		t.Errorf("event = %+v", e)
	}
}

func TestASilentStreamBeats(t *testing.T) {
	t.Parallel()
	r := follow(t, serve(t, hurried(t, console.Sources{})), "topics=logs")
	for beats := 0; beats < 3; {
		line, err := r.in.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(line, ":") {
			beats++
		}
	}
}

func TestAReaderWhoIsNoLongerAllowedLosesTheStream(t *testing.T) {
	t.Parallel()
	var revoked atomic.Bool
	src := console.Sources{Authorize: func(*http.Request) (string, bool, string) { return "operator", !revoked.Load(), "" }}
	r := follow(t, serve(t, hurried(t, src)), "topics=logs")
	revoked.Store(true)
	if _, err := r.read(); !errors.Is(err, io.EOF) {
		t.Errorf("the stream ends with %v, want its end", err)
	}
}

func TestAReaderThatDoesNotReadIsDropped(t *testing.T) {
	t.Parallel()
	feed := console.NewRequestFeed()
	c := newConsole(t, console.Config{}, console.Sources{Requests: feed})
	c.HurryStreams(50 * time.Millisecond)
	server := serve(t, c)
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.(*net.TCPConn).SetReadBuffer(4 << 10)
	fmt.Fprintf(conn, "GET /events?topics=requests HTTP/1.1\r\nHost: localhost\r\n\r\n")
	if status, err := bufio.NewReaderSize(conn, 16).ReadString('\n'); err != nil || status != "HTTP/1.1 200 OK\r\n" {
		t.Fatalf("the stream begins with %q, %v", status, err)
	}
	long := strings.Repeat("x", 32<<10)
	waitFor(t, "the stream to be dropped", func() bool {
		for range console.MaxRows {
			feed.Observe(record(0, long))
		}
		return c.Streams() == 0
	})
}

func TestStreamsEndWithTheServer(t *testing.T) {
	t.Parallel()
	feed := console.NewRequestFeed()
	c := hurried(t, console.Sources{Requests: feed})
	server := httptest.NewUnstartedServer(c)
	server.Start()
	for range 3 {
		follow(t, server, "topics=requests,logs,overview")
	}
	waitFor(t, "streams to be open", func() bool { return c.Streams() == 3 })
	server.CloseClientConnections()
	server.Close()
	waitFor(t, "streams to end", func() bool { return c.Streams() == 0 })
}

func TestStreamsAreBounded(t *testing.T) {
	t.Parallel()
	c := hurried(t, console.Sources{})
	server := serve(t, c)
	for range console.MaxStreams {
		follow(t, server, "topics=logs")
	}
	if w := ask(c, "GET", "/events?topics=logs", ""); w.Code != http.StatusServiceUnavailable {
		t.Errorf("one stream too many = %d, want 503", w.Code)
	}
	server.CloseClientConnections()
	waitFor(t, "streams to end", func() bool { return c.Streams() == 0 })
}

func TestStreamsOfNothingAreRefused(t *testing.T) {
	t.Parallel()
	c := newConsole(t, console.Config{}, console.Sources{})
	for _, query := range []string{"", "topics=", "topics=none", "topics=logs,none", "topics=requests&status=9xx", "topics=logs&level=loud"} {
		if w := ask(c, "GET", "/events?"+query, ""); w.Code != http.StatusBadRequest {
			t.Errorf("GET /events?%s = %d, want 400", query, w.Code)
		}
	}
}

// waitFor polls; its deadline is a watchdog.
func waitFor(t *testing.T, what string, done func() bool) {
	t.Helper()
	deadline := time.After(watchdog)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-deadline:
			t.Fatalf("waited too long for %s", what)
		case <-tick.C:
		}
	}
}

func TestDataCannotWriteFieldsOfItsOwn(t *testing.T) {
	t.Parallel()
	got := console.EventText("logs", "one\nevent: forged\r\ndata: x\rid: 7\n\nretry: 1")
	want := "id: .0.0\nevent: logs\ndata: one\ndata: event: forged\ndata: data: x id: 7\ndata: retry: 1\n\n"
	if got != want {
		t.Errorf("event = %q, want %q", got, want)
	}
}

func FuzzCursor(f *testing.F) {
	f.Add("abc.1.2")
	f.Add("..")
	f.Add("a.b.c.d")
	f.Add("a.18446744073709551616.1")
	f.Fuzz(func(t *testing.T, s string) {
		again, ok := console.ParseCursor(s)
		if !ok {
			return
		}
		if twice, ok := console.ParseCursor(again); !ok || twice != again {
			t.Errorf("%q reads as %q, and that as %q, %v", s, again, twice, ok)
		}
	})
}
