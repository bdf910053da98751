package workflow_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/internal/diagnostic"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/input"
)

// graph is a random set of steps and what each waits for.
func graph(rnd *rand.Rand) (text string, edges [][]int) {
	n := 1 + rnd.IntN(8)
	edges = make([][]int, n)
	var steps []string
	for i := range n {
		var needs, refs []string
		when := "true"
		for range rnd.IntN(3) {
			other := rnd.IntN(n)
			edges[i] = append(edges[i], other)
			switch rnd.IntN(3) {
			case 0:
				needs = append(needs, fmt.Sprintf("%q", name(other)))
			case 1:
				refs = append(refs, fmt.Sprintf(`"${steps.%s.output ?? 1}"`, name(other)))
			default:
				when += fmt.Sprintf(" && steps.%s.attempts > 0", name(other))
			}
		}
		steps = append(steps, fmt.Sprintf(`{"name": %q, "run": "x", "needs": [%s], "with": [%s], "when": %q}`,
			name(i), strings.Join(needs, ","), strings.Join(refs, ","), when))
	}
	return `{"name": "w", "steps": [` + strings.Join(steps, ",\n") + `]}`, edges
}

func name(i int) string { return "s" + string(rune('a'+i)) }

// cyclic is the naive answer: a step is reached from itself.
func cyclic(edges [][]int) bool {
	n := len(edges)
	reach := make([][]bool, n)
	for i := range reach {
		reach[i] = make([]bool, n)
		for _, j := range edges[i] {
			reach[i][j] = true
		}
	}
	for k := range n {
		for i := range n {
			for j := range n {
				reach[i][j] = reach[i][j] || reach[i][k] && reach[k][j]
			}
		}
	}
	for i := range n {
		if reach[i][i] {
			return true
		}
	}
	return false
}

func TestCyclesAgreeWithANaiveSearch(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(1, 2))
	found := 0
	for range 500 {
		text, edges := graph(rnd)
		p, err := workflow.Load("w.json", []byte(text))
		want := cyclic(edges)
		if want {
			found++
		}
		list, _ := errors.AsType[diagnostic.List](err)
		told := slices.ContainsFunc(list, func(p *diagnostic.Problem) bool { return p.Code == "B1212" })
		if told != want || (err != nil) != want {
			t.Fatalf("Load(%s) = %v, want a cycle: %v", text, err, want)
		}
		if err != nil {
			continue
		}
		for i, want := range edges {
			slices.Sort(want)
			if got := p.Node(i).Needs; !slices.Equal(got, slices.Compact(want)) {
				t.Fatalf("needs of %d in %s = %v, want %v", i, text, got, want)
			}
		}
	}
	if found < 50 || found > 450 {
		t.Errorf("%d of 500 graphs had a cycle: they show too little", found)
	}
}

func TestHandlersAndCycles(t *testing.T) {
	t.Parallel()
	for steps, want := range map[string]string{
		// b waits for h when a failed; h, once called, waits for nobody.
		`{"name": "a", "run": "x", "on-error": {"run": "h"}}, {"name": "b", "run": "x", "needs": ["a"], "on-error": {"run": "h"}}, {"name": "h", "run": "x"}`: "",
		`{"name": "a", "run": "x", "on-error": {"run": "h"}}, {"name": "b", "run": "x", "needs": ["a"]}, {"name": "h", "run": "x", "needs": ["b"]}`:           "b waits for the handler h, h needs b",
		`{"name": "a", "run": "x", "on-error": {"run": "h"}, "needs": ["h"]}, {"name": "h", "run": "x"}`:                                                      "a needs h, h handles the failure of a",
		`{"name": "a", "run": "x", "on-error": {"run": "h"}}, {"name": "h", "run": "x", "on-error": {"run": "a"}}`:                                            "a handles the failure of h, h handles the failure of a",
		`{"name": "a", "run": "x", "on-error": {"run": "h"}}, {"name": "h", "run": "x", "on-error": {"run": "i"}}, {"name": "i", "run": "x"}`:                 "",
	} {
		_, err := workflow.Load("w.json", []byte(`{"name": "w", "steps": [`+steps+`]}`))
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("Load(%s) = %v, want %q", steps, err, want)
		}
	}
}

