package lint

import (
	"fmt"
	"io"
	"strings"
)

// WriteGitHub writes findings as workflow commands, which GitHub shows beside
// the lines of a pull request ("Workflow commands for GitHub Actions").
func WriteGitHub(w io.Writer, documents []Document) error {
	var b strings.Builder
	for i := range documents {
		d := &documents[i]
		for _, f := range d.Findings {
			word := map[string]string{"error": "error", "warning": "warning", "note": "notice"}[sarifLevel(f.Severity, f.Level)]
			at := d.span(f)
			fmt.Fprintf(&b, "::%s file=%s", word, commandProperty(d.File))
			if at.Start.Line > 0 {
				fmt.Fprintf(&b, ",line=%d,endLine=%d,col=%d,endColumn=%d",
					at.Start.Line, at.End.Line, d.runeColumn(at.Start), d.runeColumn(at.End))
			}
			fmt.Fprintf(&b, ",title=%s::%s\n", commandProperty(f.Code), commandText(f.sentence()))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// commandText and commandProperty keep a text from ending the command, or from
// beginning another.
func commandText(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(s)
}

func commandProperty(s string) string {
	return strings.NewReplacer(":", "%3A", ",", "%2C").Replace(commandText(s))
}
