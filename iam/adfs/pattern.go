package adfs

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/berth-project/berth/iam"
)

// maxPattern is the longest regular expression that is read.
const maxPattern = 1000

// pattern is a regular expression of .NET in Go's form.
type pattern struct {
	re   *regexp.Regexp
	text string // as written
	at   iam.Position
	// groups has Go's number of each group, by .NET's number: .NET counts the
	// groups without a name first.
	groups []int
	names  map[string]int
	// foldsCase and anchored tell about the beginning of the pattern.
	foldsCase, anchored bool
}

// compile translates a pattern and compiles it.
func compile(lit token) (*pattern, error) {
	tr := translator{src: lit.text, at: lit.content}
	if len(lit.text) > maxPattern {
		return nil, tr.errorf(0, "", "regular expression of %d bytes: at most %d", len(lit.text), maxPattern)
	}
	if err := tr.run(); err != nil {
		return nil, err
	}
	re, err := regexp.Compile(tr.out.String())
	if err != nil {
		return nil, tr.errorf(0, "", "regular expression: %s", reason(err))
	}
	p := &pattern{re: re, text: lit.text, at: lit.content, groups: []int{0}, names: map[string]int{}}
	for i, n := range re.SubexpNames() {
		if i > 0 && n == "" {
			p.groups = append(p.groups, i)
		}
	}
	for i, n := range re.SubexpNames() {
		if n != "" {
			p.groups = append(p.groups, i)
			p.names[n] = i
		}
	}
	p.foldsCase, p.anchored = beginning(tr.out.String())
	return p, nil
}

// reason returns what is wrong with an expression, without the expression,
// which is not as it was written.
func reason(err error) string {
	if e, ok := errors.AsType[*syntax.Error](err); ok {
		return e.Code.String()
	}
	return err.Error()
}

// beginning tells whether a pattern's letters are matched without regard to
// case, and whether it matches at the beginning of a value only.
func beginning(src string) (fold, anchored bool) {
	re, err := syntax.Parse(src, syntax.Perl)
	if err != nil {
		return false, false
	}
	return foldsCase(re), startsAtBeginning(re)
}

func foldsCase(re *syntax.Regexp) bool {
	if re.Op == syntax.OpLiteral {
		return re.Flags&syntax.FoldCase != 0
	}
	return slices.ContainsFunc(re.Sub, foldsCase)
}

func startsAtBeginning(re *syntax.Regexp) bool {
	switch re.Op {
	case syntax.OpBeginText, syntax.OpBeginLine:
		return true
	case syntax.OpConcat, syntax.OpCapture:
		return len(re.Sub) > 0 && startsAtBeginning(re.Sub[0])
	case syntax.OpAlternate:
		return !slices.ContainsFunc(re.Sub, func(s *syntax.Regexp) bool { return !startsAtBeginning(s) })
	}
	return false
}

// The classes of .NET, which are of all of Unicode, outside and inside brackets.
const (
	netWord  = `\p{L}\p{Mn}\p{Nd}\p{Pc}`
	netSpace = `\f\n\r\t\v\x{85}\p{Z}`
)

// translator writes a pattern of .NET as one of Go.
type translator struct {
	src string
	pos int
	at  iam.Position // of the pattern's first character
	out strings.Builder
}

func (t *translator) errorf(pos int, help, format string, args ...any) error {
	at := t.at
	at.Offset += pos
	for _, c := range []byte(t.src[:pos]) {
		if at.Column++; c == '\n' {
			at.Line, at.Column = at.Line+1, 1
		}
	}
	return &Error{at, fmt.Sprintf(format, args...), help}
}

const notHere = "this tester runs rules with an engine that has none; try the rule on a server"

func (t *translator) unsupported(pos int, what string) error {
	return t.errorf(pos, notHere, "regular expression: %s", what)
}

// rest returns what is left.
func (t *translator) rest() string { return t.src[t.pos:] }

// copy writes n bytes as they are.
func (t *translator) copy(n int) {
	t.out.WriteString(t.src[t.pos : t.pos+n])
	t.pos += n
}

// write writes something else for n bytes.
func (t *translator) write(n int, s string) {
	t.out.WriteString(s)
	t.pos += n
}

