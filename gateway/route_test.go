package gateway_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/berth-project/berth/access"
	"github.com/berth-project/berth/gateway"
	"github.com/berth-project/berth/gateway/compress"
	"github.com/berth-project/berth/gateway/object"
	"github.com/berth-project/berth/gateway/static"
)

func openRules(t *testing.T) *access.Policy {
	t.Helper()
	p, err := access.Compile([]access.Rule{{ID: "all", Path: "/**", Allow: access.Requirement{Kind: access.Anyone}}})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func files(t *testing.T, content map[string]string) *static.Handler {
	t.Helper()
	h, err := static.New(static.Config{Root: writeFiles(t, content)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.Close() })
	return h
}

func writeFiles(t *testing.T, content map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range content {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestRoutes_FirstThatMatchesAnswers(t *testing.T) {
	t.Parallel()
	route := func(name, pattern string, edit func(*gateway.Route)) gateway.Route {
		r := gateway.Route{Name: name, Pattern: pattern, Redirect: gateway.Redirect{To: "/" + name, Status: 302}}
		if edit != nil {
			edit(&r)
		}
		return r
	}
	w := newWorld(t, echo, change{config: func(c *gateway.Config) {
		c.Access = openRules(t)
		c.Routes = []gateway.Route{
			route("exact", "/a", nil),
			route("param", "/users/{id}", nil),
			route("deep", "/users/{id}/posts/**", nil),
			route("post", "/form", func(r *gateway.Route) { r.Methods = []string{"POST"} }),
			route("get", "/form/**", func(r *gateway.Route) { r.Methods = []string{"GET"} }),
			route("host", "/h/**", func(r *gateway.Route) { r.Hosts = []string{".internal.example"} }),
			route("static", "/static/**", nil),
			route("hidden", "/hidden/**", func(r *gateway.Route) { r.Internal = true }),
			route("upper", "/caf\u00e9", nil),
		}
	}})
	tests := []struct {
		method, target, host, want string
		status                     int
	}{
		{"GET", "/a", "example.com", "/exact", 302},
		{"GET", "/a/", "example.com", "/exact", 302},
		{"GET", "/a/b", "example.com", "", 404},
		{"GET", "/A", "example.com", "", 404},
		{"GET", "/users/7", "example.com", "/param", 302},
		{"GET", "/users/", "example.com", "", 404},
		{"GET", "/users/7/posts", "example.com", "/deep", 302},
		{"GET", "/users/7/posts/1/2", "example.com", "/deep", 302},
		{"GET", "/users/7/other", "example.com", "", 404},
		{"POST", "/form", "example.com", "/post", 302},
		{"GET", "/form", "example.com", "/get", 302},
		{"HEAD", "/form", "example.com", "/get", 302},
		{"DELETE", "/form", "example.com", "", 405},
		{"GET", "/h/x", "a.internal.example", "/host", 302},
		{"GET", "/h/x", "example.com", "", 404},
		{"GET", "/static", "example.com", "/static", 302},
		{"GET", "/staticfoo", "example.com", "", 404},
		{"GET", "/hidden/x", "example.com", "", 404},
		{"GET", "/caf%c3%a9", "example.com", "/upper", 302},
	}
	for _, tt := range tests {
		t.Run(tt.method+" "+tt.host+tt.target, func(t *testing.T) {
			t.Parallel()
			res := w.do(tt.method, tt.target, "", "Host: "+tt.host)
			if got := res.header.Get("Location"); res.status != tt.status || got != tt.want {
				t.Errorf("= %d to %q, want %d to %q", res.status, got, tt.status, tt.want)
			}
			if tt.status == 405 && res.header.Get("Allow") != "GET, POST" {
				t.Errorf("Allow = %q", res.header.Get("Allow"))
			}
		})
	}
}

func TestRoutes_StripThePrefixAndTellIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t, echo, change{config: func(c *gateway.Config) {
		c.Access = openRules(t)
		c.Routes[0].Pattern, c.Routes[0].StripPrefix, c.Routes[0].Host = "/my app/**", true, "app.local"
	}})
	for target, want := range map[string]string{
		"/my%20app/a%20b?c": "/a%20b?c", "/my%20app": "/", "/my%20app/": "/", "/my%20app/?x=/my%20app": "/?x=/my%20app",
	} {
		res := w.do("GET", target, "")
		if line, _, _ := strings.Cut(res.body, "\n"); line != "GET "+want {
			t.Errorf("%s: app saw %q, want %q", target, line, "GET "+want)
		}
		if got := res.seen("X-Forwarded-Prefix"); len(got) != 1 || got[0] != "/my%20app" {
			t.Errorf("X-Forwarded-Prefix = %q", got)
		}
		if got := res.seen("Host"); got[0] != "app.local" {
			t.Errorf("Host = %q", got)
		}
	}
}

func TestRoutes_RedirectKeepsPathAndQuery(t *testing.T) {
	t.Parallel()
	w := newWorld(t, echo, change{config: func(c *gateway.Config) {
		c.Access = openRules(t)
		c.Routes = []gateway.Route{{Pattern: "/**", Redirect: gateway.Redirect{To: "https://new.example{path}"}}}
	}})
	res := w.do("GET", "/a%20b?c=%0d", "")
	if got := res.header.Get("Location"); res.status != 308 || got != "https://new.example/a%20b?c=%0d" {
		t.Errorf("= %d to %q", res.status, got)
	}
}

func TestStaticRoutes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, echo, change{config: func(c *gateway.Config) {
		h := files(t, map[string]string{"app.css": "body{}", "favicon.ico": "icon", "a/b.txt": "deep"})
		c.Routes = []gateway.Route{
			{Pattern: "/static/**", Static: h},
			{Pattern: "/public/favicon.ico", Static: h},
		}
	}})
	for target, want := range map[string]string{
		"/static/app.css": "body{}", "/static/a/b.txt": "deep", "/public/favicon.ico": "icon",
	} {
		if res := w.do("GET", target, ""); res.status != 200 || res.body != want {
			t.Errorf("%s = %d %q, want %q", target, res.status, res.body, want)
		}
	}
	res := w.do("GET", "/static/missing", "", "Accept: text/html")
	if res.status != 404 || !strings.Contains(res.body, "<dt>Code</dt><dd>not_found</dd>") {
		t.Errorf("missing file: %d %s", res.status, res.body)
	}
	if res := w.do("POST", "/static/app.css", "x"); res.status != 405 || res.header.Get("Allow") == "" {
		t.Errorf("POST to a file: %d, Allow %q", res.status, res.header.Get("Allow"))
	}
	res = w.do("GET", "/static/app.css", "", "Range: bytes=1-3")
	if res.status != 206 || res.body != "ody" {
		t.Errorf("range: %d %q", res.status, res.body)
	}
}

