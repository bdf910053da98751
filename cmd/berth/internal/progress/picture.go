package progress

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/berth-project/berth/internal/graph"
	"github.com/berth-project/berth/work/client"
)

// Picture draws a run as it is now. The zero value draws without colour, 80
// characters wide and as high as it gets.
type Picture struct {
	// Width and Height are what the terminal shows; 0 is 80, and no bound.
	Width, Height int
	Colour, ASCII bool

	layout *graph.Layout // of the steps of the last drawing
	shape  string        // what that layout was made for
}

// foldFrom is how many steps that are alike become one node.
const foldFrom = 6

// Draw gives the drawing of a run: a line about it, its steps, and why it
// failed. It ends in a line's end.
func (p *Picture) Draw(r *client.Run, now time.Time) string {
	var b bytes.Buffer
	p.headline(&b, r, now)
	if r.Detail == nil {
		return b.String()
	}
	room := p.Height - 3
	drawing := p.drawing(r, now)
	switch left := room - strings.Count(drawing, "\n"); {
	case p.Height == 0:
		b.WriteString(drawing)
		p.notes(&b, r, now, mostNotes)
	case left >= 0:
		b.WriteString(drawing)
		p.notes(&b, r, now, min(left, mostNotes))
	default:
		p.rows(&b, r, now, max(room, 1))
	}
	if f := r.Detail.Failure; f != nil {
		p.line(&b, graph.Failed, Why(f))
	}
	return b.String()
}

func (p *Picture) width() int { return cmp.Or(p.Width, 80) }

// mostNotes and leastBar bound what is said below a drawing, in lines, and how
// narrow the bar of a run's progress may be, in characters; mostBar is its width
// where there is room.
const (
	mostNotes = 6
	leastBar  = 5
	mostBar   = 20
)

// headline says where the run is. Where it is too long for the terminal the
// bar is shorter, then the tenant is left out, then the id.
func (p *Picture) headline(b *bytes.Buffer, r *client.Run, now time.Time) {
	const id, tenant = 1, 2
	words := []string{cmp.Or(oneLine(r.Workflow), "run"), r.ID, oneLine(r.Tenant), state(r)}
	if t := RunTook(r, now); t != "" {
		words = append(words, t)
	}
	percent := len(words)
	if r.Detail != nil && !r.Final() {
		words = append(words, fmt.Sprintf("%.0f %%", r.Detail.Percent))
	}
	if r.Detail != nil {
		words = append(words, settled(r))
	}
	room := func() int { return p.width() - 2 - utf8.RuneCountInString(strings.Join(words, "  ")) }
	if cells := min(room()-2, mostBar); cells >= leastBar && r.Detail != nil && !r.Final() {
		words = slices.Insert(words, percent, p.bar(r.Detail.Percent, cells))
	}
	for _, i := range []int{tenant, id} {
		if room() < 0 {
			words = slices.Delete(words, i, i+1)
		}
	}
	p.line(b, kindOf(r.State), strings.Join(words, "  "))
}

// note is a line about a step below the drawing.
type note struct {
	kind graph.Kind
	text string
}

// notes says what the steps at work tell of themselves, and what others wait
// for, in so many lines at most.
func (p *Picture) notes(b *bytes.Buffer, r *client.Run, now time.Time, most int) {
	var all []note
	of := func(name string, s *client.Standing) {
		if s.Status == "running" && s.Message != "" || s.Status == "backoff" || s.Status == "sleeping" {
			if text := Note(s, now); text != "" {
				all = append(all, note{kindOf(s.Status), oneLine(name) + "  " + text})
			}
		}
	}
	for i := range r.Detail.Steps {
		s := &r.Detail.Steps[i]
		if len(s.Items) == 0 {
			of(s.Name, &s.Standing)
		}
		for k := range s.Items {
			of(StepName(s.Name, s.Items[k].Item), &s.Items[k].Standing)
		}
	}
	if most < 1 || r.Final() {
		return
	}
	if more := len(all) - most; more > 0 {
		all = append(all[:most-1], note{graph.Quiet, fmt.Sprintf("and %d more", more+1)})
	}
	for _, n := range all {
		p.line(b, n.kind, n.text)
	}
}

