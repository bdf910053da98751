package token

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/berth-project/berth/internal/jsonsource"
)

// MaxResult is how large a text with its tokens replaced may grow, in bytes: one
// value may be referred to many times.
const MaxResult = 16 << 20

// ErrTooLarge is what [Mode.Resolve] answers when the result passes [MaxResult].
var ErrTooLarge = errors.New("text with its tokens replaced passes 16 MiB: refer to less")

// MaxComplaints is how many of [Result.Missing] and of [Result.Invalid] are told.
const MaxComplaints = 100

// limits bound the texts that are read, values and those with tokens alike.
func limits() jsonsource.Limits {
	return jsonsource.Limits{Bytes: 8 << 20, Depth: 200, Values: 1_000_000}
}

// Result is a text with its tokens replaced.
type Result struct {
	// Value is the text. Tokens without a value are left in it; what was not
	// replaced is there byte for byte.
	Value json.RawMessage
	// Missing are tokens whose name stands for nothing, each once, in order; the
	// first [MaxComplaints] of them.
	Missing []string
	// Invalid are tokens whose pointer leads nowhere, and complaints about
	// values that have no text in a text that needs one.
	Invalid []string
}

// Resolve replaces the tokens in the strings of a JSON text; names of members are
// left alone. The error says that the text is no JSON, or is [ErrTooLarge].
func (m Mode) Resolve(text json.RawMessage, ctx *Context) (Result, error) {
	doc, err := jsonsource.Parse(text, limits())
	if err != nil {
		return Result{}, fmt.Errorf("text with tokens: %w", err)
	}
	r := resolver{mode: m, ctx: ctx, text: doc.Text()}
	r.walk(doc.Root)
	if r.err != nil {
		return Result{}, r.err
	}
	if r.copied == 0 {
		r.result.Value = text
		return r.result, nil
	}
	r.out.WriteString(r.text[r.copied:])
	r.result.Value = json.RawMessage(r.out.String())
	return r.result, nil
}

// resolver copies a text and puts values in the place of strings with tokens.
type resolver struct {
	mode   Mode
	ctx    *Context
	text   string
	copied int // up to where the text is in out
	out    strings.Builder
	result Result
	err    error
}

func (r *resolver) walk(n *jsonsource.Node) {
	if r.err != nil {
		return
	}
	for i := range n.Items {
		r.walk(&n.Items[i])
	}
	for i := range n.Members {
		r.walk(&n.Members[i].Value)
	}
	if n.Kind != jsonsource.String || !strings.Contains(n.Text, opening) {
		return
	}
	if raw, ok := r.value(n.Text); ok {
		r.replace(n, raw)
	}
}

// replace puts a JSON value in the place of a node.
func (r *resolver) replace(n *jsonsource.Node, raw string) {
	if r.out.Len()+n.Start-r.copied+len(raw) > MaxResult {
		r.err = ErrTooLarge
		return
	}
	r.out.WriteString(r.text[r.copied:n.Start])
	r.out.WriteString(raw)
	r.copied = n.End
}

// value returns the JSON that takes the place of a string; false leaves it as it
// is.
func (r *resolver) value(text string) (raw string, ok bool) {
	whole, isWhole := r.mode.whole(text)
	if !isWhole {
		return r.composite(text)
	}
	switch p, found := r.lookup(whole); {
	case found && p.node == nil && whole.Fallback == "":
		return "null", true
	case found && p.node == nil:
		return quote(whole.Fallback), true
	case found && r.mode == Quirks && p.node.Kind == jsonsource.Bool:
		return "", false
	case found:
		return p.raw(), true
	case r.mode == Quirks:
		return r.composite(text)
	}
	return "", false
}

// lookup returns what a token stands for, a part without a node for its fallback,
// and notes a token that stands for nothing.
func (r *resolver) lookup(t Token) (p part, ok bool) {
	p, known := r.ctx.at(t.Name, t.Pointer)
	switch {
	case !known:
		r.result.Missing = note(r.result.Missing, t.Text)
		return p, false
	case p.node == nil && !t.HasFallback:
		r.result.Invalid = note(r.result.Invalid, t.Text)
		return p, false
	}
	return p, true
}

// note adds a complaint that is not there yet, if there is room.
func note(to []string, what string) []string {
	if len(to) == MaxComplaints || slices.Contains(to, what) {
		return to
	}
	return append(to, what)
}

// composite replaces the tokens of a text by the texts of their values.
func (r *resolver) composite(text string) (raw string, ok bool) {
	var b strings.Builder
	copied := 0
	for _, t := range r.mode.Find(text) {
		piece, ok := r.piece(t)
		if !ok {
			continue
		}
		if b.Len()+t.Start-copied+len(piece) > MaxResult {
			r.err = ErrTooLarge
			return "", false
		}
		b.WriteString(text[copied:t.Start])
		b.WriteString(piece)
		copied = t.end()
	}
	if copied == 0 {
		return "", false
	}
	b.WriteString(text[copied:])
	return quote(b.String()), true
}

// piece returns the text of a token within other text.
func (r *resolver) piece(t Token) (text string, ok bool) {
	p, ok := r.lookup(t)
	switch {
	case !ok:
		return "", false
	case p.node == nil && t.Fallback == "":
		return "null", true
	case p.node == nil:
		return t.Fallback, true
	case p.node.Kind == jsonsource.Object, p.node.Kind == jsonsource.Array:
		r.result.Invalid = note(r.result.Invalid, t.Name+" cannot be used in composite string")
		return "", false
	}
	return p.node.Text, true
}

// quote returns a text as a JSON string, with the characters of HTML as they are.
func quote(text string) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(text); err != nil {
		return `""` // a string can always be written
	}
	return strings.TrimSuffix(b.String(), "\n")
}
