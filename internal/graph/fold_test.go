package graph_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/berth-project/berth/internal/graph"
	"github.com/google/go-cmp/cmp"
)

// shape is a graph in one line: nodes, then edges.
func shape(g graph.Graph) string {
	var words []string
	for _, n := range g.Nodes {
		word := n.Label
		if word == "" {
			word = n.ID
		}
		if len(n.Members) > 0 {
			word += fmt.Sprint(n.Members)
		}
		words = append(words, word)
	}
	for _, e := range g.Edges {
		words = append(words, e.From+">"+e.To)
	}
	return strings.Join(words, ", ")
}

func TestFold(t *testing.T) {
	t.Parallel()
	fan := "plan f-1 f-2 f-3 f-4\nf-1 merge\nf-2 merge\nf-3 merge\nf-4 merge\nmerge"
	pairs := "plan f-1 f-2 f-3\nf-1 g-1\nf-2 g-2\nf-3 g-3\ng-1 end\ng-2 end\ng-3 end\nend"
	for _, c := range []struct{ name, text, kept, want string }{
		{"siblings", fan, "", "plan, f ×4[f-1 f-2 f-3 f-4], merge, plan>f-1, f-1>merge"},
		{"one that is looked for stays", fan, "f-3", "plan, f ×3[f-1 f-2 f-4], f-3, merge, plan>f-1, plan>f-3, f-1>merge, f-3>merge"},
		{"chains beside each other", pairs, "", "plan, f ×3[f-1 f-2 f-3], g ×3[g-1 g-2 g-3], end, plan>f-1, f-1>g-1, g-1>end"},
		{"two are not many", "a b c\nb\nc", "", "a, b, c, a>b, a>c"},
		{"others after them", "a b c d\nb e\nc e\nd f\ne\nf", "", "a, b, c, d, e, f, a>b, a>c, a>d, b>e, c>e, d>f"},
		{"nothing in common", "x\ny\nz", "", "x … ×3[x y z]"},
	} {
		got, err := graph.Fold(parse(c.text), 3, func(id string) bool { return id == c.kept })
		if err != nil || shape(got) != c.want {
			t.Errorf("%s: Fold = %s, %v, want %s", c.name, shape(got), err, c.want)
		}
	}
}

func TestFoldKeepsGroupsApart(t *testing.T) {
	t.Parallel()
	g := parse("a-1\na-2\na-3\nb-1")
	g.Nodes[3].Group = "other"
	got, err := graph.Fold(g, 3, nil)
	if want := "a ×3[a-1 a-2 a-3], b-1"; err != nil || shape(got) != want {
		t.Errorf("Fold = %s, %v, want %s", shape(got), err, want)
	}
}

func TestFoldedGraphsAreGraphs(t *testing.T) {
	t.Parallel()
	for seed := range uint64(50) {
		g := random(seed, 100, 110, 20)
		kept := func(id string) bool { return strings.HasSuffix(id, "7") }
		folded, err := graph.Fold(g, 2, kept)
		if err != nil {
			t.Fatal(err)
		}
		arrange(t, folded, graph.Options{})
		var all, want []string
		for _, n := range folded.Nodes {
			if len(n.Members) == 0 {
				all = append(all, n.ID)
			}
			all = append(all, n.Members...)
			if slices.ContainsFunc(n.Members, kept) {
				t.Errorf("seed %d: one that is kept is in %v", seed, n.Members)
			}
		}
		for _, n := range g.Nodes {
			want = append(want, n.ID)
		}
		slices.Sort(all)
		slices.Sort(want)
		if diff := cmp.Diff(want, all); diff != "" {
			t.Errorf("seed %d: nodes differ (-want +got):\n%s", seed, diff)
		}
	}
}

func TestBlend(t *testing.T) {
	t.Parallel()
	done, quiet := graph.Look{Kind: graph.Done, Word: "succeeded"}, graph.Look{Kind: graph.Quiet, Word: "not started"}
	failed, odd := graph.Look{Kind: graph.Failed, Word: "failed"}, graph.Look{Kind: 77}
	for _, c := range []struct {
		name     string
		of       []graph.Look
		kind     graph.Kind
		word     string
		progress float64
	}{
		{"none", nil, graph.Quiet, "", 0},
		{"all done", []graph.Look{done, done}, graph.Done, "succeeded", 1},
		{"half done", []graph.Look{done, quiet}, graph.Running, "in part succeeded", 0.5},
		{"one failed", []graph.Look{done, failed, quiet, done}, graph.Failed, "failed", 0.5},
		{"no kind there is", []graph.Look{odd}, graph.Quiet, "", 0},
	} {
		got := graph.Blend(c.of)
		total := 0
		for _, n := range got.Shares {
			total += n
		}
		if got.Kind != c.kind || got.Word != c.word || got.Progress != c.progress || total != len(c.of) {
			t.Errorf("%s: Blend = %+v, want %v, %q, %v", c.name, got, c.kind, c.word, c.progress)
		}
	}
}
