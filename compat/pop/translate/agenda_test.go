package translate_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/compat/pop/object"
	"github.com/berth-project/berth/compat/pop/token"
	"github.com/berth-project/berth/compat/pop/translate"
	"github.com/berth-project/berth/workflow"
)

func agenda(t *testing.T, text string) *object.Agenda {
	t.Helper()
	var a object.Agenda
	if err := json.Unmarshal([]byte(text), &a); err != nil {
		t.Fatal(err)
	}
	return &a
}

func compile(t *testing.T, a *object.Agenda) (*workflow.Plan, translate.Workflow) {
	t.Helper()
	w, err := translate.Agenda(a, object.DefaultMaximumAttempts)
	if err != nil {
		t.Fatal(err)
	}
	p, err := workflow.Compile(w.Document)
	if err != nil {
		t.Fatalf("compile the workflow of an agenda: %v", err)
	}
	return p, w
}

// outputs tells what steps answered, by index.
type outputs map[int]json.RawMessage

func (o outputs) StepFact(i int) workflow.StepFact {
	return workflow.StepFact{Output: o[i], Status: "succeeded", Attempts: 1}
}

func TestFilesOfAgendasCompile(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]struct{ steps, roots, depth int }{
		"agenda-dag-65-ops.json":                 {65, 40, 3},
		"agenda-single-op-two-actions.json":      {1, 1, 1},
		"agenda-two-parallel-ops-nulls.json":     {2, 2, 1},
		"agenda-chain-legacy-dollar-tokens.json": {3, 3, 1},
	} {
		text, err := os.ReadFile(filepath.Join("..", "testdata", file))
		if err != nil {
			t.Fatal(err)
		}
		a := agenda(t, string(text))
		p, _ := compile(t, a)
		roots, depth := 0, 0
		level := make([]int, p.Len())
		for i := range p.Len() {
			n := p.Node(i)
			if n.Step.Name != a.Operations[i].Name {
				t.Errorf("%s: step %d is called %q, want %q", file, i, n.Step.Name, a.Operations[i].Name)
			}
			level[i] = 1
			for _, need := range n.Needs {
				level[i] = max(level[i], level[need]+1)
			}
			if len(n.Needs) == 0 {
				roots++
			}
			depth = max(depth, level[i])
		}
		if p.Len() != want.steps || roots != want.roots || depth != want.depth {
			t.Errorf("%s: %d steps, %d roots, depth %d, want %v", file, p.Len(), roots, depth, want)
		}
	}
}

