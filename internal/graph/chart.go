package graph

import (
	"bytes"
	"math"
	"slices"
	"strings"
)

// chart is a part of a layout in characters. Layers are columns, and between two of
// them is a channel in which the edges of each vertex share one vertical line.
type chart struct {
	s *sketch
	t Terminal
	// row is the line of each vertex.
	row []int
	// name, detail and kind are what each node says.
	name, detail []string
	kind         []Kind
	// column is where each layer begins, wide how wide it is; channels are
	// what is behind each.
	column, wide []int
	channels     []channel
	width        int
}

func newChart(s *sketch, l *Layout, t Terminal, details bool) *chart {
	c := &chart{s: s, t: t}
	for _, v := range s.nodes {
		n := l.Nodes[v].Node
		look := t.look(n)
		detail := ""
		if details && look.Detail != "" {
			detail = " " + clip(look.Detail, longestLabel)
		}
		c.name = append(c.name, clip(t.name(n), longestLabel))
		c.detail = append(c.detail, detail)
		c.kind = append(c.kind, look.Kind)
	}
	c.rows()
	if !c.route(1) {
		for v := range c.row {
			c.row[v] *= 2
		}
		c.route(2)
	}
	for r, layer := range s.layers {
		wide := 1
		for _, v := range layer {
			if !s.dummy(v) {
				wide = max(wide, 2+cells(c.name[v])+cells(c.detail[v])+1)
			}
		}
		c.column, c.wide = append(c.column, c.width), append(c.wide, wide)
		c.width += wide
		if r < len(c.channels) {
			c.width += c.channels[r].width()
		}
	}
	return c
}

// rows gives each vertex a line: the coordinates of a drawing whose nodes are one
// high. Rounding down keeps what is one apart at least one apart.
func (c *chart) rows() {
	s := *c.s // a copy, whose coordinates are of its own
	s.position(func(int, int) float64 { return 1 })
	c.row = make([]int, len(s.coordinate))
	for v, at := range s.coordinate {
		c.row[v] = int(math.Floor(at + 1e-9))
	}
}

// route finds the ways of all edges. With rows beside each other it may find none;
// with every second row free there is one.
func (c *chart) route(scale int) bool {
	c.channels = nil
	for r := 0; r+1 < len(c.s.layers); r++ {
		ch, ok := newChannel(c, r, scale)
		if !ok {
			return false
		}
		c.channels = append(c.channels, ch)
	}
	return true
}

func (c *chart) draw(b *bytes.Buffer) {
	height := slices.Max(c.row) + 1
	for _, ch := range c.channels {
		height = max(height, ch.bottom+1)
	}
	lines := make([][]string, height)
	for y := range lines {
		lines[y] = make([]string, c.width)
	}
	for r, layer := range c.s.layers {
		for _, v := range layer {
			c.drawVertex(lines[c.row[v]][c.column[r]:][:c.wide[r]], v)
		}
		if r < len(c.channels) {
			x := c.column[r] + c.wide[r]
			c.channels[r].draw(lines, x, c.t.ASCII)
			for _, v := range c.s.layers[r+1] {
				if c.s.dummy(v) {
					lines[c.row[v]][x+c.channels[r].width()-1] = glyph(left|right, c.t.ASCII)
				}
			}
		}
	}
	for _, line := range lines {
		for x, at := range line {
			switch at {
			case "":
				line[x] = " "
			case nothing:
				line[x] = ""
			}
		}
		b.WriteString(strings.TrimRight(strings.Join(line, ""), " "))
		b.WriteByte('\n')
	}
}

// drawVertex writes a node and its line to the edge of the column, or the line of a
// dummy. A cell holds whatever is printed there, colours included.
func (c *chart) drawVertex(line []string, v int) {
	used := 0
	if !c.s.dummy(v) {
		used = 2 + cells(c.name[v]) + cells(c.detail[v])
		line[0] = c.t.sign(c.kind[v]) + " " + c.name[v] + c.t.faint(c.detail[v])
		for x := 1; x < used; x++ {
			line[x] = nothing
		}
		line[used] = " "
		used++
	}
	if len(c.s.down[v]) == 0 {
		return
	}
	for x := used; x < len(line); x++ {
		line[x] = glyph(left|right, c.t.ASCII)
	}
}

// nothing is a cell that is taken and prints nothing.
const nothing = "\x00"

func (t Terminal) faint(s string) string {
	if s == "" || !t.Colour {
		return s
	}
	return "\x1b[2m" + s + "\x1b[0m"
}
