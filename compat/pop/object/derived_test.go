package object_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/berth-project/berth/compat/pop/object"
	"github.com/berth-project/berth/compat/pop/token"
)

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

// issues returns what an error of validation says, "" for none.
func issues(t *testing.T, err error) string {
	t.Helper()
	var invalid *object.ValidationError
	switch {
	case err == nil:
		return ""
	case !errors.As(err, &invalid):
		t.Fatalf("error %v is no ValidationError", err)
	}
	return invalid.Error()
}

func TestAcceptance1ValidationCases(t *testing.T) {
	t.Parallel()
	derived := decode[struct {
		Cases []struct {
			Agenda   object.Agenda
			Code     int
			Contains string
			Quirk    bool
			Better   struct{ Code int }
		} `json:"agenda_validation_cases"`
	}](t, data(t, "derived-cases.json"))
	if len(derived.Cases) != 10 {
		t.Fatalf("read %d cases, want 10", len(derived.Cases))
	}
	for i, c := range derived.Cases {
		want := c.Code
		if got := issues(t, c.Agenda.Validate(token.Quirks)); (got != "") != (want == 422) || !strings.Contains(got, c.Contains) {
			t.Errorf("case %d with quirks: %q, want code %d with %q", i, got, want, c.Contains)
		}
		if c.Quirk {
			want = c.Better.Code
		}
		if got := issues(t, c.Agenda.Validate(token.Native)); (got != "") != (want == 422) || !strings.Contains(got, c.Contains) {
			t.Errorf("case %d: %q, want code %d with %q", i, got, want, c.Contains)
		}
	}
}

func TestAcceptance1ResetCases(t *testing.T) {
	t.Parallel()
	derived := decode[struct {
		Resets struct {
			Operations []struct {
				Name, Parent    string
				Refs, DependsOn []string
			}
			Cases []struct{ Request, Reset, Delete []string }
		} `json:"rerun_reset_cases"`
	}](t, data(t, "derived-cases.json"))
	a := object.Agenda{}
	for _, o := range derived.Resets.Operations {
		var payload []string
		for _, ref := range o.Refs {
			if !strings.HasPrefix(ref, "pop.") {
				ref += ".out"
			}
			payload = append(payload, "@<"+ref+">")
		}
		a.Operations = append(a.Operations, object.Operation{
			Name:    o.Name,
			Payload: mustJSON(t, payload),
			Params: object.Params{
				object.ParamDependsOn:   mustJSON(t, strings.Join(o.DependsOn, ",")),
				object.ParamGeneratedBy: mustJSON(t, o.Parent),
			},
		})
	}
	if len(derived.Resets.Cases) != 5 {
		t.Fatalf("read %d cases, want 5", len(derived.Resets.Cases))
	}
	for _, c := range derived.Resets.Cases {
		for _, m := range []token.Mode{token.Native, token.Quirks} {
			got, err := a.Closure(m, object.Rerun{Reset: c.Request})
			if err != nil {
				t.Errorf("Closure(%q): %v", c.Request, err)
			}
			if d := cmp.Diff(object.Closure{Reset: c.Reset, Delete: c.Delete}, got, cmpopts.EquateEmpty()); d != "" {
				t.Errorf("Closure(%q) (-want +got):\n%s", c.Request, d)
			}
		}
	}
}

func mustJSON(t *testing.T, v any) json.RawMessage {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// withoutNulls drops members that are null, at any depth.
func withoutNulls(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			if member == nil {
				delete(v, name)
				continue
			}
			v[name] = withoutNulls(member)
		}
	case []any:
		for i := range v {
			v[i] = withoutNulls(v[i])
		}
	}
	return v
}

func TestTemplateOfTheNodeGraph(t *testing.T) {
	t.Parallel()
	template := decode[object.Template](t, data(t, "template-nodegraph.input.json"))
	values := decode[object.Params](t, data(t, "template-nodegraph.params.json"))
	for name, value := range template.StaticParameters {
		values[name] = value
	}
	for _, m := range []token.Mode{token.Native, token.Quirks} {
		a, err := template.Expand(m, values)
		if err != nil {
			t.Fatal(err)
		}
		want := withoutNulls(decode[any](t, data(t, "template-nodegraph.expected.json")))
		if d := cmp.Diff(want, decode[any](t, mustJSON(t, a))); d != "" {
			t.Errorf("expanded template (-want +got):\n%s", d)
		}
	}
}

func TestFilesOfAgendas(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		file       string
		operations int
		edges      int
		issue      string
	}{
		{"agenda-dag-65-ops.json", 65, 25, ""},
		{"agenda-single-op-two-actions.json", 1, 0, ""},
		{"agenda-two-parallel-ops-nulls.json", 2, 0, ""},
		{"agenda-chain-legacy-dollar-tokens.json", 3, 0, ""},
		{"agenda-empty-operations.json", 0, 0, "No operations specified"},
	} {
		a := decode[object.Agenda](t, data(t, c.file))
		a.CustomerID = "tenant"
		if got := issues(t, a.Validate(token.Native)); got != c.issue {
			t.Errorf("%s: %q, want %q", c.file, got, c.issue)
		}
		edges := 0
		for i := range a.Operations {
			d, err := a.Operations[i].Dependencies(token.Native)
			if err != nil {
				t.Fatal(err)
			}
			edges += len(d.Outputs)
		}
		if len(a.Operations) != c.operations || edges != c.edges {
			t.Errorf("%s: %d operations, %d edges, want %d and %d", c.file, len(a.Operations), edges, c.operations, c.edges)
		}
	}
}

func ExampleTemplate_Run() {
	var template object.Template
	err := json.Unmarshal([]byte(`{
		"staticParameters": {"preset": {"height": 480}},
		"agenda": {"customerId": "acme", "operations": [
			{"name": "encode", "type": "encode", "payload": {"file": "@<pop.payload::/file>", "preset": "@<preset>"}},
			{"name": "notify", "type": "http", "payload": {"body": "@<encode.out>"}}
		]}
	}`), &template)
	if err != nil {
		panic(err)
	}
	a, err := template.Run(token.Native, json.RawMessage(`{"file": "a.mp4"}`))
	if err != nil {
		panic(err)
	}
	for _, o := range a.Operations {
		fmt.Printf("%s %s\n", o.Name, o.Payload)
	}
	// Output:
	// encode {"file": "a.mp4", "preset": {"height": 480}}
	// notify {"body": "@<encode.out>"}
}
