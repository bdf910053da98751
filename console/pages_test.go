package console_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/berth-project/berth/access"
	"github.com/berth-project/berth/console"
	"github.com/berth-project/berth/gateway"
	"github.com/berth-project/berth/health"
)

const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

func TestEveryPageStandsWhateverThereIs(t *testing.T) {
	t.Parallel()
	for name, src := range map[string]console.Sources{
		"one": busySources(t, 1, "quickly"), "many": busySources(t, 40, "quickly"), "hostile": busySources(t, 5, hostile),
	} {
		c := newConsole(t, console.Config{}, src)
		for _, path := range pages {
			w := ask(c, "GET", path, "")
			body := w.Body.String()
			if w.Code != http.StatusOK || !strings.Contains(body, "</html>") {
				t.Errorf("%s %s = %d, whole page %v", name, path, w.Code, strings.Contains(body, "</html>"))
			}
			if n := strings.Count(body, "<h1"); n != 1 {
				t.Errorf("%s %s has %d headings of the first level, want 1", name, path, n)
			}
			if strings.Contains(body, "no value") || strings.Contains(body, "%!") {
				t.Errorf("%s %s shows a value it does not have", name, path)
			}
		}
	}
}

func TestEmptyPagesSayWhatWouldStandThere(t *testing.T) {
	t.Parallel()
	c := newConsole(t, console.Config{}, console.Sources{})
	for path, want := range map[string]string{
		"/": "Nobody has asked for anything yet", "/processes": "No processes run", "/routes": "There are no routes",
		"/routes/explain": "Ask what would become of a request", "/requests": "No request yet", "/logs": "Nothing has been logged yet",
		"/requests?status=5xx": "None of the last requests matches", "/routes/explain?url=/": "There is no gateway to ask",
	} {
		w := ask(c, "GET", path, "")
		if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), want) {
			t.Errorf("GET %s = %d without %q", path, w.Code, want)
		}
	}
}

func TestTextOfStrangersIsInert(t *testing.T) {
	t.Parallel()
	c := newConsole(t, console.Config{}, busySources(t, 5, hostile))
	marks := regexp.MustCompile(`(?i)<script>|<img|onerror=alert\(2\)>|href="javascript:|\x1b|\x{202e}|\r`)
	for _, path := range append(pages, "/requests?user="+"%22%3E%3Cscript%3Ealert(1)%3C/script%3E", "/?%3Cscript%3E=1") {
		for _, fragment := range []string{"", "true"} {
			body := ask(c, "GET", path, "", "HX-Request", fragment).Body.String()
			if m := marks.FindString(body); m != "" && m != "onerror=alert(2)>" {
				t.Errorf("GET %s holds %q alive", path, m)
			}
		}
	}
}

func TestEveryAnswerHasTheContentPolicy(t *testing.T) {
	t.Parallel()
	c := newConsole(t, console.Config{}, busySources(t, 1, "quickly"))
	css, err := c.AssetURL("console.css")
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range [][3]string{
		{"GET", "/", ""},
		{"GET", "/nothing-here", ""},
		{"GET", "/processes.json", ""},
		{"GET", "/requests?status=9xx", ""},
		{"GET", "/events?topics=none", ""},
		{"GET", "/assets/none", ""},
		{"GET", css, ""},
		{"POST", "/processes/web0/restart", ""},
		{"POST", "/", ""},
		{"DELETE", "/processes/web0", ""},
	} {
		w := ask(c, q[0], q[1], q[2])
		h := w.Header()
		if h.Get("Content-Security-Policy") != policy || h.Get("X-Content-Type-Options") != "nosniff" || h.Get("X-Frame-Options") != "DENY" {
			t.Errorf("%s %s = %d with %v", q[0], q[1], w.Code, h)
		}
	}
	if w := ask(c, "GET", "/", "", "Host", "evil.example"); w.Header().Get("Content-Security-Policy") != policy {
		t.Errorf("a refused host is answered without the policy: %v", w.Header())
	}
}

