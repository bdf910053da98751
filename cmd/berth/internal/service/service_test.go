package service

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/berth-project/berth/directory"
	"github.com/berth-project/berth/internal/diagnostic"
	"github.com/berth-project/berth/process"
	"github.com/berth-project/berth/session"
)

const demo = `
service: demo
domains: [demo.example.com]
processes:
  web:
    command: [/bin/sh, -c, 'exec "$BERTH_TEST_BINARY"']
    listen: socket
    environment: {APP_VERSION: one}
gateway:
  routes:
    - {path: /files/**, objects: {directory: ./private}}
    - {path: /**, process: web}
access:
  - {path: /, allow: anyone}
  - {path: /accel, allow: signed-in}
  - {path: "/{tenant}/audit", allow: {role: manager, of: tenant}}
  - {path: "/{tenant}/**", allow: {role: [teller, manager], of: tenant}}
development:
  tenants: [{id: acme, name: Acme, plans: [premium]}, {id: zenith}]
  users:
    - {email: tom@acme.test, name: Tom, roles: {acme: teller}}
    - {email: mara@acme.test, name: Mara, roles: {acme: manager}}
`

func TestServiceLetsThroughWhomTheRulesSay(t *testing.T) {
	t.Parallel()
	r := start(t, Development, demo)
	tom, mara := r.signIn("tom@acme.test"), r.signIn("mara@acme.test")
	for _, tc := range []struct {
		who    string
		client *http.Client
		path   string
		want   int
	}{
		{"nobody", r.browser(), "/", 200},
		{"nobody", r.browser(), "/acme/x", 401},
		{"tom", tom, "/acme/x", 200},
		{"tom", tom, "/acme/audit", 403},
		{"mara", mara, "/acme/audit", 200},
		{"mara", mara, "/zenith/audit", 403},
		{"mara", mara, "/files/secret.txt", 403},
	} {
		if got, _ := r.get(tc.client, tc.path); got != tc.want {
			t.Errorf("GET %s as %s = %d, want %d", tc.path, tc.who, got, tc.want)
		}
	}
}

func TestServiceTellsTheAppWhoIsCalling(t *testing.T) {
	t.Parallel()
	r := start(t, Development, demo)
	_, e := r.get(r.signIn("tom@acme.test"), "/acme/x")
	v, err := session.NewVerifier(session.VerifierConfig{JWKSURL: r.Admin + "/.well-known/berth/jwks.json", Issuer: "demo", Audience: "demo"})
	if err != nil {
		t.Fatal(err)
	}
	who, err := v.Verify(t.Context(), e.Header.Get(session.AssertionHeader))
	if err != nil {
		t.Fatal(err)
	}
	if who.User.Email != "tom@acme.test" || !who.HasRole("acme", "teller") || who.HasRole("acme", "manager") {
		t.Errorf("assertion says %+v, want tom, teller of acme", who)
	}
	if c := e.Header.Get("Cookie"); c != "" {
		t.Errorf("the app received the gateway's cookie: %q", c)
	}
	_, e = r.get(r.browser(), "/")
	if who, err = v.Verify(t.Context(), e.Header.Get(session.AssertionHeader)); err != nil || !who.Anonymous() {
		t.Errorf("anonymous assertion = %+v, %v", who, err)
	}
}

func TestServiceSendsPrivateFilesTheAppNames(t *testing.T) {
	t.Parallel()
	r := start(t, Development, demo)
	dir := filepath.Join(filepath.Dir(r.file), "private")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "a.txt"), []byte("private"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := r.signIn("tom@acme.test")
	for path, want := range map[string]int{"/accel?to=/files/a.txt": 200, "/accel?to=/files/../berth.yaml": 404, "/accel?to=/nowhere": 502} {
		if got, _ := r.get(c, path); got != want {
			t.Errorf("GET %s = %d, want %d", path, got, want)
		}
	}
}

