package graph

import (
	"fmt"
	"slices"
	"strings"
)

// FoldLimit is how many times larger than what can be drawn a graph may be that is
// folded.
const FoldLimit = 10

// Fold puts nodes that are alike together: of one group, at one depth, with parents
// and children that are alike. Where at least least of them are, one node stands for
// all; its id is that of the first, its Members say which. Nodes that keep is true
// for stay on their own: what a reader looks for is not to be hidden.
//
// The graph must be one that [Arrange] takes, but may be [FoldLimit] times as large;
// the error is the same.
func Fold(g Graph, least int, keep func(id string) bool) (Graph, error) {
	if len(g.Nodes) > FoldLimit*MaxNodes || len(g.Edges) > FoldLimit*MaxEdges {
		return Graph{}, fmt.Errorf("a graph of %d nodes and %d edges is too large to be folded", len(g.Nodes), len(g.Edges))
	}
	if len(g.Nodes) == 0 {
		return Graph{}, nil
	}
	x, err := index(g)
	if err != nil {
		return Graph{}, err
	}
	least = max(2, least)
	class := x.alike(g, least, keep)
	members := map[int][]int{}
	for v, c := range class {
		members[c] = append(members[c], v)
	}
	stands := make([]int, len(class)) // the node that stands for each
	var out Graph
	for v, c := range class {
		all := members[c]
		switch {
		case len(all) < least:
			stands[v] = v
			out.Nodes = append(out.Nodes, g.Nodes[v])
		case all[0] == v:
			stands[v] = v
			out.Nodes = append(out.Nodes, folded(g, all))
		default:
			stands[v] = all[0]
		}
	}
	seen := map[Edge]bool{}
	for v, targets := range x.down {
		for _, w := range targets {
			e := Edge{g.Nodes[stands[v]].ID, g.Nodes[stands[w]].ID}
			if !seen[e] {
				seen[e] = true
				out.Edges = append(out.Edges, e)
			}
		}
	}
	return out, nil
}

// alike numbers nodes by their class: first by group and depth, then apart by the
// classes around them until nothing changes. Nodes of a class that is too small are
// told apart, and so are those around them. Edges between classes point down, as
// depth does.
func (x *indexed) alike(g Graph, least int, keep func(string) bool) []int {
	depth := make([]int, len(x.up))
	for _, v := range x.topological {
		for _, u := range x.up[v] {
			depth[v] = max(depth[v], depth[u]+1)
		}
	}
	class := make([]int, len(x.up))
	names := map[string]int{}
	for v, n := range g.Nodes {
		name := fmt.Sprintf("%d %s", depth[v], n.Group)
		if keep != nil && keep(n.ID) {
			name = fmt.Sprintf("%d kept", v)
		}
		class[v] = numbered(names, name)
	}
	for range foldPasses {
		next := x.refine(class)
		if slices.Max(next) == slices.Max(class) && !scatter(next, least) {
			break
		}
		class = next
	}
	return class
}

// scatter gives each node of a class that is too small a class of its own, and
// reports whether there was one.
func scatter(class []int, least int) bool {
	size := make([]int, slices.Max(class)+1)
	for _, c := range class {
		size[c]++
	}
	found := false
	for v, c := range class {
		// The last of them keeps the number.
		if size[c] > 1 && size[c] < least {
			size[c], class[v], found = size[c]-1, len(size), true
			size = append(size, 1)
		}
	}
	return found
}

// foldPasses bounds how far apart nodes may be and still tell others from each
// other.
const foldPasses = 64

// refine tells nodes of one class apart by the classes of their neighbours.
func (x *indexed) refine(class []int) []int {
	next := make([]int, len(class))
	names := map[string]int{}
	var b strings.Builder
	for v := range class {
		b.Reset()
		fmt.Fprint(&b, class[v])
		for _, near := range [2][]int{x.up[v], x.down[v]} {
			around := make([]int, len(near))
			for i, w := range near {
				around[i] = class[w]
			}
			slices.Sort(around)
			fmt.Fprint(&b, slices.Compact(around))
		}
		next[v] = numbered(names, b.String())
	}
	return next
}

func numbered(names map[string]int, name string) int {
	n, ok := names[name]
	if !ok {
		n = len(names)
		names[name] = n
	}
	return n
}

// folded is the node that stands for several.
func folded(g Graph, all []int) Node {
	n := g.Nodes[all[0]]
	name := n.label()
	for _, v := range all {
		n.Members = append(n.Members, g.Nodes[v].ID)
		name = commonPrefix(name, g.Nodes[v].label())
	}
	name = strings.TrimRight(name, "-_. [(#0123456789")
	if name == "" {
		name = n.Group
	}
	if name == "" {
		name = n.label() + " …"
	}
	n.Label = fmt.Sprintf("%s ×%d", name, len(all))
	return n
}

func commonPrefix(a, b string) string {
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	return strings.ToValidUTF8(a[:i], "")
}
