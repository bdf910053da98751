package environ

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/berth-project/berth/internal/diagnostic"
	"github.com/berth-project/berth/secret"
)

// MaxEntrySize is the longest "NAME=value" a program can be given, in bytes:
// what Linux takes (MAX_ARG_STRLEN, with its closing NUL).
const MaxEntrySize = 128<<10 - 1

// Entry is one assignment of a dotenv file.
type Entry struct {
	// Name is the name of the variable.
	Name string
	// Value is its value, without quotes and with escapes replaced.
	Value secret.String
	// Line and Column are where the name begins; both count from 1, Column in
	// bytes.
	Line int
	// Column is described at Line.
	Column int
}

// ValidName reports whether name can name a variable everywhere: a letter or
// "_", then letters, digits and "_", all ASCII.
func ValidName(name string) bool {
	for i := range len(name) {
		if !nameByte(name[i], i) {
			return false
		}
	}
	return name != ""
}

func nameByte(c byte, i int) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || i > 0 && c >= '0' && c <= '9'
}

// ParseDotenv parses a dotenv file; the package comment has the grammar. It
// returns the assignments in order and everything that is wrong, with no
// value in it. file is only named in problems.
func ParseDotenv(file string, data []byte) ([]Entry, diagnostic.List) {
	p := &dotenvParser{file: file, seen: map[string]int{}, line: 1}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	p.text = strings.ReplaceAll(string(data), "\r\n", "\n")
	for p.pos < len(p.text) {
		p.parseLine()
	}
	return p.entries, p.problems
}

type dotenvParser struct {
	file     string
	text     string // LF line ends
	pos      int
	line     int // of pos
	start    int // offset of the line of pos
	entries  []Entry
	problems diagnostic.List
	seen     map[string]int // name → line
}

// place is a position in the file.
type place struct{ line, column int }

func (p *dotenvParser) here() place { return place{p.line, p.pos - p.start + 1} }

// peek returns the byte at pos, LF at the end of the text.
func (p *dotenvParser) peek() byte {
	if p.pos < len(p.text) {
		return p.text[p.pos]
	}
	return '\n'
}

func (p *dotenvParser) problem(at place, k problemKind) {
	p.problems = append(p.problems, &diagnostic.Problem{
		Code: k.code, Message: k.message, Help: k.help,
		File: p.file, Line: at.line, Column: at.column, Width: 1,
	})
}

// newline steps over the LF at pos.
func (p *dotenvParser) newline() {
	p.pos++
	p.line++
	p.start = p.pos
}

// nextLine skips what is left of the line.
func (p *dotenvParser) nextLine() {
	i := strings.IndexByte(p.text[p.pos:], '\n')
	if i < 0 {
		p.pos = len(p.text)
		return
	}
	p.pos += i
	p.newline()
}

func (p *dotenvParser) blanks() (skipped bool) {
	for c := p.peek(); c == ' ' || c == '\t'; c = p.peek() {
		p.pos++
		skipped = true
	}
	return skipped
}

func (p *dotenvParser) parseLine() {
	defer p.nextLine()
	p.blanks()
	if c := p.peek(); c == '#' || c == '\n' {
		p.comment()
		return
	}
	at := p.here()
	name, ok := p.parseName()
	if ok && name == "export" && (p.peek() == ' ' || p.peek() == '\t') {
		p.blanks()
		at = p.here()
		name, ok = p.parseName()
	}
	if !ok {
		return
	}
	if p.peek() != '=' {
		p.problem(p.here(), afterName(p.peek()))
		return
	}
	p.pos++
	value, ok := p.parseValue()
	if !ok {
		return
	}
	p.add(at, name, value)
}

// add records an assignment unless the name is taken or the value too long.
func (p *dotenvParser) add(at place, name, value string) {
	if first, ok := p.seen[name]; ok {
		k := problemDuplicate
		k.message = fmt.Sprintf("%s is set twice, first on line %d", name, first)
		p.problem(at, k)
		return
	}
	p.seen[name] = at.line
	if len(name)+1+len(value) > MaxEntrySize {
		p.problem(at, problemTooLong)
		return
	}
	p.entries = append(p.entries, Entry{Name: name, Value: secret.New(value), Line: at.line, Column: at.column})
}

// comment steps over what is left of a line, a comment or nothing. What no
// value may hold is refused here too: to other programs a carriage return ends
// the line, and what follows is an assignment.
func (p *dotenvParser) comment() bool {
	for p.peek() != '\n' {
		if !p.plain() {
			return false
		}
	}
	return true
}

func (p *dotenvParser) parseName() (string, bool) {
	begin := p.pos
	for p.pos < len(p.text) && nameByte(p.text[p.pos], p.pos-begin) {
		p.pos++
	}
	if p.pos == begin {
		p.problem(p.here(), problemName)
		return "", false
	}
	return p.text[begin:p.pos], true
}

