package workflow

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/berth-project/berth/internal/jsonscan"
	"github.com/berth-project/berth/internal/jsonsource"
)

// MaxPayload is how large JSON may become when its references are replaced, in
// bytes: a large output may be referred to often.
const MaxPayload = 8 << 20

// maxSearched is how much JSON the references of one template may search, in
// bytes: a template with many references to a large output is work. What is
// looked at for each part of a path counts each time.
const maxSearched = 64 << 20

// template is JSON with references in its texts, cut into pieces.
type template struct {
	// fixed is the JSON where there are no references.
	fixed json.RawMessage
	// pieces are put together where there are; nil otherwise.
	pieces []piece
	// size is that of the JSON as it was written.
	size int
}

// piece is bytes of JSON that stay, then a reference; the last has none.
type piece struct {
	before []byte
	ref    *reference
	// inText: the value's text goes between the quotes of a text; otherwise
	// the value is put in as it is.
	inText bool
	trail  *trail
	from   int // where the reference begins in its text
}

// templateBuilder cuts JSON into pieces.
type templateBuilder struct {
	source string
	copied int // up to here source is in pending
	// pending are the bytes since the last reference.
	pending []byte
	pieces  []piece
	// found is told of every reference, wrong of every mistake.
	found func(ref *reference, t *trail)
	wrong func(err *syntaxError, t *trail)
}

// newTemplate compiles JSON. Every reference in it is given to found, which may
// resolve it.
func newTemplate(raw json.RawMessage, t *trail, found func(*reference, *trail), wrong func(*syntaxError, *trail)) *template {
	if len(raw) == 0 {
		return nil
	}
	doc, err := jsonsource.Parse(raw, jsonsource.Limits{Bytes: MaxBytes, Depth: MaxDepth, Values: maxValues})
	if err != nil {
		wrong(&syntaxError{message: "not JSON: " + err.Error()}, t)
		return nil
	}
	b := templateBuilder{source: doc.Text(), found: found, wrong: wrong}
	b.node(doc.Root, t)
	b.upTo(len(b.source))
	return b.template(raw)
}

// newTextTemplate compiles a text that stays a text whatever its references are.
func newTextTemplate(s string, t *trail, found func(*reference, *trail), wrong func(*syntaxError, *trail)) *template {
	if s == "" {
		return nil
	}
	b := templateBuilder{found: found, wrong: wrong}
	chunks, err := split(s)
	if err != nil {
		wrong(err, t)
		return nil
	}
	b.text(chunks, t)
	return b.template(nil)
}

func (b *templateBuilder) template(raw json.RawMessage) *template {
	switch {
	case len(b.pieces) > 0:
		return &template{pieces: append(b.pieces, piece{before: b.pending}), size: len(b.source)}
	case raw != nil && bytes.Equal(raw, b.pending):
		return &template{fixed: raw}
	}
	return &template{fixed: b.pending}
}

// upTo copies the source up to a place.
func (b *templateBuilder) upTo(at int) {
	b.pending = append(b.pending, b.source[b.copied:at]...)
	b.copied = at
}

func (b *templateBuilder) node(n *jsonsource.Node, t *trail) {
	for i := range n.Items {
		b.node(&n.Items[i], t.item(i))
	}
	for i := range n.Members {
		b.node(&n.Members[i].Value, t.child(n.Members[i].Name))
	}
	if n.Kind != jsonsource.String || strings.IndexByte(n.Text, '$') < 0 {
		return
	}
	chunks, err := split(n.Text)
	if err != nil {
		b.wrong(err, t)
		return
	}
	b.upTo(n.Start)
	b.copied = n.End
	if len(chunks) == 1 && chunks[0].ref != nil {
		b.reference(chunks[0], t, false)
		return
	}
	b.text(chunks, t)
}

// text adds a text with references in it.
func (b *templateBuilder) text(chunks []chunk, t *trail) {
	b.pending = append(b.pending, '"')
	for _, c := range chunks {
		if c.ref == nil {
			b.pending = appendEscaped(b.pending, c.text)
			continue
		}
		b.reference(c, t, true)
	}
	b.pending = append(b.pending, '"')
}

func (b *templateBuilder) reference(c chunk, t *trail, inText bool) {
	b.found(c.ref, t)
	b.pieces = append(b.pieces, piece{before: b.pending, ref: c.ref, inText: inText, trail: t, from: c.from})
	b.pending = nil
}

