package plot

import (
	"bytes"
	_ "embed"
	"fmt"
	"html"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode"
)

// sheet is the stylesheet of a drawing that is a file of its own.
//
//go:embed sheet.css
var sheet string

// drawing is an SVG on its way.
type drawing struct{ bytes.Buffer }

// newDrawing begins a drawing with a name and a summary.
func newDrawing(class, title, summary string, width, height float64, alone bool) *drawing {
	d := &drawing{}
	fmt.Fprintf(d, `<svg xmlns="http://www.w3.org/2000/svg" class="%s" role="img" aria-label="%s" viewBox="0 0 %s %s" width="%[3]s" height="%[4]s">`,
		class, text(strings.TrimSuffix(title+": "+summary, ": ")), px(width), px(height))
	d.WriteByte('\n')
	if alone {
		fmt.Fprintf(d, "<style>%s</style>\n", sheet)
	}
	return d
}

func (d *drawing) end(w io.Writer) error {
	d.WriteString("</svg>\n")
	_, err := w.Write(d.Bytes())
	return err
}

func (d *drawing) line(class string, x1, y1, x2, y2 float64) {
	fmt.Fprintf(d, `<line class="%s" x1="%s" y1="%s" x2="%s" y2="%s"/>`+"\n", class, px(x1), px(y1), px(x2), px(y2))
}

// text writes a text; anchor is "start", "middle" or "end".
func (d *drawing) text(class, anchor string, x, y float64, s string) {
	fmt.Fprintf(d, `<text class="%s" x="%s" y="%s" text-anchor="%s">%s</text>`+"\n", class, px(x), px(y), anchor, text(s))
}

// rect draws a rectangle, with a title where there is one.
func (d *drawing) rect(class string, x, y, w, h float64, title string) {
	fmt.Fprintf(d, `<rect class="%s" x="%s" y="%s" width="%s" height="%s"`, class, px(x), px(y), px(w), px(h))
	if title == "" {
		d.WriteString("/>\n")
		return
	}
	fmt.Fprintf(d, "><title>%s</title></rect>\n", text(title))
}

func (d *drawing) path(class, way, title string) {
	if way != "" {
		fmt.Fprintf(d, `<path class="%s" d="%s"><title>%s</title></path>`+"\n", class, way, text(title))
	}
}

// px is a length to a tenth of a pixel.
func px(x float64) string { return strconv.FormatFloat(math.Round(x*10)/10, 'f', -1, 64) }

// text escapes what others wrote and replaces what XML cannot hold or what turns the
// direction of writing.
func text(s string) string {
	return html.EscapeString(strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || r == '\r':
			return ' '
		case unicode.IsControl(r), r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r == 0x200e, r == 0x200f, r == 0xfffe, r == 0xffff:
			return unicode.ReplacementChar
		}
		return r
	}, s))
}

// character is the width of a character of small text, about.
const character = 6.8

func width(s string) float64 { return character * float64(len([]rune(s))) }

// clip cuts a text to a width.
func clip(s string, most float64) string {
	r := []rune(s)
	if n := max(1, int(most/character)); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}
