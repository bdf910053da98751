package workflow_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/workflow"
)

func TestWhen(t *testing.T) {
	t.Parallel()
	run := &workflow.RunFacts{ID: 1, Tenant: "acme", Attempt: 2, Priority: 3, Labels: map[string]string{"env": "prod"}}
	for when, want := range map[string]string{
		`params.n == 3 && params.n < 3.5 && params.f == 1.5`:          "true",
		`params.list[1] == 2 && size(params.list) == 2`:               "true",
		`params.?missing.orValue('x') == 'x' && !has(params.missing)`: "true",
		`params.missing == 1`: "no such key: missing (test it with has()",
		`run.tenant == 'acme' && run.attempt == 2 && run.labels.env == "prod"`:   "true",
		`run.id == 'r0000000000001' && run.priority < 4`:                         "true",
		`steps.a.status == 'failed' && steps.a.error.code == 'exit.1'`:           "true",
		`steps.a.output == null && steps.a.attempts == 2`:                        "true",
		`steps["b.c"].output.ok`:                                                 "true",
		`steps["b.c"].output.files.exists(f, f.size > 10)`:                       "true",
		`steps["b.c"].?output.?nothing.hasValue()`:                               "false",
		`signal.go.by == 'ann'`:                                                  "true",
		`params.text`:                                                            "expression yields string, not a bool",
		`params.flag`:                                                            "true",
		`params.big == 123456789012345678`:                                       "true",
		`params.text.matches('^[a-z]+$') && params.text.upperAscii() == 'WORDS'`: "true",
		`params.long.all(x, params.long.all(y, params.long.all(z, x < 1000 && y < 1000 && z < 1000)))`: "too much work",
	} {
		text, err := json.Marshal(when)
		if err != nil {
			t.Fatal(err)
		}
		p := load(t, `{"name": "w", "steps": [{"name": "a", "run": "x"}, {"name": "b.c", "run": "x"}, {"name": "s", "run": "x", "when": `+string(text)+`}]}`)
		long := "[" + strings.TrimSuffix(strings.Repeat("1,", 200), ",") + "]"
		got, err := p.When(2, &workflow.Scope{
			Params: json.RawMessage(`{"n": 3, "f": 1.5, "list": [1, 2.0], "text": "words", "flag": true, "big": 123456789012345678, "long": ` + long + `}`),
			Run:    run,
			Steps: facts{
				0: {Status: "failed", Error: json.RawMessage(`{"code": "exit.1"}`), Attempts: 2},
				1: {Status: "succeeded", Output: json.RawMessage(`{"ok": true, "files": [{"size": 3}, {"size": 11}]}`), Attempts: 1},
			},
			Signal: json.RawMessage(`{"go": {"by": "ann"}}`),
		})
		if err != nil {
			bad, ok := errors.AsType[*workflow.EvalError](err)
			if !ok || bad.Code != workflow.CodeExpression || !strings.Contains(err.Error(), want) {
				t.Errorf("When(%s) = %v, want %s", when, err, want)
			}
			continue
		}
		if fmt.Sprint(got) != want {
			t.Errorf("When(%s) = %v, want %s", when, got, want)
		}
	}
}

func TestWhenOfItems(t *testing.T) {
	t.Parallel()
	p := load(t, `{"name": "w", "steps": [
		{"name": "each", "run": "x", "for-each": {"in": "${params.list}"}, "when": "item.n > 1 && index < 5"},
		{"name": "once", "run": "x", "for-each": {"in": "${params.list}"}, "when": "params.list != []"},
		{"name": "none", "run": "x"}]}`)
	if !p.Node(0).WhenEach || p.Node(1).WhenEach {
		t.Errorf("WhenEach = %v and %v, want true and false", p.Node(0).WhenEach, p.Node(1).WhenEach)
	}
	for item, want := range map[string]bool{`{"n": 2}`: true, `{"n": 1}`: false} {
		if got, err := p.When(0, &workflow.Scope{Item: json.RawMessage(item), Index: 1}); err != nil || got != want {
			t.Errorf("When() of item %s = %v, %v, want %v", item, got, err, want)
		}
	}
	if _, err := p.When(0, &workflow.Scope{}); err == nil || !strings.Contains(err.Error(), "item is not there") {
		t.Errorf("When() without an item = %v, want an error", err)
	}
	if got, err := p.When(2, &workflow.Scope{}); err != nil || !got {
		t.Errorf("When() of a step without a condition = %v, %v, want true", got, err)
	}
}