// render puts the template together. Without references the result is the
// template's own.
func (tp *template) render(s *Scope) (json.RawMessage, error) {
	switch {
	case tp == nil:
		return nil, nil
	case tp.pieces == nil:
		return tp.fixed, nil
	}
	searched := 0
	defer func() { s.Work += searched }()
	if tp.single() {
		return tp.pieces[0].value(s, &searched) // nothing but one reference: nothing to copy
	}
	out := make([]byte, 0, tp.size+64)
	defer func() { s.Work += len(out) }()
	for i := range tp.pieces {
		p := &tp.pieces[i]
		out = append(out, p.before...)
		if p.ref == nil {
			break
		}
		value, err := p.value(s, &searched)
		if err != nil {
			return nil, err
		}
		if p.inText {
			if value, err = p.textOf(value); err != nil {
				return nil, err
			}
		}
		if len(out)+len(value) > MaxPayload {
			return nil, p.fail(fmt.Sprintf("the value with its references replaced is larger than %d bytes", MaxPayload), "refer to parts of outputs, or pass large data by its address")
		}
		out = append(out, value...)
	}
	return out, nil
}

// renderText is render for a text of so many bytes at most. Keys, labels and
// destinations are kept in memory, and in indexes: a reference must not make one
// of a megabyte.
func (tp *template) renderText(s *Scope, most int) (string, error) {
	raw, err := tp.render(s)
	if err != nil || raw == nil {
		return "", err
	}
	text, err := textOf(raw)
	if err == nil && len(text) > most && len(tp.pieces) > 0 {
		return "", tp.pieces[0].fail(fmt.Sprintf("the text with its references replaced has %d bytes, and %d are allowed", len(text), most), "refer to something short")
	}
	return text, err
}

// textOf decodes a JSON string.
func textOf(raw json.RawMessage) (string, error) {
	if bytes.IndexByte(raw, '\\') < 0 && len(raw) >= 2 {
		return string(raw[1 : len(raw)-1]), nil
	}
	var s string
	err := json.Unmarshal(raw, &s)
	return s, err
}

// value returns the value of the reference and adds what it searched.
func (p *piece) value(s *Scope, searched *int) (json.RawMessage, error) {
	for i := range p.ref.terms {
		raw, path := p.ref.terms[i].base(s)
		if raw == nil {
			continue
		}
		v, ok := follow(raw, path, searched)
		if *searched > maxSearched {
			return nil, p.fail("the references search too much JSON", "refer to large outputs less often, and not deep into them")
		}
		if last := i == len(p.ref.terms)-1; ok && (last || string(v) != "null") {
			return v, nil
		}
	}
	return nil, p.missing(s, searched)
}

// textOf returns the text of a value as it stands between the quotes of a JSON
// string.
func (p *piece) textOf(v json.RawMessage) (json.RawMessage, error) {
	switch v[0] {
	case '"':
		return v[1 : len(v)-1], nil
	case '{', '[':
		kind := "an object"
		if v[0] == '[' {
			kind = "an array"
		}
		return nil, p.fail(p.ref.text+" is "+kind+", which has no text", "refer to a part of it, or let the reference be the whole text")
	}
	return v, nil
}

func (p *piece) fail(message, help string) error {
	return &EvalError{Code: CodeReference, Path: p.trail.String(), Column: p.from + 1, Message: message, Help: help}
}

// missing says how far the first path of the reference leads.
func (p *piece) missing(s *Scope, searched *int) error {
	const help = `give a fallback, as in "${… ?? null}", where it may be missing`
	t := &p.ref.terms[0]
	nowhere := func(found json.RawMessage, n int) error {
		prefix := *t
		prefix.path = t.path[:n]
		return p.fail(fmt.Sprintf("%s leads nowhere: %s", p.ref.text, without(found, prefix, t.path[n])), help)
	}
	found, rest := t.base(s)
	found = jsonscan.Trim(found)
	if found == nil && len(t.path) > 0 {
		return nowhere(nil, 0)
	}
	again := 0
	defer func() { *searched += again }()
	for k := range rest {
		v, ok := follow(found, rest[k:k+1], &again)
		if !ok && again <= maxSearched {
			return nowhere(found, len(t.path)-len(rest)+k)
		}
		found = v
	}
	return p.fail(p.ref.text+" has no value", help)
}

// without says what of a value is not there.
func without(found json.RawMessage, at term, next segment) string {
	name := rootNames[at.root]
	if at.root == rootSteps {
		name = at.shown
	}
	name += pathText(at.path)
	what := "no " + strings.TrimPrefix(pathText([]segment{next}), ".")
	switch {
	case len(found) == 0:
		return name + " is not there"
	case found[0] == '[':
		return name + " is an array with " + what
	case found[0] == '{':
		return name + " has " + what
	case string(found) == "null":
		return name + " is null"
	}
	return name + " is " + kindOf(found) + " and has " + what
}

func kindOf(v json.RawMessage) string {
	switch v[0] {
	case '"':
		return "a text"
	case 't', 'f':
		return "a boolean"
	}
	return "a number"
}

// single reports whether the template is one reference and nothing else.
func (tp *template) single() bool {
	return tp != nil && len(tp.pieces) == 2 && !tp.pieces[0].inText && len(tp.pieces[0].before)+len(tp.pieces[1].before) == 0
}
