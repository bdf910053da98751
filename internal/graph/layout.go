package graph

import (
	"cmp"
	"fmt"
	"math"
	"unicode/utf8"
)

// Direction is where edges lead.
type Direction int

// The directions. The zero value leads down.
const (
	Down Direction = iota
	Right
)

// Options say how large a drawing is to be. The zero value is a drawing for a
// page.
type Options struct {
	// Direction is where edges lead.
	Direction Direction
	// NodeWidth and NodeHeight are the size of every node, in pixels. Default:
	// as wide as the longest label needs, between 144 and 216; 46 high.
	NodeWidth, NodeHeight float64
	// Width is what the drawing should fit into where it has a choice: parts that
	// are not connected are put beside each other up to here. Default: 1040
	// pixels.
	Width float64
}

const (
	minNodeWidth   = 154
	maxNodeWidth   = 216
	nodeHeight     = 46
	drawingWidth   = 1040
	labelRoom      = 46  // of a node's width, what its label cannot use
	labelCharacter = 7.8 // the width of a character, about
	nodeGap        = 18  // between two nodes of a layer
	edgeGap        = 12  // between a node or an edge and an edge
	layerGap       = 44  // between two layers, at least
	margin         = 8
)

// Layout is where everything is. It is a value: it can be kept and drawn any
// number of times, by many goroutines.
type Layout struct {
	// Width and Height are the size of the drawing in pixels.
	Width, Height float64
	// Direction is where edges lead.
	Direction Direction
	// Nodes are in the order of the graph.
	Nodes []Placed
	// Edges are the drawn edges.
	Edges []Route
	// Implied are the edges that are not drawn: a longer path says the same.
	Implied []Edge
	// Crossings is how often edges cross.
	Crossings int

	parts []*sketch // for the terminal, which has other distances
}

// Placed is a node with its place.
type Placed struct {
	Node
	// X and Y are its upper left corner, W and H its size.
	X, Y, W, H float64
	// Layer counts from 0, the sources of the node's part.
	Layer int
}

// Point is a place in the drawing.
type Point struct{ X, Y float64 }

// Route is an edge with its way: pairs of points are the ends of straight runs, and
// between two runs there is a curve that leaves and enters them without a bend.
type Route struct {
	Edge
	Points []Point
}

// Arrange lays out a graph. The error says what is wrong with it: too large, an id
// that is missing or repeated, an edge to nowhere, a cycle.
func Arrange(g Graph, o Options) (*Layout, error) {
	if len(g.Nodes) > MaxNodes || len(g.Edges) > MaxEdges {
		return nil, fmt.Errorf("a graph of %d nodes and %d edges is more than the %d and %d that are drawn: fold it first",
			len(g.Nodes), len(g.Edges), MaxNodes, MaxEdges)
	}
	x, err := index(g)
	if err != nil {
		return nil, err
	}
	o.complete(g)
	l := &Layout{Direction: o.Direction, Nodes: make([]Placed, len(g.Nodes))}
	for v, targets := range x.reduce() {
		for _, w := range targets {
			l.Implied = append(l.Implied, Edge{g.Nodes[v].ID, g.Nodes[w].ID})
		}
	}
	rank := x.ranks()
	dummies, work := dummyBudget, orderBudget
	for _, nodes := range x.components() {
		s := newSketch(x, nodes, rank, &dummies)
		s.order(&work)
		s.position(o.spacing(s))
		l.parts = append(l.parts, s)
		l.Crossings += s.crossings
	}
	for i, n := range g.Nodes {
		l.Nodes[i] = Placed{Node: n, W: o.NodeWidth, H: o.NodeHeight}
	}
	l.pack(o)
	return l, nil
}

func (o *Options) complete(g Graph) {
	if o.NodeWidth <= 0 {
		longest := 0
		for _, n := range g.Nodes {
			longest = max(longest, utf8.RuneCountInString(n.label()))
		}
		o.NodeWidth = math.Ceil(min(maxNodeWidth, max(minNodeWidth, float64(longest)*labelCharacter+labelRoom)))
	}
	o.NodeHeight = cmp.Or(max(0, o.NodeHeight), nodeHeight)
	o.Width = cmp.Or(max(0, o.Width), drawingWidth)
}

// across and along are the size of a node across the layers and along the edges.
func (o Options) across() float64 {
	if o.Direction == Right {
		return o.NodeHeight
	}
	return o.NodeWidth
}

func (o Options) along() float64 {
	if o.Direction == Right {
		return o.NodeWidth
	}
	return o.NodeHeight
}

func (o Options) spacing(s *sketch) spacing {
	return func(a, b int) float64 {
		switch da, db := s.dummy(a), s.dummy(b); {
		case da && db:
			return edgeGap
		case da || db:
			return o.across()/2 + edgeGap
		}
		return o.across() + nodeGap
	}
}

// extent is how far a part reaches across its layers, from the outermost edges of
// its nodes.
func (s *sketch) extent(across float64) (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	for v, at := range s.coordinate {
		half := across / 2
		if s.dummy(v) {
			half = edgeGap / 2
		}
		low, high = min(low, at-half), max(high, at+half)
	}
	return low, high
}