func TestEveryPageHasATwinForMachines(t *testing.T) {
	t.Parallel()
	c := newConsole(t, console.Config{}, busySources(t, 3, "quickly"))
	for path, wants := range map[string][]string{
		"/overview.json":       {"berth.console.overview/1", "crash_loop", "per_second"},
		"/processes.json":      {"berth.console.processes/1", "web0", "uptime_seconds"},
		"/processes/web0.json": {"berth.console.process/1", "gunicorn", "DATABASE_URL"},
		"/routes.json":         {"berth.console.routes/1", "unreachable", "berth.yaml:41:5", `"no_rule"`},
		"/routes/explain.json?method=POST&url=/app/acme/edit&as=u_anna": {"berth.console.explain/1", `"refused"`, "role_required", "berth.yaml:41:5"},
		"/requests.json?status=5xx":                                     {"berth.console.requests/1", `"status": 502`},
		"/logs.json":                                                    {"berth.console.logs/1", "process restarted"},
	} {
		w := ask(c, "GET", path, "")
		var doc struct {
			Schema string
			Data   any
		}
		if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil || w.Code != http.StatusOK || doc.Data == nil {
			t.Errorf("GET %s = %d, %v", path, w.Code, err)
		}
		if got := w.Header().Get("Content-Type"); got != "application/json" {
			t.Errorf("GET %s has type %q", path, got)
		}
		for _, want := range wants {
			if !strings.Contains(w.Body.String(), want) {
				t.Errorf("GET %s lacks %q", path, want)
			}
		}
	}
	if body := ask(c, "GET", "/requests.json?status=5xx", "").Body.String(); strings.Contains(body, `"status": 200`) {
		t.Error("the twin does not filter as the page does")
	}
	if w := ask(c, "GET", "/nothing.json", ""); w.Code != http.StatusNotFound || w.Header().Get("Content-Type") != "application/problem+json" {
		t.Errorf("GET /nothing.json = %d %s", w.Code, w.Header().Get("Content-Type"))
	}
}

func TestPagesNameTheCommandThatShowsTheSame(t *testing.T) {
	t.Parallel()
	c := newConsole(t, console.Config{Data: "/var/lib/my berth"}, busySources(t, 1, "quickly"))
	for path, want := range map[string]string{
		"/": "curl -s http://localhost:4100/overview.json",
		"/requests?status=4xx&user=u_anna&other=1":   "curl -s &#39;http://localhost:4100/requests.json?status=4xx&amp;user=u_anna&#39;",
		"/logs?level=warn":                           "curl -s &#39;http://localhost:4100/logs.json?level=warn&#39;",
		"/routes/explain?method=GET&url=/&as=u_anna": "--as u_anna --data &#39;/var/lib/my berth&#39;", "/routes": "berth manifest show --resolved",
		"/routes/explain?method=POST&url=/a%27b&as=anna@acme.test": `berth explain request POST &#39;/a&#39;\&#39;&#39;b&#39; --as anna@acme.test`,
	} {
		if body := ask(c, "GET", path, "").Body.String(); !strings.Contains(body, want) {
			t.Errorf("GET %s does not show %q", path, want)
		}
	}
}

func TestFragmentsAreThePartThatChanges(t *testing.T) {
	t.Parallel()
	c := newConsole(t, console.Config{}, busySources(t, 1, "quickly"))
	for _, path := range []string{"/", "/processes", "/processes/web0", "/routes", "/requests", "/logs"} {
		w := ask(c, "GET", path, "", "HX-Request", "true")
		body := strings.TrimSpace(w.Body.String())
		if !strings.HasPrefix(body, `<div id="fragment"`) || strings.Contains(body, "<html") || !strings.HasSuffix(body, "</div>") {
			t.Errorf("GET %s as a fragment = %.60q", path, body)
		}
		if got := w.Header().Get("Vary"); !strings.Contains(got, "HX-Request") {
			t.Errorf("GET %s has Vary %q", path, got)
		}
	}
	if body := ask(c, "GET", "/", "", "HX-Request", "true", "HX-History-Restore-Request", "true").Body.String(); !strings.Contains(body, "<html") {
		t.Error("going back gets a fragment, want a page")
	}
}

