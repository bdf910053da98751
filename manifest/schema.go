package manifest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// SchemaID is the "$id" of the JSON Schema.
const SchemaID = "https://berth-project.github.io/schema/berth.yaml.json"

// Schema returns a JSON Schema (2020-12) of berth.yaml, for editors. It accepts
// every good manifest; what takes more than one field to check it leaves to
// [Parse].
func Schema() []byte {
	b := schemaBuilder{manual: readManual(), defs: map[string]any{}}
	root := b.structure(reflect.TypeFor[Manifest]())
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["$id"] = SchemaID
	root["title"] = "berth.yaml"
	root["$defs"] = b.defs
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(root); err != nil {
		panic(fmt.Sprintf("manifest: encode the schema: %v", err))
	}
	return out.Bytes()
}

type object = map[string]any

type schemaBuilder struct {
	manual *manual
	// defs are the schemas of the struct types met so far.
	defs map[string]any
}

// structure returns the schema of the mapping form of a struct.
func (b schemaBuilder) structure(t reflect.Type) object {
	properties, required := object{}, []string{}
	for _, f := range fields(t) {
		if f.name == "" {
			continue
		}
		properties[f.name] = b.field(f)
		if f.required {
			required = append(required, f.name)
		}
	}
	out := object{"type": "object", "description": b.manual.typeText(t), "additionalProperties": false, "properties": properties}
	if len(required) > 0 {
		out["required"] = required
	}
	for _, names := range oneGroups(fields(t)) {
		var options []object
		for _, name := range names {
			options = append(options, object{"required": []string{name}})
		}
		out["oneOf"] = options
	}
	return out
}

// oneGroups returns the keys of each group of which exactly one is given.
func oneGroups(fs []field) map[string][]string {
	groups := map[string][]string{}
	for _, f := range fs {
		if f.one != "" && f.name != "" {
			groups[f.one] = append(groups[f.one], f.name)
		}
	}
	return groups
}

func (b schemaBuilder) field(f field) object {
	out := b.value(f.typ, f.traits)
	text, fallback := b.manual.about(f)
	if fallback != "" {
		text += " Default: " + fallback + "."
	}
	out["description"] = strings.ReplaceAll(text, "`", "")
	if f.defaulted {
		v := reflect.New(f.typ).Elem()
		setDefault(v, f.fallback)
		out["default"] = plain(v)
	}
	return out
}

// value returns the schema of a value of a type with the traits of its field.
func (b schemaBuilder) value(t reflect.Type, tr traits) object {
	switch {
	case t.Kind() == reflect.Pointer:
		return b.value(t.Elem(), tr)
	case t == typeStringOrList:
		list := b.value(reflect.TypeFor[[]string](), tr)
		return object{"anyOf": []any{list["items"], list}}
	case t.Kind() == reflect.Slice:
		out := object{"type": "array", "items": b.value(t.Elem(), tr.inherited())}
		if tr.required {
			out["minItems"] = 1
		}
		return out
	case t.Kind() == reflect.Map:
		out := object{"type": "object", "additionalProperties": b.value(t.Elem(), tr.inherited())}
		if p := formats[tr.keys].pattern; p != nil {
			out["propertyNames"] = object{"pattern": p.String()}
		}
		return out
	case t.Kind() == reflect.Struct:
		return b.reference(t)
	}
	return scalarSchema(t, tr)
}

// reference returns a reference to the schema of a struct in all its forms.
func (b schemaBuilder) reference(t reflect.Type) object {
	if _, ok := b.defs[t.Name()]; !ok {
		b.defs[t.Name()] = object{}
		b.defs[t.Name()] = b.forms(t)
	}
	return object{"$ref": "#/$defs/" + t.Name()}
}

func (b schemaBuilder) forms(t reflect.Type) object {
	var forms []any
	fs := fields(t)
	if words := wordsOf(fs); len(words) > 0 {
		forms = append(forms, object{"enum": words})
	}
	for _, f := range fs {
		if f.short {
			forms = append(forms, b.value(f.typ, f.traits))
		}
	}
	if keyed(fs) {
		forms = append(forms, b.structure(t))
	}
	if len(forms) == 1 {
		return forms[0].(object)
	}
	return object{"anyOf": forms, "description": b.manual.typeText(t)}
}

func scalarSchema(t reflect.Type, tr traits) object {
	switch {
	case t == typeDuration:
		forms := []any{object{"type": "string", "pattern": durationText.String()}}
		if inRange(reflect.Zero(t), tr) == nil {
			forms = append(forms, object{"const": 0})
		}
		return object{"anyOf": forms}
	case t == typeSize:
		return object{"anyOf": []any{object{"type": "string", "pattern": sizeText.String()}, integerSchema(t, tr)}}
	case t.Kind() == reflect.Bool:
		return object{"type": "boolean"}
	case t.Kind() == reflect.Int:
		return integerSchema(t, tr)
	case t.Kind() == reflect.Float64:
		return decimalSchema(t, tr)
	}
	out := object{"type": "string"}
	if len(tr.also) > 0 {
		out["type"] = append([]string{"string"}, tr.also...)
	}
	if len(tr.enum) > 0 {
		out["enum"] = tr.enum
	}
	if p := formats[tr.format].pattern; p != nil && t != typeTemplate {
		out["pattern"] = p.String()
	}
	return out
}

// integerSchema returns the schema of a whole number: an int, or a size
// without a unit.
func integerSchema(t reflect.Type, tr traits) object {
	out := object{"type": "integer"}
	if t == typeSize {
		out["minimum"] = 0
	}
	for key, text := range map[string]string{"minimum": tr.min, "maximum": tr.max} {
		if v := reflect.New(t).Elem(); text != "" && setScalar(v, text) == nil {
			out[key] = v.Int()
		}
	}
	var enum []int
	for _, word := range tr.enum {
		if n, err := strconv.Atoi(word); err == nil {
			enum = append(enum, n)
		}
	}
	if enum != nil {
		out["enum"] = enum
	}
	return out
}

func decimalSchema(t reflect.Type, tr traits) object {
	out := object{"type": "number"}
	for key, text := range map[string]string{"minimum": tr.min, "maximum": tr.max} {
		if v := reflect.New(t).Elem(); text != "" && setScalar(v, text) == nil {
			out[key] = v.Float()
		}
	}
	return out
}

// plain returns a default as JSON has it.
func plain(v reflect.Value) any {
	switch v.Kind() {
	case reflect.Slice:
		list := make([]any, v.Len())
		for i := range v.Len() {
			list[i] = plain(v.Index(i))
		}
		return list
	case reflect.Struct:
		for _, f := range fields(v.Type()) {
			fv := v.FieldByIndex(f.index)
			if f.word != "" && fv.Bool() {
				return f.word
			}
			if f.short && !fv.IsZero() {
				return plain(fv)
			}
		}
	case reflect.Bool:
		return v.Bool()
	case reflect.Int:
		return v.Int()
	case reflect.Float64:
		return v.Float()
	}
	return fmt.Sprint(v.Interface())
}
