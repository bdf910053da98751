package object_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/compat/pop/object"
	"github.com/berth-project/berth/compat/pop/token"
)

func TestParseRerun(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		params []string
		want   object.Rerun
	}{
		{nil, object.Rerun{ResetAll: true}},
		{[]string{"skipExecution"}, object.Rerun{ResetAll: true, SkipExecution: true}},
		{[]string{"continue"}, object.Rerun{Continue: true}},
		{[]string{"operationsToReset=a, b,,a", "continue"}, object.Rerun{Reset: []string{"a", "b"}, Continue: true}},
	} {
		got, err := object.ParseRerun(token.Native, c.params)
		if d := cmp.Diff(c.want, got); err != nil || d != "" {
			t.Errorf("ParseRerun(%q): %v (-want +got):\n%s", c.params, err, d)
		}
	}
	if _, err := object.ParseRerun(token.Native, []string{"resetall"}); issues(t, err) == "" {
		t.Error("ParseRerun of a word it does not know: no error")
	}
	if got, err := object.ParseRerun(token.Quirks, []string{"resetall"}); err != nil || !got.ResetAll {
		t.Errorf("ParseRerun with quirks of a word it does not know: %+v, %v; want everything reset", got, err)
	}
}

func TestClosureOfWhatIsNotThere(t *testing.T) {
	t.Parallel()
	a := object.Agenda{Operations: []object.Operation{{Name: "a"}}}
	if _, err := a.Closure(token.Native, object.Rerun{Reset: []string{"a", "b"}}); !strings.HasSuffix(issues(t, err), ": b") {
		t.Errorf("Closure: %v, want an error that names b", err)
	}
}

func TestClosureReadsBlanksInDependsOn(t *testing.T) {
	t.Parallel()
	a := object.Agenda{Operations: []object.Operation{{Name: "a"}, {Name: "b", Params: object.Params{"dependsOn": json.RawMessage(`"x, a"`)}}}}
	for m, want := range map[token.Mode][]string{token.Native: {"a", "b"}, token.Quirks: {"a"}} {
		if got, err := a.Closure(m, object.Rerun{Reset: []string{"a"}}); err != nil || !slices.Equal(got.Reset, want) {
			t.Errorf("mode %d resets %q, %v; want %q", m, got.Reset, err, want)
		}
	}
}
