package manifest_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/berth-project/berth/manifest"
)

// validator checks values against the part of JSON Schema that the schema of
// the manifest uses; it refuses a keyword it does not know.
type validator struct{ root map[string]any }

func newValidator(t *testing.T) validator {
	t.Helper()
	var v validator
	if err := json.Unmarshal(manifest.Schema(), &v.root); err != nil {
		t.Fatal(err)
	}
	return v
}

func (v validator) check(schema map[string]any, value any, path string) error {
	for keyword, arg := range schema {
		if err := v.keyword(schema, keyword, arg, value, path); err != nil {
			return err
		}
	}
	return nil
}

func (v validator) keyword(schema map[string]any, keyword string, arg, value any, path string) error {
	object, _ := value.(map[string]any)
	switch keyword {
	case "$schema", "$id", "$defs", "title", "description", "default", "properties":
		return nil
	case "$ref":
		name := strings.TrimPrefix(arg.(string), "#/$defs/")
		return v.check(v.root["$defs"].(map[string]any)[name].(map[string]any), value, path)
	case "type":
		return checkType(arg, value, path)
	case "enum":
		if !slices.ContainsFunc(arg.([]any), func(one any) bool { return same(one, value) }) {
			return fmt.Errorf("%s: %v is not one of %v", path, value, arg)
		}
	case "const":
		if !same(arg, value) {
			return fmt.Errorf("%s: %v is not %v", path, value, arg)
		}
	case "pattern":
		if text, ok := value.(string); ok && !regexp.MustCompile(arg.(string)).MatchString(text) {
			return fmt.Errorf("%s: %q does not match %v", path, text, arg)
		}
	case "minimum", "maximum":
		n, ok := number(value)
		if ok && (keyword == "minimum" && n < arg.(float64) || keyword == "maximum" && n > arg.(float64)) {
			return fmt.Errorf("%s: %v is beyond the %s %v", path, n, keyword, arg)
		}
	case "minItems":
		if list, ok := value.([]any); ok && float64(len(list)) < arg.(float64) {
			return fmt.Errorf("%s: has %d items, not %v", path, len(list), arg)
		}
	case "anyOf", "oneOf":
		return v.options(keyword, arg.([]any), value, path)
	case "items":
		list, _ := value.([]any)
		for i, one := range list {
			if err := v.check(arg.(map[string]any), one, fmt.Sprintf("%s[%d]", path, i)); err != nil {
				return err
			}
		}
	case "required":
		for _, name := range arg.([]any) {
			if _, ok := object[name.(string)]; object != nil && !ok {
				return fmt.Errorf("%s: no %s", path, name)
			}
		}
	case "propertyNames":
		for name := range object {
			if err := v.check(arg.(map[string]any), name, path+"."+name); err != nil {
				return err
			}
		}
	case "additionalProperties":
		return v.properties(schema, arg, object, path)
	default:
		return fmt.Errorf("unknown keyword %q", keyword)
	}
	return nil
}

func (v validator) options(keyword string, options []any, value any, path string) error {
	var errs []string
	good := 0
	for _, option := range options {
		if err := v.check(option.(map[string]any), value, path); err != nil {
			errs = append(errs, err.Error())
			continue
		}
		good++
	}
	if good == 0 || keyword == "oneOf" && good > 1 {
		return fmt.Errorf("%s: fits %d of %s (%s)", path, good, keyword, strings.Join(errs, "; "))
	}
	return nil
}

func (v validator) properties(schema map[string]any, additional any, object map[string]any, path string) error {
	known, _ := schema["properties"].(map[string]any)
	for name, value := range object {
		sub, ok := known[name].(map[string]any)
		if !ok {
			sub, ok = additional.(map[string]any)
		}
		if !ok {
			return fmt.Errorf("%s: unknown key %s", path, name)
		}
		if err := v.check(sub, value, path+"."+name); err != nil {
			return err
		}
	}
	return nil
}

func checkType(want, value any, path string) error {
	got := "object"
	switch value := value.(type) {
	case string:
		got = "string"
	case bool:
		got = "boolean"
	case []any:
		got = "array"
	case nil:
		got = "null"
	default:
		if n, ok := number(value); ok {
			got = "number"
			if n == float64(int64(n)) && want == "integer" {
				got = "integer"
			}
		}
	}
	if list, ok := want.([]any); ok && slices.Contains(list, any(got)) || want == got {
		return nil
	}
	return fmt.Errorf("%s: is a %s, not %v", path, got, want)
}

// same reports whether two values are equal; the text "0" is not the number.
func same(a, b any) bool {
	m, isNumber := number(a)
	n, both := number(b)
	return isNumber && both && m == n || a == b
}

func number(value any) (float64, bool) {
	switch n := value.(type) {
	case float64:
		return n, true
	case int64:
		return float64(n), true
	case uint64:
		return float64(n), true
	}
	return 0, false
}

func decodeYAML(t *testing.T, data []byte) any {
	t.Helper()
	var value any
	if err := yaml.Unmarshal(data, &value); err != nil {
		t.Fatal(err)
	}
	return value
}

func decodeJSON(t *testing.T, data []byte) any {
	t.Helper()
	var value any
	if err := json.Unmarshal(data, &value); err != nil {
		t.Fatalf("%v\n%s", err, data)
	}
	return value
}

func TestSchemaAcceptsEveryGoodFile(t *testing.T) {
	t.Parallel()
	v := newValidator(t)
	for _, file := range corpus(t, "good") {
		data := []byte(strings.TrimPrefix(string(read(t, file)), "\ufeff"))
		if err := v.check(v.root, decodeYAML(t, data), "manifest"); err != nil {
			t.Errorf("%s: %v", file, err)
		}
		m, problems := manifest.Parse(file, data)
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		if err := v.check(v.root, decodeYAML(t, m.Resolved()), "manifest"); err != nil {
			t.Errorf("%s, resolved: %v", file, err)
		}
		text, err := m.ResolvedJSON()
		if err != nil {
			t.Fatal(err)
		}
		if err := v.check(v.root, decodeJSON(t, text), "manifest"); err != nil {
			t.Errorf("%s, resolved as JSON: %v", file, err)
		}
	}
}

func TestSchemaRefusesWhatOneFieldShows(t *testing.T) {
	t.Parallel()
	v := newValidator(t)
	for _, name := range []string{
		"no-service", "bad-slug", "unknown-top", "unknown-route-key", "wrong-type-list", "wrong-type-map", "wrong-type-bool",
		"wrong-type-number", "wrong-type-text", "wrong-type-process", "enum", "enum-redirect", "word-source", "range-scale",
		"duration-no-unit", "duration-word", "duration-negative", "size", "source-two", "process-no-command",
		"process-command-map", "route-two-targets", "route-no-target", "route-no-path", "route-objects-both",
		"static-no-root", "environment-types", "upstream-no-targets", "range-zero", "access-nothing", "access-two", "access-word", "console-require", "development-email", "tls-no-key",
	} {
		if err := v.check(v.root, decodeYAML(t, read(t, "testdata/bad/"+name+".yaml")), "manifest"); err == nil {
			t.Errorf("the schema accepts %s", name)
		}
	}
}