func TestServiceReloadsRulesAndProcesses(t *testing.T) {
	t.Parallel()
	r := start(t, Development, demo)
	tom := r.signIn("tom@acme.test")
	_, before := r.get(tom, "/acme/x")

	r.Reload(strings.Replace(demo, "allow: {role: manager, of: tenant}", "allow: {role: [manager, teller], of: tenant}", 1))
	status, e := r.get(tom, "/acme/audit")
	if status != 200 || e.PID != before.PID {
		t.Errorf("after a changed rule: status %d, pid %d; want 200 from the same process %d", status, e.PID, before.PID)
	}

	r.Reload(strings.Replace(demo, "APP_VERSION: one", "APP_VERSION: two", 1))
	status, e = r.get(tom, "/acme/x")
	if status != 200 || e.Version != "two" || e.PID == before.PID {
		t.Errorf("after a changed process: status %d, version %q", status, e.Version)
	}
}

func TestBadReloadLeavesTheOldOneServing(t *testing.T) {
	t.Parallel()
	r := start(t, Development, demo)
	tom := r.signIn("tom@acme.test")
	_, before := r.get(tom, "/acme/x")
	for name, bad := range map[string]string{
		"unknown key":           strings.Replace(demo, "listen: socket", "lisen: socket", 1),
		"process that dies":     strings.Replace(demo, `exec "$BERTH_TEST_BINARY"`, "exit 3", 1),
		"certificate not there": strings.Replace(demo, "gateway:\n", "gateway:\n  listen: [{address: ':8443', tls: true}]\n  tls: {mode: files, certificates: [{certificate: c.pem, key: k.pem}]}\n", 1),
	} {
		if said := r.Reload(bad); !strings.Contains(said, "refused") {
			t.Errorf("%s: the service said %q", name, said)
		}
		if status, e := r.get(tom, "/acme/x"); status != 200 || e.Version != "one" {
			t.Errorf("%s: status %d, version %q; want the old one", name, status, e.Version)
		}
	}
	if said := r.Reload(demo); !strings.HasPrefix(said, "reloaded") {
		t.Errorf("a good manifest after bad ones: %q", said)
	}
	if _, e := r.get(tom, "/acme/x"); e.PID != before.PID {
		t.Errorf("pid %d after bad reloads, want the process from before, %d", e.PID, before.PID)
	}
}

func TestKilledProcessComesBackWithoutALostRequest(t *testing.T) {
	t.Parallel()
	r := start(t, Development, demo)
	c := r.browser()
	_, before := r.get(c, "/")
	if err := syscall.Kill(before.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	status, after := r.get(c, "/")
	if status != 200 || after.PID == before.PID {
		t.Errorf("after kill -9: status %d from pid %d (was %d), want 200 from another", status, after.PID, before.PID)
	}
}

func TestEssentialProcessEndsTheServiceWithItsStatus(t *testing.T) {
	t.Parallel()
	r := prepare(t, `
service: demo
domains: [demo.example.com]
processes:
  job: {command: "sleep 0.2; exit 7", restart: never}
`)
	r.run(Production, make(chan Ready, 1))
	err := <-r.done
	var exit *process.ExitError
	if !errors.As(err, &exit) || exit.Code != 7 {
		t.Errorf("Run() = %v, want the status 7 of job", err)
	}
	r.stop()
}

func TestServiceRefusesToStartWithTheReasonAndPlace(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ manifest, want string }{
		"missing variable":                      {"service: a\ndomains: [x.test]\nenvironment: {require: [DATABASE_URL]}\n", "berth.yaml:3:"},
		"process in a route of a gateway alone": {strings.TrimSpace(demo), "a gateway alone runs no processes"},
		"no host":                               {"service: a\ndomains: []\n", "no host name"},
	} {
		r := prepare(t, tc.manifest)
		r.run(GatewayOnly, make(chan Ready, 1))
		err := <-r.done
		r.stop()
		var list diagnostic.List
		if !errors.As(err, &list) || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: Run() = %v, want a problem with %q", name, err, tc.want)
		}
	}
}

