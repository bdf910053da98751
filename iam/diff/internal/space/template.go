package space

import (
	"slices"
	"strings"

	"github.com/berth-project/berth/arn"
	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/diff/internal/language"
	"github.com/berth-project/berth/internal/glob"
)

// rule says what wildcards stand for in a text of a policy.
type rule uint8

const (
	// noWildcards: StringEquals, Bool.
	noWildcards rule = iota
	// anyCharacters: StringLike.
	anyCharacters
	// resourceSegments: Resource and NotResource.
	resourceSegments
	// arnComponents: ArnLike.
	arnComponents
)

// template is a text of a policy taken apart.
type template struct {
	// key identifies the template within a space.
	key   string
	parts iam.Template
	rule  rule
	fold  bool
	// boolean is set for values of Bool, which match "true" and "false" only.
	boolean bool
	// broken is set where a variable cannot be read, or an ARN.
	broken bool
}

func newTemplate(text string, r rule, variables bool) template {
	var syntax iam.Syntax
	if r != noWildcards {
		syntax |= iam.WildcardSyntax
	}
	if variables {
		syntax |= iam.VariableSyntax
	}
	t := template{parts: iam.ParseTemplate(text, syntax), rule: r}
	if _, fields := arn.Split(text); r == arnComponents && !variables && fields < 6 {
		t.broken = true
	}
	for i := range t.parts {
		switch t.parts[i].Kind {
		case iam.Variable:
			t.parts[i].Text = strings.ToLower(t.parts[i].Text)
		case iam.Broken:
			t.broken = true
		}
	}
	return t
}

// variables returns the variables of the template.
func (t *template) variables() []iam.Part {
	var out []iam.Part
	for _, p := range t.parts {
		if p.Kind == iam.Variable {
			out = append(out, p)
		}
	}
	return out
}

// values gives the keys that stand in variables a text. A key that is not in it
// is absent.
type values map[string]string

// exact returns the pattern of a template in which values have taken the place of
// the variables; none is set where it matches nothing, as with a variable that has
// neither value nor default.
func (t *template) exact(with values) (p language.Pattern, none bool) {
	tokens := t.tokens(func(v iam.Part) []glob.Token {
		text, ok := with[v.Text]
		if !ok {
			text = v.Default
			none = none || !v.HasDefault
		}
		return language.Text(text).Tokens
	})
	none = !narrow(tokens, t.rule, false) || none
	return language.Pattern{Tokens: tokens, Fold: t.fold}, none || t.boolean && !isBoolPattern(language.Pattern{Tokens: tokens})
}

func isBoolPattern(p language.Pattern) bool {
	text, ok := p.Literal()
	return ok && isBool(text)
}

func isBool(text string) bool {
	return strings.EqualFold(text, "true") || strings.EqualFold(text, "false")
}

func (t *template) tokens(variable func(iam.Part) []glob.Token) []glob.Token {
	var out []glob.Token
	for _, p := range t.parts {
		switch p.Kind {
		case iam.Literal:
			out = append(out, language.Text(p.Text).Tokens...)
		case iam.AnyRun:
			out = append(out, glob.Token{Kind: glob.Run})
		case iam.AnyOne:
			out = append(out, glob.Token{Kind: glob.One})
		case iam.Variable:
			out = append(out, variable(p)...)
		}
	}
	return out
}

// narrow makes wildcards stop at colons where the rule has them stop. The colons
// of a variable's text count like others, so behind a symbol the wildcards are
// in doubt until five colons are certain, and so is one before it; wide says
// which way they are then taken. It reports false for what matches nothing.
func narrow(tokens []glob.Token, r rule, wide bool) bool {
	if r == noWildcards || r == anyCharacters {
		return true
	}
	colons, doubt := 0, false
	for i := range tokens {
		t := &tokens[i]
		switch {
		case colons == 5:
		case t.Kind == glob.Character:
			if t.Char == ':' {
				colons++
			}
			doubt = doubt || language.IsSymbol(t.Char)
		case doubt && wide, t.Kind == glob.Run && r == resourceSegments && mayEnd(tokens, i, wide):
		default:
			t.Except = glob.Colon
		}
	}
	return r != arnComponents || colons == 5 || doubt && wide
}

