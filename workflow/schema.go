package workflow

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"github.com/berth-project/berth/workflow/expression"
)

// SchemaID is the "$id" of the JSON Schema.
const SchemaID = "https://berth-project.github.io/schema/workflow.json"

// Schema returns a JSON Schema (2020-12) of the document, for editors. It accepts
// every document that [Parse] accepts; what takes more than one value to check it
// leaves to Parse.
func Schema() []byte {
	b := schemaBuilder{manual: readManual(), defs: object{}}
	root := b.structure(reflect.TypeFor[Document]())
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["$id"] = SchemaID
	root["title"] = "Berth workflow"
	root["$defs"] = b.defs
	text, err := json.MarshalIndent(root, "", "  ")
	if err != nil {
		panic(fmt.Sprintf("workflow: encode the schema: %v", err)) // maps of texts and numbers
	}
	return append(text, '\n')
}

type object = map[string]any

type schemaBuilder struct {
	manual manual
	defs   object // the schemas of the struct types met so far
}

func (b schemaBuilder) structure(t reflect.Type) object {
	properties, required := object{}, []string{}
	for _, f := range fieldsOf(t) {
		one := b.value(f.typ, f)
		text, fallback := b.manual.about(t, f)
		if fallback != "" {
			text += " Default: " + fallback + "."
		}
		if text = strings.ReplaceAll(text, "`", ""); text != "" {
			one["description"] = text
		}
		properties[f.name] = one
		if f.required {
			required = append(required, f.name)
		}
	}
	out := object{"type": "object", "additionalProperties": false, "properties": properties}
	if len(required) > 0 {
		out["required"] = required
	}
	return out
}

func (b schemaBuilder) value(t reflect.Type, f field) object {
	switch t {
	case typeRaw:
		return rawSchema(f)
	case typeDuration:
		return durationSchema()
	case typeOnError:
		long := b.structure(reflect.TypeFor[onErrorObject]())
		words := object{"enum": []string{wordFail, wordContinue}}
		long["properties"].(object)["then"] = words
		return object{"anyOf": []any{words, long}}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return b.value(t.Elem(), f)
	case reflect.Struct:
		if _, ok := b.defs[t.Name()]; !ok {
			b.defs[t.Name()] = object{}
			b.defs[t.Name()] = b.structure(t)
		}
		return object{"$ref": "#/$defs/" + t.Name()}
	case reflect.Slice:
		most := MaxList
		if t == reflect.TypeFor[[]Step]() {
			most = MaxSteps
		}
		inner := f
		inner.required = true // an entry is not empty
		out := object{"type": "array", "items": b.value(t.Elem(), inner), "maxItems": most}
		if f.required {
			out["minItems"] = 1
		}
		return out
	case reflect.Map:
		names := object{"minLength": 1, "maxLength": maxLabel}
		out := object{"type": "object", "propertyNames": names, "maxProperties": MaxList}
		if t.Elem().Kind() == reflect.String {
			out["additionalProperties"] = object{"type": "string", "maxLength": maxLabel}
		}
		return out
	}
	return scalarSchema(t, f)
}

func rawSchema(f field) object {
	switch {
	case f.kind == "schema":
		return object{"type": []string{"object", "boolean"}}
	case f.name == "in":
		return object{"type": []string{"array", "string"}}
	}
	return object{}
}

func durationSchema() object {
	const unit = `([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h)`
	return object{"anyOf": []any{
		object{"type": "string", "pattern": `^(0|[0-9]+d|([0-9]+d)?(` + unit + `)+)$`},
		object{"type": "number", "minimum": 0, "maximum": MaxDuration.Std().Seconds()},
	}}
}

func scalarSchema(t reflect.Type, f field) object {
	out := object{}
	switch t.Kind() {
	case reflect.Int:
		out["type"] = "integer"
	case reflect.Float64:
		out["type"] = "number"
	default:
		return textSchema(f)
	}
	if f.hasMin {
		out["minimum"] = f.min
	}
	if f.hasMax {
		out["maximum"] = f.max
	}
	return out
}

func textSchema(f field) object {
	out := object{"type": "string"}
	if f.hasMax {
		out["maxLength"] = f.max
	}
	if f.kind == "expression" {
		out["maxLength"] = expression.MaxBytes
	}
	form, ok := formats[f.format]
	switch {
	case ok && (f.required || f.format == "pointer"):
		out["pattern"] = form.pattern.String()
	case ok:
		out["pattern"] = "^$|" + form.pattern.String()
	case f.required:
		out["minLength"] = 1
	}
	if ok && f.format != "pointer" {
		out["maxLength"] = MaxName
	}
	return out
}
