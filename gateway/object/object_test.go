package object_test

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/berth-project/berth/gateway/object"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// gateway serves every request with the reference from the query parameter
// "ref", as an app would have named it, and its headers. Errors become their
// status with the code as the body.
func gateway(t testing.TB, cfg object.Config, app http.Header) *httptest.Server {
	t.Helper()
	h, err := object.New(cfg, quiet())
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path, query, _ := strings.Cut(r.Header.Get("X-Ref"), "?")
		err := h.Serve(w, r, object.Ref{Path: path, RawQuery: query}, app)
		if err == nil {
			return
		}
		var refused *object.Error
		if !errors.As(err, &refused) {
			t.Errorf("Serve() = %v, not an *Error", err)
			return
		}
		if refused.Written {
			panic(http.ErrAbortHandler)
		}
		http.Error(w, string(refused.Code), refused.Status)
	}))
	t.Cleanup(func() {
		srv.Close()
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	return srv
}

// fetch asks the gateway for a reference; header is name, value, name, value…
func fetch(t testing.TB, srv *httptest.Server, method, ref string, header ...string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, srv.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Ref", ref)
	for i := 0; i < len(header); i += 2 {
		req.Header.Add(header[i], header[i+1])
	}
	transport := &http.Transport{DisableCompression: true}
	defer transport.CloseIdleConnections()
	resp, err := transport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return resp, "broken: " + err.Error()
	}
	return resp, string(body)
}

// origin starts an object server and returns it with its host and port.
func origin(t testing.TB, handler http.HandlerFunc) (*httptest.Server, string) {
	t.Helper()
	srv := httptest.NewServer(handler)
	t.Cleanup(srv.Close)
	return srv, strings.TrimPrefix(srv.URL, "http://")
}

func plain(host string) object.Config {
	return object.Config{Hosts: []string{host}, Schemes: []string{"http"}, AllowPrivate: loopback}
}

