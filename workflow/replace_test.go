package workflow_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/workflow"
)

// facts are what became of steps, by index.
type facts map[int]workflow.StepFact

func (f facts) StepFact(i int) workflow.StepFact { return f[i] }

// payload gives the payload of a step whose "with" is given, in a workflow with a
// step called "doc" and one called "a.b".
func payload(t *testing.T, with, params, output string) (string, error) {
	t.Helper()
	p := load(t, fmt.Sprintf(`{"name": "w", "steps": [{"name": "doc", "run": "x"}, {"name": "a.b", "run": "x"}, {"name": "s", "run": "x", "with": %s}]}`, with))
	got, err := p.Payload(2, &workflow.Scope{
		Params: json.RawMessage(params),
		Run:    &workflow.RunFacts{ID: 7, Tenant: `a"c`, Workflow: "w", Version: 2, Attempt: 1, Queue: "q", Priority: 5, Labels: map[string]string{"k": "v"}, Created: 12},
		Steps: facts{
			0: {Output: json.RawMessage(output), Status: "succeeded", Attempts: 2},
			1: {Status: "failed", Error: json.RawMessage(`{"code": "exit.1", "message": "no"}`), Attempts: 3},
		},
		Signal: json.RawMessage(`{"go": {"by": "ann"}}`),
	})
	return string(got), err
}

const (
	someParams = ` { "n": 1.50, "s": "a\"b\u00e9", "t": true, "z": null, "o": {"k": [1, {"x": "y"}]}, "a.b": "dotted", "with space": 1, "dup": 1, "dup": 2, "0": "zero", "": "empty", "e\u0073c": "esc" } `
	someOutput = `{"item": "55", "list": [[1, 2], "x"], "a/b": {"~": 1}}`
)

func TestReferencesKeepTheType(t *testing.T) {
	t.Parallel()
	for with, want := range map[string]string{
		`"${params.n}"`:                                   `1.50`,
		`"${params.s}"`:                                   `"a\"b\u00e9"`,
		`"${params.t}"`:                                   `true`,
		`"${params.z}"`:                                   `null`,
		`"${params.o}"`:                                   `{"k": [1, {"x": "y"}]}`,
		`"${params.o.k[1].x}"`:                            `"y"`,
		`"${params.o.k[1][\"x\"]}"`:                       `"y"`,
		`"${params[\"a.b\"]}"`:                            `"dotted"`,
		`"${ params[\"with space\"] }"`:                   `1`,
		`"${params.dup}"`:                                 `2`,
		`"${params.0}"`:                                   `"zero"`,
		`"${params[\"\"]}"`:                               `"empty"`,
		`"${params#/}"`:                                   `"empty"`,
		`"${params.esc}"`:                                 `"esc"`,
		`"${params#/0}"`:                                  `"zero"`,
		`"${params#/o/k/1/x}"`:                            `"y"`,
		`"${params#/o/k/01}"`:                             `error`,
		`"${params#\"/with space\"}"`:                     `1`,
		`"${params#}"`:                                    strings.TrimSpace(someParams),
		`"${steps.doc.output.list[0]}"`:                   `[1, 2]`,
		`"${steps.doc.output#/a~1b/~0}"`:                  `1`,
		`"${steps.doc.status}"`:                           `"succeeded"`,
		`"${steps.doc.attempts}"`:                         `2`,
		`"${steps.a.b.error.code}"`:                       `"exit.1"`,
		`"${steps[\"a.b\"].status}"`:                      `"failed"`,
		`"${run.tenant}"`:                                 `"a\"c"`,
		`"${run.labels.k}"`:                               `"v"`,
		`"${run.id}"`:                                     `"r0000000000007"`,
		`"${run.version}${run.attempt}${run.priority}"`:   `"215"`,
		`"${run.queue}-${run.workflow}-${run.created}"`:   `"q-w-12"`,
		`"${signal.go.by}"`:                               `"ann"`,
		`{"a": ["${params.n}", 2, {"b": "${params.t}"}]}`: `{"a": [1.50, 2, {"b": true}]}`,
		// Fallbacks.
		`"${params.no ?? 5}"`:                              `5`,
		`"${params.z ?? \"x\"}"`:                           `"x"`,
		`"${params.no ?? null}"`:                           `null`,
		`"${params.no ?? [1, {\"}\": \"}\"}]}"`:            `[1, {"}": "}"}]`,
		`"${params.no ?? params.no.x ?? params.n}"`:        `1.50`,
		`"${params.no??params.n}"`:                         `1.50`,
		`"${steps.a.b.output ?? \"none\"}"`:                `"none"`,
		`"${steps.a.b.output.x ?? steps.doc.output.item}"`: `"55"`,
		`"${params.n ?? params.no}"`:                       `1.50`,
		`"${params.no ?? params.alsono}"`:                  `error`,
		`"${params#/no ?? -1e3}"`:                          `-1e3`,
		// Keys are names, not texts.
		`{"${params.n}": 1}`: `{"${params.n}": 1}`,
	} {
		got, err := payload(t, with, someParams, someOutput)
		if err != nil && want == "error" {
			continue
		}
		if err != nil || got != want {
			t.Errorf("Payload(%s) = %s, %v, want %s", with, got, err, want)
		}
	}
}

