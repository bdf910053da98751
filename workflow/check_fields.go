package workflow

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Bounds of what a document may hold.
const (
	// MaxSteps is how many steps a run may have, generated ones included.
	MaxSteps = 10_000
	// MaxName is how long the name of a step, a type or a pool may be, in bytes.
	MaxName = 128
	// MaxList is how many texts a list may have, and entries a map of labels or
	// parameters.
	MaxList = 1000
)

// checkFields checks every field of a value against what its tags say. It works
// on documents that were built as on those that were read.
func checkFields(ps *problems, v reflect.Value) { checkValue(ps, v, field{}, nil) }

func checkValue(ps *problems, v reflect.Value, f field, t *trail) {
	if ps.full() {
		return
	}
	switch v.Type() {
	case typeRaw, typeOnError:
		return
	case typeDuration:
		if _, err := bounded(Duration(v.Int()).Std()); err != nil {
			ps.add(codeForm, t, err.Error(), "")
		}
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			checkValue(ps, v.Elem(), f, t)
		}
	case reflect.Struct:
		for _, f := range fieldsOf(v.Type()) {
			if value := v.Field(f.index); f.required || !value.IsZero() { // 0 is within every bound
				checkValue(ps, value, f, t.child(f.name))
			}
		}
	case reflect.Slice:
		checkLength(ps, v, t)
		for i := range v.Len() {
			checkValue(ps, v.Index(i), f, t.item(i))
		}
	case reflect.Map:
		checkLength(ps, v, t)
		checkMap(ps, v, t)
	case reflect.String:
		checkText(ps, v.String(), f, t)
	case reflect.Int:
		checkNumber(ps, float64(v.Int()), f, t)
	case reflect.Float64:
		checkNumber(ps, v.Float(), f, t)
	}
}

func checkLength(ps *problems, v reflect.Value, t *trail) {
	most := MaxList
	if v.Type() == reflect.TypeFor[[]Step]() {
		most = MaxSteps
	}
	if v.Len() > most {
		ps.add(codeRange, t, fmt.Sprintf("has %d entries, more than the %d allowed", v.Len(), most), "")
	}
}

// maxLabel bounds the name and the value of a label, and the name of a parameter, in
// characters.
const maxLabel = 1024

func checkMap(ps *problems, v reflect.Value, t *trail) {
	keys := v.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
	for _, key := range keys {
		at := t.child(key.String())
		if n := utf8.RuneCountInString(key.String()); n < 1 || n > maxLabel {
			ps.at(codeRange, place{trail: at, key: true}, fmt.Sprintf("name has %d characters, not 1 to %d", n, maxLabel), "")
		}
		if v.Type().Elem().Kind() == reflect.String {
			checkText(ps, v.MapIndex(key).String(), field{max: maxLabel, hasMax: true}, at)
		}
	}
}

func checkText(ps *problems, s string, f field, t *trail) {
	if f.hasMax && float64(utf8.RuneCountInString(s)) > f.max {
		ps.add(codeRange, t, fmt.Sprintf("text is longer than %s characters", number(f.max)), "")
		return
	}
	form, ok := formats[f.format]
	inList := t != nil && t.index >= 0
	switch {
	case s == "" && f.required && f.format != "pointer":
		ps.add(codeForm, t, f.name+" is empty", "")
	case !ok || s == "" && !inList:
	case len(s) > MaxName && f.format != "pointer":
		ps.add(codeRange, t, fmt.Sprintf("text is longer than %d characters", MaxName), "")
	case !form.pattern.MatchString(s):
		ps.add(codeForm, t, fmt.Sprintf("%.80q is no %s", s, form.what), form.help)
	case f.format == "event" && NoEvent(s) != "":
		ps.add(codeForm, t, "no event is called "+strconv.Quote(s), NoEvent(s))
	}
}

func checkNumber(ps *problems, v float64, f field, t *trail) {
	if math.IsNaN(v) || f.hasMin && v < f.min || f.hasMax && v > f.max {
		ps.add(codeRange, t, fmt.Sprintf("%s is not between %s and %s", number(v), number(f.min), number(f.max)), "")
	}
}

func number(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }
