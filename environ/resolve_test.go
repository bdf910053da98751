package environ_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/berth-project/berth/environ"
	"github.com/berth-project/berth/internal/diagnostic"
	"github.com/berth-project/berth/secret"
	"github.com/google/go-cmp/cmp"
)

func file(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), ".env")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// summary is a variable as a text that tests can compare.
func summary(set *environ.Set, dir string) []string {
	var all []string
	for _, v := range set.Variables() {
		text := fmt.Sprintf("%s=%s from %s over %v", v.Name, v.Value.Reveal(), v.Source, v.Overrides)
		all = append(all, strings.ReplaceAll(text, dir+"/", ""))
	}
	return all
}

func TestPrecedenceAndProvenance(t *testing.T) {
	t.Parallel()
	path := file(t, "\nA=file\nB=file\n")
	sources := []environ.Source{
		environ.Inline{Values: map[string]string{"A": "inline", "C": "inline"}},
		environ.File{Path: path},
		environ.Process{Environ: []string{"A=old", "D=a=b", "novalue", "=C:=x", "A=", "weird name%%=1"}},
	}
	want := []string{
		"A= from process over [.env:2 inline]", "C=inline from inline over []", "B=file from .env:3 over []",
		"D=a=b from process over []", "weird name%%=1 from process over []",
	}
	set, err := environ.Resolve(t.Context(), sources, environ.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, summary(set, filepath.Dir(path))); diff != "" {
		t.Errorf("variables (-want +got):\n%s", diff)
	}
	if set.Len() != len(want) || len(set.Environ()) != len(want) {
		t.Errorf("Len() = %d, Environ() = %q", set.Len(), set.Environ())
	}
}

func TestRequireReportsEverythingMissingAtOnce(t *testing.T) {
	t.Parallel()
	sources := []environ.Source{
		environ.Inline{Label: "defaults", Values: map[string]string{"SET": "x", "EMPTY": ""}},
		environ.Process{},
	}
	_, err := environ.Resolve(t.Context(), sources, environ.Options{Require: []string{"A", "SET", "EMPTY", "B"}})
	missing, ok := errors.AsType[*environ.MissingError](err)
	if !ok || !cmp.Equal(missing.Names, []string{"A", "B"}) || len(missing.Empty) != 1 {
		t.Fatalf("Resolve() = %v, want a MissingError of A, B and EMPTY", err)
	}
	want := "required environment: not set: A, B; EMPTY is empty in defaults (set it in one of: defaults, process)"
	if err.Error() != want {
		t.Errorf("error = %q, want %q", err, want)
	}
	if _, err := environ.Resolve(t.Context(), sources, environ.Options{Require: []string{"SET"}}); err != nil {
		t.Errorf("with everything there: %v", err)
	}
}

func TestMissingVariablesComeWithWhereToSetThem(t *testing.T) {
	t.Parallel()
	for want, sources := range map[string][]string{
		"required environment: not set: A (there is no source to set it in)":                 nil,
		"required environment: not set: A (set it in the environment Berth is started with)": {environ.Process{}.Name()},
		"required environment: not set: A (set it in .env)":                                  {environ.File{Path: ".env"}.Name()},
		"required environment: not set: A (set it in one of: process, .env)":                 {"process", ".env"},
	} {
		err := &environ.MissingError{Names: []string{"A"}, Sources: sources}
		if got := err.Error(); got != want {
			t.Errorf("with the sources %q: %q, want %q", sources, got, want)
		}
	}
}

func TestSourcesThatFailFailTheWhole(t *testing.T) {
	t.Parallel()
	absent := filepath.Join(t.TempDir(), "absent")
	if _, err := environ.Resolve(t.Context(), []environ.Source{environ.File{Path: absent, Optional: true}}, environ.Options{}); err != nil {
		t.Errorf("an optional file that is absent: %v", err)
	}
	big := file(t, "A="+strings.Repeat("x", environ.MaxFileSize))
	set, err := environ.Resolve(t.Context(), []environ.Source{
		environ.File{Path: absent},
		environ.File{Path: t.TempDir(), Optional: true},
		environ.File{Path: big},
		environ.File{Path: file(t, "A=canary b\n"), Optional: true},
		environ.Inline{Values: map[string]string{"MY-KEY": "v", "N": "canary\x00"}},
	}, environ.Options{Require: []string{"ANY"}})
	if set != nil || err == nil {
		t.Fatalf("Resolve() = %v, %v; want an error only", set, err)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v does not tell of the absent file", err)
	}
	if _, ok := errors.AsType[diagnostic.List](err); !ok {
		t.Errorf("%v does not hold the problems of the file", err)
	}
	text := err.Error()
	for _, want := range []string{"is a directory", "larger than", ":1:9: blank in a value", `"MY-KEY" is not a variable name`, "value of N holds a NUL"} {
		if !strings.Contains(text, want) {
			t.Errorf("error %q does not say %q", text, want)
		}
	}
	if strings.Contains(text, "canary") || strings.Contains(text, "ANY") {
		t.Errorf("error %q shows a value, or what follows from the rest", text)
	}
}

