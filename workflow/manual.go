package workflow

import (
	"bytes"
	"embed"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"strings"
)

//go:embed document.go retry.go
var declarations embed.FS

// manual is what the comments of the document's types say, by "Type" and by
// "Type.Field".
type manual map[string]string

// readManual parses the comments of this package's own source. The source is
// embedded, so an error is a mistake every test meets.
func readManual() manual {
	m := manual{}
	entries, err := declarations.ReadDir(".")
	if err != nil {
		panic(fmt.Sprintf("workflow: embedded source: %v", err))
	}
	for _, entry := range entries {
		text, err := declarations.ReadFile(entry.Name())
		if err == nil {
			err = m.read(entry.Name(), text)
		}
		if err != nil {
			panic(fmt.Sprintf("workflow: embedded source: %v", err))
		}
	}
	return m
}

func (m manual) read(name string, text []byte) error {
	file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.ParseComments)
	if err != nil {
		return err
	}
	for _, decl := range file.Decls {
		gen, ok := decl.(*ast.GenDecl)
		if !ok || gen.Tok != token.TYPE {
			continue
		}
		for _, spec := range gen.Specs {
			typ := spec.(*ast.TypeSpec)
			m[typ.Name.Name] = gen.Doc.Text()
			if s, ok := typ.Type.(*ast.StructType); ok {
				for _, f := range s.Fields.List {
					for _, id := range f.Names {
						m[typ.Name.Name+"."+id.Name] = f.Doc.Text()
					}
				}
			}
		}
	}
	return nil
}

// about returns the comment of a field on one line, with its key in place of its
// name in Go, and what its "Default:" says.
func (m manual) about(owner reflect.Type, f field) (text, fallback string) {
	text = strings.Join(strings.Fields(m[owner.Name()+"."+f.goName]), " ")
	for _, verb := range []string{" is ", " are "} {
		if rest, found := strings.CutPrefix(text, f.goName+verb); found {
			text = strings.ToUpper(rest[:1]) + rest[1:]
		}
	}
	if strings.HasPrefix(text, f.goName+" ") {
		text = "`" + f.name + "`" + text[len(f.goName):]
	}
	text, fallback, _ = strings.Cut(text, "Default:")
	return strings.TrimSpace(text), strings.TrimSuffix(strings.TrimSpace(fallback), ".")
}

// Manual returns the reference of the document in Markdown.
func Manual() []byte {
	w := manualWriter{manual: readManual()}
	w.b.WriteString(manualHead)
	for _, s := range []struct {
		typ   reflect.Type
		title string
	}{
		{reflect.TypeFor[Document](), "The workflow"},
		{reflect.TypeFor[Step](), "`steps[]` and `finally[]`"},
		{reflect.TypeFor[ForEach](), "`for-each`"},
		{reflect.TypeFor[Retry](), "`retry`"},
		{reflect.TypeFor[Generate](), "`generate`"},
		{reflect.TypeFor[Callback](), "`callbacks[]`"},
	} {
		w.section(s.typ, s.title)
	}
	w.b.WriteString(manualTail)
	return w.b.Bytes()
}

type manualWriter struct {
	b      bytes.Buffer
	manual manual
}

func (w *manualWriter) section(t reflect.Type, title string) {
	fmt.Fprintf(&w.b, "## %s\n\n", title)
	if lead := w.lead(t); lead != "" {
		fmt.Fprintf(&w.b, "%s\n\n", lead)
	}
	w.b.WriteString("| key | value | default | meaning |\n|---|---|---|---|\n")
	for _, f := range fieldsOf(t) {
		text, fallback := w.manual.about(t, f)
		if f.required {
			fallback = "required"
		}
		fmt.Fprintf(&w.b, "| `%s` | %s | %s | %s |\n", f.name, valueOf(f), fallback, strings.ReplaceAll(text, "|", `\|`))
	}
	w.b.WriteByte('\n')
}

