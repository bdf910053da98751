package gateway_test

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/gateway"
)

func TestGateway_StripsWhatClientsMayNotSay(t *testing.T) {
	t.Parallel()
	w := newWorld(t, echo, change{config: func(c *gateway.Config) {
		c.DropHeaders = []string{"x-sso-user", "X-Corp-*", "Tenant*", "authorization"}
	}})
	forged := []string{
		"X-SSO-User", "Authorization", "X-Corp-User", "X-Corp-Groups", "Tenant", "Tenant-Id",
		"Remote-User", "Remote-Groups", "Remote-Addr", "X-Webauth-User", "X-Webauth-Role", "X-Authenticated-User", "X-Authenticated-Groups",
		"X-Goog-Authenticated-User-Email", "X-Goog-Iap-Jwt-Assertion", "X-Ms-Client-Principal", "X-Ms-Client-Principal-Name",
		"X-Ms-Token-Aad-Id-Token", "Cf-Access-Jwt-Assertion", "Cf-Access-Authenticated-User-Email", "X-Envoy-Original-Path",
		"X-Envoy-External-Address", "X-Ssl-Client-S-Dn", "X-Ssl", "Ssl-Client-Verify", "X-Client-Cert", "X-Client-Certificate",
		"X-Client-Verify", "Client-Cert", "Client-Cert-Chain", "X-Scheme", "X-Url-Scheme", "Front-End-Https", "X-Remote-Groups",
		"X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Port", "X-Forwarded-Prefix",
		"X-Forwarded-User", "X-Forwarded-Ssl", "X-Forwarded", "Forwarded", "X-Real-IP", "X-Request-Id",
		"Berth-Assertion", "Berth-Anything", "X-Auth-User", "X-Auth-Roles", "X-Amzn-Oidc-Data", "X-Amzn-Oidc-Identity",
		"X-Accel-Redirect", "X-Accel-Buffering", "Proxy", "Proxy-Authorization", "Proxy-Connection",
		"X_Forwarded_For", "Berth_Assertion", "X_Auth_User", "Anything_at_all",
		"X-Original-URL", "X-Rewrite-URL", "X-Http-Method-Override", "X-Method-Override", "X-Remote-User",
		"X-Client-IP", "True-Client-IP", "CF-Connecting-IP", "X-Host", "X-Original-Host",
		"traceparent", "tracestate", "Keep-Alive", "TE", "Upgrade", "Connection",
	}
	for _, name := range forged {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			res := w.do("GET", "/public/a", "", name+": forged-value")
			if res.status != 200 {
				t.Fatalf("status %d: %s", res.status, res.body)
			}
			if strings.Contains(res.body, "forged-value") {
				t.Errorf("the app saw it:\n%s", res.body)
			}
		})
	}
	for _, name := range []string{
		"X-Sso-Users", "X-Corporate", "Remote", "X-Webauthn", "Cf-Ray", "X-Goog-Api-Client", "X-Ms-Version", "X-Client-Version", "Sec-Websocket-Key", "X",
	} {
		t.Run("not "+name, func(t *testing.T) {
			t.Parallel()
			if got := w.do("GET", "/public/a", "", name+": kept").seen(name); !cmp.Equal(got, []string{"kept"}) {
				t.Errorf("the app saw %q: only what speaks of callers is dropped", got)
			}
		})
	}
	t.Run("named in Connection", func(t *testing.T) {
		t.Parallel()
		res := w.raw("GET /public/a HTTP/1.1\r\nHost: example.com\r\nConnection: close, X-Hop, Berth-Assertion\r\nX-Hop: 1\r\n\r\n")
		if got := res.seen("X-Hop"); got != nil {
			t.Errorf("app saw a hop-by-hop header: %q", got)
		}
		if got := res.seen("Berth-Assertion"); !cmp.Equal(got, []string{"anonymous/app/"}) {
			t.Errorf("assertion = %q: naming it in Connection must not take it away", got)
		}
	})
}

