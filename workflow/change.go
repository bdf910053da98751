package workflow

import (
	"encoding/json"
	"fmt"

	"github.com/berth-project/berth/internal/jsonsource"
)

// Change is one difference between two versions of a workflow.
type Change struct {
	// Path names what changed; steps go by their names: "steps.probe.with.url".
	Path string `json:"path"`
	// Before and After are the values as canonical JSON; nil where there is none.
	Before json.RawMessage `json:"before,omitempty"`
	After  json.RawMessage `json:"after,omitempty"`
}

// String returns the change as a line for people.
func (c Change) String() string {
	switch {
	case c.Before == nil:
		return fmt.Sprintf("+ %s: %s", c.Path, c.After)
	case c.After == nil:
		return fmt.Sprintf("- %s: %s", c.Path, c.Before)
	}
	return fmt.Sprintf("~ %s: %s → %s", c.Path, c.Before, c.After)
}

// Changes lists what differs between two versions of a workflow, in the order of
// the first and then of the second. That steps have another order is no change.
// It fails only where a json.RawMessage that was set by hand is not JSON.
func Changes(before, after *Document) ([]Change, error) {
	var roots [2]*jsonsource.Node
	for i, d := range []*Document{before, after} {
		text, err := d.Canonical()
		if err != nil {
			return nil, err
		}
		doc, err := jsonsource.Parse(text, jsonsource.Limits{Bytes: 2 * MaxBytes, Depth: 2 * MaxDepth, Values: 2 * maxValues})
		if err != nil {
			return nil, err
		}
		roots[i] = doc.Root
	}
	var c comparison
	c.compare(roots[0], roots[1], nil)
	return c.changes, nil
}

type comparison struct{ changes []Change }

// compare notes the differences of two values, either of which may be missing.
func (c *comparison) compare(a, b *jsonsource.Node, t *trail) {
	switch {
	case a != nil && b != nil && a.Kind == jsonsource.Object && b.Kind == jsonsource.Object:
		c.members(members(a), members(b), t)
	case t != nil && t.up == nil && (t.key == "steps" || t.key == "finally"):
		c.members(stepsByName(a), stepsByName(b), t)
	case canonicalText(a) != canonicalText(b):
		c.changes = append(c.changes, Change{Path: t.String(), Before: canonicalValue(a), After: canonicalValue(b)})
	}
}

// named is a value that has a name among others.
type named struct {
	name  string
	value *jsonsource.Node
}

func (c *comparison) members(a, b []named, t *trail) {
	other := make(map[string]*jsonsource.Node, len(b))
	for _, m := range b {
		other[m.name] = m.value
	}
	for _, m := range a {
		c.compare(m.value, other[m.name], t.child(m.name))
		delete(other, m.name)
	}
	for _, m := range b {
		if other[m.name] != nil {
			c.compare(nil, m.value, t.child(m.name))
		}
	}
}

func members(n *jsonsource.Node) []named {
	out := make([]named, len(n.Members))
	for i := range n.Members {
		out[i] = named{n.Members[i].Name, &n.Members[i].Value}
	}
	return out
}

func stepsByName(n *jsonsource.Node) []named {
	if n == nil {
		return nil
	}
	out := make([]named, len(n.Items))
	for i := range n.Items {
		out[i].value = &n.Items[i]
		if name := n.Items[i].Lookup("name"); name != nil {
			out[i].name = name.Text
		}
	}
	return out
}

func canonicalValue(n *jsonsource.Node) json.RawMessage {
	if n == nil {
		return nil
	}
	return appendCanonical(nil, n)
}

func canonicalText(n *jsonsource.Node) string { return string(canonicalValue(n)) }