func TestAnUnchangedPageIsNotSentAgain(t *testing.T) {
	t.Parallel()
	now := time.Now()
	c := newConsole(t, console.Config{}, console.Sources{Now: func() time.Time { return now }})
	first := ask(c, "GET", "/processes", "")
	again := ask(c, "GET", "/processes", "", "If-None-Match", first.Header().Get("ETag"))
	if again.Code != http.StatusNotModified || again.Body.Len() != 0 {
		t.Errorf("the same page again = %d with %d bytes, want 304", again.Code, again.Body.Len())
	}
	if other := ask(c, "GET", "/logs", "", "If-None-Match", first.Header().Get("ETag")); other.Code != http.StatusOK {
		t.Errorf("another page = %d, want 200", other.Code)
	}
}

func TestAnUnknownParameterIsNoticed(t *testing.T) {
	t.Parallel()
	c := newConsole(t, console.Config{}, console.Sources{})
	if body := ask(c, "GET", "/requests?sttus=5xx", "").Body.String(); !strings.Contains(body, "<code>sttus</code> is not known here") {
		t.Error("nothing is said about a parameter there is not")
	}
	if body := ask(c, "GET", "/requests?status=5xx", "").Body.String(); strings.Contains(body, "is not known here") {
		t.Error("a parameter there is counts as unknown")
	}
	for _, path := range []string{"/requests?status=9xx", "/logs?level=loud"} {
		if w := ask(c, "GET", path, ""); w.Code != http.StatusBadRequest {
			t.Errorf("GET %s = %d, want 400", path, w.Code)
		}
	}
}

func TestRequestsAreFiltered(t *testing.T) {
	t.Parallel()
	src := console.Sources{Requests: console.NewRequestFeed()}
	for i, r := range []gateway.Record{
		{Path: "/first", Status: 200, Route: "app", User: "u_anna"},
		{Path: "/second", Status: 403, Reason: "role_required", Route: "app", User: "u_ben", Rule: "r1"},
		{Path: "/third", Status: 502, Route: "api"},
		{Path: "/fourth", Status: 303, Reason: "sign_in_required"},
		{Path: "/fifth", Reason: "unknown_host"},
		{Path: "/sixth", Status: 403, Route: "app"},
	} {
		r.ID = fmt.Sprint(i)
		src.Requests.Observe(&r)
	}
	c := newConsole(t, console.Config{}, src)
	for query, want := range map[string]string{
		"":                         "sixth fifth fourth third second first",
		"status=2xx":               "first",
		"status=3xx":               "fourth",
		"status=4xx":               "sixth second",
		"status=5xx":               "third",
		"status=refused":           "fourth second",
		"status=closed":            "fifth",
		"route=app&user=u_anna":    "first",
		"rule=r1":                  "second",
		"route=app&status=refused": "second",
		"user=nobody":              "",
	} {
		var doc struct {
			Data struct{ Requests []struct{ Path string } }
		}
		if err := json.Unmarshal(ask(c, "GET", "/requests.json?"+query, "").Body.Bytes(), &doc); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, r := range doc.Data.Requests {
			got = append(got, strings.TrimPrefix(r.Path, "/"))
		}
		if s := strings.Join(got, " "); s != want {
			t.Errorf("%s: %q, want %q", query, s, want)
		}
	}
}

// A request whose path was refused is not explained as one for another path.
func TestARequestWithoutAPathIsNotExplained(t *testing.T) {
	t.Parallel()
	feed := console.NewRequestFeed()
	feed.Observe(&gateway.Record{Method: "GET", Host: "demo.test", Status: 400, Reason: "path_dot_segment"})
	c := newConsole(t, console.Config{}, console.Sources{Requests: feed})
	if body := ask(c, "GET", "/requests", "").Body.String(); !strings.Contains(body, "path_dot_segment") || strings.Contains(body, "/routes/explain?") {
		t.Error("the row is missing, or leads to the explanation of another request")
	}
	if body := ask(c, "GET", "/requests.json", "").Body.String(); strings.Contains(body, `"url"`) {
		t.Errorf("the twin has a URL: %s", body)
	}
}