func TestGateway_SetsWhatAppsRely(t *testing.T) {
	t.Parallel()
	w := newWorld(t, echo, change{})
	res := w.do("GET", "/public/a", "", "Host: example.com:8080", "X-Custom: kept", "Accept-Language: de")
	for name, want := range map[string]string{
		"Host":              "example.com:8080",
		"X-Forwarded-For":   "127.0.0.1",
		"X-Real-IP":         "127.0.0.1",
		"X-Forwarded-Proto": "http",
		"X-Forwarded-Host":  "example.com:8080",
		"X-Forwarded-Port":  "8080",
		"Forwarded":         `for=127.0.0.1;host="example.com:8080";proto=http`,
		"Berth-Assertion":   "anonymous/app/",
		"X-Custom":          "kept",
		"Accept-Language":   "de",
	} {
		got := res.seen(name)
		if name == "Host" {
			got = got[:1]
		}
		if !cmp.Equal(got, []string{want}) {
			t.Errorf("%s = %q, want %q once", name, got, want)
		}
	}
	trace := res.seen("Traceparent")
	if len(trace) != 1 || len(trace[0]) != 55 || !strings.HasPrefix(trace[0], "00-") {
		t.Errorf("traceparent = %q", trace)
	}
}

func TestGateway_KeepsItsCredentialsFromTheApp(t *testing.T) {
	t.Parallel()
	w := newWorld(t, echo, change{config: func(c *gateway.Config) {
		c.Cookies = []string{"sso"}
		pass := c.Routes[0]
		pass.Name, pass.Pattern, pass.PassAuthorization = "pass", "/members/**", true
		c.Routes = append([]gateway.Route{pass}, c.Routes...)
	}})
	tests := []struct {
		name, target  string
		headers       []string
		header        string
		want          []string
		alsoForbidden string
	}{
		{"session cookie", "/members/", []string{"Cookie: a=1; berth_session=alice; b=2"}, "Cookie", []string{"a=1; b=2"}, "alice"},
		{"only the session cookie", "/members/", []string{alice}, "Cookie", nil, "berth_session"},
		{"prefixed, other case", "/public/", []string{"Cookie: __Host-Berth=x1x; __secure-BERTH-csrf=x2x"}, "Cookie", nil, "x2x"},
		{"listed cookie", "/public/", []string{"Cookie: sso=x1x;c=3"}, "Cookie", []string{"c=3"}, "x1x"},
		{"foreign cookies byte for byte", "/public/", []string{`Cookie: a="1;2"; b=c=d;  e`}, "Cookie", []string{`a="1;2"; b=c=d;  e`}, "\x00"},
		{"consumed token", "/app/acme/", []string{"Authorization: Bearer berth-alice"}, "Authorization", nil, "berth-alice"},
		{"consumed token, passed", "/members/", []string{"Authorization: Bearer berth-alice"}, "Authorization", []string{"Bearer berth-alice"}, "\x00"},
		{"foreign token", "/public/", []string{"Authorization: Basic eDp5"}, "Authorization", []string{"Basic eDp5"}, "\x00"},
		{"API key", "/app/acme/", []string{"X-Api-Key: k-e-y"}, "X-Api-Key", nil, "k-e-y"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			res := w.do("GET", tt.target, "", tt.headers...)
			if res.status != 200 {
				t.Fatalf("status %d: %s", res.status, res.body)
			}
			if got := res.seen(tt.header); !cmp.Equal(got, tt.want) {
				t.Errorf("app saw %s %q, want %q", tt.header, got, tt.want)
			}
			head := strings.ReplaceAll(res.body, "Berth-Assertion: alice", "")
			if strings.Contains(head, tt.alsoForbidden) {
				t.Errorf("app saw the credential:\n%s", res.body)
			}
		})
	}
}

