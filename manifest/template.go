package manifest

import (
	"reflect"
	"regexp"
	"strings"

	"github.com/berth-project/berth/internal/diagnostic"
)

var reference = regexp.MustCompile(`^\$\{([A-Za-z_][A-Za-z0-9_]*)(:[-?]([^{}$]*))?\}`)

// Names returns the variables a template refers to, in order.
func (t Template) Names() []string {
	names, _ := templateNames(string(t))
	return names
}

// templateNames parses a template for the variables in it.
func templateNames(text string) ([]string, *valueError) {
	var names []string
	_, err := expandTemplate(text, func(ref templateReference) (string, *valueError) {
		names = append(names, ref.name)
		return "", nil
	})
	return names, err
}

// templateReference is one ${…} of a template.
type templateReference struct {
	name string
	// operator is "-" or "?" where the reference has one, text what follows it.
	operator, text string
}

// expandTemplate replaces each reference by what resolve returns. A lone
// dollar sign is refused: it is a mistyped reference more often than not.
func expandTemplate(text string, resolve func(templateReference) (string, *valueError)) (string, *valueError) {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, "$")
		b.WriteString(before)
		if !found {
			return b.String(), nil
		}
		if after, ok := strings.CutPrefix(rest, "$"); ok {
			b.WriteByte('$')
			text = after
			continue
		}
		m := reference.FindStringSubmatch("$" + rest)
		if m == nil {
			return "", &valueError{codeTemplate, `a "$" here starts no reference`, "write ${NAME}, ${NAME:-default} or ${NAME:?message}; $$ is a dollar sign"}
		}
		ref := templateReference{name: m[1], text: m[3]}
		if m[2] != "" {
			ref.operator = m[2][1:2]
		}
		value, err := resolve(ref)
		if err != nil {
			return "", err
		}
		b.WriteString(value)
		text = rest[len(m[0])-1:]
	}
}

// Expand returns the manifest with every reference of its templates replaced
// by the variable lookup returns, and checked again; its Template fields are
// then plain texts, "$$" in them a single dollar sign. Fields that may hold
// secrets (session.keys, the environment of processes) are left alone: whoever
// needs them expands them into a secret. As with [Parse], the manifest is nil
// when there is any problem; problems never quote a variable's value.
func (m *Manifest) Expand(lookup func(name string) (string, bool)) (*Manifest, diagnostic.List) {
	src := &source{file: m.src.file, lines: m.src.lines, spans: m.src.spans, secrets: m.src.secrets}
	e := expander{src: src, lookup: lookup}
	out := e.copy(reflect.ValueOf(m).Elem(), "", traits{}).Interface().(Manifest)
	out.src = src
	validate(&out)
	if problems := src.finish(); len(problems) > 0 {
		return nil, problems
	}
	return &out, nil
}

type expander struct {
	src    *source
	lookup func(string) (string, bool)
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

func (e expander) expand(text, path string, t traits) string {
	expanded, err := expandTemplate(text, e.resolve)
	if err == nil && expanded != "" && expanded != text {
		if bad := checkFormat(t.format, expanded); bad != nil {
			err = &valueError{bad.code, "with its variables this is not " + bad.message, bad.help}
		}
	}
	if err != nil {
		p := e.src.at(path, err.code, "%s: %s", path, err.message)
		p.Help = err.help
	}
	return expanded
}

func (e expander) resolve(ref templateReference) (string, *valueError) {
	value, ok := e.lookup(ref.name)
	switch {
	case ref.operator == "-" && value == "":
		return ref.text, nil
	case ref.operator == "?" && value == "":
		return "", &valueError{codeUnset, ref.name + " is not set: " + ref.text, "set it in a source of environment.from"}
	case !ok:
		return "", &valueError{codeUnset, "variable " + ref.name + " is not set", "set it in a source of environment.from, or give a default: ${" + ref.name + ":-default}"}
	}
	return value, nil
}
