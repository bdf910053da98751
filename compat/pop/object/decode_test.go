package object_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/compat/pop/object"
)

func TestDecodeTakesExactNamesOnly(t *testing.T) {
	t.Parallel()
	o, err := object.KindAgenda.Decode([]byte(`{"ID": "no", "id": "a", "title": null, "more": {"x": 1},
		"operations": [{"Name": "no", "name": "first", "payload": {"b": 2, "a": 1.50}}, {"name": "second", "params": {"n": null}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	want := &object.Agenda{
		Common: object.Common{ID: "a"},
		Operations: []object.Operation{
			{Name: "first", Payload: json.RawMessage(`{"b": 2, "a": 1.50}`)},
			{Name: "second", Params: object.Params{"n": json.RawMessage("null")}},
		},
	}
	if d := cmp.Diff(want, o); d != "" {
		t.Errorf("Decode (-want +got):\n%s", d)
	}
	if got := string(mustJSON(t, object.Agenda{Common: object.Common{ID: "a"}})); got != `{"id":"a"}` {
		t.Errorf("an agenda with an id alone is written as %s", got)
	}
}

func TestDecodeSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind     object.Kind
		in, want string
	}{
		{object.KindAgenda, `{"title": 7}`, "title is of type number, want a string"},
		{object.KindAgenda, `{"operations": {}}`, "operations is of type object, want an array"},
		{object.KindAgenda, `{"operations": [{"name": []}]}`, "operations.name is of type array, want a string"},
		{object.KindInsight, `{"schedulingAlgorithm": "Priority"}`, "schedulingAlgorithm is neither RoundRobin nor FirstInFirstOut"},
		{object.KindInsight, `{"queueSize": 1.5}`, "queueSize is of type number, want a whole number"},
		{object.KindProgress, `{"processingState": "complete"}`, "processingState is none of WAITING, EXECUTING and COMPLETE"},
		{object.KindProgress, `{"percentComplete": "5"}`, "percentComplete is of type string, want a number"},
		{object.KindTemplate, `{"isGlobal": "yes"}`, "isGlobal is of type string, want true or false"},
		{object.KindAgenda, `[]`, "body is of type array, want an object"},
	} {
		_, err := c.kind.Decode([]byte(c.in))
		var field *object.FieldError
		if !errors.As(err, &field) || err.Error() != c.want {
			t.Errorf("%s.Decode(%s) = %v, want %s", c.kind, c.in, err, c.want)
		}
	}
	if _, err := object.KindAgenda.Decode([]byte(`{`)); err == nil {
		t.Error("Decode of a broken text: no error")
	}
}
