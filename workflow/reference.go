package workflow

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/berth-project/berth/internal/jsonscan"
)

// root is what a reference begins with.
type root uint8

const (
	rootParams root = iota
	rootRun
	rootSteps
	rootSignal
	rootItem
	rootIndex
	rootEvent // of a [Template] only
)

var rootNames = []string{"params", "run", "steps", "signal", "item", "index", "event"}

// reference is what stands in ${ }: a path, and what counts instead where it leads
// nowhere.
type reference struct {
	text  string // with ${ and }, as it was written
	terms []term // the first that has a value counts
}

// term is a path from a root, or a literal.
type term struct {
	literal json.RawMessage // nil for a path
	root    root
	step    int      // of rootSteps: the node, once resolved
	fact    stepFact // of rootSteps: which of the facts, once resolved
	path    []segment
	shown   string // as it was written, without path once resolved
	// from and to are where the term stands in the text that holds it.
	from, to int
}

// segment is one step of a path.
type segment struct {
	name string // of a member
	// index is the place in an array, -1 where the segment can only be a name.
	// A segment of a JSON pointer may be both.
	index int
	// dotted: written as .name, so that it may be a part of a step's name.
	dotted bool
	to     int // where it ends in the text that holds it
}

// chunk is a part of a text: what stands there, or a reference.
type chunk struct {
	text string
	ref  *reference
	from int // where a reference begins in the whole text
}

// syntaxError says what is wrong with a reference, and where in the text.
type syntaxError struct {
	from, to int
	message  string
	help     string
}

func (e *syntaxError) Error() string { return e.message }

// maxTerms bounds the alternatives of one reference, maxPath the segments of a
// path.
const (
	maxTerms = 16
	maxPath  = 64
)

// split cuts a text into what stands there and the references in it. Before a
// brace dollars count in pairs, each of which is one dollar: ${ begins a
// reference, $${ is the text ${, and $$${ a dollar before a reference. Every other
// dollar is itself.
func split(text string) ([]chunk, *syntaxError) {
	var chunks []chunk
	var literal []byte
	at := 0
	for {
		next := strings.IndexByte(text[at:], '$')
		if next < 0 {
			break
		}
		literal = append(literal, text[at:at+next]...)
		at += next
		n := len(text[at:]) - len(strings.TrimLeft(text[at:], "$"))
		if at+n == len(text) || text[at+n] != '{' {
			literal = append(literal, text[at:at+n]...)
			at += n
			continue
		}
		literal = append(literal, text[at:at+n/2]...)
		if at += n; n%2 == 0 {
			continue
		}
		if len(literal) > 0 {
			chunks = append(chunks, chunk{text: string(literal)})
			literal = nil
		}
		p := cursor{text: text, at: at + 1, open: at - 1}
		ref, err := p.reference()
		if err != nil {
			return nil, err
		}
		chunks = append(chunks, chunk{ref: ref, from: at - 1})
		at = p.at
	}
	if literal = append(literal, text[at:]...); len(literal) > 0 {
		chunks = append(chunks, chunk{text: string(literal)})
	}
	return chunks, nil
}

// cursor reads one reference.
type cursor struct {
	text string
	at   int
	open int // where ${ stands
}

func (p *cursor) fail(message, help string) *syntaxError {
	return p.failAt(p.at, min(p.at+1, len(p.text)), message, help)
}

func (p *cursor) failAt(from, to int, message, help string) *syntaxError {
	return &syntaxError{from: from, to: max(to, from+1), message: message, help: help}
}

// seen names what is next.
func (p *cursor) seen() string {
	if p.at >= len(p.text) {
		return "the end of the text"
	}
	for _, r := range p.text[p.at:] {
		return strconv.Quote(string(r))
	}
	return ""
}

func (p *cursor) space() {
	for p.at < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.at]) >= 0 {
		p.at++
	}
}

func (p *cursor) peek() byte {
	if p.at < len(p.text) {
		return p.text[p.at]
	}
	return 0
}

// reference reads up to and with the closing brace.
func (p *cursor) reference() (*reference, *syntaxError) {
	ref := &reference{}
	for {
		p.space()
		t, err := p.term(len(ref.terms) == 0)
		if err != nil {
			return nil, err
		}
		ref.terms = append(ref.terms, t)
		p.space()
		switch {
		case p.peek() == '}':
			p.at++
			ref.text = p.text[p.open:p.at]
			return ref, nil
		case strings.HasPrefix(p.text[p.at:], "??"):
			p.at += 2
		case p.at >= len(p.text):
			return nil, p.failAt(p.open, p.open+2, `"${" without "}"`, `close it, or write "$${" for the text "${"`)
		default:
			return nil, p.fail(p.seen()+` stands where ".", "[", "#", "??" or "}" belongs`, `write "$${" for the text "${"`)
		}
		if len(ref.terms) == maxTerms {
			return nil, p.fail(fmt.Sprintf("reference has more than %d alternatives", maxTerms), "")
		}
	}
}

func (p *cursor) term(first bool) (term, *syntaxError) {
	start := p.at
	if !first {
		if end := jsonscan.End(p.text, p.at); end > p.at && json.Valid([]byte(p.text[p.at:end])) {
			p.at = end
			return term{literal: json.RawMessage(p.text[start:end]), from: start, to: end}, nil
		}
	}
	name := p.word()
	for r, known := range rootNames {
		if name == known {
			t := term{root: root(r), from: start, step: -1}
			var err *syntaxError
			t.path, err = p.path()
			t.to, t.shown = p.at, p.text[start:p.at]
			return t, err
		}
	}
	return term{}, p.noTerm(start, name, first)
}