func state(r *client.Run) string {
	if r.Paused && !r.Final() {
		return r.State + ", paused"
	}
	return r.State
}

// settled counts the steps that have come to their end, and in the end those
// that succeeded.
func settled(r *client.Run) string {
	done, succeeded := 0, 0
	for _, s := range r.Detail.Steps {
		if final(s.Status) {
			done++
		}
		if s.Status == "succeeded" {
			succeeded++
		}
	}
	if r.Final() && r.State != "succeeded" {
		return fmt.Sprintf("%d of %d steps succeeded", succeeded, len(r.Detail.Steps))
	}
	return fmt.Sprintf("%d of %d steps", done, len(r.Detail.Steps))
}

func final(status string) bool {
	return slices.Contains([]string{"succeeded", "failed", "skipped", "canceled"}, status)
}

func (p *Picture) bar(percent float64, cells int) string {
	full := min(max(int(percent/100*float64(cells)), 0), cells)
	on, off := "█", "░"
	if p.ASCII {
		on, off = "#", "-"
	}
	return strings.Repeat(on, full) + strings.Repeat(off, cells-full)
}

// line writes the sign of a kind and a text, cut where the terminal ends.
func (p *Picture) line(b *bytes.Buffer, k graph.Kind, text string) {
	sign, ascii := k.Sign()
	if p.ASCII {
		sign = ascii
	}
	b.WriteString(p.colour(k, sign) + " " + p.cut(oneLine(text), p.width()-2) + "\n")
}

// cut shortens a text to a number of characters.
func (p *Picture) cut(text string, n int) string {
	if utf8.RuneCountInString(text) <= n {
		return text
	}
	more := "…"
	if p.ASCII {
		more = "..."
	}
	n = max(n-utf8.RuneCountInString(more), 0)
	return string([]rune(text)[:n]) + more
}

// colours are those of the sixteen that every terminal has; what has no state
// keeps the terminal's own.
var colours = map[graph.Kind]string{
	graph.Running: "36", graph.Done: "32", graph.Retrying: "33", graph.Failed: "31", graph.Quiet: "2",
}

func (p *Picture) colour(k graph.Kind, text string) string {
	if c := colours[k]; p.Colour && c != "" {
		return "\x1b[" + c + "m" + text + "\x1b[0m"
	}
	return text
}

// drawing is the graph of the steps; "" when it cannot be drawn.
func (p *Picture) drawing(r *client.Run, now time.Time) string {
	looks := make(map[string]graph.Look, len(r.Detail.Steps))
	for i := range r.Detail.Steps {
		s := &r.Detail.Steps[i]
		looks[s.Name] = lookOf(s, now)
	}
	if err := p.arrange(r.Detail.Steps); err != nil {
		return ""
	}
	var b strings.Builder
	err := graph.Text(&b, p.layout, graph.Terminal{Width: p.width(), Colour: p.Colour, ASCII: p.ASCII, Look: func(n graph.Node) graph.Look {
		if len(n.Members) == 0 {
			return looks[n.ID]
		}
		members := make([]graph.Look, len(n.Members))
		for i, m := range n.Members {
			members[i] = looks[m]
		}
		return graph.Blend(members)
	}})
	if err != nil {
		return ""
	}
	return b.String()
}

// arrange lays the steps out, once for the same steps.
func (p *Picture) arrange(steps []client.Step) error {
	g := graphOf(steps)
	shape := fmt.Sprint(g)
	if p.layout != nil && p.shape == shape {
		return nil
	}
	folded, err := graph.Fold(g, foldFrom, func(string) bool { return false })
	if err != nil {
		return err
	}
	l, err := graph.Arrange(folded, graph.Options{Direction: graph.Right})
	if err != nil {
		return err
	}
	p.layout, p.shape = l, shape
	return nil
}

