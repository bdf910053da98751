package main

import (
	"io"
	"os"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/term"

	"github.com/berth-project/berth/cmd/berth/internal/progress"
)

// narrowest is to how many characters a column of a table is cut; a table that
// is wider still loses its last columns.
const narrowest = 10

// writeTable writes rows with two spaces between columns; the first row is the
// header. In a terminal no row is wider than it, elsewhere nothing is cut.
func (c *cli) writeTable(rows [][]string) error {
	return writeTable(c.stdout, narrowed(rows, c.width(c.stdout)))
}

// width is how many characters a line of the terminal w has; 0 where it is
// none. COLUMNS is believed before the terminal.
func (c *cli) width(w io.Writer) int {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return 0
	}
	if n, err := strconv.Atoi(c.getenv("COLUMNS")); err == nil && n > 0 {
		return n
	}
	n, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return n
}

func widthsOf(rows [][]string) []int {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	return widths
}

// narrowed cuts the widest cells, except those of the first column, which say
// what a row is about, until rows fit a width; then it drops columns from the
// right.
func narrowed(rows [][]string, width int) [][]string {
	widths := widthsOf(rows)
	total := -2
	for _, w := range widths {
		total += w + 2
	}
	for width > 0 && total > width && len(widths) > 1 {
		widest := 1
		for i := range widths[1:] {
			if widths[i+1] > widths[widest] {
				widest = i + 1
			}
		}
		if widths[widest] > narrowest {
			widths[widest]--
			total--
			continue
		}
		last := len(widths) - 1
		total -= widths[last] + 2
		widths = widths[:last]
	}
	cut := make([][]string, len(rows))
	for n, row := range rows {
		for i, cell := range row[:min(len(row), len(widths))] {
			if utf8.RuneCountInString(cell) > widths[i] {
				cell = string([]rune(cell)[:widths[i]-1]) + "…"
			}
			cut[n] = append(cut[n], cell)
		}
	}
	return cut
}

// writeTable writes rows as they are: what others wrote in them moves no cursor
// and begins no line.
func writeTable(w io.Writer, rows [][]string) error {
	for _, row := range rows {
		for i := range row {
			row[i] = progress.OneLine(row[i])
		}
	}
	widths := widthsOf(rows)
	var b strings.Builder
	for n, row := range rows {
		gap := 0
		for i, cell := range row {
			if n == 0 {
				cell = strings.ToUpper(cell)
			}
			if cell != "" {
				b.WriteString(strings.Repeat(" ", gap))
				b.WriteString(cell)
				gap = 0
			}
			gap += widths[i] - utf8.RuneCountInString(cell) + 2
		}
		b.WriteByte('\n')
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// printFacts writes what there is to say of one thing, a line each; what is
// empty is left out.
func (c *cli) printFacts(facts [][2]string) error {
	var b strings.Builder
	for _, f := range facts {
		if f[1] != "" && f[1] != "-" {
			b.WriteString(f[0] + strings.Repeat(" ", max(0, 9-len(f[0]))) + " " + progress.OneLine(f[1]) + "\n")
		}
	}
	_, err := io.WriteString(c.stdout, b.String())
	return err
}
