package graph_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/berth-project/berth/internal/graph"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// directions are both, by name.
var directions = map[string]graph.Direction{"down": graph.Down, "right": graph.Right}

func TestCrossingsAreFew(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		g    graph.Graph
		most int
	}{
		{"media", readGraph(t, "media"), 0},
		{"agenda-65", readGraph(t, "agenda-65"), 0},
		{"world", readGraph(t, "world"), 26},
		{"two in each other's way", parse("a d\nb c\nc\nd"), 0},
		{"a tree", tree(4, 3), 0},
		{"K3,3, which in two layers has nine", complete(3, 3), 9},
		{"a grid", grid(6), 0},
		{"a butterfly of four", parse("a e g\nb f h\nc e g\nd f h\ne\nf\ng\nh"), 2},
	} {
		l := arrange(t, c.g, graph.Options{})
		if l.Crossings > c.most {
			t.Errorf("%s: %d crossings, want at most %d", c.name, l.Crossings, c.most)
		}
		checkLayout(t, c.name, c.g, l)
	}
}

// tree has depth layers below the root, each node fan children.
func tree(depth, fan int) graph.Graph {
	g := graph.Graph{Nodes: []graph.Node{{ID: "r"}}}
	layer := []string{"r"}
	for range depth {
		var next []string
		// Backwards, so that the declared order is the wrong one.
		for _, parent := range slices.Backward(layer) {
			for i := range fan {
				id := fmt.Sprintf("%s.%d", parent, i)
				g.Nodes = append(g.Nodes, graph.Node{ID: id})
				g.Edges = append(g.Edges, graph.Edge{From: parent, To: id})
				next = append(next, id)
			}
		}
		layer = next
	}
	return g
}

func complete(n, m int) graph.Graph {
	var g graph.Graph
	for i := range n + m {
		g.Nodes = append(g.Nodes, graph.Node{ID: fmt.Sprint(i)})
	}
	for i := range n {
		for j := range m {
			g.Edges = append(g.Edges, graph.Edge{From: fmt.Sprint(i), To: fmt.Sprint(n + j)})
		}
	}
	return g
}

// grid is planar when drawn from a corner.
func grid(n int) graph.Graph {
	var g graph.Graph
	for i := range n {
		for j := range n {
			at := fmt.Sprintf("%d-%d", i, j)
			g.Nodes = append(g.Nodes, graph.Node{ID: at})
			if i+1 < n {
				g.Edges = append(g.Edges, graph.Edge{From: at, To: fmt.Sprintf("%d-%d", i+1, j)})
			}
			if j+1 < n {
				g.Edges = append(g.Edges, graph.Edge{From: at, To: fmt.Sprintf("%d-%d", i, j+1)})
			}
		}
	}
	return g
}

func TestLayoutsKeepTheirPromises(t *testing.T) {
	t.Parallel()
	for seed := range uint64(60) {
		nodes := 2 + int(seed)*3
		g := random(seed, nodes, nodes+int(seed%5)*nodes/3, 2+int(seed%9)*3)
		for name, d := range directions {
			checkLayout(t, fmt.Sprintf("seed %d, %s", seed, name), g, arrange(t, g, graph.Options{Direction: d}))
		}
	}
}

func TestTheSameGraphIsDrawnTheSame(t *testing.T) {
	t.Parallel()
	for seed := range uint64(5) {
		g := random(seed, 120, 200, 30)
		first := arrange(t, g, graph.Options{})
		for range 3 {
			again := arrange(t, g, graph.Options{})
			if diff := cmp.Diff(first, again, cmpopts.IgnoreUnexported(graph.Layout{})); diff != "" {
				t.Fatalf("seed %d: layouts differ (-first +again):\n%s", seed, diff)
			}
		}
	}
}

func TestTheLargestGraphsAreDrawn(t *testing.T) {
	t.Parallel()
	for name, g := range map[string]graph.Graph{
		"most nodes and edges":  random(1, graph.MaxNodes, graph.MaxEdges, 500),
		"a chain":               random(2, graph.MaxNodes, graph.MaxEdges, 1),
		"edges over all layers": beside(4000, 1000),
		"one to all":            complete(1, graph.MaxNodes-1),
		"many to many":          complete(200, 250),
		"nothing connected":     random(4, graph.MaxNodes, 0, 1),
	} {
		l := arrange(t, g, graph.Options{})
		if len(l.Nodes) != len(g.Nodes) {
			t.Errorf("%s: %d nodes are drawn, want %d", name, len(l.Nodes), len(g.Nodes))
		}
		checkNodes(t, name, l)
	}
}

// beside is a long chain, and nodes of which each leads from its begin to its end.
func beside(chain, nodes int) graph.Graph {
	g := random(3, chain, 0, 1)
	for i := 1; i < chain; i++ {
		g.Edges = append(g.Edges, graph.Edge{From: g.Nodes[i-1].ID, To: g.Nodes[i].ID})
	}
	first, last := g.Nodes[0].ID, g.Nodes[chain-1].ID
	for i := range nodes {
		id := fmt.Sprintf("beside%d", i)
		g.Nodes = append(g.Nodes, graph.Node{ID: id})
		g.Edges = append(g.Edges, graph.Edge{From: first, To: id}, graph.Edge{From: id, To: last})
	}
	return g
}

// checkLayout looks for what must not be in a drawing.
func checkLayout(t testing.TB, name string, g graph.Graph, l *graph.Layout) {
	t.Helper()
	checkNodes(t, name, l)
	checkEdges(t, name, g, l)
	checkRoutes(t, name, l)
}