func (t *translator) run() error {
	for t.pos < len(t.src) {
		var err error
		switch t.src[t.pos] {
		case '\\':
			err = t.escape(false)
		case '(':
			err = t.group()
		case '[':
			err = t.class()
		default:
			_, n := utf8.DecodeRuneInString(t.rest())
			t.copy(n)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// escape writes what begins with a backslash.
func (t *translator) escape(class bool) error {
	rest := t.rest()
	if len(rest) < 2 {
		return t.errorf(t.pos, "", "regular expression: a backslash at the end")
	}
	switch c := rest[1]; c {
	case 'd', 'D', 'w', 'W', 's', 'S':
		return t.shorthand(c, class)
	case 'p', 'P':
		if !strings.HasPrefix(rest[2:], "{") {
			return t.errorf(t.pos, "", `regular expression: \%c without {`, c)
		}
		t.copy(2)
	case 'b':
		if class {
			t.write(2, `\x08`)
			return nil
		}
		t.copy(2)
	case 'Z':
		t.write(2, `\z`) // there is no line break at the end of a value
	case 'e':
		t.write(2, `\x1b`)
	case 'u':
		if len(rest) < 6 || run(rest[2:6], hexadecimal) < 4 {
			return t.errorf(t.pos, "", `regular expression: \u wants four hexadecimal digits`)
		}
		t.write(6, `\x{`+rest[2:6]+`}`)
	case 'G', 'k', 'c', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		return t.unsupported(t.pos, `\`+string(c)+` is a back reference or an anchor of .NET`)
	case 'x':
		if len(rest) < 4 || run(rest[2:4], hexadecimal) < 2 {
			return t.errorf(t.pos, "", `regular expression: \x wants two hexadecimal digits`)
		}
		t.copy(4)
	case 'A', 'z', 'B', 'a', 'f', 'n', 'r', 't', 'v', '0':
		t.copy(2)
	default:
		if letter(c) && c != '_' || digit(c) {
			return t.errorf(t.pos, "", `regular expression: \%c is no escape`, c)
		}
		// Go takes a backslash before ASCII signs only.
		if c < utf8.RuneSelf {
			t.copy(2)
			return nil
		}
		t.pos++
	}
	return nil
}

// shorthand writes \d and its like.
func (t *translator) shorthand(c byte, class bool) error {
	inside := map[byte]string{'d': `\p{Nd}`, 'D': `\P{Nd}`, 'w': netWord, 's': netSpace}[c]
	switch {
	case class && inside == "":
		return t.unsupported(t.pos, `\`+string(c)+` within brackets`)
	case class, c == 'd', c == 'D':
		t.write(2, inside)
	case c == 'w', c == 's':
		t.write(2, "["+inside+"]")
	case c == 'W':
		t.write(2, "[^"+netWord+"]")
	default:
		t.write(2, "[^"+netSpace+"]")
	}
	return nil
}

// group writes an opening parenthesis and what belongs to it.
func (t *translator) group() error {
	rest := t.rest()
	if !strings.HasPrefix(rest, "(?") {
		t.copy(1)
		return nil
	}
	for _, bad := range []struct{ prefix, what string }{
		{"(?=", "lookahead"},
		{"(?!", "lookahead"},
		{"(?<=", "lookbehind"},
		{"(?<!", "lookbehind"},
		{"(?>", "an atomic group"},
		{"(?(", "a conditional group"},
	} {
		if strings.HasPrefix(rest, bad.prefix) {
			return t.unsupported(t.pos, bad.what)
		}
	}
	switch {
	case strings.HasPrefix(rest, "(?#"):
		n := strings.IndexByte(rest, ')')
		if n < 0 {
			return t.errorf(t.pos, "", "regular expression: comment without end")
		}
		t.pos += n + 1
		return nil
	case strings.HasPrefix(rest, "(?:"):
		t.copy(3)
		return nil
	case strings.HasPrefix(rest, "(?<"):
		return t.named('>')
	case strings.HasPrefix(rest, "(?'"):
		return t.named('\'')
	}
	return t.flags()
}

// named writes a group with a name.
func (t *translator) named(closing byte) error {
	rest := t.rest()[3:]
	n := run(rest, func(c byte) bool { return letter(c) || digit(c) })
	switch {
	case n == 0 || n == len(rest) || digit(rest[0]):
		return t.errorf(t.pos, "", "regular expression: a group's name is letters and digits, a letter first")
	case rest[n] == '-':
		return t.unsupported(t.pos, "a balancing group")
	case rest[n] != closing:
		return t.errorf(t.pos, "", "regular expression: a group's name has no end")
	}
	t.write(3+n+1, "(?P<"+rest[:n]+">")
	return nil
}

// flags writes (?i) and (?i:.
func (t *translator) flags() error {
	rest := t.rest()[2:]
	n := run(rest, func(c byte) bool { return letter(c) || c == '-' })
	if n == 0 || n == len(rest) || rest[n] != ')' && rest[n] != ':' {
		return t.errorf(t.pos, "", "regular expression: %q is no group of .NET", clip(t.rest()))
	}
	for i := range n {
		switch c := rest[i]; c {
		case 'i', 's', 'm', '-':
		case 'n', 'x':
			return t.unsupported(t.pos, "the flag "+string(c))
		default:
			return t.errorf(t.pos, "", "regular expression: %c is no flag", c)
		}
	}
	t.copy(2 + n + 1)
	return nil
}

// class writes a class in brackets.
func (t *translator) class() error {
	open := t.pos
	t.copy(1)
	if strings.HasPrefix(t.rest(), "^") {
		t.copy(1)
	}
	if strings.HasPrefix(t.rest(), "]") {
		t.write(1, `\]`)
	}
	for t.pos < len(t.src) {
		switch c := t.src[t.pos]; {
		case c == ']':
			t.copy(1)
			return nil
		case c == '\\':
			if err := t.escape(true); err != nil {
				return err
			}
		case strings.HasPrefix(t.rest(), "-["):
			return t.unsupported(t.pos, "subtraction in a class")
		case c == '[':
			t.write(1, `\[`) // a bracket within brackets is a bracket
		default:
			_, n := utf8.DecodeRuneInString(t.rest())
			t.copy(n)
		}
	}
	return t.errorf(open, "", "regular expression: a class without ]")
}

func hexadecimal(c byte) bool { return digit(c) || 'a' <= c|0x20 && c|0x20 <= 'f' }
