package graph

import "slices"

// The sides of a cell a line leaves it by.
const (
	left = 1 << iota
	right
	above
	below
)

// net is the edges of one vertex to the next layer: a line from its row to a
// vertical one, and from there a line to the row of each target.
type net struct {
	from    int   // the row it comes from
	start   int   // the row it meets the vertical line in: from, or the one below
	targets []int // rows, in order
	track   int   // of the vertical line; -1 where there is none
}

// top and bottom are the ends of the vertical line.
func (n *net) top() int    { return min(n.start, n.targets[0]) }
func (n *net) bottom() int { return max(n.start, n.targets[len(n.targets)-1]) }

func (n *net) straight() bool { return len(n.targets) == 1 && n.targets[0] == n.from }

func (n *net) leadsTo(row int) bool {
	_, ok := slices.BinarySearch(n.targets, row)
	return ok
}

// channel is the space between two layers.
type channel struct {
	nets   []*net
	tracks int
	// step is 1 when lines that would be in each other's way go down a row
	// first, in a track of their own.
	step   int
	bottom int
}

// newChannel finds the tracks. A line that arrives in a row must begin behind the one
// that leaves from it; where that leads in a circle, ok is false, unless every second
// row is free.
func newChannel(c *chart, r, scale int) (ch channel, ok bool) {
	for _, u := range c.s.layers[r] {
		n := &net{from: c.row[u], start: c.row[u], track: -1}
		for _, v := range c.s.down[u] {
			if c.s.rank[v] == r+1 {
				n.targets = append(n.targets, c.row[v])
			}
		}
		if slices.Sort(n.targets); len(n.targets) > 0 {
			ch.nets = append(ch.nets, n)
			ch.bottom = max(ch.bottom, n.bottom())
		}
	}
	waiting := slices.DeleteFunc(slices.Clone(ch.nets), (*net).straight)
	for len(waiting) > 0 {
		i := slices.IndexFunc(waiting, func(n *net) bool { return !ch.blocked(n) })
		if i < 0 {
			if scale == 1 {
				return ch, false
			}
			i, ch.step = 0, 1
			ch.stepDown(waiting)
			continue
		}
		ch.assign(waiting[i])
		waiting = slices.Delete(waiting, i, i+1)
	}
	return ch, true
}

// blocked reports whether a net that has no track yet leaves from a row where this
// one arrives: it must get its track first.
func (ch *channel) blocked(n *net) bool {
	return slices.ContainsFunc(ch.nets, func(m *net) bool {
		return m != n && m.track < 0 && !m.straight() && m.start == m.from && n.leadsTo(m.from) && !m.leadsTo(m.from)
	})
}

// stepDown lets the first net that blocks another, and can, leave its row before
// all tracks.
func (ch *channel) stepDown(waiting []*net) {
	for _, m := range waiting {
		if m.start != m.from || m.leadsTo(m.from) {
			continue
		}
		if slices.ContainsFunc(waiting, func(n *net) bool { return n != m && n.leadsTo(m.from) }) {
			m.start = m.from + 1
			ch.bottom = max(ch.bottom, m.start)
			return
		}
	}
}

// assign gives a net the first track that is free where it needs it, behind those it
// must be behind.
func (ch *channel) assign(n *net) {
	for _, m := range ch.nets {
		if m == n || m.track < 0 {
			continue
		}
		if m.start == m.from && n.leadsTo(m.from) && !m.leadsTo(m.from) {
			n.track = max(n.track, m.track+1)
		}
	}
	n.track = max(n.track, 0)
	for ch.taken(n) {
		n.track++
	}
	ch.tracks = max(ch.tracks, n.track+1)
}

func (ch *channel) taken(n *net) bool {
	return slices.ContainsFunc(ch.nets, func(m *net) bool {
		return m != n && m.track == n.track && m.top() <= n.bottom() && n.top() <= m.bottom() && !merge(m, n)
	})
}

// merge reports whether two nets may share an upright line: both lead to one place,
// and to no other.
func merge(m, n *net) bool {
	return len(m.targets) == 1 && len(n.targets) == 1 && m.targets[0] == n.targets[0]
}

// width is how many cells the channel takes: a line on either side, and a blank
// before the names.
func (ch *channel) width() int { return ch.step + ch.tracks + 3 }

// at is the cell of a track.
func (ch *channel) at(track int) int { return 1 + ch.step + track }

// draw draws all lines; x is where the channel begins. Where lines cross that have
// nothing to do with each other, the upright one goes over the other.
func (ch *channel) draw(lines [][]string, x int, ascii bool) {
	flat := map[[2]int]bool{}
	for _, n := range ch.nets {
		ch.flatLines(n, flat)
	}
	for at := range flat {
		lines[at[0]][x+at[1]] = glyph(left|right, ascii)
	}
	upright := map[[2]int]int{}
	for _, n := range ch.nets {
		if n.start != n.from {
			lines[n.from][x+1] = glyph(left|below, ascii)
			lines[n.start][x+1] = glyph(above|right, ascii)
		}
		if n.track < 0 {
			continue
		}
		at := ch.at(n.track)
		for y := n.top(); y <= n.bottom(); y++ {
			cell := [2]int{y, at}
			upright[cell] |= n.sides(y, flat[cell])
			lines[y][x+at] = glyph(upright[cell], ascii)
		}
	}
}

// flatLines notes the cells of the lines that lie flat, without the net's own track.
func (ch *channel) flatLines(n *net, flat map[[2]int]bool) {
	last := ch.width() - 2
	if n.track < 0 {
		for x := 0; x <= last; x++ {
			flat[[2]int{n.from, x}] = true
		}
		return
	}
	at := ch.at(n.track)
	flat[[2]int{n.from, 0}] = true
	first := 1
	if n.start != n.from {
		first = 2
	}
	for x := first; x < at; x++ {
		flat[[2]int{n.start, x}] = true
	}
	for _, row := range n.targets {
		for x := at + 1; x <= last; x++ {
			flat[[2]int{row, x}] = true
		}
	}
}

// sides are where the vertical line of a net leaves a cell; through says that a line
// lies across it.
func (n *net) sides(y int, through bool) int {
	mask := 0
	if y > n.top() {
		mask |= above
	}
	if y < n.bottom() {
		mask |= below
	}
	joins := false
	if y == n.start {
		mask, joins = mask|left, true
	}
	if n.leadsTo(y) {
		mask, joins = mask|right, true
	}
	if through && joins {
		mask |= left | right
	}
	return mask
}

// glyph is the character whose lines leave by the sides given.
func glyph(sides int, ascii bool) string {
	if ascii {
		switch sides {
		case left | right, left, right:
			return "-"
		case above | below:
			return "|"
		}
		return "+"
	}
	return [...]string{
		left | right: "─", left: "─", right: "─", above | below: "│", above: "│", below: "│",
		left | below: "╮", left | above: "╯", right | below: "╭", right | above: "╰",
		left | above | below: "┤", right | above | below: "├", left | right | below: "┬", left | right | above: "┴",
		left | right | above | below: "┼",
	}[sides]
}
