package session

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

type sample struct {
	Kid  string `json:"kid"`
	Sub  string `json:"sub"`
	List []struct {
		ID string `json:"id"`
	} `json:"list"`
}

func TestDecodeJSON(t *testing.T) {
	t.Parallel()
	wide := "{"
	for i := range 65 {
		wide += `"f` + strings.Repeat("x", i) + `":1,`
	}
	wide = wide[:len(wide)-1] + "}"
	for _, tc := range []struct {
		name, data   string
		open, strict string // wanted in the error, "" for none
	}{
		{"plain", `{"kid":"a","list":[{"id":"x"},{"id":"y"}]}`, "", ""},
		{"same name at other levels", `{"sub":"a","list":[{"id":"sub"},{"id":"sub"}]}`, "", ""},
		{"name as a value", `{"sub":"kid","kid":"sub"}`, "", ""},
		{"brackets and quotes in a text", `{"sub":"}],{\"kid\":\\","kid":"{["}`, "", ""},
		{"unknown", `{"kid":"a","x":{"y":[1,{"z":null}]}}`, "", `unknown field "x"`},
		{"twice", `{"kid":"a","kid":"b"}`, "twice", "twice"},
		{"twice, inner", `{"list":[{"id":"x","id":"y"}]}`, "twice", "twice"},
		{"twice after an inner object", `{"sub":"a","list":[{"id":"x"}],"sub":"b"}`, "twice", "twice"},
		{"twice by case", `{"kid":"a","KID":"b"}`, "twice", "twice"},
		{"twice by Kelvin sign", `{"kid":"a","Kid":"b"}`, "twice", "twice"},
		{"twice by long s", `{"sub":"a","ſub":"b"}`, "twice", "twice"},
		{"twice by escape", `{"kid":"a","\u006bid":"b"}`, "escape", "escape"},
		{"other case", `{"Kid":"a"}`, "", "lower case"},
		{"null", `null`, "", ""},
		{"two documents", `{} {}`, "more than one", "more than one"},
		{"cut off", `{"kid":"a"`, "JSON", "JSON"},
		{"empty", ``, "JSON", "JSON"},
		{"wrong type", `{"kid":12345}`, "kid: wrong type", "kid: wrong type"},
		{"deep", `{"x":` + strings.Repeat("[", 16) + strings.Repeat("]", 16) + `}`, "deep", "unknown field"},
		{"wide", wide, "too many", "unknown field"},
		{"invalid UTF-8", "{\"kid\":\"\xff\"}", "UTF-8", "UTF-8"},
	} {
		var into sample
		if err := decodeOpen([]byte(tc.data), &into); !matches(err, tc.open) {
			t.Errorf("%s: decodeOpen() = %v, want %q", tc.name, err, tc.open)
		}
		if err := decodeStrict([]byte(tc.data), &into); !matches(err, tc.strict) {
			t.Errorf("%s: decodeStrict() = %v, want %q", tc.name, err, tc.strict)
		}
	}
}

func matches(err error, want string) bool {
	if want == "" {
		return err == nil
	}
	return err != nil && strings.Contains(err.Error(), want)
}

// FuzzDecodeJSON compares the quick search for repeated names with one that
// lets encoding/json take the document apart.
func FuzzDecodeJSON(f *testing.F) {
	f.Add([]byte(`{"kid":"a","kid":"b"}`))
	f.Add([]byte(`{"a":[{"b":"\"c"},{"b":{}}],"c":{"a":"}"}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var into any
		if decodeOpen(data, &into) != nil {
			return
		}
		if repeats(json.NewDecoder(bytes.NewReader(data))) {
			t.Errorf("decodeOpen(%q) accepts a repeated name", data)
		}
	})
}

// repeats reads one value and reports whether an object in it repeats a name.
func repeats(d *json.Decoder) bool {
	token, err := d.Token()
	if err != nil {
		return false
	}
	names, found := map[string]bool{}, false
	switch token {
	case json.Delim('{'):
		for d.More() {
			name, _ := d.Token()
			folded := strings.ToLower(strings.ToUpper(name.(string)))
			found = names[folded] || repeats(d) || found
			names[folded] = true
		}
	case json.Delim('['):
		for d.More() {
			found = repeats(d) || found
		}
	default:
		return false
	}
	_, _ = d.Token()
	return found
}