func TestServeFetchesFromOrigin(t *testing.T) {
	t.Parallel()
	content := strings.Repeat("0123456789", 100_000)
	modified := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	_, host := origin(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "binary/octet-stream")
		w.Header().Set("Etag", `"tag"`)
		switch r.URL.Path {
		case "/forbidden":
			http.Error(w, "<Error><BucketName>secret</BucketName></Error>", http.StatusForbidden)
		case "/gone":
			w.WriteHeader(http.StatusNotFound)
		case "/moved":
			http.Redirect(w, r, "http://secret.internal/", http.StatusFound)
		case "/busy":
			w.WriteHeader(http.StatusServiceUnavailable)
		case "/partial":
			w.Header().Set("Content-Range", "bytes 0-0/9")
			w.WriteHeader(http.StatusPartialContent)
		case "/chunked":
			w.(http.Flusher).Flush()
			io.WriteString(w, content)
		case "/empty":
			http.ServeContent(w, r, "", modified, strings.NewReader(""))
		case "/ignores-range":
			io.WriteString(w, content)
		default:
			http.ServeContent(w, r, "", modified, strings.NewReader(content))
		}
	})
	srv := gateway(t, plain(host), nil)
	tests := []struct {
		name, method, path string
		header             []string
		status             int
		body               string
		length             int64
	}{
		{"whole", "GET", "/blob", nil, 200, content, 1_000_000},
		{"by post", "POST", "/blob", []string{"Range", "bytes=0-1"}, 200, content, 1_000_000},
		{"range", "GET", "/blob", []string{"Range", "bytes=10-14"}, 206, "01234", 5},
		{"range with its tag", "GET", "/blob", []string{"Range", "bytes=10-14", "If-Range", `"tag"`}, 206, "01234", 5},
		{"range with another tag", "GET", "/blob", []string{"Range", "bytes=10-14", "If-Range", `"other"`}, 200, content, 1_000_000},
		{"range outside", "GET", "/blob", []string{"Range", "bytes=2000000-"}, 416, "object_range\n", -1},
		{"not modified", "GET", "/blob", []string{"If-None-Match", `"tag"`}, 304, "", 0},
		{"precondition", "GET", "/blob", []string{"If-Match", `"other"`}, 412, "object_precondition\n", -1},
		{"head", "HEAD", "/blob", nil, 200, "", 1_000_000},
		{"head with range", "HEAD", "/blob", []string{"Range", "bytes=5-6"}, 200, "", 1_000_000},
		{"head not modified", "HEAD", "/blob", []string{"If-None-Match", `"tag"`}, 304, "", 0},
		{"head of an empty object", "HEAD", "/empty", nil, 200, "", 0},
		{"head where ranges are ignored", "HEAD", "/ignores-range", nil, 200, "", -1},
		{"head of nothing", "HEAD", "/gone", nil, 404, "", -1},
		{"empty", "GET", "/empty", nil, 200, "", 0},
		{"chunked", "GET", "/chunked", nil, 200, content, -1},
		{"forbidden is not found", "GET", "/forbidden", nil, 404, "object_not_found\n", -1},
		{"not found", "GET", "/gone", nil, 404, "object_not_found\n", -1},
		{"redirect", "GET", "/moved", nil, 502, "object_origin\n", -1},
		{"origin in trouble", "GET", "/busy", nil, 502, "object_origin\n", -1},
		{"part of what was not asked in parts", "GET", "/partial", nil, 502, "object_origin\n", -1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for range 2 { // the second time on a used connection
				resp, body := fetch(t, srv, tt.method, "http/"+host+tt.path, tt.header...)
				if resp.StatusCode != tt.status || body != tt.body {
					t.Fatalf("%d with %d bytes (%.40q), want %d with %d", resp.StatusCode, len(body), body, tt.status, len(tt.body))
				}
				if tt.length >= 0 && resp.Header.Get("Content-Length") != "" && resp.ContentLength != tt.length {
					t.Errorf("Content-Length = %d, want %d", resp.ContentLength, tt.length)
				}
				if resp.Header.Get("Location") != "" || strings.Contains(body, "secret") {
					t.Errorf("the origin's answer leaks: %v %s", resp.Header, body)
				}
			}
		})
	}
}

