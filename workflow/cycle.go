package workflow

import (
	"fmt"
	"slices"
	"strings"
)

// waiting is the graph of who waits for whom among the new nodes of a plan.
//
// A step whose failure a handler handles counts as settled when the handler is.
// So who needs that step may wait for the handler too: but only for a handler
// that was called, which waits for its own needs and no more for the steps it
// handles. The graph has such a handler as a vertex of its own.
type waiting struct {
	plan  *Plan
	first int // the node of vertex 0
	nodes int // vertices from here on are called handlers
	to    [][]int
	from  [][]int
}

func newWaiting(p *Plan, first int) *waiting {
	n := len(p.nodes) - first
	w := &waiting{plan: p, first: first, nodes: n, to: make([][]int, 2*n), from: make([][]int, 2*n)}
	for _, node := range p.nodes[first:] {
		w.waits(node, node.Index-first, false)
		if node.Handler {
			w.waits(node, node.Index-first+n, true)
		}
	}
	return w
}

// waits adds the edges of a vertex. called: it is a handler whose call has come.
func (w *waiting) waits(node *Node, vertex int, called bool) {
	for _, need := range node.Needs {
		if need < w.first || called && w.plan.nodes[need].OnError == node.Index {
			continue
		}
		w.edge(vertex, need-w.first)
		if h := w.plan.nodes[need].OnError; h >= w.first && h != node.Index {
			w.edge(vertex, h-w.first+w.nodes)
		}
	}
}

func (w *waiting) edge(a, b int) {
	w.to[a] = append(w.to[a], b)
	w.from[b] = append(w.from[b], a)
}

func (w *waiting) node(vertex int) *Node { return w.plan.nodes[w.first+vertex%w.nodes] }

// cycles tells of new nodes that wait for each other.
func (c *compiler) cycles() {
	w := newWaiting(c.plan, c.first)
	left := make(map[int]bool, len(w.to))
	for v := range w.to {
		left[v] = true
	}
	w.settle(left)
	for len(left) > 0 && !c.full() {
		cycle := w.find(left)
		c.problems.add(codeCycle, c.trail(w.node(cycle[0])).child("name"), "steps wait for each other: "+w.story(cycle), "remove one of these needs or references")
		for _, v := range cycle {
			delete(left, v)
		}
		w.settle(left)
	}
}

// settle takes out vertices that wait for none of those left, as often as there
// are any (Kahn's algorithm). What stays is on a cycle or waits for one.
func (w *waiting) settle(left map[int]bool) {
	open := make(map[int]int, len(left))
	var ready []int
	for v := range left {
		for _, need := range w.to[v] {
			if left[need] {
				open[v]++
			}
		}
		if open[v] == 0 {
			ready = append(ready, v)
		}
	}
	for len(ready) > 0 {
		v := ready[len(ready)-1]
		ready = ready[:len(ready)-1]
		delete(left, v)
		for _, d := range w.from[v] {
			if !left[d] {
				continue
			}
			if open[d]--; open[d] == 0 {
				ready = append(ready, d)
			}
		}
	}
}

// find walks from need to need among the vertices left, each of which has one
// there, until it comes back. The cycle begins with its first vertex.
func (w *waiting) find(left map[int]bool) []int {
	at := -1
	for v := range left {
		if at < 0 || v < at {
			at = v
		}
	}
	var way []int
	seen := map[int]int{}
	for {
		if start, ok := seen[at]; ok {
			way = way[start:]
			break
		}
		seen[at] = len(way)
		way = append(way, at)
		at = w.to[at][slices.IndexFunc(w.to[at], func(v int) bool { return left[v] })]
	}
	first := slices.Index(way, slices.Min(way))
	return append(slices.Clone(way[first:]), way[:first]...)
}

// maxStory is how many steps of a cycle are named.
const maxStory = 12

// story tells who waits for whom and why: "a needs b, b refers to a".
func (w *waiting) story(cycle []int) string {
	var parts []string
	for k, v := range cycle {
		if k == maxStory {
			parts = append(parts, fmt.Sprintf("and so on over %d steps", len(cycle)))
			break
		}
		next := cycle[(k+1)%len(cycle)]
		n, other := w.node(v), w.node(next)
		why := "refers to"
		switch {
		case next >= w.nodes:
			why = "waits for the handler"
		case slices.Contains(n.Step.Needs, other.Step.Name):
			why = "needs"
		case slices.Contains(n.Handles, other.Index):
			why = "handles the failure of"
		}
		parts = append(parts, n.Step.Name+" "+why+" "+other.Step.Name)
	}
	return strings.Join(parts, ", ")
}
