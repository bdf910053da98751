package api

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/berth-project/berth/work"
)

// workEvent is an event as a watch gives it.
type workEvent = work.Event

// comments are those of the types of this module, from their sources.
type comments struct {
	t        *testing.T
	packages map[string]map[string]typeComments // by import path, then type
}

type typeComments struct {
	text   string
	fields map[string]string
}

const module = "github.com/berth-project/berth/"

func newComments(t *testing.T) *comments {
	return &comments{t: t, packages: map[string]map[string]typeComments{}}
}

func (c *comments) ofType(t reflect.Type) string { return c.of(t).text }

// ofField gives the comment of a field, which may be that of an embedded struct.
func (c *comments) ofField(t reflect.Type, index []int) string {
	for ; len(index) > 1; index = index[1:] {
		if t = t.Field(index[0]).Type; t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
	}
	return c.of(t).fields[t.Field(index[0]).Name]
}

func (c *comments) of(t reflect.Type) typeComments {
	path, ours := strings.CutPrefix(t.PkgPath(), module)
	if !ours {
		return typeComments{}
	}
	if c.packages[path] == nil {
		c.packages[path] = c.read(filepath.Join("..", "..", filepath.FromSlash(path)))
	}
	return c.packages[path][t.Name()]
}

func (c *comments) read(dir string) map[string]typeComments {
	c.t.Helper()
	types := map[string]typeComments{}
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(files) == 0 {
		c.t.Fatal(err, fs.ErrNotExist, dir)
	}
	for _, file := range files {
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
		if err != nil {
			c.t.Fatal(err)
		}
		for _, decl := range f.Decls {
			gen, ok := decl.(*ast.GenDecl)
			if !ok || gen.Tok != token.TYPE {
				continue
			}
			for _, spec := range gen.Specs {
				if s, ok := spec.(*ast.TypeSpec); ok {
					types[s.Name.Name] = commentsOf(gen, s)
				}
			}
		}
	}
	return types
}

func commentsOf(gen *ast.GenDecl, s *ast.TypeSpec) typeComments {
	doc := s.Doc
	if doc == nil && len(gen.Specs) == 1 {
		doc = gen.Doc
	}
	out := typeComments{text: sentence(doc, s.Name.Name), fields: map[string]string{}}
	st, ok := s.Type.(*ast.StructType)
	if !ok {
		return out
	}
	for _, f := range st.Fields.List {
		doc := f.Doc
		if doc == nil {
			doc = f.Comment
		}
		for _, n := range f.Names {
			out.fields[n.Name] = sentence(doc, n.Name)
		}
	}
	return out
}

// sentence makes a description of a comment: without the Go name it begins
// with, and without lines that are about code.
func sentence(doc *ast.CommentGroup, name string) string {
	if doc == nil {
		return ""
	}
	text := strings.Join(strings.Fields(doc.Text()), " ")
	for _, verb := range []string{" is ", " are ", " says ", " means "} {
		if rest, ok := strings.CutPrefix(text, name+verb); ok {
			if verb == " is " || verb == " are " {
				return rest
			}
			return strings.TrimSpace(verb) + " " + rest
		}
	}
	return text
}
