package iam

import "strings"

// Template is a text of a policy taken apart: what stands for itself, what is a
// wildcard, what is replaced by a value of the request. Only the wildcards that
// are parts of a template match anything: neither the "*" of a [Literal] nor
// those of a variable's value or default do.
type Template []Part

// Part is a piece of a [Template].
type Part struct {
	Kind PartKind
	// Text is the text of a literal; of a variable the key, as written; of a
	// broken variable all that was written.
	Text string
	// Default is what stands for a variable whose key the request has not, where
	// HasDefault is set. It may be empty.
	Default    string
	HasDefault bool
}

// PartKind is what a part of a template is.
type PartKind uint8

// The kinds of parts.
const (
	// Literal is text that stands for itself. "${*}", "${?}" and "${$}" are
	// literals too.
	Literal PartKind = iota
	// AnyRun is the wildcard "*".
	AnyRun
	// AnyOne is the wildcard "?".
	AnyOne
	// Variable is replaced by the value of its key.
	Variable
	// Broken is a variable that cannot be read. No request has a value for it.
	Broken
)

// Syntax says what of a text is more than itself.
type Syntax uint8

// The syntaxes, which can be combined. Zero takes everything literally.
const (
	// WildcardSyntax reads "*" and "?".
	WildcardSyntax Syntax = 1 << iota
	// VariableSyntax reads "${...}", which documents of [Version2012] have
	// ([Policy.Variables]).
	VariableSyntax
)

// ParseTemplate takes a text apart. It never fails: a variable that cannot be
// read becomes a part of the kind [Broken], about which [Read] complains. Two
// literals never follow each other.
//
// IAM User Guide, "IAM policy elements: Variables and tags".
func ParseTemplate(text string, s Syntax) Template {
	var t Template
	var literal strings.Builder // what is not yet in t
	flush := func() {
		if literal.Len() > 0 {
			t = append(t, Part{Kind: Literal, Text: literal.String()})
			literal.Reset()
		}
	}
	for text != "" {
		if n := plain(text, s); n > 0 {
			literal.WriteString(text[:n])
			text = text[n:]
			continue
		}
		part, n := Part{Kind: AnyRun}, 1
		switch text[0] {
		case '?':
			part.Kind = AnyOne
		case '$':
			part, n, _ = scanVariable(text)
		}
		if part.Kind == Literal {
			literal.WriteString(part.Text)
		} else {
			flush()
			t = append(t, part)
		}
		text = text[n:]
	}
	flush()
	return t
}

// plain returns how many bytes of the text stand for themselves.
func plain(text string, s Syntax) int {
	for i := range len(text) {
		switch text[i] {
		case '*', '?':
			if s&WildcardSyntax != 0 {
				return i
			}
		case '$':
			if s&VariableSyntax != 0 && strings.HasPrefix(text[i:], "${") {
				return i
			}
		}
	}
	return len(text)
}

// variableFaults returns what is wrong with the variables of a text, no more of
// it than is reported.
func variableFaults(text string) []fault {
	var all []fault
	for {
		i := strings.Index(text, "${")
		if i < 0 || len(all) > maxProblems {
			return all
		}
		_, n, f := scanVariable(text[i:])
		if f.code != "" {
			all = append(all, f)
		}
		text = text[i+n:]
	}
}

// scanVariable reads the variable at the beginning of a text, "${" included. It
// returns the part, its length in the text, and what is wrong with it; a fault
// without a code is none.
func scanVariable(text string) (Part, int, fault) {
	for _, special := range []string{"*", "?", "$"} {
		if strings.HasPrefix(text[2:], special+"}") {
			return Part{Kind: Literal, Text: special}, 4, fault{}
		}
	}
	broken := func(n int, code, message, help string) (Part, int, fault) {
		return Part{Kind: Broken, Text: text[:n]}, n, fault{code, "variable " + quoted(text[:n]) + " " + message, help}
	}
	end := 2
	for end < len(text) && text[end] != '}' && text[end] != ',' && !strings.HasPrefix(text[end:], "${") {
		end++
	}
	key := text[2:end]
	part := Part{Kind: Variable, Text: key}
	switch {
	case end == len(text) || text[end] == '$':
		return broken(end, codeMissingBrace, "is not closed", `close it with "}"; a variable cannot stand in another`)
	case text[end] == ',':
		n, ok := 0, false
		if part.Default, n, ok = scanDefault(text[end+1:]); !ok {
			n = strings.IndexByte(text[end:], '}')
			if n < 0 {
				return broken(len(text), codeMissingBrace, "is not closed", `close it with "}"`)
			}
			return broken(end+n+1, codeMissingQuote, "has a default that is not in single quotes", "write it as ${key, 'default'}")
		}
		part.HasDefault = true
		end += 1 + n
	}
	end++
	switch {
	case strings.TrimSpace(key) == "":
		return broken(end, codeEmptyVariable, "names no key", `name a condition key: "${aws:username}"`)
	case strings.TrimSpace(key) != key:
		return broken(end, codeSpaceInVariable, "has a space around its key", "remove the space")
	case strings.ContainsAny(key, " \t\r\n"):
		return part, end, fault{codeSpaceInVariable, "variable " + quoted(text[:end]) + " has a space in its key", "remove the space"}
	}
	return part, end, fault{}
}

// scanDefault reads what follows the comma of a variable, up to its closing
// brace, and returns the default and how far it and spaces reach.
func scanDefault(text string) (string, int, bool) {
	inner := strings.TrimLeft(text, " ")
	rest, ok := strings.CutPrefix(inner, "'")
	if !ok {
		return "", 0, false
	}
	value, rest, ok := strings.Cut(rest, "'")
	if !ok {
		return "", 0, false
	}
	rest = strings.TrimLeft(rest, " ")
	return value, len(text) - len(rest), strings.HasPrefix(rest, "}")
}
