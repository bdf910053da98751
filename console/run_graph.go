package console

import (
	"fmt"
	"html/template"
	"io"
	"slices"

	"github.com/berth-project/berth/internal/graph"
	"github.com/berth-project/berth/work/engine"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

const (
	// foldAbove is how many steps are drawn one by one.
	foldAbove = 120
	// drawAtMost is how many are drawn at all: a browser with more is slow, and
	// a reader lost.
	drawAtMost = 1200
	// keptFew is how many steps of one state stay out of a fold.
	keptFew = 5
	// finallyEdges bounds the edges from the last steps to those under finally.
	finallyEdges = 60
	// pageWidth is how wide a drawing can be without being moved sideways.
	pageWidth = 1040
)

// drawing is the graph of a workflow or a run.
type drawing struct {
	SVG template.HTML
	// Folded says that steps that are alike stand together, Total how many there
	// are, Shown how many nodes are drawn.
	Folded       bool
	Total, Shown int
	// Failures says that only what leads to a failure is shown.
	Failures bool
	// Problem says why there is no drawing.
	Problem string
	// All, Less and Path are the addresses of the other drawings.
	All, Less, Path string
}

// drawRun draws a run as it is.
func (c *Console) drawRun(run *engine.Run, show string, group bool) *drawing {
	id := run.ID.String()
	steps := map[string]*machine.StepView{}
	for i := range run.View.Steps {
		steps[run.View.Steps[i].Name] = &run.View.Steps[i]
	}
	g := graphOf(run.View.Steps)
	d := &drawing{
		Total: len(g.Nodes), Failures: show == "failed",
		All: c.href("/runs/{id}", "/id", id, "group", "off"), Less: c.href("/runs/{id}", "/id", id), Path: c.href("/runs/{id}", "/id", id, "show", "failed"),
	}
	if d.Failures {
		g = leadingTo(g, func(name string) bool { return steps[name].Status == machine.StepFailed })
	}
	now := c.src.Now()
	look := func(name string) graph.Look {
		s := steps[name]
		return graph.Look{Kind: stepKind(s.Status), Word: stepWord(&s.Standing), Detail: stepDetail(s, now), Progress: progressOf(s)}
	}
	d.draw(g, group, keepers(run.View.Steps), graph.Style{
		Title: run.Workflow,
		Look: func(n graph.Node) graph.Look {
			if len(n.Members) > 0 {
				var all []graph.Look
				for _, name := range n.Members {
					all = append(all, look(name))
				}
				l := graph.Blend(all)
				l.Detail = fmt.Sprintf("%d of %d", l.Shares[graph.Done], len(all))
				l.Href = c.href("/runs/{id}", "/id", id, "view", "steps")
				return l
			}
			l := look(n.ID)
			l.Href = c.href("/runs/{id}/steps/{step}", "/id", id, "/step", n.ID)
			return l
		},
	})
	return d
}

// drawPlan draws a workflow without a run.
func drawPlan(p *workflow.Plan) *drawing {
	var steps []machine.StepView
	for i := range p.Len() {
		n := p.Node(i)
		v := machine.StepView{Name: n.Step.Name, Type: n.Step.Run, Handler: n.Handler, Finally: n.Finally}
		for _, k := range n.Needs {
			v.Needs = append(v.Needs, p.Node(k).Step.Name)
		}
		steps = append(steps, v)
	}
	types := map[string]string{}
	for i := range steps {
		types[steps[i].Name] = steps[i].Type
	}
	d := &drawing{Total: len(steps)}
	d.draw(graphOf(steps), true, nil, graph.Style{Title: p.Document().Name, Look: func(n graph.Node) graph.Look {
		return graph.Look{Detail: types[n.ID]}
	}})
	return d
}

func progressOf(s *machine.StepView) float64 {
	if s.Status == machine.StepRunning {
		return s.Percent / 100
	}
	return 0
}

// keepers are the steps that a fold must not hide: a few of those that failed, are
// tried again or run.
func keepers(steps []machine.StepView) func(string) bool {
	kept := map[string]bool{}
	count := map[machine.StepStatus]int{}
	for i := range steps {
		s := &steps[i]
		switch s.Status {
		case machine.StepFailed, machine.StepBackoff, machine.StepRunning, machine.StepSleeping:
			if count[s.Status]++; count[s.Status] <= keptFew {
				kept[s.Name] = true
			}
		}
	}
	return func(name string) bool { return kept[name] }
}

// draw lays a graph out and draws it, folded where it is large.
func (d *drawing) draw(g graph.Graph, group bool, keep func(string) bool, style graph.Style) {
	if group && len(g.Nodes) > foldAbove {
		folded, err := graph.Fold(g, 3, keep)
		if err != nil {
			d.Problem = sentence(err)
			return
		}
		d.Folded = len(folded.Nodes) < len(g.Nodes)
		g = folded
	}
	d.Shown = len(g.Nodes)
	if d.Shown > drawAtMost {
		d.Problem = fmt.Sprintf("%d steps are too many to be drawn; the table of steps has them all.", d.Shown)
		return
	}
	l, err := layoutFor(g)
	if err != nil {
		d.Problem = sentence(err)
		return
	}
	d.SVG = picture(func(w io.Writer) error { return graph.SVG(w, l, style) })
}

// layoutFor chooses the direction in which a drawing fits the page.
func layoutFor(g graph.Graph) (*graph.Layout, error) {
	down, err := graph.Arrange(g, graph.Options{Width: pageWidth})
	if err != nil || down.Width <= pageWidth {
		return down, err
	}
	right, err := graph.Arrange(g, graph.Options{Width: pageWidth, Direction: graph.Right})
	if err != nil || right.Width < down.Width {
		return right, err
	}
	return down, nil
}

// graphOf is the graph of steps. Those under finally come after everything.
func graphOf(steps []machine.StepView) graph.Graph {
	var g graph.Graph
	known := map[string]bool{}
	for i := range steps {
		known[steps[i].Name] = true
	}
	needed := map[string]bool{}
	var first []string
	for i := range steps {
		s := &steps[i]
		g.Nodes = append(g.Nodes, graph.Node{ID: s.Name, Group: s.Type + " " + s.Parent})
		for _, need := range s.Needs {
			if known[need] {
				needed[need] = true
				g.Edges = append(g.Edges, graph.Edge{From: need, To: s.Name})
			}
		}
		if s.Finally && len(s.Needs) == 0 {
			first = append(first, s.Name)
		}
	}
	var last []string
	for i := range steps {
		if !steps[i].Finally && !needed[steps[i].Name] {
			last = append(last, steps[i].Name)
		}
	}
	if len(first)*len(last) <= finallyEdges {
		for _, from := range last {
			for _, to := range first {
				g.Edges = append(g.Edges, graph.Edge{From: from, To: to})
			}
		}
	}
	return g
}

// leadingTo keeps the nodes that wanted is true for and all that come before them.
func leadingTo(g graph.Graph, wanted func(string) bool) graph.Graph {
	before := map[string][]string{}
	for _, e := range g.Edges {
		before[e.To] = append(before[e.To], e.From)
	}
	kept := map[string]bool{}
	var stack []string
	for _, n := range g.Nodes {
		if wanted(n.ID) {
			stack = append(stack, n.ID)
		}
	}
	for len(stack) > 0 {
		name := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if !kept[name] {
			kept[name] = true
			stack = append(stack, before[name]...)
		}
	}
	return graph.Graph{
		Nodes: slices.DeleteFunc(g.Nodes, func(n graph.Node) bool { return !kept[n.ID] }),
		Edges: slices.DeleteFunc(g.Edges, func(e graph.Edge) bool { return !kept[e.From] || !kept[e.To] }),
	}
}