func TestItems(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		`"${params.list}"`:                    `[1 "a,]" {"x": [2]}]`,
		`"${params.empty}"`:                   `[]`,
		`"${params.no ?? []}"`:                `[]`,
		`[1, "${params.n}", "x ${params.n}"]`: `[1 7 "x 7"]`,
		`[ ]`:                                 `[]`,
		`"${params.n}"`:                       "the items are a number, not an array",
		`"${params.o}"`:                       "the items are an object, not an array",
		`"${params.z}"`:                       "the items are null, not an array",
		`"${params.five}"`:                    "more than the 4 items allowed",
	} {
		p := load(t, `{"name": "w", "steps": [{"name": "s", "run": "x", "for-each": {"in": `+in+`, "max-items": 4}}]}`)
		items, err := p.Items(0, &workflow.Scope{Params: json.RawMessage(`{"list": [ 1 , "a,]", {"x": [2]}], "empty": [], "n": 7, "o": {}, "z": null, "five": [1,2,3,4,5]}`)})
		if err != nil {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("Items(%s) = %v, want %s", in, err, want)
			}
			continue
		}
		if got := fmt.Sprintf("%s", items); got != want || items == nil {
			t.Errorf("Items(%s) = %s, want %s", in, got, want)
		}
	}
}

func TestWhatBelongsToTheRun(t *testing.T) {
	t.Parallel()
	p := load(t, `{"name": "w", "key": "k-${params.n}-${run.tenant}", "labels": {"size": "${params.n}", "quote": "${params.q}", "plain": "x"},
		"callbacks": [{"to": "https://x/${run.id}", "on": ["run.*"]}, {"to": "hook"}],
		"steps": [{"name": "s", "run": "x", "key": "${params.q}"}, {"name": "t", "run": "x"}], "output": {"all": "${steps.s.output}"}}`)
	s := &workflow.Scope{Params: json.RawMessage(`{"n": 3, "q": "\"é\n"}`), Run: &workflow.RunFacts{ID: 1, Tenant: "acme"}, Steps: facts{0: {Output: json.RawMessage(`[1]`)}}}
	if got, err := p.RunKey(s); err != nil || got != "k-3-acme" {
		t.Errorf("RunKey() = %q, %v", got, err)
	}
	labels, err := p.Labels(s)
	if diff := cmp.Diff(map[string]string{"size": "3", "quote": "\"é\n", "plain": "x"}, labels); diff != "" || err != nil {
		t.Errorf("Labels() %v (-want +got):\n%s", err, diff)
	}
	callbacks, err := p.Callbacks(s)
	want := []workflow.Callback{{To: "https://x/r0000000000001", On: []string{"run.*"}}, {To: "hook"}}
	if diff := cmp.Diff(want, callbacks); diff != "" || err != nil {
		t.Errorf("Callbacks() %v (-want +got):\n%s", err, diff)
	}
	if got, err := p.Output(s); err != nil || string(got) != `{"all": [1]}` {
		t.Errorf("Output() = %s, %v", got, err)
	}
	if got, err := p.Key(0, s); err != nil || got != "\"é\n" {
		t.Errorf("Key() = %q, %v", got, err)
	}
	if got, err := p.Key(1, s); err != nil || got != "" {
		t.Errorf("Key() of a step without one = %q, %v", got, err)
	}
	if _, err := p.Labels(&workflow.Scope{Params: json.RawMessage(`{}`)}); err == nil || !strings.HasPrefix(err.Error(), "labels.") {
		t.Errorf("Labels() without the parameter = %v, want an error that names the label", err)
	}
	bare := load(t, `{"name": "w", "steps": [{"name": "s", "run": "x"}]}`)
	if got, err := bare.Output(s); err != nil || string(got) != "null" {
		t.Errorf("Output() of a workflow without one = %s, %v, want null", got, err)
	}
	if got, err := bare.RunKey(s); err != nil || got != "" {
		t.Errorf("RunKey() of a workflow without one = %q, %v", got, err)
	}
}

