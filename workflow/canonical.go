package workflow

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/berth-project/berth/internal/jsonsource"
)

// Canonical returns the document as canonical JSON: no blanks, keys of the document
// in their own order and all others sorted, defaults left out, numbers as they
// were written. Reading it gives the same document. It fails only where a
// json.RawMessage that was set by hand is not JSON.
func (d *Document) Canonical() ([]byte, error) {
	c := *d
	var err error
	keep := func(raw json.RawMessage) json.RawMessage {
		out, e := canonicalJSON(raw)
		if e != nil && err == nil {
			err = e
		}
		return out
	}
	c.Input, c.Output = keep(d.Input), keep(d.Output)
	if len(d.Params) > 0 {
		c.Params = make(map[string]json.RawMessage, len(d.Params))
		for name, raw := range d.Params {
			c.Params[name] = keep(raw)
		}
	}
	c.Steps, c.Finally = canonicalSteps(d.Steps, keep), canonicalSteps(d.Finally, keep)
	if err != nil {
		return nil, err
	}
	return marshal(&c)
}

func canonicalSteps(steps []Step, keep func(json.RawMessage) json.RawMessage) []Step {
	out := slices.Clone(steps)
	for i := range out {
		s := &out[i]
		s.With = keep(s.With)
		if s.ForEach != nil {
			each := *s.ForEach
			each.In = keep(each.In)
			s.ForEach = &each
		}
	}
	return out
}

// marshal writes JSON without escapes that only HTML needs.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// canonicalJSON writes JSON without blanks, keys sorted.
func canonicalJSON(raw json.RawMessage) (json.RawMessage, error) {
	if len(raw) == 0 {
		return nil, nil
	}
	doc, err := jsonsource.Parse(raw, jsonsource.Limits{Bytes: MaxBytes, Depth: MaxDepth, Values: maxValues})
	if err != nil {
		return nil, fmt.Errorf("not JSON: %w", err)
	}
	return appendCanonical(make([]byte, 0, len(raw)), doc.Root), nil
}

func appendCanonical(b []byte, n *jsonsource.Node) []byte {
	switch n.Kind {
	case jsonsource.String:
		return appendQuoted(b, n.Text)
	case jsonsource.Array:
		b = append(b, '[')
		for i := range n.Items {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendCanonical(b, &n.Items[i])
		}
		return append(b, ']')
	case jsonsource.Object:
		members := slices.Clone(n.Members)
		slices.SortStableFunc(members, func(a, b jsonsource.Member) int { return strings.Compare(a.Name, b.Name) })
		b = append(b, '{')
		for i := range members {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(appendQuoted(b, members[i].Name), ':')
			b = appendCanonical(b, &members[i].Value)
		}
		return append(b, '}')
	}
	return append(b, n.Text...)
}
