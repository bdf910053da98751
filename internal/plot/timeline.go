package plot

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"strings"
	"time"
)

// MaxRows bounds a timeline.
const MaxRows = 1000

// Timeline is what happened when to each of several things.
type Timeline struct {
	// Title says what is drawn.
	Title string
	// Start is where the drawing begins, End where it ends: what has not ended
	// is drawn up to there.
	Start, End time.Time
	// Rows are the things, from top to bottom.
	Rows []Row
	// Width is the size in pixels. Default: 960.
	Width float64
	// Alone adds a stylesheet, for a drawing that is a file of its own.
	Alone bool
}

// Row is one thing.
type Row struct {
	// Name is what it is called, Href where it leads; empty for nowhere.
	Name, Href string
	// Spans are in any order; later ones are drawn over earlier ones.
	Spans []Span
}

// Span is what was from one time to another.
type Span struct {
	// From is its begin. To is its end; zero: it has not ended.
	From, To time.Time
	// Class is how it is drawn: "wait", "run", "ok", "fail", "retry", "quiet".
	Class string
	// Word says what was: "attempt 1 failed".
	Word string
}

const (
	barRow    = 22
	barHeight = 12
	// waitHeight is that of spans in which nothing runs.
	waitHeight = 4
	// leastBar is how wide a span is at least: what was short is still seen.
	leastBar = 2
	nameRoom = 200
)

// SVG draws the timeline. Times are written as time since Start. The error says that
// there are too many rows.
func (t Timeline) SVG(w io.Writer) error {
	if err := t.check(); err != nil {
		return err
	}
	height := float64(len(t.Rows))*barRow + axisHeight + 4
	d := newDrawing("plot timeline", t.Title, fmt.Sprintf("%d rows over %s", len(t.Rows), seconds(t.length())), t.Width, height, t.Alone)
	if t.linked() {
		// The children of an image are not reached; links must be.
		replaced := bytes.Replace(d.Bytes(), []byte(`role="img"`), []byte(`role="group"`), 1)
		d.Buffer = *bytes.NewBuffer(replaced)
	}
	left := 0.0
	for _, r := range t.Rows {
		left = max(left, width(clip(r.Name, nameRoom)))
	}
	x := scale{0, t.length(), left + 12, t.Width - rightMargin, false}
	ticks, step := Seconds.ticks(0, t.length(), int((x.to-x.from)/xTickWidth))
	base := height - axisHeight
	for _, tick := range ticks {
		d.line("grid", x.at(tick), 0, x.at(tick), base)
		label, anchor := Seconds.format(tick, step), "middle"
		if x.at(tick)+width(label)/2 > t.Width {
			anchor = "end"
		}
		d.text("tick", anchor, x.at(tick), base+16, label)
	}
	for i, r := range t.Rows {
		t.row(d, x, float64(i)*barRow+2, r)
	}
	return d.end(w)
}

func (t *Timeline) check() error {
	t.Width = cmp.Or(t.Width, 960)
	if len(t.Rows) > MaxRows {
		return fmt.Errorf("timeline %q: %d rows are more than the %d that are drawn", t.Title, len(t.Rows), MaxRows)
	}
	if !t.End.After(t.Start) {
		t.End = t.Start.Add(time.Second)
	}
	return nil
}

func (t *Timeline) length() float64 { return t.End.Sub(t.Start).Seconds() }

func (t *Timeline) linked() bool {
	for _, r := range t.Rows {
		if r.Href != "" {
			return true
		}
	}
	return false
}

func (t *Timeline) row(d *drawing, x scale, y float64, r Row) {
	tag, href := "g", ""
	if r.Href != "" {
		tag, href = "a", fmt.Sprintf(` href="%s"`, text(r.Href))
	}
	fmt.Fprintf(d, `<%s class="row"%s><title>%s</title>`+"\n", tag, href, text(t.says(r)))
	d.rect("hit", 0, y-2, t.Width, barRow, "")
	d.text("name", "end", x.from-8, y+barHeight-1, clip(r.Name, nameRoom))
	for _, s := range r.Spans {
		from, to := t.place(x, s.From), t.place(x, t.endOf(s))
		// What waits is thin, and what failed has a sign: not by colour alone.
		top, high := y+1, float64(barHeight)
		if s.Class == "wait" || s.Class == "retry" {
			top, high = y+1+(barHeight-waitHeight)/2, waitHeight
		}
		from = min(from, x.to-leastBar)
		d.rect("bar "+text(s.Class), from, top, max(leastBar, to-from), high, t.saysSpan(s))
		if s.Class == "fail" && to-from >= barHeight {
			d.path("cross", fmt.Sprintf("M%s %sl6 6m0 -6l-6 6", px((from+to)/2-3), px(y+4)), t.saysSpan(s))
		}
	}
	fmt.Fprintf(d, "</%s>\n", tag)
}

func (t *Timeline) endOf(s Span) time.Time {
	if s.To.IsZero() {
		return t.End
	}
	return s.To
}

func (t *Timeline) place(x scale, at time.Time) float64 { return x.at(at.Sub(t.Start).Seconds()) }

// says reads a row: "probe: waited 2s, attempt 1 succeeded 4s".
func (t *Timeline) says(r Row) string {
	var parts []string
	for _, s := range r.Spans {
		parts = append(parts, t.saysSpan(s))
	}
	if len(parts) == 0 {
		return r.Name
	}
	return r.Name + ": " + strings.Join(parts, ", ")
}

func (t *Timeline) saysSpan(s Span) string {
	long := seconds(max(0, t.endOf(s).Sub(s.From).Seconds()))
	if s.To.IsZero() {
		long += " so far"
	}
	return strings.TrimSpace(s.Word + " " + long)
}
