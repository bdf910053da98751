package gateway_test

import (
	"encoding/json"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/access"
	"github.com/berth-project/berth/gateway"
)

const (
	alice = "Cookie: berth_session=alice"
	bob   = "Cookie: berth_session=bob"
)

func TestGateway_ForwardsWhatItMatched(t *testing.T) {
	t.Parallel()
	w := newWorld(t, echo, change{})
	tests := []struct{ target, want string }{
		{"/public/a", "/public/a"},
		{"/public/a?b=c&d=%2F..%2f;x", "/public/a?b=c&d=%2F..%2f;x"},
		{"/public/%61%62", "/public/ab"},
		{"/public/a%20b", "/public/a%20b"},
		{"/public/%3f%23%25", "/public/%3F%23%25"},
		{"/public/%c3%a9", "/public/%C3%A9"},
		{"/public/[a]|b", "/public/%5Ba%5D%7Cb"},
		{"/public/a?", "/public/a?"},
		{"http://example.com/public/a?x", "/public/a?x"},
		{"HTTP://example.com?x", "/?x"},
	}
	for _, tt := range tests {
		t.Run(tt.target, func(t *testing.T) {
			t.Parallel()
			res := w.do("GET", tt.target, "")
			line, _, _ := strings.Cut(res.body, "\n")
			if want := "GET " + tt.want; res.status != 200 || line != want {
				t.Errorf("app saw %q (status %d), want %q", line, res.status, want)
			}
		})
	}
}

func TestGateway_RecordsWhatWasAskedInARefusedPath(t *testing.T) {
	t.Parallel()
	w := newWorld(t, echo, change{})
	for i, tt := range []struct{ target, want string }{
		{"/public/../app/?token=hidden", `in "/public/../app/"`},
		{"/public/..%2f" + strings.Repeat("a", 3000), `in "/public/..%2f` + strings.Repeat("a", 187) + `"`},
	} {
		w.do("GET", tt.target, "")
		if rec := w.record(i); rec.Path != "" || !strings.HasSuffix(rec.Error, tt.want) {
			t.Errorf("%.40s: path %q, error %q, want it to end in %q", tt.target, rec.Path, rec.Error, tt.want)
		}
	}
}

func TestGateway_Refuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t, echo, change{})
	long := "/public/" + strings.Repeat("a", 9000)
	many, same := make([]string, 0, 200), make([]string, 0, 200)
	for i := range 200 {
		many, same = append(many, "X-H"+strings.Repeat("i", i)+": 1"), append(same, "X-H: 1")
	}
	tests := []struct {
		name           string
		method, target string
		headers        []string
		status         int
		code           string
	}{
		{"encoded slash", "GET", "/public/..%2fapp/acme/", nil, 400, "path_encoded_slash"},
		{"dot segment", "GET", "/public/../app/acme/", nil, 400, "path_dot_segment"},
		{"encoded dots", "GET", "/public/%2e%2e/app/", nil, 400, "path_dot_segment"},
		{"backslash", "GET", `/public\..\app`, nil, 400, "path_backslash"},
		{"NUL", "GET", "/public/%00", nil, 400, "path_control_byte"},
		{"double slash", "GET", "//public/a", nil, 400, "path_empty_segment"},
		{"parameter", "GET", "/public;x=1/a", nil, 400, "path_parameter"},
		{"asterisk", "OPTIONS", "*", nil, 400, "path_not_absolute"},
		{"long URL", "GET", long, nil, 414, "url_too_long"},
		{"many headers", "GET", "/public/", many, 431, "too_many_headers"},
		{"one header many times", "GET", "/public/", same, 431, "too_many_headers"},
		{"TRACE", "TRACE", "/public/", nil, 405, "method_not_allowed"},
		{"method in lower case", "post", "/reports/x", []string{alice}, 501, "unknown_method"},
		{"method in mixed case", "Post", "/public/a", nil, 501, "unknown_method"},
		{"method with a digit", "GET2", "/public/a", nil, 501, "unknown_method"},
		{"TRACE in lower case", "trace", "/public/a", nil, 501, "unknown_method"},
		{"CONNECT", "CONNECT", "example.com:443", []string{"Host: example.com:443"}, 501, "connect_not_supported"},
		{"no rule", "GET", "/nowhere", []string{alice}, 403, "forbidden"},
		{"no rule, anonymous", "GET", "/nowhere", nil, 403, "forbidden"},
		{"role missing", "GET", "/app/acme/x", []string{bob}, 403, "forbidden"},
		{"other tenant", "GET", "/app/umbrella/x", []string{alice}, 403, "forbidden"},
		{"method outside the rule", "POST", "/reports/x", []string{alice}, 403, "forbidden"},
		{"anonymous script", "GET", "/app/acme/x", nil, 401, "sign_in_required"},
		{"anonymous fetch", "GET", "/app/acme/x", []string{"Accept: text/html", "Sec-Fetch-Mode: cors"}, 401, "sign_in_required"},
		{"anonymous XHR", "GET", "/app/acme/x", []string{"Accept: text/html", "X-Requested-With: XMLHttpRequest"}, 401, "sign_in_required"},
		{"HTML with q=0", "GET", "/app/acme/x", []string{"Accept: text/html;q=0, */*"}, 401, "sign_in_required"},
		{"anonymous POST", "POST", "/app/acme/x", []string{"Accept: text/html"}, 401, "sign_in_required"},
		{"bad token", "GET", "/public/a", []string{"Authorization: Bearer berth-forged"}, 401, "invalid_token"},
		{"authentication down", "GET", "/public/a", []string{"Authorization: Bearer berth-down"}, 503, "authentication_unavailable"},
		{"cross-site POST", "POST", "/app/acme/x", []string{alice, "Sec-Fetch-Site: cross-site"}, 403, "cross_origin"},
		{"other origin", "DELETE", "/app/acme/x", []string{alice, "Origin: https://evil.example"}, 403, "cross_origin"},
		{"cross-site WebSocket", "GET", "/app/acme/x", []string{
			alice, "Origin: https://evil.example", "Connection: Upgrade", "Upgrade: websocket",
		}, 403, "cross_origin"},
		{"internal without handler", "GET", "/.berth/x", nil, 404, "not_found"},
		{"body too large", "POST", "/public/a", []string{"Content-Length: 99999999"}, 413, "body_too_large"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			res := w.do(tt.method, tt.target, "", tt.headers...)
			if got := problemCode(t, res); res.status != tt.status || got != tt.code {
				t.Errorf("%s %s = %d %q, want %d %q", tt.method, tt.target, res.status, got, tt.status, tt.code)
			}
		})
	}
}