func TestServeMergesHeaders(t *testing.T) {
	t.Parallel()
	_, host := origin(t, func(w http.ResponseWriter, _ *http.Request) {
		for name, value := range map[string]string{
			"Content-Type": "text/xml", "Content-Disposition": "attachment; filename=key", "Cache-Control": "public",
			"Expires": "Thu, 01 Jan 2099 00:00:00 GMT", "Etag": `"tag"`, "Last-Modified": "Fri, 02 Jan 2026 03:04:05 GMT",
			"Accept-Ranges": "bytes", "Content-Encoding": "br", "Vary": "Origin, Accept-Encoding", "Server": "AmazonS3",
			"X-Amz-Request-Id": "leak", "X-Amz-Meta-Owner": "leak", "Set-Cookie": "origin=1", "Location": "http://x/", "Link": "</x>",
			"Access-Control-Allow-Origin": "*", "X-Accel-Redirect": "/x", "Strict-Transport-Security": "max-age=1",
		} {
			w.Header().Set(name, value)
		}
		io.WriteString(w, "x")
	})
	tests := []struct {
		name string
		app  http.Header
		want map[string]string
	}{
		{"app says", http.Header{
			"Content-Type": {"application/pdf"}, "Content-Disposition": {`attachment; filename="7.pdf"`},
			"Cache-Control": {"private, max-age=60"}, "Set-Cookie": {"app=1"}, "Etag": {`"app"`}, "Content-Length": {"99"},
			"X-App": {"dropped"}, "X-Accel-Redirect": {"/objects/x"}, "Content-Security-Policy": {"sandbox"}, "Content-Encoding": {"gzip"},
		}, map[string]string{
			"Content-Type": "application/pdf", "Content-Disposition": `attachment; filename="7.pdf"`,
			"Cache-Control": "private, max-age=60", "Set-Cookie": "app=1", "Content-Security-Policy": "sandbox", "Expires": "",
			"Etag": `"tag"`, "Content-Length": "1",
		}},
		{"app says nothing", nil, map[string]string{
			"Content-Type": "text/xml", "Content-Disposition": "attachment; filename=key", "Cache-Control": "public",
			"Expires": "Thu, 01 Jan 2099 00:00:00 GMT", "Set-Cookie": "", "Content-Security-Policy": "", "Etag": `"tag"`, "Content-Length": "1",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			srv := gateway(t, plain(host), tt.app)
			resp, _ := fetch(t, srv, "GET", "http/"+host+"/x")
			want := map[string]string{
				"Last-Modified": "Fri, 02 Jan 2026 03:04:05 GMT", "Accept-Ranges": "bytes", "Content-Encoding": "br",
				"Vary": "Accept-Encoding", "X-Content-Type-Options": "nosniff",
			}
			for name, value := range tt.want {
				if value != "" {
					want[name] = value
				}
			}
			got := map[string]string{}
			for name, values := range resp.Header {
				if name != "Date" {
					got[name] = strings.Join(values, " | ")
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("headers (-want +got):\n%s", diff)
			}
		})
	}
}

func TestServeSaysPrivateAndOpaqueWhenNobodySaysAnything(t *testing.T) {
	t.Parallel()
	_, host := origin(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Content-Type"] = nil
		io.WriteString(w, "<script>")
	})
	resp, _ := fetch(t, gateway(t, plain(host), nil), "GET", "http/"+host+"/x")
	if resp.Header.Get("Cache-Control") != "private" || resp.Header.Get("Content-Type") != "application/octet-stream" {
		t.Errorf("Cache-Control %q, Content-Type %q", resp.Header.Get("Cache-Control"), resp.Header.Get("Content-Type"))
	}
}

func TestServeForwardsTheReferenceUntouchedAndNoCredentials(t *testing.T) {
	t.Parallel()
	type seen struct {
		Target, Host, Method string
		Header               http.Header
		Length               int64
	}
	got := make(chan seen, 1)
	_, host := origin(t, func(_ http.ResponseWriter, r *http.Request) {
		got <- seen{r.RequestURI, r.Host, r.Method, r.Header, r.ContentLength}
	})
	srv := gateway(t, plain(host), nil)
	target := "/bucket//a%20b+c%2Bd:e@f/%C3%BC?X-Amz-Signature=ab%2Fcd&response-content-disposition=attachment%3B&a=[b]"
	fetch(t, srv, "POST", "/http/"+host+target,
		"Authorization", "Bearer secret", "Cookie", "session=secret", "Content-Type", "text/plain", "X-Forwarded-For", "1.2.3.4",
		"Berth-Assertion", "secret", "User-Agent", "curl/8", "Accept", "*/*", "Accept-Encoding", "br")
	want := seen{target, host, "GET", http.Header{"User-Agent": {"curl/8"}, "Accept": {"*/*"}, "Accept-Encoding": {"br"}}, 0}
	if diff := cmp.Diff(want, <-got); diff != "" {
		t.Errorf("request at the origin (-want +got):\n%s", diff)
	}
}

