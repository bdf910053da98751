package api

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
	"github.com/berth-project/berth/work"
)

// Decode reads a document as the API does: strictly, with the names as they
// are spelled. For documents that come in files.
func Decode(text []byte, into any) error { return decode(text, into) }

// decode reads JSON strictly: all of it, names as they are spelled and each
// once. encoding/json alone takes "Tenant" for "tenant", and of two the last.
func decode(body []byte, into any) error {
	if !utf8.Valid(body) {
		return fmt.Errorf("%w: the body: it is not UTF-8", work.ErrInvalid)
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	if err := dec.Decode(into); err != nil {
		return fmt.Errorf("%w: the body: %w", work.ErrInvalid, readable(err))
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: the body: something follows the JSON value", work.ErrInvalid)
	}
	names := spelling{}
	if err := names.exact(jsonscan.Trim(body), reflect.TypeOf(into)); err != nil {
		return fmt.Errorf("%w: the body: %w", work.ErrInvalid, err)
	}
	return nil
}

// readable words the errors of encoding/json without the names of Go's types.
func readable(err error) error {
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		where := wrong.Field
		if where == "" {
			where = "the value"
		}
		return fmt.Errorf("%s: a JSON %s cannot stand there", where, wrong.Value)
	}
	return errors.New(strings.TrimPrefix(err.Error(), "json: "))
}

var (
	textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()
	jsonUnmarshaler = reflect.TypeFor[json.Unmarshaler]()
)

// spelling has the names that structs have in JSON, of those met so far.
type spelling map[reflect.Type]map[string]reflect.Type

// exact compares the names in JSON with those that a type has, down to what
// reads itself. The JSON was read into the type before: its shape is right.
func (s spelling) exact(raw json.RawMessage, t reflect.Type) error {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if p := reflect.PointerTo(t); p.Implements(jsonUnmarshaler) || p.Implements(textUnmarshaler) {
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
			err = s.unknown(t, name)
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
		s[t] = namesOf(t)
	}
	return s[t][name]
}

func (s spelling) unknown(t reflect.Type, name string) error {
	names := slices.Sorted(maps.Keys(s[t]))
	if near := diagnostic.Nearest(name, names); near != "" {
		return &misspelt{name, fmt.Sprintf("is not known: did you mean %q?", near)}
	}
	return &misspelt{name, "is not known: there are " + strings.Join(names, ", ")}
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

// namesOf gives the names that a struct has in JSON, with their types.
func namesOf(t reflect.Type) map[string]reflect.Type {
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
