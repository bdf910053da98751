package input_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/workflow/input"
)

func TestCheckNamesTheField(t *testing.T) {
	t.Parallel()
	const schema = `{"type": "object", "required": ["source"], "additionalProperties": false,
		"properties": {"source": {"type": "string", "format": "uri"}, "sizes": {"type": "array", "items": {"type": "integer", "minimum": 1}},
		"mode": {"anyOf": [{"const": "a"}, {"type": "null"}]}}}`
	s, err := input.Compile(json.RawMessage(schema))
	if err != nil {
		t.Fatal(err)
	}
	for value, want := range map[string]string{
		`{"source": "http://x/"}`: "",
		`{}`:                      "missing property 'source'",
		`{"source": 5}`:           "source: got number, want string",
		`{"source": "no uri"}`:    "source: 'no uri' is not valid uri",
		`{"source": "http://x/", "sizes": [3, 0]}`:        "sizes[1]: minimum: got 0, want 1",
		`{"source": "http://x/", "mode": "b"}`:            "mode: fits none of the alternatives: value must be 'a'; or got string, want null",
		`{"source": "http://x/", "other": 1}`:             "additional properties 'other' not allowed",
		`{"source": "http://x/", "sizes": [1e999999999]}`: "number 1e999999999 is too large or too exact",
		`{"source": "http://x/", "sizes": [1e-401]}`:      "number 1e-401 is too large or too exact",
		`{"source": "http://x/", "source": "http://y/"}`:  `key "source" is there twice`,
		`[`: "not JSON: 1:2: text ends inside the array that begins at 1:1 (close it with \"]\")",
	} {
		got := ""
		if err := s.Check(json.RawMessage(value)); err != nil {
			got = err.Error()
		}
		if !strings.HasPrefix(got, want) || want == "" && got != "" {
			t.Errorf("Check(%s) = %q, want %q", value, got, want)
		}
	}
}

func TestCompileRefuses(t *testing.T) {
	t.Parallel()
	for schema, want := range map[string]string{
		`{"type": "strin"}`:                                      "type",
		`{"$ref": "file:///etc/passwd"}`:                         "a schema holds all it refers to",
		`{"$ref": "http://127.0.0.1/s"}`:                         "a schema holds all it refers to",
		`{"$schema": "http://example.com/other"}`:                "is not a draft that is known",
		`{"$schema": "http://json-schema.org/draft-07/schema#"}`: "is not a draft that is known",
		`{"$defs": {"a": {"$schema": "http://json-schema.org/draft-07/schema#", "$id": "a"}}, "$ref": "a"}`: "$defs.a.$schema: \"http://json-schema.org/draft-07/schema#\" is not a draft",
		`{"enum": [{"$ref": "#"}], "$ref": "#/enum/0"}`:                                                     "enum[0]: $ref within const or enum",
		`{"$ref": "#/$defs/x"}`:    "the schema",
		`{"pattern": "("}`:         "pattern",
		`{"minimum": 1e999999999}`: "too large",
		`7`:                        "",
	} {
		_, err := input.Compile(json.RawMessage(schema))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Compile(%s) = %v, want an error with %q", schema, err, want)
		}
	}
}

