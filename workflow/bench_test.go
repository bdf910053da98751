package workflow_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/berth-project/berth/workflow"
)

const threeSteps = `{"name": "three", "steps": [
	{"name": "a", "run": "noop", "with": {"n": "${params.n}"}},
	{"name": "b", "run": "noop", "needs": ["a"], "with": {"text": "got ${steps.a.output.x} of ${run.id}", "more": [1, 2, {"y": "z"}]}},
	{"name": "c", "run": "noop", "needs": ["b"]}]}`

func BenchmarkLoad(b *testing.B) {
	for name, text := range map[string]string{"three": threeSteps, "with conditions": strings.ReplaceAll(threeSteps, `"run": "noop"`, `"run": "noop", "when": "params.n > 1"`)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := workflow.Load("w.json", []byte(text)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkPayload(b *testing.B) {
	p := load(b, threeSteps)
	s := workflow.Scope{
		Params: json.RawMessage(`{"m": [1, 2, 3], "n": 5}`),
		Run:    &workflow.RunFacts{ID: 99},
		Steps:  facts{0: {Output: json.RawMessage(`{"list": [1, 2, 3], "x": "found"}`)}},
	}
	for name, step := range map[string]int{"value": 0, "text": 1, "fixed": 2} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := p.Payload(step, &s); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkParams(b *testing.B) {
	p := load(b, `{"name": "w", "steps": [{"name": "a", "run": "x"}], "params": {"q": 80},
		"input": {"type": "object", "required": ["source"], "properties": {"source": {"type": "string"}, "q": {"type": "integer"}}}}`)
	given := json.RawMessage(`{"source": "http://example.com/"}`)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.Params(given); err != nil {
			b.Fatal(err)
		}
	}
}
