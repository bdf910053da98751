package service

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// storm is the manifest of the storm test. $GENERATION changes with every
// reload, $VERSION and $HOLD with some: they replace the processes and the
// group of servers.
const storm = `
service: demo
domains: [demo.example.com]
processes:
  web:
    command: [/bin/sh, -c, 'exec "$BERTH_TEST_BINARY"']
    listen: socket
    scale: 2
    environment: {APP_VERSION: "$VERSION"}
    ready: {interval: 10ms}
    restart: {min: 10ms, max: 50ms, limit: 1000}
    serve: {hold: $HOLD}
gateway:
  listen: [{address: "127.0.0.1:0"}, {address: "127.0.0.1:0", tls: true}]
  tls: {mode: files, certificates: [{certificate: cert.pem, key: key.pem}]}
  routes:
    - {path: /generation, redirect: {to: /open/$GENERATION, status: 307}}
    - {path: /files/**, objects: {directory: ./files}}
    - {path: /static/**, static: ./files}
    - {path: /**, process: web}
access:
  - {path: /open/**, allow: anyone}
  - {path: /static/**, allow: anyone}
  - {path: /accel, allow: anyone}
  - {path: /generation, allow: anyone}
  - {path: "/acme/rule$GENERATION", allow: {role: manager, of: acme}}
  - {path: "/{tenant}/**", allow: {role: teller, of: tenant}}
development:
  tenants: [{id: acme}]
  users: [{email: tom@acme.test, roles: {acme: teller}}]
`

const stormReloads = 100

// stormy is a service in a storm.
type stormy struct {
	*running
	dir        string
	plain, tls string // addresses
	serial     atomic.Int64

	// repeatable is held by requests that may not be sent twice, and taken to
	// kill: whether the dead program has carried one out nobody can know.
	repeatable sync.RWMutex
	workers    []*stormWorker
}

// stormWorker is one client that sends requests as fast as they are answered.
type stormWorker struct {
	name   string
	client *http.Client
	keeps  bool // its connections are for as many requests as it has
	broken atomic.Int64
	done   atomic.Int64
	base   string
	what   []stormRequest
}

type stormRequest struct {
	method, path, body string
	want               string // the body, empty for the app's
}

// TestStorm changes everything that can change while requests come in: every
// one of them is answered by the app, and no kept connection is broken.
func TestStorm(t *testing.T) {
	t.Parallel()
	s := newStorm(t)
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for _, w := range s.workers {
		wg.Go(func() { s.work(ctx, w) })
	}
	version, hold := 0, 10
	for i := 1; i <= stormReloads && !t.Failed(); i++ {
		switch {
		case i%10 == 3:
			version++
		case i%10 == 6:
			hold = 10 + i
		case i%10 == 8:
			s.changeCertificate()
		}
		s.change(i, version, hold)
		switch {
		case i%20 == 5:
			s.kill(1)
		case i%20 == 15:
			s.kill(2)
		}
		s.progress()
	}
	stop()
	wg.Wait()
	total := int64(0)
	for _, w := range s.workers {
		total += w.done.Load()
		if n := w.broken.Load(); w.keeps && n != 0 {
			t.Errorf("%s: %d connections were ended by the service, want none", w.name, n)
		}
	}
	t.Logf("%d requests", total)
}

func newStorm(t *testing.T) *stormy {
	t.Helper()
	s := &stormy{running: prepare(t, stormManifest(0, 0, 10))}
	s.listen, s.dir = "", filepath.Dir(s.file)
	if err := os.Mkdir(filepath.Join(s.dir, "files"), 0o755); err != nil {
		t.Fatal(err)
	}
	s.replace("files/a.txt", []byte("private"))
	s.changeCertificate()
	s.begin(Development)
	s.plain, s.tls = s.addresses()["plain"], s.addresses()["tls"]
	app, static := stormRequest{method: "GET", path: "/open/x"}, stormRequest{method: "GET", path: "/static/a.txt", want: "private"}
	object := stormRequest{method: "GET", path: "/accel?to=/files/a.txt", want: "private"}
	post := stormRequest{method: "POST", path: "/open/x", body: "a body"}
	own := stormRequest{method: "GET", path: "/acme/desk"}
	s.worker("kept", "http", true, false, app, static, object, own, post)
	s.worker("new", "http", false, false, app, static, object, own)
	s.worker("kept over TLS", "https", true, false, app, post, static)
	s.worker("new over TLS", "https", false, false, app, post)
	s.worker("h2", "https", true, true, app, static, object)
	s.worker("h2 with bodies", "https", true, true, post, app)
	return s
}

