package telemetry_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/secret"
	"github.com/berth-project/berth/telemetry"
)

func TestHumanLinesAreReadableAndInert(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := telemetry.NewLogger(&out, telemetry.LogConfig{}, nil)
	log.With("process", "web").WithGroup("http").Info("started", "port", 80, "name", "a b", "evil", "x\x1b[2J\n", "wait", 1500*time.Microsecond)
	log.Debug("hidden")
	_, got, _ := strings.Cut(out.String(), "Z ")
	want := `info  started  process=web  http.port=80  http.name="a b"  http.evil="x\x1b[2J\n"  http.wait=1.5ms` + "\n"
	if got != want {
		t.Errorf("line = %q, want %q", got, want)
	}
}

// TestHumanLinesCannotBeForged logs what programs and callers choose: keys,
// values and paths that try to pass for fields of our own.
func TestHumanLinesCannotBeForged(t *testing.T) {
	t.Parallel()
	for key, want := range map[string]string{
		"k":                        `k=v`,
		"k\n00:00:00.000Z error x": `"k\n00:00:00.000Z error x"=v`,
		"k\x1b[2J":                 `"k\x1b[2J"=v`,
		"k=1  user":                `"k=1  user"=v`,
		"größe":                    `größe=v`,
	} {
		var out bytes.Buffer
		telemetry.NewLogger(&out, telemetry.LogConfig{}, nil).Info("m", key, "v")
		if _, got, _ := strings.Cut(out.String(), "m  "); got != want+"\n" {
			t.Errorf("key %q logged as %q, want %q", key, got, want)
		}
	}
	var out bytes.Buffer
	log := telemetry.NewAccessLog(&out, telemetry.Human)
	log.Write(&telemetry.Request{Method: "GET", Host: "h", Path: "/a 1ms  user=u_admin", Status: 403})
	log.Flush()
	if !strings.Contains(out.String(), `403 GET "h/a 1ms  user=u_admin" 0s`) {
		t.Errorf("a path passes for fields: %q", out.String())
	}
}

func TestHumanLinesQuoteOnce(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	telemetry.NewLogger(&out, telemetry.LogConfig{}, nil).Info("Grüße", "name", "Zoë Müller", "city", "Graz\u202e", "quote", `"`, "bad", "\xff")
	_, got, _ := strings.Cut(out.String(), "info  ")
	if want := `Grüße  name="Zoë Müller"  city="Graz\u202e"  quote="\""  bad="\xff"` + "\n"; got != want {
		t.Errorf("line = %s, want %s", got, want)
	}
}

func TestJSONOfAProgramStaysJSON(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	recent := telemetry.NewRecent(1)
	telemetry.NewLogger(&out, telemetry.LogConfig{}, recent).Info("m", "nested", json.RawMessage(`{"a":[1]}`))
	lines, _ := recent.Since(0)
	if got := lines[0].Fields[0].Value; got != `{"a":[1]}` {
		t.Errorf("kept as %q", got)
	}
	if !strings.Contains(out.String(), `nested="{\"a\":[1]}"`) {
		t.Errorf("logged as %q", out.String())
	}
}

func TestLogsRedactSecrets(t *testing.T) {
	t.Parallel()
	const canary = "canary-5ecret"
	for _, format := range []telemetry.Format{telemetry.Human, telemetry.JSON} {
		var out bytes.Buffer
		recent := telemetry.NewRecent(4)
		telemetry.NewLogger(&out, telemetry.LogConfig{Format: format}, recent).
			With("with", secret.New(canary)).Error("m", "key", secret.New(canary), slog.Group("g", "k", secret.New(canary)))
		lines, _ := recent.Since(0)
		if text := out.String() + fmt.Sprint(lines); strings.Contains(text, canary) || !strings.Contains(text, secret.Redacted) {
			t.Errorf("%s log = %s", format, text)
		}
	}
}

func TestRecentKeepsTheLastLinesInOrder(t *testing.T) {
	t.Parallel()
	recent := telemetry.NewRecent(3)
	log := telemetry.NewLogger(io.Discard, telemetry.LogConfig{}, recent)
	_, changed := recent.Since(0)
	for i := range 5 {
		log.Info("line", "n", i)
	}
	select {
	case <-changed:
	default:
		t.Error("Since's channel is open after new lines")
	}
	lines, _ := recent.Since(0)
	var got []string
	for _, l := range lines {
		got = append(got, fmt.Sprint(l.Seq, l.Fields))
	}
	if diff := cmp.Diff([]string{"3 [{n 2}]", "4 [{n 3}]", "5 [{n 4}]"}, got); diff != "" {
		t.Errorf("Since(0) (-want +got):\n%s", diff)
	}
	if rest, _ := recent.Since(4); len(rest) != 1 || rest[0].Seq != 5 {
		t.Errorf("Since(4) = %v, want line 5 alone", rest)
	}
}

