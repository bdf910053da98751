package manifest

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
)

// Reference returns the reference manual of berth.yaml in Markdown.
func Reference() []byte {
	r := referenceWriter{manual: readManual(), done: map[reflect.Type]bool{}}
	r.b.WriteString(referenceHead)
	r.section(reflect.TypeFor[Manifest](), "", "berth.yaml")
	r.values()
	return bytes.ReplaceAll(r.b.Bytes(), []byte("\n\n\n"), []byte("\n\n"))
}

const referenceHead = `<!-- Generated from the comments in package manifest: go test ./manifest -run Reference -update -->

# berth.yaml

One file says what a service is. It is strict: an unknown key, a value of the wrong type, a key given twice is an error with
file, line and column, and all errors are reported at once. It is one YAML 1.2 document of at most 1 MiB, without anchors,
aliases, merge keys, tags and directives.

Only ` + "`service`" + ` is required. ` + "`berth manifest show --resolved`" + ` prints a manifest with every default written out,
` + "`berth manifest schema`" + ` the JSON Schema for an editor, ` + "`berth check`" + ` what is wrong with it.

Relative file names count from the directory of the manifest.

`

type referenceWriter struct {
	b      bytes.Buffer
	manual *manual
	// done are the types that have a section.
	done map[reflect.Type]bool
}

// section writes the keys of a struct, then a section for each struct within.
func (r *referenceWriter) section(t reflect.Type, path, title string) {
	if r.done[t] {
		return
	}
	r.done[t] = true
	fmt.Fprintf(&r.b, "## %s\n\n", title)
	fmt.Fprintf(&r.b, "%s\n\n", lead(r.manual.typeText(t), t.Name()))
	r.forms(t)
	r.table(t)
	for _, f := range fields(t) {
		inner, suffix := element(f.typ)
		if inner.Kind() == reflect.Struct && f.name != "" && keyed(fields(inner)) {
			at := strings.TrimPrefix(path+"."+f.name, ".") + suffix
			r.section(inner, at, "`"+at+"`")
		}
	}
}

// element returns what a list, map or pointer holds, and how its path is
// written.
func element(t reflect.Type) (reflect.Type, string) {
	switch t.Kind() {
	case reflect.Pointer:
		return element(t.Elem())
	case reflect.Slice:
		inner, _ := element(t.Elem())
		return inner, "[]"
	case reflect.Map:
		inner, _ := element(t.Elem())
		return inner, ".NAME"
	}
	return t, ""
}

func (r *referenceWriter) forms(t reflect.Type) {
	fs := fields(t)
	for _, f := range fs {
		if f.word != "" {
			text, _ := r.manual.about(f)
			fmt.Fprintf(&r.b, "- The word `%s` in place of the mapping: %s\n", f.word, lead(text, "`"+f.word+"`"))
		}
		if f.short && f.name != "" {
			fmt.Fprintf(&r.b, "- %s in place of the mapping sets `%s`.\n", capital(r.kind(f)), f.name)
		}
	}
	r.b.WriteString("\n")
}

func (r *referenceWriter) table(t reflect.Type) {
	r.b.WriteString("| key | value | default | meaning |\n|---|---|---|---|\n")
	for _, f := range fields(t) {
		if f.name == "" {
			continue
		}
		text, fallback := r.manual.about(f)
		fmt.Fprintf(&r.b, "| `%s` | %s | %s | %s |\n", f.name, cell(r.kind(f)), cell(r.fallback(f, fallback)), cell(lead(text, "`"+f.name+"`")))
	}
	r.b.WriteString("\n")
}

// lead drops the name a comment starts with, and the verb where it is only
// "is": what is left reads as a description of its own.
func lead(text, name string) string {
	rest, ok := strings.CutPrefix(text, name+" ")
	if !ok {
		return text
	}
	for _, verb := range []string{"is ", "are "} {
		rest = strings.TrimPrefix(rest, verb)
	}
	return capital(rest)
}

func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// cell makes a text fit in a cell of a table.
func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }

func (r *referenceWriter) fallback(f field, text string) string {
	switch {
	case f.required:
		return "required"
	case text != "":
		return text
	case f.defaulted:
		return "`" + f.fallback + "`"
	case f.typ.Kind() == reflect.Bool:
		return "`false`"
	}
	return ""
}

// kind says what the value of a field is written as.
func (r *referenceWriter) kind(f field) string {
	inner, suffix := element(f.typ)
	text := scalarKind(inner, f.traits)
	if inner.Kind() == reflect.Struct {
		text = structKind(inner)
	}
	switch {
	case f.typ == typeStringOrList:
		return text + ", or a list of such"
	case suffix == "[]":
		return "a list, each item " + text
	case suffix == ".NAME":
		return "a mapping, each value " + text
	}
	return text
}

// structKind names the forms a struct is written in.
func structKind(t reflect.Type) string {
	var forms []string
	for _, f := range fields(t) {
		switch {
		case f.word != "":
			forms = append(forms, "`"+f.word+"`")
		case f.short && f.typ.Kind() == reflect.Struct:
			forms = append(forms, structKind(f.typ))
		case f.short && f.typ.Kind() == reflect.Slice:
			forms = append(forms, "a list of texts")
		case f.short:
			forms = append(forms, scalarKind(f.typ, f.traits))
		}
	}
	if keyed(fields(t)) {
		forms = append(forms, "a mapping")
	}
	return strings.Join(forms, " or ")
}

func scalarKind(t reflect.Type, tr traits) string {
	switch {
	case len(tr.enum) > 0:
		return "`" + strings.Join(tr.enum, "`, `") + "`"
	case t == typeDuration || t == typeSize || t.Kind() == reflect.Int || t.Kind() == reflect.Float64:
		text := map[reflect.Type]string{typeDuration: "a duration", typeSize: "a size"}[t]
		if text == "" {
			text = "a number"
		}
		if tr.min+tr.max != "" {
			text += " " + bounds(tr)
		}
		return text
	case t.Kind() == reflect.Bool:
		return "`true`, `false`"
	}
	text := "a text"
	if f, ok := formats[tr.format]; ok {
		text = f.name
	}
	if t == typeTemplate {
		text += " with `${NAME}`"
	}
	return text
}

// values writes how the values are written that are more than plain texts.
func (r *referenceWriter) values() {
	r.b.WriteString("## Values\n\n| value | meaning |\n|---|---|\n")
	for _, v := range []struct {
		name string
		typ  reflect.Type
	}{{"duration", typeDuration}, {"size", typeSize}, {"with `${NAME}`", typeTemplate}} {
		text := strings.TrimSuffix(lead(r.manual.typeText(v.typ), v.typ.Name()), " See [Manifest.Expand].")
		fmt.Fprintf(&r.b, "| %s | %s |\n", v.name, cell(text))
	}
}
