package main

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/berth-project/berth/internal/diagnostic"
	"github.com/berth-project/berth/internal/jsonsource"
	"github.com/berth-project/berth/internal/jsonstrict"
	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/builtin"
	"github.com/berth-project/berth/work/http"
	"github.com/berth-project/berth/work/shell"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

// given says what the steps that Berth brings along take as their "with".
func given() map[string]reflect.Type {
	return map[string]reflect.Type{
		"choice": reflect.TypeFor[builtin.Choice](), "fail": reflect.TypeFor[builtin.Fail](), "log": reflect.TypeFor[builtin.Note](),
		"transform": reflect.TypeFor[builtin.Transform](), "submit": reflect.TypeFor[work.Submission](),
		"http": reflect.TypeFor[http.Request](), "shell": reflect.TypeFor[shell.Request](),
		machine.TypeWait: reflect.TypeFor[machine.Wait](), machine.TypeWorkflow: reflect.TypeFor[work.Submission](),
	}
}

// checkGiven finds keys in the "with" of steps that their type does not know. A
// key holds no reference, so that this can be said before anything runs.
func (f *workflowFile) checkGiven(types map[string]reflect.Type) error {
	if f.agenda {
		return nil
	}
	text, err := jsonsource.Parse(f.text, jsonsource.Limits{Bytes: workflow.MaxBytes, Depth: workflow.MaxDepth, Values: workflow.MaxBytes})
	if err != nil {
		return err
	}
	g := givenCheck{file: f.name, text: text}
	for _, part := range []string{"steps", "finally"} {
		steps := text.Root.Member(part)
		if steps == nil {
			continue
		}
		for i := range steps.Value.Items {
			step := &steps.Value.Items[i]
			typ, with := step.Member("run"), step.Member("with")
			if typ == nil || with == nil || types[typ.Value.Text] == nil {
				continue
			}
			g.step = typ.Value.Text
			g.value(&with.Value, types[g.step], part+"["+strconv.Itoa(i)+"].with")
		}
	}
	return g.problems.Err()
}

type givenCheck struct {
	file     string
	text     *jsonsource.Document
	step     string // its type
	problems diagnostic.List
}

func (g *givenCheck) value(n *jsonsource.Node, t reflect.Type, path string) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case jsonstrict.Opaque(t):
	case n.Kind == jsonsource.Array && t.Kind() == reflect.Slice:
		for i := range n.Items {
			g.value(&n.Items[i], t.Elem(), path+"["+strconv.Itoa(i)+"]")
		}
	case n.Kind == jsonsource.Object && t.Kind() == reflect.Struct:
		members := jsonstrict.Members(t)
		for i := range n.Members {
			m := &n.Members[i]
			if of := members[m.Name]; of != nil {
				g.value(&m.Value, of, path+"."+m.Name)
			} else {
				g.unknown(m, t, path)
			}
		}
	}
}

func (g *givenCheck) unknown(m *jsonsource.Member, t reflect.Type, path string) {
	at := g.text.NameSpan(m)
	p := &diagnostic.Problem{
		Code: "B1306", File: g.file, Path: path + "." + m.Name, Line: at.Start.Line, Column: at.Start.Column,
		Width: max(1, at.End.Column-at.Start.Column), Source: lineAt(g.text, at.Start),
		Message: fmt.Sprintf("a step of type %q is not given %q", g.step, m.Name), Help: jsonstrict.Unknown(m.Name, t),
	}
	g.problems = append(g.problems, p)
}

// lineAt is the line that holds a position.
func lineAt(doc *jsonsource.Document, at jsonsource.Position) string {
	text := doc.Text()[at.Offset-(at.Column-1):]
	if end := strings.IndexAny(text, "\r\n"); end >= 0 {
		text = text[:end]
	}
	return text
}