// TestRecentIsBounded logs a line as large as a program can make one: many
// fields, long keys, long values.
func TestRecentIsBounded(t *testing.T) {
	t.Parallel()
	recent := telemetry.NewRecent(1)
	log := telemetry.NewLogger(io.Discard, telemetry.LogConfig{}, recent)
	attrs := []any{strings.Repeat("k", 50_000), "v"}
	for i := range 64 {
		attrs = append(attrs, fmt.Sprint("field", i), strings.Repeat("ä", 10_000))
	}
	log.With("process", "web").Info(strings.Repeat("é", 50_001), attrs...)
	lines, _ := recent.Since(0)
	size := len(lines[0].Message)
	for _, f := range lines[0].Fields {
		size += len(f.Key) + len(f.Value)
		if !utf8.ValidString(f.Key) || !utf8.ValidString(f.Value) {
			t.Errorf("a field was cut within a letter")
		}
	}
	if size > 9<<10 || !utf8.ValidString(lines[0].Message) {
		t.Errorf("one line takes %d bytes, want at most some 8 KiB", size)
	}
	first, last := lines[0].Fields[0], lines[0].Fields[len(lines[0].Fields)-1]
	if first != (telemetry.Field{Key: "process", Value: "web"}) || last != (telemetry.Field{Key: "truncated", Value: "true"}) {
		t.Errorf("fields go from %.40v to %.40v, want process first and that something is missing", first, last)
	}
	log.Info("short", "n", 1)
	if lines, _ = recent.Since(1); len(lines[0].Fields) != 1 {
		t.Errorf("a short line has %v", lines[0].Fields)
	}
}

func TestAccessLogLinesAreJSONWhateverTheRequestHolds(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := telemetry.NewAccessLog(&out, telemetry.JSON)
	in := telemetry.Request{
		Time: time.Unix(1_800_000_000, 5e6), ID: "r1", Client: "192.0.2.1", Method: "GET", Host: "a\"\\\n\x00\x7f",
		Path: "/é\xff\u2028", Status: 200, Duration: 1_234_567 * time.Microsecond, BytesOut: 42, Retries: 1, Reason: "anyone",
	}
	log.Write(&in)
	log.Flush()
	var got map[string]any
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatalf("%v in %q", err, out.String())
	}
	want := map[string]any{
		"time": "2027-01-15T08:00:00.005Z", "level": "INFO", "msg": "request", "request_id": "r1", "client": "192.0.2.1",
		"method": "GET", "host": in.Host, "path": "/é\ufffd\u2028", "status": 200.0, "duration_seconds": 1.234567,
		"bytes_in": 0.0, "bytes_out": 42.0, "retries": 1.0, "reason": "anyone",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("line (-want +got):\n%s", diff)
	}
}

func TestHumanAccessLogTellsOfTheUpstream(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := telemetry.NewAccessLog(&out, telemetry.Human)
	log.Write(&telemetry.Request{
		Method: "GET", Host: "h", Path: "/", Status: 200, Duration: 2 * time.Millisecond, UpstreamDuration: 1500 * time.Microsecond,
		Route: "app", Rule: "open", User: "u_ann", Upstream: "web.1", Retries: 1, ID: "r1",
	})
	log.Write(&telemetry.Request{Method: "GET", Host: "h", Path: "/", Status: 404, Route: "files"})
	log.Flush()
	first, second, _ := strings.Cut(out.String(), "\n")
	_, first, _ = strings.Cut(first, "Z ")
	if want := "request 200 GET h/ 2ms  route=app  rule=open  user=u_ann  upstream=web.1  upstream_time=1.5ms  retries=1  request_id=r1"; first != want {
		t.Errorf("line = %s, want %s", first, want)
	}
	if strings.Contains(second, "upstream") || strings.Contains(second, "retries") {
		t.Errorf("a file's line = %s, want nothing of an upstream", second)
	}
}

func TestAccessLogFlushesInTimeAndAtTheEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		log := telemetry.NewAccessLog(&out, telemetry.Human)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- log.Run(ctx) }()
		log.Write(&telemetry.Request{Method: "GET", Host: "h", Path: "/\x1b", Status: 204})
		time.Sleep(time.Second) // the bubble's clock, not the machine's
		synctest.Wait()
		if !strings.Contains(out.String(), `204 GET "h/\x1b"`) {
			t.Errorf("after a second: %q", out.String())
		}
		log.Write(&telemetry.Request{Method: "PUT", Status: 201})
		cancel()
		if err := <-done; err != nil || !strings.Contains(out.String(), "201 PUT") {
			t.Errorf("Run() = %v, log %q", err, out.String())
		}
	})
}

func TestMetricsHandlerServesTheRegistry(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	telemetry.MetricsHandler(telemetry.NewRegistry("v9")).ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	for _, want := range []string{`berth_build_info{version="v9"} 1`, "go_goroutines", "process_resident_memory_bytes"} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("metrics lack %s", want)
		}
	}
}

func TestParseLevel(t *testing.T) {
	t.Parallel()
	if l, err := telemetry.ParseLevel("warn"); err != nil || l != slog.LevelWarn {
		t.Errorf("ParseLevel(warn) = %v, %v", l, err)
	}
	if _, err := telemetry.ParseLevel("loud"); err == nil || !strings.Contains(err.Error(), "debug, info, warn, error") {
		t.Errorf("ParseLevel(loud) error = %v", err)
	}
}

func BenchmarkAccessLog(b *testing.B) {
	for _, format := range []telemetry.Format{telemetry.Human, telemetry.JSON} {
		b.Run(string(format), func(b *testing.B) {
			log := telemetry.NewAccessLog(io.Discard, format)
			r := telemetry.Request{
				Time: time.Now(), ID: "01JABCDEFGHJKMNPQRSTVWXYZ0", Client: "192.0.2.17", Method: "GET", Host: "app.example.com",
				Path: "/api/orgs/acme/projects/42", Proto: "HTTP/1.1", Status: 200, Duration: 812 * time.Microsecond, BytesOut: 1024,
				Route: "api", Rule: "projects", Upstream: "web.1", User: "u_abc", Tenant: "acme",
			}
			b.ReportAllocs()
			for b.Loop() {
				log.Write(&r)
			}
		})
	}
}
