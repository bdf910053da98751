package manifest

import (
	"reflect"
	"strings"
)

// field is one field of a document type, as its tags describe it.
type field struct {
	// name is the key in YAML, "" for a field that is set by a word or by the
	// short form only.
	name string
	// owner and goName find the comment of the field.
	owner, goName string
	index         []int
	typ           reflect.Type
	traits
}

// traits is what the tags of a field say about its value; the items of a list
// and the values of a map have those of the list or map.
type traits struct {
	required bool
	// short says that a value in place of the mapping sets this field.
	short bool
	// word is the scalar that in place of the mapping sets this bool field.
	word string
	// one names a group of fields of which exactly one is given.
	one string
	// secret keeps values out of excerpts and messages.
	secret bool
	// literal permits "${", which Berth does not expand in this field.
	literal bool
	// also are the scalars a text field takes besides texts, as JSON Schema names
	// them.
	also []string
	// enum are the words allowed.
	enum     []string
	format   string
	keys     string
	min, max string
	fallback string
	// defaulted tells an empty default from none.
	defaulted bool
}

// fields returns the fields of a document type in order, inlined ones in
// place of the struct that holds them.
func fields(t reflect.Type) []field {
	var out []field
	for f := range structFields(t) {
		name, rest, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if rest == "inline" {
			for _, inner := range fields(f.Type) {
				inner.index = append([]int{f.Index[0]}, inner.index...)
				out = append(out, inner)
			}
			continue
		}
		out = append(out, field{
			name: name, owner: t.Name(), goName: f.Name, index: f.Index, typ: f.Type,
			traits: readTraits(f.Tag),
		})
	}
	return out
}

func structFields(t reflect.Type) func(yield func(reflect.StructField) bool) {
	return func(yield func(reflect.StructField) bool) {
		for i := range t.NumField() {
			if f := t.Field(i); f.IsExported() && !yield(f) {
				return
			}
		}
	}
}

func readTraits(tag reflect.StructTag) traits {
	fallback, defaulted := tag.Lookup("default")
	return traits{
		required: flag(tag, "required"), short: flag(tag, "short"), word: tag.Get("word"), one: tag.Get("one"),
		secret: flag(tag, "secret"), literal: flag(tag, "literal"),
		also: strings.Fields(tag.Get("also")), enum: strings.Fields(tag.Get("enum")),
		format: tag.Get("format"), keys: tag.Get("key"), min: tag.Get("min"), max: tag.Get("max"),
		fallback: fallback, defaulted: defaulted,
	}
}

func flag(tag reflect.StructTag, name string) bool { return tag.Get(name) == "true" }

// inherited returns the traits of what is inside a list or map.
func (t traits) inherited() traits {
	return traits{secret: t.secret, literal: t.literal, also: t.also, enum: t.enum, format: t.format, min: t.min, max: t.max}
}

// fieldOf returns the field of a key, nil when there is none.
func fieldOf(fs []field, key string) *field {
	for i := range fs {
		if fs[i].name != "" && fs[i].name == key {
			return &fs[i]
		}
	}
	return nil
}

// wordField returns the field that a scalar in place of the mapping sets.
func wordField(fs []field, text string) (field, bool) {
	for _, f := range fs {
		if f.word != "" && f.word == text {
			return f, true
		}
	}
	return field{}, false
}

// shortField returns the field that a value of this kind, in place of the
// mapping, sets.
func shortField(fs []field, list bool) (field, bool) {
	for _, f := range fs {
		if f.short && accepts(f.typ, list) {
			return f, true
		}
	}
	return field{}, false
}

// accepts reports whether a list, or else a scalar, can stand for the type.
func accepts(t reflect.Type, list bool) bool {
	switch t.Kind() {
	case reflect.Pointer:
		return accepts(t.Elem(), list)
	case reflect.Slice:
		return list || t == typeStringOrList
	case reflect.Struct:
		_, ok := shortField(fields(t), list)
		return ok
	case reflect.Map:
		return false
	}
	return !list
}

// keyed reports whether a mapping can stand for the struct type at all.
func keyed(fs []field) bool {
	for _, f := range fs {
		if f.name != "" {
			return true
		}
	}
	return false
}

var (
	typeDuration     = reflect.TypeFor[Duration]()
	typeSize         = reflect.TypeFor[Size]()
	typeTemplate     = reflect.TypeFor[Template]()
	typeStringOrList = reflect.TypeFor[StringOrList]()
)