func TestServeRefuses(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	_, host := origin(t, func(http.ResponseWriter, *http.Request) { asked.Add(1) })
	_, port, _ := strings.Cut(host, ":")
	limited := object.Config{
		Hosts:        []string{host + "/public/", "*.s3.example.com", "exact.example.com:8443"},
		Schemes:      []string{"http"},
		AllowPrivate: loopback,
	}
	tests := []struct {
		name, ref string
		code      object.Code
	}{
		{"another host", "http/other.example.com/x", object.CodeRefused},
		{"another port", "http/127.0.0.1:1/public/x", object.CodeRefused},
		{"another scheme", "https/" + host + "/public/x", object.CodeRefused},
		{"above the path", "http/" + host + "/private/x", object.CodeRefused},
		{"path without its slash", "http/" + host + "/publicx", object.CodeRefused},
		{"wildcard without a label", "http/s3.example.com/x", object.CodeRefused},
		{"wildcard with two labels", "http/a.b.s3.example.com/x", object.CodeRefused},
		{"wildcard within another name", "http/a.s3.example.com.evil.example/x", object.CodeRefused},
		{"wildcard without a dot", "http/evils3.example.com/x", object.CodeRefused},
		{"wildcard with a port", "http/a.s3.example.com:8080/x", object.CodeRefused},
		{"port left out", "http/exact.example.com/x", object.CodeRefused},

		{"empty", "", object.CodeMalformed},
		{"no host", "http/", object.CodeMalformed},
		{"empty host", "http///x", object.CodeMalformed},
		{"no path", "http/" + host, object.CodeMalformed},
		{"full URL", "http://" + host + "/public/x", object.CodeMalformed},
		{"other scheme", "file/" + host + "/public/x", object.CodeMalformed},
		{"scheme in capitals", "HTTP/" + host + "/public/x", object.CodeMalformed},
		{"user name", "http/user@" + host + "/public/x", object.CodeMalformed},
		{"user and password", "http/" + host + ":pw@evil.example/public/x", object.CodeMalformed},
		{"encoded host", "http/127%2e0.0.1:" + port + "/public/x", object.CodeMalformed},
		{"trailing dot", "http/a.s3.example.com./x", object.CodeMalformed},
		{"decimal address", "http/2130706433/x", object.CodeMalformed},
		{"short address", "http/127.1/x", object.CodeMalformed},
		{"hexadecimal address", "http/0x7f.0.0.1/x", object.CodeMalformed},
		{"octal address", "http/0177.0.0.1/x", object.CodeMalformed},
		{"address with a zone", "http/[fe80::1%25eth0]/x", object.CodeMalformed},
		{"bracketed IPv4", "http/[127.0.0.1]/x", object.CodeMalformed},
		{"port zero", "http/127.0.0.1:0/public/x", object.CodeMalformed},
		{"port with a leading zero", "http/127.0.0.1:080/public/x", object.CodeMalformed},
		{"port too large", "http/127.0.0.1:65536/public/x", object.CodeMalformed},
		{"empty port", "http/127.0.0.1:/public/x", object.CodeMalformed},
		{"unicode host", "http/ex\u00e4mple.com/x", object.CodeMalformed},
		{"dot segments", "http/" + host + "/public/../private", object.CodeMalformed},
		{"encoded dot segments", "http/" + host + "/public/%2e%2E/private", object.CodeMalformed},
		{"encoded slash after dots", "http/" + host + "/public/..%2fprivate", object.CodeMalformed},
		{"twice encoded dots", "http/" + host + "/public/%252e%252e/private", object.CodeMalformed},
		{"dots with a parameter", "http/" + host + "/public/..;x/private", object.CodeMalformed},
		{"encoded backslash after dots", "http/" + host + "/public/..%5cprivate", object.CodeMalformed},
		{"backslash", "http/" + host + "/public\\x", object.CodeMalformed},
		{"space", "http/" + host + "/public/a b", object.CodeMalformed},
		{"tab", "http/" + host + "/public/a\tb", object.CodeMalformed},
		{"encoded line break", "http/" + host + "/public/%0d%0aX:%20y", object.CodeMalformed},
		{"encoded NUL", "http/" + host + "/public/%00", object.CodeMalformed},
		{"broken encoding", "http/" + host + "/public/%zz", object.CodeMalformed},
		{"cut encoding", "http/" + host + "/public/%2", object.CodeMalformed},
		{"fragment", "http/" + host + "/public/x#y", object.CodeMalformed},
		{"raw non-ASCII", "http/" + host + "/public/\u00fc", object.CodeMalformed},
		{"space in the query", "http/" + host + "/public/x?a b", object.CodeMalformed},
		{"too long", "http/" + host + "/public/" + strings.Repeat("a", 9000), object.CodeMalformed},
	}
	srv := gateway(t, limited, nil)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if resp, body := fetch(t, srv, "GET", tt.ref); resp.StatusCode != http.StatusBadGateway || body != string(tt.code)+"\n" {
				t.Errorf("%q = %d %q, want 502 %s", tt.ref, resp.StatusCode, body, tt.code)
			}
		})
	}
	if n := asked.Load(); n != 0 {
		t.Errorf("the origin was asked %d times", n)
	}
	if resp, _ := fetch(t, srv, "GET", "http/"+host+"/public/x"); resp.StatusCode != http.StatusOK {
		t.Errorf("the allowed reference = %d", resp.StatusCode)
	}
}

