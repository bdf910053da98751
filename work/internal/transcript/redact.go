package transcript

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"github.com/berth-project/berth/secret"
)

// minSecret is the shortest text that is hidden: of a shorter one every second
// line would have an occurrence.
const minSecret = 4

// Redactor hides secrets in text.
type Redactor struct {
	secrets []string // longest first: one may hold another
}

// NewRedactor hides each value, each line of one that has several, and the form
// it has inside a JSON text. Values of fewer than four bytes are not hidden.
func NewRedactor(values ...secret.String) *Redactor {
	r := &Redactor{}
	for _, v := range values {
		r.add(v.Reveal())
		for line := range strings.Lines(v.Reveal()) {
			r.add(strings.TrimRight(line, "\r\n"))
		}
		if text, err := json.Marshal(v.Reveal()); err == nil {
			r.add(string(text[1 : len(text)-1]))
		}
	}
	slices.SortFunc(r.secrets, func(a, b string) int { return len(b) - len(a) })
	return r
}

func (r *Redactor) add(text string) {
	if len(text) >= minSecret && !slices.Contains(r.secrets, text) {
		r.secrets = append(r.secrets, text)
	}
}

// Bytes returns text without the secrets; it may be text itself.
func (r *Redactor) Bytes(text []byte) []byte {
	for _, s := range r.secrets {
		if bytes.Contains(text, []byte(s)) {
			text = bytes.ReplaceAll(text, []byte(s), []byte(secret.Redacted))
		}
	}
	return text
}

// String is Bytes for a string.
func (r *Redactor) String(text string) string {
	for _, s := range r.secrets {
		text = strings.ReplaceAll(text, s, secret.Redacted)
	}
	return text
}

// cut is Bytes for text whose end was cut off, perhaps within a secret: what
// could be the beginning of one goes too.
func (r *Redactor) cut(text []byte) []byte {
	text = r.Bytes(text)
	longest := 0
	for _, s := range r.secrets {
		for n := min(len(s)-1, len(text)); n > longest; n-- {
			if bytes.HasSuffix(text, []byte(s[:n])) {
				longest = n
			}
		}
	}
	return text[:len(text)-longest]
}