func stormManifest(generation, version, hold int) string {
	return strings.NewReplacer("$GENERATION", fmt.Sprint(generation), "$VERSION", fmt.Sprint(version), "$HOLD", fmt.Sprint(hold)+"s").Replace(storm)
}

// worker adds a client. Those without TLS are signed in.
func (s *stormy) worker(name, scheme string, keeps, h2 bool, what ...stormRequest) {
	w := &stormWorker{name: name, keeps: keeps, what: what, base: scheme + "://" + s.plain}
	dialer := &net.Dialer{}
	transport := &http.Transport{
		DisableKeepAlives: !keeps,
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // the certificate is made by the test
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			c, err := dialer.DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			if !keeps {
				_ = c.(*net.TCPConn).SetLinger(0) // thousands of them would wait for their ports
			}
			return &stormConn{Conn: c, broken: &w.broken}, nil
		},
	}
	transport.Protocols = &http.Protocols{}
	transport.Protocols.SetHTTP1(!h2)
	transport.Protocols.SetHTTP2(h2)
	s.t.Cleanup(transport.CloseIdleConnections)
	w.client = &http.Client{Transport: transport, Timeout: patience}
	if scheme == "https" {
		w.base = "https://" + s.tls
	} else {
		w.client.Jar = s.signIn("tom@acme.test").Jar
	}
	s.workers = append(s.workers, w)
}

// stormConn counts a connection that its server ends. (The number of
// connections would not do: a client gives one up by itself when it is slow to
// see the end of its own request.)
type stormConn struct {
	net.Conn
	broken *atomic.Int64
	closed atomic.Bool
}

func (c *stormConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if err != nil && c.closed.CompareAndSwap(false, true) {
		c.broken.Add(1)
	}
	return n, err
}

func (c *stormConn) Close() error {
	c.closed.Store(true)
	return c.Conn.Close()
}

// work sends requests until ctx ends or one fails.
func (s *stormy) work(ctx context.Context, w *stormWorker) {
	for i := 0; ctx.Err() == nil; i++ {
		req := w.what[i%len(w.what)]
		if err := s.send(w, req); err != nil {
			s.t.Errorf("%s: %s %s after %d requests: %v", w.name, req.method, req.path, w.done.Load(), err)
			return
		}
		w.done.Add(1)
	}
}

func (s *stormy) send(w *stormWorker, q stormRequest) error {
	if q.method == http.MethodPost {
		s.repeatable.RLock()
		defer s.repeatable.RUnlock()
	}
	req, err := http.NewRequest(q.method, w.base+q.path, strings.NewReader(q.body))
	if err != nil {
		return err
	}
	req.Host = "demo.example.com"
	if w.client.Jar != nil {
		req.Host = "" // the cookie is the address's
	}
	resp, err := w.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", resp.Status, body)
	}
	if w.keeps && resp.Close {
		return errors.New("the answer ends the connection")
	}
	if q.want != "" && string(body) != q.want {
		return fmt.Errorf("body %q, want %q", body, q.want)
	}
	var e echo
	if q.want == "" && (json.Unmarshal(body, &e) != nil || e.Method != q.method || e.Body != q.body) {
		return fmt.Errorf("the app's answer is %q", body)
	}
	return nil
}

