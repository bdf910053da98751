package manifest

import (
	"cmp"
	"embed"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"regexp"
	"strings"
)

//go:embed document.go process.go gateway.go route.go access.go needs.go work.go work_step.go queue.go value.go
var declarations embed.FS

// manual is what the comments of the document types say.
type manual struct {
	// types has the comment of each type, fields that of "Type.Field".
	types, fields map[string]string
	// keys has the YAML key, or the word, of "Type.Field".
	keys map[string]string
}

// readManual parses the comments of this package's own source. The source is
// embedded, so a parse error is a mistake every test meets.
func readManual() *manual {
	m := &manual{types: map[string]string{}, fields: map[string]string{}, keys: map[string]string{}}
	entries, err := declarations.ReadDir(".")
	if err != nil {
		panic(fmt.Sprintf("manifest: embedded source: %v", err))
	}
	for _, entry := range entries {
		text, err := declarations.ReadFile(entry.Name())
		if err == nil {
			err = m.readFile(entry.Name(), text)
		}
		if err != nil {
			panic(fmt.Sprintf("manifest: embedded source: %v", err))
		}
	}
	return m
}

func (m *manual) readFile(name string, text []byte) error {
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
			m.readType(spec.(*ast.TypeSpec), gen.Doc)
		}
	}
	return nil
}

// keyOf returns the key or the word in the tag of a field.
func keyOf(lit *ast.BasicLit) string {
	if lit == nil {
		return ""
	}
	tag := reflect.StructTag(strings.Trim(lit.Value, "`"))
	key, _, _ := strings.Cut(tag.Get("yaml"), ",")
	return cmp.Or(key, tag.Get("word"))
}

func (m *manual) readType(spec *ast.TypeSpec, doc *ast.CommentGroup) {
	m.types[spec.Name.Name] = doc.Text()
	structure, ok := spec.Type.(*ast.StructType)
	if !ok {
		return
	}
	for _, f := range structure.Fields.List {
		for _, name := range f.Names {
			path := spec.Name.Name + "." + name.Name
			m.fields[path] = f.Doc.Text()
			m.keys[path] = keyOf(f.Tag)
		}
	}
}

// about returns the comment of a field for a reader of YAML: the text, and what
// its "Default:" says where that is not a plain value.
func (m *manual) about(f field) (text, fallback string) {
	text, fallback, _ = strings.Cut(m.fields[f.owner+"."+f.goName], "Default:")
	return m.yamlNames(text, f), strings.TrimSuffix(m.yamlNames(fallback, f), ".")
}

var capitalised = regexp.MustCompile(`\b[A-Z][A-Za-z0-9]*(-[A-Za-z0-9]+)*\b`)

// yamlNames rewrites a comment on one line, with the Go names of fields of the
// same type as the keys they have in YAML. A name such as TLS is rewritten only
// where the comment starts with it: elsewhere it is the thing, not the field.
func (m *manual) yamlNames(text string, f field) string {
	text = strings.Join(strings.Fields(text), " ")
	first := true
	return capitalised.ReplaceAllStringFunc(text, func(word string) string {
		own := first && word == f.goName
		first = false
		key := m.keys[f.owner+"."+word]
		if key == "" || !own && strings.ToUpper(word) == word {
			return word
		}
		return "`" + key + "`"
	})
}

// typeText returns the comment of a type on one line.
func (m *manual) typeText(t reflect.Type) string {
	return strings.Join(strings.Fields(m.types[t.Name()]), " ")
}
