package lint

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/berth-project/berth/internal/jsonsource"
)

// edit replaces a part of a text.
type edit struct {
	start, end int
	text       string
}

// splicer turns JSON patches into edits of the text, so that what a fix does not
// touch keeps its formatting byte for byte. All paths are taken to be paths of
// the text as it is.
type splicer struct {
	doc  *jsonsource.Document
	text string

	removed  map[*jsonsource.Node][]int      // by container, the places of what goes
	added    map[*jsonsource.Node][]addition // by container, what comes
	replaced []edit
	touched  []edit // what is spoken for: start and end only
}

// addition is a new child of a container.
type addition struct {
	name string // "-" in a list
	text string
}

func newSplicer(text []byte) (*splicer, error) {
	doc, err := jsonsource.Parse(text, jsonsource.Limits{})
	if err != nil {
		return nil, err
	}
	return &splicer{doc: doc, text: string(text), removed: map[*jsonsource.Node][]int{}, added: map[*jsonsource.Node][]addition{}}, nil
}

// spot is a place that a JSON Pointer names: a child of a container, or the
// document itself where there is no container.
type spot struct {
	container *jsonsource.Node
	child     int // the place in Items or Members, below zero where it is not there yet
	name      string
}

func (s spot) node(doc *jsonsource.Document) *jsonsource.Node {
	switch {
	case s.container == nil:
		return doc.Root
	case s.child < 0:
		return nil
	case s.container.Kind == jsonsource.Array:
		return &s.container.Items[s.child]
	}
	return &s.container.Members[s.child].Value
}

// extent is the part of the text a child takes, with the name of a member.
func (s spot) extent(doc *jsonsource.Document) (start, end int) {
	n := s.node(doc)
	if s.container != nil && s.container.Kind == jsonsource.Object {
		return s.container.Members[s.child].NameStart, n.End
	}
	return n.Start, n.End
}

// find follows a JSON Pointer.
func (s *splicer) find(pointer string) (spot, error) {
	at := spot{}
	if pointer == "" {
		return at, nil
	}
	if pointer[0] != '/' {
		return at, fmt.Errorf("pointer %q does not begin with a slash", pointer)
	}
	for _, token := range strings.Split(pointer[1:], "/") {
		n := at.node(s.doc)
		if n == nil {
			return at, fmt.Errorf("pointer %q goes through what is not there", pointer)
		}
		token = strings.ReplaceAll(strings.ReplaceAll(token, "~1", "/"), "~0", "~")
		next, err := childOf(n, token)
		if err != nil {
			return at, fmt.Errorf("pointer %q: %w", pointer, err)
		}
		at = next
	}
	return at, nil
}

func childOf(n *jsonsource.Node, token string) (spot, error) {
	switch n.Kind {
	case jsonsource.Object:
		i := slices.IndexFunc(n.Members, func(m jsonsource.Member) bool { return m.Name == token })
		return spot{container: n, child: i, name: token}, nil
	case jsonsource.Array:
		if token == "-" {
			return spot{container: n, child: -1}, nil
		}
		i, err := strconv.Atoi(token)
		if err != nil || i < 0 || i >= len(n.Items) {
			return spot{}, fmt.Errorf("a list of %d has no item %q", len(n.Items), token)
		}
		return spot{container: n, child: i}, nil
	}
	return spot{}, fmt.Errorf("%s has no member %q", n.Kind, token)
}

// apply takes a whole patch on, or nothing of it where it touches what another
// patch changed.
func (s *splicer) apply(patch []Operation) error {
	trial := &splicer{doc: s.doc, text: s.text, removed: cloned(s.removed), added: cloned(s.added)}
	trial.replaced, trial.touched = slices.Clone(s.replaced), slices.Clone(s.touched)
	for _, op := range patch {
		if err := trial.operation(op); err != nil {
			return fmt.Errorf("%s %s: %w", op.Op, op.Path, err)
		}
	}
	if !disjoint(trial.edits()) {
		return errTaken
	}
	*s = *trial
	return nil
}

