package graph_test

import (
	"fmt"
	"os"

	"github.com/berth-project/berth/internal/graph"
)

func Example() {
	layout, err := graph.Arrange(graph.Graph{
		Nodes: []graph.Node{{ID: "probe"}, {ID: "small"}, {ID: "large"}, {ID: "package"}},
		Edges: []graph.Edge{
			{From: "probe", To: "small"},
			{From: "probe", To: "large"},
			{From: "small", To: "package"},
			{From: "large", To: "package"},
		},
	}, graph.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	err = graph.Text(os.Stdout, layout, graph.Terminal{Look: func(n graph.Node) graph.Look {
		if n.ID == "probe" {
			return graph.Look{Kind: graph.Done, Word: "succeeded"}
		}
		return graph.Look{Word: "not started"}
	}})
	if err != nil {
		fmt.Println(err)
	}
	// Output:
	// ✓ probe ─┬─ ○ small ─┬─ ○ package
	//          ╰─ ○ large ─╯
	//
	// ✓ succeeded   ○ not started
}