// graphOf is what needs what. Steps under finally come after all others.
func graphOf(steps []client.Step) graph.Graph {
	var g graph.Graph
	known, needed := map[string]bool{}, map[string]bool{}
	for _, s := range steps {
		known[s.Name] = true
		g.Nodes = append(g.Nodes, graph.Node{ID: s.Name, Label: oneLine(s.Name), Group: s.Type})
	}
	for _, s := range steps {
		needs := s.Needs
		if s.Parent != "" && !slices.Contains(needs, s.Parent) {
			needs = append(slices.Clone(needs), s.Parent)
		}
		for _, n := range needs {
			if known[n] && n != s.Name {
				g.Edges = append(g.Edges, graph.Edge{From: n, To: s.Name})
				needed[n] = true
			}
		}
	}
	g.Edges = append(g.Edges, ending(steps, needed)...)
	return g
}

// mostEndings bounds the edges to the steps under finally: more say nothing.
const mostEndings = 400

// ending leads from the last of the steps to the first of those under finally.
func ending(steps []client.Step, needed map[string]bool) []graph.Edge {
	var edges []graph.Edge
	for _, f := range steps {
		if !f.Finally || len(f.Needs) > 0 && slices.ContainsFunc(f.Needs, func(n string) bool { return isFinally(steps, n) }) {
			continue
		}
		for _, s := range steps {
			if !s.Finally && !needed[s.Name] {
				edges = append(edges, graph.Edge{From: s.Name, To: f.Name})
			}
		}
		if len(edges) > mostEndings {
			return nil
		}
	}
	return edges
}

func isFinally(steps []client.Step, name string) bool {
	return slices.ContainsFunc(steps, func(s client.Step) bool { return s.Name == name && s.Finally })
}

func lookOf(s *client.Step, now time.Time) graph.Look {
	l := graph.Look{Kind: kindOf(s.Status), Word: s.Status, Detail: took(s.Started, s.Finished, now)}
	if s.Status == "running" && s.Percent > 0 {
		l.Detail, l.Progress = fmt.Sprintf("%.0f %% %s", s.Percent, l.Detail), s.Percent/100
	}
	if s.Attempt > 1 {
		l.Detail = strings.TrimSpace(l.Detail + fmt.Sprintf(" attempt %d", s.Attempt))
	}
	if n := len(s.Items); n > 0 {
		done := 0
		for _, it := range s.Items {
			if it.Status == "succeeded" || it.Status == "skipped" {
				done++
			}
		}
		l.Detail = strings.TrimSpace(fmt.Sprintf("%d/%d %s", done, n, l.Detail))
	}
	return l
}

// urgency orders steps where there is no room for all.
var urgency = map[string]int{"failed": 0, "backoff": 1, "running": 2, "ready": 3, "sleeping": 3, "waiting": 5, "canceled": 6, "succeeded": 7, "skipped": 8}

// rows writes the steps that matter most, a line each, and counts the rest.
func (p *Picture) rows(b *bytes.Buffer, r *client.Run, now time.Time, room int) {
	steps := slices.Clone(r.Detail.Steps)
	slices.SortStableFunc(steps, func(x, y client.Step) int { return urgency[x.Status] - urgency[y.Status] })
	wide := 0
	for _, s := range steps {
		wide = max(wide, utf8.RuneCountInString(s.Name))
	}
	wide = min(wide, p.width()/3)
	rest := map[string]int{}
	for i, s := range steps {
		if i >= room-1 && len(steps) > room {
			rest[s.Status]++
			continue
		}
		name := p.cut(oneLine(s.Name), wide)
		text := fmt.Sprintf("%-9s  %s%s  %6s  %s", s.Status, name, strings.Repeat(" ", max(0, wide-utf8.RuneCountInString(name))),
			took(s.Started, s.Finished, now), Note(&s.Standing, now))
		p.line(b, kindOf(s.Status), text)
	}
	if len(rest) > 0 {
		p.line(b, graph.Quiet, "and "+counts(rest))
	}
}

// counts says how many there are of each status, the most urgent first.
func counts(of map[string]int) string {
	var parts []string
	for _, status := range slices.SortedFunc(maps.Keys(of), func(x, y string) int {
		return cmp.Or(urgency[x]-urgency[y], strings.Compare(x, y))
	}) {
		parts = append(parts, fmt.Sprintf("%d %s", of[status], status))
	}
	return strings.Join(parts, ", ")
}