func TestReferencesWithinText(t *testing.T) {
	t.Parallel()
	for with, want := range map[string]string{
		`"--${params.n}--${params.t}"`:         `"--1.50--true"`,
		`"${params.s} \u0022\n"`:               `"a\"b\u00e9 \"\n"`,
		`"x${params.z}"`:                       `"xnull"`,
		`"${params.n}${params.n}"`:             `"1.501.50"`,
		`"${params.n}>"`:                       `"1.50>"`,
		`"${params.no ?? \"\"}!"`:              `"!"`,
		`"$${params.n}"`:                       `"${params.n}"`,
		`"$$${params.n}"`:                      `"$1.50"`,
		`"$$$${params.n}"`:                     `"$${params.n}"`,
		`"$ $$ $5 $HOME {x} \u0024{params.n}"`: `"$ $$ $5 $HOME {x} 1.50"`,
		`"costs $"`:                            `"costs $"`,
		`["$${a}", "${params.n}"]`:             `["${a}", 1.50]`,
	} {
		if got, err := payload(t, with, someParams, someOutput); err != nil || got != want {
			t.Errorf("Payload(%s) = %s, %v, want %s", with, got, err, want)
		}
	}
}

func TestWhatWasPutInIsNotReadAgain(t *testing.T) {
	t.Parallel()
	const params = `{"evil": "${params.secret}", "secret": "s3cret"}`
	for with, want := range map[string]string{
		`"${params.evil}"`:   `"${params.secret}"`,
		`"x ${params.evil}"`: `"x ${params.secret}"`,
	} {
		if got, err := payload(t, with, params, `null`); err != nil || got != want {
			t.Errorf("Payload(%s) = %s, %v, want %s", with, got, err, want)
		}
	}
}

func TestReferencesThatLeadNowhereSayHowFar(t *testing.T) {
	t.Parallel()
	for with, want := range map[string]string{
		`{"x": {"y z": "ab ${params.o.k[1].no}"}}`: `steps[2].with.x["y z"] at 4: ${params.o.k[1].no} leads nowhere: params.o.k[1] has no no`,
		`"${params.o.k[2]}"`:                       `params.o.k is an array with no [2]`,
		`"${params.n.x}"`:                          `params.n is a number and has no x`,
		`"${params.z.x}"`:                          `params.z is null`,
		`"${params.s[0]}"`:                         `params.s is a text and has no [0]`,
		`"${params.t.x}"`:                          `params.t is a boolean and has no x`,
		`"${steps.doc.output.item.x}"`:             `steps.doc.output.item is a text and has no x`,
		`"${steps.a.b.output.x.y}"`:                `steps.a.b.output is not there`,
		`"${steps.a.b.output}"`:                    `${steps.a.b.output} has no value`,
		`"${signal.stop}"`:                         `signal has no stop`,
		`"x ${params.o}"`:                          `${params.o} is an object, which has no text`,
		`"${params.o.k} x"`:                        `${params.o.k} is an array, which has no text`,
		`"${params.no ?? params.none}"`:            `params has no no`,
	} {
		_, err := payload(t, with, someParams, someOutput)
		bad, ok := errors.AsType[*workflow.EvalError](err)
		if !ok || bad.Code != workflow.CodeReference || !strings.Contains(err.Error(), want) {
			t.Errorf("Payload(%s): %v, want %q", with, err, want)
		}
	}
}