func TestLogLinesAreFiltered(t *testing.T) {
	t.Parallel()
	log, recent := logTo(t)
	log.Info("first", "process", "web")
	log.Warn("second", "process", "worker")
	log.Error("third", "process", "web")
	log.Info("fourth")
	c := newConsole(t, console.Config{}, console.Sources{Logs: recent})
	for query, want := range map[string]string{
		"": "fourth third second first", "level=warn": "third second", "level=debug": "fourth third second first",
		"process=web": "third first", "process=web&level=error": "third", "process=none": "",
	} {
		var doc struct {
			Data struct{ Lines []struct{ Message string } }
		}
		if err := json.Unmarshal(ask(c, "GET", "/logs.json?"+query, "").Body.Bytes(), &doc); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, l := range doc.Data.Lines {
			got = append(got, l.Message)
		}
		if s := strings.Join(got, " "); s != want {
			t.Errorf("%s: %q, want %q", query, s, want)
		}
	}
}

func TestExplainSaysWhatTheGatewayWouldDo(t *testing.T) {
	t.Parallel()
	c := newConsole(t, console.Config{}, busySources(t, 1, "quickly"))
	for query, wants := range map[string][]string{
		"method=POST&url=/app/acme/edit&as=u_anna": {"refused 403", "role_required", "berth.yaml:41:5", "needs role manager of acme", "decided here"},
		"url=/":                                 {"allowed", "berth.yaml:23:7", "Sent on as"},
		"url=/&as=nobody-of-this-name":          {"there is none"},
		"url=http://other.example/":             {"closed", "without an answer"},
		"method=G%3CT&url=/":                    {"The method is no word"},
		"url=" + strings.Repeat("x", 9<<10):     {"a field is too long"},
		"url=/app/acme/..%252fedit&method=GET":  {"refused"},
		"method=PROPFIND&url=/app/acme/x&as=":   {"<option selected>PROPFIND"},
		"url=http://survey.example.com/app/x/y": {"berth.yaml:41:5"},
	} {
		body := ask(c, "GET", "/routes/explain?"+query, "").Body.String()
		for _, want := range wants {
			if !strings.Contains(body, want) {
				t.Errorf("explain %.60s lacks %q", query, want)
			}
		}
	}
}

func TestOverviewPutsProblemsFirstAndLinksThem(t *testing.T) {
	t.Parallel()
	src := busySources(t, 0, "")
	src.Health.Set(health.Check{Name: "process web.1", State: health.Degraded, Code: "crash_loop", Message: "it keeps ending"})
	src.Health.Set(health.Check{Name: "manifest", State: health.Failing, Message: "line one\nline two"})
	body := ask(newConsole(t, console.Config{}, src), "GET", "/", "").Body.String()
	first, second := strings.Index(body, "line one\nline two"), strings.Index(body, "it keeps ending")
	if first < 0 || second < first || !strings.Contains(body, "2 problems") || !strings.Contains(body, `href="/processes/web"`) {
		t.Errorf("problems at %d and %d in\n%s", first, second, body)
	}
	if strings.Index(body, "At a glance") < second {
		t.Error("problems do not come first")
	}
}

func TestProductionIsToldFromLocal(t *testing.T) {
	t.Parallel()
	for environment, want := range map[string]string{"production": `<span class="badge fail">PRODUCTION</span>`, "": `<span class="badge">local</span>`} {
		if body := ask(newConsole(t, console.Config{Environment: environment}, console.Sources{}), "GET", "/", "").Body.String(); !strings.Contains(body, want) {
			t.Errorf("environment %q is not shown as %s", environment, want)
		}
	}
}

func TestConsoleLivesBelowABasePath(t *testing.T) {
	t.Parallel()
	c := newConsole(t, console.Config{BasePath: "/console/"}, busySources(t, 2, "quickly"))
	address := regexp.MustCompile(`(?:href|src|action|hx-get|sse-connect|data-up)="([^"]*)"`)
	for _, path := range pages {
		w := ask(c, "GET", "/console"+path, "")
		if w.Code != http.StatusOK {
			t.Errorf("GET /console%s = %d", path, w.Code)
		}
		for _, m := range address.FindAllStringSubmatch(w.Body.String(), -1) {
			if !strings.HasPrefix(m[1], "/console/") && !strings.HasPrefix(m[1], "#") {
				t.Errorf("GET /console%s leads to %s", path, m[1])
			}
		}
	}
	if _, err := console.New(console.Config{BasePath: "console"}, console.Sources{}); err == nil {
		t.Error("a base path without a slash is accepted")
	}
}

