package jsonsource

import (
	"slices"
	"strings"
	"sync"
)

// Document is a text and the value it spells. It is read only and safe for
// concurrent use.
type Document struct {
	// Root is the value of the document.
	Root *Node

	text  string
	once  sync.Once
	lines []int // where each line starts, once somebody asked
}

// Kind is what a value is.
type Kind uint8

// The kinds of values.
const (
	Null Kind = iota
	Bool
	Number
	String
	Array
	Object
)

// String returns the kind with its article, as messages name it: "an object".
func (k Kind) String() string {
	return [...]string{"null", "a boolean", "a number", "a string", "an array", "an object"}[k]
}

// Node is a value in a document.
type Node struct {
	Kind Kind
	// Start and End are the offsets in bytes of the value's first byte and of the
	// byte behind its last. A string's quotes belong to it.
	Start, End int
	// Text is a string decoded; a number, true, false and null as they are
	// spelled; nothing for arrays and objects.
	Text string
	// Items are the values of an array.
	Items []Node
	// Members are the members of an object, in order, duplicates included.
	Members []Member
}

// Member is a name and its value.
type Member struct {
	// Name is decoded.
	Name string
	// NameStart and NameEnd are the offsets of the name with its quotes.
	NameStart, NameEnd int
	Value              Node
}

// Position is a place in a text.
type Position struct {
	// Offset counts bytes from 0; Line and Column (in bytes) count from 1. A byte
	// order mark takes no column.
	Offset, Line, Column int
}

// Span is a part of a text, from the first byte to behind the last.
type Span struct {
	Start, End Position
}

// Text returns the text the document was read from.
func (d *Document) Text() string { return d.text }

// Position returns the place of an offset, which is taken to lie in the text or
// at its end.
func (d *Document) Position(offset int) Position {
	offset = min(max(offset, 0), len(d.text))
	d.once.Do(func() { d.lines = lineStarts(d.text) })
	line, found := slices.BinarySearch(d.lines, offset)
	if found {
		line++
	}
	start := 0
	if line > 0 {
		start = d.lines[line-1]
	}
	return Position{Offset: offset, Line: max(line, 1), Column: max(offset-start, 0) + 1}
}

// Span returns where a value stands.
func (d *Document) Span(n *Node) Span {
	return Span{Start: d.Position(n.Start), End: d.Position(n.End)}
}

// NameSpan returns where the name of a member stands, quotes included.
func (d *Document) NameSpan(m *Member) Span {
	return Span{Start: d.Position(m.NameStart), End: d.Position(m.NameEnd)}
}

// Member returns the first member of that name, or nil where there is none or
// the value is not an object.
func (n *Node) Member(name string) *Member {
	for i := range n.Members {
		if n.Members[i].Name == name {
			return &n.Members[i]
		}
	}
	return nil
}

// Lookup follows names from object to object and returns the value it comes to,
// or nil where a name is not there. A nil node has no members.
func (n *Node) Lookup(names ...string) *Node {
	for _, name := range names {
		if n == nil {
			return nil
		}
		m := n.Member(name)
		if m == nil {
			return nil
		}
		n = &m.Value
	}
	return n
}

// lineStarts lists the offset at which each line begins. The first begins behind
// a byte order mark. CR LF, LF and a lone CR end a line, as editors count.
func lineStarts(text string) []int {
	starts := []int{len(text) - len(strings.TrimPrefix(text, byteOrderMark))}
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '\r' && i+1 < len(text) && text[i+1] == '\n':
		case text[i] == '\n', text[i] == '\r':
			starts = append(starts, i+1)
		}
	}
	return starts
}