// accelApp redirects to what the query says.
func accelApp(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	for _, to := range r.URL.Query()["to"] {
		h.Add("X-Accel-Redirect", to)
	}
	if strings.HasPrefix(r.URL.Path, "/loop/") {
		h.Set("X-Accel-Redirect", r.URL.Path)
	}
	h.Set("Content-Type", "application/x-app")
	h.Set("Content-Disposition", `attachment; filename="x"`)
	h.Add("Set-Cookie", "seen=1")
	h.Add("Set-Cookie", "berth_session=stolen")
	h.Set("Cache-Control", "private, max-age=5")
	h.Set("X-App", "dropped")
	h.Set("Etag", `"app"`)
	if r.URL.Query().Get("fail") != "" {
		w.WriteHeader(http.StatusInternalServerError)
	}
	_, _ = w.Write([]byte("the app's body"))
}

func accelWorld(t *testing.T) *world {
	t.Helper()
	return newWorld(t, accelApp, change{config: func(c *gateway.Config) {
		private := writeFiles(t, map[string]string{"a b.txt": "an object", "x.txt": "0123456789"})
		objects, err := object.New(object.Config{Directory: private}, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = objects.Close() })
		web := c.Routes[0]
		web.InternalRedirects = true
		outside := web
		outside.Name, outside.Pattern, outside.InternalRedirects = "outside", "/outside/**", false
		loop := web
		loop.Name, loop.Pattern, loop.Internal = "loop", "/loop/**", true
		c.Access = openRules(t)
		c.Routes = []gateway.Route{
			{Name: "objects", Pattern: "/objects/**", Object: objects},
			{Name: "private", Pattern: "/private/**", Static: files(t, map[string]string{"report.txt": "a report"}), Internal: true},
			{Name: "elsewhere", Pattern: "/else/**", Hosts: []string{"127.0.0.1"}, Static: files(t, map[string]string{"x": "x"}), Internal: true},
			outside, loop, web,
		}
	}})
}

