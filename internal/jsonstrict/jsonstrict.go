// Package jsonstrict reads JSON that people write into Go values, strictly, and
// says what is wrong in words that need no Go: names as they are spelled and
// each once, where encoding/json alone takes "Tenant" for "tenant", and of two
// the last.
package jsonstrict

import (
	"bytes"
	"cmp"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/berth-project/berth/internal/diagnostic"
	"github.com/berth-project/berth/internal/jsonscan"
)

// Decode reads one JSON value, all of it. An error says where in the value it
// is. Types with a decoder of their own, and what is below them, are theirs.
func Decode(text []byte, into any) error {
	if !utf8.Valid(text) {
		return errors.New("it is not UTF-8")
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	if err := dec.Decode(into); err != nil {
		return readable(err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the JSON value")
	}
	names := spelling{}
	return names.exact(jsonscan.Trim(text), reflect.TypeOf(into))
}

// readable words the errors of encoding/json without the names of Go's types.
func readable(err error) error {
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		where := cmp.Or(wrong.Field, "the value")
		if want := called(wrong.Type); want != "" {
			return fmt.Errorf("%s: %s stands there, want %s", where, article(wrong.Value), want)
		}
		return fmt.Errorf("%s: %s cannot stand there", where, article(wrong.Value))
	}
	return errors.New(strings.TrimPrefix(err.Error(), "json: "))
}

// called is what JSON calls the values of a type; "" where that is not plain.
func called(t reflect.Type) string {
	if Opaque(t) {
		return ""
	}
	switch t.Kind() {
	case reflect.String:
		return "a text"
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return "a whole number"
	case reflect.Float32, reflect.Float64:
		return "a number"
	case reflect.Slice, reflect.Array:
		return "an array"
	case reflect.Map, reflect.Struct:
		return "an object"
	}
	return ""
}

// article is what encoding/json calls a value, in words: "string", "number 3.5".
func article(value string) string {
	switch {
	case value == "string":
		return "a text"
	case value == "bool":
		return "true or false"
	case value == "object", value == "array":
		return "an " + value
	case value == "number":
		return "a number"
	}
	return "the " + value
}

var (
	textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()
	jsonUnmarshaler = reflect.TypeFor[json.Unmarshaler]()
)

// Opaque says whether a type reads its JSON itself: what is in it is its own.
func Opaque(t reflect.Type) bool {
	p := reflect.PointerTo(t)
	return p.Implements(jsonUnmarshaler) || p.Implements(textUnmarshaler)
}

// spelling has the names that structs have in JSON, of those met so far.
type spelling map[reflect.Type]map[string]reflect.Type

// exact compares the names in JSON with those that a type has, down to what
// reads itself. The JSON was read into the type before: its shape is right.
func (s spelling) exact(raw json.RawMessage, t reflect.Type) error {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if Opaque(t) {
		return nil
	}
	var err error
	switch t.Kind() {
	case reflect.Slice, reflect.Array:
		jsonscan.Elements(raw, func(i int, v json.RawMessage) bool {
			err = within("["+strconv.Itoa(i)+"]", s.exact(v, t.Elem()))
			return err == nil
		})
	case reflect.Map, reflect.Struct:
		err = s.members(raw, t)
	}
	return err
}

// members goes through an object, or through nothing when it is null.
func (s spelling) members(raw json.RawMessage, t reflect.Type) error {
	seen := map[string]bool{}
	var err error
	jsonscan.Members(raw, func(name string, v json.RawMessage) bool {
		of := s.member(t, name)
		switch {
		case seen[name]:
			err = &misspelt{name, "is there twice"}
		case of == nil:
			err = &misspelt{name, "is not known: " + Unknown(name, t)}
		default:
			err = within(name, s.exact(v, of))
		}
		seen[name] = true
		return err == nil
	})
	return err
}

// member gives the type of a member, nil when there is none of that name.
func (s spelling) member(t reflect.Type, name string) reflect.Type {
	if t.Kind() == reflect.Map {
		return t.Elem()
	}
	if s[t] == nil {
		s[t] = Members(t)
	}
	return s[t][name]
}

// misspelt is a name that should not be there.
type misspelt struct{ path, why string }

func (m *misspelt) Error() string { return fmt.Sprintf("%.200q %s", m.path, m.why) }

// within tells where the value stands that an error is about.
func within(name string, err error) error {
	if m, ok := err.(*misspelt); ok { //nolint:errorlint // it is never wrapped
		if !strings.HasPrefix(m.path, "[") {
			m.path = "." + m.path
		}
		m.path = name + m.path
	}
	return err
}

// Unknown says what is the matter with a name that a struct has not: which it
// may have meant, or which there are.
func Unknown(name string, t reflect.Type) string {
	names := slices.Sorted(maps.Keys(Members(t)))
	near := diagnostic.Nearest(name, names)
	if i := slices.IndexFunc(names, func(n string) bool { return strings.EqualFold(n, name) }); i >= 0 {
		near = names[i]
	}
	if near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	return "there are " + strings.Join(names, ", ")
}

// Members gives the names that a struct has in JSON, with their types.
func Members(t reflect.Type) map[string]reflect.Type {
	names := map[string]reflect.Type{}
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if !f.IsExported() || f.Anonymous && name == "" || name == "-" {
			continue
		}
		names[cmp.Or(name, f.Name)] = f.Type
	}
	return names
}
