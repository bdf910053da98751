package object_test

import (
	"encoding/json"
	"testing"

	"github.com/berth-project/berth/compat/pop/object"
	"github.com/berth-project/berth/compat/pop/token"
)

func FuzzDecode(f *testing.F) {
	f.Add(`{"customerId": "c", "operations": [{"name": "a", "payload": "@<b.out>", "params": {"dependsOn": "b"}}, {"name": "b"}]}`)
	f.Add(`{"processingState": "WAITING", "operationProgress": [{"operation": "a"}], "percentComplete": 1e3}`)
	f.Add(`{"agenda": {"operations": "@<pop.payload>"}, "staticParameters": {"x": 1}}`)
	f.Fuzz(func(t *testing.T, text string) {
		for _, k := range object.Kinds() {
			o, err := k.Decode([]byte(text))
			if err != nil {
				continue
			}
			first := mustJSON(t, o)
			again, err := k.Decode(first)
			if err != nil {
				t.Fatalf("%s of %q was written as %s, which cannot be read: %v", k, text, first, err)
			}
			if second := mustJSON(t, again); string(first) != string(second) {
				t.Errorf("%s of %q was written as %s, then as %s", k, text, first, second)
			}
			exercise(o)
		}
	})
}

// exercise calls what reads parts of an object.
func exercise(o object.Object) {
	switch o := o.(type) {
	case *object.Agenda:
		for _, m := range []token.Mode{token.Native, token.Quirks} {
			_ = o.Validate(m)
			_, _ = o.Closure(m, object.Rerun{ResetAll: true})
			_, _ = object.Select(m, []*object.Insight{insight("i", "t", map[string][]string{"paramMap": {"a=b"}})}, o)
		}
	case *object.Template:
		_, _ = o.Run(token.Native, json.RawMessage(`{"a": 1}`))
	}
}