// A rule for GET and a rule for everything else stand for the many policies
// that name the methods to be careful with: "post" is none of them, but an app
// may read it as POST.
func TestGateway_ForwardsNoMethodThatRulesDoNotName(t *testing.T) {
	t.Parallel()
	policy, err := access.Compile([]access.Rule{
		{ID: "writes", Path: "/**", Methods: []string{"POST"}, Allow: access.Requirement{Kind: access.SignedIn}},
		{ID: "rest", Path: "/**", Allow: access.Requirement{Kind: access.Anyone}},
	})
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, echo, change{config: func(c *gateway.Config) { c.Access = policy }})
	for _, method := range []string{"post", "Post", "pOST", "POST_", "POST0", "P\u00d6ST"} {
		if res := w.do(method, "/a", ""); res.status < 400 || strings.Contains(res.body, "Host: example.com") {
			t.Errorf("%s = %d %q", method, res.status, res.body)
		}
		e := w.table().Explain(gateway.ExplainRequest{Method: method, Host: "example.com", Target: "/a"})
		if e.Status != 501 || e.Code != "unknown_method" {
			t.Errorf("%s is explained as %d %s", method, e.Status, e.Code)
		}
	}
	for method, want := range map[string]int{"POST": 401, "GET": 200, "M-SEARCH": 200, "PROPFIND": 200} {
		if res := w.do(method, "/a", ""); res.status != want {
			t.Errorf("%s = %d, want %d", method, res.status, want)
		}
	}
}

func problemCode(t *testing.T, res *response) string {
	t.Helper()
	if _, after, ok := strings.Cut(res.body, "<dt>Code</dt><dd>"); ok {
		code, _, _ := strings.Cut(after, "<")
		return code
	}
	var p struct{ Code string }
	if err := json.Unmarshal([]byte(res.body), &p); err != nil {
		t.Fatalf("status %d, body %q: %v", res.status, res.body, err)
	}
	return p.Code
}

