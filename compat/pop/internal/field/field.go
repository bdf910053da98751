// Package field reads JSON objects as Comcast's Priority Operation Processing
// does: names are exact, unknown fields are ignored, null is as good as nothing,
// and what is wrong is told in words.
package field

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
)

// Error says that a field of an object has a value of the wrong type.
type Error struct {
	// Field is the name, or a path of names: "operations.name".
	Field string
	// Message says what it is and what it should be.
	Message string
}

// Error implements error.
func (e *Error) Error() string { return e.Field + " " + e.Message }

// Decode reads an object into the struct that into points to, by the exact
// names in its json tags. The package encoding/json by itself would take "ID" for
// "id". null leaves a field as it is.
func Decode(data []byte, into any) error {
	if IsNull(data) {
		return nil
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(data, &members); err != nil {
		return Explain("", err)
	}
	return set(reflect.ValueOf(into).Elem(), members)
}

func set(v reflect.Value, members map[string]json.RawMessage) error {
	for i := range v.NumField() {
		field := v.Type().Field(i)
		if field.Anonymous {
			if err := set(v.Field(i), members); err != nil {
				return err
			}
			continue
		}
		name := jsonName(field)
		raw, ok := members[name]
		if !ok || IsNull(raw) {
			continue
		}
		if err := json.Unmarshal(raw, v.Field(i).Addr().Interface()); err != nil {
			return Explain(name, err)
		}
	}
	return nil
}

func jsonName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name
}

// IsNull reports whether a JSON text is null.
func IsNull(raw json.RawMessage) bool {
	return string(bytes.TrimSpace(raw)) == "null"
}

// Explain words an error of the field of that name, "" for the object itself:
// an error of encoding/json for people who do not write Go.
func Explain(name string, err error) error {
	var inner *Error
	if errors.As(err, &inner) {
		return &Error{Field: strings.Trim(name+"."+inner.Field, "."), Message: inner.Message}
	}
	var wrong *json.UnmarshalTypeError
	if !errors.As(err, &wrong) {
		return fmt.Errorf("%s%w", strings.TrimPrefix(name+": ", ": "), err)
	}
	want := "an object"
	switch wrong.Type.Kind() {
	case reflect.String:
		want = "a string"
	case reflect.Int, reflect.Int64:
		want = "a whole number"
	case reflect.Float64:
		want = "a number"
	case reflect.Bool:
		want = "true or false"
	case reflect.Slice:
		want = "an array"
	}
	kind, _, _ := strings.Cut(wrong.Value, " ")
	return &Error{Field: name, Message: fmt.Sprintf("is of type %s, want %s", kind, want)}
}

// ExplainBody is [Explain] for an object that stands alone.
func ExplainBody(err error) error {
	err = Explain("", err)
	var field *Error
	if errors.As(err, &field) && field.Field == "" {
		return &Error{Field: "body", Message: field.Message}
	}
	return err
}

// Names lists the names of an object's fields, in order.
func Names(t reflect.Type) []string {
	var names []string
	for i := range t.NumField() {
		field := t.Field(i)
		if field.Anonymous {
			names = append(names, Names(field.Type)...)
			continue
		}
		names = append(names, jsonName(field))
	}
	return names
}
