package manifest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Resolved returns the manifest as YAML with every default written out, in the
// order of the reference. Parsed again it gives the same manifest. Variables
// are not expanded in it, unless m comes from [Manifest.Expand].
func (m *Manifest) Resolved() []byte {
	w := &writer{}
	w.structure(reflect.ValueOf(m).Elem(), "")
	return w.b.Bytes()
}

// writer writes document types as YAML.
type writer struct{ b bytes.Buffer }

// structure writes the fields of a struct, each on lines of its own with the
// given indentation.
func (w *writer) structure(v reflect.Value, indent string) {
	for _, f := range fields(v.Type()) {
		fv := v.FieldByIndex(f.index)
		if f.name == "" || absent(fv, f.defaulted) {
			continue
		}
		w.b.WriteString(indent + f.name + ":")
		w.value(fv, indent)
	}
}

// absent reports whether a value is left out: it stands for nothing, or for
// a default the field does not have.
func absent(v reflect.Value, defaulted bool) bool {
	switch v.Kind() {
	case reflect.Pointer:
		return v.IsNil()
	case reflect.Map:
		return v.Len() == 0
	case reflect.Slice:
		return v.Len() == 0 && !defaulted
	case reflect.String:
		return v.Len() == 0
	case reflect.Struct:
		if _, ok := inline(v); ok {
			return false
		}
		for _, f := range fields(v.Type()) {
			if f.name != "" && !absent(v.FieldByIndex(f.index), f.defaulted) {
				return false
			}
		}
		return true
	}
	return false
}

// value writes what follows "key:" or "-", line end included.
func (w *writer) value(v reflect.Value, indent string) {
	if v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	if text, ok := inline(v); ok {
		w.b.WriteString(" " + text + "\n")
		return
	}
	w.b.WriteByte('\n')
	indent += "  "
	switch v.Kind() {
	case reflect.Struct:
		w.structure(v, indent)
	case reflect.Slice:
		for i := range v.Len() {
			w.item(v.Index(i), indent)
		}
	case reflect.Map:
		keys := v.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
		for _, key := range keys {
			w.b.WriteString(indent + quote(key.String()) + ":")
			w.value(v.MapIndex(key), indent)
		}
	}
}

// item writes one item of a list: the first line of a mapping goes on the line
// of the dash.
func (w *writer) item(v reflect.Value, indent string) {
	if text, ok := inline(v); ok {
		w.b.WriteString(indent + "- " + text + "\n")
		return
	}
	var inner writer
	inner.structure(v, indent+"  ")
	text := inner.b.String()
	w.b.WriteString(indent + "- " + strings.TrimPrefix(text, indent+"  "))
}

// inline returns the form of a value that fits on the line of its key.
func inline(v reflect.Value) (string, bool) {
	switch v.Kind() {
	case reflect.Struct:
		return inlineStruct(v)
	case reflect.Map:
		return "{}", v.Len() == 0
	case reflect.Slice:
		return inlineList(v)
	case reflect.String:
		return quote(v.String()), true
	}
	if v.Kind() == reflect.Float64 {
		return strconv.FormatFloat(v.Float(), 'f', -1, 64), true
	}
	return fmt.Sprint(v.Interface()), true
}

func inlineStruct(v reflect.Value) (string, bool) {
	f, scalar, list := short(v)
	if scalar && f.word != "" {
		return f.word, true
	}
	if keyed(fields(v.Type())) || !scalar && !list {
		return "", false
	}
	return inline(v.FieldByIndex(f.index))
}

// short returns the field that is all there is to say of a struct: a word that
// is set, or the form of a type without keys.
func short(v reflect.Value) (f field, scalar, list bool) {
	for _, f := range fields(v.Type()) {
		fv := v.FieldByIndex(f.index)
		switch {
		case f.word != "" && fv.Bool():
			return f, true, false
		case f.name == "" && f.short && fv.Len() > 0:
			return f, fv.Kind() == reflect.String, fv.Kind() == reflect.Slice
		}
	}
	return field{}, false, false
}

func inlineList(v reflect.Value) (string, bool) {
	items := make([]string, v.Len())
	for i := range v.Len() {
		one := v.Index(i)
		if one.Kind() != reflect.String {
			return "[]", v.Len() == 0
		}
		items[i] = quote(one.String())
	}
	return "[" + strings.Join(items, ", ") + "]", true
}

var (
	plainText = regexp.MustCompile(`^[A-Za-z_./][A-Za-z0-9_./@+-]*( [A-Za-z0-9_./@+-]+)*$`)
	// otherText are the plain texts that some YAML reader takes for another type.
	otherText = regexp.MustCompile(`(?i)^(true|false|yes|no|on|off|y|n|null|~|\.inf|\.nan|\.?[0-9].*|\.+)$`)
)

// quote writes a text as a YAML scalar on one line.
func quote(s string) string {
	if plainText.MatchString(s) && !otherText.MatchString(s) {
		return s
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		panic(fmt.Sprintf("manifest: encode a string: %v", err))
	}
	text := strings.TrimSuffix(b.String(), "\n")
	return unprintable.ReplaceAllStringFunc(text, func(r string) string { return fmt.Sprintf(`\u%04x`, []rune(r)[0]) })
}

// unprintable are the characters JSON leaves and YAML does not allow as they
// stand.
var unprintable = regexp.MustCompile(`[\x{7f}-\x{9f}\x{feff}]`)
