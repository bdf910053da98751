package iam

import (
	"unicode/utf16"
	"unicode/utf8"
)

// jsonWriter writes JSON as policies are usually laid out: one value a line,
// indented by two spaces, an empty list or object closed where it opens.
type jsonWriter struct {
	text   []byte
	minify bool
	depth  int
	// behind says what was written last, which decides what goes before the next.
	behind token
}

type token uint8

const (
	openToken token = iota // also the beginning of the text
	nameToken
	valueToken
)

func (w *jsonWriter) open(bracket byte) {
	w.separate()
	w.text = append(w.text, bracket)
	w.depth++
	w.behind = openToken
}

func (w *jsonWriter) close(bracket byte) {
	w.depth--
	if w.behind != openToken {
		w.newline()
	}
	w.text = append(w.text, bracket)
	w.behind = valueToken
}

func (w *jsonWriter) name(s string) {
	w.str(s)
	w.text = append(w.text, ':')
	if !w.minify {
		w.text = append(w.text, ' ')
	}
	w.behind = nameToken
}

func (w *jsonWriter) member(n, s string) {
	w.name(n)
	w.str(s)
}

func (w *jsonWriter) bare(s string) {
	w.separate()
	w.text = append(w.text, s...)
	w.behind = valueToken
}

func (w *jsonWriter) str(s string) {
	w.separate()
	w.text = appendString(w.text, s)
	w.behind = valueToken
}

// separate writes what goes between the last token and a value or name.
func (w *jsonWriter) separate() {
	if w.behind == valueToken {
		w.text = append(w.text, ',')
	}
	if w.behind != nameToken && w.depth > 0 {
		w.newline()
	}
}

func (w *jsonWriter) newline() {
	if w.minify {
		return
	}
	w.text = append(w.text, '\n')
	for range w.depth {
		w.text = append(w.text, "  "...)
	}
}

// appendString writes a string with the escapes that JSON asks for and those
// that keep the text to the characters IAM takes, which end at U+00FF. Unlike
// encoding/json it leaves "<", ">" and "&" legible.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r == '\n':
			b = append(b, `\n`...)
		case r == '\r':
			b = append(b, `\r`...)
		case r == '\t':
			b = append(b, `\t`...)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			b = appendEscape(appendEscape(b, high), low)
		case r < ' ' || r == 0x7f || r > 0xff:
			b = appendEscape(b, r)
		default:
			b = utf8.AppendRune(b, r)
		}
	}
	return append(b, '"')
}

func appendEscape(b []byte, r rune) []byte {
	const hex = "0123456789abcdef"
	return append(b, '\\', 'u', hex[r>>12&15], hex[r>>8&15], hex[r>>4&15], hex[r&15])
}
