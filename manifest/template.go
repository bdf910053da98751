package manifest

import (
	"errors"
	"reflect"

	"github.com/berth-project/berth/environ"
	"github.com/berth-project/berth/internal/diagnostic"
)

// Names returns the variables a template refers to, in order.
func (t Template) Names() []string {
	refs, err := environ.References(string(t))
	if err != nil {
		return nil
	}
	names := make([]string, len(refs))
	for i, ref := range refs {
		names[i] = ref.Variable
	}
	return names
}

// templateNames is Names for a text that may not be a template.
func templateNames(text string) ([]string, *valueError) {
	if _, err := environ.References(text); err != nil {
		return nil, &valueError{codeTemplate, templateReason(err), "as in ${NAME}, ${NAME:-default} or ${NAME:?message}"}
	}
	return Template(text).Names(), nil
}

func templateReason(err error) string {
	if e, ok := errors.AsType[*environ.ExpandError](err); ok && e.Variable == "" {
		return e.Reason
	}
	return err.Error()
}

// Expand returns the manifest with every reference of its templates replaced
// by the variable it names, and checked again; its Template fields are
// then plain texts, "$$" in them a single dollar sign. Fields that may hold
// secrets (session.keys, the environment of processes) are left alone: whoever
// needs them expands them into a secret. As with [Parse], the manifest is nil
// when there is any problem; problems never quote a variable's value.
func (m *Manifest) Expand(env *environ.Set) (*Manifest, diagnostic.List) {
	src := &source{file: m.src.file, lines: m.src.lines, spans: m.src.spans, secrets: m.src.secrets, decoded: true}
	e := expander{src: src, env: env}
	out := e.copy(reflect.ValueOf(m).Elem(), "", traits{}).Interface().(Manifest)
	out.src = src
	out.inheritListen()
	validate(&out)
	if problems := src.finish(); len(problems) > 0 {
		return nil, problems
	}
	return &out, nil
}

type expander struct {
	src *source
	env *environ.Set
}

// copy returns a deep copy of v with its templates expanded.
func (e expander) copy(v reflect.Value, path string, t traits) reflect.Value {
	out := reflect.New(v.Type()).Elem()
	out.Set(v)
	switch {
	case v.Type() == typeTemplate:
		if !t.secret {
			out.SetString(e.expand(v.String(), path, t))
		}
	case v.Kind() == reflect.Pointer && !v.IsNil():
		out.Set(reflect.New(v.Type().Elem()))
		out.Elem().Set(e.copy(v.Elem(), path, t))
	case v.Kind() == reflect.Struct:
		e.copyStruct(v, out, path, t)
	case v.Kind() == reflect.Slice && !v.IsNil():
		out.Set(reflect.MakeSlice(v.Type(), v.Len(), v.Len()))
		for i := range v.Len() {
			out.Index(i).Set(e.copy(v.Index(i), item(path, i), t))
		}
	case v.Kind() == reflect.Map && !v.IsNil():
		out.Set(reflect.MakeMapWithSize(v.Type(), v.Len()))
		for key, one := range v.Seq2() {
			out.SetMapIndex(key, e.copy(one, below(path, key.String()), t))
		}
	}
	return out
}

func (e expander) copyStruct(v, out reflect.Value, path string, t traits) {
	for _, f := range fields(v.Type()) {
		inner := path
		if f.name != "" && (!f.short || e.src.written(below(path, f.name))) {
			inner = below(path, f.name)
		}
		f.secret = f.secret || t.secret
		out.FieldByIndex(f.index).Set(e.copy(v.FieldByIndex(f.index), inner, f.traits))
	}
}

// expand returns a template with its variables in place. Reasons name
// variables and never quote a value.
func (e expander) expand(text, path string, t traits) string {
	expanded, err := environ.Expand(text, e.env)
	if err != nil {
		p := e.src.at(path, codeUnset, "%s: %s", path, templateReason(err))
		p.Help = "set it in a source of environment.from, or give it a default: ${NAME:-default}"
		return text
	}
	if bad := checkFormat(t.format, expanded); bad != nil && expanded != text {
		p := e.src.at(path, bad.code, "%s: with its variables this is not %s", path, bad.message)
		p.Help = bad.help
	}
	return expanded
}