// TestReplacementByThePOPCases holds the cases that describe POP's tokens, in the
// form they take here; what POP answers where it is known to be wrong is left out.
func TestReplacementByThePOPCases(t *testing.T) {
	t.Parallel()
	const params = `{"sampleValue": "85", "sampleValue2": "95", "flag": true, "obj": {"k": {"n": 1}}, "doc": {"subItem": {"item": "55", "item2": {"leaf": "node"}, "item3": "45"}}}`
	for with, want := range map[string]string{
		`"85"`:                    `"85"`,
		`"${params.sampleValue}"`: `"85"`,
		`"--${params.sampleValue}--${params.sampleValue2}"`:          `"--85--95"`,
		`"${params.unknown}"`:                                        `error`,
		`"--${params.unknown}--"`:                                    `error`,
		`"${params.doc#/subItem/item}-"`:                             `"55-"`,
		`"-${params.doc#/subItem/item2/leaf}-"`:                      `"-node-"`,
		`"${params.doc#/subItem/item3 ?? \"95\"}"`:                   `"45"`,
		`"${params.doc#/subItem/item3/nothere ?? \"95\"}"`:           `"95"`,
		`"-${params.doc#/wrongitem ?? 95}"`:                          `"-95"`,
		`"-${params.doc#/wrongitem ?? null}-"`:                       `"-null-"`,
		`"${params.doc#/wrongitem ?? null}"`:                         `null`,
		`"-${params.obj#/k}-"`:                                       `error`,
		`"${params.flag}"`:                                           `true`,
		`"x${params.flag}"`:                                          `"xtrue"`,
		`"${params.sampleValue}/${params.sampleValue2}"`:             `"85/95"`,
		`"${params.doc#/subItem/item}/${params.doc#/subItem/item3}"`: `"55/45"`,
		`"${params.sampleValue}<xmltag>45</xmltag>"`:                 `"85<xmltag>45</xmltag>"`,
	} {
		got, err := payload(t, with, params, `null`)
		if err != nil {
			got = "error"
		}
		if got != want {
			t.Errorf("Payload(%s) = %s, %v, want %s", with, got, err, want)
		}
	}
}

func TestPayloadWithoutReferencesIsTheDocuments(t *testing.T) { // counts allocations: not parallel
	const with = `{"a": [1,  2.0], "b": "$5"}`
	p := load(t, `{"name": "w", "steps": [{"name": "s", "run": "x", "with": `+with+`}, {"name": "t", "run": "x"}]}`)
	got, err := p.Payload(0, &workflow.Scope{})
	if err != nil || string(got) != with {
		t.Errorf("Payload() = %s, %v, want %s", got, err, with)
	}
	if n := testing.AllocsPerRun(100, func() { _, _ = p.Payload(0, nil) }); n != 0 {
		t.Errorf("Payload() without references allocates %v times, want 0", n)
	}
	if got, err := p.Payload(1, &workflow.Scope{}); got != nil || err != nil {
		t.Errorf("Payload() of a step without with = %s, %v, want nil", got, err)
	}
}

func TestPayloadIsBounded(t *testing.T) {
	t.Parallel()
	refs := strings.Repeat(`"${params.x}",`, 20)
	p := load(t, `{"name": "w", "steps": [{"name": "s", "run": "x", "with": [`+refs+`1]}]}`)
	large := json.RawMessage(`{"x": "` + strings.Repeat("x", 1<<20) + `"}`)
	if _, err := p.Payload(0, &workflow.Scope{Params: large}); err == nil || !strings.Contains(err.Error(), "larger than") {
		t.Errorf("Payload() of 20 MiB = %v, want an error", err)
	}
}

func TestSearchingIsBounded(t *testing.T) {
	t.Parallel()
	refs := strings.Repeat(`"${params.last}",`, 400)
	p := load(t, `{"name": "w", "steps": [{"name": "s", "run": "x", "with": [`+refs+`1]}]}`)
	large := json.RawMessage(`{"x": "` + strings.Repeat("x", 1<<20) + `", "last": 1}`)
	if _, err := p.Payload(0, &workflow.Scope{Params: large}); err == nil || !strings.Contains(err.Error(), "search too much") {
		t.Errorf("Payload() that searches 400 MiB = %v, want an error", err)
	}
}

func TestSearchingDeepIsBounded(t *testing.T) {
	t.Parallel()
	deep := json.RawMessage(strings.Repeat(`{"a":`, 60) + `"` + strings.Repeat("x", 1<<20) + `"` + strings.Repeat("}", 60))
	path := strings.Repeat(".a", 59)
	for with, want := range map[string]string{
		`["${params` + path + `.a}", 1]`:                           "",
		`["${params` + path + `.b ?? params` + path + `.c ?? 1}"]`: "search too much",
		`["${params` + path + `.a.b}"]`:                            "is a text and has no b",
		`"${params` + path + `.b ?? params` + path + `.c ?? 1}"`:   "search too much",
		`["${params` + path + `.a}", "${params` + path + `.a}"]`:   "search too much",
	} {
		p := load(t, `{"name": "w", "steps": [{"name": "s", "run": "x", "with": `+with+`}]}`)
		scope := &workflow.Scope{Params: deep}
		_, err := p.Payload(0, scope)
		if got := fmt.Sprint(err); (err == nil) != (want == "") || !strings.Contains(got, want) {
			t.Errorf("Payload(%.60s) = %.200s, want %q", with, got, want)
		}
		if scope.Work < 60<<20 || scope.Work > 140<<20 {
			t.Errorf("Payload(%.60s) was %d MiB of work, want about 60", with, scope.Work>>20)
		}
	}
}

