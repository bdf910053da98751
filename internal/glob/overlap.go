package glob

// Token is one element of a pattern taken apart: a character, exactly one
// unknown character, or a run of them.
type Token struct {
	Kind TokenKind
	// Char is the character of a Character.
	Char rune
	// Except are the characters that One and Run do not stand for.
	Except Set
}

// TokenKind is what a token stands for.
type TokenKind uint8

// The kinds of tokens.
const (
	Character TokenKind = iota // the character Char
	One                        // exactly one character
	Run                        // any number of characters, also none
)

// Set is a set of the characters that divide names.
type Set uint8

// The members of a [Set].
const (
	Colon Set = 1 << iota
	Slash
)

func (s Set) has(r rune) bool {
	return s&Colon != 0 && r == ':' || s&Slash != 0 && r == '/'
}

// Tokens takes a pattern apart.
func Tokens(pattern string) []Token {
	tokens := make([]Token, 0, len(pattern))
	for i, r := range pattern {
		switch r {
		case '*':
			tokens = append(tokens, Token{Kind: Run})
		case '?':
			tokens = append(tokens, Token{Kind: One})
		default:
			tokens = append(tokens, Token{Char: unquote(pattern[i], r)})
		}
	}
	return tokens
}

func unquote(b byte, r rune) rune {
	switch b {
	case literalStar:
		return '*'
	case literalQuestion:
		return '?'
	}
	return r
}

// foldTokens is [Tokens] with ASCII letters in lower case.
func foldTokens(pattern string) []Token {
	tokens := Tokens(pattern)
	for i, t := range tokens {
		if 'A' <= t.Char && t.Char <= 'Z' {
			tokens[i].Char += 'a' - 'A'
		}
	}
	return tokens
}

// Overlap reports whether some text matches both patterns. It takes the product
// of the two lengths in steps.
func Overlap(a, b string) bool { return OverlapTokens(Tokens(a), Tokens(b)) }

// OverlapFold is [Overlap] without regard to the case of ASCII letters.
func OverlapFold(a, b string) bool { return OverlapTokens(foldTokens(a), foldTokens(b)) }

// OverlapTokens is [Overlap] of patterns taken apart. It takes len(a) times
// len(b) steps.
//
// It walks the product of the two automata: row[j] says that what is before
// a[i] and what is before b[j] can be the same text.
func OverlapTokens(a, b []Token) bool {
	row := make([]bool, len(b)+1)
	next := make([]bool, len(b)+1)
	row[0] = true
	for i := 0; ; i++ {
		for j := range row {
			if !row[j] {
				continue
			}
			if j < len(b) && (b[j].Kind == Run || i < len(a) && a[i].Kind == Run && b[j].meets(a[i])) {
				row[j+1] = true
			}
			if i < len(a) {
				advance(a[i], b, j, next)
			}
		}
		if i == len(a) {
			return row[len(b)]
		}
		row, next = next, row
		clear(next)
	}
}

// advance notes where b can be when t, the next token of a, is behind.
func advance(t Token, b []Token, j int, next []bool) {
	if t.Kind == Run {
		next[j] = true
		return
	}
	if j == len(b) || !t.meets(b[j]) {
		return
	}
	if b[j].Kind == Run {
		next[j] = true
	} else {
		next[j+1] = true
	}
}

// meets reports whether some character is one that both tokens stand for. Two
// sets always leave some: they are complements of a few characters.
func (t Token) meets(u Token) bool {
	switch {
	case t.Kind == Character && u.Kind == Character:
		return t.Char == u.Char
	case t.Kind == Character:
		return !u.Except.has(t.Char)
	case u.Kind == Character:
		return !t.Except.has(u.Char)
	}
	return true
}
