package expression_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/berth-project/berth/workflow/expression"
)

func TestCompileRefuses(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		kind       expression.Kind
		text, want string
	}{
		{expression.When, "", "1:1: expression is empty"},
		{expression.When, " \n ", "expression is empty"},
		{expression.When, strings.Repeat("1", 5000), "longer than 4096"},
		{expression.When, strings.Repeat("(", 200) + "true" + strings.Repeat(")", 200), ""},
		{expression.When, "1 +", "1:4: expression ends too early"},
		{expression.When, "true &&\n  nope", "2:3: undeclared reference to 'nope' (variables are params, run, steps"},
		{expression.When, "'é' == 'é' && nope", "1:15: undeclared"},
		{expression.When, "size(params)", "yields int, not a bool"},
		{expression.When, "input == 1", "undeclared reference to 'input'"},
		{expression.When, "steps == {}", "steps without the name of one"},
		{expression.When, "steps['a' + 'b'].output", "steps without the name of one"},
		{expression.When, "steps.a == {}", "steps.a without what of it"},
		{expression.When, "has(steps.a)", "steps.a without what of it"},
		{expression.When, "steps.a.exit == 1", "a step has no exit (it has output, status, error, attempts)"},
		{expression.When, "steps.a[?'exit'] == optional.of(1)", "a step has no exit"},
		{expression.When, "run.tenat == ''", "run has no tenat"},
		{expression.When, "run[params.x] == ''", ""},
		{expression.When, "[1].all(run, run > 0)", "run is a variable of its own"},
		{expression.When, "params.x.matches('(')", "error parsing regexp"},
		{expression.Match, "run.id == ''", "run has no id"},
		{expression.Match, "item == 1", "undeclared reference to 'item'"},
		{expression.Match, "steps.a.output == 1", "type"},
		{expression.Transform, "steps", "undeclared reference to 'steps'"},
		{expression.Kind(9), "true", "no kind"},
	} {
		_, err := expression.Compile(tc.kind, tc.text)
		if err == nil && tc.want != "" || err != nil && !strings.Contains(err.Error(), tc.want) {
			t.Errorf("Compile(%d, %.60q) = %v, want %q", tc.kind, tc.text, err, tc.want)
		}
	}
}

func TestCompileFindsWhatItRefersTo(t *testing.T) {
	t.Parallel()
	text := "steps.a.output.x && é == 1"
	if _, err := expression.Compile(expression.When, text); err == nil {
		t.Errorf("Compile(%q) succeeds", text)
	}
	text = `'é' != '' && steps.b.?output.x.hasValue() && steps["c.d"].error == null && steps[?'e'].?status.orValue('') == '' && steps.b.attempts > 0 && has(steps.f.output.x) && item[0]`
	p, err := expression.Compile(expression.When, text)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range p.Steps() {
		got = append(got, fmt.Sprintf("%s@%s", s.Name, text[s.Offset:s.Offset+5]))
	}
	if want := []string{"b@steps", "c.d@steps", "e@steps", "f@steps"}; !slices.Equal(got, want) {
		t.Errorf("Steps() = %v, want %v", got, want)
	}
	for name, want := range map[string]bool{"steps": true, "item": true, "index": false, "params": false} {
		if got := p.Uses(name); got != want {
			t.Errorf("Uses(%s) = %v, want %v", name, got, want)
		}
	}
	if p.String() != text {
		t.Errorf("String() = %q", p.String())
	}
}

func TestMatch(t *testing.T) {
	t.Parallel()
	v := vars{
		"run":    map[string]any{"workflow": "publish", "version": int64(2), "tenant": "acme", "labels": map[string]string{"size": "large"}, "priority": int64(3)},
		"params": json.RawMessage(`{"n": 5}`),
		"steps":  []any{map[string]string{"name": "a", "type": "shell"}, map[string]string{"name": "b", "type": "http"}},
	}
	for text, want := range map[string]bool{
		`run.tenant == "acme" && run.priority <= 3`:       true,
		`run.labels[?"size"].orValue("") == "large"`:      true,
		`"size" in run.labels && !("team" in run.labels)`: true,
		`steps.exists(s, s.type == "shell")`:              true,
		`steps.all(s, s.type in ["http", "noop"])`:        false,
		`params.n > 7`: false,
		`run.workflow.startsWith("pub") && run.version > 1`: true,
	} {
		p, err := expression.Compile(expression.Match, text)
		if err != nil {
			t.Errorf("Compile(%q) = %v", text, err)
			continue
		}
		if got, err := p.Bool(v); err != nil || got != want {
			t.Errorf("Bool(%q) = %v, %v, want %v", text, got, err, want)
		}
	}
}

func TestTransform(t *testing.T) {
	t.Parallel()
	const in = `{"list": [3, 1, 2.5], "text": "a<b>\"\u2028", "big": 12345678901234567890, "o": {"z": null, "a": true}}`
	for text, want := range map[string]string{
		`input`:                              `{"big":12345678901234567000,"list":[3,1,2.5],"o":{"a":true,"z":null},"text":"a<b>\"\u2028"}`,
		`input.list.map(x, x * 2.0)`:         "no such overload",
		`input.list.map(x, double(x) * 2.0)`: `[6,2,5]`,
		`{"n": size(input.list), "a": [null, "x"], "d": duration("90s"), "b": b"hi", "u": 3u}`: `{"a":[null,"x"],"b":"aGk=","d":"1m30s","n":3,"u":3}`,
		`timestamp("2024-01-01T00:00:00Z")`:                                                    `"2024-01-01T00:00:00Z"`,
		`input.?none`:                                                                          `null`,
		`input.?o.a`:                                                                           `true`,
		`{1: 2}`:                                                                               "the keys of JSON are texts",
		`1.0 / 0.0`:                                                                            "no number JSON can hold",
		`type(1)`:                                                                              "is no JSON",
		`1 / 0`:                                                                                "division by zero",
		`input.none`:                                                                           "no such key: none",
		`params.x`:                                                                             "params is not there",
		`true || params.x`:                                                                     `true`,
		`[{"a": [1].map(x, {"b": x})}]`:                                                        `[{"a":[{"b":1}]}]`,
	} {
		p, err := expression.Compile(expression.Transform, text)
		if err != nil {
			t.Errorf("Compile(%q) = %v", text, err)
			continue
		}
		got, err := p.JSON(vars{"input": json.RawMessage(in)})
		if err != nil {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("JSON(%q) = %v, want %s", text, err, want)
			}
			continue
		}
		if string(got) != want || !json.Valid(got) {
			t.Errorf("JSON(%q) = %s, want %s", text, got, want)
		}
	}
}