func TestWorkIsBounded(t *testing.T) {
	t.Parallel()
	s, err := input.Compile(json.RawMessage(`{"allOf": [{"properties": {"x": {"$ref": "#"}}}, {"properties": {"x": {"$ref": "#"}}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	checkBounded(t, s)
	if err := s.Check(json.RawMessage(`{"x": {"x": 1}}`)); err != nil {
		t.Errorf("Check after a check that was stopped = %v, want nil", err)
	}
	for _, schema := range []string{
		`{"not": {"$ref": "#/$defs/r"}, "$defs": {"r": {"type": ["object", "string"], "anyOf": [{"properties": {"x": {"$ref": "#/$defs/r"}}}, {"properties": {"x": {"$ref": "#/$defs/r"}}}]}}}`,
		`{"$dynamicAnchor": "r", "anyOf": [{"properties": {"x": {"$dynamicRef": "#r", "format": "email"}}}, {"properties": {"x": {"$dynamicRef": "#r"}}}], "type": ["object", "string"]}`,
	} {
		s, err := input.Compile(json.RawMessage(schema))
		if err != nil {
			t.Fatal(err)
		}
		checkBounded(t, s)
	}
}

func checkBounded(t *testing.T, s *input.Schema) {
	t.Helper()
	deep := strings.Repeat(`{"x":`, 50) + "1" + strings.Repeat("}", 50)
	if err := s.Check(json.RawMessage(deep)); err == nil || !strings.Contains(err.Error(), "too much work") {
		t.Errorf("Check(50 levels of a schema that doubles) = %v, want too much work", err)
	}
}

func TestLargeValuesAreMoreWork(t *testing.T) {
	t.Parallel()
	parts := strings.TrimSuffix(strings.Repeat(`{"minimum":-1},`, 600), ",")
	numbers := `[` + strings.TrimSuffix(strings.Repeat("1,", 20_000), ",") + `]`
	patterns := strings.TrimSuffix(strings.Repeat(`{"pattern": "a.*b.*c$"},`, 500), ",")
	enum := strings.TrimSuffix(strings.Repeat(`"xxxxxxxx",`, 5000), ",")
	for schema, value := range map[string]string{
		`{"allOf": [` + patterns + `]}`:                                                `"` + strings.Repeat("abc", 300_000) + `"`,
		`{"items": {"enum": [0,` + enum + `]}}`:                                        `[` + strings.TrimSuffix(strings.Repeat("1,", 20_000), ",") + `]`,
		`{"items": {"allOf": [` + parts + `]}}`:                                        numbers,
		`{"items": {"anyOf": [` + parts + `]}}`:                                        numbers,
		`{"items": {"properties": {"x": {"not": {"oneOf": [` + parts + `]}}}}}`:        numbers,
		`{"items": {"$ref": "#/$defs/x"}, "$defs": {"x": {"allOf": [` + parts + `]}}}`: numbers,
	} {
		s, err := input.Compile(json.RawMessage(schema))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Check(json.RawMessage(value)); err == nil || !strings.Contains(err.Error(), "too much work") {
			t.Errorf("Check() of %d bytes with %.60s = %.200v, want too much work", len(value), schema, err)
		}
	}
	if _, err := input.Compile(json.RawMessage(`{"title": "` + strings.Repeat("x", 300_000) + `"}`)); err == nil {
		t.Error("Compile() of 300 kB succeeds")
	}
	var names []string
	for i := range 60 {
		names = append(names, fmt.Sprintf(`"(a{1000})%d": true`, i))
	}
	long := strings.TrimSuffix(strings.Repeat(`{"pattern": "(a{1000})"},`, 100), ",")
	for _, schema := range []string{`{"allOf": [` + long + `]}`, `{"patternProperties": {` + strings.Join(names, ",") + `}}`} {
		if _, err := input.Compile(json.RawMessage(schema)); err == nil || !strings.Contains(err.Error(), "steps together") {
			t.Errorf("Compile(%.60s) = %v, want too many steps", schema, err)
		}
	}
}

func TestOrdinaryValuesAreNotTooMuch(t *testing.T) {
	t.Parallel()
	var fields, object []string
	for i := range 20 {
		fields = append(fields, fmt.Sprintf(`"f%d": {"type": "string", "minLength": 1, "pattern": "^v"}`, i))
		object = append(object, fmt.Sprintf(`"f%d": "value"`, i))
	}
	for schema, value := range map[string]string{
		`{"items": {"type": "number", "minimum": 0}}`: `[` + strings.TrimSuffix(strings.Repeat("1,", 390_000), ",") + `]`,
		`{"items": {"type": "object", "required": ["f1"], "additionalProperties": false, "properties": {` + strings.Join(fields, ",") + `}}}`: `[` + strings.TrimSuffix(strings.Repeat(`{`+strings.Join(object, ",")+`},`, 2000), ",") + `]`,
		`{"items": {"format": "regex"}}`: `["(a|b)*", "a{100}"]`,
	} {
		s, err := input.Compile(json.RawMessage(schema))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Check(json.RawMessage(value)); err != nil {
			t.Errorf("Check() of %d bytes with %.60s = %v", len(value), schema, err)
		}
	}
	s, err := input.Compile(json.RawMessage(`{"format": "regex"}`))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Check(json.RawMessage(`"("`)); err == nil {
		t.Error(`Check("(") of the format regex succeeds`)
	}
}

// FuzzCheck looks for schemas and values that the library does not survive.
func FuzzCheck(f *testing.F) {
	f.Add(`{"type": "object", "properties": {"a": {"$ref": "#/$defs/x"}}, "$defs": {"x": {"enum": [1, "b", null], "minimum": 1e3}}}`, `{"a": 5}`)
	f.Add(`{"items": {"pattern": "^a"}, "uniqueItems": true, "contains": {"const": {}}, "prefixItems": [true, false]}`, `["a", 1, {}]`)
	f.Add(`{"$dynamicAnchor": "r", "anyOf": [{"$dynamicRef": "#r"}], "unevaluatedProperties": {"format": "date-time"}, "if": true, "then": {"multipleOf": 0.1}}`, `{"x": "y"}`)
	f.Add(`{"dependentSchemas": {"a": {"required": ["b"]}}, "propertyNames": {"maxLength": 3}, "patternProperties": {"^x": false}}`, `{"a": 1, "xx": 2}`)
	f.Fuzz(func(t *testing.T, schema, value string) {
		s, err := input.Compile(json.RawMessage(schema))
		if err != nil {
			return
		}
		if err := s.Check(json.RawMessage(value)); err != nil && err.Error() == "" {
			t.Errorf("Check(%q) with %q says nothing", value, schema)
		}
	})
}

func TestReferencesKeepTheirFormat(t *testing.T) {
	t.Parallel()
	s, err := input.Compile(json.RawMessage(`{"properties": {"x": {"$ref": "#/$defs/t", "format": "email"}, "enum": {"$ref": "#/$defs/t"}}, "$defs": {"t": {"type": "string"}}}`))
	if err != nil {
		t.Fatal(err)
	}
	for value, want := range map[string]bool{`{"x": "a@b.example"}`: true, `{"x": "a"}`: false, `{"x": 1}`: false, `{"enum": 1}`: false, `{"enum": "x"}`: true} {
		if err := s.Check(json.RawMessage(value)); (err == nil) != want {
			t.Errorf("Check(%s) = %v, want it to pass: %v", value, err, want)
		}
	}
}

func TestProperties(t *testing.T) {
	t.Parallel()
	for schema, want := range map[string][]string{
		`{"properties": {"b": {}, "a": {}}, "additionalProperties": false}`:                         {"a", "b"},
		`{"properties": {"b": {}}}`:                                                                 nil,
		`{"properties": {"b": {}}, "additionalProperties": false, "patternProperties": {"^x": {}}}`: nil,
		`true`: nil,
	} {
		got, all := input.Properties(json.RawMessage(schema))
		if diff := cmp.Diff(want, got); diff != "" || all != (want != nil) {
			t.Errorf("Properties(%s) = %v, %v (-want +got):\n%s", schema, got, all, diff)
		}
	}
}

func ExampleSchema_Check() {
	s, err := input.Compile(json.RawMessage(`{"required": ["size"], "properties": {"size": {"type": "integer"}}}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(s.Check(json.RawMessage(`{"size": "large"}`)))
	// Output: size: got string, want integer
}
