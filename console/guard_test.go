package console_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/berth-project/berth/console"
)

func TestWithoutSignInOnlyThisMachineIsAnswered(t *testing.T) {
	t.Parallel()
	c := newConsole(t, console.Config{AllowedHosts: []string{"ops.example.com"}}, busySources(t, 1, "quickly"))
	for _, test := range []struct {
		host, peer string
		want       int
	}{
		{"localhost:4100", "127.0.0.1:1", 200},
		{"127.0.0.1:4100", "127.0.0.1:1", 200},
		{"[::1]:4100", "[::1]:1", 200},
		{"survey.localhost", "127.0.0.1:1", 200},
		{"LOCALHOST", "127.8.9.1:1", 200},
		{"evil.example", "127.0.0.1:1", 403},
		{"evil.example:4100", "127.0.0.1:1", 403},
		{"localhost.evil.example", "127.0.0.1:1", 403},
		{"127.0.0.1.evil.example", "127.0.0.1:1", 403},
		{"ops.example.com", "127.0.0.1:1", 403},
		{"192.0.2.1", "127.0.0.1:1", 403},
		{"0.0.0.0:4100", "127.0.0.1:1", 403},
		{"", "127.0.0.1:1", 403},
		{"localhost:4100", "192.0.2.7:1", 403},
		{"localhost:4100", "@", 403},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Host, r.RemoteAddr = test.host, test.peer
		w := httptest.NewRecorder()
		c.ServeHTTP(w, r)
		if w.Code != test.want {
			t.Errorf("Host %q from %s = %d, want %d", test.host, test.peer, w.Code, test.want)
		}
		if test.want != 200 && strings.Contains(w.Body.String(), "web0") {
			t.Errorf("Host %q from %s is told about the service", test.host, test.peer)
		}
	}
}

// who answers for the callers of a console with sign-in.
func who(r *http.Request) (string, bool, string) {
	user := r.Header.Get("X-Test-User")
	return user, user == "operator", "/.berth/sign-in?next=%2F"
}

func TestWithSignInOnlyOperatorsAreAnswered(t *testing.T) {
	t.Parallel()
	src := busySources(t, 1, "quickly")
	src.Authorize = who
	c := newConsole(t, console.Config{AllowedHosts: []string{"ops.example.com:443"}}, src)
	for _, test := range []struct {
		name    string
		headers []string
		want    int
	}{
		{"operator", []string{"Host", "ops.example.com", "X-Test-User", "operator"}, 200},
		{"somebody else", []string{"Host", "ops.example.com", "X-Test-User", "u_anna"}, 403},
		{"nobody in a browser", []string{"Host", "ops.example.com", "Accept", "text/html"}, 303},
		{"nobody's fragment", []string{"Host", "ops.example.com", "Accept", "text/html", "HX-Request", "true"}, 401},
		{"nobody's tool", []string{"Host", "ops.example.com"}, 401},
		{"operator at another name", []string{"Host", "evil.example", "X-Test-User", "operator"}, 403},
	} {
		for _, path := range []string{"/", "/processes.json", "/events?topics=none"} {
			want := test.want
			if want == 200 && strings.HasPrefix(path, "/events") {
				want = 400
			}
			w := ask(c, "GET", path, "", test.headers...)
			if w.Code != want {
				t.Errorf("%s: GET %s = %d, want %d", test.name, path, w.Code, want)
			}
			if want == 303 && w.Header().Get("Location") != "/.berth/sign-in?next=%2F" {
				t.Errorf("%s: sent to %q", test.name, w.Header().Get("Location"))
			}
		}
	}
	if body := ask(c, "GET", "/", "", "X-Test-User", "operator").Body.String(); !strings.Contains(body, ">operator<") {
		t.Error("the page does not say who is signed in")
	}
}

func TestActionsAreNotTakenFromOtherSites(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		sign    bool
		headers []string
		want    int
	}{
		{"same origin", false, []string{"Origin", "http://localhost:4100"}, 303},
		{"same origin by fetch metadata", false, []string{"Sec-Fetch-Site", "same-origin"}, 303},
		{"a tool on this machine", false, nil, 303},
		{"cross site", false, []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"same site, another origin", false, []string{"Sec-Fetch-Site", "same-site"}, 403},
		{"another port of this machine", false, []string{"Origin", "http://localhost:9999"}, 403},
		{"foreign origin", false, []string{"Origin", "https://evil.example"}, 403},
		{"opaque origin", false, []string{"Origin", "null"}, 403},
		{"cookie and origin", true, []string{"Cookie", "s=1", "Origin", "http://localhost:4100"}, 303},
		{"cookie and nothing else", true, []string{"Cookie", "s=1"}, 403},
		{"token and nothing else", true, []string{"Authorization", "Bearer t"}, 303},
		{"public origin", true, []string{"Cookie", "s=1", "Origin", "https://ops.example.com"}, 303},
	} {
		src := busySources(t, 1, "quickly")
		did := &actions{}
		src.Actions = did
		if test.sign {
			src.Authorize = func(*http.Request) (string, bool, string) { return "operator", true, "" }
		}
		c := newConsole(t, console.Config{PublicOrigin: "https://ops.example.com"}, src)
		w := ask(c, "POST", "/processes/web0/restart", "", test.headers...)
		if w.Code != test.want {
			t.Errorf("%s = %d, want %d", test.name, w.Code, test.want)
		}
		if acted := len(did.all()) > 0; acted != (test.want == 303) {
			t.Errorf("%s: acted %v", test.name, acted)
		}
	}
	if _, err := console.New(console.Config{PublicOrigin: "ops.example.com/x"}, console.Sources{}); err == nil {
		t.Error("a public origin that is none is accepted")
	}
}
