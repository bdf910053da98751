package graph

import (
	"bytes"
	"fmt"
	"html"
	"io"
	"strconv"
	"strings"
	"unicode"
)

// Style says how a layout is drawn.
type Style struct {
	// Look says how a node looks now. nil: no node has a state.
	Look func(Node) Look
	// Title names the drawing for those who do not see it.
	Title string
	// ID is what the ids of the drawing begin with, so that a page can hold two.
	// Default: "dag".
	ID string
	// Alone adds a stylesheet, for a drawing that is a file of its own. Within a
	// page the page's stylesheet decides.
	Alone bool
}

func (s Style) look(n Node) Look {
	if s.Look == nil {
		return Look{}
	}
	return s.Look(n)
}

func (s Style) id() string {
	if s.ID == "" {
		return "dag"
	}
	return s.ID
}

// SVG draws a layout. Each node is a group with the class of its kind and the id of
// [NodeID], a link where its look has an address, and has a title; the order of the
// nodes is that in which they are read. There is no script, no inline style, and no
// text that is not escaped.
func SVG(w io.Writer, l *Layout, s Style) error {
	var b bytes.Buffer
	role := "img"
	for _, n := range l.Nodes {
		if s.look(n.Node).Href != "" {
			role = "group" // what is within an image cannot be reached
			break
		}
	}
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" class="dag" id="%s" role="%s" aria-label="%s" viewBox="0 0 %s %s" width="%[4]s" height="%[5]s">`,
		attribute(s.id()), role, attribute(s.title(l)), decimal(l.Width), decimal(l.Height))
	b.WriteByte('\n')
	if s.Alone {
		fmt.Fprintf(&b, "<style>%s</style>\n", sheet)
	}
	done := map[string]bool{}
	for _, n := range l.Nodes {
		done[n.ID] = s.look(n.Node).Kind == Done
	}
	b.WriteString(`<g class="edges" aria-hidden="true">` + "\n")
	for _, e := range l.Edges {
		class := "edge"
		if done[e.From] {
			class = "edge passed"
		}
		fmt.Fprintf(&b, `<path class="%s" data-from="%s" data-to="%s" d="%s"/>`+"\n", class, attribute(e.From), attribute(e.To), e.path(l.Direction))
	}
	b.WriteString("</g>\n")
	for _, n := range l.Nodes {
		s.node(&b, n)
	}
	b.WriteString("</svg>\n")
	_, err := w.Write(b.Bytes())
	return err
}

func (s Style) title(l *Layout) string {
	title := s.Title
	if title == "" {
		title = "Graph"
	}
	return fmt.Sprintf("%s: %d nodes", title, len(l.Nodes))
}

// SVGNode draws one node as [SVG] does, to take the place of the one that is there.
// Nothing is written for an id that is not in the layout.
func SVGNode(w io.Writer, l *Layout, id string, s Style) error {
	var b bytes.Buffer
	for _, n := range l.Nodes {
		if n.ID == id {
			s.node(&b, n)
		}
	}
	_, err := w.Write(b.Bytes())
	return err
}

// NodeID is the id a node has in the document: "step-" and its own, with what an id
// or a selector cannot hold written as numbers.
func NodeID(id string) string {
	var b strings.Builder
	b.WriteString("step-")
	for _, r := range id {
		if r == '-' || r == '.' || unicode.IsLetter(r) || unicode.IsDigit(r) {
			b.WriteRune(r)
			continue
		}
		fmt.Fprintf(&b, "_%x_", r)
	}
	return b.String()
}

const (
	// nodeText is where the text of a node begins behind a sign, bareText where
	// there is none.
	nodeText = 32
	bareText = 14
	// detailCharacter is the width of a character of the smaller text, about.
	detailCharacter = 6
)

// node draws a node.
func (s Style) node(b *bytes.Buffer, n Placed) {
	look := s.look(n.Node)
	tag, href := "g", ""
	if look.Href != "" {
		tag, href = "a", fmt.Sprintf(` href="%s"`, attribute(look.Href))
	}
	class := "node " + look.Kind.String()
	if len(n.Members) > 0 {
		class += " many"
	}
	if look.Selected {
		class += " selected"
		if look.Href != "" {
			href += ` aria-current="true"`
		}
	}
	fmt.Fprintf(b, `<%s id="%s" class="%s" transform="translate(%s %s)"%s>`, tag, attribute(NodeID(n.ID)), class, decimal(n.X), decimal(n.Y), href)
	fmt.Fprintf(b, "<title>%s</title>", text(nodeTitle(n.Node, look)))
	if len(n.Members) > 0 {
		fmt.Fprintf(b, `<rect class="behind" x="4" y="4" width="%s" height="%s" rx="6"/>`, decimal(n.W), decimal(n.H))
	}
	fmt.Fprintf(b, `<rect class="box" width="%s" height="%s" rx="6"/>`, decimal(n.W), decimal(n.H))
	sign, _ := look.Kind.Sign()
	detail := strings.TrimSpace(look.Word + "  " + look.Detail)
	baseline := n.H/2 - 3
	if detail == "" {
		baseline = n.H/2 + 5
	}
	at := bareText
	if look.Word != "" {
		at = nodeText
		fmt.Fprintf(b, `<text class="sign" x="16" y="%s" text-anchor="middle" aria-hidden="true">%s</text>`, decimal(baseline), sign)
	}
	fmt.Fprintf(b, `<text class="label" x="%d" y="%s">%s</text>`, at, decimal(baseline), text(fit(n.label(), n.W-float64(at)-8, labelCharacter)))
	if detail != "" {
		fmt.Fprintf(b, `<text class="detail" x="%d" y="%s">%s</text>`, at, decimal(n.H/2+13), text(fit(detail, n.W-float64(at)-6, detailCharacter)))
	}
	bars(b, n, look)
	fmt.Fprintf(b, "</%s>\n", tag)
}

