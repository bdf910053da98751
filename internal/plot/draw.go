package plot

import (
	"fmt"
	"math"
	"strings"
)

// frame is the inside of a chart.
type frame struct{ x, y scale }

const (
	rowHeight   = 16 // of the legend
	axisHeight  = 22
	yTicks      = 4
	xTickWidth  = 90
	rightMargin = 12
)

func (c *Chart) draw(d *drawing) {
	low, high := c.span()
	ticks := []float64(nil)
	step := 0.0
	if c.Log {
		ticks = logTicks(low, high)
	} else {
		ticks, step = c.Unit.ticks(low, high, yTicks)
	}
	left := 0.0
	labels := make([]string, len(ticks))
	for i, t := range ticks {
		labels[i] = c.Unit.format(t, step)
		left = max(left, width(labels[i]))
	}
	left += 10
	top := c.legend(d, left)
	f := frame{y: scale{low, high, c.Height - axisHeight, top, c.Log}}
	if len(c.X) > 0 {
		f.x = scale{c.X[0], c.X[len(c.X)-1], left, c.Width - rightMargin, false}
	}
	for i, t := range ticks {
		d.line("grid", left, f.y.at(t), c.Width-rightMargin, f.y.at(t))
		d.text("tick", "end", left-6, f.y.at(t)+4, labels[i])
	}
	if len(c.X) == 0 || len(c.Series) == 0 {
		d.text("tick", "middle", (left+c.Width)/2, (top+c.Height-axisHeight)/2, "nothing to show yet")
		return
	}
	c.xAxis(d, f)
	if c.Kind == Lines {
		c.lines(d, f)
	} else {
		c.areas(d, f)
	}
	c.guides(d, f)
}

// span is what the values reach from and to. Rates and sizes begin at nothing.
func (c *Chart) span() (low, high float64) {
	least := math.Inf(1)
	for i := range c.X {
		sum := 0.0
		for _, s := range c.Series {
			v := s.Values[i]
			if math.IsNaN(v) {
				continue
			}
			if v > 0 {
				least = min(least, v)
			}
			low = min(low, v)
			if sum += number(v); c.Kind == Lines {
				sum = v
			}
			high = max(high, sum)
		}
	}
	for _, g := range c.Guides {
		high = max(high, g.At)
	}
	switch {
	case c.Kind == Shares:
		return 0, 1
	case c.Log && !math.IsInf(least, 1):
		return math.Pow(10, math.Floor(math.Log10(least))), math.Pow(10, math.Ceil(math.Log10(max(high, 10*least))))
	case c.Log:
		return 1, 10
	case c.Kind != Lines:
		low = 0
	}
	if low < 0 {
		low = -c.Unit.roundUp(-low, yTicks)
	}
	return low, c.Unit.roundUp(high, yTicks)
}

// xAxis draws the places below the chart.
func (c *Chart) xAxis(d *drawing, f frame) {
	base := c.Height - axisHeight
	d.line("axis", f.x.from, base, f.x.to, base)
	ticks, step := c.XUnit.ticks(f.x.low, f.x.high, int((f.x.to-f.x.from)/xTickWidth))
	last := math.Inf(-1)
	for i, t := range ticks {
		label := c.XUnit.format(t, step)
		if i == len(ticks)-1 && c.XName != "" {
			label += " " + c.XName
		}
		x := f.x.at(t)
		anchor, from, to := "middle", x-width(label)/2, x+width(label)/2
		if to > c.Width {
			anchor, from = "end", x-width(label)
		}
		if from < last+4 {
			continue
		}
		last = max(to, x)
		d.line("axis", x, base, x, base+4)
		d.text("tick", anchor, x, base+16, label)
	}
}

// legend names the series above the chart and returns where the chart begins.
func (c *Chart) legend(d *drawing, left float64) float64 {
	x, y := left, 12.0
	if len(c.Series) == 0 || len(c.Series) == 1 && c.Kind == Lines {
		return y // the title says what a single line is
	}
	for i, s := range c.Series {
		name := clip(s.Name, 200)
		if x > left && x+24+width(name) > c.Width {
			x, y = left, y+rowHeight
		}
		if c.Kind == Lines {
			d.line(fmt.Sprintf("line s%d", i), x, y-4, x+18, y-4)
		} else {
			d.rect(fmt.Sprintf("area s%d", i), x+4, y-9, 10, 10, "")
		}
		d.text("legend", "start", x+22, y, name)
		x += 22 + width(name) + 18
	}
	return y + 12
}

// lines draws each series; a value between two gaps is a dot.
func (c *Chart) lines(d *drawing, f frame) {
	for i, s := range c.Series {
		var way strings.Builder
		open := false
		for j, v := range s.Values {
			if math.IsNaN(v) || c.Log && v <= 0 {
				open = false
				continue
			}
			at := px(f.x.at(c.X[j])) + " " + px(f.y.at(v))
			if open {
				way.WriteString("L" + at)
				continue
			}
			open = true
			way.WriteString("M" + at + "h0")
		}
		d.path(fmt.Sprintf("line s%d", i), way.String(), s.Name)
	}
}

// areas draws each series on the ones before it.
func (c *Chart) areas(d *drawing, f frame) {
	floor := make([]float64, len(c.X))
	for i, s := range c.Series {
		var way strings.Builder
		for from := 0; from < len(c.X); from++ {
			if math.IsNaN(s.Values[from]) {
				continue
			}
			to := from
			for to+1 < len(c.X) && !math.IsNaN(s.Values[to+1]) {
				to++
			}
			c.area(&way, f, floor, s.Values, from, to)
			from = to
		}
		d.path(fmt.Sprintf("area s%d", i), way.String(), s.Name)
		for j, v := range s.Values {
			floor[j] += number(v)
		}
	}
}

// area is the way around a part without gaps.
func (c *Chart) area(way *strings.Builder, f frame, floor, values []float64, from, to int) {
	for j := from; j <= to; j++ {
		letter := "L"
		if j == from {
			letter = "M"
		}
		way.WriteString(letter + px(f.x.at(c.X[j])) + " " + px(f.y.at(floor[j]+number(values[j]))))
	}
	for j := to; j >= from; j-- {
		way.WriteString("L" + px(f.x.at(c.X[j])) + " " + px(f.y.at(floor[j])))
	}
	way.WriteString("Z")
}

// guides draws what values are compared with, and when something happened.
func (c *Chart) guides(d *drawing, f frame) {
	for _, g := range c.Guides {
		y := f.y.at(g.At)
		d.line("guide", f.x.from, y, f.x.to, y)
		d.text("note", "end", f.x.to-2, y-4, g.Name)
	}
	for _, m := range c.Marks {
		if m.At < f.x.low || m.At > f.x.high {
			continue
		}
		x := f.x.at(m.At)
		d.line("mark", x, f.y.from, x, f.y.to)
		anchor, at := "start", x+4
		if x+4+width(m.Name) > c.Width {
			anchor, at = "end", x-4
		}
		d.text("note", anchor, at, f.y.to+10, m.Name)
	}
}
