package service

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/berth-project/berth/session"
)

// hostile is the service the corpus is sent to. The test fills in $JOURNAL,
// $CANARY and $TIMEOUT.
const hostile = `
service: demo
domains: [demo.example.com, .apps.example.com]
processes:
  web:
    command: [/bin/sh, -c, 'exec "$BERTH_TEST_BINARY"']
    listen: port
    environment: {APP_JOURNAL: "$JOURNAL"}
    serve: {retries: 0}
gateway:
  listen: [{address: "127.0.0.1:0"}, {address: "127.0.0.1:0", tls: true}]
  tls: self-signed
  max-body: 64KiB
  limits: {max-header: 8KiB, max-headers: 32, max-url: 1KiB}
  timeouts: {read-header: $TIMEOUT, read-body: $TIMEOUT, idle: $TIMEOUT}
  routes:
    - {path: /files/**, objects: {directory: ./private}}
    - {path: /remote/**, objects: {hosts: ["$CANARY", "localhost.example.com", "*.objects.example.com"], schemes: [http, https]}}
    - {path: /static/**, static: ./public}
    - {path: /**, process: web}
access:
  - {path: /open/**, allow: anyone}
  - {path: /static/**, allow: anyone}
  - {path: /files/**, allow: anyone}
  - {path: /remote/**, allow: anyone}
  - {path: /sdk/**, allow: anyone}
  - {path: /accel, allow: anyone}
  - {path: /closed/**, allow: signed-in}
  - {path: /readonly, allow: anyone, methods: [GET]}
  - {path: "/{tenant}/audit/**", allow: {role: manager, of: tenant}}
  - {path: "/{tenant}/desk/**", allow: {role: [teller, manager], of: tenant}}
login: {password: {user-attempts: 12, address-attempts: 60}}
development:
  tenants: [{id: acme}, {id: zenith}]
  users:
    - {email: tom@acme.test, roles: {acme: teller}}
    - {email: dan@acme.test, roles: {acme: manager}}
    - {email: eve@acme.test, roles: {zenith: manager}}
`

// hostileTarget is the running service with all that the corpus needs.
type hostileTarget struct {
	*running
	forge   *forge
	journal string
	address map[string]string // by "plain", "tls", "app"
	canary  *canary
	seen    int      // journal entries looked at
	late    []string // requests that the app may still be about to note
}

// canary is a server on this machine that nobody may be led to.
type canary struct {
	net.Listener
	visits atomic.Int64
}

func newCanary(t *testing.T) *canary {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &canary{Listener: ln}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			c.visits.Add(1)
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() {
		_ = ln.Close()
		<-done
	})
	return c
}

