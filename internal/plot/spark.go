package plot

import (
	"cmp"
	"fmt"
	"io"
	"strings"
)

// Spark is the course of one number, small enough to stand in a line of text.
type Spark struct {
	// Title says what it is.
	Title string
	// Values are from the oldest to the newest; NaN is a gap.
	Values []float64
	// Unit is what they mean.
	Unit Unit
	// Width and Height are the size in pixels. Default: 120 and 24.
	Width, Height float64
}

// SVG draws it, from nothing at the bottom to the greatest value at the top.
func (s Spark) SVG(w io.Writer) error {
	s.Width, s.Height = cmp.Or(s.Width, 120), cmp.Or(s.Height, 24)
	c := Chart{Title: s.Title, Unit: s.Unit, Series: []Series{{Values: s.Values}}, X: make([]float64, len(s.Values))}
	for i := range c.X {
		c.X[i] = float64(i)
	}
	if err := c.check(); err != nil {
		return err
	}
	d := newDrawing("plot spark", s.Title, strings.TrimSpace(c.summary()), s.Width, s.Height, false)
	high := 0.0
	for _, v := range c.Series[0].Values {
		high = max(high, number(v))
	}
	f := frame{x: scale{0, float64(max(1, len(s.Values)-1)), 1, s.Width - 1, false}, y: scale{0, cmp.Or(high, 1), s.Height - 1, 2, false}}
	d.line("axis", 0, s.Height-0.5, s.Width, s.Height-0.5)
	c.lines(d, f)
	return d.end(w)
}

// Part is a part of a whole.
type Part struct {
	// Class is how it is drawn, Word what it is, Count how much of it there is.
	Class, Word string
	Count       int
}

// Strip is the parts of a whole beside each other: the steps of a run by state.
type Strip struct {
	// Title says what the whole is.
	Title string
	// Parts are from left to right; empty ones are left out.
	Parts []Part
	// Width and Height are the size in pixels. Default: 120 and 10.
	Width, Height float64
}

// SVG draws it. Up to 24 there is a block for each, beyond that parts are as wide as
// their share.
func (s Strip) SVG(w io.Writer) error {
	s.Width, s.Height = cmp.Or(s.Width, 120), cmp.Or(s.Height, 10)
	total := 0
	var words []string
	for _, p := range s.Parts {
		if p.Count > 0 {
			total += p.Count
			words = append(words, fmt.Sprintf("%d %s", p.Count, p.Word))
		}
	}
	d := newDrawing("plot strip", s.Title, strings.Join(words, ", "), s.Width, s.Height, false)
	at := 0
	for _, p := range s.Parts {
		blocks, each := 1, p.Count
		if total <= maxBlocks {
			blocks, each = p.Count, 1
		}
		for range max(0, blocks) {
			from, to := s.Width*float64(at)/float64(total), s.Width*float64(at+each)/float64(total)
			if p.Count > 0 {
				d.rect("block "+text(p.Class), from, 0, max(1, to-from-1), s.Height, "")
			}
			at += each
		}
	}
	return d.end(w)
}

// maxBlocks is how many blocks a strip has room for.
const maxBlocks = 24
