package jsonedit

import (
	"cmp"
	"slices"
	"strings"

	"github.com/berth-project/berth/internal/jsonsource"
)

// children returns where each child of a container starts, and where the last
// ends.
func children(c *jsonsource.Node) (starts []int, lastEnd int) {
	for i := range c.Items {
		starts, lastEnd = append(starts, c.Items[i].Start), c.Items[i].End
	}
	for i := range c.Members {
		starts, lastEnd = append(starts, c.Members[i].NameStart), c.Members[i].Value.End
	}
	return starts, lastEnd
}

// Edits returns all changes, in the order of the text. They do not overlap.
func (e *Editor) Edits() []Edit {
	out := slices.Clone(e.replaced)
	for c, places := range e.removed {
		if len(e.added[c]) == 0 || len(places) < len(c.Items)+len(c.Members) {
			out = append(out, cuts(c, places)...)
		}
	}
	for c, more := range e.added {
		out = append(out, e.inserts(c, more)...)
	}
	slices.SortFunc(out, func(a, b Edit) int { return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End)) })
	return out
}

// inserts puts new children into a container: those that come first before what
// is there, others behind the last.
func (e *Editor) inserts(c *jsonsource.Node, more []addition) []Edit {
	starts, lastEnd := children(c)
	if len(starts) == len(e.removed[c]) {
		texts := make([]string, len(more))
		for i, a := range more {
			texts[i] = a.text
		}
		return []Edit{{c.Start + 1, c.End - 1, strings.Join(texts, ", ")}}
	}
	first, last := Edit{Start: starts[0], End: starts[0]}, Edit{Start: lastEnd, End: lastEnd}
	for _, a := range more {
		if slices.Contains(e.first, a.name) {
			first.Text += a.text + "," + e.between(c)
		} else {
			last.Text += "," + e.between(c) + a.text
		}
	}
	return slices.DeleteFunc([]Edit{first, last}, func(x Edit) bool { return x.Text == "" })
}

// cuts removes children with the commas that go with them. A run of them goes up
// to the child that follows; at the end, from behind the child before.
func cuts(c *jsonsource.Node, places []int) []Edit {
	starts, lastEnd := children(c)
	gone := make([]bool, len(starts))
	for _, i := range places {
		gone[i] = true
	}
	if len(places) == len(starts) {
		return []Edit{{c.Start + 1, c.End - 1, ""}}
	}
	var out []Edit
	for i := 0; i < len(starts); i++ {
		if !gone[i] {
			continue
		}
		first := i
		for i < len(starts) && gone[i] {
			i++
		}
		if i < len(starts) {
			out = append(out, Edit{starts[first], starts[i], ""})
			continue
		}
		out = append(out, Edit{childEnd(c, first-1), lastEnd, ""})
	}
	return out
}

func childEnd(c *jsonsource.Node, i int) int {
	if c.Kind == jsonsource.Array {
		return c.Items[i].End
	}
	return c.Members[i].Value.End
}
