package secret_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"text/template"

	"github.com/berth-project/berth/secret"
)

const canary = "canary-5ecret"

func TestStringNeverPrints(t *testing.T) {
	t.Parallel()
	s := secret.New(canary)
	holder := struct {
		Name  string
		Value secret.String
		Ptr   *secret.String
		inner secret.String // fmt calls no methods on it
	}{"db", s, &s, s}

	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%10s", "%T %v"} {
		fmt.Fprintf(&out, verb+"\n", s)
		fmt.Fprintf(&out, verb+"\n", holder)
		fmt.Fprintf(&out, verb+"\n", &holder)
	}
	fmt.Fprintln(&out, fmt.Errorf("connect with %s: %w", s, errors.New("refused")))
	if err := json.NewEncoder(&out).Encode(holder); err != nil {
		t.Fatal(err)
	}
	slog.New(slog.NewTextHandler(&out, nil)).Info("m", "secret", s, "holder", holder)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("m", "secret", s, "holder", holder)
	if err := template.Must(template.New("").Parse("{{.Value}} {{.}}")).Execute(&out, holder); err != nil {
		t.Fatal(err)
	}
	hexed := fmt.Sprintf("%x", canary)
	if text := out.String(); strings.Contains(text, canary) || strings.Contains(strings.ToLower(text), hexed) {
		t.Errorf("secret printed:\n%s", text)
	}
}

func TestRevealRoundTripsThroughText(t *testing.T) {
	t.Parallel()
	var s secret.String
	if !s.IsZero() || s.String() != "" {
		t.Errorf("zero value: IsZero() = %v, String() = %q", s.IsZero(), s.String())
	}
	if err := json.Unmarshal([]byte(`"`+canary+`"`), &s); err != nil {
		t.Fatal(err)
	}
	if got := s.Reveal(); got != canary {
		t.Errorf("Reveal() = %q, want %q", got, canary)
	}
}

func TestEqual(t *testing.T) {
	t.Parallel()
	if !secret.New("a").Equal(secret.New("a")) || secret.New("a").Equal(secret.New("b")) || secret.New("a").Equal(secret.New("ab")) {
		t.Error("Equal disagrees with ==")
	}
}