func TestServeRefusesRawControlBytes(t *testing.T) {
	t.Parallel()
	h, err := object.New(plain("127.0.0.1:9000"), quiet())
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	for _, ref := range []object.Ref{
		{Path: "http/127.0.0.1:9000/x\r\nX: y"},
		{Path: "http/127.0.0.1:9000\r\n/x"},
		{Path: "http/127.0.0.1:9000/x\x00"},
		{Path: "http/127.0.0.1:9000/x", RawQuery: "a\nb"},
		{Path: "http/127.0.0.1:9000/x?a=b"},
	} {
		err := h.Serve(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil), ref, nil)
		if refused, ok := errors.AsType[*object.Error](err); !ok || refused.Code != object.CodeMalformed {
			t.Errorf("Serve(%q) = %v", ref, err)
		}
	}
}

func TestServeIsClosedByDefault(t *testing.T) {
	t.Parallel()
	_, host := origin(t, func(http.ResponseWriter, *http.Request) {})
	for name, cfg := range map[string]object.Config{
		"nothing":       {},
		"no schemes":    {Hosts: []string{host}, AllowPrivate: loopback},
		"no hosts":      {Schemes: []string{"http"}, AllowPrivate: loopback},
		"not private":   {Hosts: []string{host}, Schemes: []string{"http"}},
		"other private": {Hosts: []string{host}, Schemes: []string{"http"}, AllowPrivate: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}},
	} {
		if resp, body := fetch(t, gateway(t, cfg, nil), "GET", "http/"+host+"/x"); resp.StatusCode != http.StatusBadGateway || body != "object_refused\n" {
			t.Errorf("%s: %d %q, want it refused", name, resp.StatusCode, body)
		}
	}
}

func TestServeChecksTheAddressBehindAName(t *testing.T) {
	t.Parallel()
	_, host := origin(t, func(http.ResponseWriter, *http.Request) {})
	_, port, _ := strings.Cut(host, ":")
	name := "localhost:" + port
	cfg := object.Config{Hosts: []string{name}, Schemes: []string{"http"}}
	if resp, body := fetch(t, gateway(t, cfg, nil), "GET", "http/"+name+"/x"); body != "object_refused\n" {
		t.Errorf("a listed name for a private address = %d %q, want it refused", resp.StatusCode, body)
	}
	cfg.AllowPrivate = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	if resp, _ := fetch(t, gateway(t, cfg, nil), "GET", "http/"+name+"/x"); resp.StatusCode != http.StatusOK {
		t.Errorf("with the range allowed = %d", resp.StatusCode)
	}
}

func TestServeNeverDialsMetadata(t *testing.T) {
	t.Parallel()
	everything := []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}
	for _, host := range []string{"169.254.169.254", "169.254.170.2", "[fd00:ec2::254]", "[fe80::1]", "[::ffff:169.254.169.254]", "[64:ff9b::a9fe:a9fe]", "100.100.100.200", "224.0.0.1", "0.0.0.0"} {
		cfg := object.Config{Hosts: []string{host}, Schemes: []string{"http"}, AllowPrivate: everything}
		if resp, body := fetch(t, gateway(t, cfg, nil), "GET", "http/"+host+"/latest/meta-data/"); body != "object_refused\n" {
			t.Errorf("%s = %d %q, want it refused", host, resp.StatusCode, body)
		}
	}
}