func newHostileTarget(t *testing.T, timeout string) *hostileTarget {
	t.Helper()
	c := newCanary(t)
	h := &hostileTarget{canary: c, journal: filepath.Join(t.TempDir(), "journal")}
	h.running = prepare(t, strings.NewReplacer("$JOURNAL", h.journal, "$CANARY", c.Addr().String(), "$TIMEOUT", timeout).Replace(hostile))
	h.listen = ""
	dir := filepath.Dir(h.file)
	for name, text := range map[string]string{
		"secret.txt": "secret", "private/a.txt": "private", "public/a.txt": "public", "public/.env": "secret",
	} {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("../secret.txt", filepath.Join(dir, "public/link.txt")); err != nil {
		t.Fatal(err)
	}
	h.begin(Development)
	h.address = h.addresses()
	_, e := h.get(h.browser(), "/open/port")
	h.address["app"] = "127.0.0.1:" + e.Port
	h.forge = newForge(t, h.running)
	h.seen = len(h.entries())
	return h
}

// entries are the requests the app has seen.
func (h *hostileTarget) entries() []echo {
	h.t.Helper()
	text, err := os.ReadFile(h.journal)
	if err != nil {
		h.t.Fatal(err)
	}
	var list []echo
	for line := range bytes.Lines(text) {
		var e echo
		if err := json.Unmarshal(line, &e); err != nil {
			h.t.Fatal(err)
		}
		list = append(list, e)
	}
	return list
}

// TestHostileRequests sends what attackers send, byte for byte, to a running
// service, and looks at the answer and at what the app saw of it.
func TestHostileRequests(t *testing.T) {
	t.Parallel()
	corpus := readHostile(t)
	h := newHostileTarget(t, "20s")
	expected, possible, cases := h.seen, h.seen, 0
	families := make([]string, 0, len(corpus))
	for name := range corpus {
		families = append(families, name)
	}
	slices.Sort(families)
	var slow *hostileTarget
	for _, family := range families {
		for _, c := range corpus[family] {
			cases++
			to := h
			if c.over == "slow" {
				if slow == nil {
					slow = newHostileTarget(t, "1s")
				}
				to = slow
			}
			t.Run(family+"/"+c.title, func(t *testing.T) {
				if to == h {
					expected += len(c.app)
					possible += len(c.app) + len(c.appMay)
				}
				to.try(t, c)
			})
		}
	}
	if cases < 80 {
		t.Errorf("%d cases, want at least 80", cases)
	}
	if n := h.canary.visits.Load(); n != 0 {
		t.Errorf("somebody was led to a server on this machine, %d times", n)
	}
	h.Stop()
	if n := len(h.entries()); n < expected || n > possible {
		t.Errorf("the app saw %d requests, want %d to %d", n, expected, possible)
	}
}

// try plays one case.
func (h *hostileTarget) try(t *testing.T, c *hostileCase) {
	h.forge.t, h.forge.tls = t, c.over == "tls" || c.over == "h2"
	sent := c.bytes(t, h.forge.functions(h.canary.Addr().String()))
	drip := c.fill(t, c.drip, h.forge.functions(""))
	var got []answered
	for range c.repeat {
		if c.over == "h2" {
			got = h.converseH2(t, sent)
		} else {
			got = h.converse(t, c, sent, drip)
		}
	}
	c.checkAnswers(t, got)
	for i := range c.app {
		c.app[i] = c.fill(t, c.app[i], h.forge.functions(h.canary.Addr().String()))
	}
	h.checkApp(t, c)
}

// answered is one answer, or the last with what ended the connection.
type answered struct {
	status int
	header http.Header
	body   string
	ended  bool // the connection ended after it
}

const probe = "GET /.berth/health/live HTTP/1.1\r\nHost: demo.example.com\r\nConnection: close\r\n\r\n"

// converse sends bytes over a new connection and reads until it is closed. A
// connection that stays open is closed by a last request for health, whose
// answer is left out.
func (h *hostileTarget) converse(t *testing.T, c *hostileCase, sent, drip string) []answered {
	t.Helper()
	conn := h.dial(t, c.over)
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(patience))
	go func() {
		_, err := io.WriteString(conn, sent)
		for drip != "" && err == nil { // as slow as an attacker: the server's clock decides
			time.Sleep(10 * time.Millisecond)
			_, err = conn.Write([]byte{drip[0]})
			drip = drip[1:] + drip[:1]
		}
	}()
	var got []answered
	br := bufio.NewReader(conn)
	method, _, _ := strings.Cut(sent, " ")
	for {
		a, err := readAnswer(br, method)
		if err != nil {
			if ne, ok := errors.AsType[net.Error](err); ok && ne.Timeout() {
				t.Fatalf("the gateway neither answered nor closed after %d answers", len(got))
			}
			if len(got) > 0 {
				got[len(got)-1].ended = true
			}
			return got
		}
		if a.status == http.StatusOK && strings.HasPrefix(a.body, `{"status":"ok"}`) {
			return got // the probe's
		}
		got = append(got, a)
		if !a.ended && len(got) == c.answers {
			method = "GET"
			if _, err := io.WriteString(conn, probe); err != nil {
				got[len(got)-1].ended = true
				return got
			}
		}
	}
}

func readAnswer(br *bufio.Reader, method string) (answered, error) {
	resp, err := http.ReadResponse(br, &http.Request{Method: method})
	if err != nil {
		return answered{}, err
	}
	defer resp.Body.Close()
	if resp.StatusCode < 200 {
		return readAnswer(br, method)
	}
	body, err := io.ReadAll(resp.Body)
	return answered{status: resp.StatusCode, header: resp.Header, body: string(body), ended: resp.Close || err != nil}, nil
}

func (h *hostileTarget) dial(t *testing.T, over string) net.Conn {
	t.Helper()
	address := h.address[over]
	if over == "slow" {
		address = h.address["plain"]
	}
	if over == "h2" {
		address = h.address["tls"]
	}
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	protocols := map[string][]string{"tls": {"http/1.1"}, "h2": {"h2"}}[over]
	if protocols == nil {
		return conn
	}
	return tls.Client(conn, &tls.Config{InsecureSkipVerify: true, ServerName: "demo.example.com", NextProtos: protocols}) //nolint:gosec // the certificate is self-signed
}