// Every payload must come out of Berth's references as it comes out of POP's
// tokens.
func TestPayloadsAreWhatTokensMake(t *testing.T) {
	t.Parallel()
	values := map[string]json.RawMessage{
		"a.b.out":      json.RawMessage(`{"k": [10, {"x/y": "slash", "x~y": "tilde"}], "t": true, "s": "text \"<>\" ${x}", "n": 1.50, "": {"": "empty"}}`),
		"odd name.out": json.RawMessage(`"all of it"`),
	}
	for _, payload := range []string{
		`{"whole": "@<a.b.out>", "slash": "@<a.b.out::/>", "part": ["@<a.b.out::/k/1/x~1y>", "@<a.b.out::k/1/x~0y>", "@<a.b.out::/k/0>"]}`,
		`["x@<a.b.out::/n>y@<a.b.out::/t>", "@<a.b.out::/s>@<odd name.out>", "@<a.b.out::/n>/@<a.b.out::/n>"]`,
		`["@<a.b.out::/no?fall \"back\" } ?? 1>", "@<a.b.out::/no?>", "-@<a.b.out::/no?>-", "@<a.b.out::?unused>"]`,
		`["${params.x}", "$${y}", "$@<a.b.out::/t>", "$$", "$$@<a.b.out::/t>${", "costs $5 {", "@<a.b.out::/t>$"]`,
		`{"${key}": 1, "plain": null, "number": 1e3}`,
		`"@<odd name.out>"`,
		`"@<pop.operationName>: @<pop.operationName::/>"`,
		`["@<pop.agendaId>", "@<pop.cid>", "@<pop.customerId>", "@<pop.attempt>"]`,
	} {
		a := &object.Agenda{
			Common: object.Common{ID: "the-agenda", CID: "the-cid", CustomerID: "acme"},
			Operations: []object.Operation{
				{Name: "a.b"}, {Name: "odd name"}, {Name: "${it}", Payload: json.RawMessage(payload)},
			},
		}
		p, w := compile(t, a)
		got, err := p.Payload(2, &workflow.Scope{
			Params: w.Params,
			Run:    &workflow.RunFacts{Tenant: "acme", Attempt: 1, Labels: w.Labels},
			Steps:  outputs{0: values["a.b.out"], 1: values["odd name.out"]},
		})
		if err != nil {
			t.Errorf("%s: %v", payload, err)
			continue
		}
		ctx, err := token.NewContext(values)
		if err != nil {
			t.Fatal(err)
		}
		for name, value := range map[string]string{
			"pop.agendaId": `"the-agenda"`, "pop.cid": `"the-cid"`, "pop.customerId": `"acme"`, "pop.attempt": `1`, "pop.operationName": `"${it}"`,
		} {
			if err := ctx.Set(name, json.RawMessage(value)); err != nil {
				t.Fatal(err)
			}
		}
		want, err := token.Native.Resolve(json.RawMessage(payload), ctx)
		if err != nil {
			t.Fatal(err)
		}
		if len(want.Missing)+len(want.Invalid) > 0 {
			t.Fatalf("%s: the case itself is wrong: %v", payload, want)
		}
		if d := cmp.Diff(decode(t, want.Value), decode(t, got)); d != "" {
			t.Errorf("%s (-tokens +references):\n%s", payload, d)
		}
	}
}

func decode(t *testing.T, text []byte) any {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return v
}

func TestAnOperationWithoutOutputHasAnEmptyObject(t *testing.T) {
	t.Parallel()
	p, _ := compile(t, agenda(t, `{"operations": [{"name": "a"}, {"name": "b", "payload": "@<a.out>"}]}`))
	got, err := p.Payload(1, &workflow.Scope{Steps: outputs{0: json.RawMessage("null")}})
	if err != nil || string(got) != "{}" {
		t.Errorf("payload = %s, %v, want {}", got, err)
	}
}

func TestWhatHasNoValueIsAnError(t *testing.T) {
	t.Parallel()
	p, _ := compile(t, agenda(t, `{"operations": [{"name": "a"}, {"name": "b", "payload": "@<a.out::/x>"}, {"name": "c", "payload": "-@<a.out>-"}]}`))
	for i := 1; i <= 2; i++ {
		if got, err := p.Payload(i, &workflow.Scope{Steps: outputs{0: json.RawMessage(`{"y": 1}`)}}); err == nil {
			t.Errorf("payload of step %d = %s, want an error", i, got)
		}
	}
}

func TestAgenda(t *testing.T) {
	t.Parallel()
	_, w := compile(t, agenda(t, `{
		"id": "agenda-1", "customerId": "acme", "title": "Nightly", "linkId": "l", "cid": "c", "progressId": "p",
		"params": {"maximumAttempts": "5", "doNotRun": null, "externalId": 7, "size": 480},
		"operations": [
			{"name": "first op", "type": "encode:2"},
			{"name": "second", "type": "odd type", "params": {"dependsOn": "first op"}},
			{"name": "third", "params": {"dependsOn": "second, first op"}, "payload": {"x": 1}}
		]}`))
	first, odd := translate.StepName("first op"), translate.StepType("odd type")
	want := translate.Workflow{
		Document: &workflow.Document{
			Name: "agenda", Title: "Nightly", Attempts: 5,
			Steps: []workflow.Step{
				{Name: first, Run: "encode:2", Title: "first op"},
				{Name: "second", Run: odd, Needs: []string{first}},
				{Name: "third", Run: "none", Needs: []string{"second", first}, With: json.RawMessage(`{"x": 1}`)},
			},
		},
		Params: json.RawMessage(`{"doNotRun":null,"externalId":7,"maximumAttempts":"5","size":480}`),
		Labels: map[string]string{"pop.agenda": "agenda-1", "pop.link": "l", "pop.cid": "c", "pop.progress": "p", "pop.external": "7"},
		Hold:   true,
	}
	if d := cmp.Diff(want, w); d != "" {
		t.Errorf("Agenda (-want +got):\n%s", d)
	}
}

