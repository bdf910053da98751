package token_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/compat/pop/token"
)

// derived is the part of derived-cases.json about tokens.
type derived struct {
	Tokens struct {
		Values map[string]json.RawMessage `json:"values"`
		Cases  []tokenCase                `json:"cases"`
	} `json:"token_string_cases"`
}

type tokenCase struct {
	In      string          `json:"in"`
	Out     json.RawMessage `json:"out"`
	Missing []string        `json:"missing"`
	Invalid []string        `json:"invalid"`
	Quirk   bool            `json:"quirk"`
	Better  json.RawMessage `json:"better"`
}

// better returns what the case expects of a reading without defects.
func (c tokenCase) better(t *testing.T) tokenCase {
	t.Helper()
	if !c.Quirk {
		return c
	}
	b := tokenCase{In: c.In}
	if !bytes.HasPrefix(c.Better, []byte("{")) {
		b.Out = c.Better
		return b
	}
	if err := json.Unmarshal(c.Better, &b); err != nil {
		t.Fatal(err)
	}
	return b
}

func data(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func decode[T any](t *testing.T, text []byte) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return v
}

func context(t *testing.T, values map[string]json.RawMessage) *token.Context {
	t.Helper()
	ctx, err := token.NewContext(values)
	if err != nil {
		t.Fatal(err)
	}
	return ctx
}

func resolve(t *testing.T, m token.Mode, text []byte, ctx *token.Context) token.Result {
	t.Helper()
	r, err := m.Resolve(text, ctx)
	if err != nil {
		t.Fatalf("Resolve(%s): %v", text, err)
	}
	return r
}

// sameJSON compares values, not spelling.
func sameJSON(t *testing.T, what string, got, want []byte) {
	t.Helper()
	if d := cmp.Diff(decode[any](t, want), decode[any](t, got)); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

func TestAcceptance1TokenCases(t *testing.T) {
	t.Parallel()
	d := decode[derived](t, data(t, "derived-cases.json"))
	if len(d.Tokens.Cases) < 20 {
		t.Fatalf("read %d cases, want at least 20", len(d.Tokens.Cases))
	}
	ctx := context(t, d.Tokens.Values)
	check := func(m token.Mode, want tokenCase) {
		in, err := json.Marshal([]string{want.In})
		if err != nil {
			t.Fatal(err)
		}
		r := resolve(t, m, in, ctx)
		sameJSON(t, want.In, r.Value, append(append([]byte("["), want.Out...), ']'))
		if d := cmp.Diff(want.Missing, r.Missing, emptyIsNil); d != "" {
			t.Errorf("missing of %q, mode %d (-want +got):\n%s", want.In, m, d)
		}
		if d := cmp.Diff(want.Invalid, r.Invalid, emptyIsNil); d != "" {
			t.Errorf("invalid of %q, mode %d (-want +got):\n%s", want.In, m, d)
		}
	}
	for _, c := range d.Tokens.Cases {
		check(token.Quirks, c)
		check(token.Native, c.better(t))
	}
}

var emptyIsNil = cmp.Transformer("empty", func(s []string) []string { return append([]string(nil), s...) })

func TestReferenceFiles(t *testing.T) {
	t.Parallel()
	values := decode[map[string]json.RawMessage](t, data(t, "references-basic.params.json"))
	values["agendaId"] = json.RawMessage(`"456-789"`)
	bundle := decode[struct {
		Context         map[string]json.RawMessage
		Input, Expected json.RawMessage
	}](t, data(t, "references-context.bundle.json"))
	for _, m := range []token.Mode{token.Native, token.Quirks} {
		r := resolve(t, m, data(t, "references-basic.input.json"), context(t, values))
		sameJSON(t, "references-basic", r.Value, data(t, "references-basic.expected.json"))
		if r.Missing != nil || r.Invalid != nil {
			t.Errorf("references-basic: missing %q, invalid %q", r.Missing, r.Invalid)
		}
		r = resolve(t, m, bundle.Input, context(t, bundle.Context))
		sameJSON(t, "references-context", r.Value, bundle.Expected)
	}
}

func TestLegacyTokensStay(t *testing.T) {
	t.Parallel()
	text := data(t, "agenda-chain-legacy-dollar-tokens.json")
	ctx := context(t, map[string]json.RawMessage{"sample.1.out": json.RawMessage(`1`)})
	if r := resolve(t, token.Native, text, ctx); !bytes.Equal(r.Value, text) {
		t.Errorf("a text with $$$ tokens was changed:\n%s", r.Value)
	}
}
