package api

import (
	"encoding"
	"encoding/json"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// document describes the routes in OpenAPI 3.1, from the table that serves
// them and the types they read and write.
func (a *API) document() map[string]any {
	paths := map[string]map[string]any{}
	d := &describer{schemas: map[string]any{}}
	for _, r := range a.routes() {
		path := Base + r.path
		if paths[path] == nil {
			paths[path] = map[string]any{}
		}
		paths[path][strings.ToLower(r.method)] = d.operation(r)
	}
	return map[string]any{
		"openapi": "3.1.0",
		"info":    map[string]any{"title": "Berth workflows", "version": "1"},
		"paths":   paths,
		"components": map[string]any{
			"schemas":         d.schemas,
			"securitySchemes": map[string]any{"key": map[string]any{"type": "http", "scheme": "bearer"}},
		},
		"security": []any{map[string]any{"key": []any{}}},
	}
}

var pathParameter = regexp.MustCompile(`\{([a-z]+)\}`)

// operation makes an operationId of a path: /queues/{name}/pause → pauseQueue.
func operation(path string) string {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	return parts[2] + strings.ToUpper(parts[0][:1]) + strings.TrimSuffix(parts[0][1:], "s")
}

type describer struct{ schemas map[string]any }

func (d *describer) operation(r route) map[string]any {
	op := map[string]any{"operationId": r.name, "summary": r.text}
	params := []any{}
	for _, m := range pathParameter.FindAllStringSubmatch(r.path, -1) {
		params = append(params, map[string]any{"name": m[1], "in": "path", "required": true, "schema": map[string]any{"type": "string"}})
	}
	for _, p := range r.query {
		params = append(params, map[string]any{"name": p.name, "in": "query", "description": p.text, "schema": map[string]any{"type": "string"}})
	}
	if len(params) > 0 {
		op["parameters"] = params
	}
	if r.takes != nil {
		op["requestBody"] = map[string]any{"content": content("application/json", d.schema(reflect.TypeOf(r.takes)))}
	}
	success := map[string]any{"description": "done"}
	if r.gives != nil {
		success["content"] = content("application/json", d.schema(reflect.TypeOf(r.gives)))
	}
	status := "200"
	if r.status == 201 {
		status = "201"
	}
	op["responses"] = map[string]any{
		status: success,
		"default": map[string]any{
			"description": "what was wrong (RFC 9457)", "content": content("application/problem+json", d.schema(reflect.TypeFor[Problem]())),
		},
	}
	if r.open {
		op["security"] = []any{}
	}
	return op
}

func content(mime string, schema any) map[string]any {
	return map[string]any{mime: map[string]any{"schema": schema}}
}

var (
	textMarshaler = reflect.TypeFor[encoding.TextMarshaler]()
	jsonMarshaler = reflect.TypeFor[json.Marshaler]()
	rawMessage    = reflect.TypeFor[json.RawMessage]()
)

// schema describes how a type is written as JSON.
func (d *describer) schema(t reflect.Type) any {
	switch {
	case t == rawMessage:
		return map[string]any{}
	case t.Kind() == reflect.Pointer:
		return d.schema(t.Elem())
	case t.Implements(textMarshaler), t.Implements(jsonMarshaler):
		return map[string]any{"type": "string"}
	}
	switch t.Kind() {
	case reflect.String:
		return map[string]any{"type": "string"}
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.Float32, reflect.Float64:
		return map[string]any{"type": "number"}
	case reflect.Slice, reflect.Array:
		if t.Elem().Kind() == reflect.Uint8 {
			return map[string]any{"type": "string"}
		}
		return map[string]any{"type": "array", "items": d.schema(t.Elem())}
	case reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": d.schema(t.Elem())}
	case reflect.Struct:
		return d.object(t)
	case reflect.Interface:
		return map[string]any{}
	}
	return map[string]any{"type": "integer"}
}

// object describes a struct once and refers to it.
func (d *describer) object(t reflect.Type) any {
	name := t.Name()
	if name == "" {
		return d.fields(t)
	}
	name = strings.ToUpper(name[:1]) + name[1:]
	if _, ok := d.schemas[name]; !ok {
		d.schemas[name] = map[string]any{} // a type may hold itself
		d.schemas[name] = d.fields(t)
	}
	return map[string]any{"$ref": "#/components/schemas/" + name}
}

func (d *describer) fields(t reflect.Type) map[string]any {
	props := map[string]any{}
	required := []string{}
	for _, f := range reflect.VisibleFields(t) {
		tag := f.Tag.Get("json")
		name, opts, _ := strings.Cut(tag, ",")
		if !f.IsExported() || f.Anonymous && name == "" || name == "-" {
			continue
		}
		if name == "" {
			name = f.Name
		}
		props[name] = d.schema(f.Type)
		if !strings.Contains(opts, "omit") {
			required = append(required, name)
		}
	}
	out := map[string]any{"type": "object", "properties": props}
	if len(required) > 0 {
		slices.Sort(required)
		out["required"] = required
	}
	return out
}
