package language

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/berth-project/berth/internal/glob"
)

// Pattern is a pattern taken apart.
type Pattern struct {
	Tokens []glob.Token
	// Fold makes characters match without regard to case, as
	// [strings.EqualFold] has it.
	Fold bool
}

// Symbol returns a character that occurs in no text: what stands for the unknown
// text of a variable. One token of [glob.One] does not stand for it, nor does a
// [glob.Run] that stops at colons: the text may be of any length and hold
// anything.
func Symbol(n int) rune { return utf8.MaxRune + 1 + rune(n) }

// IsSymbol reports whether the character is a [Symbol].
func IsSymbol(r rune) bool { return r > utf8.MaxRune }

// Glob returns the pattern of a text with wildcards.
func Glob(text string) Pattern { return Pattern{Tokens: glob.Tokens(text)} }

// Text returns the pattern that matches the text alone.
func Text(text string) Pattern {
	tokens := make([]glob.Token, 0, len(text))
	for _, r := range text {
		tokens = append(tokens, glob.Token{Char: r})
	}
	return Pattern{Tokens: tokens}
}

// Literal returns the one text that the pattern matches; ok is false where there
// may be others, or where it has symbols.
func (p Pattern) Literal() (text string, ok bool) {
	if p.Fold {
		return "", false
	}
	var b strings.Builder
	for _, t := range p.Tokens {
		if t.Kind != glob.Character || IsSymbol(t.Char) {
			return "", false
		}
		b.WriteRune(t.Char)
	}
	return b.String(), true
}

// Match reports whether the text matches.
func (p Pattern) Match(text string) bool {
	m := machine{patterns: []Pattern{p}}
	s := m.start()
	for _, r := range text {
		if s, _ = m.step(s, r); len(s) == 0 {
			return false
		}
	}
	return m.accepts(s, 0)
}

// takes reports whether a token stands for the character.
func (p *Pattern) takes(t glob.Token, r rune) bool {
	if t.Kind == glob.Character {
		return t.Char == r || p.Fold && alike(t.Char, r)
	}
	switch {
	case IsSymbol(r):
		return t.Kind == glob.Run && t.Except == 0
	case r == ':':
		return t.Except&glob.Colon == 0
	case r == '/':
		return t.Except&glob.Slash == 0
	}
	return true
}

// alike reports whether two characters differ in case alone.
func alike(a, b rune) bool {
	if a < utf8.RuneSelf && b < utf8.RuneSelf {
		return unicode.ToLower(a) == unicode.ToLower(b)
	}
	return slices.Contains(orbit(a), b)
}

// orbit returns all characters that differ from r in case alone, r included.
func orbit(r rune) []rune {
	out := []rune{r}
	if IsSymbol(r) {
		return out
	}
	for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
		out = append(out, f)
	}
	return out
}