func TestInternalRedirect_SendsWhatTheAppNames(t *testing.T) {
	t.Parallel()
	w := accelWorld(t)
	tests := []struct {
		name, method, to string
		headers          []string
		status           int
		body             string
	}{
		{"object", "GET", "/objects/x.txt", nil, 200, "0123456789"},
		{"object with a space", "GET", "/objects/a%2520b.txt", nil, 200, "an object"},
		{"object after POST", "POST", "/objects/x.txt", nil, 200, "0123456789"},
		{"range", "GET", "/objects/x.txt", []string{"Range: bytes=2-4"}, 206, "234"},
		{"internal file", "GET", "/private/report.txt", nil, 200, "a report"},
		{"HEAD", "HEAD", "/private/report.txt", nil, 200, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			body := ""
			if tt.method == "POST" {
				body = "form=1"
			}
			res := w.do(tt.method, "/get?to="+tt.to, body, tt.headers...)
			if res.status != tt.status || res.body != tt.body {
				t.Fatalf("= %d %q, want %d %q", res.status, res.body, tt.status, tt.body)
			}
			for name, want := range map[string]string{
				"Content-Type": "application/x-app", "Content-Disposition": `attachment; filename="x"`,
				"Cache-Control": "private, max-age=5", "Set-Cookie": "seen=1", "X-App": "", "X-Accel-Redirect": "",
			} {
				if got := strings.Join(res.header.Values(name), "|"); got != want {
					t.Errorf("%s = %q, want %q", name, got, want)
				}
			}
			if got := res.header.Get("Etag"); got == `"app"` {
				t.Errorf("Etag is the app's")
			}
		})
	}
}

func TestInternalRedirect_FileKeepsWhatItsAnswerNeeds(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Accel-Redirect", "/private/report.txt")
		w.Header().Set("Content-Type", "text/x-app")
		w.Header().Set("Cache-Control", "no-transform")
		w.Header().Set("Set-Cookie", "seen=1")
	}, change{config: func(c *gateway.Config) {
		c.Access, c.Compress = openRules(t), compress.Config{}
		c.Routes[0].InternalRedirects = true
		c.Routes = append(c.Routes, gateway.Route{
			Name: "private", Pattern: "/private/**", Internal: true,
			Static: files(t, map[string]string{"report.txt": strings.Repeat("a report ", 1000)}),
		})
	}})
	res := w.do("GET", "/get", "", "Accept-Encoding: gzip")
	if res.status != 200 || res.header.Get("Content-Encoding") != "" || len(res.body) != 9000 {
		t.Errorf("the app's no-transform: %d %v, %d bytes", res.status, res.header, len(res.body))
	}
	res = w.do("GET", "/get", "", "Range: bytes=0-1,4-5")
	if got := res.header.Get("Content-Type"); res.status != 206 || !strings.HasPrefix(got, "multipart/byteranges; boundary=") {
		t.Errorf("two ranges: %d, Content-Type %q, which has to tell the boundary", res.status, got)
	}
	if !strings.Contains(res.body, "Content-Type: text/x-app\r\n") || res.header.Get("Set-Cookie") != "seen=1" {
		t.Errorf("two ranges: %v\n%s", res.header, res.body)
	}
	if res = w.do("POST", "/get", "x", "Range: bytes=0-1"); res.status != 200 || len(res.body) != 9000 {
		t.Errorf("a range on POST means nothing, but got %d with %d bytes", res.status, len(res.body))
	}
}

func TestInternalRedirect_UpstreamGetsWhatTheAppNamed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/private/a" {
			_, _ = io.WriteString(w, r.RequestURI)
			return
		}
		w.Header().Set("X-Accel-Redirect", "/private/a?b")
	}, change{config: func(c *gateway.Config) {
		c.Access = openRules(t)
		c.Routes[0].InternalRedirects = true
		c.Routes = append(c.Routes, gateway.Route{Name: "private", Pattern: "/private/**", Internal: true, Upstream: c.Routes[0].Upstream})
	}})
	if res := w.do("GET", "/private/a-b", ""); res.body != "/private/a?b" {
		t.Errorf("the upstream was asked for %d %q", res.status, res.body)
	}
}

func TestInternalRedirect_Refuses(t *testing.T) {
	t.Parallel()
	w := accelWorld(t)
	tests := []struct {
		name   string
		to     []string
		status int
	}{
		{"public upstream route", []string{"/get"}, 502},
		{"route of another host", []string{"/else/x"}, 502},
		{"relative", []string{"relative"}, 502},
		{"empty", []string{""}, 502},
		{"another site", []string{"https://evil.example/x"}, 502},
		{"other host, no scheme", []string{"//evil.example/x"}, 502},
		{"named location", []string{"@fallback"}, 502},
		{"dot segments", []string{"/private/../objects/x.txt"}, 502},
		{"encoded dot segments", []string{"/private/%2e%2e/x"}, 502},
		{"two redirects", []string{"/objects/x.txt", "/private/report.txt"}, 502},
		{"circle", []string{"/loop/x"}, 502},
		{"only the objects' prefix", []string{"/objects"}, 502},
		{"out of the directory", []string{"/objects/../../etc/passwd"}, 404},
		{"out of it, encoded", []string{"/objects/..%2f..%2fetc/passwd"}, 404},
		{"no such object", []string{"/objects/none"}, 404},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			res := w.do("GET", "/get?"+url.Values{"to": tt.to}.Encode(), "")
			if res.status != tt.status {
				t.Errorf("= %d %q, want %d", res.status, res.body, tt.status)
			}
			if strings.Contains(res.body, "the app's body") || res.header.Get("X-Accel-Redirect") != "" {
				t.Errorf("it leaks: %v %q", res.header, res.body)
			}
		})
	}
}

