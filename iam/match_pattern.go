package iam

import (
	"strings"
	"unicode/utf8"

	"github.com/berth-project/berth/arn"
	"github.com/berth-project/berth/internal/glob"
)

// wildcards says what "*" and "?" are in a pattern.
type wildcards uint8

const (
	// noWildcards takes them as themselves: StringEquals.
	noWildcards wildcards = iota
	// ignoringCase does, and takes the text without regard to case:
	// StringEqualsIgnoreCase, Bool.
	ignoringCase
	// anyCharacters lets them stand for any character: StringLike.
	anyCharacters
	// resourceSegments is the rule of Resource ([arn.MatchSegments]).
	resourceSegments
	// arnComponents is the rule of ArnLike ([arn.Match]).
	arnComponents
)

// none reports whether the rule has no wildcards.
func (w wildcards) none() bool { return w <= ignoringCase }

// pattern is a text of a policy that texts of a request are matched with.
type pattern struct {
	rule wildcards
	form patternForm
	// text is the pattern, or its part before the one star of a leading one.
	text string
	// runs are texts between the wildcards of a wild one, by which nearly all
	// that does not match is told at once.
	runs runs
	// parts are those of a template. The texts of variables are their keys, in
	// lower case.
	parts     Template
	variables []Part // among the parts
}

// runs are the text before a pattern's first wildcard, the one behind its last,
// and the longest between two.
type runs struct{ head, inner, tail string }

func runsOf(pattern string) runs {
	var r runs
	first := strings.IndexAny(pattern, "*?")
	last := strings.LastIndexAny(pattern, "*?")
	r.head, r.tail = pattern[:first], pattern[last+1:]
	isWildcard := func(c rune) bool { return c == '*' || c == '?' }
	for run := range strings.FieldsFuncSeq(pattern[first:last+1], isWildcard) {
		if len(run) > len(r.inner) {
			r.inner = run
		}
	}
	return r
}

// in reports whether s has the runs, as everything has that matches.
func (r *runs) in(s string) bool {
	return strings.HasPrefix(s, r.head) && strings.HasSuffix(s, r.tail) && strings.Contains(s, r.inner)
}

// patternForm is how a pattern is matched, from cheap to dear.
type patternForm uint8

const (
	anything    patternForm = iota // "*"
	literal                        // no wildcard
	leading                        // a literal, then one star
	wild                           // wildcards
	template                       // variables or escapes
	unmatchable                    // too long, with a broken variable, or no ARN where there must be one
)

// compilePattern prepares a pattern; variables says whether "${...}" stands for
// something in it.
func compilePattern(text string, rule wildcards, variables bool) pattern {
	p := pattern{rule: rule, text: text}
	if variables && strings.Contains(text, "${") {
		p.form, p.parts = template, compileTemplate(text, rule)
		switch {
		case p.parts == nil, !rule.none() && len(text) > maxWildcard:
			p.form, p.parts = unmatchable, nil
		}
		p.variables = p.parts.variables()
		return p
	}
	p.form = p.plainForm()
	switch p.form {
	case leading:
		p.text = text[:len(text)-1]
	case wild:
		p.runs = runsOf(text)
	}
	return p
}

// compileTemplate returns the parts of a template, keys in lower case; nil where
// one of its variables cannot be read.
func compileTemplate(text string, rule wildcards) Template {
	syntax := VariableSyntax
	if !rule.none() {
		syntax |= WildcardSyntax
	}
	parts := ParseTemplate(text, syntax)
	for i := range parts {
		switch parts[i].Kind {
		case Variable:
			parts[i].Text = strings.ToLower(parts[i].Text)
		case Broken:
			return nil
		}
	}
	return parts
}

// plainForm returns how a pattern without variables is matched.
func (p *pattern) plainForm() patternForm {
	if p.rule.none() {
		return literal
	}
	if p.rule == arnComponents {
		if _, n := arn.Split(p.text); n < 6 {
			return unmatchable
		}
	} else if p.text == "*" {
		return anything
	}
	head, isLeading := strings.CutSuffix(p.text, "*")
	switch {
	case glob.Literal(p.text):
		return literal
	case len(p.text) > maxWildcard:
		return unmatchable
	case isLeading && glob.Literal(head):
		// A star at the end goes over colons by every rule: by that of ArnLike
		// it stands in the resource, as the pattern has six components.
		return leading
	}
	return wild
}

// notARN reports whether the pattern is to be one of ARNs and can be none.
func (p *pattern) notARN() bool {
	_, n := arn.Split(p.text)
	return p.rule == arnComponents && p.form == unmatchable && n < 6 && !strings.Contains(p.text, "${")
}

// match reports whether s matches the pattern, whose variables are all known to
// have a value in the context.
func (p *pattern) match(c *Context, s string) verdict {
	switch p.form {
	case anything:
		return holds
	case literal:
		return is(p.text == s || p.rule == ignoringCase && strings.EqualFold(p.text, s))
	case leading:
		return is(strings.HasPrefix(s, p.text))
	case wild:
		return p.matchWild(s)
	case template:
		return p.matchTemplate(c, s)
	case unmatchable:
		return unreadable
	}
	return fails
}

