package graph_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/berth-project/berth/internal/graph"
	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := "testdata/" + name
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s differs (-want +got):\n%s", name, diff)
	}
}

// midway is a run of the media pipeline, one of every kind.
func midway(n graph.Node) graph.Look {
	looks := map[string]graph.Look{
		"probe":        {Kind: graph.Done, Word: "succeeded", Detail: "1.2s"},
		"t360":         {Kind: graph.Done, Word: "succeeded", Detail: "8.1s"},
		"t720":         {Kind: graph.Running, Word: "running", Detail: "12s", Progress: 0.4},
		"t1080":        {Kind: graph.Retrying, Word: "retries", Detail: "attempt 2 of 3"},
		"thumbs":       {Kind: graph.Failed, Word: "failed", Detail: "exit 1"},
		"fetch-rights": {Kind: graph.Waiting, Word: "waits", Detail: "for approval"},
	}
	look, ok := looks[n.ID]
	if !ok {
		look = graph.Look{Word: "not started"}
	}
	look.Href = "/runs/1/steps/" + n.ID
	look.Selected = n.ID == "thumbs"
	return look
}

func draw(t testing.TB, l *graph.Layout, s graph.Style) string {
	t.Helper()
	var b bytes.Buffer
	if err := graph.SVG(&b, l, s); err != nil {
		t.Fatalf("SVG: %v", err)
	}
	return b.String()
}

func TestDrawings(t *testing.T) {
	t.Parallel()
	for name, d := range directions {
		l := arrange(t, readGraph(t, "media"), graph.Options{Direction: d})
		got := draw(t, l, graph.Style{Look: midway, Title: "ingest", Alone: true})
		wellFormed(t, name, got)
		golden(t, "media-"+name+".svg", []byte(got))
	}
	l := arrange(t, readGraph(t, "agenda-65"), graph.Options{})
	golden(t, "agenda-65.svg", []byte(draw(t, l, graph.Style{Title: "agenda", Alone: true})))
}

func wellFormed(t testing.TB, name, svg string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(svg))
	for {
		_, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatalf("%s: the drawing is no XML: %v", name, err)
		}
	}
}

func TestALayoutStaysWhileStatesChange(t *testing.T) {
	t.Parallel()
	l := arrange(t, readGraph(t, "media"), graph.Options{})
	places := regexp.MustCompile(`id="step-[^"]*"|translate\([^)]*\)|<path class="edge( passed)?"( data-[a-z]+="[^"]*")* d="[^"]*"`)
	strip := func(s string) []string {
		found := places.FindAllString(s, -1)
		for i := range found {
			found[i] = strings.Replace(found[i], "edge passed", "edge", 1)
		}
		return found
	}
	before, after := draw(t, l, graph.Style{}), draw(t, l, graph.Style{Look: midway})
	if len(strip(before)) == 0 || before == after {
		t.Fatal("there is nothing to compare")
	}
	if diff := cmp.Diff(strip(before), strip(after)); diff != "" {
		t.Errorf("the drawing moved (-before +after):\n%s", diff)
	}
	var one bytes.Buffer
	if err := graph.SVGNode(&one, l, "t720", graph.Style{Look: midway}); err != nil {
		t.Fatal(err)
	}
	if one.Len() == 0 || !strings.Contains(after, one.String()) {
		t.Errorf("SVGNode = %s, want the node of the whole drawing", one.String())
	}
	one.Reset()
	if err := graph.SVGNode(&one, l, "no such node", graph.Style{}); err != nil || one.Len() != 0 {
		t.Errorf("SVGNode of no node = %q, %v, want nothing", one.String(), err)
	}
}

func TestDrawingsCanBeReadWithoutEyes(t *testing.T) {
	t.Parallel()
	l := arrange(t, readGraph(t, "media"), graph.Options{})
	plain := draw(t, l, graph.Style{Title: "ingest"})
	if !strings.Contains(plain, `role="img" aria-label="ingest: 10 nodes"`) {
		t.Errorf("a drawing without links is no image with a name: %.300s", plain)
	}
	linked := draw(t, l, graph.Style{Look: midway})
	// The children of an image are not reached; links must be.
	if !strings.Contains(linked, `role="group"`) || strings.Contains(linked, `role="img"`) {
		t.Errorf("a drawing with links is not a group: %.300s", linked)
	}
	for _, want := range []string{
		"<title>thumbs: failed, exit 1</title>", "<title>t720: running, 12s, 40 %</title>", `href="/runs/1/steps/probe"`,
		`id="step-fetch-rights"`, `class="node fail selected"`, `aria-current="true"`,
	} {
		if !strings.Contains(linked, want) {
			t.Errorf("the drawing has no %s", want)
		}
	}
}

func TestHostileTextIsOnlyText(t *testing.T) {
	t.Parallel()
	hostile := "\"><script>alert(1)</script>' \x00\x1b[31m\u202egnp.exe ]]> &amp;"
	g := graph.Graph{
		Nodes: []graph.Node{{ID: hostile, Label: hostile}, {ID: "b"}},
		Edges: []graph.Edge{{From: hostile, To: "b"}},
	}
	l := arrange(t, g, graph.Options{NodeWidth: 2000})
	look := func(graph.Node) graph.Look {
		return graph.Look{Word: hostile, Detail: hostile, Href: `/x?"><script>`}
	}
	svg := draw(t, l, graph.Style{Look: look, Title: hostile, ID: hostile})
	wellFormed(t, "hostile", svg)
	var term bytes.Buffer
	if err := graph.Text(&term, l, graph.Terminal{Look: look, Width: 500}); err != nil {
		t.Fatal(err)
	}
	for _, banned := range []string{"<script", "\x1b", "\x00", "\u202e"} {
		if strings.Contains(svg, banned) {
			t.Errorf("the drawing holds %q", banned)
		}
		if strings.Contains(term.String(), banned) && banned != "<script" {
			t.Errorf("the text holds %q", banned)
		}
	}
}

func TestNodeID(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for id, want := range map[string]string{
		"fetch-17": "step-fetch-17", "a.b": "step-a.b", "a b": "step-a_20_b", "a_20_b": "step-a_5f_20_5f_b", "ümlaut": "step-ümlaut", "": "step-", "\"": "step-_22_",
	} {
		got := graph.NodeID(id)
		if got != want {
			t.Errorf("NodeID(%q) = %q, want %q", id, got, want)
		}
		if other, taken := seen[got]; taken {
			t.Errorf("%q and %q have one id", id, other)
		}
		seen[got] = id
	}
}

func TestFoldedNodesShowTheirShares(t *testing.T) {
	t.Parallel()
	folded, err := graph.Fold(parse("f-1 m\nf-2 m\nf-3 m\nf-4 m\nm"), 3, nil)
	if err != nil {
		t.Fatal(err)
	}
	svg := draw(t, arrange(t, folded, graph.Options{}), graph.Style{Look: func(n graph.Node) graph.Look {
		if len(n.Members) == 0 {
			return graph.Look{}
		}
		return graph.Blend([]graph.Look{{Kind: graph.Done}, {Kind: graph.Done}, {Kind: graph.Failed, Word: "failed"}, {Kind: graph.Quiet}})
	}})
	for _, want := range []string{`class="node fail many"`, "f ×4", `class="share ok" x="6"`, `class="share fail"`, `class="share quiet"`} {
		if !strings.Contains(svg, want) {
			t.Errorf("the drawing has no %s:\n%s", want, svg)
		}
	}
}
