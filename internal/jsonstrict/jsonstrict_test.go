package jsonstrict_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/berth-project/berth/internal/jsonstrict"
)

type call struct {
	URL     string            `json:"url"`
	Method  string            `json:"method"`
	Body    json.RawMessage   `json:"body"`
	Header  map[string]string `json:"header"`
	Tries   int               `json:"tries"`
	Factor  float64           `json:"factor"`
	Async   bool              `json:"async"`
	At      time.Time         `json:"at"`
	Parts   []part            `json:"parts"`
	Nothing string            `json:"-"`
}

type part struct {
	Name string `json:"name"`
}

func TestDecodeSaysWhatIsWrongWithoutGo(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"url": "x", "body": {"Any": 1}, "header": {"Any": "x"}, "parts": [{"name": "a"}]}`: "",
		`null`:                        "",
		`{"url": {}}`:                 "url: an object stands there, want a text",
		`{"url": 7}`:                  "url: a number stands there, want a text",
		`{"tries": "many"}`:           "tries: a text stands there, want a whole number",
		`{"tries": 1.5}`:              "tries: the number 1.5 stands there, want a whole number",
		`{"factor": true}`:            "factor: true or false stands there, want a number",
		`{"async": []}`:               "async: an array stands there, want true or false",
		`{"parts": {}}`:               "parts: an object stands there, want an array",
		`{"parts": [[]]}`:             "parts: an array stands there, want an object",
		`[]`:                          "the value: an array stands there, want an object",
		`{"metod": "GET"}`:            `"metod" is not known: did you mean "method"?`,
		`{"URL": "x"}`:                `"URL" is not known: did you mean "url"?`,
		`{"Nothing": "x"}`:            `"Nothing" is not known: there are async, at, body, factor, header, method, parts, tries, url`,
		`{"parts": [{}, {"nam": 1}]}`: `"parts[1].nam" is not known: did you mean "name"?`,
		`{"url": "a", "url": "b"}`:    `"url" is there twice`,
		`{} {}`:                       "something follows the JSON value",
		"\"\xff\"":                    "it is not UTF-8",
	} {
		err := jsonstrict.Decode([]byte(text), &call{})
		got := ""
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("Decode(%q) = %q, want %q", text, got, want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(`{"url": "x", "parts": [{"name": "a"}]}`)
	f.Add(`{"parts": [{"nam": {}}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		c := call{}
		if jsonstrict.Decode([]byte(text), &c) != nil {
			return
		}
		written, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		if err := jsonstrict.Decode(written, &call{}); err != nil {
			t.Errorf("Decode(%s) = %v, which was written of %q", written, err, text)
		}
	})
}

func ExampleDecode() {
	var c call
	fmt.Println(jsonstrict.Decode([]byte(`{"url": "https://example.org", "metod": "POST"}`), &c))
	// Output: "metod" is not known: did you mean "method"?
}
