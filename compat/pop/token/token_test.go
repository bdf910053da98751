package token_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/compat/pop/token"
)

func values(pairs ...string) map[string]json.RawMessage {
	m := map[string]json.RawMessage{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = json.RawMessage(pairs[i+1])
	}
	return m
}

func TestResolveNative(t *testing.T) {
	t.Parallel()
	ctx := context(t, values(
		"a.out", `{"k": [10, {"x/y": "slash", "x~y": "tilde"}], "": "empty", "01": "one", "n": null, "t": true, "d": 1, "d": 2}`,
		"s", `"@<a.out::/n>"`,
		"q", `"say \"<b>\"\n"`,
		"big", `12345678901234567890.10`,
	))
	for _, c := range []struct{ in, want string }{
		{`["@<a.out::k/0>"]`, `[10]`},
		{`["@<a.out::/k/1/x~1y>-@<a.out::/k/1/x~0y>"]`, `["slash-tilde"]`},
		{`["@<a.out::/k/00?no>", "@<a.out::/k/+0?no>", "@<a.out::/k/-?no>", "@<a.out::/k/2?no>"]`, `["no","no","no","no"]`},
		{`["@<a.out::/01>"]`, `["one"]`},
		{`["@<a.out::/n>", "x@<a.out::/n>"]`, `[null, "xnull"]`},
		{`["@<a.out::/d>"]`, `[2]`},
		{`["@<s>"]`, `["@<a.out::/n>"]`},
		{`["<@<s>>"]`, `["<@<a.out::/n>>"]`},
		{`["@<q>!"]`, `["say \"<b>\"\n!"]`},
		{`["@<big>", "@<big>."]`, `[12345678901234567890.10, "12345678901234567890.10."]`},
		{`["@<a.out::/gone?a?b::c>"]`, `["a?b::c"]`},
		{`["@<a.out::?x>"]`, `[{"k": [10, {"x/y": "slash", "x~y": "tilde"}], "": "empty", "01": "one", "n": null, "t": true, "d": 1, "d": 2}]`},
		{`["@<>", "@<", "@<a.out", "@ <s>", "@<no\nname>@<big>"]`, `["@<>", "@<", "@<a.out", "@ <s>", "@<no\nname>12345678901234567890.10"]`},
		{`{"@<big>": "@<big>"}`, `{"@<big>": 12345678901234567890.10}`},
		{`"@<big>"`, `12345678901234567890.10`},
		{`"@<a.out::/t>"`, `true`},
	} {
		r := resolve(t, token.Native, []byte(c.in), ctx)
		if string(r.Value) != c.want {
			sameJSON(t, c.in, r.Value, []byte(c.want))
		}
		if r.Invalid != nil {
			t.Errorf("Resolve(%s).Invalid = %q", c.in, r.Invalid)
		}
	}
}

