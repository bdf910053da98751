package main

import (
	"io"
	"os"
	"regexp"
	"slices"
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

// whole are cells of which a part is of no use: numbers, times, ids of runs.
var whole = regexp.MustCompile(`^(-|[0-9][0-9.,]*%?( of [0-9]+)?|\d{4}-\d\d-\d\d[ T][0-9:.]+Z|r[0-9a-hjkmnp-tv-z]{13})?$`)

// narrowed makes rows fit a width. It leaves out columns that say nothing, then
// columns from the right until the others fit when their text is cut, and cuts
// the widest text: not that of the first column, which says what a row is about,
// and that of the last, which is what there is to read, half as much.
func narrowed(rows [][]string, width int) [][]string {
	widths := widthsOf(rows)
	if width > 0 && lineWidth(widths) > width {
		rows = withoutSilent(rows)
		widths = widthsOf(rows)
		text := textColumns(rows)
		for len(widths) > 1 && lineWidth(cutMost(widths, text)) > width {
			widths = widths[:len(widths)-1]
		}
		for lineWidth(widths) > width {
			i := widestText(widths, text)
			if i < 0 {
				break
			}
			widths[i]--
		}
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

// lineWidth is how long a row is whose columns are that wide.
func lineWidth(widths []int) int {
	total := -2
	for _, w := range widths {
		total += w + 2
	}
	return total
}

// cutMost is how wide columns are whose text is cut as far as it may be.
func cutMost(widths []int, text []bool) []int {
	least := slices.Clone(widths)
	for i := range least {
		if text[i] && i > 0 {
			least[i] = min(least[i], narrowest)
		}
	}
	return least
}

// widestText is the column whose text is cut next; -1 for none.
func widestText(widths []int, text []bool) int {
	widest, most := -1, 0
	for i := 1; i < len(widths); i++ {
		w := widths[i]
		if !text[i] || w <= narrowest {
			continue
		}
		if i == len(widths)-1 {
			w /= 2
		}
		if w > most {
			widest, most = i, w
		}
	}
	return widest
}

// textColumns says which columns hold text that can be cut.
func textColumns(rows [][]string) []bool {
	text := make([]bool, len(rows[0]))
	for _, row := range rows[1:] {
		for i, cell := range row {
			text[i] = text[i] || utf8.RuneCountInString(cell) > narrowest && !whole.MatchString(cell)
		}
	}
	return text
}

// withoutSilent leaves out the columns behind the first in which no row says
// anything.
func withoutSilent(rows [][]string) [][]string {
	says := make([]bool, len(rows[0]))
	says[0] = true
	for _, row := range rows[1:] {
		for i, cell := range row {
			says[i] = says[i] || cell != "" && cell != "-"
		}
	}
	out := make([][]string, len(rows))
	for n, row := range rows {
		for i, cell := range row {
			if says[i] {
				out[n] = append(out[n], cell)
			}
		}
	}
	return out
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
