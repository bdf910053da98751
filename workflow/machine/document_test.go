package machine_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/berth-project/berth/workflow"
)

// randomDocument writes a workflow of a few steps that uses whatever there is.
// It is not always one that compiles.
func randomDocument(rnd *rand.Rand) string {
	doc := map[string]any{"name": "random"}
	n := 1 + rnd.IntN(8)
	var list []any
	for i := range n {
		list = append(list, randomStep(rnd, "s", i, n))
	}
	doc["steps"] = list
	if rnd.IntN(3) == 0 {
		var last []any
		for i := range 1 + rnd.IntN(3) {
			last = append(last, randomStep(rnd, "f", i, 0))
		}
		doc["finally"] = last
	}
	if rnd.IntN(4) == 0 {
		doc["attempts"] = 1 + rnd.IntN(3)
	}
	if rnd.IntN(5) == 0 {
		doc["deadline"] = 1 + rnd.IntN(200)
	}
	if rnd.IntN(8) == 0 {
		doc["start-within"] = 1 + rnd.IntN(60)
	}
	if rnd.IntN(3) == 0 {
		doc["output"] = map[string]string{"x": "${steps.s0.output ?? 0}"}
	}
	text, _ := json.Marshal(doc)
	return string(text)
}

// randomStep writes step i, which needs earlier ones.
func randomStep(rnd *rand.Rand, prefix string, i, n int) map[string]any {
	s := map[string]any{"name": fmt.Sprint(prefix, i), "run": "x"}
	earlier := func() string { return fmt.Sprint(prefix, rnd.IntN(i)) }
	var needs []string
	for i > 0 && rnd.IntN(2) == 0 && len(needs) < 3 {
		needs = append(needs, earlier())
	}
	if len(needs) > 0 {
		s["needs"] = needs
	}
	switch {
	case i > 0 && rnd.IntN(5) == 0:
		s["when"] = fmt.Sprintf("steps.%s.status == '%s'", earlier(), []string{"succeeded", "failed", "skipped"}[rnd.IntN(3)])
	case rnd.IntN(10) == 0:
		s["when"] = "false"
	}
	switch rnd.IntN(10) {
	case 0:
		s["run"], s["with"] = "wait", []any{
			map[string]any{"for": rnd.IntN(20)},
			map[string]any{"signal": "go"},
			map[string]any{"signal": "go", "timeout": 1 + rnd.IntN(20)},
			map[string]any{"approval": map[string]any{}},
			map[string]any{"for": "${item}"},
		}[rnd.IntN(5)]
	case 1:
		s["run"], s["with"] = "workflow", map[string]any{"workflow": "sub"}
	case 2:
		if i > 0 {
			s["with"] = "${steps." + earlier() + ".output" + []string{"", " ?? 1", ".x", ".x ?? 2"}[rnd.IntN(4)] + "}"
		}
	}
	switch rnd.IntN(8) {
	case 0:
		s["for-each"] = map[string]any{"in": []int{1, 2, 3, 4, 5}[:rnd.IntN(6)], "limit": rnd.IntN(3)}
	case 1:
		if i > 0 {
			s["for-each"] = map[string]any{"in": "${steps." + earlier() + ".output ?? []}"}
		}
	}
	if s["for-each"] != nil && rnd.IntN(3) == 0 {
		s["when"] = "index != 1"
	}
	randomFailure(rnd, s, prefix, i, n)
	if rnd.IntN(10) == 0 {
		s["generate"] = map[string]any{"steps": ""}
	}
	return s
}

func randomFailure(rnd *rand.Rand, s map[string]any, prefix string, i, n int) {
	switch rnd.IntN(6) {
	case 0:
		s["on-error"] = "continue"
	case 1:
		if n > 0 {
			s["on-error"] = map[string]any{"run": fmt.Sprint(prefix, rnd.IntN(n))}
		}
	case 2:
		if n > 0 {
			s["on-error"] = map[string]any{"run": fmt.Sprint(prefix, rnd.IntN(n)), "then": "continue"}
		}
	}
	if rnd.IntN(3) == 0 {
		s["retry"] = map[string]any{"max": rnd.IntN(3), "backoff": 1 + rnd.IntN(5), "jitter": 0.5}
	}
	if rnd.IntN(4) == 0 {
		s["timeout"] = 1 + rnd.IntN(40)
	}
}

// randomPlan compiles documents until one is a workflow.
func randomPlan(rnd *rand.Rand) (*workflow.Plan, string) {
	for {
		doc := randomDocument(rnd)
		if p, err := workflow.Load("random.json", []byte(doc)); err == nil {
			return p, doc
		}
	}
}

// randomOutput is the output of an attempt: JSON of any kind and length, and
// now and then none.
func randomOutput(rnd *rand.Rand, n int) json.RawMessage {
	switch rnd.IntN(7) {
	case 0:
		return nil
	case 1:
		return json.RawMessage(`[1,2,3]`)
	case 2:
		return json.RawMessage(`{"x": [7, "` + strings.Repeat("y", rnd.IntN(400)) + `"]}`)
	case 3:
		return json.RawMessage(`{"broken":`)
	case 4:
		return json.RawMessage(fmt.Sprintf(`[{"name": "g%d", "run": "x"}, {"name": "h%d", "run": "x", "needs": ["g%d"]}]`, n%7, n%5, n%7))
	case 5:
		return json.RawMessage(`[]`)
	}
	return json.RawMessage(`"done"`)
}