// validRoots says what references of a document begin with.
func validRoots() string {
	return "a reference begins with " + strings.Join(rootNames[:rootEvent], ", ")
}

func (p *cursor) noTerm(start int, name string, first bool) *syntaxError {
	valid := validRoots()
	switch {
	case name == "" && p.at >= len(p.text):
		return p.failAt(p.open, p.open+2, `"${" without "}"`, `close it, or write "$${" for the text "${"`)
	case name == "" && first:
		return p.fail(p.seen()+" begins no reference", valid+`; write "$${" for the text "${"`)
	case name == "":
		return p.fail(p.seen()+" begins no fallback", "write a JSON value or another reference")
	case first:
		return p.failAt(start, p.at, fmt.Sprintf("%.40q is nothing to refer to", name), valid+`; write "$${" for the text "${"`)
	}
	return p.failAt(start, p.at, fmt.Sprintf("%.40q is no fallback", name), "write a JSON value, texts in quotes, or another reference")
}

// word takes the letters, digits, "_" and "-" that come next.
func (p *cursor) word() string {
	start := p.at
	for p.at < len(p.text) && wordByte(p.text[p.at]) {
		p.at++
	}
	return p.text[start:p.at]
}

func (p *cursor) path() ([]segment, *syntaxError) {
	var path []segment
	for len(path) <= maxPath {
		var s segment
		var err *syntaxError
		switch p.peek() {
		case '.':
			p.at++
			if s.name = p.word(); s.name == "" {
				return nil, p.fail(p.seen()+` stands where a name belongs`, `write other names as ["a name"]`)
			}
			s.index, s.dotted = -1, true
		case '[':
			if s, err = p.bracket(); err != nil {
				return nil, err
			}
		case '#':
			return p.pointer(path)
		default:
			return path, nil
		}
		s.to = p.at
		path = append(path, s)
	}
	return nil, p.fail(fmt.Sprintf("path has more than %d parts", maxPath), "")
}

// bracket reads [0] or ["name"].
func (p *cursor) bracket() (segment, *syntaxError) {
	p.at++
	p.space()
	s := segment{index: -1}
	start := p.at
	switch c := p.peek(); {
	case c == '"':
		name, err := p.quoted()
		if err != nil {
			return s, err
		}
		s.name = name
	case '0' <= c && c <= '9':
		n, err := strconv.ParseUint(p.word(), 10, 31)
		if err != nil {
			return s, p.failAt(start, p.at, fmt.Sprintf("%.40q is no place in an array", p.text[start:p.at]), "count from 0")
		}
		s.index = int(n)
	default:
		return s, p.fail(p.seen()+" stands where a place or a name belongs", `write [0], or ["a name"]`)
	}
	p.space()
	if p.peek() != ']' {
		return s, p.fail(p.seen()+` stands where "]" belongs`, "")
	}
	p.at++
	return s, nil
}

// quoted reads a JSON string.
func (p *cursor) quoted() (string, *syntaxError) {
	end := jsonscan.End(p.text, p.at)
	var s string
	if end <= p.at || json.Unmarshal([]byte(p.text[p.at:end]), &s) != nil {
		return "", p.fail("text in quotes that is no JSON string", `close it with ", and escape as JSON does`)
	}
	p.at = end
	return s, nil
}

// pointer reads a JSON pointer, plain up to a blank or "}", or in quotes.
func (p *cursor) pointer(path []segment) ([]segment, *syntaxError) {
	p.at++
	start := p.at
	var text string
	if p.peek() == '"' {
		var err *syntaxError
		if text, err = p.quoted(); err != nil {
			return nil, err
		}
	} else {
		if n := strings.IndexAny(p.text[p.at:], " \t\r\n}"); n >= 0 {
			p.at += n
		} else {
			p.at = len(p.text)
		}
		text = p.text[start:p.at]
	}
	segments, ok := pointerPath(text)
	if !ok || len(path)+len(segments) > maxPath {
		return nil, p.failAt(start, p.at, fmt.Sprintf("%.80q is no JSON pointer", text), formats["pointer"].help)
	}
	for i := range segments {
		segments[i].to = p.at
	}
	return append(path, segments...), nil
}

// pointerPath returns the path of a JSON pointer (RFC 6901).
func pointerPath(text string) ([]segment, bool) {
	if !formats["pointer"].pattern.MatchString(text) {
		return nil, false
	}
	if text == "" {
		return nil, true
	}
	var path []segment
	for part := range strings.SplitSeq(text[1:], "/") {
		s := segment{name: strings.NewReplacer("~1", "/", "~0", "~").Replace(part), index: -1}
		if n, err := strconv.ParseUint(part, 10, 31); err == nil && strconv.FormatUint(n, 10) == part {
			s.index = int(n)
		}
		path = append(path, s)
	}
	return path, true
}

// pathText writes a path as a reference does.
func pathText(path []segment) string {
	var b strings.Builder
	for _, s := range path {
		switch {
		case s.name == "" && s.index >= 0:
			b.WriteString("[" + strconv.Itoa(s.index) + "]")
		case isWord(s.name):
			b.WriteString("." + s.name)
		default:
			b.WriteString("[" + quoteJSON(s.name) + "]")
		}
	}
	return b.String()
}
