package arn

import (
	"slices"
	"strings"

	"github.com/berth-project/berth/internal/glob"
)

// Template is the form of the names of one type of resource, as the vendor's
// Service Authorization Reference writes it:
//
//	arn:${Partition}:s3:::${BucketName}/${ObjectName}
//
// A variable stands for at least one character: before the fifth colon for no
// colon, behind it for any character unless the template says that it is narrow.
type Template struct {
	// Text is the template as the reference has it.
	Text string
	// Narrow names the variables behind the fifth colon that stand for no "/":
	// a bucket's name has none, so "bucket/*" can only be objects.
	Narrow []string
}

// String returns the template's text.
func (t Template) String() string { return t.Text }

// Variables returns the names of the variables, in order, each once.
func (t Template) Variables() []string {
	var names []string
	for text := t.Text; text != ""; {
		_, name, rest := nextVariable(text)
		if name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
		text = rest
	}
	return names
}

// Pattern returns the template with a "*" for each variable.
func (t Template) Pattern() string {
	pattern, _ := t.Fill(nil)
	return pattern
}

// Fill returns the template with values for its variables, and the variables
// that values does not have, for which it writes "*". An empty value is none.
func (t Template) Fill(values map[string]string) (pattern string, missing []string) {
	var b strings.Builder
	for text := t.Text; text != ""; {
		literal, name, rest := nextVariable(text)
		b.WriteString(literal)
		if value := values[name]; value != "" {
			b.WriteString(value)
		} else if name != "" {
			b.WriteByte('*')
			if !slices.Contains(missing, name) {
				missing = append(missing, name)
			}
		}
		text = rest
	}
	return b.String(), missing
}

// nextVariable cuts text behind its first variable; name is empty when there is
// none.
func nextVariable(text string) (literal, name, rest string) {
	literal, rest, found := strings.Cut(text, "${")
	if !found {
		return text, "", ""
	}
	name, rest, _ = strings.Cut(rest, "}")
	return literal, name, rest
}

// Overlaps reports whether the pattern, read by the rule of [MatchResource],
// matches some name of this form. Where the pattern has policy variables, put a
// "*" in their place before.
//
// It tells which types of resources a pattern can denote: arn:aws:s3:::b/*
// overlaps the template of objects and, as buckets have no "/" in their names,
// not that of buckets.
func (t Template) Overlaps(pattern string) bool {
	if t.otherService(pattern) {
		return false
	}
	return glob.OverlapTokens(t.tokens(), resourceTokens(pattern))
}

// OverlapsResource reports whether the pattern of a resource part alone, behind
// the fifth colon, matches that of some name of this form: what is left to ask
// when region or account are known to be wrong.
func (t Template) OverlapsResource(resource string) bool {
	tokens := t.tokens()
	colons := 0
	for i, token := range tokens {
		if token.Kind == glob.Character && token.Char == ':' {
			if colons++; colons == 5 {
				return glob.OverlapTokens(tokens[i+1:], glob.Tokens(resource))
			}
		}
	}
	return false
}

// otherService reports whether the pattern names another service: the cheap
// answer to most questions. The service stands where it seems to when nothing
// before it goes over colons.
func (t Template) otherService(pattern string) bool {
	own, _ := Split(t.Text)
	other, n := Split(pattern)
	return n == 6 && glob.Literal(other[PrefixComponent]) && glob.Literal(other[PartitionComponent]) && glob.Literal(other[ServiceComponent]) &&
		other[ServiceComponent] != own[ServiceComponent] && !strings.Contains(own[ServiceComponent], "${")
}

func (t Template) tokens() []glob.Token {
	tokens := make([]glob.Token, 0, len(t.Text))
	colons := 0
	for text := t.Text; text != ""; {
		literal, name, rest := nextVariable(text)
		for _, r := range literal {
			tokens = append(tokens, glob.Token{Char: r})
		}
		if name != "" {
			colons += strings.Count(literal, ":")
			except := t.except(name, colons)
			tokens = append(tokens, glob.Token{Kind: glob.One, Except: except}, glob.Token{Kind: glob.Run, Except: except})
		}
		text = rest
	}
	return tokens
}

func (t Template) except(variable string, colons int) glob.Set {
	switch {
	case colons < 5:
		return glob.Colon | glob.Slash
	case slices.Contains(t.Narrow, variable):
		return glob.Slash
	}
	return 0
}

// resourceTokens takes a pattern apart so that each wildcard stands for what it
// stands for in [MatchResource].
func resourceTokens(pattern string) []glob.Token {
	tokens := glob.Tokens(Complete(pattern))
	colons := 0
	for i := range tokens {
		switch t := &tokens[i]; {
		case t.Kind == glob.Character:
			if t.Char == ':' {
				if colons++; colons == 5 {
					return tokens
				}
			}
		case t.Kind == glob.Run && (i+1 == len(tokens) || tokens[i+1].Kind == glob.Character && tokens[i+1].Char == ':'):
		default:
			t.Except = glob.Colon
		}
	}
	return tokens
}

// Overlap reports whether some name matches both patterns by the rule of
// [MatchResource].
func Overlap(a, b string) bool {
	return glob.OverlapTokens(resourceTokens(a), resourceTokens(b))
}
