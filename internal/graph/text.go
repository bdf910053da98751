package graph

import (
	"bytes"
	"fmt"
	"io"
	"strings"
)

// Terminal says how a layout is drawn with characters.
type Terminal struct {
	// Look says how a node looks now. nil: no node has a state.
	Look func(Node) Look
	// Width is how many characters a line may have. Default: 80.
	Width int
	// Colour adds colours to the signs of states: the sixteen every terminal has.
	Colour bool
	// ASCII keeps to characters every terminal can show.
	ASCII bool
	// List writes the list even where the drawing would fit.
	List bool
}

const (
	// pictureNodes is up to how many nodes a drawing of characters is of use.
	pictureNodes = 200
	// widestTerminal bounds a line.
	widestTerminal = 1000
	// longestLabel is how much of a label a drawing shows.
	longestLabel = 28
)

// Text draws a layout with characters, edges leading to the right. A drawing that
// is too wide or too large becomes an indented list: each node stands below the last
// of those it comes after, and names all of them where they are more than one.
func Text(w io.Writer, l *Layout, t Terminal) error {
	if t.Width <= 0 {
		t.Width = 80
	}
	t.Width = min(t.Width, widestTerminal)
	var b bytes.Buffer
	if !t.picture(&b, l) {
		b.Reset()
		t.list(&b, l)
	}
	_, err := w.Write(b.Bytes())
	return err
}

// picture draws all parts, with details if there is room, and reports whether they
// fit.
func (t Terminal) picture(b *bytes.Buffer, l *Layout) bool {
	if t.List || len(l.Nodes) > pictureNodes {
		return false
	}
	for _, details := range []bool{true, false} {
		b.Reset()
		fits := true
		for _, s := range l.parts {
			c := newChart(s, l, t, details)
			if c.width > t.Width {
				fits = false
				break
			}
			c.draw(b)
		}
		if fits {
			t.legend(b, l)
			return true
		}
	}
	return false
}

// legend says in words what the signs of the drawing mean.
func (t Terminal) legend(b *bytes.Buffer, l *Layout) {
	words := map[Kind][]string{}
	seen := map[string]bool{}
	for _, n := range l.Nodes {
		look := t.look(n.Node)
		if look.Word != "" && !seen[look.Word] {
			seen[look.Word] = true
			words[look.Kind] = append(words[look.Kind], look.Word)
		}
	}
	var line []string
	for _, k := range [kinds]Kind{Done, Running, Retrying, Failed, Waiting, Quiet} {
		if w := words[k]; len(w) > 0 {
			line = append(line, t.sign(k)+" "+strings.Join(w, ", "))
		}
	}
	if len(line) > 0 {
		fmt.Fprintf(b, "\n%s\n", strings.Join(line, "   "))
	}
}

func (t Terminal) look(n Node) Look {
	if t.Look == nil {
		return Look{}
	}
	look := t.Look(n)
	look.Word, look.Detail = strings.Map(readable, look.Word), strings.Map(readable, look.Detail)
	return look
}

// sign is the sign of a kind in its colour.
func (t Terminal) sign(k Kind) string {
	sign, ascii := k.Sign()
	if t.ASCII {
		sign = ascii
	}
	return t.paint(k, sign)
}

// paint colours a text as its kind: the default for what is of no interest.
func (t Terminal) paint(k Kind, s string) string {
	if !t.Colour || k < 0 || k >= kinds {
		return s
	}
	return [kinds]string{Quiet: "\x1b[2m", Waiting: "\x1b[33m", Running: "\x1b[36m", Done: "\x1b[32m", Retrying: "\x1b[1;33m", Failed: "\x1b[1;31m"}[k] + s + "\x1b[0m"
}

// name is the label of a node as terminals can show it.
func (t Terminal) name(n Node) string {
	name := strings.Map(readable, n.label())
	if !t.ASCII {
		return name
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r == '×':
			return 'x'
		case r > 126:
			return '?'
		}
		return r
	}, name)
}
