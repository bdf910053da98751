package workflow

import (
	"errors"
	"reflect"
	"slices"

	"github.com/berth-project/berth/internal/diagnostic"
	"github.com/berth-project/berth/internal/jsonsource"
)

// The bounds of a document's text.
const (
	MaxBytes  = 4 << 20
	MaxDepth  = 64
	maxValues = 400_000
)

// Parse reads a document: strict JSON, in which unknown keys, keys given twice
// and values of the wrong type are problems. name is the name of the file in
// messages. The error is a diagnostic.List with up to [MaxProblems] problems, each
// with line and column; it holds the problems of [Document.Check] too.
func Parse(name string, data []byte) (*Document, error) {
	d, _, err := read(name, data)
	return d, err
}

// Load reads a document and compiles it: [Parse] and [Compile] in one go.
func Load(name string, data []byte) (*Plan, error) {
	_, p, err := read(name, data)
	return p, err
}

func read(name string, data []byte) (*Document, *Plan, error) {
	d := &Document{}
	ps, sound := decode(name, data, reflect.ValueOf(d).Elem())
	if !sound {
		return nil, nil, ps.err()
	}
	plan := compile(d, ps)
	if len(ps.list) > 0 {
		return nil, nil, ps.err()
	}
	return d, plan, nil
}

// ParseSteps reads an array of steps as strictly as [Parse] does. What needs
// the rest of the document to check it is left to [Plan.Extend].
func ParseSteps(name string, data []byte) ([]Step, error) {
	var steps []Step
	ps, _ := decode(name, data, reflect.ValueOf(&steps).Elem())
	if len(ps.list) > 0 {
		return nil, ps.err()
	}
	return steps, nil
}

// decode reads a text into a value and checks its fields. What came of it is sound
// when all that was read is as it should be, and can be checked further: problems
// are told at once as far as they do not make others of each other.
func decode(name string, data []byte, into reflect.Value) (ps *problems, sound bool) {
	ps = &problems{file: name}
	text, err := jsonsource.Parse(data, jsonsource.Limits{Bytes: MaxBytes, Depth: MaxDepth, Values: maxValues})
	ps.text = text
	if bad, ok := errors.AsType[*jsonsource.Error](err); ok {
		p := &diagnostic.Problem{Code: codeText, Message: bad.Message, File: name, Help: bad.Help}
		ps.mark(p, bad.Span.Start.Offset, bad.Span.End.Offset)
		ps.list = append(ps.list, p)
		return ps, false
	}
	r := reader{problems: ps}
	r.value(text.Root, into, nil)
	if !ps.slight() {
		return ps, false
	}
	read := len(ps.list)
	checkFields(ps, into)
	return ps, len(ps.list) == read && !ps.full()
}

// slight says whether the problems of the reader leave the rest as it would be
// without them: a key that nobody knows, one that is there twice, and a value of a
// bad form, which counts as not there.
func (ps *problems) slight() bool {
	return !slices.ContainsFunc(ps.list, func(p *diagnostic.Problem) bool {
		return p.Code != codeUnknown && p.Code != codeTwice && p.Code != codeForm
	})
}

// err returns the problems in the order of the text.
func (ps *problems) err() error {
	if ps.text != nil {
		ps.list.Sort()
	}
	return ps.list.Err()
}
