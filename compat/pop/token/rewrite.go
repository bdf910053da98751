package token

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/berth-project/berth/internal/jsonsource"
)

// Rewrite puts JSON in the place of strings in a JSON text, other than names of
// members: what replace returns with true. Everything else is there byte for byte.
// The error is that of replace, or says that the text is no JSON, or is
// [ErrTooLarge].
func Rewrite(text json.RawMessage, replace func(s string) (raw string, ok bool, err error)) (json.RawMessage, error) {
	doc, err := jsonsource.Parse(text, limits())
	if err != nil {
		return nil, fmt.Errorf("text with tokens: %w", err)
	}
	w := rewriter{text: doc.Text(), replace: replace}
	if err := w.walk(doc.Root); err != nil {
		return nil, err
	}
	if w.copied == 0 {
		return text, nil
	}
	w.out.WriteString(w.text[w.copied:])
	return json.RawMessage(w.out.String()), nil
}

// rewriter copies a text with some of its strings replaced.
type rewriter struct {
	text    string
	copied  int // up to where the text is in out
	out     strings.Builder
	replace func(string) (string, bool, error)
}

func (w *rewriter) walk(n *jsonsource.Node) error {
	for i := range n.Items {
		if err := w.walk(&n.Items[i]); err != nil {
			return err
		}
	}
	for i := range n.Members {
		if err := w.walk(&n.Members[i].Value); err != nil {
			return err
		}
	}
	if n.Kind != jsonsource.String {
		return nil
	}
	raw, ok, err := w.replace(n.Text)
	if err != nil || !ok {
		return err
	}
	if w.out.Len()+n.Start-w.copied+len(raw) > MaxResult {
		return ErrTooLarge
	}
	w.out.WriteString(w.text[w.copied:n.Start])
	w.out.WriteString(raw)
	w.copied = n.End
	return nil
}