// mayEnd reports whether a star stands at the end of its segment.
func mayEnd(tokens []glob.Token, i int, wide bool) bool {
	if i+1 == len(tokens) {
		return true
	}
	next := tokens[i+1]
	return next.Kind == glob.Character && (next.Char == ':' || wide && language.IsSymbol(next.Char))
}

// text is a template as the search uses it.
type text struct {
	// pattern is what it matches; of one with variables all that it can match
	// whatever their values.
	pattern language.Pattern
	// none is set where it matches nothing.
	none bool
	// open is set where the template has variables that have no value: over and
	// under are then patterns with symbols in their place, one that matches at
	// least what the template does and one that matches at most that.
	open        bool
	over, under language.Pattern
	underNone   bool
	// head is how everything begins that matches, tail how it ends; of a text
	// without wildcards both are the whole, and literal is set.
	head, tail string
	literal    bool
}

// finish fills in what follows from the pattern.
func (t *text) finish() {
	if t.none || t.pattern.Fold {
		return
	}
	tokens := t.pattern.Tokens
	plain := func(k glob.Token) bool { return k.Kind == glob.Character }
	first := slices.IndexFunc(tokens, func(k glob.Token) bool { return !plain(k) })
	if first < 0 {
		t.literal = true
		first = len(tokens)
	}
	last := len(tokens)
	for last > 0 && plain(tokens[last-1]) {
		last--
	}
	t.head, t.tail = textOf(tokens[:first]), textOf(tokens[last:])
}

func textOf(tokens []glob.Token) string {
	var b strings.Builder
	for _, k := range tokens {
		b.WriteRune(k.Char)
	}
	return b.String()
}

// meets reports whether something may match both texts, by how they begin and
// end.
func (t *text) meets(u *text) bool {
	return !t.none && !u.none &&
		(strings.HasPrefix(t.head, u.head) || strings.HasPrefix(u.head, t.head)) &&
		(strings.HasSuffix(t.tail, u.tail) || strings.HasSuffix(u.tail, t.tail))
}

// matches reports whether the text matches a value; of an open text, whether it
// can.
func (t *text) matches(value string) bool {
	switch {
	case t.none || !strings.HasPrefix(value, t.head) || !strings.HasSuffix(value, t.tail):
		return false
	case t.literal:
		return len(value) == len(t.head)
	}
	return t.pattern.Match(value)
}

// symbols gives each variable, with its default, a number. What is compared
// without regard to case has symbols of its own: that it matches does not say
// that the very text of the variable is there.
type symbols map[string]int

func (s symbols) of(v iam.Part, fold bool) rune {
	name := v.Text
	if fold {
		name += "\x00fold"
	}
	if v.HasDefault {
		name += "\x00" + v.Default
	}
	n, ok := s[name]
	if !ok {
		n = len(s)
		s[name] = n
	}
	return language.Symbol(n)
}

// text returns the template with its variables unknown.
func (t *template) text(s symbols) text {
	if len(t.variables()) == 0 {
		p, none := t.exact(nil)
		return text{pattern: p, none: none}
	}
	if t.boolean {
		return t.openBool(s)
	}
	symbol := func(v iam.Part) []glob.Token { return []glob.Token{{Char: s.of(v, t.fold)}} }
	over, under := t.tokens(symbol), t.tokens(symbol)
	out := text{open: true}
	out.none = !narrow(over, t.rule, true)
	out.underNone = !narrow(under, t.rule, false)
	out.over = language.Pattern{Tokens: over, Fold: t.fold}
	out.under = language.Pattern{Tokens: under, Fold: t.fold}
	out.pattern = widened(out.over)
	return out
}

// openBool is a value of Bool with a variable: it can be "true" or "false", or
// nothing that matches.
func (t *template) openBool(s symbols) text {
	anything := language.Pattern{Tokens: []glob.Token{{Kind: glob.Run}}}
	v := language.Pattern{Tokens: t.tokens(func(v iam.Part) []glob.Token { return []glob.Token{{Char: s.of(v, true)}} })}
	return text{pattern: anything, open: true, over: v, under: v, underNone: true}
}

// widened returns the pattern with runs in place of symbols.
func widened(p language.Pattern) language.Pattern {
	out := language.Pattern{Fold: p.Fold}
	for _, t := range p.Tokens {
		if t.Kind == glob.Character && language.IsSymbol(t.Char) {
			t = glob.Token{Kind: glob.Run}
		}
		out.Tokens = append(out.Tokens, t)
	}
	return out
}
