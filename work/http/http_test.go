package http_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/secret"
	"github.com/berth-project/berth/work"
	steps "github.com/berth-project/berth/work/http"
	"github.com/berth-project/berth/work/outbox"
	"github.com/berth-project/berth/workflow"
)

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}

// silent is a reporter that forgets.
type silent struct{}

func (silent) Progress(float64, string) {}
func (silent) Save(json.RawMessage)     {}
func (silent) Log([]byte)               {}

func newExecutor(t *testing.T, opts steps.Options) *steps.Executor {
	t.Helper()
	if opts.Networks == nil {
		opts.Networks = loopback
	}
	e, err := steps.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e
}

func serve(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

type with map[string]any

// codeOf returns the code of a result's failure, "" for none.
func codeOf(r work.Result) string {
	if r.Failure == nil {
		return ""
	}
	return r.Failure.Code
}

func task(w with) work.Task {
	data, err := json.Marshal(w)
	if err != nil {
		panic(err)
	}
	return work.Task{
		Run: workflow.MakeRunID(1_764_000_000_000, 1, 7), Step: "call it", Item: -1, Attempt: 2, Fence: 99,
		Type: "http", Tenant: "acme", Key: "k-1", With: data,
	}
}

// asked is what a server saw of a request.
type asked struct {
	Method, URI, Type, Body string
}

func TestRequestsAreMadeAsTheStepSays(t *testing.T) {
	t.Parallel()
	e := newExecutor(t, steps.Options{})
	for name, c := range map[string]struct {
		with with
		want asked
	}{
		"get":             {with{}, asked{"GET", "/p?a=1", "", ""}},
		"query":           {with{"query": with{"b": "x y"}}, asked{"GET", "/p?a=1&b=x+y", "", ""}},
		"json":            {with{"json": with{"n": 1}}, asked{"POST", "/p?a=1", "application/json", `{"n":1}`}},
		"form":            {with{"form": with{"n": "a&b"}}, asked{"POST", "/p?a=1", "application/x-www-form-urlencoded", "n=a%26b"}},
		"text":            {with{"body": "hello", "method": "PUT"}, asked{"PUT", "/p?a=1", "text/plain; charset=utf-8", "hello"}},
		"type of its own": {with{"body": "<a/>", "headers": with{"content-type": "text/xml"}}, asked{"POST", "/p?a=1", "text/xml", "<a/>"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got asked
			var header http.Header
			base := serve(t, func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				got, header = asked{r.Method, r.RequestURI, r.Header.Get("Content-Type"), string(body)}, r.Header
			})
			c.with["url"] = base + "/p?a=1#fragment"
			tk := task(c.with)
			if result := e.Execute(t.Context(), tk, silent{}); result.Failure != nil {
				t.Fatalf("Execute() = %+v", result.Failure)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("request (-want +got):\n%s", diff)
			}
			for name, want := range map[string]string{
				"Idempotency-Key": "k-1", "Berth-Run": tk.Run.String(), "Berth-Step": "call%20it", "Berth-Attempt": "2", "Berth-Fence": "99",
				"User-Agent": "Berth", "Berth-Callback-Token": "", "Berth-Signature": "",
			} {
				if header.Get(name) != want {
					t.Errorf("%s = %q, want %q", name, header.Get(name), want)
				}
			}
		})
	}
}