func TestQuirks(t *testing.T) {
	t.Parallel()
	ctx := context(t, values("a", `{"x": "path", "b": false}`))
	for _, c := range []struct{ in, native, quirks string }{
		{"@<a::/b>", `false`, `"@<a::/b>"`},
		{"@<a::?x>", `{"x": "path", "b": false}`, `"path"`},
		{"@<a::/no?1>@<a::/no?2>", `"12"`, `"1>@<a::/no?2"`},
		{"@<a::/x>\n@<a::/x>", `"path\npath"`, `"path\npath"`},
		{"@<a::>", `{"x": "path", "b": false}`, `"@<a::>"`},
	} {
		in, err := json.Marshal(c.in)
		if err != nil {
			t.Fatal(err)
		}
		sameJSON(t, "Native of "+c.in, resolve(t, token.Native, in, ctx).Value, []byte(c.native))
		sameJSON(t, "Quirks of "+c.in, resolve(t, token.Quirks, in, ctx).Value, []byte(c.quirks))
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	got := token.Native.Find("é@<a.b.out::/x?y?z> and @<::odd::p>")
	want := []token.Token{
		{Text: "@<a.b.out::/x?y?z>", Start: 2, Name: "a.b.out", Pointer: "/x", Fallback: "y?z", HasFallback: true},
		{Text: "@<::odd::p>", Start: 25, Name: "::odd", Pointer: "p"},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("Find (-want +got):\n%s", d)
	}
}

func TestReferences(t *testing.T) {
	t.Parallel()
	names := func(m token.Mode, text string) []string {
		found, err := m.References(json.RawMessage(text))
		if err != nil {
			t.Fatal(err)
		}
		var s []string
		for _, f := range found {
			s = append(s, f.Name)
		}
		return s
	}
	text := `{"@<not.out>": ["@<a.out>/@<b.out>", {"c": "x@<c.out::/d?e>", "n": 1}]}`
	if d := cmp.Diff([]string{"a.out", "b.out", "c.out"}, names(token.Native, text)); d != "" {
		t.Errorf("native (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{"a.out>/@<b.out", "a.out", "b.out", "c.out"}, names(token.Quirks, text)); d != "" {
		t.Errorf("quirks (-want +got):\n%s", d)
	}
	if _, err := token.Native.References(json.RawMessage(`{`)); err == nil {
		t.Error("References of a broken text: no error")
	}
}

func TestWhatIsNoJSONIsAnError(t *testing.T) {
	t.Parallel()
	if _, err := token.NewContext(values("name", `{`)); err == nil || !strings.Contains(err.Error(), `"name"`) {
		t.Errorf("NewContext: %v, want an error that names the value", err)
	}
	if _, err := token.Native.Resolve(json.RawMessage(`[`), nil); err == nil {
		t.Error("Resolve of a broken text: no error")
	}
}

func TestResultsAreBounded(t *testing.T) {
	t.Parallel()
	large := `"` + strings.Repeat("x", 1<<20) + `"`
	ctx := context(t, values("v", large))
	many := strings.Repeat(`"@<v>",`, 17)
	for _, text := range []string{
		`[` + strings.TrimSuffix(many, ",") + `]`,
		`"` + strings.Repeat("@<v>", 17) + `"`,
	} {
		if _, err := token.Native.Resolve(json.RawMessage(text), ctx); !errors.Is(err, token.ErrTooLarge) {
			t.Errorf("Resolve of a text that grows past the limit: %v, want ErrTooLarge", err)
		}
	}
	var b strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&b, "@<n%d>", i)
	}
	if r := resolve(t, token.Native, []byte(`"`+b.String()+`"`), nil); len(r.Missing) != token.MaxComplaints {
		t.Errorf("told of %d missing names, want %d", len(r.Missing), token.MaxComplaints)
	}
}

func FuzzResolve(f *testing.F) {
	f.Add(`["@<a>", "x@<a::/b?c>y@<d>", {"k": "@<a::/b/0>"}]`, `{"b": [true, null]}`)
	f.Add(`"@<a>/@<a>"`, `"@<a>"`)
	f.Add(`"@<a::?x>@<>@<::>"`, `1e400`)
	f.Fuzz(func(t *testing.T, text, value string) {
		ctx := &token.Context{}
		if err := ctx.Set("a", json.RawMessage(value)); err != nil {
			return
		}
		for _, m := range []token.Mode{token.Native, token.Quirks} {
			r, err := m.Resolve(json.RawMessage(text), ctx)
			if err != nil {
				continue
			}
			if !json.Valid(r.Value) {
				t.Errorf("Resolve(%q) with %q = %q, which is no JSON", text, value, r.Value)
			}
			refs, err := m.References(json.RawMessage(text))
			if err != nil {
				t.Errorf("References(%q): %v, though Resolve could read it", text, err)
			}
			if len(refs) == 0 && string(r.Value) != text {
				t.Errorf("Resolve(%q) = %q, though there is no token in it", text, r.Value)
			}
		}
	})
}

func ExampleMode_Resolve() {
	ctx, err := token.NewContext(map[string]json.RawMessage{
		"probe.out": json.RawMessage(`{"streams": [{"width": 720}]}`),
	})
	if err != nil {
		panic(err)
	}
	r, err := token.Native.Resolve(json.RawMessage(
		`{"width": "@<probe.out::/streams/0/width>", "name": "@<probe.out::/title?untitled>-@<thumb.out>"}`), ctx)
	if err != nil {
		panic(err)
	}
	fmt.Println(string(r.Value))
	fmt.Println(r.Missing)
	// Output:
	// {"width": 720, "name": "untitled-@<thumb.out>"}
	// [@<thumb.out>]
}
