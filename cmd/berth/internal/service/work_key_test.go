package service

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/berth-project/berth/session"
	"github.com/berth-project/berth/work/api"
)

// keyDemo is workDemo with an administrator's key.
var keyDemo = strings.Replace(workDemo, "work:\n", "work:\n  first-key: admin.key\n", 1)

func (w *worked) read(name string) string {
	w.t.Helper()
	text, err := os.ReadFile(filepath.Join(w.dir, name))
	if err != nil {
		w.t.Fatal(err)
	}
	return strings.TrimSpace(string(text))
}

func TestFirstKeyIsMadeOnceAndIsAnAdministrators(t *testing.T) {
	t.Parallel()
	w := prepareWork(t, keyDemo, workFilesOfDemo)
	w.begin(Development)
	own := w.client("")
	first := w.read("admin.key")
	if info, err := os.Stat(filepath.Join(w.dir, "admin.key")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key's file is %v (%v), want one that only its owner reads", info.Mode(), err)
	}
	var who api.Caller
	if err := w.client(first).Do(t.Context(), http.MethodGet, "/me", nil, nil, &who); err != nil || !who.Admin {
		t.Errorf("the key is that of %+v (%v), want an administrator", who, err)
	}
	if strings.Contains(w.logText(), first) {
		t.Error("the key is in the service's log")
	}
	wrong := first[:len(first)-1] + string('a'+(first[len(first)-1]-'a'+1)%26)
	if got := status(w.client(wrong).Do(t.Context(), http.MethodGet, "/me", nil, nil, nil)); got != http.StatusUnauthorized {
		t.Errorf("a key with another last letter is answered %d, want 401", got)
	}
	if err := own.Do(t.Context(), http.MethodPost, "/queues/builds/pause", nil, nil, nil); err != nil {
		t.Error(err)
	}

	// There it stays, also for whoever keeps it elsewhere.
	if err := os.Remove(filepath.Join(w.dir, "admin.key")); err != nil {
		t.Fatal(err)
	}
	w.Stop()
	w.again()
	if err := w.client(first).Do(t.Context(), http.MethodGet, "/keys", nil, nil, nil); err != nil {
		t.Errorf("after another start the key is answered %v", err)
	}
	if w.has("admin.key") {
		t.Error("another start made a second key")
	}

	// Once it is revoked, and nobody else has such a key, a start makes one.
	id := strings.Split(first, "_")[1]
	if err := w.client("").Do(t.Context(), http.MethodDelete, "/keys/"+id, nil, nil, nil); err != nil {
		t.Fatal(err)
	}
	w.keyFor("acme", api.Read) // not an administrator's
	w.Stop()
	w.again()
	w.client("")
	if next := w.read("admin.key"); next == first {
		t.Error("the key that was revoked is there again")
	}
}

func TestFirstKeyIsNotWrittenOverAFile(t *testing.T) {
	t.Parallel()
	w := prepareWork(t, keyDemo, workFilesOfDemo)
	w.put("admin.key", "of another store\n")
	ready := make(chan Ready, 1)
	w.run(Development, ready)
	select {
	case err := <-w.done:
		if err == nil || !strings.Contains(err.Error(), "berth.yaml:") || !strings.Contains(err.Error(), "admin.key is there already") {
			t.Errorf("Run() = %v, want one that points at first-key", err)
		}
	case <-ready:
		t.Error("the service started")
		w.Stop()
	}
	if got := w.read("admin.key"); got != "of another store" {
		t.Errorf("the file holds %q now", got)
	}
}

// TestKeyCountsAtTheGatewayWhereItLetsAnyoneThrough: what the gateway says of a
// caller whom it knows comes before their key.
func TestKeyCountsAtTheGatewayWhereItLetsAnyoneThrough(t *testing.T) {
	t.Parallel()
	w := prepareWork(t, strings.Replace(keyDemo, "- {path: /**, allow: signed-in}", `
  - {path: /api/v1/keys, allow: anyone}
  - {path: /**, allow: signed-in}`, 1), workFilesOfDemo)
	w.begin(Development)
	w.client("")
	first := w.read("admin.key")
	for _, tc := range []struct {
		name, path string
		browser    *http.Client
		header     [2]string
		want       int
	}{
		{"anyone may", "/keys", w.browser(), [2]string{"Authorization", "Bearer " + first}, http.StatusOK},
		{"anyone may, with a wrong key", "/keys", w.browser(), [2]string{"Authorization", "Bearer " + first[:len(first)-1]}, http.StatusUnauthorized},
		{"anyone may, without a key", "/keys", w.browser(), [2]string{}, http.StatusUnauthorized},
		{"anyone may, with an assertion of the caller's own", "/keys", w.browser(), [2]string{session.AssertionHeader, "x.y.z"}, http.StatusUnauthorized},
		{"signed-in people may", "/queues", w.browser(), [2]string{"Authorization", "Bearer " + first}, http.StatusUnauthorized},
		{"a person who shows a key, too", "/keys", w.signIn("tom@acme.test"), [2]string{"Authorization", "Bearer " + first}, http.StatusForbidden},
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.URL+api.Base+tc.path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		if tc.header[0] != "" {
			req.Header.Set(tc.header[0], tc.header[1])
		}
		resp, err := tc.browser.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != tc.want {
			t.Errorf("%s: GET %s = %d, want %d", tc.name, tc.path, resp.StatusCode, tc.want)
		}
	}
}

func TestAssertionThatIsNotValidHasNoKeyBesideIt(t *testing.T) {
	t.Parallel()
	w := prepareWork(t, keyDemo, workFilesOfDemo)
	w.begin(Development)
	w.client("")
	at, _, _ := strings.Cut(w.read("where"), " ")
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, at+api.Base+"/keys", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+w.read("admin.key"))
	req.Header.Set(session.AssertionHeader, "x.y.z")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("a request with an assertion that nobody signed is answered %d, want 401", resp.StatusCode)
	}
}
