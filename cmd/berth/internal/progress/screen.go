package progress

import (
	"fmt"
	"io"
	"strings"
)

// Screen shows a text at the end of a terminal and replaces it in place. What
// is written above scrolls away as usual; the last text stays.
type Screen struct {
	w    io.Writer
	last string
}

// NewScreen returns a screen on a terminal. The lines of its texts must be no
// wider, and no more, than the terminal shows.
func NewScreen(w io.Writer) *Screen { return &Screen{w: w} }

// Show replaces the text.
func (s *Screen) Show(text string) {
	if text == s.last {
		return
	}
	_, _ = io.WriteString(s.w, s.clear()+text)
	s.last = text
}

// Above writes lines before the text.
func (s *Screen) Above(lines string) {
	_, _ = io.WriteString(s.w, s.clear()+lines+s.last)
}

// clear goes to where the text begins and erases it.
func (s *Screen) clear() string {
	n := strings.Count(s.last, "\n")
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("\x1b[%dA\r\x1b[J", n)
}
