package graph

import (
	"fmt"
	"slices"
	"strings"
)

// MaxNodes and MaxEdges bound a graph. Larger ones are to be folded first: nobody
// can read them.
const (
	MaxNodes = 10_000
	MaxEdges = 50_000
)

// Graph is what is drawn. The order of nodes and edges decides where the rules of
// layout leave a choice.
type Graph struct {
	Nodes []Node
	// Edges lead from what comes first to what comes after it. Repeated ones are
	// taken once.
	Edges []Edge
}

// Node is a node.
type Node struct {
	// ID tells nodes apart. It is not empty.
	ID string
	// Label is the name that is drawn. Default: the ID.
	Label string
	// Group is what kind of node it is. [Fold] puts only nodes of one group
	// together.
	Group string
	// Members are the ids of the nodes this one stands for, when [Fold] made it.
	Members []string
}

// Edge leads from one node to another.
type Edge struct{ From, To string }

func (n Node) label() string {
	if n.Label == "" {
		return n.ID
	}
	return n.Label
}

// indexed is a graph whose nodes are numbers. Neighbours are in the order of the
// nodes, without repetitions.
type indexed struct {
	up, down [][]int
	// topological is an order in which every edge points forward; among nodes
	// that could be next, the first declared is.
	topological []int
}

// index checks a graph.
func index(g Graph) (*indexed, error) {
	number := make(map[string]int, len(g.Nodes))
	for i, n := range g.Nodes {
		if n.ID == "" {
			return nil, fmt.Errorf("node %d of the graph has no id", i)
		}
		if _, taken := number[n.ID]; taken {
			return nil, fmt.Errorf("two nodes of the graph have the id %q", n.ID)
		}
		number[n.ID] = i
	}
	x := &indexed{up: make([][]int, len(g.Nodes)), down: make([][]int, len(g.Nodes))}
	for _, e := range g.Edges {
		from, ok := number[e.From]
		to, ok2 := number[e.To]
		if !ok || !ok2 {
			return nil, fmt.Errorf("an edge leads from %q to %q, and there is no such node", e.From, e.To)
		}
		x.down[from] = append(x.down[from], to)
	}
	for v := range x.down {
		slices.Sort(x.down[v])
		x.down[v] = slices.Compact(x.down[v])
		for _, w := range x.down[v] {
			x.up[w] = append(x.up[w], v)
		}
	}
	if x.topological = x.sorted(); len(x.topological) < len(g.Nodes) {
		return nil, fmt.Errorf("the graph has a cycle: %s", x.cycle(g))
	}
	return x, nil
}

// sorted is a topological order; it is shorter than the graph when there is a
// cycle.
func (x *indexed) sorted() []int {
	waits := make([]int, len(x.up))
	var queue minHeap
	for v := range x.up {
		if waits[v] = len(x.up[v]); waits[v] == 0 {
			queue.push(v)
		}
	}
	order := make([]int, 0, len(x.up))
	for len(queue) > 0 {
		v := queue.pop()
		order = append(order, v)
		for _, w := range x.down[v] {
			if waits[w]--; waits[w] == 0 {
				queue.push(w)
			}
		}
	}
	return order
}

// cycle names one, for the error.
func (x *indexed) cycle(g Graph) string {
	settled := make([]bool, len(x.up))
	for _, v := range x.topological {
		settled[v] = true
	}
	v := slices.Index(settled, false)
	seen := map[int]int{}
	var path []string
	for {
		if first, again := seen[v]; again {
			path = append(path[first:], g.Nodes[v].ID)
			slices.Reverse(path)
			if len(path) > 12 {
				path = append(path[:12], "…")
			}
			return strings.Join(path, " → ")
		}
		seen[v] = len(path)
		path = append(path, g.Nodes[v].ID)
		// Every node that is not settled has a parent that is not.
		v = x.up[v][slices.IndexFunc(x.up[v], func(u int) bool { return !settled[u] })]
	}
}

// minHeap is a heap of numbers.
type minHeap []int

func (h *minHeap) push(v int) {
	*h = append(*h, v)
	for i := len(*h) - 1; i > 0 && (*h)[(i-1)/2] > (*h)[i]; i = (i - 1) / 2 {
		(*h)[(i-1)/2], (*h)[i] = (*h)[i], (*h)[(i-1)/2]
	}
}

func (h *minHeap) pop() int {
	old := *h
	least := old[0]
	n := len(old) - 1
	old[0] = old[n]
	*h = old[:n]
	for i := 0; ; {
		c := 2*i + 1
		if c >= n {
			return least
		}
		if c+1 < n && old[c+1] < old[c] {
			c++
		}
		if old[i] <= old[c] {
			return least
		}
		old[i], old[c] = old[c], old[i]
		i = c
	}
}