func TestCanonicalReadsAsTheSame(t *testing.T) {
	t.Parallel()
	for _, file := range corpus(t, "good") {
		p := load(t, string(read(t, file)))
		again := load(t, string(p.Canonical()))
		if diff := cmp.Diff(string(p.Canonical()), string(again.Canonical())); diff != "" || p.Hash() != again.Hash() {
			t.Errorf("canonical text of %s changes when it is read (-first +second):\n%s", file, diff)
		}
		var shuffled any
		if err := json.Unmarshal(read(t, file), &shuffled); err != nil {
			t.Fatal(err)
		}
		text, err := json.MarshalIndent(shuffled, "", "\t") // sorts the keys
		if err != nil {
			t.Fatal(err)
		}
		if other := load(t, string(text)); other.Hash() != p.Hash() {
			t.Errorf("%s hashes differently with its keys in another order:\n%s\n%s", file, p.Canonical(), other.Canonical())
		}
	}
}

// mutate changes a value of a document at random.
func mutate(rnd *rand.Rand, v any) any {
	others := []any{
		nil, true, 0.0, -1.0, 1.5, 7.0, 1e12, "", "x", "-x", "a b", "1m30s", "12 parsecs", "continue", strings.Repeat("x", 300),
		[]any{},
		[]any{"x"},
		[]any{1.0},
		map[string]any{},
		map[string]any{"run": "x"},
		map[string]any{"max": 1.0},
		map[string]any{"in": []any{}},
		map[string]any{"unknown": 1.0},
	}
	switch v := v.(type) {
	case map[string]any:
		keys := slices.Sorted(func(yield func(string) bool) {
			for k := range v {
				if !yield(k) {
					return
				}
			}
		})
		switch key := keys[rnd.IntN(len(keys))]; rnd.IntN(8) {
		case 0:
			delete(v, key)
		case 1:
			v["title2"] = 1.0
		case 2:
			v[[]string{"retry", "timeout", "needs", "generate", "on-error", "labels", "for-each", "priority"}[rnd.IntN(8)]] = others[rnd.IntN(len(others))]
		default:
			v[key] = change(rnd, v[key], others)
		}
	case []any:
		if len(v) > 0 {
			i := rnd.IntN(len(v))
			v[i] = change(rnd, v[i], others)
		}
	}
	return v
}

// change replaces a value, or something within it.
func change(rnd *rand.Rand, v any, others []any) any {
	switch inner := v.(type) {
	case map[string]any:
		if len(inner) > 0 && rnd.IntN(6) > 0 {
			return mutate(rnd, inner)
		}
	case []any:
		if len(inner) > 0 && rnd.IntN(6) > 0 {
			return mutate(rnd, inner)
		}
	}
	return others[rnd.IntN(len(others))]
}

func TestSchemaAgreesWithTheParser(t *testing.T) {
	t.Parallel()
	schema, err := input.Compile(workflow.Schema())
	if err != nil {
		t.Fatal(err)
	}
	text := read(t, "testdata/good/publish.json")
	if err := schema.Check(text); err != nil {
		t.Fatalf("the schema refuses publish.json: %v", err)
	}
	shape := []string{"B1202", "B1204", "B1205", "B1206", "B1207"}
	rnd := rand.New(rand.NewPCG(3, 4))
	good, bad := 0, 0
	for range 1500 {
		var v any
		if err := json.Unmarshal(text, &v); err != nil {
			t.Fatal(err)
		}
		mutated, err := json.Marshal(mutate(rnd, v))
		if err != nil {
			t.Fatal(err)
		}
		refused := schema.Check(mutated)
		_, err = workflow.Parse("w.json", mutated)
		list, _ := errors.AsType[diagnostic.List](err)
		found := slices.ContainsFunc(list, func(p *diagnostic.Problem) bool { return slices.Contains(shape, p.Code) })
		switch {
		case err == nil && refused != nil:
			t.Fatalf("Parse() accepts what the schema refuses: %v\n%s", refused, mutated)
		case found && refused == nil:
			t.Fatalf("the schema accepts what Parse() refuses: %v\n%s", err, mutated)
		case refused == nil:
			good++
		default:
			bad++
		}
	}
	if good < 200 || bad < 200 {
		t.Errorf("%d documents were accepted and %d refused: they show too little", good, bad)
	}
}