func (p *pattern) matchWild(s string) verdict {
	switch {
	case !p.runs.in(s):
		return fails
	case len(s) > maxWildcard:
		return unreadable
	case p.rule == resourceSegments:
		return is(arn.MatchSegments(p.text, s))
	case p.rule == arnComponents:
		return is(arn.Match(p.text, s))
	}
	return is(glob.Match(p.text, s))
}

// matchTemplate compares what stands before the first wildcard in place, which
// decides nearly always, and writes the pattern out only for the rest.
func (p *pattern) matchTemplate(c *Context, s string) verdict {
	if p.rule == ignoringCase {
		return is(strings.EqualFold(p.write(c), s))
	}
	rest, i := s, 0
	for ; i < len(p.parts) && !p.parts[i].wild(); i++ {
		text := p.parts[i].in(c)
		if !strings.HasPrefix(rest, text) {
			return fails
		}
		rest = rest[len(text):]
	}
	if p.rule == arnComponents {
		// A star before the fifth colon is no star at the end.
		if _, n := arn.Split(s[:len(s)-len(rest)]); n < 6 {
			return p.matchExpanded(c, s)
		}
	}
	switch {
	case i == len(p.parts):
		return is(rest == "")
	case i == len(p.parts)-1 && p.parts[i].Kind == AnyRun:
		return holds
	}
	return p.matchExpanded(c, s)
}

// write returns the whole of a template without wildcards.
func (p *pattern) write(c *Context) string {
	if len(p.parts) == 1 {
		return p.parts[0].in(c)
	}
	var b strings.Builder
	for i := range p.parts {
		b.WriteString(p.parts[i].in(c))
	}
	return b.String()
}

// matchExpanded matches with the pattern as it is once the variables are
// replaced.
func (p *pattern) matchExpanded(c *Context, s string) verdict {
	var e expansion
	if len(s) > maxWildcard || !e.fill(p.parts, c) {
		return unreadable
	}
	if !e.rule(p.rule) {
		return fails
	}
	ok, _ := e.match(s)
	return is(ok)
}

// expansion is a template with its variables replaced. What a byte means stands
// beside it and not in it, so that no value of a request can pass for a
// wildcard.
type expansion struct {
	text  [maxWildcard]byte
	class [maxWildcard]class
	n     int
}

// class says what a byte of an expansion is.
type class uint8

const (
	itself       class = iota
	star               // any run of characters
	starInside         // any run without colons
	question           // any character
	questionHere       // any character but a colon
)

// fill writes the parts; false means that they are too long.
func (e *expansion) fill(parts Template, c *Context) bool {
	for i := range parts {
		p := &parts[i]
		text := p.in(c)
		if p.wild() {
			text = "*"
		}
		if len(text) > maxWildcard-e.n {
			return false
		}
		switch p.Kind {
		case AnyRun:
			e.class[e.n] = star
		case AnyOne:
			e.class[e.n] = question
		}
		e.n += copy(e.text[e.n:], text)
	}
	return true
}

// rule narrows the wildcards to what the rule lets them stand for. The colons of
// values count as those of the policy do: the pattern is what it is once the
// variables are replaced. False means that it matches nothing.
func (e *expansion) rule(rule wildcards) bool {
	if rule == anyCharacters {
		return true
	}
	colons := 0
	for i := 0; i < e.n && colons < 5; i++ {
		switch e.class[i] {
		case itself:
			if e.text[i] == ':' {
				colons++
			}
		case question:
			e.class[i] = questionHere
		case star:
			atEnd := i+1 == e.n || e.class[i+1] == itself && e.text[i+1] == ':'
			if rule == arnComponents || !atEnd {
				e.class[i] = starInside
			}
		}
	}
	return rule != arnComponents || colons == 5
}

// match is the same walk as that of [arn.MatchSegments], over classes. Only two
// stars are ever given more text: the last one, and the last that goes over
// colons. What an earlier one could still take, these can take too. It also
// returns how many steps it took.
func (e *expansion) match(s string) (ok bool, steps int) {
	p, i := 0, 0
	last, lastText := -1, 0 // behind the last star, and what it has not taken
	open, openText := -1, 0 // the same of the last that goes over colons
	for ; i < len(s); steps++ {
		if p < e.n {
			switch c := e.class[p]; {
			case c == star:
				p++
				last, lastText, open, openText = p, i, p, i
				continue
			case c == starInside:
				p++
				last, lastText = p, i
				continue
			case c == question, c == questionHere && s[i] != ':':
				_, n := utf8.DecodeRuneInString(s[i:])
				p, i = p+1, i+n
				continue
			case c == itself && e.text[p] == s[i]:
				p, i = p+1, i+1
				continue
			}
		}
		if last != open && s[lastText] == ':' {
			last, lastText = open, openText
		}
		if last < 0 {
			return false, steps
		}
		_, n := utf8.DecodeRuneInString(s[lastText:])
		lastText += n
		if last == open {
			openText = lastText
		}
		p, i = last, lastText
	}
	for p < e.n && (e.class[p] == star || e.class[p] == starInside) {
		p++
	}
	return p == e.n, steps
}