// bars draws how far a node is: along its lower edge.
func bars(b *bytes.Buffer, n Placed, look Look) {
	const height = 3
	wide, y := n.W-12, n.H-height-2
	total := 0
	for _, k := range look.Shares {
		total += k
	}
	if total == 0 {
		if look.Progress > 0 {
			fmt.Fprintf(b, `<rect class="track" x="6" y="%s" width="%s" height="%d"/><rect class="bar" x="6" y="%[1]s" width="%[4]s" height="%[3]d"/>`,
				decimal(y), decimal(wide), height, decimal(wide*min(1, look.Progress)))
		}
		return
	}
	x := 6.0
	for _, k := range [kinds]Kind{Done, Running, Retrying, Failed, Waiting, Quiet} {
		if part := wide * float64(look.Shares[k]) / float64(total); part > 0 {
			fmt.Fprintf(b, `<rect class="share %s" x="%s" y="%s" width="%s" height="%d"/>`, k, decimal(x), decimal(y), decimal(part), height)
			x += part
		}
	}
}

// nodeTitle is what a node says when it is asked.
func nodeTitle(n Node, look Look) string {
	words := n.label()
	if look.Word != "" {
		words += ": " + look.Word
	}
	if look.Detail != "" {
		words += ", " + look.Detail
	}
	if look.Progress > 0 && look.Progress < 1 {
		words += fmt.Sprintf(", %.0f %%", 100*look.Progress)
	}
	return words
}

// path is the way of an edge as SVG writes it, with its head.
func (r Route) path(d Direction) string {
	var b strings.Builder
	for i := 0; i+1 < len(r.Points); i += 2 {
		from, to := r.Points[i], r.Points[i+1]
		if i == 0 {
			fmt.Fprintf(&b, "M%s", from)
		} else {
			b.WriteString(curve(r.Points[i-1], from, d))
		}
		if from != to {
			fmt.Fprintf(&b, "L%s", to)
		}
	}
	tip := r.Points[len(r.Points)-1]
	if d == Right {
		fmt.Fprintf(&b, "m-6 -3.5L%sl-6 3.5", tip)
	} else {
		fmt.Fprintf(&b, "m-3.5 -6L%sl3.5 -6", tip)
	}
	return b.String()
}

// curve leaves and arrives along the edges.
func curve(from, to Point, d Direction) string {
	switch {
	case d == Right && from.Y == to.Y, d == Down && from.X == to.X:
		return fmt.Sprintf("L%s", to)
	case d == Right:
		mid := (from.X + to.X) / 2
		return fmt.Sprintf("C%s %s %s", Point{mid, from.Y}, Point{mid, to.Y}, to)
	}
	mid := (from.Y + to.Y) / 2
	return fmt.Sprintf("C%s %s %s", Point{from.X, mid}, Point{to.X, mid}, to)
}

// String is how SVG writes a point.
func (p Point) String() string { return decimal(p.X) + " " + decimal(p.Y) }

// decimal is short and exact to a tenth of a pixel.
func decimal(x float64) string { return strconv.FormatFloat(round(x), 'f', -1, 64) }

// fit cuts text to a width, knowing the width of a character only about.
func fit(s string, width, character float64) string {
	most := max(1, int(width/character))
	if cells(s) <= most {
		return s
	}
	return clip(s, most)
}

// text and attribute escape what strangers wrote, and replace what XML cannot hold.
func text(s string) string { return html.EscapeString(strings.Map(readable, s)) }

func attribute(s string) string { return text(s) }

// readable replaces control characters, and those that turn the direction of
// writing.
func readable(r rune) rune {
	switch {
	case r == '\t' || r == '\n' || r == '\r':
		return ' '
	case unicode.IsControl(r), r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r == 0x200e, r == 0x200f, r == 0xfffe, r == 0xffff:
		return unicode.ReplacementChar
	}
	return r
}
