package graph_test

import (
	"fmt"
	"testing"

	"github.com/berth-project/berth/internal/graph"
)

// FuzzArrange draws graphs that bytes describe: each pair is an edge forward.
func FuzzArrange(f *testing.F) {
	f.Add([]byte{0, 1, 1, 2, 0, 2}, false)
	f.Add([]byte{0, 3, 1, 2, 4, 4, 0, 9, 9, 0}, true)
	f.Add([]byte{10, 200, 3, 7, 7, 8, 100, 8, 8, 255}, true)
	f.Fuzz(func(t *testing.T, pairs []byte, right bool) {
		pairs = pairs[:min(len(pairs), 400)]
		var g graph.Graph
		seen := map[byte]bool{}
		node := func(v byte) string {
			id := fmt.Sprintf("n%d", v)
			if !seen[v] {
				seen[v] = true
				g.Nodes = append(g.Nodes, graph.Node{ID: id})
			}
			return id
		}
		for i := 0; i+1 < len(pairs); i += 2 {
			from, to := min(pairs[i], pairs[i+1]), max(pairs[i], pairs[i+1])
			if e := (graph.Edge{From: node(from), To: node(to)}); from != to {
				g.Edges = append(g.Edges, e)
			}
		}
		o := graph.Options{}
		if right {
			o.Direction = graph.Right
		}
		l := arrange(t, g, o)
		checkLayout(t, "fuzz", g, l)
		wellFormed(t, "fuzz", draw(t, l, graph.Style{}))
		write(t, l, graph.Terminal{Width: 1 + len(pairs)})
		folded, err := graph.Fold(g, 2, nil)
		if err != nil {
			t.Fatal(err)
		}
		arrange(t, folded, o)
	})
}
