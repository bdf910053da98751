package jsonsource

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Limits bound what is read. A zero field takes its default.
type Limits struct {
	// Bytes is the size of the text; 1 MiB by default.
	Bytes int
	// Depth is how deep arrays and objects may nest; 64 by default.
	Depth int
	// Values is how many values there may be, of any kind; 100,000 by default.
	Values int
}

// The defaults of [Limits].
const (
	DefaultBytes  = 1 << 20
	DefaultDepth  = 64
	DefaultValues = 100_000
)

const byteOrderMark = "\ufeff"

// Parse reads one JSON value. A byte order mark before it is ignored (RFC 8259,
// section 8.1). The error is an [*Error]; with it the document has no root, but
// still its text and its positions (a text over the limit is not kept).
func Parse(text []byte, l Limits) (*Document, error) {
	if l.Bytes <= 0 {
		l.Bytes = DefaultBytes
	}
	if l.Depth <= 0 {
		l.Depth = DefaultDepth
	}
	if l.Values <= 0 {
		l.Values = DefaultValues
	}
	if len(text) > l.Bytes {
		d := &Document{}
		return d, &Error{
			Span:    Span{Start: d.Position(0), End: d.Position(0)},
			Message: fmt.Sprintf("text has %d bytes, more than the %d that are read", len(text), l.Bytes),
			Help:    "split it",
		}
	}
	d := &Document{text: string(text)}
	p := &parser{doc: d, text: d.text, limits: l}
	root, err := p.document()
	if err != nil {
		return d, err
	}
	d.Root = root
	return d, nil
}

// parser reads a text from front to back. Values of open arrays and objects
// wait on the two stacks until their number is known, so that each container is
// one allocation of the right size.
type parser struct {
	doc     *Document
	text    string
	at      int
	limits  Limits
	values  int
	items   []Node
	members []Member
}

func (p *parser) document() (*Node, error) {
	if i := invalidUTF8(p.text); i >= 0 {
		return nil, p.notUTF8(i)
	}
	p.at = len(p.text) - len(strings.TrimPrefix(p.text, byteOrderMark))
	p.space()
	if p.at == len(p.text) {
		return nil, p.fail("text is empty", "write a JSON value")
	}
	root, err := p.value(0)
	if err != nil {
		return nil, err
	}
	p.space()
	if p.at < len(p.text) {
		if c := p.text[p.at]; c == '/' || c == '#' {
			return nil, p.comment()
		}
		return nil, p.fail("text goes on behind the value with "+p.seen(), "remove it: one text holds one value")
	}
	return &root, nil
}

// value reads a value, the first byte of which is next.
func (p *parser) value(depth int) (Node, error) {
	n := Node{Start: p.at}
	if p.values++; p.values > p.limits.Values {
		return n, p.fail(fmt.Sprintf("text has more than the %d values that are read", p.limits.Values), "split it")
	}
	var err error
	switch c := p.peek(); {
	case c == '{':
		n.Kind = Object
		n.Members, err = p.object(n.Start, depth+1)
	case c == '[':
		n.Kind = Array
		n.Items, err = p.array(n.Start, depth+1)
	case c == '"':
		n.Kind = String
		n.Text, err = p.str()
	case c == '-' || '0' <= c && c <= '9':
		n.Kind = Number
		n.Text, err = p.number()
	case p.literal("true"), p.literal("false"):
		n.Kind, n.Text = Bool, p.text[n.Start:p.at]
	case p.literal("null"):
		n.Kind, n.Text = Null, "null"
	default:
		err = p.noValue()
	}
	n.End = p.at
	return n, err
}

// inner reads a value of the array or object that begins at start.
func (p *parser) inner(start, depth int) (Node, error) {
	if p.at == len(p.text) {
		return Node{}, p.unfinished(start)
	}
	return p.value(depth)
}

