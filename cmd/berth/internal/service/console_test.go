package service

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/berth-project/berth/session"
)

func TestConsoleBeyondLoopbackAsksForItsRole(t *testing.T) {
	t.Parallel()
	r := prepare(t, demo+"console: {require: {role: manager, of: acme}}\n")
	r.admin = "0.0.0.0:0"
	r.begin(Development)
	status := func(c *http.Client, path string) (int, string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.Admin+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Accept", "text/html")
		resp, err := c.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		return resp.StatusCode, resp.Header.Get("Location")
	}
	signIn := func(email string) *http.Client {
		t.Helper()
		c := r.browser()
		for _, u := range r.Users {
			if u.Email == email {
				resp, err := c.PostForm(r.Admin+"/.berth/sign-in", url.Values{"email": {u.Email}, "password": {u.Password}, "next": {"/"}})
				if err != nil {
					t.Fatal(err)
				}
				_ = resp.Body.Close()
				if resp.StatusCode != http.StatusSeeOther {
					t.Fatalf("sign in to the console as %s: status %d", email, resp.StatusCode)
				}
			}
		}
		return c
	}

	if got, to := status(r.browser(), "/"); got/100 != 3 || !strings.HasPrefix(to, "/.berth/sign-in") {
		t.Errorf("console for nobody = %d to %q, want a redirect to sign in", got, to)
	}
	if got, _ := status(signIn("tom@acme.test"), "/"); got != http.StatusForbidden {
		t.Errorf("console for a teller = %d, want 403", got)
	}
	mara := signIn("mara@acme.test")
	for _, page := range []string{"/", "/processes", "/processes/web", "/routes", "/routes/explain?method=GET&url=/acme/audit&as=tom@acme.test", "/requests", "/logs"} {
		if got, _ := status(mara, page); got != http.StatusOK {
			t.Errorf("console page %s for a manager = %d, want 200", page, got)
		}
	}
	for _, open := range []string{"/metrics", "/.berth/health/ready", "/.well-known/berth/jwks.json"} {
		if got, _ := status(r.browser(), open); got != http.StatusOK {
			t.Errorf("%s = %d, want 200", open, got)
		}
	}
	if _, e := r.get(r.browser(), "/"); e.PID == 0 {
		t.Error("the app does not answer")
	}
}

func TestConsoleBeyondLoopbackWithoutARoleIsRefused(t *testing.T) {
	t.Parallel()
	r := prepare(t, demo)
	r.admin = "0.0.0.0:0"
	r.run(Production, make(chan Ready, 1))
	err := <-r.done
	r.stop()
	if err == nil || !strings.Contains(err.Error(), "open to everybody") {
		t.Errorf("Run() = %v, want a refusal", err)
	}
}

func TestConsoleInProductionOffersNoActionsWithoutARole(t *testing.T) {
	t.Parallel()
	for mode, want := range map[Mode]bool{Development: true, Production: false} {
		r := start(t, mode, demo)
		before := r.pids()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.Admin+"/processes/web/restart", strings.NewReader("reason=test"))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Origin", r.Admin)
		resp, err := r.browser().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if done := resp.StatusCode == http.StatusSeeOther; done != want {
			t.Errorf("mode %d: restart answered %d, want it done: %v", mode, resp.StatusCode, want)
		}
		if restarted := r.pids() != before; restarted != want {
			t.Errorf("mode %d: the process was restarted: %v, want %v", mode, restarted, want)
		}
	}
}

// pids are the processes as the console shows them.
func (r *running) pids() string {
	r.t.Helper()
	resp, err := http.Get(r.Admin + "/processes.json")
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	var doc struct {
		Data json.RawMessage `json:"data"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&doc); err != nil {
		r.t.Fatal(err)
	}
	return strings.Join(regexp.MustCompile(`"pid":\s*\d+`).FindAllString(string(doc.Data), -1), " ")
}

// Somebody who uses nothing but the console stays signed in.
func TestConsoleRenewsSessions(t *testing.T) {
	t.Parallel()
	r := start(t, Development, demo+"console: {require: {role: manager, of: acme}}\n")
	opts := Options{Manifest: r.file, Data: r.data, Environ: os.Environ(), Log: slog.New(slog.DiscardHandler)}
	_, sess, err := SealFor(t.Context(), opts, "mara@acme.test")
	if err != nil {
		t.Fatal(err)
	}
	keys, err := readKeys(filepath.Join(r.data, keysName))
	if err != nil {
		t.Fatal(err)
	}
	for age, want := range map[time.Duration]int{0: 0, time.Hour: 1} {
		used := time.Now().Add(-age)
		sealer, err := session.NewSealer(session.SealerConfig{
			Audience: "demo", Idle: 12 * time.Hour, Absolute: 168 * time.Hour, Keys: keys, Now: func() time.Time { return used },
		})
		if err != nil {
			t.Fatal(err)
		}
		sess.SignedInAt = used
		value, err := sealer.Seal(*sess)
		if err != nil {
			t.Fatal(err)
		}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.Admin+"/requests", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Cookie", session.DevelopmentCookieName+"="+value)
		resp, err := r.browser().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if got := len(resp.Cookies()); resp.StatusCode != http.StatusOK || got != want {
			t.Errorf("session used %s ago: status %d with %d cookies, want 200 with %d", age, resp.StatusCode, got, want)
		}
	}
}

func TestConsoleShowsTheWorkOfTheService(t *testing.T) {
	t.Parallel()
	page := func(r *running, path string) string {
		t.Helper()
		resp, err := http.Get(r.Admin + path) //nolint:noctx // a test of this machine
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("GET %s = %d, %v", path, resp.StatusCode, err)
		}
		return string(body)
	}
	const pauses = `href="/queues/default/pause"`
	developing := start(t, Development, demo+"work: {}\n")
	if body := page(developing, "/queues/default"); !strings.Contains(body, pauses) {
		t.Errorf("a developer cannot pause the queue: %.3000s", body)
	}
	if body := page(developing, "/"); !strings.Contains(body, `href="/runs"`) {
		t.Error("the rooms of work are missing")
	}
	// In production whoever reaches loopback may look, and do nothing.
	if body := page(start(t, Production, demo+"work: {}\n"), "/queues/default"); strings.Contains(body, pauses) {
		t.Error("somebody who has not signed in may pause the queue")
	}
	if body := page(start(t, Development, demo), "/"); strings.Contains(body, `href="/runs"`) {
		t.Error("a service without work has its rooms")
	}
}
