package token

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/berth-project/berth/internal/jsonsource"
)

// References returns the tokens in the strings of a JSON text, in order, those
// that are there twice twice. With [Quirks] a text that the original takes for
// one token is that token too, followed by those within.
func (m Mode) References(text json.RawMessage) ([]Token, error) {
	doc, err := jsonsource.Parse(text, limits())
	if err != nil {
		return nil, fmt.Errorf("text with tokens: %w", err)
	}
	return m.references(doc.Root, nil), nil
}

func (m Mode) references(n *jsonsource.Node, found []Token) []Token {
	for i := range n.Items {
		found = m.references(&n.Items[i], found)
	}
	for i := range n.Members {
		found = m.references(&n.Members[i].Value, found)
	}
	if n.Kind != jsonsource.String || !strings.Contains(n.Text, opening) {
		return found
	}
	inner := m.Find(n.Text)
	if t, ok := m.whole(n.Text); ok && (len(inner) != 1 || inner[0].Text != t.Text) {
		found = append(found, t)
	}
	return append(found, inner...)
}