func (p *parser) object(start, depth int) ([]Member, error) {
	if depth > p.limits.Depth {
		return nil, p.tooDeep()
	}
	base := len(p.members)
	p.at++
	p.space()
	for more := p.peek() != '}'; more; {
		if p.peek() != '"' {
			return nil, p.noName(start)
		}
		var m Member
		var err error
		m.NameStart = p.at
		if m.Name, err = p.str(); err != nil {
			return nil, err
		}
		m.NameEnd = p.at
		p.space()
		if p.peek() != ':' {
			return nil, p.expected(start, fmt.Sprintf("a colon behind the name %s", quote(m.Name)), `put ":" between name and value`)
		}
		p.at++
		p.space()
		if m.Value, err = p.inner(start, depth); err != nil {
			return nil, err
		}
		p.members = append(p.members, m)
		if more, err = p.more(start, '}'); err != nil {
			return nil, err
		}
	}
	p.at++
	members := slices.Clone(p.members[base:])
	p.members = p.members[:base]
	return members, nil
}

func (p *parser) array(start, depth int) ([]Node, error) {
	if depth > p.limits.Depth {
		return nil, p.tooDeep()
	}
	base := len(p.items)
	p.at++
	p.space()
	for more := p.peek() != ']'; more; {
		item, err := p.inner(start, depth)
		if err != nil {
			return nil, err
		}
		p.items = append(p.items, item)
		if more, err = p.more(start, ']'); err != nil {
			return nil, err
		}
	}
	p.at++
	items := slices.Clone(p.items[base:])
	p.items = p.items[:base]
	return items, nil
}

// more reads up to the next member or item of the array or object that begins
// at start and reports whether there is one, or else leaves the closing bracket
// next.
func (p *parser) more(start int, closing byte) (bool, error) {
	p.space()
	switch p.peek() {
	case closing:
		return false, nil
	case ',':
		comma := p.at
		p.at++
		p.space()
		if c := p.peek(); c == '}' || c == ']' {
			p.at = comma
			return false, p.fail("comma before "+quote(string(c)), "remove the comma: JSON has none behind the last")
		}
		return true, nil
	}
	return false, p.expected(start, fmt.Sprintf(`a comma or "%c"`, closing), "put a comma between one and the next")
}

// peek returns the next byte, or 0 at the end. A NUL in the text is no value
// either, so the two need not be told apart.
func (p *parser) peek() byte {
	if p.at < len(p.text) {
		return p.text[p.at]
	}
	return 0
}

func (p *parser) space() {
	for p.at < len(p.text) {
		switch p.text[p.at] {
		case ' ', '\t', '\r', '\n':
			p.at++
		default:
			return
		}
	}
}

// literal takes a word and reports whether it was next, as a word of its own.
func (p *parser) literal(word string) bool {
	if p.word() != word {
		return false
	}
	p.at += len(word)
	return true
}

// word returns the letters and digits that come next.
func (p *parser) word() string {
	i := p.at
	for i < len(p.text) && i-p.at <= 32 && wordByte(p.text[i]) {
		i++
	}
	return p.text[p.at:i]
}

func wordByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '-' || c == '.'
}

// number takes a number (RFC 8259, section 6) and returns its spelling.
func (p *parser) number() (string, error) {
	start := p.at
	if p.peek() == '-' {
		p.at++
	}
	switch {
	case p.peek() == '0':
		p.at++
		if c := p.peek(); '0' <= c && c <= '9' {
			return "", p.fail("number begins with a zero", "drop it, or write a string in quotes")
		}
	case !p.digits():
		return "", p.fail("number without a digit", "write digits behind the minus")
	}
	if p.peek() == '.' {
		p.at++
		if !p.digits() {
			return "", p.fail("number ends in a point", "write digits behind it")
		}
	}
	if c := p.peek(); c == 'e' || c == 'E' {
		p.at++
		if c := p.peek(); c == '+' || c == '-' {
			p.at++
		}
		if !p.digits() {
			return "", p.fail("number has an exponent without digits", "write digits behind the e")
		}
	}
	if p.at < len(p.text) && wordByte(p.text[p.at]) {
		return "", p.fail("number goes on with "+p.seen(), "write other text in double quotes")
	}
	return p.text[start:p.at], nil
}

func (p *parser) digits() bool {
	start := p.at
	for p.at < len(p.text) && '0' <= p.text[p.at] && p.text[p.at] <= '9' {
		p.at++
	}
	return p.at > start
}

func invalidUTF8(text string) int {
	if utf8.ValidString(text) {
		return -1
	}
	for i, r := range text {
		if r != utf8.RuneError {
			continue
		}
		if _, n := utf8.DecodeRuneInString(text[i:]); n == 1 {
			return i
		}
	}
	return -1
}
