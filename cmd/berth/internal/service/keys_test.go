package service

import (
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/berth-project/berth/environ"
	"github.com/berth-project/berth/manifest"
	"github.com/berth-project/berth/secret"
	"github.com/berth-project/berth/session"
)

func TestChildrenAreNotGivenTheKeys(t *testing.T) {
	t.Parallel()
	m, problems := manifest.Parse("berth.yaml", []byte("service: demo\ndomains: [a.test]\nsession: {keys: '${APP_KEYS}'}\n"))
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	env := environ.NewSet()
	for _, name := range []string{"APP_KEYS", "BERTH_SESSION_KEYS", "BERTH_DATA", "DATABASE_URL"} {
		env = environ.NewSet(append(env.Variables(), environ.Variable{Name: name, Value: secret.New("canary")})...)
	}
	got := ChildVariables(m, env)
	if len(got) != 1 || got[0].Name != "DATABASE_URL" {
		t.Errorf("ChildVariables() = %v, want DATABASE_URL alone", got)
	}
}

func TestProcessDoesNotSeeTheKeysOfTheManifest(t *testing.T) {
	t.Parallel()
	keys, err := session.GenerateKeySet(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	text, err := keys.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	r := prepare(t, strings.Replace(demo, "APP_VERSION: one", "APP_VERSION: '${SEEN:-nothing}'", 1)+
		"environment: {from: [process, {file: keys.env}]}\nsession: {keys: '${APP_KEYS}'}\n")
	quoted, err := environ.Quote(string(text))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(filepath.Dir(r.file), "keys.env"), []byte("APP_KEYS="+quoted+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r.begin(Development)
	_, e := r.get(r.browser(), "/")
	environment, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(e.PID), "environ"))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(environment), "APP_KEYS") {
		t.Error("the process was given the session keys")
	}
	if !strings.Contains(string(environment), "BERTH_JWKS_URL=http://127.0.0.1") {
		t.Error("the process was not told where the key set is")
	}
}

// Several gateways that share a data directory start at the same moment.
func TestKeysAreMadeOnce(t *testing.T) {
	t.Parallel()
	m, problems := manifest.Parse("berth.yaml", []byte("service: demo\ndomains: [a.test]\n"))
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	data := t.TempDir()
	var made [8]string
	var wg sync.WaitGroup
	for i := range made {
		wg.Go(func() {
			keys, err := LoadKeys(m, environ.NewSet(), data)
			if err != nil {
				t.Error(err)
				return
			}
			made[i] = keys.Fingerprint()
		})
	}
	wg.Wait()
	for _, other := range made[1:] {
		if other != made[0] {
			t.Fatalf("key sets = %v, want one", made)
		}
	}
}

// A cookie sealed with the previous key lives while it is not used for as long
// as session.idle: until then the key is not forgotten.
func TestKeysRotateWhenTheirCookiesHaveEnded(t *testing.T) {
	t.Parallel()
	for since, want := range map[time.Duration]string{
		11 * time.Hour:              "may live until",
		12 * time.Hour:              "may live until", // a gateway may have sealed after that
		12*time.Hour + time.Hour/60: "",
	} {
		t.Run(since.String(), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			file := filepath.Join(dir, "berth.yaml")
			if err := os.WriteFile(file, []byte("service: demo\ndomains: [a.test]\nsession: {idle: 12h}\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			keys, err := session.GenerateKeySet(time.Now().Add(-48 * time.Hour))
			if err != nil {
				t.Fatal(err)
			}
			if keys, err = keys.Rotate(time.Now().Add(-since)); err != nil {
				t.Fatal(err)
			}
			if err := SaveKeys(filepath.Join(dir, "keys.json"), keys); err != nil {
				t.Fatal(err)
			}
			_, err = RotateKeys(t.Context(), Options{Manifest: file, Data: dir, Log: slog.New(slog.DiscardHandler)}, Rotation{})
			switch {
			case want == "" && err != nil:
				t.Errorf("RotateKeys() = %v, want done", err)
			case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
				t.Errorf("RotateKeys() = %v, want %q", err, want)
			}
		})
	}
}