func TestParams(t *testing.T) {
	t.Parallel()
	p := load(t, `{"name": "w", "steps": [{"name": "s", "run": "x"}], "params": {"b": {"y": 1, "x": 2}, "a": [1]},
		"input": {"type": "object", "required": ["c"], "properties": {"c": {"type": "integer"}, "d": {"items": {"type": "string"}}}}}`)
	for given, want := range map[string]string{
		`{"c": 1}`:                     `{"c": 1,"a":[1],"b":{"x":2,"y":1}}`,
		` {"c": 1, "b": null, "a": 2}`: `{"c": 1, "b": null, "a": 2}`,
		``:                             "params: missing property 'c'",
		`{}`:                           "params: missing property 'c'",
		`{"c": "x"}`:                   "params.c: got string, want integer",
		`{"c": 1, "d": ["x", 2]}`:      "params.d[1]: got number, want string",
		`{"c": 1, "c": 2}`:             "params.c: is there twice",
		`[1]`:                          "params: an array stands where an object belongs",
		`{"c": 1`:                      "params: not JSON: 1:8: text ends inside the object",
	} {
		got, err := p.Params(json.RawMessage(given))
		if err != nil {
			if _, ok := errors.AsType[*workflow.ParamsError](err); !ok || !strings.HasPrefix(err.Error(), want) {
				t.Errorf("Params(%s) = %v, want %s", given, err, want)
			}
			continue
		}
		if string(got) != want {
			t.Errorf("Params(%s) = %s, want %s", given, got, want)
		}
	}
	bare := load(t, `{"name": "w", "steps": [{"name": "s", "run": "x"}], "params": {"a": 1}}`)
	for given, want := range map[string]string{``: `{"a":1}`, ` { } `: `{ "a":1}`, `null`: "error", `{"z": "ok"}`: `{"z": "ok","a":1}`} {
		got, err := bare.Params(json.RawMessage(given))
		if err == nil && string(got) != want || err != nil && want != "error" {
			t.Errorf("Params(%s) = %s, %v, want %s", given, got, err, want)
		}
	}
}

func TestAPlanIsShared(t *testing.T) {
	t.Parallel()
	p := load(t, string(read(t, "testdata/good/publish.json")))
	want, err := p.Params(json.RawMessage(`{"source": "http://example.com/"}`))
	if err != nil {
		t.Fatal(err)
	}
	resize, _ := p.Index("resize")
	var wg sync.WaitGroup
	for n := range 8 {
		wg.Go(func() {
			params, err := p.Params(json.RawMessage(`{"source": "http://example.com/"}`))
			if err != nil || string(params) != string(want) {
				t.Errorf("Params() = %s, %v, want %s", params, err, want)
			}
			s := &workflow.Scope{Params: params, Run: &workflow.RunFacts{}, Item: json.RawMessage(fmt.Sprintf(`{"path": "p%d", "width": %d}`, n, 317+n)), Index: n}
			with, err := p.Payload(resize, s)
			if want := fmt.Sprintf(`{"file": "p%d", "place": %d, "quality": 80, "home": "${HOME}"}`, n, n); err != nil || string(with) != want {
				t.Errorf("Payload() = %s, %v, want %s", with, err, want)
			}
			if yes, err := p.When(resize, s); err != nil || yes != (n > 3) {
				t.Errorf("When() of width %d = %v, %v", 317+n, yes, err)
			}
			if q, err := p.Extend([]workflow.Step{{Name: fmt.Sprint("g", n), Run: "x", Needs: []string{"probe"}}}, resize); err != nil || q.Len() != p.Len()+1 {
				t.Errorf("Extend() = %v", err)
			}
		})
	}
	wg.Wait()
}

func TestTextsThatGrowAreRefused(t *testing.T) {
	t.Parallel()
	p := load(t, `{"name": "w", "key": "k-${params.x}", "labels": {"l": "${params.x}"}, "callbacks": [{"to": "https://example.org/${params.x}"}],
		"steps": [{"name": "s", "run": "x", "key": "${params.x}"}]}`)
	for size, fits := range map[int]bool{1000: true, 100_000: false} {
		scope := &workflow.Scope{Params: json.RawMessage(`{"x": "` + strings.Repeat("x", size) + `"}`)}
		key, keyErr := p.Key(0, scope)
		_, runErr := p.RunKey(scope)
		_, labelErr := p.Labels(scope)
		_, toErr := p.Callbacks(scope)
		if fits && len(key) != size {
			t.Errorf("Key() has %d bytes, want %d", len(key), size)
		}
		for what, err := range map[string]error{"Key": keyErr, "RunKey": runErr, "Labels": labelErr, "Callbacks": toErr} {
			if (err == nil) != fits || err != nil && !strings.Contains(err.Error(), "bytes, and") {
				t.Errorf("%s() with %d bytes: %v, want it refused: %v", what, size, err, !fits)
			}
		}
	}
}

func TestLabelsAreBoundedTogether(t *testing.T) {
	t.Parallel()
	labels := ""
	for k := range 70 {
		labels += fmt.Sprintf(`, "label%02d": "${params.long}"`, k)
	}
	p := load(t, `{"name": "w", "labels": {`+labels[2:]+`}, "steps": [{"name": "a", "run": "x"}]}`)
	for length, want := range map[int]string{900: "", 1000: "labels: they have 70490 bytes together"} {
		_, err := p.Labels(&workflow.Scope{Params: json.RawMessage(`{"long": "` + strings.Repeat("x", length) + `"}`)})
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("Labels() of %d bytes each = %v, want %q", length, err, want)
		}
	}
}
