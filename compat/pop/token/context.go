package token

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/berth-project/berth/internal/jsonsource"
)

// Context is what names stand for. The zero value has no names. It is safe for
// concurrent use while nobody calls Set.
type Context struct {
	values map[string]*jsonsource.Document
}

// NewContext returns a context with these values. The error names one that is no
// JSON.
func NewContext(values map[string]json.RawMessage) (*Context, error) {
	c := &Context{values: make(map[string]*jsonsource.Document, len(values))}
	for name, value := range values {
		if err := c.Set(name, value); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// Set lets a name stand for a value, in place of any it had.
func (c *Context) Set(name string, value json.RawMessage) error {
	doc, err := jsonsource.Parse(value, limits())
	if err != nil {
		return fmt.Errorf("value of %q: %w", name, err)
	}
	if c.values == nil {
		c.values = map[string]*jsonsource.Document{}
	}
	c.values[name] = doc
	return nil
}

// Has reports whether a name stands for something.
func (c *Context) Has(name string) bool {
	return c != nil && c.values[name] != nil
}

// part is a value in the text it came from; nil for one that is missing.
type part struct {
	doc  *jsonsource.Document
	node *jsonsource.Node
}

// raw returns the value as it is spelled.
func (p part) raw() string { return p.doc.Text()[p.node.Start:p.node.End] }

// at follows a pointer from the value of a name. known tells whether there is
// such a name; the node is nil where the pointer leads nowhere.
func (c *Context) at(name, pointer string) (p part, known bool) {
	if c == nil || c.values[name] == nil {
		return part{}, false
	}
	p.doc = c.values[name]
	p.node = p.doc.Root
	pointer = strings.TrimPrefix(pointer, "/")
	if pointer == "" {
		return p, true
	}
	for step := range strings.SplitSeq(pointer, "/") {
		if p.node = child(p.node, unescape.Replace(step)); p.node == nil {
			return p, true
		}
	}
	return p, true
}

// unescape undoes the escapes of RFC 6901, section 3.
var unescape = strings.NewReplacer("~1", "/", "~0", "~")

// child returns the member or the item of that name, nil where there is none. Of
// members with one name the last counts, as in the original's JSON library.
func child(n *jsonsource.Node, name string) *jsonsource.Node {
	switch n.Kind {
	case jsonsource.Object:
		for i := len(n.Members) - 1; i >= 0; i-- {
			if n.Members[i].Name == name {
				return &n.Members[i].Value
			}
		}
	case jsonsource.Array:
		i, err := strconv.ParseUint(name, 10, 31)
		canonical := name == "0" || !strings.HasPrefix(name, "0") && !strings.HasPrefix(name, "+")
		if err == nil && canonical && i < uint64(len(n.Items)) {
			return &n.Items[i]
		}
	}
	return nil
}