func TestPreferencesAreKeptInCookies(t *testing.T) {
	t.Parallel()
	c := newConsole(t, console.Config{}, console.Sources{})
	w := ask(c, "POST", "/preferences", "theme=dark&keys=off", "Origin", "http://localhost:4100")
	if w.Code != http.StatusSeeOther || len(w.Result().Cookies()) != 2 {
		t.Fatalf("POST /preferences = %d, %v", w.Code, w.Result().Cookies())
	}
	body := ask(c, "GET", "/", "", "Cookie", "berth_console_theme=dark; berth_console_keys=off").Body.String()
	if !strings.Contains(body, `data-theme="dark" data-keys="off"`) {
		t.Error("the page does not follow the cookies")
	}
	body = ask(c, "GET", "/", "", "Cookie", `berth_console_theme="><script>`).Body.String()
	if !strings.Contains(body, `data-theme="auto" data-keys="on"`) {
		t.Error("a cookie with a value there is not counts")
	}
	if w := ask(c, "POST", "/preferences", "theme=pink&keys=on"); w.Code != http.StatusBadRequest {
		t.Errorf("a theme there is not = %d, want 400", w.Code)
	}
}

func TestCommandsNameTheManifestTheyAreAbout(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"": "", "berth.yaml": "", "examples/survey": " -f examples/survey",
		"my apps/it's": ` -f &#39;my apps/it&#39;\&#39;&#39;s&#39;`, "$(reboot)": ` -f &#39;$(reboot)&#39;`,
	} {
		c := newConsole(t, console.Config{Manifest: path}, busySources(t, 1, "quickly"))
		for page, command := range map[string]string{
			"/routes": "berth manifest show --resolved", "/routes/explain": "berth explain request METHOD URL --as USER",
			"/routes/explain?method=GET&url=/&as=u_anna": "berth explain request GET / --as u_anna",
		} {
			if body := ask(c, "GET", page, "").Body.String(); !strings.Contains(body, ">"+command+want+"</code>") {
				t.Errorf("with the manifest %q GET %s does not show %q", path, page, command+want)
			}
		}
	}
}

// tables are the sources of one table of routes and rules.
func tables(routes []console.Route, rules ...console.Rule) console.Sources {
	return console.Sources{Gateway: func() console.Gateway { return console.Gateway{Routes: routes, Rules: rules} }}
}

func TestRulesAreListedWithTheirIDs(t *testing.T) {
	t.Parallel()
	c := newConsole(t, console.Config{}, tables(nil, console.Rule{Rule: access.Rule{ID: "managers<b>", Path: "/app/**"}, At: "/srv/app/berth.yaml:43:5"}))
	body := ask(c, "GET", "/routes", "").Body.String()
	for _, want := range []string{
		`<span class="muted">managers&lt;b&gt;</span>`, `<code class="path">/app/<wbr>**</code>`,
		`<code class="at" title="/srv/app/berth.yaml:43:5">berth.yaml:43:5</code>`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("the page of rules lacks %s", want)
		}
	}
}

func TestARouteThatRedirectsReachIsNotCalledUnused(t *testing.T) {
	t.Parallel()
	src := tables([]console.Route{{Name: "files", Path: "/files/**", Target: "private files of ./private"}})
	src.Requests = console.NewRequestFeed()
	c := newConsole(t, console.Config{}, src)
	if body := ask(c, "GET", "/routes", "").Body.String(); strings.Contains(body, "unused") || !strings.Contains(body, "reached by internal redirect") {
		t.Error("a route for objects counts as unused")
	}
	src.Requests.Observe(&gateway.Record{Route: "files", Status: 200})
	if body := ask(c, "GET", "/routes", "").Body.String(); strings.Contains(body, "reached by internal redirect") {
		t.Error("a route for objects that was asked shows no count")
	}
	c = newConsole(t, console.Config{}, tables([]console.Route{{Name: "app", Path: "/app/**", Target: "process web"}}))
	if body := ask(c, "GET", "/routes", "").Body.String(); !strings.Contains(body, "0, unused") {
		t.Error("a route nobody asked is not called unused")
	}
}
