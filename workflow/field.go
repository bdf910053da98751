package workflow

import (
	"reflect"
	"strconv"
	"strings"
	"sync"
)

// field is what the tags of a struct field say about a key of the document.
type field struct {
	name     string // the key
	goName   string
	index    int
	typ      reflect.Type
	required bool
	// min and max bound numbers; max bounds the characters of texts and the
	// items of lists as well.
	min, max       float64
	hasMin, hasMax bool
	format         string // a key of formats, for a text or each text of a list
	kind           string // "schema", "template" or "expression"
}

// fieldsOf returns the fields of a struct that have a key. Reading tags is slow,
// so it is done once for each type.
func fieldsOf(t reflect.Type) []field { return allFields()[t] }

var allFields = sync.OnceValue(func() map[reflect.Type][]field {
	all := map[reflect.Type][]field{}
	for _, t := range []reflect.Type{
		reflect.TypeFor[Document](), reflect.TypeFor[Step](), reflect.TypeFor[ForEach](), reflect.TypeFor[Generate](),
		reflect.TypeFor[Callback](), reflect.TypeFor[Retry](), reflect.TypeFor[onErrorObject](),
	} {
		for i := range t.NumField() {
			all[t] = append(all[t], newField(t.Field(i), i))
		}
	}
	return all
})

func newField(sf reflect.StructField, index int) field {
	name, _, _ := strings.Cut(sf.Tag.Get("json"), ",")
	f := field{
		name: name, goName: sf.Name, index: index, typ: sf.Type,
		required: sf.Tag.Get("required") == "true", format: sf.Tag.Get("format"), kind: sf.Tag.Get("kind"),
	}
	f.min, f.hasMin = bound(sf.Tag.Get("min"))
	f.max, f.hasMax = bound(sf.Tag.Get("max"))
	return f
}

func bound(tag string) (float64, bool) {
	v, err := strconv.ParseFloat(tag, 64)
	return v, err == nil
}

// article names what a struct describes, as messages do.
func article(t reflect.Type) string {
	switch t {
	case reflect.TypeFor[Document]():
		return "a workflow"
	case reflect.TypeFor[Step]():
		return "a step"
	case reflect.TypeFor[ForEach]():
		return "for-each"
	case reflect.TypeFor[Generate]():
		return "generate"
	case reflect.TypeFor[Callback]():
		return "a callback"
	case reflect.TypeFor[Retry]():
		return "retry"
	}
	return "on-error"
}
