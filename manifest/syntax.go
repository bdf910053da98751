package manifest

import (
	"errors"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"github.com/berth-project/berth/internal/diagnostic"
)

const (
	// maxTokens bounds the work of the YAML parser, some of which is quadratic.
	maxTokens = 40000
	// maxLine bounds a line, in bytes: finding a column takes time by its length.
	maxLine = 8 << 10
	// maxDepth bounds how deep lists and mappings nest.
	maxDepth = 48
)

// parse returns the one document of data, nil after reporting why there is
// none.
func (s *source) parse(data []byte) ast.Node {
	if !s.checkText(data) {
		return nil
	}
	tokens := lexer.Tokenize(strings.Join(s.lines, "\n"))
	if !s.checkTokens(tokens) {
		return nil
	}
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		s.addSyntax(err)
		return nil
	}
	return s.document(file)
}

func (s *source) checkText(data []byte) bool {
	if len(data) > MaxBytes {
		s.add(mark{}, codeTooBig, "the manifest is larger than 1 MiB").
			Help = "move data out of it into files"
		return false
	}
	for i, line := range s.lines {
		if len(line) > maxLine {
			s.add(mark{line: i + 1, column: 1, width: 1}, codeTooBig, "the line is longer than 8 KiB").
				Help = "break it: a list or mapping can go over several lines"
		}
		if column := badCharacter(line); column > 0 {
			s.add(mark{line: i + 1, column: column, width: 1}, codeCharacters, "the line holds a control character or is not UTF-8").
				Help = `save the file as UTF-8 text; in double quotes "\x00" and the like may be written out`
		}
	}
	return len(s.problems) == 0
}

// badCharacter returns the column of the first byte YAML does not allow, 0
// when there is none (YAML 1.2 section 5.1).
func badCharacter(line string) int {
	for i := 0; i < len(line); {
		r, n := utf8.DecodeRuneInString(line[i:])
		if r == utf8.RuneError && n == 1 || r < 0x20 && r != '\t' || r == 0x7f || r == 0xfeff || r >= 0x80 && r < 0xa0 && r != 0x85 {
			return i + 1
		}
		i += n
	}
	return 0
}

// checkTokens refuses what the parser should not see and what a manifest does
// not have: indirection, too much of anything.
func (s *source) checkTokens(tokens token.Tokens) bool {
	if len(tokens) > maxTokens {
		s.add(mark{}, codeTooBig, "the manifest has more than %d words", maxTokens)
		return false
	}
	depth, dashes := 0, 0
	for _, tk := range tokens {
		switch tk.Type {
		case token.MappingStartType, token.SequenceStartType:
			depth++
		case token.MappingEndType, token.SequenceEndType:
			depth--
		}
		if tk.Type == token.SequenceEntryType || tk.Type == token.MappingKeyType {
			dashes++
		} else {
			dashes = 0
		}
		if depth > maxDepth || dashes > maxDepth {
			s.add(s.mark(tk), codeTooBig, "lists and mappings nest deeper than %d", maxDepth)
			return false
		}
		s.checkIndirection(tk)
		s.checkColon(tk)
	}
	return len(s.problems) == 0
}

var (
	// innerColon is what ends a key; YAML does not allow it within a text without
	// quotes (YAML 1.2 section 7.3.3). The parser takes it within { }, where it
	// is a forgotten comma.
	innerColon = regexp.MustCompile(`:(\s|$)`)
	// afterColon is what may follow the colon of a key within { }.
	afterColon = regexp.MustCompile(`^:([\s,\[\]{}]|$)`)
)

// checkColon refuses two readings of a colon that programs disagree on.
func (s *source) checkColon(tk *token.Token) {
	switch {
	case tk.Type == token.StringType && innerColon.MatchString(tk.Value) && (tk.Prev == nil || !blockText(tk.Prev)):
		s.add(s.mark(tk), codeSyntax, `a ":" cannot stand within this text`).
			Help = `put a "," before the next key, or quotes around the text`
	case tk.Type == token.MappingValueType && tk.Prev != nil && tk.Prev.Type == token.StringType:
		at := s.mark(tk)
		if text := s.line(at.line); at.column <= len(text) && !afterColon.MatchString(text[at.column-1:]) {
			s.add(at, codeSyntax, `a blank is missing after the ":"`).Help = `write "key: value"`
		}
	}
}

// blockText reports whether a token starts a text of the forms | and >, which
// may hold anything.
func blockText(tk *token.Token) bool {
	return tk.Type == token.LiteralType || tk.Type == token.FoldedType
}

func (s *source) checkIndirection(tk *token.Token) {
	what := ""
	switch tk.Type {
	case token.AnchorType:
		what = "an anchor"
	case token.AliasType:
		what = "an alias"
	case token.MergeKeyType:
		what = "a merge key"
	case token.TagType:
		what = "a tag"
	case token.DirectiveType:
		what = "a directive"
	default:
		return
	}
	p := s.add(s.mark(tk), codeIndirection, "%s is not part of a manifest", what)
	p.Help = "write the value out where it is used; quote a text that starts with & * ! or %"
}

