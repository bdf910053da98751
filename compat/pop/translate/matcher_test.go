package translate_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/berth-project/berth/compat/pop/object"
	"github.com/berth-project/berth/compat/pop/token"
	"github.com/berth-project/berth/compat/pop/translate"
	"github.com/berth-project/berth/workflow/expression"
)

// queued is what a matcher sees of a run to be queued.
type queued struct {
	plan   translate.Workflow
	params json.RawMessage
}

func (q queued) Variable(name string) (any, bool) {
	switch name {
	case "params":
		return q.params, true
	case "steps":
		var steps []any
		for _, s := range q.plan.Document.Steps {
			steps = append(steps, map[string]any{"name": s.Name, "type": s.Run})
		}
		return steps, true
	}
	return nil, false
}

// A matcher must take the agendas that the insight takes.
func TestMatcherIsTheInsightsMappers(t *testing.T) {
	t.Parallel()
	insights := []map[string][]string{
		{"operationName": {"First Op", "other"}},
		{"OperationType": {"encode", "odd type"}},
		{"paramMap": {"Size=BIG", "rate=25", "live=true", "broken"}},
		{"paramMap": {"expr=a=b"}, "operationType": {"none of these"}},
		{"operationName": {`"quoted"\`}, "somethingElse": {"x"}},
	}
	agendas := []string{
		`{"operations": [{"name": "first op", "type": "encode"}]}`,
		`{"operations": [{"name": "FIRST OP", "type": "Encode"}, {"name": "x", "type": "odd type"}]}`,
		`{"operations": [{"name": "x"}], "params": {"size": "big", "other": [1]}}`,
		`{"operations": [{"name": "x"}], "params": {"RATE": 25}}`,
		`{"operations": [{"name": "x"}], "params": {"live": true, "EXPR": "A=B"}}`,
		`{"operations": [{"name": "x"}], "params": {"broken": "", "rate": 24}}`,
		`{"operations": [{"name": "\"quoted\"\\"}]}`,
	}
	hits := 0
	for _, mappers := range insights {
		i := &object.Insight{Mappers: mappers}
		text, err := translate.Matcher(i)
		if err != nil {
			t.Fatal(err)
		}
		matcher, err := expression.Compile(expression.Match, text)
		if err != nil {
			t.Fatalf("matcher %s: %v", text, err)
		}
		for _, one := range agendas {
			a := agenda(t, one)
			s, err := object.Select(token.Native, []*object.Insight{i}, a)
			if err != nil {
				t.Fatal(err)
			}
			_, w := compile(t, a)
			got, err := matcher.Bool(queued{w, w.Params})
			if err != nil {
				got = false // what fails matches nothing
			}
			if want := s.Insight != nil; got != want {
				t.Errorf("matcher %s of %s = %t, want %t", text, one, got, want)
			}
			if got {
				hits++
			}
		}
	}
	if hits < 7 {
		t.Errorf("%d hits, want at least 7: the cases show too little", hits)
	}
}

func TestMatcherOfNothing(t *testing.T) {
	t.Parallel()
	if got, err := translate.Matcher(&object.Insight{Mappers: map[string][]string{"operationName": nil}}); got != "" || err != nil {
		t.Errorf("Matcher = %q, %v, want none", got, err)
	}
	long := map[string][]string{"operationType": {strings.Repeat("x", 100)}}
	for i := range 100 {
		long["operationType"] = append(long["operationType"], fmt.Sprintf("type-%d-%s", i, strings.Repeat("x", 50)))
	}
	if got, err := translate.Matcher(&object.Insight{Mappers: long}); err == nil {
		t.Errorf("Matcher of %d bytes: no error", len(got))
	}
}
