package object_test

import (
	"testing"

	"github.com/berth-project/berth/compat/pop/object"
)

func TestParamsReadNumbersFromTexts(t *testing.T) {
	t.Parallel()
	p := decode[object.Params](t, []byte(`{"n": 4, "s": "5", "f": 1.5, "b": true, "null": null, "o": {"a": 1}}`))
	for name, want := range map[string]string{"n": "4", "s": "5", "f": "1.5", "b": "true", "null": "", "o": `{"a": 1}`, "none": ""} {
		if got := p.Text(name); got != want {
			t.Errorf("Text(%q) = %q, want %q", name, got, want)
		}
	}
	for name, want := range map[string]int{"n": 4, "s": 5, "f": 0, "b": 0, "null": 0} {
		if got, ok := p.Int(name); got != want || ok != (want != 0) {
			t.Errorf("Int(%q) = %d, %t, want %d", name, got, ok, want)
		}
	}
	if !p.Has("null") || p.Has("none") {
		t.Error("Has: want true for null and false for none")
	}
}