// lead returns the first paragraph of the comment of a type, without its name.
func (w *manualWriter) lead(t reflect.Type) string {
	first, _, _ := strings.Cut(w.manual[t.Name()], "\n\n")
	first = strings.Join(strings.Fields(first), " ")
	first = strings.TrimPrefix(strings.TrimPrefix(first, t.Name()+" "), "is ")
	return strings.ToUpper(first[:1]) + first[1:]
}

// valueOf says in words what a key takes.
func valueOf(f field) string {
	switch f.kind {
	case "schema":
		return "JSON Schema"
	case "template":
		return "any JSON"
	case "expression":
		return "CEL"
	}
	switch f.typ {
	case typeDuration:
		return "duration"
	case typeOnError:
		return `"fail", "continue" or {"run": STEP, "then": …}`
	case reflect.TypeFor[map[string]string]():
		return "object of texts"
	}
	one := map[string]string{"name": "name", "type": "name", "pointer": "JSON pointer", "code": "pattern", "event": "pattern"}[f.format]
	switch f.typ.Kind() {
	case reflect.Slice:
		if one == "" {
			return "list"
		}
		return "list of " + one + "s"
	case reflect.Int, reflect.Float64:
		return fmt.Sprintf("%s to %s", number(f.min), number(f.max))
	case reflect.Pointer:
		if f.typ.Elem().Kind() == reflect.Int {
			return fmt.Sprintf("%s to %s", number(f.min), number(f.max))
		}
		return "object"
	case reflect.Map:
		return "object"
	}
	if one == "" {
		return "text"
	}
	return one
}

const manualHead = `<!-- Generated from the comments in package workflow: go test ./workflow -run Manual -update -->

# The workflow document

A workflow is one JSON document. It is strict: an unknown key, a value of the wrong type, a key given twice, a reference to a step that
is not there or a circle of steps is an error with line and column, and all errors are reported at once
(` + "`berth workflow check FILE`" + `). The JSON Schema for editors is in [workflow.schema.json](workflow.schema.json).

Durations are texts such as ` + "`\"250ms\"`, `\"1m30s\"` or `\"7d\"`" + `, or a number of seconds.

`

const manualTail = "## References\n\n" +
	"Texts within `with`, `for-each.in`, `key`, `output`, `labels` and `callbacks[].to` may hold references. A step waits for every step it refers to.\n\n" +
	"| written | stands for |\n|---|---|\n" +
	"| `${params.size}` | a parameter |\n" +
	"| `${steps.probe.output.files[0].name}` | a part of what a step answered |\n" +
	"| `${steps.probe.status}` | `succeeded`, `failed`, `skipped` or `canceled`; also `.error` (`code`, `message`) and `.attempts` |\n" +
	"| `${steps[\"a.b\"].output[\"a name\"]}` | names that are no words |\n" +
	"| `${steps.probe.output#/a~1b/0}` | a JSON pointer (RFC 6901); in quotes where it holds blanks or braces: `#\"/a b\"` |\n" +
	"| `${params.size ?? 80}` | what is behind `??` where the path leads nowhere or to null: any JSON, or another path |\n" +
	"| `${run.id}` | the run: id, tenant, workflow, version, attempt, queue, priority, labels, created |\n" +
	"| `${item.path}`, `${index}` | the item of `for-each` and its place |\n" +
	"| `${signal.approval.data}` | the last signal of that name: data, by, at |\n" +
	"| `$${HOME}` | the text `${HOME}`; before a brace two dollars are one |\n\n" +
	"A text that is one reference and nothing else becomes the value itself: an object, an array, a number as it is. Within other text the\n" +
	"text of the value stands in its place; an object or an array has none and fails the step with the code `reference`, as a path does\n" +
	"that leads nowhere and has no fallback. What was put in is not read for references again. Keys of objects hold no references.\n\n" +
	"## Conditions\n\n" +
	"`when` is [CEL](https://cel.dev) over `params`, `run`, `steps`, `signal` and, in a step with `for-each`, `item` and `index`:\n\n" +
	"    \"when\": \"steps.probe.output.width > 1920 && params.?quality.orValue('high') != 'low'\"\n\n" +
	"Whole numbers are ints, others doubles; comparing mixes them, calculating does not. A fact of a step that is not there is null.\n"