func TestAnswersAreOutputs(t *testing.T) {
	t.Parallel()
	e := newExecutor(t, steps.Options{})
	for name, c := range map[string]struct {
		typ, body string
		status    int
		with      with
		want      string
	}{
		"json":             {"application/json; charset=utf-8", `{"a": 1}`, 201, with{}, `{"status":201,"body":{"a":1}}`},
		"json by suffix":   {"application/problem+json", `[1]`, 200, with{}, `{"status":200,"body":[1]}`},
		"text":             {"text/plain", "ok", 200, with{}, `{"status":200,"body":"ok"}`},
		"nothing":          {"application/json", "", 200, with{}, `{"status":200,"body":null}`},
		"bytes":            {"image/png", "\x89PNG\xff", 200, with{}, `{"status":200,"body":null,"base64":"iVBOR/8="}`},
		"expected by kind": {"text/plain", "no", 404, with{"expect": []any{"2xx", 404}}, `{"status":404,"body":"no"}`},
		"head":             {"text/plain", "", 204, with{"method": "HEAD"}, `{"status":204,"body":null}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.with["url"] = serve(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", c.typ)
				w.Header().Add("X-Two", "a")
				w.Header().Add("X-Two", "b")
				w.Header().Set("Set-Cookie", "id=1")
				w.WriteHeader(c.status)
				_, _ = io.WriteString(w, c.body)
			})
			got := e.Execute(t.Context(), task(c.with), silent{})
			var answer, want map[string]any
			if err := json.Unmarshal(got.Output, &answer); err != nil {
				t.Fatalf("Execute() = %+v: %v", got, err)
			}
			headers := answer["headers"].(map[string]any)
			if headers["x-two"] != "a, b" || headers["set-cookie"] != nil {
				t.Errorf("headers = %v, want x-two joined and no cookies", headers)
			}
			delete(answer, "headers")
			_ = json.Unmarshal([]byte(c.want), &want)
			if diff := cmp.Diff(want, answer); diff != "" {
				t.Errorf("output (-want +got):\n%s", diff)
			}
		})
	}
}

func TestStatusesThatWereNotExpected(t *testing.T) {
	t.Parallel()
	e := newExecutor(t, steps.Options{})
	for status, fatal := range map[int]bool{
		302: true, 400: true, 401: true, 404: true, 408: false, 409: true, 410: true, 425: false, 429: false, 500: false, 501: false, 503: false,
	} {
		base := serve(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Retry-After", "30")
			w.WriteHeader(status)
			_, _ = io.WriteString(w, "why")
		})
		f := e.Execute(t.Context(), task(with{"url": base + "/path?token=t0ken"}), silent{}).Failure
		if f == nil || f.Code != fmt.Sprintf("http.%d", status) || f.Fatal != fatal || strings.Contains(f.Message, "t0ken") {
			t.Errorf("Execute() with status %d = %+v, want fatal %v", status, f, fatal)
			continue
		}
		if want := fmt.Sprintf(`{"status":%d,"retry-after":30,"body":"why"}`, status); string(f.Detail) != want {
			t.Errorf("detail = %s, want %s", f.Detail, want)
		}
		if f.RetryAfter.Std() != 30*time.Second {
			t.Errorf("the next attempt is to wait %v, want 30s", f.RetryAfter.Std())
		}
	}
}

func TestStatusesThatTheStepCallsTemporary(t *testing.T) {
	t.Parallel()
	e := newExecutor(t, steps.Options{})
	for status, fatal := range map[int]bool{404: false, 409: false, 423: true, 503: false} {
		base := serve(t, func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(status) })
		f := e.Execute(t.Context(), task(with{"url": base, "temporary": []any{404, 409}}), silent{}).Failure
		if f == nil || f.Code != fmt.Sprintf("http.%d", status) || f.Fatal != fatal {
			t.Errorf("Execute() with status %d = %+v, want fatal %v", status, f, fatal)
		}
	}
	if f := e.Execute(t.Context(), task(with{"url": "http://127.0.0.1", "temporary": []any{"9xx"}}), silent{}).Failure; f == nil || f.Code != "with" {
		t.Errorf("Execute() with a status that does not exist = %+v, want with", f)
	}
}

func TestWordsBehindAStatusAreHiddenToo(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() { // ends with the listener
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			r, err := http.ReadRequest(bufio.NewReader(conn))
			if err == nil {
				_, _ = io.WriteString(conn, "HTTP/1.1 401 No "+r.Header.Get("Authorization")+strings.Repeat("x", 5000)+"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
			}
			_ = conn.Close()
		}
	}()
	e := newExecutor(t, steps.Options{Secrets: func(work.Task, string, string) (secret.String, error) { return secret.New("s3cret-token"), nil }})
	log := &logged{}
	f := e.Execute(t.Context(), task(with{"url": "http://" + listener.Addr().String(), "headers": with{"Authorization": with{"secret": "token"}}}), log).Failure
	if f == nil || strings.Contains(f.Message, "s3cret") || len(f.Message) > 500 {
		t.Errorf("Execute() = %.600v, want the secret hidden and the words cut", f)
	}
	if text := log.String(); !strings.Contains(text, "401 No [redacted]") || strings.Contains(text, "s3cret") {
		t.Errorf("log = %.600s, want the secret hidden", text)
	}
}

// logged keeps the log of a step.
type logged struct {
	silent
	strings.Builder
}

func (l *logged) Log(lines []byte) { l.Write(lines) }

func TestServersThatCannotBeReached(t *testing.T) {
	t.Parallel()
	silentServer, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = silentServer.Close() })
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = closed.Close()
	secure := httptest.NewUnstartedServer(http.NotFoundHandler())
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	t.Cleanup(secure.Close)
	plain := serve(t, func(http.ResponseWriter, *http.Request) {})
	broken := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = io.WriteString(w, "half")
		panic(http.ErrAbortHandler)
	})
	large := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 2000)) })
	liar := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, "<html>")
	})
	hosts := []string{"no-such-host.invalid"}
	e := newExecutor(t, steps.Options{Hosts: hosts, MaxResponse: 1000})
	for name, c := range map[string]struct {
		with  with
		code  string
		fatal bool
	}{
		"silent":       {with{"url": "http://" + silentServer.Addr().String(), "timeout": "50ms"}, "http.timeout", false},
		"closed":       {with{"url": "http://" + closed.Addr().String()}, "http.connect", false},
		"no such name": {with{"url": "http://no-such-host.invalid/"}, "http.connect", false},
		"certificate":  {with{"url": secure.URL}, "http.tls", false},
		"no TLS":       {with{"url": strings.Replace(plain, "http:", "https:", 1)}, "http.tls", false},
		"broken off":   {with{"url": broken}, "http.broken", false},
		"too large":    {with{"url": large}, "limit.output", true},
		"not JSON":     {with{"url": liar}, "result", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := e.Execute(t.Context(), task(c.with), silent{}).Failure
			if f == nil || f.Code != c.code || f.Fatal != c.fatal {
				t.Errorf("Execute() = %+v, want %s, fatal %v", f, c.code, c.fatal)
			}
		})
	}
}

func TestCertificatesOfTheOperatorAreTrusted(t *testing.T) {
	t.Parallel()
	secure := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(secure.Close)
	roots := x509.NewCertPool()
	roots.AddCert(secure.Certificate())
	e := newExecutor(t, steps.Options{TLS: &tls.Config{RootCAs: roots}})
	if f := e.Execute(t.Context(), task(with{"url": secure.URL}), silent{}).Failure; f != nil {
		t.Errorf("Execute() = %+v", f)
	}
}

func TestWhatIsNotAllowedIsRefused(t *testing.T) {
	t.Parallel()
	var reached atomic.Int32
	base := serve(t, func(http.ResponseWriter, *http.Request) { reached.Add(1) })
	byName := strings.Replace(base, "127.0.0.1", "localhost", 1)
	none := []netip.Prefix{}
	for name, c := range map[string]struct {
		opts steps.Options
		with with
		code string
	}{
		"no host is listed":          {steps.Options{Networks: none}, with{"url": base}, "refused"},
		"a name that points inside":  {steps.Options{Networks: none, Hosts: []string{"*:*"}}, with{"url": byName}, "refused"},
		"an address inside":          {steps.Options{Networks: none, Hosts: []string{"*:*"}}, with{"url": base}, "refused"},
		"another scheme":             {steps.Options{}, with{"url": "file:///etc/passwd"}, "with"},
		"a password in the URL":      {steps.Options{}, with{"url": strings.Replace(base, "http://", "http://a:b@", 1)}, "with"},
		"no URL":                     {steps.Options{}, with{}, "with"},
		"an unknown key":             {steps.Options{}, with{"url": base, "heders": with{}}, "with"},
		"two bodies":                 {steps.Options{}, with{"url": base, "body": "a", "json": 1}, "with"},
		"a method":                   {steps.Options{}, with{"url": base, "method": "CONNECT"}, "with"},
		"Berth's headers":            {steps.Options{}, with{"url": base, "headers": with{"berth-signature": "t=1"}}, "with"},
		"the host":                   {steps.Options{}, with{"url": base, "headers": with{"Host": "a"}}, "with"},
		"two lines":                  {steps.Options{}, with{"url": base, "headers": with{"A": "b\r\nC: d"}}, "with"},
		"a header's name":            {steps.Options{}, with{"url": base, "headers": with{"A b": "c"}}, "with"},
		"a status":                   {steps.Options{}, with{"url": base, "expect": []any{"9xx"}}, "with"},
		"a longer time":              {steps.Options{Timeout: time.Second}, with{"url": base, "timeout": "2s"}, "with"},
		"a secret without secrets":   {steps.Options{}, with{"url": base, "headers": with{"A": with{"secret": "s"}}}, "refused"},
		"a key without keys":         {steps.Options{}, with{"url": base, "sign": "s"}, "refused"},
		"async without an endpoint":  {steps.Options{}, with{"url": base, "async": true}, "refused"},
		"async that is not a choice": {steps.Options{}, with{"url": base, "async": "maybe"}, "with"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if c.opts.Networks == nil {
				c.opts.Networks = loopback
			}
			e, err := steps.New(c.opts)
			if err != nil {
				t.Fatal(err)
			}
			defer e.Close()
			f := e.Execute(t.Context(), task(c.with), silent{}).Failure
			if f == nil || f.Code != c.code || !f.Fatal {
				t.Errorf("Execute(%v) = %+v, want %s for good", c.with, f, c.code)
			}
		})
	}
	t.Cleanup(func() {
		if n := reached.Load(); n != 0 {
			t.Errorf("the server was reached %d times", n)
		}
	})
}

func TestRedirectsStayWithTheServer(t *testing.T) {
	t.Parallel()
	var elsewhere atomic.Int32
	other := serve(t, func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) })
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/here":
			http.Redirect(w, r, "/end", http.StatusTemporaryRedirect)
		case "/away":
			http.Redirect(w, r, other, http.StatusTemporaryRedirect)
		case "/loop":
			http.Redirect(w, r, "/loop", http.StatusFound)
		}
	})
	e := newExecutor(t, steps.Options{})
	for _, c := range []struct{ method, path, code string }{
		{"GET", "/here", ""}, {"POST", "/here", "http.307"}, {"GET", "/away", "http.307"}, {"GET", "/loop", "http.302"},
	} {
		got := e.Execute(t.Context(), task(with{"url": base + c.path, "method": c.method}), silent{})
		if code := codeOf(got); code != c.code {
			t.Errorf("Execute(%s %s) = %q %+v, want %q", c.method, c.path, code, got.Failure, c.code)
		}
	}
	if elsewhere.Load() != 0 {
		t.Error("a redirect to another server was followed")
	}
}

func TestSecretsGoWhereTheyMayAndAreHidden(t *testing.T) {
	t.Parallel()
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer s3cret-token" {
			w.WriteHeader(http.StatusUnauthorized)
		}
		if r.URL.Path == "/fail" {
			w.WriteHeader(http.StatusInternalServerError)
		}
		w.Header().Set("X-Echo", r.Header.Get("Authorization"))
		_, _ = io.WriteString(w, "you sent "+r.Header.Get("Authorization"))
	})
	e := newExecutor(t, steps.Options{Secrets: func(tk work.Task, name, host string) (secret.String, error) {
		if name == "lines" {
			return secret.New("two\r\nlines"), nil
		}
		if name == "token" && host == "127.0.0.1" && tk.Tenant == "acme" {
			return secret.New("s3cret-token"), nil
		}
		return secret.String{}, errors.New("not for this host")
	}})
	headers := with{"Authorization": with{"secret": "token", "prefix": "Bearer "}}
	got := e.Execute(t.Context(), task(with{"url": base, "headers": headers}), silent{})
	if got.Failure != nil || strings.Contains(string(got.Output), "s3cret") || !strings.Contains(string(got.Output), "you sent Bearer [redacted]") {
		t.Errorf("Execute() = %s %+v, want the secret hidden", got.Output, got.Failure)
	}
	f := e.Execute(t.Context(), task(with{"url": base + "/fail", "headers": headers}), silent{}).Failure
	if f == nil || f.Code != "http.500" || strings.Contains(string(f.Detail), "s3cret") {
		t.Errorf("Execute() = %+v, want http.500 with the secret hidden", f)
	}
	f = e.Execute(t.Context(), task(with{"url": base, "headers": with{"A": with{"secret": "lines"}}}), silent{}).Failure
	if f == nil || f.Code != "start" || !strings.Contains(f.Message, "no header can have") {
		t.Errorf("Execute() with a secret of two lines = %+v, want it not sent", f)
	}
	u, _ := url.Parse(base)
	f = e.Execute(t.Context(), task(with{"url": "http://[::1]:" + u.Port(), "headers": headers}), silent{}).Failure
	if f == nil || f.Code != "start" || !strings.Contains(f.Message, "not for this host") {
		t.Errorf("Execute() to another host = %+v, want the secret withheld", f)
	}
}

func TestSignedRequestsCanBeVerified(t *testing.T) {
	t.Parallel()
	keys := []secret.String{secret.New("new-key"), secret.New("old-key")}
	verdict := make(chan error, 1)
	base := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		verdict <- outbox.Verify(r.Header.Get(outbox.SignatureHeader), body, keys[1:], time.Now(), outbox.Tolerance)
	})
	e := newExecutor(t, steps.Options{Keys: func(_ work.Task, name string) ([]secret.String, error) {
		if name != "partner" {
			return nil, nil
		}
		return keys, nil
	}})
	if f := e.Execute(t.Context(), task(with{"url": base, "json": 1, "sign": "partner"}), silent{}).Failure; f != nil {
		t.Fatalf("Execute() = %+v", f)
	}
	if err := <-verdict; err != nil {
		t.Errorf("Verify() = %v", err)
	}
	if f := e.Execute(t.Context(), task(with{"url": base, "sign": "other"}), silent{}).Failure; f == nil || f.Code != "start" {
		t.Errorf("Execute() with a key that is not there = %+v, want start", f)
	}
}

func TestAsynchronousCallsEndWithACallback(t *testing.T) {
	t.Parallel()
	key := secret.New("0123456789abcdef")
	e := newExecutor(t, steps.Options{Callback: &steps.Callback{URL: "https://berth.example.org/callback", Key: key}})
	tokens := make(chan string, 1)
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		tokens <- r.Header.Get("Berth-Callback-Token")
		if got := r.Header.Get("Berth-Callback-URL"); got != "https://berth.example.org/callback" {
			t.Errorf("Berth-Callback-URL = %q", got)
		}
		status := map[string]int{"/accept": 202, "/done": 200, "/fail": 500}[r.URL.Path]
		w.WriteHeader(status)
	})
	for _, c := range []struct {
		path     string
		async    any
		timeout  time.Duration
		deferred time.Duration
		code     string
	}{
		{"/accept", true, 0, 24 * time.Hour, ""},
		{"/done", true, time.Minute, time.Minute, ""},
		{"/accept", "accepted", time.Minute, time.Minute, ""},
		{"/done", "accepted", 0, 0, ""},
		{"/fail", true, 0, 0, "http.500"},
	} {
		tk := task(with{"url": base + c.path, "async": c.async})
		tk.Timeout = workflow.Duration(c.timeout)
		got := e.Execute(t.Context(), tk, silent{})
		code := codeOf(got)
		if got.Deferred != c.deferred || code != c.code || (got.Output != nil) != (c.deferred == 0 && c.code == "") {
			t.Errorf("Execute(%s, async %v) = %+v, want deferred %s, code %q", c.path, c.async, got, c.deferred, c.code)
		}
		if ref, err := steps.VerifyToken([]secret.String{key}, <-tokens, time.Now()); err != nil || ref != steps.RefOf(tk) {
			t.Errorf("VerifyToken() = %+v, %v; want %+v", ref, err, steps.RefOf(tk))
		}
	}
}

func TestAnInterruptedRequestSaysWhy(t *testing.T) {
	t.Parallel()
	e := newExecutor(t, steps.Options{})
	for cause, code := range map[error]string{
		work.ErrTimeout: "timeout", work.ErrCanceled: "canceled", work.ErrLeaseLost: "lease-lost", work.ErrStopping: "stopping",
	} {
		ctx, cancel := context.WithCancelCause(t.Context())
		base := serve(t, func(_ http.ResponseWriter, r *http.Request) {
			cancel(cause)
			<-r.Context().Done()
		})
		if f := e.Execute(ctx, task(with{"url": base}), silent{}).Failure; f == nil || f.Code != code {
			t.Errorf("Execute() = %+v, want %s", f, code)
		}
	}
}

func TestOptionsThatCannotBe(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string]steps.Options{
		"host":     {Hosts: []string{"https://a"}},
		"timeout":  {Timeout: -1},
		"callback": {Callback: &steps.Callback{URL: "https://a"}},
		"key":      {Callback: &steps.Callback{URL: "https://a", Key: secret.New("short")}},
	} {
		if _, err := steps.New(opts); err == nil {
			t.Errorf("New() with a wrong %s = nil", name)
		}
	}
}