// checkNodes: within the drawing, and nowhere two at once.
func checkNodes(t testing.TB, name string, l *graph.Layout) {
	t.Helper()
	byPlace := slices.SortedFunc(slices.Values(l.Nodes), func(a, b graph.Placed) int { return int(a.X - b.X) })
	for i, a := range byPlace {
		if a.X < 0 || a.Y < 0 || a.X+a.W > l.Width+0.1 || a.Y+a.H > l.Height+0.1 {
			t.Errorf("%s: node %s is outside of the drawing", name, a.ID)
		}
		for _, b := range byPlace[i+1:] {
			if b.X > a.X+a.W+1 {
				break
			}
			if a.Y < b.Y+b.H && b.Y < a.Y+a.H && b.X < a.X+a.W {
				t.Fatalf("%s: nodes %s and %s overlap", name, a.ID, b.ID)
			}
		}
	}
}

// checkEdges: each is drawn, or implied by a path that is; all point forward.
func checkEdges(t testing.TB, name string, g graph.Graph, l *graph.Layout) {
	t.Helper()
	at := map[string]graph.Placed{}
	for _, n := range l.Nodes {
		at[n.ID] = n
	}
	down := map[string][]string{}
	shown := map[graph.Edge]int{}
	for _, e := range l.Edges {
		down[e.From] = append(down[e.From], e.To)
		shown[e.Edge]++
		from, to := at[e.From], at[e.To]
		if l.Direction == graph.Down && from.Y+from.H > to.Y || l.Direction == graph.Right && from.X+from.W > to.X || from.Layer >= to.Layer {
			t.Errorf("%s: edge %s → %s does not point forward", name, e.From, e.To)
		}
	}
	for _, e := range l.Implied {
		shown[e]++
		if !reaches(down, e.From, e.To) {
			t.Errorf("%s: edge %s → %s is left out, and no path implies it", name, e.From, e.To)
		}
	}
	want := map[graph.Edge]int{}
	for _, e := range g.Edges {
		want[e] = 1
	}
	if diff := cmp.Diff(want, shown); diff != "" {
		t.Errorf("%s: edges differ (-want +got):\n%s", name, diff)
	}
}

func reaches(down map[string][]string, from, to string) bool {
	seen := map[string]bool{}
	stack := []string{from}
	for len(stack) > 0 {
		v := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		for _, w := range down[v] {
			if w == to {
				return true
			}
			if !seen[w] {
				seen[w] = true
				stack = append(stack, w)
			}
		}
	}
	return false
}

// checkRoutes: edges begin and end at their nodes and go past all others.
func checkRoutes(t testing.TB, name string, l *graph.Layout) {
	t.Helper()
	at := map[string]graph.Placed{}
	for _, n := range l.Nodes {
		at[n.ID] = n
	}
	for _, e := range l.Edges {
		if len(e.Points)%2 != 0 || len(e.Points) < 4 {
			t.Fatalf("%s: edge %s → %s has %d points", name, e.From, e.To, len(e.Points))
		}
		first, last := e.Points[0], e.Points[len(e.Points)-1]
		if !touches(at[e.From], first) || !touches(at[e.To], last) {
			t.Errorf("%s: edge %s → %s goes from %v to %v, not from node to node", name, e.From, e.To, first, last)
		}
		for i := 2; i+2 < len(e.Points); i += 2 {
			for _, n := range l.Nodes {
				if e.Points[i].X > n.X && e.Points[i].X < n.X+n.W && e.Points[i].Y < n.Y+n.H && e.Points[i+1].Y > n.Y && l.Direction == graph.Down {
					t.Errorf("%s: edge %s → %s goes through node %s", name, e.From, e.To, n.ID)
				}
			}
		}
	}
}

func touches(n graph.Placed, p graph.Point) bool {
	const near = 0.2
	return p.X > n.X-near && p.X < n.X+n.W+near && p.Y > n.Y-near && p.Y < n.Y+n.H+near
}

func TestWhatLeadsToOnePlaceStandsBesideIt(t *testing.T) {
	t.Parallel()
	l := arrange(t, parse("a b\nb c\nc d\nx y\ny d\nd"), graph.Options{})
	layers := map[string]int{}
	for _, n := range l.Nodes {
		layers[n.ID] = n.Layer
	}
	want := map[string]int{"a": 0, "b": 1, "c": 2, "d": 3, "x": 1, "y": 2}
	if diff := cmp.Diff(want, layers); diff != "" {
		t.Errorf("layers differ (-want +got):\n%s", diff)
	}
}

func TestLongEdgesAreStraight(t *testing.T) {
	t.Parallel()
	// Beside a chain of eight, an edge from its first node to its last but one's
	// neighbour has nothing in its way.
	l := arrange(t, parse("a b z\nb c\nc d\nd e\ne f\nf g\ng y\nz\ny z"), graph.Options{})
	for _, e := range l.Edges {
		bends := 0
		for i := 2; i < len(e.Points); i += 2 {
			if e.Points[i-1].X != e.Points[i].X {
				bends++
			}
		}
		if bends > 2 {
			t.Errorf("edge %s → %s has %d bends, want at most 2", e.From, e.To, bends)
		}
	}
}

func TestPartsFillTheWidth(t *testing.T) {
	t.Parallel()
	l := arrange(t, readGraph(t, "agenda-65"), graph.Options{Width: 800})
	if l.Width > 800 || l.Width < 600 {
		t.Errorf("the drawing is %v wide, want about 800", l.Width)
	}
	wide := arrange(t, readGraph(t, "agenda-65"), graph.Options{Width: 1600})
	if wide.Height >= l.Height {
		t.Errorf("in 1600 pixels it is %v high, in 800 %v: the width is not used", wide.Height, l.Height)
	}
}
