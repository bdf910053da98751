package main

import (
	"bytes"
	"fmt"
	"html"
	"strings"
)

// chart is a row of panels that share their axes.
type chart struct {
	title, desc    string
	legend         []string // by style
	xLabel, yLabel string
	xTicks, yTicks []float64 // up to the end of the axis
	yUnit          string
	width, height  float64 // of a panel
	panels         []panel
}

// panel is one plot.
type panel struct {
	title, note string
	lines       []line
	guides      []float64 // heights to compare with
}

// line is a step function of points with growing x; its style goes by its
// place in the legend.
type line struct {
	style  int
	points [][2]float64
}

const (
	marginLeft   = 52.0
	marginTop    = 64.0
	marginBottom = 46.0
	gap          = 26.0
)

// style: the colours are Okabe and Ito's, which people with any colour vision
// tell apart, lighter on dark; the dashes tell them apart without colours.
const style = `<style>
text{font:12px system-ui,sans-serif;fill:#333}
.h{font-weight:600}
.n{fill:#555;font-size:11px}
.f{fill:none;stroke:#999}
.g{stroke:#ddd}
.d{stroke:#777;stroke-dasharray:2 3}
.l{fill:none;stroke-width:2.2;stroke-linejoin:round}
.s0{stroke:#0072b2}
.s1{stroke:#d55e00;stroke-dasharray:7 3}
.s2{stroke:#009e73;stroke-dasharray:2 3}
@media (prefers-color-scheme:dark){
text{fill:#ddd}
.n{fill:#aaa}
.f{stroke:#777}
.g{stroke:#3a3a3a}
.d{stroke:#999}
.s0{stroke:#56b4e9}
.s1{stroke:#f5a45c}
.s2{stroke:#3fcf9f}
}
</style>
`

// svg draws the chart.
func (c chart) svg() []byte {
	var b bytes.Buffer
	total := marginLeft + float64(len(c.panels))*(c.width+gap)
	bottom := marginTop + c.height
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %s %s" width="%s" height="%s" role="img" aria-labelledby="t d">`+"\n",
		num(total), num(bottom+marginBottom), num(total), num(bottom+marginBottom))
	fmt.Fprintf(&b, "<title id=\"t\">%s</title>\n<desc id=\"d\">%s</desc>\n", html.EscapeString(c.title), html.EscapeString(c.desc))
	b.WriteString(style)
	c.drawLegend(&b)
	for i, p := range c.panels {
		c.drawPanel(&b, p, marginLeft+float64(i)*(c.width+gap), i == 0)
	}
	fmt.Fprintf(&b, `<text x="%s" y="%s" text-anchor="middle">%s</text>`+"\n", num(marginLeft+(total-marginLeft-gap)/2), num(bottom+38), c.xLabel)
	fmt.Fprintf(&b, `<text transform="translate(12 %s) rotate(-90)" text-anchor="middle">%s</text>`+"\n", num(marginTop+c.height/2), c.yLabel)
	b.WriteString("</svg>\n")
	return b.Bytes()
}

func (c chart) drawLegend(b *bytes.Buffer) {
	x := marginLeft
	for i, name := range c.legend {
		fmt.Fprintf(b, `<path class="l s%d" d="M%s 14h28"/><text x="%s" y="18">%s</text>`+"\n", i, num(x), num(x+34), html.EscapeString(name))
		x += 34 + 7*float64(len(name)) + 24
	}
}

func (c chart) drawPanel(b *bytes.Buffer, p panel, left float64, labels bool) {
	bottom := marginTop + c.height
	x := func(v float64) float64 { return left + v/last(c.xTicks)*c.width }
	y := func(v float64) float64 { return bottom - v/last(c.yTicks)*c.height }
	fmt.Fprintf(b, `<text class="h" x="%s" y="42">%s</text>`+"\n", num(left), html.EscapeString(p.title))
	fmt.Fprintf(b, `<text class="n" x="%s" y="57">%s</text>`+"\n", num(left), html.EscapeString(p.note))
	for _, v := range c.yTicks {
		fmt.Fprintf(b, `<path class="g" d="M%s %sh%s"/>`, num(left), num(y(v)), num(c.width))
		if labels {
			fmt.Fprintf(b, `<text x="%s" y="%s" text-anchor="end">%s%s</text>`, num(left-5), num(y(v)+4), num(v), c.yUnit)
		}
	}
	for _, v := range c.xTicks {
		fmt.Fprintf(b, `<text x="%s" y="%s" text-anchor="middle">%s</text>`, num(x(v)), num(bottom+17), num(v))
	}
	fmt.Fprintf(b, `<path class="f" d="M%s %sV%sH%s"/>`+"\n", num(left), num(marginTop), num(bottom), num(left+c.width))
	for _, g := range p.guides {
		fmt.Fprintf(b, `<path class="d" d="M%s %sh%s"/>`+"\n", num(left), num(y(g)), num(c.width))
	}
	for _, l := range p.lines {
		fmt.Fprintf(b, `<path class="l s%d" d="%s"/>`+"\n", l.style, trace(l.points, x, y))
	}
}

// trace is the path of a step function. Points nearer than half a pixel to
// the last one drawn are left out.
func trace(points [][2]float64, x, y func(float64) float64) string {
	var b strings.Builder
	var atX, atY float64
	for i, p := range points {
		px, py := x(p[0]), y(p[1])
		if i == 0 {
			fmt.Fprintf(&b, "M%s %s", num(px), num(py))
			atX, atY = px, py
			continue
		}
		near := px-atX < 0.5 && py-atY < 0.5 && atY-py < 0.5
		if near && i < len(points)-1 {
			continue
		}
		fmt.Fprintf(&b, "H%sV%s", num(px), num(py))
		atX, atY = px, py
	}
	return b.String()
}

// num writes a number with at most one decimal.
func num(v float64) string {
	return strings.TrimSuffix(fmt.Sprintf("%.1f", v), ".0")
}

func last(ticks []float64) float64 { return ticks[len(ticks)-1] }