func FuzzParse(f *testing.F) {
	for _, kind := range []string{"good", "bad"} {
		for _, file := range corpus(f, kind) {
			f.Add(read(f, file))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := workflow.Load("w.json", data)
		if err != nil {
			checkProblems(t, data, err)
			return
		}
		again, err := workflow.Load("w.json", p.Canonical())
		if err != nil {
			t.Fatalf("canonical text %s: %v", p.Canonical(), err)
		}
		if !bytes.Equal(p.Canonical(), again.Canonical()) {
			t.Fatalf("canonical text %s becomes %s", p.Canonical(), again.Canonical())
		}
		if problems := p.Document().Check(); len(problems) > 0 {
			t.Fatalf("Check() of a document that was read: %v", problems)
		}
		for i := range p.Len() {
			_, _ = p.Payload(i, &workflow.Scope{Params: json.RawMessage(`{"a": 1}`), Steps: facts{}})
			_, _ = p.When(i, &workflow.Scope{Params: json.RawMessage(`{"a": 1}`), Steps: facts{}})
		}
		if _, _, err := p.ResetClosure([]string{p.Node(0).Step.Name}); err != nil {
			t.Fatal(err)
		}
	})
}

func checkProblems(t *testing.T, data []byte, err error) {
	t.Helper()
	list, ok := errors.AsType[diagnostic.List](err)
	if !ok || len(list) == 0 || len(list) > workflow.MaxProblems {
		t.Fatalf("Load() = %v, want a diagnostic.List of 1 to %d", err, workflow.MaxProblems)
	}
	for _, p := range list {
		if p.Line < 1 || p.Column < 1 || p.Line > bytes.Count(data, []byte("\n"))+bytes.Count(data, []byte("\r"))+1 {
			t.Fatalf("%v is outside of the text", p)
		}
	}
}

func FuzzReference(f *testing.F) {
	for _, s := range []string{
		"${params.a}", "x ${params.a[0].b ?? \"}\"} y", "$${x}", "$$${params.a}", "${params#/a~1b ?? [1,2]}", `${params["a\"b"]}`, "${", "${params", "${steps.s.output}", "$", "${index}",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if !utf8.ValidString(s) {
			return
		}
		text, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		doc := `{"name": "w", "steps": [{"name": "a", "run": "x", "with": ` + string(text) + `}]}`
		p, err := workflow.Load("w.json", []byte(doc))
		if err != nil {
			checkProblems(t, []byte(doc), err)
			return
		}
		out, err := p.Payload(0, &workflow.Scope{Params: json.RawMessage(`{"a": [{"b": "c"}], "": {"a/b": null}}`)})
		if err == nil && !json.Valid(out) {
			t.Fatalf("Payload(%s) = %s, which is not JSON", text, out)
		}
		if err == nil && !strings.Contains(s, "${") {
			var back string
			if err := json.Unmarshal(out, &back); err != nil || back != s {
				t.Fatalf("Payload(%s) = %s: text without references changed", text, out)
			}
		}
	})
}

func FuzzPayload(f *testing.F) {
	f.Add(`{"a": "${params.x}"}`, `{"x": [1, "y"]}`)
	f.Add(`["x ${params.x.y[0]} ${params.z ?? 1}"]`, `{"x": {"y": ["\u00e9"]}}`)
	f.Add(`"${params#/x/0}"`, `{"x": [`)
	f.Fuzz(func(t *testing.T, with, params string) {
		p, err := workflow.Load("w.json", []byte(`{"name": "w", "steps": [{"name": "a", "run": "x", "with": `+with+`}]}`))
		if err != nil {
			return
		}
		out, err := p.Payload(0, &workflow.Scope{Params: json.RawMessage(params)})
		if err == nil && json.Valid([]byte(params)) && !json.Valid(out) {
			t.Fatalf("Payload(%s) with %s = %s, which is not JSON", with, params, out)
		}
	})
}
