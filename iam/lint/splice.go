package lint

import (
	"bytes"
	"cmp"
	"encoding/json"
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

	removed  map[*jsonsource.Node][]int // by container, the places of what goes
	inserts  []edit                     // what is put between two bytes
	replaced []edit
	touched  []edit // what is spoken for: start and end only
}

func newSplicer(text []byte) (*splicer, error) {
	doc, err := jsonsource.Parse(text, jsonsource.Limits{})
	if err != nil {
		return nil, err
	}
	return &splicer{doc: doc, text: string(text), removed: map[*jsonsource.Node][]int{}}, nil
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
	trial := &splicer{
		doc: s.doc, text: s.text, removed: map[*jsonsource.Node][]int{},
		inserts: slices.Clone(s.inserts), replaced: slices.Clone(s.replaced), touched: slices.Clone(s.touched),
	}
	for n, places := range s.removed {
		trial.removed[n] = slices.Clone(places)
	}
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
	for _, t := range s.touched {
		if start < t.end && t.start < end || start == t.start && end == t.end {
			return errTaken
		}
	}
	s.touched = append(s.touched, edit{start: start, end: end})
	return nil
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

// add puts a new member into an object: Version first, as documents have it,
// others behind the last. Into a list it appends.
func (s *splicer) add(at spot, value any) error {
	c := at.container
	switch {
	case c == nil:
		return errors.New("nothing to add to")
	case at.child >= 0:
		return errors.New("there is one already")
	}
	if err := s.claim(c.End-1, c.End-1); err != nil {
		return err
	}
	starts, lastEnd := children(c)
	where := c.End - 1
	if len(starts) > 0 {
		where = lastEnd
	}
	text, err := s.render(value, where, c)
	if err != nil {
		return err
	}
	if c.Kind == jsonsource.Object {
		name, err := encode(at.name)
		if err != nil {
			return err
		}
		text = string(name) + s.colon(c) + text
	}
	switch {
	case len(starts) == 0:
		s.inserts = append(s.inserts, edit{c.Start + 1, c.End - 1, text})
	case at.name == "Version":
		s.inserts = append(s.inserts, edit{starts[0], starts[0], text + "," + s.between(c)})
	default:
		s.inserts = append(s.inserts, edit{lastEnd, lastEnd, "," + s.between(c) + text})
	}
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
	out := slices.Concat(s.inserts, s.replaced)
	for c, places := range s.removed {
		out = append(out, cuts(c, places)...)
	}
	slices.SortStableFunc(out, func(a, b edit) int { return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(a.end, b.end)) })
	return out
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

// between is the blank between two children of a container, taken from before
// its first one.
func (s *splicer) between(c *jsonsource.Node) string {
	starts, _ := children(c)
	blank := s.text[c.Start+1 : starts[0]]
	if blank == "" && len(starts) > 1 {
		blank = " "
		if s.text[starts[1]-1] == ',' {
			blank = ""
		}
	}
	return blank
}

// colon is what stands between a name and its value in an object.
func (s *splicer) colon(c *jsonsource.Node) string {
	if len(c.Members) == 0 {
		return ": "
	}
	m := &c.Members[0]
	return s.text[m.NameEnd:m.Value.Start]
}

// render writes a value as it looks well at a place: on lines of its own where
// its surroundings are.
func (s *splicer) render(value any, at int, container *jsonsource.Node) (string, error) {
	raw, err := encode(value)
	if err != nil {
		return "", err
	}
	if container == nil {
		container = s.doc.Root
	}
	line := s.text[strings.LastIndexByte(s.text[:at], '\n')+1 : at]
	margin := line[:len(line)-len(strings.TrimLeft(line, " \t"))]
	if !strings.ContainsRune(s.text[container.Start:container.End], '\n') || raw[0] != '{' && raw[0] != '[' {
		return spaced(raw), nil
	}
	var b bytes.Buffer
	if err := json.Indent(&b, raw, margin, s.unit()); err != nil {
		return "", err
	}
	return b.String(), nil
}

// unit is one step of indentation of the text.
func (s *splicer) unit() string {
	starts, _ := children(s.doc.Root)
	if len(starts) == 0 {
		return "  "
	}
	line := s.text[strings.LastIndexByte(s.text[:starts[0]], '\n')+1 : starts[0]]
	if line == "" || strings.Trim(line, " \t") != "" {
		return "  "
	}
	return line
}

// encode writes JSON without escaping what only HTML minds.
func encode(value any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(value); err != nil {
		return nil, err
	}
	return bytes.TrimSpace(b.Bytes()), nil
}

// spaced puts a blank behind each colon and comma of compact JSON.
func spaced(raw []byte) string {
	var b strings.Builder
	quoted := false
	for i := 0; i < len(raw); i++ {
		b.WriteByte(raw[i])
		switch c := raw[i]; {
		case quoted && c == '\\':
			i++
			b.WriteByte(raw[i])
		case c == '"':
			quoted = !quoted
		case !quoted && (c == ':' || c == ','):
			b.WriteByte(' ')
		}
	}
	return b.String()
}