func TestGateway_ScrubsAnswers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		h.Set("Berth-Assertion", "x")
		h.Set("X-Accel-Buffering", "no")
		h.Set("X-Request-Id", "app")
		h.Set("Server", "app/1.0")
		h.Add("Set-Cookie", "berth_session=stolen; Path=/")
		h.Add("Set-Cookie", "__Host-berth=stolen")
		h.Add("Set-Cookie", "theme=dark")
		h.Set("Proxy-Authenticate", "Basic")
		h.Set("Keep-Alive", "timeout=5")
		w.WriteHeader(http.StatusTeapot)
	}, change{config: func(c *gateway.Config) { c.ServerHeader = "Berth" }})
	res := w.do("GET", "/public/a", "")
	for _, name := range []string{"Berth-Assertion", "X-Accel-Buffering", "Proxy-Authenticate", "Keep-Alive"} {
		if got := res.header.Values(name); got != nil {
			t.Errorf("client saw %s: %q", name, got)
		}
	}
	if got := res.header.Values("Set-Cookie"); !cmp.Equal(got, []string{"theme=dark"}) {
		t.Errorf("Set-Cookie = %q", got)
	}
	if got := res.header.Values("X-Request-Id"); len(got) != 1 || got[0] == "app" {
		t.Errorf("X-Request-Id = %q", got)
	}
	if res.status != http.StatusTeapot || res.header.Get("Server") != "Berth" {
		t.Errorf("status %d, Server %q", res.status, res.header.Get("Server"))
	}
}

func TestGateway_FindsTheClientBehindTrustedProxies(t *testing.T) {
	t.Parallel()
	app := func(w http.ResponseWriter, r *http.Request) {
		h := r.Header
		_, _ = w.Write([]byte(strings.Join([]string{
			h.Get("X-Real-IP"), strings.Join(h.Values("X-Forwarded-For"), "|"), h.Get("X-Forwarded-Proto"),
			h.Get("X-Forwarded-Host"), h.Get("X-Forwarded-Port"), h.Get("Forwarded"),
		}, "\n")))
	}
	trusting := newWorld(t, app, change{config: func(c *gateway.Config) {
		c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("10.0.0.0/8")}
		c.TrustForwardedHost = true
	}})
	hostless := newWorld(t, app, change{config: func(c *gateway.Config) {
		c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	}})
	wary := newWorld(t, app, change{})
	tests := []struct {
		name    string
		headers []string
		want    []string // real ip, chain, proto, host, port
	}{
		{"nothing said", nil, []string{"127.0.0.1", "127.0.0.1", "http", "example.com", "80"}},
		{"one hop", []string{"X-Forwarded-For: 9.9.9.9"}, []string{"9.9.9.9", "9.9.9.9, 127.0.0.1", "http", "example.com", "80"}},
		{"client lies on the left", []string{"X-Forwarded-For: 6.6.6.6, 9.9.9.9, 10.1.1.1"}, []string{"9.9.9.9", "9.9.9.9, 10.1.1.1, 127.0.0.1", "http", "example.com", "80"}},
		{"several lines", []string{"X-Forwarded-For: 6.6.6.6", "X-Forwarded-For: 9.9.9.9", "X-Forwarded-For: 10.1.1.1"}, []string{"9.9.9.9", "9.9.9.9, 10.1.1.1, 127.0.0.1", "http", "example.com", "80"}},
		{"all trusted", []string{"X-Forwarded-For: 10.2.2.2, 10.1.1.1"}, []string{"10.2.2.2", "10.2.2.2, 10.1.1.1, 127.0.0.1", "http", "example.com", "80"}},
		{"malformed ends the walk", []string{"X-Forwarded-For: 9.9.9.9, junk, 10.1.1.1"}, []string{"10.1.1.1", "10.1.1.1, 127.0.0.1", "http", "example.com", "80"}},
		{"malformed at once", []string{"X-Forwarded-For: 9.9.9.9, unknown"}, []string{"127.0.0.1", "127.0.0.1", "http", "example.com", "80"}},
		{"IPv6 with port", []string{"X-Forwarded-For: [2001:db8::1]:443"}, []string{"2001:db8::1", "2001:db8::1, 127.0.0.1", "http", "example.com", "80"}},
		{"mapped IPv4", []string{"X-Forwarded-For: ::ffff:9.9.9.9"}, []string{"9.9.9.9", "9.9.9.9, 127.0.0.1", "http", "example.com", "80"}},
		{"https and host", []string{"X-Forwarded-Proto: https", "X-Forwarded-Host: a.internal.example"}, []string{"127.0.0.1", "127.0.0.1", "https", "a.internal.example", "443"}},
		{"port", []string{"X-Forwarded-Proto: https", "X-Forwarded-Port: 8443"}, []string{"127.0.0.1", "127.0.0.1", "https", "example.com", "8443"}},
		{"two protocols are none", []string{"X-Forwarded-Proto: https,http"}, []string{"127.0.0.1", "127.0.0.1", "http", "example.com", "80"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := strings.Split(trusting.do("GET", "/public/a", "", tt.headers...).body, "\n")
			if !slices.Equal(got[:5], tt.want) {
				t.Errorf("behind a trusted proxy: %q, want %q", got[:5], tt.want)
			}
			got = strings.Split(wary.do("GET", "/public/a", "", tt.headers...).body, "\n")
			if want := tests[0].want; !slices.Equal(got[:5], want) {
				t.Errorf("from anybody: %q, want %q", got[:5], want)
			}
		})
	}
	t.Run("Forwarded quotes IPv6", func(t *testing.T) {
		got := strings.Split(trusting.do("GET", "/public/a", "", "X-Forwarded-For: 2001:db8::1").body, "\n")
		if want := `for="[2001:db8::1]";host="example.com";proto=http`; got[5] != want {
			t.Errorf("Forwarded = %q, want %q", got[5], want)
		}
	})
	t.Run("forwarded host that is not to be believed", func(t *testing.T) {
		for _, host := range []string{"a.internal.example", "evil.example"} {
			got := strings.Split(hostless.do("GET", "/public/a", "", "X-Forwarded-Host: "+host).body, "\n")
			if len(got) < 4 || got[3] != "example.com" {
				t.Errorf("X-Forwarded-Host %s: the app saw %q, want example.com", host, got)
			}
		}
	})
	t.Run("unknown forwarded host", func(t *testing.T) {
		if res := trusting.do("GET", "/public/a", "", "X-Forwarded-Host: evil.example"); !res.empty {
			t.Errorf("status %d, want no answer", res.status)
		}
	})
}

