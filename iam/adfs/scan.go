package adfs

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/berth-project/berth/iam"
)

// Error is a place of a text that is not a claim rule.
type Error struct {
	Position iam.Position
	// Message says what is wrong, Help what to do.
	Message, Help string
}

// Error implements error as "line:column: message (help)".
func (e *Error) Error() string {
	s := fmt.Sprintf("%d:%d: %s", e.Position.Line, e.Position.Column, e.Message)
	if e.Help != "" {
		s += " (" + e.Help + ")"
	}
	return s
}

// tokenKind is a kind of token.
type tokenKind uint8

const (
	end tokenKind = iota
	name
	text
	number
	sign
)

// token is one token. Its text is that of a text literal without the quotes.
type token struct {
	kind tokenKind
	text string
	at   iam.Position
	// content is where the text of a literal begins.
	content iam.Position
}

// String describes the token for messages.
func (t token) String() string {
	switch t.kind {
	case end:
		return "the end of the rules"
	case text:
		return fmt.Sprintf("text %q", clip(t.text))
	}
	return fmt.Sprintf("%q", clip(t.text))
}

// signs are tried in this order, the longer first.
var signs = []string{"=>", "==", "=~", "!=", "!~", "&&", ">=", "<=", "[", "]", "(", ")", ",", ";", ":", ".", "=", "+", "@", ">", "<"}

type scanner struct {
	src string
	at  iam.Position
}

func newScanner(src string) *scanner {
	s := &scanner{src: src, at: iam.Position{Line: 1, Column: 1}}
	// A file saved on Windows often begins with the mark of its encoding.
	if strings.HasPrefix(src, "\uFEFF") {
		s.at.Offset = len("\uFEFF")
	}
	return s
}

// skip moves behind n bytes.
func (s *scanner) skip(n int) {
	for range n {
		if s.src[s.at.Offset] == '\n' {
			s.at.Line++
			s.at.Column = 0
		}
		s.at.Offset++
		s.at.Column++
	}
}

// next returns the next token.
func (s *scanner) next() (token, error) {
	for s.at.Offset < len(s.src) && strings.IndexByte(" \t\r\n", s.src[s.at.Offset]) >= 0 {
		s.skip(1)
	}
	rest := s.src[s.at.Offset:]
	t := token{at: s.at}
	if rest == "" {
		return t, nil
	}
	switch c := rest[0]; {
	case c == '"':
		return s.literal(rest)
	case letter(c):
		t.kind, t.text = name, rest[:run(rest, func(c byte) bool { return letter(c) || digit(c) })]
	case digit(c):
		t.kind, t.text = number, rest[:run(rest, digit)]
	default:
		for _, sg := range signs {
			if strings.HasPrefix(rest, sg) {
				t.kind, t.text = sign, sg
				s.skip(len(sg))
				return t, nil
			}
		}
		return t, s.unknown(rest)
	}
	s.skip(len(t.text))
	return t, nil
}

// literal reads a text in quotes. There is no escape.
func (s *scanner) literal(rest string) (token, error) {
	t := token{kind: text, at: s.at}
	n := strings.IndexByte(rest[1:], '"')
	if n < 0 {
		return t, &Error{s.at, "text without a closing quote", "there is no way to have a quote within a text"}
	}
	t.text = rest[1 : n+1]
	s.skip(1)
	t.content = s.at
	s.skip(n + 1)
	return t, nil
}

// unknown tells what a character that begins no token was meant to be.
func (s *scanner) unknown(rest string) error {
	r, _ := utf8.DecodeRuneInString(rest)
	e := &Error{Position: s.at, Message: fmt.Sprintf("%q does not begin anything in a claim rule", r)}
	switch r {
	case '“', '”', '„', '‟', '«', '»':
		e.Help = `a word processor made it of a straight quote: write "`
	case '\'', '‘', '’', '`':
		e.Help = `a text is in double quotes`
	case '#', '/', '-':
		e.Help = "the language has no comments: name the rule with @RuleName"
	}
	return e
}

func run(s string, ok func(byte) bool) int {
	n := 0
	for n < len(s) && ok(s[n]) {
		n++
	}
	return n
}

func letter(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_' }

func digit(c byte) bool { return '0' <= c && c <= '9' }

// clip shortens a text for a message.
func clip(s string) string {
	const most = 80
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
