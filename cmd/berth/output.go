package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/berth-project/berth/internal/diagnostic"
)

// printJSON writes one JSON document on one line.
func (c *cli) printJSON(v any) error {
	enc := json.NewEncoder(c.stdout)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// printList writes a list: one JSON document a line, or a table.
func printList[T any](c *cli, items []T, header []string, row func(T) []string) error {
	if c.json {
		for _, it := range items {
			if err := c.printJSON(it); err != nil {
				return err
			}
		}
		return nil
	}
	if len(items) == 0 {
		fmt.Fprintln(c.stderr, "none")
		return nil
	}
	rows := [][]string{header}
	for _, it := range items {
		rows = append(rows, row(it))
	}
	return c.writeTable(rows)
}

// style says whether stderr takes colour: a terminal, NO_COLOR unset and TERM
// not dumb.
func (c *cli) style() diagnostic.Style {
	return diagnostic.Style{Color: c.colored(c.stderr)}
}

func (c *cli) colored(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd())) && c.getenv("NO_COLOR") == "" && c.getenv("TERM") != "dumb"
}

func (c *cli) getenv(name string) string {
	for i := len(c.environ) - 1; i >= 0; i-- {
		if v, ok := strings.CutPrefix(c.environ[i], name+"="); ok {
			return v
		}
	}
	return ""
}