func TestServeOverTLS(t *testing.T) {
	t.Parallel()
	content := strings.Repeat("x", 300_000)
	var names atomic.Pointer[string]
	srv := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		names.Store(&r.TLS.ServerName)
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader(content))
	}))
	defer srv.Close()
	_, port, _ := strings.Cut(strings.TrimPrefix(srv.URL, "https://"), ":")
	roots := x509.NewCertPool()
	roots.AddCert(srv.Certificate())
	cfg := object.Config{Hosts: []string{"127.0.0.1:" + port}, AllowPrivate: loopback, RootCAs: roots}
	good := gateway(t, cfg, nil)
	for range 2 {
		if resp, body := fetch(t, good, "GET", "https/127.0.0.1:"+port+"/x"); resp.StatusCode != 200 || body != content {
			t.Errorf("%d with %d bytes", resp.StatusCode, len(body))
		}
	}
	cfg.RootCAs = x509.NewCertPool()
	if resp, body := fetch(t, gateway(t, cfg, nil), "GET", "https/127.0.0.1:"+port+"/x"); body != "object_dial\n" {
		t.Errorf("a certificate nobody knows = %d %q, want object_dial", resp.StatusCode, body)
	}
	cfg.RootCAs, cfg.Schemes = roots, []string{"http"}
	if _, body := fetch(t, gateway(t, cfg, nil), "GET", "https/127.0.0.1:"+port+"/x"); body != "object_refused\n" {
		t.Errorf("https where only http is listed: %q", body)
	}
}

func TestServeFromDirectory(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, content := range map[string]string{"public/a b.pdf": "pdf", "secret": "secret", "public/index.html": "index", "public/.hidden": "secret"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	app := http.Header{"Content-Disposition": {"attachment"}, "Set-Cookie": {"app=1"}, "X-App": {"dropped"}, "Etag": {`"app"`}}
	srv := gateway(t, object.Config{Directory: filepath.Join(dir, "public")}, app)
	tests := []struct {
		name, method, ref string
		header            []string
		status            int
		body              string
	}{
		{"file", "GET", "a%20b.pdf", nil, 200, "pdf"},
		{"leading slash", "GET", "/a%20b.pdf", nil, 200, "pdf"},
		{"query", "GET", "a%20b.pdf?x=y", nil, 200, "pdf"},
		{"by post", "POST", "a%20b.pdf", []string{"Range", "bytes=0-0"}, 200, "pdf"},
		{"head", "HEAD", "a%20b.pdf", nil, 200, ""},
		{"range", "GET", "a%20b.pdf", []string{"Range", "bytes=1-"}, 206, "df"},
		{"range outside", "GET", "a%20b.pdf", []string{"Range", "bytes=9-"}, 416, "object_range\n"},
		{"precondition", "GET", "a%20b.pdf", []string{"If-Match", `"x"`}, 412, "object_precondition\n"},
		{"missing", "GET", "missing.pdf", nil, 404, "object_not_found\n"},
		{"directory", "GET", "", nil, 404, "object_not_found\n"},
		{"climbs", "GET", "../secret", nil, 404, "object_not_found\n"},
		{"climbs encoded", "GET", "%2e%2e%2fsecret", nil, 404, "object_not_found\n"},
		{"absolute", "GET", "//etc/passwd", nil, 404, "object_not_found\n"},
		{"NUL", "GET", "a%20b.pdf%00", nil, 404, "object_not_found\n"},
		{"dotfile", "GET", ".hidden", nil, 404, "object_not_found\n"},
		{"broken encoding", "GET", "%zz", nil, 502, "object_reference_malformed\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			resp, body := fetch(t, srv, tt.method, tt.ref, tt.header...)
			if resp.StatusCode != tt.status || body != tt.body {
				t.Fatalf("%d %q, want %d %q", resp.StatusCode, body, tt.status, tt.body)
			}
			want := map[string]string{"Content-Disposition": "attachment", "Set-Cookie": "app=1", "Cache-Control": "private", "X-App": ""}
			if tt.status >= 400 {
				want = map[string]string{"Content-Disposition": "", "Set-Cookie": "", "X-App": ""}
			}
			for name, value := range want {
				if got := resp.Header.Get(name); got != value {
					t.Errorf("%s = %q, want %q", name, got, value)
				}
			}
		})
	}
}