func (c *hostileCase) checkAnswers(t *testing.T, got []answered) {
	t.Helper()
	if c.closed && len(got) > 0 {
		t.Fatalf("%s: answered %d %s, want the connection closed", c.place, got[0].status, got[0].body)
	}
	if c.closed {
		return
	}
	if c.refused {
		if len(got) == 0 {
			return
		}
		if got[0].status < 400 || len(got) > 1 || !got[0].ended {
			t.Errorf("%s: %d answers, the first %d, connection ended %v; want one refusal and the end\n%s", c.place, len(got), got[0].status, got[0].ended, got[0].body)
		}
		return
	}
	if len(got) != c.answers {
		t.Fatalf("%s: %d answers, want %d: %+v", c.place, len(got), c.answers, got)
	}
	a := got[len(got)-1]
	var doc struct{ Code string }
	_ = json.Unmarshal([]byte(a.body), &doc) // not every answer is a problem document
	if a.status != c.status || c.code != "" && doc.Code != c.code || a.header.Get("Location") != c.location {
		t.Errorf("%s: answered %d %q to %q, want %d %q to %q\n%s", c.place, a.status, doc.Code, a.header.Get("Location"), c.status, c.code, c.location, a.body)
	}
	for _, want := range c.answerHas {
		name, value, _ := strings.Cut(want, ": ")
		have := a.header.Get(name)
		if prefix, ok := strings.CutSuffix(value, "*"); have != value && !(ok && strings.HasPrefix(have, prefix) && have != "") {
			t.Errorf("%s: the answer has %s: %q, want %q", c.place, name, have, value)
		}
	}
	for _, name := range c.answerLack {
		if v, ok := a.header[http.CanonicalHeaderKey(name)]; ok {
			t.Errorf("%s: the answer has %s: %q", c.place, name, v)
		}
	}
}

// checkApp looks at the requests the app saw since the last case.
func (h *hostileTarget) checkApp(t *testing.T, c *hostileCase) {
	t.Helper()
	all := h.entries()
	fresh := all[h.seen:]
	h.seen = len(all)
	missing, allowed := slices.Clone(c.app), append(h.late, c.appMay...)
	for _, e := range fresh {
		what := e.Method + " " + e.Target
		if i := slices.Index(missing, what); i >= 0 {
			missing = slices.Delete(missing, i, i+1)
		} else if i := slices.Index(allowed, what); i >= 0 {
			allowed = slices.Delete(allowed, i, i+1)
		} else {
			t.Errorf("%s: the app saw %s", c.place, what)
		}
		if c.over != "app" {
			h.checkTrusted(t, c, e)
		}
	}
	h.late = allowed
	if len(missing) > 0 {
		t.Errorf("%s: the app did not see %q", c.place, missing)
	}
}

// trusted are the headers that only the gateway writes; the app must see each
// exactly once.
var trusted = []string{
	session.AssertionHeader, "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Port",
	"X-Real-Ip", "Forwarded", "X-Request-Id", "Traceparent",
}

// checkTrusted checks what holds for every request an app sees.
func (h *hostileTarget) checkTrusted(t *testing.T, c *hostileCase, e echo) {
	t.Helper()
	for _, name := range trusted {
		if n := len(e.Header[name]); n != 1 {
			t.Errorf("%s: the app saw %s %d times: %q", c.place, name, n, e.Header[name])
		}
	}
	for name, want := range map[string]string{"X-Forwarded-For": "127.0.0.1", "X-Real-Ip": "127.0.0.1"} {
		if got := e.Header.Get(name); got != want {
			t.Errorf("%s: the app saw %s: %q, want %q", c.place, name, got, want)
		}
	}
	for name, values := range e.Header {
		if strings.Contains(name, "_") || strings.HasPrefix(name, "X-Accel-") || strings.HasPrefix(name, "X-Auth-") {
			t.Errorf("%s: the app saw %s: %q", c.place, name, values)
		}
		for _, v := range values {
			if strings.Contains(v, "v1.") && strings.Contains(v, "berth") {
				t.Errorf("%s: the app saw a session in %s", c.place, name)
			}
		}
	}
	for _, want := range c.appHas {
		name, value, _ := strings.Cut(want, ": ")
		if got := strings.Join(e.Header[http.CanonicalHeaderKey(name)], "|"); got != value {
			t.Errorf("%s: the app saw %s: %q, want %q", c.place, name, got, value)
		}
	}
	for _, name := range c.appLacks {
		if v, ok := e.Header[http.CanonicalHeaderKey(name)]; ok {
			t.Errorf("%s: the app saw %s: %q", c.place, name, v)
		}
	}
	if who := h.assertedUser(t, e); who != c.appUser {
		t.Errorf("%s: the app was told that %q is calling, want %q", c.place, who, c.appUser)
	}
}

// assertedUser verifies the assertion as the app would.
func (h *hostileTarget) assertedUser(t *testing.T, e echo) string {
	t.Helper()
	v, err := session.NewVerifier(session.VerifierConfig{JWKSURL: h.Admin + "/.well-known/berth/jwks.json", Issuer: "demo", Audience: "demo"})
	if err != nil {
		t.Fatal(err)
	}
	sess, err := v.Verify(t.Context(), e.Header.Get(session.AssertionHeader))
	if err != nil {
		t.Errorf("assertion of %s %s: %v", e.Method, e.Target, err)
		return fmt.Sprint(err)
	}
	return sess.User.Email
}
