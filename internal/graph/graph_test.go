package graph_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/berth-project/berth/internal/graph"
)

// parse reads a graph: a line is a node and what it leads to.
func parse(text string) graph.Graph {
	var g graph.Graph
	for line := range strings.Lines(text) {
		names := strings.Fields(line)
		if len(names) == 0 || names[0] == "#" {
			continue
		}
		g.Nodes = append(g.Nodes, graph.Node{ID: names[0]})
		for _, to := range names[1:] {
			g.Edges = append(g.Edges, graph.Edge{From: names[0], To: to})
		}
	}
	return g
}

func readGraph(t *testing.T, name string) graph.Graph {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name + ".txt")
	if err != nil {
		t.Fatal(err)
	}
	return parse(string(text))
}

func arrange(t testing.TB, g graph.Graph, o graph.Options) *graph.Layout {
	t.Helper()
	l, err := graph.Arrange(g, o)
	if err != nil {
		t.Fatalf("Arrange: %v", err)
	}
	return l
}

// random is a graph whose edges reach at most span nodes on.
func random(seed uint64, nodes, edges, span int) graph.Graph {
	r := rand.New(rand.NewPCG(seed, 1))
	var g graph.Graph
	for i := range nodes {
		g.Nodes = append(g.Nodes, graph.Node{ID: fmt.Sprintf("n%d", i)})
	}
	for range edges {
		from := r.IntN(nodes - 1)
		to := min(nodes-1, from+1+r.IntN(span))
		g.Edges = append(g.Edges, graph.Edge{From: g.Nodes[from].ID, To: g.Nodes[to].ID})
	}
	return g
}

func TestRefusesWhatIsNoGraph(t *testing.T) {
	t.Parallel()
	large := random(1, graph.MaxNodes+1, 1, 1)
	for _, c := range []struct {
		name, want string
		g          graph.Graph
	}{
		{"a node without an id", "node 1 of the graph has no id", graph.Graph{Nodes: []graph.Node{{ID: "a"}, {}}}},
		{"an id twice", `two nodes of the graph have the id "a"`, parse("a\na")},
		{"an edge to nowhere", `an edge leads from "a" to "b", and there is no such node`, parse("a b")},
		{"a node after itself", "the graph has a cycle: a → a", parse("a a")},
		{"a cycle", "the graph has a cycle: b → c → d → b", parse("a b\nb c\nc d\nd b e\ne")},
		{"a long cycle", "…", parse(ring(20))},
		{"too many nodes", "10001 nodes", large},
	} {
		_, err := graph.Arrange(c.g, graph.Options{})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: Arrange = %v, want %q", c.name, err, c.want)
		}
		if c.name == "too many nodes" {
			continue
		}
		if _, err := graph.Fold(c.g, 2, nil); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: Fold = %v, want %q", c.name, err, c.want)
		}
	}
}

func ring(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "n%d n%d\n", i, (i+1)%n)
	}
	return b.String()
}

func TestAnEmptyGraphIsDrawn(t *testing.T) {
	t.Parallel()
	l := arrange(t, graph.Graph{}, graph.Options{})
	var b bytes.Buffer
	if err := graph.SVG(&b, l, graph.Style{}); err != nil || !strings.Contains(b.String(), "0 nodes") {
		t.Errorf("SVG = %q, %v", b.String(), err)
	}
	b.Reset()
	if err := graph.Text(&b, l, graph.Terminal{}); err != nil || b.String() != "" {
		t.Errorf("Text = %q, %v", b.String(), err)
	}
	if folded, err := graph.Fold(graph.Graph{}, 2, nil); err != nil || len(folded.Nodes) != 0 {
		t.Errorf("Fold = %v, %v", folded, err)
	}
}