func TestAgendaRefusesWhatHasNoMeaning(t *testing.T) {
	t.Parallel()
	for _, operations := range []string{
		`{"name": "a", "payload": "@<static>"}`,
		`{"name": "a", "payload": "@<pop.unheardOf>"}`,
		`{"name": "a", "payload": "@<pop.operationName::/x>"}`,
		`{"name": "a", "params": {"agenda.operation.generator": 7}}`,
	} {
		_, err := translate.Agenda(agenda(t, `{"operations": [`+operations+`]}`), object.DefaultMaximumAttempts)
		if err == nil || !strings.Contains(err.Error(), "operation a") {
			t.Errorf("Agenda of %s: %v, want an error that names the operation", operations, err)
		}
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"a", "ffmpeg.demux.video.0", "1", "_x-y"} {
		if got := translate.StepName(name); got != name {
			t.Errorf("StepName(%q) = %q, want it as it is", name, got)
		}
	}
	seen := map[string]string{}
	for _, name := range []string{"", "a b", "a+b", "-a", "a..b", ".a", "a.", "ä", strings.Repeat("x", 129), strings.Repeat("x", 130), "@", "日本"} {
		got := translate.StepName(name)
		if before, twice := seen[got]; twice {
			t.Errorf("StepName of %q and %q is %q", before, name, got)
		}
		seen[got] = name
		d := &workflow.Document{Name: "x", Steps: []workflow.Step{{Name: got, Run: translate.StepType(name)}}}
		if _, err := workflow.Compile(d); err != nil {
			t.Errorf("StepName(%q) = %q, which is no name of a step: %v", name, got, err)
		}
	}
}

func TestGenerator(t *testing.T) {
	t.Parallel()
	p, w := compile(t, agenda(t, `{"operations": [
		{"name": "split", "type": "split", "params": {"agenda.operation.generator": {"operationsJsonPointer": "/made/ops", "paramsJsonPointer": "/made/params"}}},
		{"name": "log", "type": "split", "params": {"agenda.operation.generator": {"operationsJsonPointer": "/made/ops", "logOnly": true}}},
		{"name": "update", "type": "updateAgenda"}
	]}`))
	var names []string
	for _, s := range w.Document.Steps {
		names = append(names, s.Name+" "+s.Run)
	}
	want := []string{"split split", "pop.generate.split pop.generate", "log split", "update updateAgenda", "pop.generate.update pop.generate"}
	if d := cmp.Diff(want, names); d != "" {
		t.Fatalf("steps (-want +got):\n%s", d)
	}
	with, err := p.Payload(1, &workflow.Scope{Steps: outputs{0: json.RawMessage(`{"made": {"ops": [
		{"name": "part 1", "type": "encode", "payload": {"n": "@<split.out::/made/n>"}},
		{"name": "join", "type": "join", "payload": "@<part 1.out>", "params": {"x": 1}}], "n": 3}}`)}})
	if err != nil {
		t.Fatal(err)
	}
	g, err := translate.Generate(with)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range g.Operations {
		if o.GeneratedBy() != "split" {
			t.Errorf("operation %s was generated by %q, want split", o.Name, o.GeneratedBy())
		}
	}
	output, err := json.Marshal(g)
	if err != nil {
		t.Fatal(err)
	}
	steps, err := p.Generated(1, output)
	if err != nil {
		t.Fatalf("the run cannot read what was generated: %v", err)
	}
	grown, err := p.Extend(steps, 1)
	if err != nil {
		t.Fatal(err)
	}
	join, ok := grown.Index("join")
	part, found := grown.Index(translate.StepName("part 1"))
	if !ok || !found || len(grown.Node(join).Needs) != 1 || grown.Node(join).Needs[0] != part {
		t.Errorf("generated steps are not in the plan as they should: join %d, part %d", join, part)
	}
}