func (s *splicer) operation(op Operation) error {
	at, err := s.find(op.Path)
	if err != nil {
		return err
	}
	switch op.Op {
	case "remove":
		return s.remove(at)
	case "replace":
		return s.replace(at, op.Value)
	case "add":
		return s.add(at, op.Value)
	case "move":
		return s.rename(op.From, at)
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

func disjoint(edits []edit) bool {
	for i := 1; i < len(edits); i++ {
		if edits[i].start < edits[i-1].end {
			return false
		}
	}
	return true
}

// claim takes a part of the text, unless another change has it.
func (s *splicer) claim(start, end int) error {
	if s.taken(start, end) {
		return errTaken
	}
	s.touched = append(s.touched, edit{start: start, end: end})
	return nil
}

func (s *splicer) taken(start, end int) bool {
	return slices.ContainsFunc(s.touched, func(t edit) bool { return start < t.end && t.start < end })
}

func (s *splicer) remove(at spot) error {
	if at.container == nil || at.child < 0 {
		return errors.New("nothing there to remove")
	}
	s.removed[at.container] = append(s.removed[at.container], at.child)
	return s.claim(at.extent(s.doc))
}

func (s *splicer) replace(at spot, value any) error {
	n := at.node(s.doc)
	if n == nil {
		return errors.New("nothing there to replace")
	}
	text, err := s.render(value, n.Start, at.container)
	if err != nil {
		return err
	}
	s.replaced = append(s.replaced, edit{n.Start, n.End, text})
	return s.claim(n.Start, n.End)
}

// rename gives a member another name, in place.
func (s *splicer) rename(from string, to spot) error {
	at, err := s.find(from)
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
	s.replaced = append(s.replaced, edit{m.NameStart, m.NameEnd, string(name)})
	return s.claim(m.NameStart, m.NameEnd)
}

// add puts a new member into an object, or appends to a list.
func (s *splicer) add(at spot, value any) error {
	c := at.container
	switch {
	case c == nil:
		return errors.New("nothing to add to")
	case at.child >= 0 || c.Kind == jsonsource.Object && slices.ContainsFunc(s.added[c], func(a addition) bool { return a.name == at.name }):
		return errors.New("there is one already")
	case s.taken(c.Start, c.Start+1):
		return errTaken // the container itself goes
	}
	_, lastEnd := children(c)
	text, err := s.render(value, max(lastEnd, c.Start+1), c)
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
		text = string(quoted) + s.colon(c) + text
	}
	s.added[c] = append(s.added[c], addition{name, text})
	return nil
}

// children returns where each child of a container starts, and where the last
// ends.
func children(c *jsonsource.Node) (starts []int, lastEnd int) {
	for i := range c.Items {
		starts, lastEnd = append(starts, c.Items[i].Start), c.Items[i].End
	}
	for i := range c.Members {
		starts, lastEnd = append(starts, c.Members[i].NameStart), c.Members[i].Value.End
	}
	return starts, lastEnd
}

// edits returns all changes, in the order of the text.
func (s *splicer) edits() []edit {
	out := slices.Clone(s.replaced)
	for c, places := range s.removed {
		if len(s.added[c]) == 0 || len(places) < len(c.Items)+len(c.Members) {
			out = append(out, cuts(c, places)...)
		}
	}
	for c, more := range s.added {
		out = append(out, s.inserts(c, more)...)
	}
	slices.SortFunc(out, func(a, b edit) int { return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(a.end, b.end)) })
	return out
}

// inserts puts new children into a container: Version first, as documents have
// it, others behind the last.
func (s *splicer) inserts(c *jsonsource.Node, more []addition) []edit {
	starts, lastEnd := children(c)
	if len(starts) == len(s.removed[c]) {
		texts := make([]string, len(more))
		for i, a := range more {
			texts[i] = a.text
		}
		return []edit{{c.Start + 1, c.End - 1, strings.Join(texts, ", ")}}
	}
	first, last := edit{start: starts[0], end: starts[0]}, edit{start: lastEnd, end: lastEnd}
	for _, a := range more {
		if a.name == "Version" {
			first.text += a.text + "," + s.between(c)
		} else {
			last.text += "," + s.between(c) + a.text
		}
	}
	return slices.DeleteFunc([]edit{first, last}, func(e edit) bool { return e.text == "" })
}

// cuts removes children with the commas that go with them. A run of them goes up
// to the child that follows; at the end, from behind the child before.
func cuts(c *jsonsource.Node, places []int) []edit {
	starts, lastEnd := children(c)
	gone := make([]bool, len(starts))
	for _, i := range places {
		gone[i] = true
	}
	if len(places) == len(starts) {
		return []edit{{c.Start + 1, c.End - 1, ""}}
	}
	var out []edit
	for i := 0; i < len(starts); i++ {
		if !gone[i] {
			continue
		}
		first := i
		for i < len(starts) && gone[i] {
			i++
		}
		if i < len(starts) {
			out = append(out, edit{starts[first], starts[i], ""})
			continue
		}
		out = append(out, edit{childEnd(c, first-1), lastEnd, ""})
	}
	return out
}

func childEnd(c *jsonsource.Node, i int) int {
	if c.Kind == jsonsource.Array {
		return c.Items[i].End
	}
	return c.Members[i].Value.End
}