func TestNewRefusesBadConfigurations(t *testing.T) {
	t.Parallel()
	for name, cfg := range map[string]object.Config{
		"both kinds":         {Directory: "x", Hosts: []string{"a.example"}},
		"everything":         {Hosts: []string{"*"}},
		"a whole domain":     {Hosts: []string{"*.com"}},
		"star within":        {Hosts: []string{"a.*.example.com"}},
		"star in a label":    {Hosts: []string{"my-*.example.com"}},
		"scheme in the host": {Hosts: []string{"https://a.example"}},
		"user in the host":   {Hosts: []string{"u@a.example"}},
		"climbing path":      {Hosts: []string{"a.example/x/../y"}},
		"unknown scheme":     {Hosts: []string{"a.example"}, Schemes: []string{"ftp"}},
		"invalid prefix":     {Hosts: []string{"a.example"}, AllowPrivate: []netip.Prefix{{}}},
		"empty host":         {Hosts: []string{""}},
	} {
		if _, err := object.New(cfg, quiet()); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestErrorsNameNoPath(t *testing.T) {
	t.Parallel()
	_, host := origin(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) })
	h, err := object.New(plain(host), quiet())
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	for _, path := range []string{"http/" + host + "/secret", "http/other.example/secret", "http/" + host + "/secret path"} {
		r := httptest.NewRequest("GET", "/", nil)
		err := h.Serve(httptest.NewRecorder(), r, object.Ref{Path: path, RawQuery: "X-Amz-Signature=secret"}, nil)
		if err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("Serve(%q) = %v", path, err)
		}
	}
}

func TestServeStopsWhenTheClientLeaves(t *testing.T) {
	t.Parallel()
	reached := make(chan struct{})
	_, host := origin(t, func(_ http.ResponseWriter, r *http.Request) {
		close(reached)
		<-r.Context().Done()
	})
	h, err := object.New(plain(host), quiet())
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-reached
		cancel()
	}()
	err = h.Serve(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil).WithContext(ctx), object.Ref{Path: "http/" + host + "/x"}, nil)
	if left, ok := errors.AsType[*object.Error](err); !ok || left.Code != object.CodeCanceled {
		t.Errorf("Serve() = %v, want %s", err, object.CodeCanceled)
	}
}

func ExampleHandler_Serve() {
	bucket := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "object %s", r.RequestURI)
	}))
	defer bucket.Close()
	host := strings.TrimPrefix(bucket.URL, "http://")

	objects, err := object.New(object.Config{
		Hosts:        []string{host + "/invoices/"},
		Schemes:      []string{"http"}, // https unless said otherwise
		AllowPrivate: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
	}, slog.New(slog.DiscardHandler))
	if err != nil {
		panic(err)
	}
	defer objects.Close()

	app := http.Header{"Content-Disposition": {`attachment; filename="7.pdf"`}}
	for _, path := range []string{"/http/" + host + "/invoices/7%207.pdf", "/http/169.254.169.254/latest/meta-data/"} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		err := objects.Serve(w, r, object.Ref{Path: path}, app)
		refused, _ := errors.AsType[*object.Error](err)
		fmt.Println(refused != nil, w.Body, w.Header().Get("Content-Disposition"))
	}
	// Output:
	// false object /invoices/7%207.pdf attachment; filename="7.pdf"
	// true
}