func TestCancelledContextLoadsNothing(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, s := range []environ.Source{environ.File{Path: file(t, "A=1")}, environ.Process{}, environ.Inline{}} {
		if _, err := s.Load(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: Load() = %v, want the context's error", s.Name(), err)
		}
	}
}

func TestReadableFileGetsANote(t *testing.T) {
	t.Parallel()
	path := file(t, "A=1")
	if notes := (environ.File{Path: path}).Notes(); len(notes) != 0 {
		t.Errorf("private file: %q", notes)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if notes := (environ.File{Path: path}).Notes(); len(notes) != 1 || !strings.Contains(notes[0], "chmod 600") {
		t.Errorf("readable file: %q", notes)
	}
}

// TestValuesDoNotPrint prints everything of the package that holds values, in
// every way the standard library has, bare and within a struct.
func TestValuesDoNotPrint(t *testing.T) {
	t.Parallel()
	const canary = "canary-5ecret"
	variable := environ.Variable{Name: "A", Value: secret.New(canary)}
	set := environ.NewSet(variable)
	entries, _ := environ.ParseDotenv(".env", []byte("A="+canary+"\n"))
	for _, v := range []any{
		set, *set, set.Variables(), variable, entries,
		environ.Process{Environ: []string{"A=" + canary}},
		environ.Inline{Values: map[string]string{"A": canary}},
		[]environ.Source{environ.Process{Environ: []string{"A=" + canary}}, environ.Inline{Values: map[string]string{"A": canary}}},
	} {
		var out bytes.Buffer
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			fmt.Fprintf(&out, verb+"\n", v)
			fmt.Fprintf(&out, verb+"\n", struct{ Held any }{v})
		}
		data, err := json.Marshal(struct{ Held any }{v})
		if err != nil {
			t.Fatal(err)
		}
		out.Write(data)
		slog.New(slog.NewTextHandler(&out, nil)).Info("m", "held", v)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("m", "held", v)
		if text := out.String(); strings.Contains(text, canary) || strings.Contains(text, fmt.Sprintf("%x", canary)) {
			t.Errorf("%T printed: %s", v, text)
		}
	}
}

func TestNilSetIsEmpty(t *testing.T) {
	t.Parallel()
	var set *environ.Set
	if _, ok := set.Lookup("A"); ok || set.Len() != 0 || set.Environ() != nil || set.Variables() != nil {
		t.Error("the nil set is not empty")
	}
}

func TestSensitive(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]string{
		"SECRET_KEY": "x", "DB_PASSWORD": "x", "github_token": "x", "API_KEY": "x", "SENTRY_DSN": "x", "AWS_CREDENTIALS": "x",
		"DB_PASS": "x", "DATABASE_URL": "sqlite:x", "KEY": "x", "ADMIN_PIN": "1234", "PASSPHRASE": "x",
		"BROKER": "amqp://user:pw@host/", "PLAIN": "https://token@host", "BROKEN": "pg://u:p%zz@h", "CERTIFICATE": "-----BEGIN X",
	} {
		if !environ.Sensitive(name, value) {
			t.Errorf("Sensitive(%s, %s) = false", name, value)
		}
	}
	for name, value := range map[string]string{
		"PORT": "80", "MONKEY": "x", "HOME": "/root", "MAIL": "me@example.com", "URL": "https://example.com/@me", "COMPASS": "n",
	} {
		if environ.Sensitive(name, value) {
			t.Errorf("Sensitive(%s, %s) = true", name, value)
		}
	}
}

func TestMaskShowsOnlyThePlainlyHarmless(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, value, want string }{
		{"DEBUG", "true", "true"},
		{"FEATURE", "off", "off"},
		{"PORT", "8080", "8080"},
		{"WEB_CONCURRENCY", "4", "4"},
		{"READ_TIMEOUT", "30s", "30s"},
		{"LOG_LEVEL", "debug", "debug"},
		{"AWS_REGION", "eu-central-1", "eu-central-1"},
		{"TZ", "Europe/Vienna", "Europe/Vienna"},
		{"EMPTY", "", "(empty)"},
		// Hidden: the value does not fit the name, or the name says nothing.
		{"PORT", "hunter2", "[1-7 bytes]"},
		{"PORT", "123456", "[1-7 bytes]"},
		{"LOG_LEVEL", "debug secret", "[8-31 bytes]"},
		{"NUMBER", "1234", "[1-7 bytes]"},
		{"PLAIN", "word", "[1-7 bytes]"},
		{"ADMIN_PASSWORD", "true", "[1-7 bytes]"},
		{"TOKEN_TTL", "300", "[1-7 bytes]"},
		{"LONG", strings.Repeat("x", 32), "[32-127 bytes]"},
		{"LONG", strings.Repeat("x", 128), "[128-1023 bytes]"},
		{"LONG", strings.Repeat("x", 5000), "[1024 bytes or more]"},
	} {
		if got := environ.Mask(environ.Variable{Name: c.name, Value: secret.New(c.value)}); got != c.want {
			t.Errorf("Mask(%s=%s) = %s, want %s", c.name, c.value, got, c.want)
		}
	}
	v := environ.Variable{Name: "PORT", Value: secret.New("8080"), Sensitive: true}
	if got := environ.Mask(v); got != "[1-7 bytes]" {
		t.Errorf("Mask of a variable marked sensitive = %s", got)
	}
}
