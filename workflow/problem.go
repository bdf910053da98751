package workflow

import (
	"unicode/utf8"

	"github.com/berth-project/berth/internal/diagnostic"
	"github.com/berth-project/berth/internal/jsonsource"
)

// MaxProblems is how many problems of a document are told at once.
const MaxProblems = 20

// The codes of problems. Those up to codeForm are what [Schema] finds too.
const (
	codeText     = "B1201"
	codeUnknown  = "B1202"
	codeTwice    = "B1203"
	codeType     = "B1204"
	codeMissing  = "B1205"
	codeRange    = "B1206"
	codeForm     = "B1207"
	codeName     = "B1210"
	codeStep     = "B1211"
	codeCycle    = "B1212"
	codeSyntax   = "B1213"
	codeRefers   = "B1214"
	codeWhen     = "B1215"
	codeHandler  = "B1216"
	codeFinally  = "B1217"
	codeForEach  = "B1218"
	codeInput    = "B1219"
	codeParams   = "B1220"
	codeCallback = "B1221"
)

// problems gathers what is wrong with a document, and where in its text when it
// was read from one.
type problems struct {
	file string
	text *jsonsource.Document // nil for a document that was built, not read
	list diagnostic.List
}

// place is a value of a document, or a part of it.
type place struct {
	trail *trail
	// key: the member's name is meant, not its value. member, where set, is
	// that member: one of several of the same name.
	key    bool
	member *jsonsource.Member
	// from and to are the part of a text that is meant, in bytes of the decoded
	// text; both 0 mean all of it.
	from, to int
}

// full reports whether enough problems are known.
func (ps *problems) full() bool { return len(ps.list) >= MaxProblems }

// add tells a problem of a value.
func (ps *problems) add(code string, t *trail, message, help string) {
	ps.at(code, place{trail: t}, message, help)
}

// at tells a problem of a place.
func (ps *problems) at(code string, where place, message, help string) {
	if ps.full() {
		return
	}
	p := &diagnostic.Problem{Code: code, Message: message, File: ps.file, Path: where.trail.String(), Help: help}
	if ps.text != nil && ps.text.Root != nil {
		ps.position(p, where)
	}
	ps.list = append(ps.list, p)
}

func (ps *problems) position(p *diagnostic.Problem, where place) {
	n := where.trail.in(ps.text.Root)
	start, end := n.Start, n.End
	switch m := where.member; {
	case m != nil:
		start, end = m.NameStart, m.NameEnd
	case where.key && where.trail != nil:
		if m := where.trail.up.in(ps.text.Root).Member(where.trail.key); m != nil {
			start, end = m.NameStart, m.NameEnd
		}
	case where.to > 0 && n.Kind == jsonsource.String:
		raw := ps.text.Text()[n.Start+1 : n.End-1]
		start, end = n.Start+1+encodedOffset(raw, where.from), n.Start+1+encodedOffset(raw, where.to)
	case n.Kind == jsonsource.Object || n.Kind == jsonsource.Array:
		end = start + 1
	}
	ps.mark(p, start, end)
}

// mark sets the position of a problem; the line stops at its end.
func (ps *problems) mark(p *diagnostic.Problem, start, end int) {
	from, to := ps.text.Position(start), ps.text.Position(end)
	p.Line, p.Column, p.Width = from.Line, from.Column, 1
	if to.Line == from.Line {
		p.Width = max(1, to.Column-from.Column)
	}
	p.Source = line(ps.text, from)
}

// maxLine is how much of a line is kept for the excerpt.
const maxLine = 4096

// line returns the line that holds a position.
func line(doc *jsonsource.Document, at jsonsource.Position) string {
	text := doc.Text()[at.Offset-(at.Column-1):]
	for i := range len(text) {
		if text[i] == '\n' || text[i] == '\r' || i == maxLine && at.Column < maxLine {
			return text[:i]
		}
	}
	return text
}

// encodedOffset returns where in a string's source, without its quotes, a byte of
// its decoded text stands.
func encodedOffset(raw string, decoded int) int {
	at := 0
	for done := 0; at < len(raw) && done < decoded; {
		if raw[at] != '\\' {
			at++
			done++
			continue
		}
		n, width := escape(raw[at:])
		at += n
		done += width
	}
	return min(at, len(raw))
}

// escape returns the length of the escape that raw begins with, and of what it
// stands for in UTF-8.
func escape(raw string) (length, width int) {
	r, n := hex4(raw)
	if n == 0 {
		return min(2, len(raw)), 1
	}
	if r >= 0xd800 && r < 0xdc00 {
		if low, n := hex4(raw[6:]); n > 0 && low >= 0xdc00 && low < 0xe000 {
			return 12, 4
		}
	}
	return 6, max(1, utf8.RuneLen(r))
}

// hex4 reads \uXXXX; n is 0 where there is none.
func hex4(raw string) (r rune, n int) {
	if len(raw) < 6 || raw[0] != '\\' || raw[1] != 'u' {
		return 0, 0
	}
	for _, c := range []byte(raw[2:6]) {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return 0, 0
		}
		r = r<<4 | rune(c)
	}
	return r, 6
}