func TestGateway_LetsIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, echo, change{})
	tests := []struct {
		name           string
		method, target string
		headers        []string
		assertion      string
	}{
		{"anyone", "GET", "/public/a", nil, "anonymous/app/"},
		{"role by cookie", "GET", "/app/acme/x", []string{alice}, "alice/app/acme"},
		{"role by bearer", "POST", "/app/acme/x", []string{"Authorization: Bearer berth-alice"}, "alice/app/acme"},
		{"role by key", "POST", "/app/acme/x", []string{"X-Api-Key: k"}, "robot/app/acme"},
		{"same-origin POST", "POST", "/app/acme/x", []string{alice, "Sec-Fetch-Site: same-origin"}, "alice/app/acme"},
		{"cross-site POST with a token", "POST", "/app/acme/x", []string{"Authorization: Bearer berth-alice", "Sec-Fetch-Site: cross-site"}, "alice/app/acme"},
		{"bad cookie where anyone may", "GET", "/public/a", []string{"Cookie: berth_session=forged"}, "anonymous/app/"},
		{"HEAD where GET", "HEAD", "/reports/x", []string{alice}, ""},
		{"foreign authorization", "GET", "/public/a", []string{"Authorization: Basic eDp5"}, "anonymous/app/"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			res := w.do(tt.method, tt.target, "", tt.headers...)
			if res.status != 200 {
				t.Fatalf("status = %d, want 200: %s", res.status, res.body)
			}
			if got := strings.Join(res.seen("Berth-Assertion"), "|"); got != tt.assertion {
				t.Errorf("assertion = %q, want %q", got, tt.assertion)
			}
		})
	}
}

func TestGateway_SendsBrowsersToSignInAndBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t, echo, change{})
	res := w.do("GET", "/app/acme/a%20b?c=d&e=%2F", "", "Accept: text/html,*/*;q=0.8", "Sec-Fetch-Mode: navigate")
	want := "/.berth/sign-in?next=%2Fapp%2Facme%2Fa%2520b%3Fc%3Dd%26e%3D%252F"
	if res.status != 302 || res.header.Get("Location") != want {
		t.Errorf("got %d to %q, want 302 to %q", res.status, res.header.Get("Location"), want)
	}
	if got := res.header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("Cache-Control = %q, want no-store", got)
	}
}

func TestGateway_ClearsACookieThatDoesNotHold(t *testing.T) {
	t.Parallel()
	w := newWorld(t, echo, change{})
	res := w.do("GET", "/public/a", "", "Cookie: berth_session=forged; theme=dark")
	if got := res.header.Get("Set-Cookie"); !strings.Contains(got, "Max-Age=0") {
		t.Errorf("Set-Cookie = %q, want the session cookie cleared", got)
	}
	if got := res.seen("Cookie"); !cmp.Equal(got, []string{"theme=dark"}) {
		t.Errorf("app saw cookies %q", got)
	}
}

func TestGateway_RenewsTheCookieUnlessCachesMayKeepTheAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", r.Header.Get("X-Cache"))
	}, change{})
	tests := []struct {
		cache, wantCache string
		cookie           bool
	}{
		{"no-store", "no-store", true},
		{"max-age=60", "max-age=60, private", true},
		{"public, max-age=60", "public, max-age=60", false},
		{"s-maxage=60", "s-maxage=60", false},
	}
	for _, tt := range tests {
		res := w.do("GET", "/members/", "", "Cookie: berth_session=renew", "X-Cache: "+tt.cache)
		if got := res.header.Get("Set-Cookie") != ""; got != tt.cookie {
			t.Errorf("Cache-Control %q: cookie sent = %v, want %v", tt.cache, got, tt.cookie)
		}
		if got := strings.Join(res.header.Values("Cache-Control"), ", "); got != tt.wantCache {
			t.Errorf("Cache-Control = %q, want %q", got, tt.wantCache)
		}
	}
}

func TestGateway_DoesNotAnswerUnknownHosts(t *testing.T) {
	t.Parallel()
	w := newWorld(t, echo, change{})
	for _, host := range []string{"evil.example", "example.com.evil.example", "notexample.com", "xinternal.example", "10.0.0.1"} {
		if res := w.do("GET", "/public/a", "", "Host: "+host); !res.empty {
			t.Errorf("host %s: status %d, want no answer", host, res.status)
		}
	}
	if got := w.exchange("GET /public/a HTTP/1.0\r\n\r\n"); len(got) > 0 {
		t.Errorf("without a host: %q, want no answer", got)
	}
	for _, host := range []string{"example.com", "EXAMPLE.com:8080", "example.com.", "internal.example", "a.b.internal.example"} {
		if res := w.do("GET", "/public/a", "", "Host: "+host); res.status != 200 {
			t.Errorf("host %s: status %d, want 200", host, res.status)
		}
	}
	for _, host := range []string{"exa mple.com", "example.com:99999", "user@example.com", "example.com/x", "[::1", "example..com", "ex%61mple.com"} {
		if res := w.do("GET", "/public/a", "", "Host: "+host); res.status != 400 {
			t.Errorf("host %q: status %d, want 400", host, res.status)
		}
	}
}