func TestExplainAgreesWithTheGateway(t *testing.T) {
	t.Parallel()
	r := start(t, Development, demo)
	opts := Options{Manifest: r.file, Data: r.data, Mode: Development}
	clients := map[string]*http.Client{"": r.browser(), "tom@acme.test": r.signIn("tom@acme.test"), "mara@acme.test": r.signIn("mara@acme.test")}
	for who, c := range clients {
		for _, path := range []string{"/", "/acme/x", "/acme/audit", "/zenith/x", "/files/a", "/nothing", "/.berth/session"} {
			a, err := Explain(context.Background(), opts, Question{Method: "GET", URL: r.URL + path, As: who})
			if err != nil {
				t.Fatal(err)
			}
			got, _ := r.get(c, path)
			allowed := got < 300 || (path == "/.berth/session" && got == 401)
			if (a.Verdict() == "allow") != allowed || (a.Status != 0 && a.Status != got) {
				t.Errorf("GET %s as %q: explained %s %d %s, got %d", path, who, a.Verdict(), a.Status, a.Code, got)
			}
		}
	}
}

func TestReloadThatRemovesAProcessStaysReady(t *testing.T) {
	t.Parallel()
	const extra = "  extra: {command: [/bin/sh, -c, 'exec \"$BERTH_TEST_BINARY\"'], listen: socket}\n"
	with := strings.Replace(demo, "gateway:\n  routes:\n", extra+"gateway:\n  routes:\n    - {path: /extra/**, process: extra}\n", 1)
	r := start(t, Development, with)
	ready := func() int {
		resp, err := http.Get(r.Admin + "/.berth/health/ready")
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		return resp.StatusCode
	}
	if got := ready(); got != http.StatusOK {
		t.Fatalf("ready with two processes = %d", got)
	}
	if said := r.Reload(demo); !strings.HasPrefix(said, "reloaded") {
		t.Fatal(said)
	}
	if got := ready(); got != http.StatusOK {
		t.Errorf("ready after a process was removed = %d, want 200", got)
	}
}

func TestReloadRefusesWhatRunningProcessesCannotFollow(t *testing.T) {
	t.Parallel()
	r := start(t, Development, demo)
	for name, changed := range map[string]string{
		"service":  strings.Replace(demo, "service: demo", "service: other", 1),
		"audience": strings.Replace(demo, "listen: socket", "listen: socket\n    audience: other", 1),
	} {
		if said := r.Reload(changed); !strings.Contains(said, "refused") || !strings.Contains(r.logText(), name+" cannot change while the service runs") {
			t.Errorf("%s: the service said %q", name, said)
		}
	}
	issuer := demo + "session: {assertion: {issuer: other}}\n"
	for range 2 {
		r.Reload(issuer)
	}
	_, e := r.get(r.browser(), "/")
	v, err := session.NewVerifier(session.VerifierConfig{JWKSURL: r.Admin + "/.well-known/berth/jwks.json", Issuer: "demo", Audience: "demo"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.Verify(t.Context(), e.Header.Get(session.AssertionHeader)); err != nil {
		t.Errorf("after the issuer changed in the file: %v; want the old one until a restart", err)
	}
}

func TestUpLeavesOtherPeoplesUsersAlone(t *testing.T) {
	t.Parallel()
	r := prepare(t, demo)
	store, err := OpenDirectory(r.data, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	u, err := store.CreateUser(t.Context(), "tom@acme.test", "The real Tom")
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	r.begin(Development)
	for _, made := range r.Users {
		if made.Email == "tom@acme.test" {
			t.Error("the user that was there is among those made")
		}
	}
	r.Stop()
	store, err = OpenDirectory(r.data, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	grants, err := store.Grants(t.Context(), directory.GrantFilter{User: u.ID})
	if err != nil || len(grants) != 0 {
		t.Errorf("the user's roles = %v, %v, want none", grants, err)
	}
}

// A start that ends half-way leaves users whose passwords the next start knows.
func TestUpFinishesWhatAnEarlierStartBegan(t *testing.T) {
	t.Parallel()
	r := prepare(t, demo)
	if err := makeData(r.data); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(r.data, passwordsName), []byte(`{"tom@acme.test": "made-before"}`))
	store, err := OpenDirectory(r.data, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := store.CreateUser(t.Context(), "tom@acme.test", "Tom"); err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	r.begin(Development)
	for _, u := range r.Users {
		if u.Email == "tom@acme.test" && u.Password != "made-before" {
			t.Errorf("password = %q, want the one in the file", u.Password)
		}
	}
	if got, _ := r.get(r.signIn("tom@acme.test"), "/acme/x"); got != http.StatusOK {
		t.Errorf("GET /acme/x as tom = %d, want 200", got)
	}
}
