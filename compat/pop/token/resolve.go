package token

import (
	"bytes"
	"encoding/json"
	"errors"
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
	r := resolver{mode: m, ctx: ctx}
	value, err := Rewrite(text, func(s string) (string, bool, error) {
		if !strings.Contains(s, opening) {
			return "", false, nil
		}
		raw, ok := r.value(s)
		return raw, ok, r.err
	})
	if err != nil {
		return Result{}, err
	}
	r.result.Value = value
	return r.result, nil
}

// resolver replaces the tokens of one text.
type resolver struct {
	mode   Mode
	ctx    *Context
	result Result
	err    error
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