func TestGateway_RedirectsToThePortOfThePublicOrigin(t *testing.T) {
	t.Parallel()
	w := newWorld(t, echo, change{config: func(c *gateway.Config) {
		c.RedirectToHTTPS, c.PublicOrigin = true, "https://example.com:8443"
		c.Hosts = []string{"example.com", "other.example"}
	}})
	for host, want := range map[string]string{
		"example.com:8080": "https://example.com:8443/public/a",
		"other.example":    "https://other.example/public/a",
	} {
		if got := w.do("GET", "/public/a", "", "Host: "+host).header.Get("Location"); got != want {
			t.Errorf("Location for %s = %q, want %q", host, got, want)
		}
	}
}

func TestGateway_TellsItsHealthToAnyHost(t *testing.T) {
	t.Parallel()
	ready := true
	w := newWorld(t, echo, change{
		config: func(c *gateway.Config) { c.HealthPaths = []string{"/healthcheck"}; c.RedirectToHTTPS = true },
		deps:   func(d *gateway.Dependencies) { d.Ready = func() bool { return ready } },
	})
	get := func(path, host string) int { return w.do("GET", path, "", "Host: "+host).status }
	for _, path := range []string{gateway.LivePath, gateway.ReadyPath, "/healthcheck"} {
		if got := get(path, "10.1.2.3"); got != 200 {
			t.Errorf("%s = %d, want 200", path, got)
		}
	}
	ready = false
	if got := get(gateway.ReadyPath, "10.1.2.3"); got != 503 {
		t.Errorf("not ready: %d, want 503", got)
	}
	if got := get(gateway.LivePath, "10.1.2.3"); got != 200 {
		t.Errorf("not ready but alive: %d, want 200", got)
	}
	if res := w.do("GET", "/healthcheckfoo", "", "Host: 10.1.2.3"); !res.empty {
		t.Errorf("path that only begins like health: %d, want no answer", res.status)
	}
	if res := w.do("GET", "/public/a?b", "", "Host: example.com:8080"); res.header.Get("Location") != "https://example.com/public/a?b" {
		t.Errorf("Location = %q", res.header.Get("Location"))
	}
}

func TestGateway_RecordsOneLineForARequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t, echo, change{})
	res := w.do("POST", "/app/acme/x?secret=1", "hello", alice, "Sec-Fetch-Site: same-origin")
	got := w.record(0)
	if got.ID != res.header.Get("X-Request-Id") || got.ID != res.seen("X-Request-Id")[0] || len(got.ID) != 32 {
		t.Errorf("request ids differ: record %q, client %q, app %q", got.ID, res.header.Get("X-Request-Id"), res.seen("X-Request-Id"))
	}
	if got.Duration <= 0 || got.UpstreamDuration <= 0 || got.UpstreamDuration > got.Duration {
		t.Errorf("durations %v, upstream %v", got.Duration, got.UpstreamDuration)
	}
	got.ID, got.Duration, got.UpstreamDuration, got.Time = "", 0, 0, got.Time.Truncate(1<<62)
	want := gateway.Record{
		Time: got.Time, Method: "POST", Host: "example.com", Path: "/app/acme/x", Proto: "HTTP/1.1",
		Client: netip.MustParseAddr("127.0.0.1"), Route: "web", Rule: "tenant", User: "alice", Tenant: "acme",
		Upstream: "web.1", Status: 200, BytesIn: 5, BytesOut: int64(len(res.body)),
	}
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
		t.Errorf("record (-want +got):\n%s", diff)
	}
	w.do("GET", "/app/acme/x", "", bob)
	if got := w.record(1); got.Status != 403 || got.Reason != "role_required" || got.Rule != "tenant" || got.Upstream != "" {
		t.Errorf("record of a refusal = %+v", got)
	}
	w.do("GET", "/", "", "Host: evil.example")
	if got := w.record(2); got.Status != 0 || got.Reason != "unknown_host" {
		t.Errorf("record of an unknown host = %+v", got)
	}
}

func TestGateway_AnswersNothingWithoutATable(t *testing.T) {
	t.Parallel()
	w := newWorld(t, echo, change{})
	w.gateway.Swap(&gateway.Table{})
	if res := w.do("GET", "/public/a", ""); !res.empty {
		t.Errorf("status %d, want no answer", res.status)
	}
}
