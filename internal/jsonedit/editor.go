package jsonedit

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"github.com/berth-project/berth/internal/jsonsource"
)

// Operation is one operation of a JSON Patch (RFC 6902).
type Operation struct {
	// Op is "add", "remove", "replace" or "move".
	Op string
	// From is where "move" takes the value: another member of the same object.
	From string
	// Path is a JSON Pointer (RFC 6901) into the text as it is.
	Path string
	// Value is what "add" and "replace" put there.
	Value any
}

// Edit replaces a part of a text.
type Edit struct {
	// Start and End are offsets in bytes.
	Start, End int
	Text       string
}

// Editor gathers patches of one text. It is for one goroutine.
type Editor struct {
	doc   *jsonsource.Document
	text  string
	first []string

	removed  map[*jsonsource.Node][]int      // by container, the places of what goes
	added    map[*jsonsource.Node][]addition // by container, what comes
	replaced []Edit
	touched  []Edit // what is spoken for: start and end only
}

// addition is a new child of a container.
type addition struct {
	name string // "-" in a list
	text string
}

// New returns an editor of a text. Members of the names given are put before the
// others of their object, new ones else behind them. The error is of a text that
// is not JSON, an [*jsonsource.Error].
func New(text []byte, first ...string) (*Editor, error) {
	doc, err := jsonsource.Parse(text, jsonsource.Limits{})
	if err != nil {
		return nil, err
	}
	return &Editor{
		doc: doc, text: string(text), first: first,
		removed: map[*jsonsource.Node][]int{}, added: map[*jsonsource.Node][]addition{},
	}, nil
}

// Position returns the place of an offset of the text.
func (e *Editor) Position(offset int) jsonsource.Position { return e.doc.Position(offset) }

// Text returns the text with all changes made.
func (e *Editor) Text() []byte {
	var b bytes.Buffer
	at := 0
	for _, x := range e.Edits() {
		b.WriteString(e.text[at:x.Start])
		b.WriteString(x.Text)
		at = x.End
	}
	b.WriteString(e.text[at:])
	return b.Bytes()
}

// Apply takes a patch on, or nothing of it where it touches what another patch
// changed or where it finds no place.
func (e *Editor) Apply(patch []Operation) error {
	trial := &Editor{doc: e.doc, text: e.text, first: e.first, removed: cloned(e.removed), added: cloned(e.added)}
	trial.replaced, trial.touched = slices.Clone(e.replaced), slices.Clone(e.touched)
	for _, op := range patch {
		if err := trial.operation(op); err != nil {
			return fmt.Errorf("%s %s: %w", op.Op, op.Path, err)
		}
	}
	if !disjoint(trial.Edits()) {
		return errTaken
	}
	*e = *trial
	return nil
}

func (e *Editor) operation(op Operation) error {
	at, err := e.find(op.Path)
	if err != nil {
		return err
	}
	switch op.Op {
	case "remove":
		return e.remove(at)
	case "replace":
		return e.replace(at, op.Value)
	case "add":
		return e.add(at, op.Value)
	case "move":
		return e.rename(op.From, at)
	}
	return errors.New("no such operation")
}

func cloned[T any](of map[*jsonsource.Node][]T) map[*jsonsource.Node][]T {
	out := make(map[*jsonsource.Node][]T, len(of))
	for n, list := range of {
		out[n] = slices.Clone(list)
	}
	return out
}

var errTaken = errors.New("another fix changes the same place")

func disjoint(edits []Edit) bool {
	for i := 1; i < len(edits); i++ {
		if edits[i].Start < edits[i-1].End {
			return false
		}
	}
	return true
}

// claim takes a part of the text, unless another change has it.
func (e *Editor) claim(start, end int) error {
	if e.taken(start, end) {
		return errTaken
	}
	e.touched = append(e.touched, Edit{Start: start, End: end})
	return nil
}

func (e *Editor) taken(start, end int) bool {
	return slices.ContainsFunc(e.touched, func(t Edit) bool { return start < t.End && t.Start < end })
}

func (e *Editor) remove(at spot) error {
	if at.container == nil || at.child < 0 {
		return errors.New("nothing there to remove")
	}
	e.removed[at.container] = append(e.removed[at.container], at.child)
	return e.claim(at.extent(e.doc))
}

func (e *Editor) replace(at spot, value any) error {
	n := at.node(e.doc)
	if n == nil {
		return errors.New("nothing there to replace")
	}
	text, err := e.render(value, n.Start, at.container)
	if err != nil {
		return err
	}
	e.replaced = append(e.replaced, Edit{n.Start, n.End, text})
	return e.claim(n.Start, n.End)
}

// rename gives a member another name, in place.
func (e *Editor) rename(from string, to spot) error {
	at, err := e.find(from)
	if err != nil {
		return err
	}
	if at.container == nil || at.child < 0 || at.container != to.container || at.container.Kind != jsonsource.Object || to.child >= 0 {
		return errors.New("only a member can be moved, to a free name of the same object")
	}
	m := &at.container.Members[at.child]
	name, err := encode(to.name)
	if err != nil {
		return err
	}
	e.replaced = append(e.replaced, Edit{m.NameStart, m.NameEnd, string(name)})
	return e.claim(m.NameStart, m.NameEnd)
}

// add puts a new member into an object, or appends to a list.
func (e *Editor) add(at spot, value any) error {
	c := at.container
	switch {
	case c == nil:
		return errors.New("nothing to add to")
	case at.child >= 0 || c.Kind == jsonsource.Object && slices.ContainsFunc(e.added[c], func(a addition) bool { return a.name == at.name }):
		return errors.New("there is one already")
	case e.taken(c.Start, c.Start+1):
		return errTaken // the container itself goes
	}
	_, lastEnd := children(c)
	text, err := e.render(value, max(lastEnd, c.Start+1), c)
	if err != nil {
		return err
	}
	name := "-"
	if c.Kind == jsonsource.Object {
		name = at.name
		quoted, err := encode(name)
		if err != nil {
			return err
		}
		text = string(quoted) + e.colon(c) + text
	}
	e.added[c] = append(e.added[c], addition{name, text})
	return nil
}
