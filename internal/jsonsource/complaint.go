package jsonsource

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// This file words the errors. Most people who read them wrote JavaScript, YAML
// or Python out of habit, or cut a document short.

// fail returns an error at the next character.
func (p *parser) fail(message, help string) error {
	end := p.at
	if end < len(p.text) {
		_, n := utf8.DecodeRuneInString(p.text[end:])
		end += n
	}
	return &Error{
		Span:    Span{Start: p.doc.Position(p.at), End: p.doc.Position(end)},
		Message: message,
		Help:    help,
	}
}

// seen names what is next.
func (p *parser) seen() string {
	if p.at == len(p.text) {
		return "the end of the text"
	}
	if w := p.word(); w != "" {
		return quote(w)
	}
	r, _ := utf8.DecodeRuneInString(p.text[p.at:])
	if r < ' ' || r == 0x7f {
		return fmt.Sprintf("the control character U+%04X", r)
	}
	return quote(string(r))
}

// expected says what should have been next in the array or object that begins
// at start.
func (p *parser) expected(start int, what, help string) error {
	if p.at == len(p.text) {
		return p.unfinished(start)
	}
	if c := p.text[p.at]; c == '/' || c == '#' {
		return p.comment()
	}
	return p.fail(fmt.Sprintf("%s stands where %s belongs", p.seen(), what), help)
}

// unfinished says that the text ended before the array or object that begins at
// start did.
func (p *parser) unfinished(start int) error {
	what, closing := "object", "}"
	if p.text[start] == '[' {
		what, closing = "array", "]"
	}
	pos := p.doc.Position(start)
	return p.fail(fmt.Sprintf("text ends inside the %s that begins at %d:%d", what, pos.Line, pos.Column), fmt.Sprintf("close it with %q", closing))
}

// noValue says why what is next begins no value.
func (p *parser) noValue() error {
	r, _ := utf8.DecodeRuneInString(p.text[p.at:])
	word := p.word()
	switch {
	case r == '/' || r == '#':
		return p.comment()
	case strings.ContainsRune("'`‘’“”„", r):
		return p.fail(p.seen()+" begins no string", `use straight double quotes (")`)
	case r == ',':
		return p.fail("comma without a value before it", "remove the comma, or write the value")
	case r == ']' || r == '}':
		return p.fail(p.seen()+" stands where a value belongs", "write the value, or check that brackets close in the order they open")
	case strings.EqualFold(word, "true") || strings.EqualFold(word, "false") || strings.EqualFold(word, "null"):
		return p.fail(quote(word)+" is not a JSON value", fmt.Sprintf("write %q", strings.ToLower(word)))
	case word == "None" || word == "nil" || word == "undefined":
		return p.fail(quote(word)+" is not a JSON value", `write "null"`)
	case r == '+' || r == '.':
		return p.fail(p.seen()+" begins no number", "write a digit first")
	}
	return p.fail(p.seen()+" begins no value", "write text in double quotes")
}

// noName says why what is next in an object begins no name.
func (p *parser) noName(start int) error {
	switch c := p.peek(); {
	case p.at == len(p.text):
		return p.unfinished(start)
	case c == ',':
		return p.fail("comma without a member before it", "remove the comma")
	}
	return p.expected(start, "a name", "write each name in double quotes")
}

func (p *parser) comment() error {
	return p.fail("comment: JSON has none", "remove it; keep the remark elsewhere")
}

func (p *parser) tooDeep() error {
	return p.fail(fmt.Sprintf("values nest deeper than %d levels", p.limits.Depth), "flatten the document")
}

// notUTF8 says what the text may be instead of UTF-8.
func (p *parser) notUTF8(at int) error {
	p.at = at
	if strings.HasPrefix(p.text, "\xff\xfe") || strings.HasPrefix(p.text, "\xfe\xff") {
		return p.fail("text is UTF-16", "save it as UTF-8")
	}
	return p.fail(fmt.Sprintf("byte 0x%02X is not UTF-8", p.text[at]), "save the text as UTF-8")
}
