package graph

import (
	"math"
	"slices"
)

// placement is where a part of the drawing goes.
type placement struct {
	s *sketch
	// start is where each layer begins, along the edges.
	start []float64
	// low is the least coordinate across the layers.
	low float64
	// width and height are its size, x and y its upper left corner.
	width, height, x, y float64
}

// pack puts the parts beside each other, in shelves as wide as the widest part or
// the width that is asked for. Parts of more layers come first, so that the parts
// of a shelf are of a height; otherwise their order is that of the graph.
func (l *Layout) pack(o Options) {
	parts := make([]*placement, len(l.parts))
	wide := o.Width - 2*margin
	for i, s := range l.parts {
		parts[i] = newPlacement(s, o)
		wide = max(wide, parts[i].width)
	}
	slices.SortStableFunc(parts, func(a, b *placement) int { return len(b.s.layers) - len(a.s.layers) })
	x, y, shelf := 0.0, 0.0, 0.0
	for _, p := range parts {
		if x > 0 && x+p.width > wide {
			x, y, shelf = 0, y+shelf+nodeGap, 0
		}
		p.x, p.y = margin+x, margin+y
		x += p.width + nodeGap
		shelf = max(shelf, p.height)
		l.Width, l.Height = max(l.Width, p.x+p.width+margin), max(l.Height, p.y+p.height+margin)
	}
	slices.SortFunc(parts, func(a, b *placement) int { return a.s.nodes[0] - b.s.nodes[0] })
	for _, p := range parts {
		l.place(p, o)
	}
}

func newPlacement(s *sketch, o Options) *placement {
	p := &placement{s: s, start: make([]float64, len(s.layers))}
	low, high := s.extent(o.across())
	p.low = low
	at := 0.0
	for r := range s.layers {
		p.start[r] = at
		at += o.along() + s.channel(r)
	}
	along := p.start[len(p.start)-1] + o.along()
	p.width, p.height = high-low, along
	if o.Direction == Right {
		p.width, p.height = along, high-low
	}
	return p
}

// channel is the distance between a layer and the next: more where edges go far to
// the side, or their curves would be flat.
func (s *sketch) channel(r int) float64 {
	far := 0.0
	for _, v := range s.layers[r] {
		for _, w := range s.down[v] {
			far = max(far, math.Abs(s.coordinate[v]-s.coordinate[w]))
		}
	}
	return layerGap + min(2*layerGap, far/12)
}

// point is a place in the drawing: across the layers and along the edges.
func (p *placement) point(d Direction, across, along float64) Point {
	across -= p.low
	if d == Right {
		return Point{round(p.x + along), round(p.y + across)}
	}
	return Point{round(p.x + across), round(p.y + along)}
}

func round(x float64) float64 { return math.Round(x*10) / 10 }

// place moves a part to where it goes in the drawing.
func (l *Layout) place(p *placement, o Options) {
	for i, v := range p.s.nodes {
		n := &l.Nodes[v]
		at := p.point(o.Direction, p.s.coordinate[i]-o.across()/2, p.start[p.s.rank[i]])
		n.X, n.Y, n.Layer = at.X, at.Y, p.s.rank[i]
	}
	for _, chain := range p.s.chains {
		from, to := l.Nodes[p.s.nodes[chain[0]]].ID, l.Nodes[p.s.nodes[chain[len(chain)-1]]].ID
		l.Edges = append(l.Edges, Route{Edge: Edge{from, to}, Points: p.route(chain, o)})
	}
}

// route is the way of an edge: out of its node, straight through each layer where a
// dummy kept a place free, into its node.
func (p *placement) route(chain []int, o Options) []Point {
	var points []Point
	for i, v := range chain {
		x := p.s.coordinate[v]
		enter, leave := p.start[p.s.rank[v]], p.start[p.s.rank[v]]+o.along()
		switch i {
		case 0:
			enter = leave
		case len(chain) - 1:
			leave = enter
		}
		points = append(points, p.point(o.Direction, x, enter), p.point(o.Direction, x, leave))
	}
	return points
}
