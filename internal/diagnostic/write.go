package diagnostic

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxWritten is how many problems [Write] prints before it only counts.
const MaxWritten = 20

// tabWidth is how many columns of the excerpt a tab takes.
const tabWidth = 4

// maxExcerpt is how many columns of a line are shown around the caret.
const maxExcerpt = 120

// Style says how problems are printed. The zero value is plain text.
type Style struct {
	// Color uses ANSI colours. Whether the stream takes them is the caller's to
	// know.
	Color bool
}

// Sort orders problems by file, line and column, keeping the order of those at
// the same place.
func (l List) Sort() {
	slices.SortStableFunc(l, func(a, b *Problem) int {
		if c := strings.Compare(a.File, b.File); c != 0 {
			return c
		}
		if c := a.Line - b.Line; c != 0 {
			return c
		}
		return a.Column - b.Column
	})
}

// Write prints problems in the order of the files, each with its line, a caret
// and what to do about it, the first [MaxWritten] of them. It leaves the list
// as it is.
//
//	error[B0107]: unknown key "procces" in a route
//	  --> berth.yaml:23:26
//	   |
//	23 |     - {path: /survey/**, procces: back}
//	   |                          ^^^^^^^ not a key of a route
//	   |
//	   = help: did you mean "process"?
func Write(w io.Writer, l List, style Style) error { return write(w, l, style, MaxWritten) }

// WriteAll is [Write] without a bound, for reports that are read as a whole.
func WriteAll(w io.Writer, l List, style Style) error { return write(w, l, style, len(l)) }

func write(w io.Writer, l List, style Style, most int) error {
	sorted := slices.Clone(l)
	sorted.Sort()
	var b bytes.Buffer
	pr := printer{b: &b, style: style}
	for i, p := range sorted {
		if i == most {
			fmt.Fprintf(&b, "and %d more\n", len(sorted)-i)
			break
		}
		if i > 0 {
			b.WriteByte('\n')
		}
		pr.problem(p)
	}
	_, err := w.Write(b.Bytes())
	return err
}

// WriteJSON prints problems one JSON object per line, all of them, in the
// order of the files.
func WriteJSON(w io.Writer, l List) error {
	sorted := slices.Clone(l)
	sorted.Sort()
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for _, p := range sorted {
		if err := enc.Encode(p); err != nil {
			return err
		}
	}
	return nil
}

// The ANSI sequences in use.
const (
	bold   = "\x1b[1m"
	red    = "\x1b[1;31m"
	yellow = "\x1b[1;33m"
	cyan   = "\x1b[36m"
	reset  = "\x1b[0m"
)

type printer struct {
	b     *bytes.Buffer
	style Style
}

func (pr printer) paint(color, text string) string {
	if !pr.style.Color || text == "" {
		return text
	}
	return color + text + reset
}

func (pr printer) problem(p *Problem) {
	word, color := p.Severity.String(), [...]string{Error: red, Warning: yellow, Security: red, Suggestion: cyan}[p.Severity]
	if p.Code != "" {
		word += "[" + p.Code + "]"
	}
	fmt.Fprintf(pr.b, "%s: %s\n", pr.paint(color, word), pr.paint(bold, clean(p.Message)))
	number := strconv.Itoa(p.Line)
	gutter := strings.Repeat(" ", len(number))
	if p.Line <= 0 {
		gutter = " "
		where := strings.TrimSpace(p.File + " " + p.Path)
		fmt.Fprintf(pr.b, "%s%s %s\n", gutter, pr.paint(cyan, "-->"), clean(where))
	} else {
		fmt.Fprintf(pr.b, "%s%s %s:%d:%d\n", gutter, pr.paint(cyan, "-->"), clean(p.File), p.Line, p.Column)
	}
	framed := p.Source != "" && p.Line > 0
	if framed {
		pr.excerpt(p, number, gutter, color)
	}
	pr.talk(p, gutter, framed)
}

