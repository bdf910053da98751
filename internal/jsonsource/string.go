package jsonsource

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
)

// str takes a string, the opening quote of which is next, and returns it
// decoded. Without escapes it is a part of the text and costs nothing.
func (p *parser) str() (string, error) {
	open := p.at
	p.at++
	for p.at < len(p.text) {
		switch c := p.text[p.at]; {
		case c == '"':
			s := p.text[open+1 : p.at]
			p.at++
			return s, nil
		case c == '\\':
			return p.escaped(open)
		case c < ' ':
			return "", p.control()
		default:
			p.at++
		}
	}
	return "", p.unclosed(open)
}

// escaped is str from the first backslash on.
func (p *parser) escaped(open int) (string, error) {
	var b strings.Builder
	b.WriteString(p.text[open+1 : p.at])
	for p.at < len(p.text) {
		switch c := p.text[p.at]; {
		case c == '"':
			p.at++
			return b.String(), nil
		case c == '\\':
			if err := p.escape(&b); err != nil {
				return "", err
			}
		case c < ' ':
			return "", p.control()
		default:
			b.WriteByte(c)
			p.at++
		}
	}
	return "", p.unclosed(open)
}

// escape takes one escape (RFC 8259, section 7), or the two that spell a
// character outside the basic plane.
func (p *parser) escape(b *strings.Builder) error {
	p.at++
	if p.at == len(p.text) {
		return p.fail("text ends inside a string", "close the string with a double quote")
	}
	const names, bytes = `"\/bfnrt`, "\"\\/\b\f\n\r\t"
	if i := strings.IndexByte(names, p.text[p.at]); i >= 0 {
		b.WriteByte(bytes[i])
		p.at++
		return nil
	}
	start := p.at - 1
	r, ok := p.unit()
	if !ok {
		p.at = start
		return p.fail("string has an unknown escape", `write a backslash as "\\", others as "\u" and four hexadecimal digits`)
	}
	if utf16.IsSurrogate(r) {
		low := rune(-1)
		if strings.HasPrefix(p.text[p.at:], `\u`) {
			p.at++
			low, _ = p.unit()
		}
		// DecodeRune answers U+FFFD for what is not a pair, and no pair spells that.
		if r = utf16.DecodeRune(r, low); r == '\ufffd' {
			p.at = start
			return p.fail("string has half of a surrogate pair", `write both halves, the first from "\ud800" to "\udbff"`)
		}
	}
	b.WriteRune(r)
	return nil
}

// unit takes "u" and four hexadecimal digits.
func (p *parser) unit() (rune, bool) {
	if p.text[p.at] != 'u' || len(p.text)-p.at < 5 {
		return -1, false
	}
	var r rune
	for _, c := range []byte(p.text[p.at+1 : p.at+5]) {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return -1, false
		}
		r = r<<4 | rune(c)
	}
	p.at += 5
	return r, true
}

func (p *parser) control() error {
	return p.fail(fmt.Sprintf("string has the control character U+%04X", p.text[p.at]), `write it as an escape, such as "\n"; close a string on its line`)
}

func (p *parser) unclosed(open int) error {
	pos := p.doc.Position(open)
	return p.fail(fmt.Sprintf("text ends inside the string that begins at %d:%d", pos.Line, pos.Column), "close the string with a double quote")
}

// quote quotes a part of the text for a message, cut to a length that can be
// read.
func quote(s string) string {
	const most = 40
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return strconv.Quote(s)
}