func (p *dotenvParser) parseValue() (string, bool) {
	at := p.here()
	spaced := p.blanks() && p.peek() != '\n' && p.peek() != '#'
	if spaced {
		p.problem(at, problemEqualsSpace) // and on, to find the end of the value
	}
	var value string
	var ok bool
	switch p.peek() {
	case '\'':
		value, ok = p.parseSingle()
	case '"':
		value, ok = p.parseDouble()
	default:
		value, ok = p.parseBare()
		return value, ok && !spaced
	}
	return value, ok && p.endOfValue() && !spaced
}

// endOfValue wants nothing but a comment behind a closing quote.
func (p *dotenvParser) endOfValue() bool {
	at := p.here()
	blank := p.blanks()
	if c := p.peek(); c == '\n' || c == '#' && blank {
		return p.comment()
	}
	p.problem(at, problemAfterQuote)
	return false
}

// parseBare parses an unquoted value. Its comment may begin right behind "=".
func (p *dotenvParser) parseBare() (string, bool) {
	begin := p.pos
	if p.peek() == '#' {
		if p.text[p.pos-1] != '=' {
			return "", p.comment()
		}
		p.problem(p.here(), problemHash)
		return "", false
	}
	for {
		c := p.peek()
		if c == '\n' {
			return p.text[begin:p.pos], true
		}
		if c == ' ' || c == '\t' {
			value := p.text[begin:p.pos]
			at := p.here()
			p.blanks()
			if c := p.peek(); c == '\n' || c == '#' {
				return value, p.comment()
			}
			p.problem(at, problemBlank)
			return "", false
		}
		k, bad := bareProblem(c)
		if !bad && homeAt(p.text[begin:p.pos+1], p.pos-begin) {
			k, bad = problemTilde, true
		}
		if bad {
			p.problem(p.here(), k)
			return "", false
		}
		if !p.plain() {
			return "", false
		}
	}
}

// plain steps over one character that stands for itself, and refuses those no
// value may hold.
func (p *dotenvParser) plain() bool {
	r, size := utf8.DecodeRuneInString(p.text[p.pos:])
	switch {
	case r == utf8.RuneError && size == 1:
		p.problem(p.here(), problemUTF8)
		return false
	case r == 0:
		p.problem(p.here(), problemNUL)
		return false
	case r == '\r':
		p.problem(p.here(), problemCR)
		return false
	case r == '\n':
		p.newline()
		return true
	}
	p.pos += size
	return true
}

func (p *dotenvParser) parseSingle() (string, bool) {
	open := p.here()
	p.pos++
	begin := p.pos
	for p.pos < len(p.text) {
		if p.text[p.pos] == '\'' {
			value := p.text[begin:p.pos]
			p.pos++
			return value, true
		}
		if !p.plain() {
			p.skipQuoted('\'')
			return "", false
		}
	}
	p.problem(open, problemUnterminated)
	return "", false
}

func (p *dotenvParser) parseDouble() (string, bool) {
	open := p.here()
	p.pos++
	var b strings.Builder
	for p.pos < len(p.text) {
		begin := p.pos
		switch c := p.text[p.pos]; {
		case c == '"':
			p.pos++
			return b.String(), true
		case c == '\\':
			if !p.parseEscape(&b) {
				p.skipQuoted('"')
				return "", false
			}
		case c == '$' || c == '`':
			p.problem(p.here(), doubleProblem(c))
			p.skipQuoted('"')
			return "", false
		case !p.plain():
			p.skipQuoted('"')
			return "", false
		default:
			b.WriteString(p.text[begin:p.pos])
		}
	}
	p.problem(open, problemUnterminated)
	return "", false
}

// escapes are what may follow a backslash, and what it stands for.
var escapes = map[byte]byte{'n': '\n', 'r': '\r', 't': '\t', '\\': '\\', '"': '"', '$': '$', '`': '`'}

func (p *dotenvParser) parseEscape(b *strings.Builder) bool {
	at := p.here()
	p.pos++
	c, ok := escapes[p.peek()]
	if !ok {
		p.problem(at, problemEscape)
		return false
	}
	p.pos++
	b.WriteByte(c)
	return true
}

// skipQuoted goes behind the quote that closes a value already found bad, so
// that its other lines are not taken for assignments.
func (p *dotenvParser) skipQuoted(quote byte) {
	for p.pos < len(p.text) && p.text[p.pos] != quote {
		if p.text[p.pos] == '\\' && quote == '"' && p.pos+1 < len(p.text) && p.text[p.pos+1] != '\n' {
			p.pos++
		}
		if p.text[p.pos] == '\n' {
			p.newline()
			continue
		}
		p.pos++
	}
}
