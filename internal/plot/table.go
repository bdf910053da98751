package plot

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"strings"
)

// tableRows is how many rows a table has: enough to see the course.
const tableRows = 24

// summary says the series in words: where each ends, and its range.
func (c *Chart) summary() string {
	if len(c.X) == 0 || len(c.Series) == 0 {
		return "nothing to show yet"
	}
	var parts []string
	for _, s := range c.Series {
		last, low, high := math.NaN(), math.Inf(1), math.Inf(-1)
		for _, v := range s.Values {
			if !math.IsNaN(v) {
				last, low, high = v, min(low, v), max(high, v)
			}
		}
		if math.IsNaN(last) {
			parts = append(parts, s.Name+" nothing known")
			continue
		}
		parts = append(parts, fmt.Sprintf("%s %s, from %s to %s", s.Name, c.Unit.format(last, 0), c.Unit.format(low, 0), c.Unit.format(high, 0)))
	}
	return strings.Join(parts, "; ")
}

// Table writes the numbers of a chart as a table, of at most 24 places: what SVG shows,
// for those who do not see it. The error says what is wrong with the chart.
func (c Chart) Table(w io.Writer) error {
	if err := c.check(); err != nil {
		return err
	}
	var b bytes.Buffer
	name := c.XName
	if name == "" {
		name = [...]string{Number: "at", Seconds: "after", Bytes: "size", Percent: "share", Clock: "time"}[c.XUnit]
	}
	fmt.Fprintf(&b, "<table><caption>%s</caption>\n<thead><tr><th scope=\"col\">%s</th>", text(c.Title), text(name))
	for _, s := range c.Series {
		fmt.Fprintf(&b, `<th scope="col" class="n">%s</th>`, text(s.Name))
	}
	b.WriteString("</tr></thead>\n<tbody>\n")
	step := 0.0
	if len(c.X) > 1 {
		step = (c.X[len(c.X)-1] - c.X[0]) / float64(min(tableRows, len(c.X)))
	}
	for _, i := range c.rows() {
		fmt.Fprintf(&b, `<tr><th scope="row">%s</th>`, c.XUnit.format(c.X[i], c.XUnit.resolution(step)))
		for _, s := range c.Series {
			value := "–"
			if v := s.Values[i]; !math.IsNaN(v) {
				value = c.Unit.format(v, 0)
			}
			fmt.Fprintf(&b, `<td class="n">%s</td>`, value)
		}
		b.WriteString("</tr>\n")
	}
	b.WriteString("</tbody></table>\n")
	_, err := w.Write(b.Bytes())
	return err
}

// resolution is how exactly places that are a step apart are written.
func (u Unit) resolution(step float64) float64 {
	if u != Clock {
		return 0
	}
	if step >= 86400 {
		return 86400
	}
	return min(step, 60)
}

// rows are the places a table shows: evenly apart, the last included.
func (c *Chart) rows() []int {
	n := min(tableRows, len(c.X))
	out := make([]int, n)
	for i := range out {
		out[i] = len(c.X) - 1 - (n-1-i)*len(c.X)/n
	}
	return out
}