// change puts a new manifest in place, asks for a reload every other time (the
// change of the file is enough for one), and waits until it is seen.
func (s *stormy) change(generation, version, hold int) {
	s.t.Helper()
	s.replace("berth.yaml", []byte(stormManifest(generation, version, hold)))
	if generation%2 == 0 {
		s.reload <- syscall.SIGHUP
	}
	c := s.browser()
	defer c.CloseIdleConnections()
	s.eventually(fmt.Sprintf("generation %d serves", generation), func() bool {
		resp, err := c.Get("http://" + s.plain + "/generation")
		if err != nil {
			s.t.Fatal(err)
		}
		defer resp.Body.Close()
		return resp.Header.Get("Location") == fmt.Sprintf("/open/%d", generation) || s.t.Failed()
	})
	// The processes are replaced before the new manifest serves.
	for range 2 {
		if e := s.ask(c); e.Version != fmt.Sprint(version) && !s.t.Failed() {
			s.t.Errorf("generation %d: version %s answers, want %d", generation, e.Version, version)
		}
	}
}

// ask asks the app who it is.
func (s *stormy) ask(c *http.Client) echo {
	s.t.Helper()
	resp, err := c.Get("http://" + s.plain + "/open/x")
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	var e echo
	if err := json.NewDecoder(resp.Body).Decode(&e); err != nil || resp.StatusCode != http.StatusOK {
		s.t.Errorf("the app did not answer: %s, %v", resp.Status, err)
	}
	return e
}

// kill kills some of the app's copies without warning and waits until as many
// others stand.
func (s *stormy) kill(n int) {
	s.t.Helper()
	c := s.browser()
	defer c.CloseIdleConnections()
	killed := map[int]bool{}
	s.repeatable.Lock()
	defer s.repeatable.Unlock()
	s.eventually("the copies answer in turn", func() bool {
		killed[s.ask(c).PID] = true
		return len(killed) == 2 || s.t.Failed()
	})
	for pid := range killed {
		if n--; n < 0 {
			delete(killed, pid)
			continue
		}
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			s.t.Error(err)
		}
	}
	alive := map[int]bool{}
	s.eventually("two copies answer again", func() bool {
		if pid := s.ask(c).PID; !killed[pid] {
			alive[pid] = true
		}
		return len(alive) == 2 || s.t.Failed()
	})
}

// progress waits until every client has had answers since now: the next change
// happens under load.
func (s *stormy) progress() {
	s.t.Helper()
	before := make([]int64, len(s.workers))
	for i, w := range s.workers {
		before[i] = w.done.Load()
	}
	s.eventually("every client goes on", func() bool {
		for i, w := range s.workers {
			if w.done.Load() < before[i]+3 && !s.t.Failed() {
				return false
			}
		}
		return true
	})
}

// changeCertificate replaces the certificate; once the service runs it waits
// until new connections get it.
func (s *stormy) changeCertificate() {
	s.t.Helper()
	serial := s.serial.Add(1)
	cert, key := stormCertificate(s.t, serial)
	s.replace("key.pem", key)
	s.replace("cert.pem", cert)
	if s.tls == "" {
		return
	}
	s.eventually("the new certificate is used", func() bool {
		c, err := tls.Dial("tcp", s.tls, &tls.Config{InsecureSkipVerify: true, ServerName: "demo.example.com"}) //nolint:gosec // its serial number is looked at
		if err != nil {
			s.t.Error(err)
			return true
		}
		defer c.Close()
		return c.ConnectionState().PeerCertificates[0].SerialNumber.Int64() == serial
	})
}

func stormCertificate(t *testing.T, serial int64) (cert, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), DNSNames: []string{"demo.example.com"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	var c, k bytes.Buffer
	_ = pem.Encode(&c, &pem.Block{Type: "CERTIFICATE", Bytes: der})
	_ = pem.Encode(&k, &pem.Block{Type: "PRIVATE KEY", Bytes: secret})
	return c.Bytes(), k.Bytes()
}

// replace puts a file in place as a whole.
func (s *stormy) replace(name string, text []byte) {
	s.t.Helper()
	file := filepath.Join(s.dir, name)
	if err := os.WriteFile(file+".new", text, 0o600); err != nil {
		s.t.Fatal(err)
	}
	if err := os.Rename(file+".new", file); err != nil {
		s.t.Fatal(err)
	}
}
