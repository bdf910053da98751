package iam

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"github.com/berth-project/berth/internal/jsonedit"
	"github.com/berth-project/berth/internal/jsonsource"
)

// source is the text of a document and where its elements stand.
type source struct {
	doc *jsonsource.Document
}

// Text returns the text the policy was read from, to which all positions refer;
// of a document that was URL-encoded it is the decoded text. It is empty for a
// policy made in code.
func (p *Policy) Text() string {
	if p.src == nil {
		return ""
	}
	return p.src.doc.Text()
}

// Span returns where the value a path names stands: "Statement[0].Action[1]",
// "$" for the whole document. An index of 0 is understood for a value that
// stands alone too. It reports false for what is not in the document.
func (p *Policy) Span(path string) (Span, bool) {
	at, ok := p.find(path)
	if !ok {
		return Span{}, false
	}
	return spanOf(p.src.doc.Span(at.node)), true
}

// KeySpan returns where the name of the element a path names stands, quotes
// included. It reports false for what has no name: items of lists and the
// document.
func (p *Policy) KeySpan(path string) (Span, bool) {
	at, ok := p.find(path)
	if !ok || at.member == nil {
		return Span{}, false
	}
	return spanOf(p.src.doc.NameSpan(at.member)), true
}

// Pointer returns the JSON Pointer (RFC 6901) into the document of what a path
// names. The two differ where the document has a single object or string and
// the path an index, and in names that have a "/" or a "~".
func (p *Policy) Pointer(path string) (string, bool) {
	at, ok := p.find(path)
	return string(at.pointer), ok
}

// place is what a path leads to.
type place struct {
	node    *jsonsource.Node
	member  *jsonsource.Member // nil unless node is the value of one
	pointer []byte
}

func (p *Policy) find(path string) (place, bool) {
	if p.src == nil || p.src.doc.Root == nil {
		return place{}, false
	}
	root := place{node: p.src.doc.Root}
	if path == DocumentPath {
		return root, true
	}
	return root.find("." + path)
}

// find follows the rest of a path. Names may have dots and brackets in them, as
// condition keys do, so each member whose name begins the rest is tried.
func (at place) find(rest string) (place, bool) {
	if rest == "" {
		return at, true
	}
	if rest[0] == '[' {
		return at.item(rest)
	}
	name := strings.TrimPrefix(rest, ".")
	for i := range at.node.Members {
		m := &at.node.Members[i]
		tail, ok := strings.CutPrefix(name, m.Name)
		if !ok || tail != "" && tail[0] != '.' && tail[0] != '[' {
			continue
		}
		next := place{node: &m.Value, member: m, pointer: appendToken(at.pointer, m.Name)}
		if found, ok := next.find(tail); ok {
			return found, true
		}
	}
	return place{}, false
}

// item follows a path that goes on with an index.
func (at place) item(rest string) (place, bool) {
	digits, tail, ok := strings.Cut(rest[1:], "]")
	i, err := strconv.ParseUint(digits, 10, 31)
	switch {
	case !ok || err != nil:
		return place{}, false
	case at.node.Kind == jsonsource.Array && int(i) < len(at.node.Items):
		next := place{node: &at.node.Items[i], pointer: appendToken(at.pointer, digits)}
		return next.find(tail)
	case at.node.Kind != jsonsource.Array && i == 0 && !strings.HasPrefix(tail, "["):
		return at.find(tail)
	}
	return place{}, false
}

// appendToken returns the pointer to a member or item of what pointer leads to,
// leaving pointer itself as it is.
func appendToken(pointer []byte, name string) []byte {
	return fmt.Appendf(bytes.Clone(pointer), "/%s", jsonedit.Token(name))
}

func spanOf(s jsonsource.Span) Span {
	return Span{Start: Position(s.Start), End: Position(s.End)}
}

// decodeURL takes the URL encoding off a document, in which GetPolicyVersion,
// GetRole and their like return it (RFC 3986, so "+" is a plus). JSON cannot
// begin with "%", so one kind of text is not taken for the other. It returns
// the offset of an escape that is none, or -1.
func decodeURL(text []byte) ([]byte, int) {
	if !bytes.HasPrefix(bytes.TrimLeft(text, " \t\r\n"), []byte("%")) {
		return text, -1
	}
	out := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c == '%' {
			if i+2 >= len(text) {
				return text, i
			}
			v, err := strconv.ParseUint(string(text[i+1:i+3]), 16, 8)
			if err != nil {
				return text, i
			}
			c = byte(v)
			i += 2
		}
		out = append(out, c)
	}
	return out, -1
}
