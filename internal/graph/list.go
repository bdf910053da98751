package graph

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// list writes the nodes of a layout as an indented list.
func (t Terminal) list(b *bytes.Buffer, l *Layout) {
	o := &outline{t: t, l: l, number: map[string]int{}, children: make([][]int, len(l.Nodes)), needs: make([][]string, len(l.Nodes))}
	for i, n := range l.Nodes {
		o.number[n.ID] = i
	}
	o.hang()
	for i := range l.Nodes {
		if len(o.needs[i]) == 0 {
			o.collect(i, "")
		}
	}
	column := 0
	for _, line := range o.lines {
		column = max(column, min(t.Width/2, cells(line.indent+line.name)))
	}
	for _, line := range o.lines {
		o.write(b, line, column)
	}
}

// outline is a layout as a forest: each node hangs below the last of its parents.
type outline struct {
	t        Terminal
	l        *Layout
	number   map[string]int
	children [][]int
	needs    [][]string
	lines    []row
}

// hang finds the parent of each node: the one in the farthest layer, the last of
// those.
func (o *outline) hang() {
	last := make([]int, len(o.l.Nodes))
	for i := range last {
		last[i] = -1
	}
	edges := slices.Clone(o.l.Edges)
	slices.SortStableFunc(edges, func(a, b Route) int { return o.number[a.From] - o.number[b.From] })
	for _, e := range edges {
		u, v := o.number[e.From], o.number[e.To]
		o.needs[v] = append(o.needs[v], e.From)
		if last[v] < 0 || o.l.Nodes[u].Layer >= o.l.Nodes[last[v]].Layer {
			last[v] = u
		}
	}
	for v, u := range last {
		if u >= 0 {
			o.children[u] = append(o.children[u], v)
		}
	}
}

// row is a line of the list.
type row struct {
	v            int
	indent, name string
}

func (o *outline) add(v int, indent string) {
	o.lines = append(o.lines, row{v, indent, clip(o.t.name(o.l.Nodes[v].Node), longestLabel)})
}

// collect adds a node and what hangs below it. An only child stands in line with its
// parent; several are indented as far as the width allows.
func (o *outline) collect(v int, indent string) {
	o.add(v, indent)
	for len(o.children[v]) == 1 {
		v, indent = o.children[v][0], o.t.under(indent)
		o.add(v, indent)
	}
	indent = o.t.under(indent)
	for i, w := range o.children[v] {
		switch {
		case cells(indent) > o.t.Width/2:
			o.collect(w, indent)
		case i == len(o.children[v])-1:
			o.collect(w, indent+"╰─ ")
		default:
			o.collect(w, indent+"├─ ")
		}
	}
}

// under is the indentation below a line: branches go on, or have ended.
func (t Terminal) under(indent string) string {
	return strings.NewReplacer("├─ ", "│  ", "╰─ ", "   ").Replace(indent)
}

// write writes a line: sign, name, state, what the node needs.
func (o *outline) write(b *bytes.Buffer, r row, column int) {
	look := o.t.look(o.l.Nodes[r.v].Node)
	rest := strings.TrimSpace(look.Word + "  " + look.Detail)
	if needs := o.needs[r.v]; len(needs) > 1 {
		rest = strings.TrimSpace(rest + "  needs " + named(needs))
	}
	rest = strings.Map(readable, rest)
	pad := max(0, column-cells(r.indent+r.name)) + 2
	rest = clip(rest, max(1, o.t.Width-cells(r.indent+r.name)-2-pad))
	if o.t.ASCII {
		r.indent = strings.NewReplacer("├─", "+-", "╰─", "`-", "│", "|").Replace(r.indent)
	}
	line := r.indent + o.t.sign(look.Kind) + " " + r.name + strings.Repeat(" ", pad) + rest
	b.WriteString(strings.TrimRight(line, " ") + "\n")
}

// namedNeeds is how many of the nodes that one comes after are named.
const namedNeeds = 6

func named(needs []string) string {
	if len(needs) <= namedNeeds {
		return strings.Join(needs, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(needs[:namedNeeds], ", "), len(needs)-namedNeeds)
}