func TestGateway_ContinuesTracesOfTrustedProxiesOnly(t *testing.T) {
	t.Parallel()
	trusting := newWorld(t, echo, change{config: func(c *gateway.Config) {
		c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
	}})
	wary := newWorld(t, echo, change{})
	const trace, span = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
	good := []string{"traceparent: 00-" + trace + "-" + span + "-00", "tracestate: a=1,b=2", "X-Request-Id: req-1"}

	got := trusting.do("GET", "/public/a", "", good...)
	tp := got.seen("Traceparent")[0]
	if !strings.HasPrefix(tp, "00-"+trace+"-") || strings.Contains(tp, span) || !strings.HasSuffix(tp, "-00") {
		t.Errorf("traceparent = %q: want the trace with a span of our own", tp)
	}
	if s := got.seen("Tracestate"); !cmp.Equal(s, []string{"a=1,b=2"}) {
		t.Errorf("tracestate = %q", s)
	}
	if id := got.seen("X-Request-Id"); !cmp.Equal(id, []string{"req-1"}) {
		t.Errorf("request id = %q", id)
	}
	got = wary.do("GET", "/public/a", "", good...)
	if strings.Contains(got.body, trace) || strings.Contains(got.body, "req-1") || got.seen("Tracestate") != nil {
		t.Errorf("an untrusted peer's trace was continued:\n%s", got.body)
	}
	for _, bad := range []string{
		"00-" + strings.Repeat("0", 32) + "-" + span + "-01", "00-" + trace + "-" + strings.Repeat("0", 16) + "-01",
		"ff-" + trace + "-" + span + "-01", "00-" + strings.ToUpper(trace) + "-" + span + "-01", "00-" + trace + "-" + span, "junk",
	} {
		got := trusting.do("GET", "/public/a", "", "traceparent: "+bad, "tracestate: a=1", "X-Request-Id: a b")
		if tp := got.seen("Traceparent"); len(tp) != 1 || len(tp[0]) != 55 || strings.Contains(tp[0], trace) || got.seen("Tracestate") != nil {
			t.Errorf("traceparent %q became %q", bad, tp)
		}
		if id := got.seen("X-Request-Id"); strings.Contains(id[0], " ") {
			t.Errorf("request id = %q", id)
		}
	}
}
