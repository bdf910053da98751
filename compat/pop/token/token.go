package token

import (
	"regexp"
	"strings"
)

// Mode says whose reading of tokens counts.
type Mode uint8

const (
	// Native reads tokens as they were meant.
	Native Mode = iota
	// Quirks reads them as the original does, defects included.
	Quirks
)

// Token is one reference in a text.
type Token struct {
	// Text is the token as it is written, Start the offset of its first byte.
	Text  string
	Start int
	// Name is the value it refers to.
	Name string
	// Pointer is the part of the value, "" or "/" for all of it.
	Pointer string
	// Fallback stands in where that part is missing, "" for null. It counts
	// only if HasFallback is set.
	Fallback    string
	HasFallback bool
}

// end returns the offset behind the token.
func (t Token) end() int { return t.Start + len(t.Text) }

// opening begins a token.
const opening = "@<"

// The original's expressions. Java's dot stops at more line ends than Go's.
var (
	quirkyToken = regexp.MustCompile(`@<(` + javaDot + `+?)(?:::(` + javaDot + `+?))?>`)
	quirkyWhole = regexp.MustCompile(`\A@<(` + javaDot + `+?)(?:::(` + javaDot + `+?))?>\z`)
)

const (
	javaDot    = `[^\n\r\x{85}\x{2028}\x{2029}]`
	notInToken = ">\n\r\u0085\u2028\u2029"
)

// Find returns the tokens of a text, in order.
func (m Mode) Find(text string) []Token {
	if m == Quirks {
		return findQuirky(text)
	}
	var found []Token
	for from := 0; ; {
		i := strings.Index(text[from:], opening)
		if i < 0 {
			return found
		}
		start := from + i
		from = start + len(opening)
		n := strings.IndexAny(text[from:], notInToken)
		if n < 0 {
			return found
		}
		if n == 0 || text[from+n] != '>' {
			continue
		}
		t := Token{Text: text[start : from+n+1], Start: start}
		t.Name, t.Pointer = cutName(text[from : from+n])
		t.Pointer, t.Fallback, t.HasFallback = strings.Cut(t.Pointer, "?")
		found = append(found, t)
		from += n + 1
	}
}

// cutName splits what a token holds at the first "::" that has a name before it.
func cutName(inner string) (name, pointer string) {
	if i := strings.Index(inner[1:], "::"); i >= 0 {
		return inner[:1+i], inner[1+i+2:]
	}
	return inner, ""
}

func findQuirky(text string) []Token {
	if !strings.Contains(text, opening) {
		return nil
	}
	var found []Token
	for _, at := range quirkyToken.FindAllStringSubmatchIndex(text, -1) {
		found = append(found, quirky(text, at))
	}
	return found
}

// whole returns the one token that a text is, if it is one.
func (m Mode) whole(text string) (Token, bool) {
	if !strings.HasPrefix(text, opening) {
		return Token{}, false
	}
	if m == Quirks {
		at := quirkyWhole.FindStringSubmatchIndex(text)
		if at == nil {
			return Token{}, false
		}
		return quirky(text, at), true
	}
	found := m.Find(text)
	if len(found) != 1 || found[0].Text != text {
		return Token{}, false
	}
	return found[0], true
}

// quirky makes a token of where the original's expression matched.
func quirky(text string, at []int) Token {
	t := Token{Text: text[at[0]:at[1]], Start: at[0], Name: text[at[2]:at[3]]}
	if at[4] < 0 {
		return t
	}
	t.Pointer = text[at[4]:at[5]]
	if rest, ok := strings.CutPrefix(t.Pointer, "?"); ok {
		t.Pointer = rest
		return t
	}
	t.Pointer, t.Fallback, t.HasFallback = strings.Cut(t.Pointer, "?")
	return t
}
