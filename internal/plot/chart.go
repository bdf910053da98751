package plot

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
)

// Kind is how the series of a chart are drawn.
type Kind int

// The kinds.
const (
	// Lines draws each series as a line.
	Lines Kind = iota
	// Stacked draws series on top of each other.
	Stacked
	// Shares draws series on top of each other, as parts of their sum.
	Shares
)

// MaxSeries is how many series can be told apart. Stacked and Shares put the
// smallest beyond them together.
const MaxSeries = 8

// MaxValues bounds the values of a series.
const MaxValues = 200_000

// Chart is series of values over common places.
type Chart struct {
	// Title says what is drawn.
	Title string
	// Kind is how.
	Kind Kind
	// X are the places of the values, in ascending order; XUnit is what they
	// mean.
	X     []float64
	XUnit Unit
	// XName says what X is where the unit does not: "picks".
	XName string
	// Series are what is drawn.
	Series []Series
	// Unit is what the values mean. Shares are always in percent.
	Unit Unit
	// Log is a logarithmic scale for Lines; values of zero and below are gaps.
	Log bool
	// Guides are lines across at values that are to be compared with.
	Guides []Guide
	// Marks are lines upright at places where something happened.
	Marks []Guide
	// Width and Height are the size in pixels. Default: 720 and 220.
	Width, Height float64
	// Alone adds a stylesheet, for a drawing that is a file of its own.
	Alone bool
}

// Series is a name and a value for each place. NaN, and what is beyond 1e15, is a gap.
type Series struct {
	Name   string
	Values []float64
}

// Guide is a line with a name.
type Guide struct {
	At   float64
	Name string
}

// check completes a chart and says what is wrong with it.
func (c *Chart) check() error {
	c.Width, c.Height = cmp.Or(c.Width, 720), cmp.Or(c.Height, 220)
	if len(c.X) > MaxValues {
		return fmt.Errorf("plot %q: %d values are more than the %d that are drawn", c.Title, len(c.X), MaxValues)
	}
	for i, x := range c.X {
		if !(math.Abs(x) <= largest) || i > 0 && x < c.X[i-1] {
			return fmt.Errorf("plot %q: place %d (%v) is no place behind the one before", c.Title, i, x)
		}
	}
	c.Series = slices.Clone(c.Series)
	for i, s := range c.Series {
		if len(s.Values) != len(c.X) {
			return fmt.Errorf("plot %q: series %q has %d values for %d places", c.Title, s.Name, len(s.Values), len(c.X))
		}
		c.Series[i].Values = drawable(s.Values)
	}
	switch {
	case len(c.Series) > MaxSeries && c.Kind == Lines:
		return fmt.Errorf("plot %q: %d lines cannot be told apart, %d can", c.Title, len(c.Series), MaxSeries)
	case len(c.Series) > MaxSeries:
		c.Series = together(c.Series)
	}
	if c.Kind == Shares {
		c.Unit = Percent
		c.Series = shares(c.Series)
	}
	c.Log = c.Log && c.Kind == Lines
	c.thin()
	return nil
}

// largest is the greatest number that can be written and drawn; what is beyond it is a
// gap.
const largest = 1e15

// drawable returns the values, in a copy where some cannot be drawn.
func drawable(values []float64) []float64 {
	copied := false
	for i, v := range values {
		if math.Abs(v) > largest {
			if !copied {
				values, copied = slices.Clone(values), true
			}
			values[i] = math.NaN()
		}
	}
	return values
}

// together keeps the series that are largest in sum, in their order, and adds up the
// others.
func together(all []Series) []Series {
	sums := make([]float64, len(all))
	byRank := make([]int, len(all))
	for i, s := range all {
		byRank[i] = i
		for _, v := range s.Values {
			sums[i] += number(v)
		}
	}
	slices.SortStableFunc(byRank, func(a, b int) int { return cmp.Compare(sums[b], sums[a]) })
	kept := slices.Sorted(slices.Values(byRank[:MaxSeries-1]))
	rest := Series{Name: fmt.Sprintf("%d others", len(all)-len(kept)), Values: make([]float64, len(all[0].Values))}
	for _, i := range byRank[MaxSeries-1:] {
		for j, v := range all[i].Values {
			rest.Values[j] += number(v)
		}
	}
	var out []Series
	for _, i := range kept {
		out = append(out, all[i])
	}
	return append(out, rest)
}

// number takes gaps and what is below nothing for nothing.
func number(v float64) float64 {
	if v > 0 {
		return v
	}
	return 0
}

// shares are the parts of the sum at each place; a gap where there is no sum.
func shares(all []Series) []Series {
	out := make([]Series, len(all))
	for i, s := range all {
		out[i] = Series{Name: s.Name, Values: make([]float64, len(s.Values))}
		for j, v := range s.Values {
			sum := 0.0
			for _, o := range all {
				sum += number(o.Values[j])
			}
			out[i].Values[j] = number(v) / sum // NaN for 0/0
		}
	}
	return out
}

// thinTo is how many places are drawn: more than one in two pixels is not seen.
const thinTo = 360

// thin leaves out values where there are too many: of a bucket of places, lines keep
// the least and the greatest, areas the mean.
func (c *Chart) thin() {
	if len(c.X) <= thinTo {
		return
	}
	buckets := thinTo / 2
	x := make([]float64, 0, 2*buckets)
	out := make([]Series, len(c.Series))
	for i, s := range c.Series {
		out[i].Name = s.Name
	}
	for b := range buckets {
		from, to := b*len(c.X)/buckets, (b+1)*len(c.X)/buckets
		x = append(x, c.X[from], c.X[to-1])
		for i, s := range c.Series {
			first, second := extremes(s.Values[from:to])
			if c.Kind != Lines {
				first = mean(s.Values[from:to])
				second = first
			}
			out[i].Values = append(out[i].Values, first, second)
		}
	}
	c.X, c.Series = x, out
}

// extremes are the least and the greatest value in the order they come.
func extremes(values []float64) (first, second float64) {
	least, most := -1, -1
	for i, v := range values {
		if math.IsNaN(v) {
			continue
		}
		if least < 0 || v < values[least] {
			least = i
		}
		if most < 0 || v > values[most] {
			most = i
		}
	}
	if least < 0 {
		return math.NaN(), math.NaN()
	}
	return values[min(least, most)], values[max(least, most)]
}

func mean(values []float64) float64 {
	sum, n := 0.0, 0
	for _, v := range values {
		if !math.IsNaN(v) {
			sum, n = sum+v, n+1
		}
	}
	return sum / float64(n)
}

// SVG draws the chart. The error says what is wrong with its values.
func (c Chart) SVG(w io.Writer) error {
	if err := c.check(); err != nil {
		return err
	}
	d := newDrawing("plot", c.Title, c.summary(), c.Width, c.Height, c.Alone)
	c.draw(d)
	return d.end(w)
}