// document returns the body of the one document of a file.
func (s *source) document(file *ast.File) ast.Node {
	var bodies []ast.Node
	for _, doc := range file.Docs {
		if doc.Body != nil {
			bodies = append(bodies, doc.Body)
		}
	}
	switch {
	case len(bodies) == 0:
		s.add(mark{}, codeEmpty, "the manifest is empty").Help = `a manifest starts with "service: NAME"`
		return nil
	case len(bodies) > 1:
		s.add(s.start(bodies[1]), codeDocuments, "the manifest has a second document").
			Help = "one file is one service: put the other in a file of its own"
		return nil
	}
	return bodies[0]
}

// addSyntax reports what the YAML parser says. Its texts may quote the file,
// so only those known not to are passed on.
func (s *source) addSyntax(err error) {
	s.problems = append(s.problems, s.syntaxProblem(err))
}

func (s *source) syntaxProblem(err error) *diagnostic.Problem {
	var syntax *yaml.SyntaxError
	if !errors.As(err, &syntax) || syntax.Token == nil {
		return s.problem(mark{}, codeSyntax, "the file is not YAML")
	}
	at := s.mark(syntax.Token)
	message, help := "this is not YAML", ""
	for _, known := range syntaxTexts {
		if strings.Contains(syntax.Message, known.match) {
			message, help = known.message, known.help
			break
		}
	}
	if strings.Contains(s.line(at.line), "${") && help == "" {
		help = `quote the text: "${NAME}"`
	}
	p := s.problem(at, codeSyntax, "%s", message)
	p.Help = help
	return p
}

// syntaxTexts says in our words what the parser says in its own.
var syntaxTexts = []struct{ match, message, help string }{
	{"tab character", "a tab cannot indent", "indent with spaces"},
	{"found character '\t'", "a tab cannot indent", "indent with spaces"},
	{"sequence end token", "the list is not closed", `close it with "]"`},
	{"could not find flow map", "the mapping is not closed", `close it with "}"`},
	{"end character of double-quoted", "the quoted text has no end", `close it with "`},
	{"end character of single-quoted", "the quoted text has no end", "close it with '; a ' inside is written ''"},
	{"',' or '}' must be specified", `a "," or "}" is missing here`, `quote a text that holds { } [ ] or ,`},
	{"',' or ']' must be specified", `a "," or "]" is missing here`, `quote a text that holds { } [ ] or ,`},
	{"mapping value is not allowed", `a ":" cannot stand here`, `quote a text that holds ": "; a nested key goes on a line of its own`},
	{"block sequence entries are not allowed", "a list cannot start here", "put it on lines of its own, or write [a, b]"},
	{"reserved character", "a text cannot start with this character", "quote the text"},
	{"unexpected directive", "a text cannot start with this character", "quote the text"},
	{"unknown escape", `there is no such escape in a "…" text`, `write \\ for a backslash, or use '…'`},
	{"map key-value is pre-defined", "nothing more can stand here", "quote the whole text"},
	{"value is not allowed in this context", "the indentation does not fit the lines above", "indent it like its siblings"},
	{"non-map value", "this does not fit the lines above", `a key ends with ":", a list item starts with "- ", siblings are indented alike`},
	{"invalid key", "this cannot be a key", ""},
}

// mark returns where a token stands, its column in bytes.
func (s *source) mark(tk *token.Token) mark {
	if tk == nil || tk.Position == nil {
		return mark{}
	}
	text := s.line(tk.Position.Line)
	column := 1
	for range tk.Position.Column - 1 {
		if column > len(text) {
			break
		}
		_, n := utf8.DecodeRuneInString(text[column-1:])
		column += n
	}
	return s.clamp(mark{line: tk.Position.Line, column: column, width: s.width(tk, text, column)})
}

// width returns how much of a line a token takes.
func (s *source) width(tk *token.Token, text string, column int) int {
	switch {
	case column > len(text):
		return 1
	case tk.Type == token.DoubleQuoteType || tk.Type == token.SingleQuoteType:
		if end := strings.IndexByte(text[column:], text[column-1]); end >= 0 {
			return end + 2
		}
		return len(text) - column + 1
	}
	first, _, _ := strings.Cut(tk.Value, "\n")
	return max(1, len(first))
}

// start returns where a node begins.
func (s *source) start(n ast.Node) mark {
	switch n := n.(type) {
	case *ast.MappingNode:
		if !n.IsFlowStyle && len(n.Values) > 0 {
			return s.start(n.Values[0])
		}
	case *ast.MappingValueNode:
		return s.mark(n.Key.GetToken())
	}
	return s.mark(n.GetToken())
}