func TestTheLongestNameOfAStepCounts(t *testing.T) {
	t.Parallel()
	p := load(t, `{"name": "w", "steps": [{"name": "a", "run": "x"}, {"name": "a.b", "run": "x"}, {"name": "a.output", "run": "x"}, {"name": "s", "run": "x",
		"with": ["${steps.a.output.x}", "${steps.a.b.output.x}", "${steps.a.output.output.x}", "${steps[\"a\"].output.output}"]}]}`)
	got, err := p.Payload(3, &workflow.Scope{Steps: facts{0: {Output: json.RawMessage(`{"x": 1, "output": 4}`)}, 1: {Output: json.RawMessage(`{"x": 2}`)}, 2: {Output: json.RawMessage(`{"x": 3}`)}}})
	if err != nil || string(got) != `[1, 2, 3, 4]` {
		t.Errorf("Payload() = %s, %v, want [1, 2, 3, 4]", got, err)
	}
}

func TestConditionsAreSharedAndBounded(t *testing.T) {
	t.Parallel()
	many := func(when func(i int) string) string {
		var steps []string
		for i := range 1001 {
			steps = append(steps, fmt.Sprintf(`{"name": "s%d", "run": "x", "when": %q}`, i, when(i)))
		}
		return `{"name": "w", "steps": [` + strings.Join(steps, ",") + `]}`
	}
	load(t, many(func(int) string { return "params.x == 1" }))
	_, err := workflow.Load("w.json", []byte(many(func(i int) string { return fmt.Sprint("params.x == ", i) })))
	if err == nil || !strings.Contains(err.Error(), "more than 1000 different conditions") {
		t.Errorf("Load() with 1001 conditions = %v", err)
	}
	long := strings.Repeat(" ", 4000)
	few := func(from, to int) (steps []workflow.Step) {
		for i := from; i < to; i++ {
			steps = append(steps, workflow.Step{Name: fmt.Sprint("s", i), Run: "x", When: fmt.Sprint("params.x == ", i, long)})
		}
		return steps
	}
	const wanted = "more than 131072 bytes together"
	if _, err := workflow.Compile(&workflow.Document{Name: "w", Steps: few(0, 40)}); err == nil || !strings.Contains(err.Error(), wanted) {
		t.Errorf("Compile() of 40 long conditions = %v, want %s", err, wanted)
	}
	p, err := workflow.Compile(&workflow.Document{Name: "w", Steps: few(0, 20)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Extend(few(20, 30), -1); err != nil {
		t.Errorf("Extend() by 10 long conditions = %v", err)
	}
	if _, err := p.Extend(few(20, 40), -1); err == nil || !strings.Contains(err.Error(), wanted) {
		t.Errorf("Extend() by 20 long conditions = %v, want %s", err, wanted)
	}
}

func TestReferencesMakeNeeds(t *testing.T) {
	t.Parallel()
	p := load(t, `{"name": "w", "steps": [
		{"name": "a", "run": "x"}, {"name": "b", "run": "x"}, {"name": "c", "run": "x"}, {"name": "d", "run": "x"}, {"name": "e", "run": "x"},
		{"name": "s", "run": "x", "needs": ["a", "b"], "with": "${params.x ?? steps.b.output}", "when": "steps.c.status == 'failed'",
		 "for-each": {"in": "${steps.d.output}"}, "key": "${item}-${steps.e.output ?? 1}", "on-error": {"run": "h"}},
		{"name": "h", "run": "x", "with": "${steps.s.error}"}],
		"finally": [{"name": "f", "run": "x", "with": "${steps.s.output ?? 0}"}, {"name": "g", "run": "x", "with": "${steps.f.status}"}]}`)
	want := map[string][]int{"s": {0, 1, 2, 3, 4}, "h": {5}, "f": nil, "g": {7}}
	for name, needs := range want {
		i, _ := p.Index(name)
		if diff := cmp.Diff(needs, p.Node(i).Needs); diff != "" {
			t.Errorf("needs of %s (-want +got):\n%s", name, diff)
		}
	}
	h := p.Node(6)
	if !h.Handler || p.Node(5).OnError != 6 || !cmp.Equal(h.Handles, []int{5}) || p.Node(0).OnError != -1 || p.Node(0).Handler {
		t.Errorf("handler %+v of %+v", h, p.Node(5))
	}
	if f := p.Node(7); !f.Finally || p.Node(6).Finally || !cmp.Equal(p.Node(0).Dependents, []int{5}) {
		t.Errorf("finally %v, dependents of a %v", f.Finally, p.Node(0).Dependents)
	}
}
