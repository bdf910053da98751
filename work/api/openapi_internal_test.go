package api

import (
	"encoding"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/berth-project/berth/internal/jsonstrict"
	"github.com/berth-project/berth/work/outbox"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

// object is a JSON object.
type object = map[string]any

// describer makes the OpenAPI document of the routes: of the table that serves
// them, and of the types they read and write.
type describer struct {
	t        *testing.T
	comments *comments
	names    map[reflect.Type]string // of structs, unique
	schemas  object
	sent     map[reflect.Type]bool // reached from bodies
}

func describe(t *testing.T, routes []route) object {
	d := &describer{t: t, comments: newComments(t), names: map[reflect.Type]string{}, schemas: object{}, sent: map[reflect.Type]bool{}}
	d.name(routes)
	paths := map[string]object{}
	for _, r := range routes {
		path := Base + r.path
		if paths[path] == nil {
			paths[path] = object{}
		}
		paths[path][strings.ToLower(r.method)] = d.operation(r)
	}
	problem := content("application/problem+json", d.schema(reflect.TypeFor[Problem]()))
	retry := object{"Retry-After": object{"description": "in how many seconds to try again", "schema": object{"type": "integer"}}}
	return object{
		"openapi": "3.1.0",
		"info": object{
			"title": "Berth workflows", "version": "1",
			"description": "Submit, read and steer runs of workflows; queues, pools, tenants, schedules, subscriptions and triggers; work for workers that pull; events to watch.",
			"license":     object{"name": "Apache-2.0", "identifier": "Apache-2.0"},
		},
		"servers": []any{object{"url": "/"}},
		"paths":   paths,
		"components": object{
			"schemas": d.schemas,
			"responses": object{
				"Problem": object{"description": "what was wrong", "content": problem},
				"Later":   object{"description": "too much at the moment, or a quota is reached", "headers": retry, "content": problem},
			},
			"securitySchemes": object{"key": object{"type": "http", "scheme": "bearer", "description": "an API key: berth_ID_SECRET"}},
		},
		"security": []any{object{"key": []any{}}},
	}
}

var pathParameter = regexp.MustCompile(`\{([a-z]+)\}`)

func (d *describer) operation(r route) object {
	op := object{
		"operationId": r.name, "summary": r.text, "tags": []any{strings.Split(r.path, "/")[1]}, "x-may": r.may,
		"responses": d.responses(r),
	}
	if params := d.parameters(r); len(params) > 0 {
		op["parameters"] = params
	}
	if r.takes != nil {
		op["requestBody"] = object{"required": !r.optional, "content": d.body(r.takes)}
	}
	if r.open {
		op["security"] = []any{}
	}
	return op
}

func (d *describer) parameters(r route) []any {
	var list []any
	add := func(name, in, text string, required bool, schema object) {
		p := object{"name": name, "in": in, "required": required, "schema": schema}
		if text != "" {
			p["description"] = text
		}
		list = append(list, p)
	}
	text, number := object{"type": "string"}, object{"type": "integer"}
	for _, m := range pathParameter.FindAllStringSubmatch(r.path, -1) {
		add(m[1], "path", "", true, text)
	}
	for _, p := range r.query {
		switch {
		case p.name == anyLabel:
			list = append(list, object{
				"name": "labels", "in": "query", "required": false, "description": p.text + ": label.NAME=VALUE, as often as one likes", "style": "form", "explode": true,
				"schema": object{"type": "object", "patternProperties": object{`^label\.`: text}, "additionalProperties": false},
			})
		case p.many:
			add(p.name, "query", p.text, false, object{"type": "array", "items": text})
		case p.number:
			add(p.name, "query", p.text, false, number)
		default:
			add(p.name, "query", p.text, false, text)
		}
	}
	if r.conditional {
		add("If-Match", "header", "the ETag of the version that is meant", false, text)
		if r.method == http.MethodPut {
			add("If-None-Match", "header", "* only makes a new one", false, text)
		}
	}
	if _, ok := r.gives.(eventStream); ok {
		add("Last-Event-ID", "header", "the id of the last event seen", false, text)
	}
	if r.name == "fireTrigger" {
		add(outbox.SignatureHeader, "header", "t=SECONDS,v1=HEX", false, text)
		add(eventID, "header", "which event it is", false, text)
		add(githubSignature, "header", "sha256=HEX", false, text)
	}
	return list
}

func (d *describer) responses(r route) object {
	success := object{"description": "done"}
	if r.gives != nil {
		success["content"] = d.body(r.gives)
	}
	if r.conditional || strings.HasSuffix(r.path, "/{name}") && r.method == http.MethodGet {
		if r.method != http.MethodDelete {
			success["headers"] = object{"ETag": object{"description": "the version", "schema": object{"type": "string"}}}
		}
	}
	status := http.StatusOK
	if r.status != 0 {
		status = r.status
	}
	problem, later := object{"$ref": "#/components/responses/Problem"}, object{"$ref": "#/components/responses/Later"}
	all := object{strconv.Itoa(status): success, "429": later, "503": later, "default": problem}
	for also, v := range r.also {
		all[strconv.Itoa(also)] = object{"description": "done", "content": d.body(v)}
	}
	return all
}

// body describes what a value of a route stands for.
func (d *describer) body(v any) object {
	switch v := v.(type) {
	case plainText:
		return content("text/plain", object{"type": "string"})
	case eventStream:
		return content("text/event-stream", object{"type": "string", "description": "event: KIND, and data: an event as JSON (" + d.ref(reflect.TypeFor[workEvent]()) + ")"})
	case workflowDocument:
		return content("application/json", object{"type": "object", "description": "a workflow: see docs/workflow.md and docs/workflow.schema.json"})
	case either:
		var all []any
		for _, one := range v {
			all = append(all, d.schema(reflect.TypeOf(one)))
		}
		return content("application/json", object{"anyOf": all})
	}
	return content("application/json", d.schema(reflect.TypeOf(v)))
}

func content(mime string, schema object) object { return object{mime: object{"schema": schema}} }

// name gives every struct that the routes reach a name of its own: that of its
// type, with its package's before it where two have the same.
func (d *describer) name(routes []route) {
	reached := map[reflect.Type]bool{}
	d.reach(reflect.TypeFor[Problem](), reached)
	d.reach(reflect.TypeFor[workEvent](), reached)
	for _, r := range routes {
		for _, v := range flat(r.takes) {
			d.reach(reflect.TypeOf(v), d.sent)
		}
		values := flat(r.gives)
		for _, v := range r.also {
			values = append(values, flat(v)...)
		}
		for _, v := range values {
			d.reach(reflect.TypeOf(v), reached)
		}
	}
	maps.Copy(reached, d.sent)
	called := map[string][]reflect.Type{}
	for t := range reached {
		called[capital(t.Name())] = append(called[capital(t.Name())], t)
	}
	taken := map[string]reflect.Type{}
	for name, types := range called {
		for _, t := range types {
			unique := name
			if len(types) > 1 {
				unique = capital(t.PkgPath()[strings.LastIndexByte(t.PkgPath(), '/')+1:]) + name
			}
			if taken[unique] != nil {
				d.t.Errorf("%v and %v have the same name in the document", t, taken[unique])
			}
			taken[unique] = t
			d.names[t] = unique
		}
	}
}

func flat(v any) []any {
	switch v := v.(type) {
	case nil, plainText, eventStream, workflowDocument:
		return nil
	case either:
		return v
	}
	return []any{v}
}

func capital(s string) string {
	if s == "" {
		return ""
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// reach notes the named structs that a type is made of.
func (d *describer) reach(t reflect.Type, reached map[reflect.Type]bool) {
	switch {
	case special(t) != nil || reached[t]:
		return
	case t.Kind() == reflect.Pointer, t.Kind() == reflect.Slice, t.Kind() == reflect.Array, t.Kind() == reflect.Map:
		d.reach(t.Elem(), reached)
		return
	case t.Kind() != reflect.Struct:
		return
	}
	if t.Name() != "" {
		reached[t] = true
	}
	for _, f := range jsonstrict.Members(t) {
		d.reach(f, reached)
	}
}

// special describes types that are not written as what they are made of.
func special(t reflect.Type) object {
	switch t {
	case reflect.TypeFor[json.RawMessage]():
		return object{}
	case reflect.TypeFor[time.Time]():
		return object{"type": "string", "format": "date-time"}
	case reflect.TypeFor[workflow.Duration]():
		return object{"type": "string", "examples": []any{"30s", "1h30m", "7d"}}
	case reflect.TypeFor[workflow.RunID]():
		return object{"type": "string", "pattern": "^r[0-9a-hjkmnp-tv-z]{13}$"}
	case reflect.TypeFor[workflow.OnError]():
		return object{"description": "\"fail\", \"continue\", or an object: see docs/workflow.md"}
	case reflect.TypeFor[machine.Status]():
		return words(machine.Held, machine.TimedOut)
	case reflect.TypeFor[machine.StepStatus]():
		return words(machine.StepWaiting, machine.StepCanceled)
	case reflect.TypeFor[Action]():
		return object{"type": "string", "enum": anys(Actions())}
	}
	if t.Implements(reflect.TypeFor[encoding.TextMarshaler]()) {
		return object{"type": "string"}
	}
	if t.Implements(reflect.TypeFor[json.Marshaler]()) {
		return object{}
	}
	return nil
}

func anys[T any](list []T) []any {
	all := make([]any, len(list))
	for i, v := range list {
		all[i] = v
	}
	return all
}

func words[T interface {
	~uint8
	fmt.Stringer
}](first, last T,
) object {
	var all []any
	for s := first; s <= last; s++ {
		all = append(all, s.String())
	}
	return object{"type": "string", "enum": all}
}

func (d *describer) ref(t reflect.Type) string { return "#/components/schemas/" + d.names[t] }

// schema describes how a type is written as JSON.
func (d *describer) schema(t reflect.Type) object {
	if s := special(t); s != nil {
		return s
	}
	switch t.Kind() {
	case reflect.Pointer:
		return d.schema(t.Elem())
	case reflect.String:
		return object{"type": "string"}
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.Float32, reflect.Float64:
		return object{"type": "number"}
	case reflect.Slice, reflect.Array:
		return object{"type": "array", "items": d.schema(t.Elem())}
	case reflect.Map:
		return object{"type": "object", "additionalProperties": d.schema(t.Elem())}
	case reflect.Struct:
		return d.object(t)
	case reflect.Interface:
		return object{}
	}
	return object{"type": "integer"}
}

// object describes a struct once and refers to it.
func (d *describer) object(t reflect.Type) object {
	name := d.names[t]
	if name == "" {
		return d.fields(t)
	}
	if _, ok := d.schemas[name]; !ok {
		d.schemas[name] = object{} // a type may hold itself
		s := d.fields(t)
		if text := d.comments.ofType(t); text != "" {
			s["description"] = text
		}
		d.schemas[name] = s
	}
	return object{"$ref": d.ref(t)}
}

func (d *describer) fields(t reflect.Type) object {
	props := object{}
	required := []string{}
	for _, f := range reflect.VisibleFields(t) {
		name, opts, _ := strings.Cut(f.Tag.Get("json"), ",")
		if !f.IsExported() || f.Anonymous && name == "" || name == "-" {
			continue
		}
		if name == "" {
			name = f.Name
		}
		s := d.schema(f.Type)
		if text := d.comments.ofField(t, f.Index); text != "" {
			s = maps.Clone(s)
			s["description"] = text
		}
		props[name] = s
		// What is sent may leave out whatever has a default; what is given has
		// every field that is not left out when it is empty.
		if !strings.Contains(opts, "omit") && !d.sent[t] {
			required = append(required, name)
		}
	}
	out := object{"type": "object", "properties": props}
	if len(required) > 0 {
		slices.Sort(required)
		out["required"] = required
	}
	return out
}
