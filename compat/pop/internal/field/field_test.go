package field_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/berth-project/berth/compat/pop/internal/field"
)

type head struct {
	ID string `json:"id,omitempty"`
}

type thing struct {
	head
	Count int             `json:"count"`
	Raw   json.RawMessage `json:"raw"`
	Inner *thing          `json:"inner"`
}

func (t *thing) UnmarshalJSON(data []byte) error { return field.Decode(data, t) }

func TestDecode(t *testing.T) {
	t.Parallel()
	got := thing{Count: 7}
	text := `{"id": "a", "ID": "b", "Count": 8, "count": null, "raw": [1, 2.50], "inner": {"id": "c"}, "more": {}}`
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatal(err)
	}
	if got.ID != "a" || got.Count != 7 || string(got.Raw) != `[1, 2.50]` || got.Inner == nil || got.Inner.ID != "c" {
		t.Errorf("Decode(%s) = %+v", text, got)
	}
}

func TestDecodeSaysWhere(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"count": "x"}`:               "count is of type string, want a whole number",
		`{"inner": {"id": 1}}`:         "inner.id is of type number, want a string",
		`{"inner": {"inner": [true]}}`: "inner.inner is of type array, want an object",
	} {
		var wrong *field.Error
		if err := json.Unmarshal([]byte(text), &thing{}); !errors.As(err, &wrong) || err.Error() != want {
			t.Errorf("Decode(%s): %v, want %s", text, err, want)
		}
	}
}
