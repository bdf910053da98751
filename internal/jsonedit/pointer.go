package jsonedit

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/berth-project/berth/internal/jsonsource"
)

var tokenEscapes = strings.NewReplacer("~", "~0", "/", "~1")

// Token returns a name as a part of a JSON Pointer (RFC 6901, section 3).
func Token(name string) string { return tokenEscapes.Replace(name) }

// spot is a place that a JSON Pointer names: a child of a container, or the
// document itself where there is no container.
type spot struct {
	container *jsonsource.Node
	child     int // the place in Items or Members, below zero where it is not there yet
	name      string
}

func (s spot) node(doc *jsonsource.Document) *jsonsource.Node {
	switch {
	case s.container == nil:
		return doc.Root
	case s.child < 0:
		return nil
	case s.container.Kind == jsonsource.Array:
		return &s.container.Items[s.child]
	}
	return &s.container.Members[s.child].Value
}

// extent is the part of the text a child takes, with the name of a member.
func (s spot) extent(doc *jsonsource.Document) (start, end int) {
	n := s.node(doc)
	if s.container != nil && s.container.Kind == jsonsource.Object {
		return s.container.Members[s.child].NameStart, n.End
	}
	return n.Start, n.End
}

// find follows a JSON Pointer.
func (e *Editor) find(pointer string) (spot, error) {
	at := spot{}
	if pointer == "" {
		return at, nil
	}
	if pointer[0] != '/' {
		return at, fmt.Errorf("pointer %q does not begin with a slash", pointer)
	}
	for _, token := range strings.Split(pointer[1:], "/") {
		n := at.node(e.doc)
		if n == nil {
			return at, fmt.Errorf("pointer %q goes through what is not there", pointer)
		}
		token = strings.ReplaceAll(strings.ReplaceAll(token, "~1", "/"), "~0", "~")
		next, err := childOf(n, token)
		if err != nil {
			return at, fmt.Errorf("pointer %q: %w", pointer, err)
		}
		at = next
	}
	return at, nil
}

func childOf(n *jsonsource.Node, token string) (spot, error) {
	switch n.Kind {
	case jsonsource.Object:
		i := slices.IndexFunc(n.Members, func(m jsonsource.Member) bool { return m.Name == token })
		return spot{container: n, child: i, name: token}, nil
	case jsonsource.Array:
		if token == "-" {
			return spot{container: n, child: -1}, nil
		}
		i, err := strconv.Atoi(token)
		if err != nil || i < 0 || i >= len(n.Items) {
			return spot{}, fmt.Errorf("a list of %d has no item %q", len(n.Items), token)
		}
		return spot{container: n, child: i}, nil
	}
	return spot{}, fmt.Errorf("%s has no member %q", n.Kind, token)
}
