package manifest

import (
	"fmt"
	"reflect"
	"strings"
)

// fillDefaults sets the fields of a struct that have a default, and those of
// the structs within it.
func fillDefaults(v reflect.Value) {
	if v.Kind() != reflect.Struct {
		return
	}
	for _, f := range fields(v.Type()) {
		fv := v.FieldByIndex(f.index)
		if f.defaulted {
			setDefault(fv, f.fallback)
			continue
		}
		fillDefaults(fv)
	}
}

// setDefault sets a field from the text of its tag. A tag that does not fit
// its field is a mistake in this package that every test meets.
func setDefault(v reflect.Value, text string) {
	switch v.Kind() {
	case reflect.Slice:
		items := strings.Split(text, ", ")
		v.Set(reflect.MakeSlice(v.Type(), len(items), len(items)))
		for i, one := range items {
			setDefault(v.Index(i), one)
		}
	case reflect.Struct:
		fillDefaults(v)
		fs := fields(v.Type())
		if f, ok := wordField(fs, text); ok {
			v.FieldByIndex(f.index).SetBool(true)
			return
		}
		f, ok := shortField(fs, false)
		if !ok {
			panic(fmt.Sprintf("manifest: no short form of %s", v.Type()))
		}
		setDefault(v.FieldByIndex(f.index), text)
	default:
		if err := setScalar(v, text); err != nil {
			panic(fmt.Sprintf("manifest: default %q of a %s: %s", text, v.Type(), err.message))
		}
	}
}