func (pr printer) excerpt(p *Problem, number, gutter, color string) {
	text, before, width := layout(p)
	bar := pr.paint(cyan, "|")
	caret := strings.Repeat("^", width)
	if p.Label != "" {
		caret += " " + clean(p.Label)
	}
	fmt.Fprintf(pr.b, "%s %s\n", gutter, bar)
	fmt.Fprintf(pr.b, "%s %s %s\n", pr.paint(cyan, number), bar, text)
	fmt.Fprintf(pr.b, "%s %s %s%s\n", gutter, bar, strings.Repeat(" ", before), pr.paint(color, caret))
}

func (pr printer) talk(p *Problem, gutter string, framed bool) {
	if p.Help == "" && len(p.Notes) == 0 {
		return
	}
	if framed {
		fmt.Fprintf(pr.b, "%s %s\n", gutter, pr.paint(cyan, "|"))
	}
	if p.Help != "" {
		fmt.Fprintf(pr.b, "%s = %s: %s\n", gutter, pr.paint(bold, "help"), clean(p.Help))
	}
	for _, note := range p.Notes {
		fmt.Fprintf(pr.b, "%s = %s: %s\n", gutter, pr.paint(bold, "note"), clean(note))
	}
}

// ellipsis marks where a line is cut; it takes one column.
const ellipsis = "…"

// cell is one character of an excerpt and the columns it takes.
type cell struct {
	text  string
	width int
	at    int
}

// layout returns the line as it is shown, the columns before the caret and the
// columns of the caret.
func layout(p *Problem) (text string, before, width int) {
	cells := cellsOf(strings.TrimRight(p.Source, "\r\n"))
	first, last := max(0, p.Column-1), max(0, p.Column-1)+max(1, p.Width)
	var b strings.Builder
	start, column := cutBefore(cells, first), 0
	if start > 0 {
		b.WriteString(ellipsis)
		column = 1
	}
	origin := column
	before = column
	for _, c := range cells[start:] {
		if column-origin+c.width > maxExcerpt {
			b.WriteString(ellipsis)
			break
		}
		if c.at < first {
			before += c.width
		} else if c.at < last {
			width += c.width
		}
		b.WriteString(c.text)
		column += c.width
	}
	return strings.TrimRight(b.String(), " "), before, max(1, width)
}

// cutBefore returns the first cell to show so that the one at byte first is
// well within the excerpt.
func cutBefore(cells []cell, first int) int {
	column := 0
	for _, c := range cells {
		if c.at >= first {
			break
		}
		column += c.width
	}
	start := 0
	for column > maxExcerpt*2/3 && start < len(cells) {
		column -= cells[start].width
		start++
	}
	return start
}

func cellsOf(line string) []cell {
	var cells []cell
	column := 0
	for i, r := range line {
		c := cell{text: string(r), width: runeWidth(r), at: i}
		switch {
		case r == '\t':
			c.width = tabWidth - column%tabWidth
			c.text = strings.Repeat(" ", c.width)
		case r == utf8.RuneError || hostile(r):
			c.text, c.width = "�", 1
		}
		column += c.width
		cells = append(cells, c)
	}
	return cells
}

// runeWidth is how many columns a terminal gives a character: two for the wide
// ones of UAX 11, none for combining marks.
func runeWidth(r rune) int {
	switch {
	case r < 0x300:
		return 1
	case unicode.In(r, unicode.Mn, unicode.Me):
		return 0
	case r >= 0x1100 && r <= 0x115f, r >= 0x2e80 && r <= 0x303e, r >= 0x3041 && r <= 0xa4cf,
		r >= 0xa960 && r <= 0xa97c, r >= 0xac00 && r <= 0xd7a3, r >= 0xf900 && r <= 0xfaff,
		r >= 0xfe30 && r <= 0xfe6f, r >= 0xff00 && r <= 0xff60, r >= 0xffe0 && r <= 0xffe6,
		r >= 0x1f300 && r <= 0x1f64f, r >= 0x1f680 && r <= 0x1f6ff, r >= 0x1f900 && r <= 0x1f9ff,
		r >= 0x20000 && r <= 0x3fffd:
		return 2
	}
	return 1
}

// hostile reports characters that could act on the terminal, or make a line
// read as something it is not.
func hostile(r rune) bool {
	return r < 0x20 || r >= 0x7f && r < 0xa0 || unicode.Is(unicode.Cf, r)
}

// clean makes a text safe to print on one line.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		if hostile(r) {
			return '�'
		}
		return r
	}, text)
}