func TestGenerateRefuses(t *testing.T) {
	t.Parallel()
	for _, with := range []string{
		`7`, `{"operation": "g", "operations": {}}`, `{"operation": "g", "operations": [{"type": "t"}]}`,
		`{"operation": "g", "operations": [{"name": "a", "payload": "@<x>"}]}`, `{"operation": "g", "operations": [], "params": 1}`,
	} {
		if g, err := translate.Generate(json.RawMessage(with)); err == nil {
			t.Errorf("Generate(%s) = %+v, want an error", with, g)
		}
	}
}

func FuzzAgenda(f *testing.F) {
	f.Add(`["@<a.out::/x?y>", "$${@<a.out>", "@<pop.agendaId>"]`, "b", `{"x": [1]}`)
	f.Add(`"$@<a.out::/~?>"`, "${b}", `"text"`)
	f.Fuzz(func(t *testing.T, payload, name, output string) {
		if !json.Valid([]byte(payload)) || !json.Valid([]byte(output)) || strings.EqualFold(name, "a") {
			return
		}
		a := &object.Agenda{
			Common:     object.Common{ID: "id", CustomerID: "c"},
			Operations: []object.Operation{{Name: "a"}, {Name: name, Payload: json.RawMessage(payload)}},
		}
		if a.Validate(token.Native) != nil {
			return
		}
		w, err := translate.Agenda(a, object.DefaultMaximumAttempts)
		if err != nil {
			return
		}
		p, err := workflow.Compile(w.Document)
		if err != nil {
			return // deeper or larger than Berth reads
		}
		got, err := p.Payload(1, &workflow.Scope{Run: &workflow.RunFacts{Labels: w.Labels, Tenant: "c", Attempt: 1}, Steps: outputs{0: json.RawMessage(output)}})
		ctx, ctxErr := token.NewContext(map[string]json.RawMessage{
			"a.out": json.RawMessage(output), "pop.agendaId": json.RawMessage(`"id"`), "pop.customerId": json.RawMessage(`"c"`), "pop.attempt": json.RawMessage("1"),
		})
		if ctxErr != nil || strings.Contains(payload, "pop.") || strings.Contains(payload, "?") || output == "null" {
			return // values that are asked for elsewhere, and the fallbacks that differ
		}
		want, wantErr := token.Native.Resolve(json.RawMessage(payload), ctx)
		if wantErr != nil {
			return
		}
		if bad := len(want.Missing)+len(want.Invalid) > 0; bad != (err != nil) {
			t.Fatalf("%s with %s: tokens say %v, references say %v", payload, output, want, err)
		} else if !bad && !cmp.Equal(decode(t, want.Value), decode(t, got)) {
			t.Errorf("%s with %s: tokens say %s, references say %s", payload, output, want.Value, got)
		}
	})
}

func ExampleAgenda() {
	var a object.Agenda
	err := json.Unmarshal([]byte(`{"id": "1", "customerId": "acme", "operations": [
		{"name": "probe", "type": "probe", "payload": {"file": "a.mp4"}},
		{"name": "encode", "type": "encode", "payload": {"width": "@<probe.out::/width?480>"}}
	]}`), &a)
	if err != nil {
		panic(err)
	}
	w, err := translate.Agenda(&a, object.DefaultMaximumAttempts)
	if err != nil {
		panic(err)
	}
	for _, s := range w.Document.Steps {
		fmt.Printf("%s %s %s\n", s.Name, s.Run, s.With)
	}
	// Output:
	// probe probe {"file": "a.mp4"}
	// encode encode {"width": "${steps[\"probe\"].output#\"/width\" ?? \"480\"}"}
}