func TestWhatAnExpressionYieldsIsBounded(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		strings.Repeat("[", 70) + "1" + strings.Repeat("]", 70):                           "nests deeper than 64",
		`["` + strings.Repeat("a", 3<<20) + `", "` + strings.Repeat("b", 2<<20) + `", 1]`: "larger than 4194304 bytes",
	} {
		p, err := expression.Compile(expression.Transform, `input`)
		if err != nil {
			t.Fatal(err)
		}
		if out, err := p.JSON(vars{"input": json.RawMessage(in)}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("JSON() of %.10s… = %d bytes, %v, want %s", in, len(out), err, want)
		}
	}
}

func TestVariablesThatAreNotJSONAreRefused(t *testing.T) {
	t.Parallel()
	p, err := expression.Compile(expression.Transform, `input.x`)
	if err != nil {
		t.Fatal(err)
	}
	for raw, want := range map[string]string{`{"x": `: "no such key", `[1`: "value is not JSON", `{"x": nul}`: "value is not JSON", `{"x": 1e999}`: "too large", ``: "no such"} {
		if got, err := p.JSON(vars{"input": json.RawMessage(raw)}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("JSON() of %q = %s, %v, want %q", raw, got, err, want)
		}
	}
}

func TestWorkIsBounded(t *testing.T) {
	t.Parallel()
	list := "[" + strings.TrimSuffix(strings.Repeat("1,", 1000), ",") + "]"
	doubled := ""
	for range 60 {
		doubled += ".map(x,[x,x])"
	}
	for _, text := range []string{
		`input.all(a, input.all(b, input.all(c, a + b + c > 0)))`,
		`input.map(a, input.map(b, [a, b]))`,
		`[input]` + doubled + ` == [input]` + doubled,
		`[1]` + doubled,
		`input.all(x, input.all(y, input == input))`,
		`input.map(x, "xxxxxxxxxxxxxxxx").join("").split("").map(c, "yyyyyyyyyyyyyyyy").join("").split("").map(c, "zzzzzzzzzzzz").join("")`,
	} {
		p, err := expression.Compile(expression.Transform, text)
		if err != nil {
			t.Fatal(err)
		}
		if out, err := p.JSON(vars{"input": json.RawMessage(list)}); err == nil || !strings.Contains(err.Error(), "too much work") {
			t.Errorf("JSON(%s) = %d bytes, %v, want too much work", text, len(out), err)
		}
	}
}

func FuzzCompile(f *testing.F) {
	for _, text := range []string{`steps.a.output.x > 1`, `params.?x.orValue(2) == 2`, `steps["a"].?status`, `[1].map(x, x)`, `{"a": input}`, `'é' + "\n"`, `has(steps.a.output)`} {
		f.Add(uint8(0), text, `{"x": [1, 2.5, "y"]}`)
		f.Add(uint8(2), text, `[1]`)
	}
	f.Fuzz(func(t *testing.T, kind uint8, text, data string) {
		p, err := expression.Compile(expression.Kind(kind%3), text)
		if err != nil {
			errs, ok := errors.AsType[expression.Errors](err)
			if !ok || len(errs) == 0 || errs[0].Offset < 0 || errs[0].Offset > len(text) {
				t.Fatalf("Compile(%q) = %v", text, err)
			}
			return
		}
		raw := json.RawMessage(data)
		v := vars{"params": raw, "input": raw, "item": raw, "index": int64(1), "run": map[string]any{"tenant": "x"}, "steps": map[string]any{"a": map[string]any{"output": raw}}}
		if out, err := p.JSON(v); err == nil && !json.Valid(out) {
			t.Fatalf("JSON(%q) = %s", text, out)
		}
		_, _ = p.Bool(v)
	})
}

func BenchmarkWhen(b *testing.B) {
	p, err := expression.Compile(expression.When, `steps.probe.output.width > 1920 && run.tenant != "x"`)
	if err != nil {
		b.Fatal(err)
	}
	v := vars{"run": map[string]any{"tenant": "acme"}, "steps": map[string]any{"probe": map[string]any{"output": json.RawMessage(`{"width": 3840, "height": 2160}`)}}}
	b.ReportAllocs()
	for b.Loop() {
		if yes, err := p.Bool(v); !yes || err != nil {
			b.Fatal(yes, err)
		}
	}
}

// BenchmarkFilter makes a list of as many items as a transform may.
func BenchmarkFilter(b *testing.B) {
	p, err := expression.Compile(expression.Transform, `input.filter(i, i != "")`)
	if err != nil {
		b.Fatal(err)
	}
	v := vars{"input": json.RawMessage("[" + strings.TrimSuffix(strings.Repeat(`"abc",`, 20_000), ",") + "]")}
	for b.Loop() {
		if _, err := p.JSON(v); err != nil {
			b.Fatal(err)
		}
	}
}