func TestInternalRedirect_IsForAppsOnly(t *testing.T) {
	t.Parallel()
	w := accelWorld(t)
	for _, target := range []string{"/objects/x.txt", "/private/report.txt"} {
		// The catch-all route answers: the internal ones do not exist for clients.
		if res := w.do("GET", target, ""); res.body != "the app's body" {
			t.Errorf("%s = %d %q", target, res.status, res.body)
		}
	}
	if res := w.do("GET", "/get", "", "X-Accel-Redirect: /objects/x.txt"); res.body != "the app's body" {
		t.Errorf("a client redirected: %q", res.body)
	}
	res := w.do("GET", "/get?fail=1&to=/objects/x.txt", "")
	if res.status != 500 || res.body != "the app's body" || res.header.Get("X-Accel-Redirect") != "" {
		t.Errorf("an error was redirected: %d %q %v", res.status, res.body, res.header)
	}
}

func TestInternalRedirect_IsForUpstreamsThatMay(t *testing.T) {
	t.Parallel()
	w := accelWorld(t)
	for i, to := range []string{"/objects/x.txt", "/private/report.txt", "/loop/x"} {
		res := w.do("GET", "/outside/x?to="+to, "")
		if res.status != 502 || problemCode(t, res) != "bad_internal_redirect" || res.header.Get("X-Accel-Redirect") != "" {
			t.Errorf("%s = %d %v %q, want it refused", to, res.status, res.header, res.body)
		}
		if rec := w.record(i); !strings.Contains(rec.Error, "internal-redirects") {
			t.Errorf("the record does not say which setting allows it: %q", rec.Error)
		}
	}
	if res := w.do("GET", "/outside/x", ""); res.status != 200 || res.body != "the app's body" {
		t.Errorf("without a redirect: %d %q", res.status, res.body)
	}
	if res := w.do("GET", "/outside/x?fail=1&to=/objects/x.txt", ""); res.status != 500 || res.header.Get("X-Accel-Redirect") != "" {
		t.Errorf("an error answer: %d %v", res.status, res.header)
	}
}

func TestNewTable_TellsEverythingThatIsWrong(t *testing.T) {
	t.Parallel()
	_, err := gateway.NewTable(gateway.Config{
		Hosts:          []string{"exa mple"},
		PublicOrigin:   "example.com",
		SignInPath:     "//evil.example",
		HealthPaths:    []string{"health"},
		TrustedOrigins: []string{"https://a.example/path"},
		DropHeaders:    []string{"*", "X Y", "", "cookie", "X-Fine-*"},
		Routes: []gateway.Route{
			{Pattern: "/a"},
			{Pattern: "a", Redirect: gateway.Redirect{To: "/x"}},
			{Pattern: "/a/**/b", Redirect: gateway.Redirect{To: "/x"}},
			{Pattern: "/a/{x}y", Redirect: gateway.Redirect{To: "/x"}},
			{Pattern: "/b", Redirect: gateway.Redirect{To: "//evil.example"}},
			{Pattern: "/c", Redirect: gateway.Redirect{To: "javascript:alert(1)"}},
			{Pattern: "/d", Redirect: gateway.Redirect{To: "/x", Status: 200}},
			{Pattern: "/e", Redirect: gateway.Redirect{To: "/x"}, Methods: []string{"get"}},
			{Pattern: "/f", Redirect: gateway.Redirect{To: "/x"}, Hosts: []string{"a:80"}},
			{Pattern: "/g/{id}/**", Object: &object.Handler{}},
			{Name: "twice", Pattern: "/h", Redirect: gateway.Redirect{To: "/x"}},
			{Name: "twice", Pattern: "/i", Redirect: gateway.Redirect{To: "/x"}},
			{Pattern: "/j", Redirect: gateway.Redirect{To: "/{path}"}},
		},
	})
	if err == nil {
		t.Fatal("NewTable() accepted it")
	}
	for _, want := range []string{
		`host "exa mple"`, "origin", "sign-in path", `health path "health"`, `header "*"`, `header "X Y"`, `header ""`, `header "cookie"`, "route 1: exactly one", `route 2: path "a"`,
		"route 3:", "route 4:", "route 5:", "route 6:", "route 7: redirect status 200", `route 8: method "get"`,
		`route 9: host "a:80"`, "route 10:", `route 12: the name "twice"`, "route 13:",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error lacks %q:\n%v", want, err)
		}
	}
	if strings.Contains(err.Error(), "route 11") {
		t.Errorf("a good route is blamed:\n%v", err)
	}
}
