package plot_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/berth-project/berth/internal/plot"
	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// drawn is anything that draws itself.
type drawn interface{ SVG(io.Writer) error }

func draw(t testing.TB, d drawn) string {
	t.Helper()
	var b bytes.Buffer
	if err := d.SVG(&b); err != nil {
		t.Fatalf("SVG: %v", err)
	}
	wellFormed(t, b.String())
	return b.String()
}

func wellFormed(t testing.TB, svg string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(svg))
	for {
		_, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatalf("the drawing is no XML: %v\n%s", err, svg)
		}
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := "testdata/" + name
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs (-want +got):\n%s", name, diff)
	}
}

var noon = time.Date(2026, 3, 5, 12, 0, 0, 0, time.UTC)

// minutes are n times, a minute apart.
func minutes(n int) []float64 {
	var out []time.Time
	for i := range n {
		out = append(out, noon.Add(time.Duration(i)*time.Minute))
	}
	return plot.Times(out)
}

// course is a series from a function of the place.
func course(name string, n int, f func(i float64) float64) plot.Series {
	s := plot.Series{Name: name}
	for i := range n {
		s.Values = append(s.Values, f(float64(i)))
	}
	return s
}

// charts are one of each sort.
func charts() map[string]plot.Chart {
	depth := plot.Chart{
		Title: "Runs that wait", X: minutes(60), XUnit: plot.Clock, Alone: true,
		Series: []plot.Series{
			course("acme", 60, func(i float64) float64 { return math.Round(900 * math.Exp(-i/20)) }),
			course("zeta", 60, func(i float64) float64 {
				if i > 20 && i < 26 {
					return math.NaN()
				}
				return 10 + math.Round(5*math.Sin(i/4))
			}),
		},
		Marks: []plot.Guide{{At: plot.Time(noon.Add(30 * time.Minute)), Name: "deploy"}},
	}
	share := plot.Chart{
		Title: "Share of the queue", Kind: plot.Shares, X: minutes(40), XUnit: plot.Clock, Alone: true,
		Guides: []plot.Guide{{At: 0.5, Name: "weight of acme"}},
	}
	for t := range 11 {
		share.Series = append(share.Series, course(fmt.Sprintf("tenant-%d", t), 40, func(i float64) float64 {
			if i == 0 {
				return 0
			}
			return float64(10-t) + float64(t)*math.Abs(math.Sin(i/7+float64(t)))
		}))
	}
	stacked := plot.Chart{
		Title: "Slots in use", Kind: plot.Stacked, X: minutes(30), XUnit: plot.Clock, Alone: true, Height: 160,
		Series: []plot.Series{
			course("cpu", 30, func(i float64) float64 { return 3 + math.Floor(i/10) }),
			course("gpu", 30, func(i float64) float64 { return math.Mod(i, 4) }),
		},
	}
	wait := plot.Chart{
		Title: "Wait", Unit: plot.Seconds, Log: true, X: []float64{1, 10, 100, 1000, 10000}, XName: "runs", Alone: true,
		Series: []plot.Series{
			{Name: "p50", Values: []float64{0.002, 0.004, 0.003, 0.01, 0.02}},
			{Name: "p99", Values: []float64{0.02, 0.08, 0.5, 4, 90}},
		},
	}
	return map[string]plot.Chart{"lines": depth, "shares": share, "stacked": stacked, "log": wait, "empty": {Title: "Nothing", Alone: true}}
}

func TestCharts(t *testing.T) {
	t.Parallel()
	for name, c := range charts() {
		golden(t, name+".svg", draw(t, c))
		var b bytes.Buffer
		if err := c.Table(&b); err != nil {
			t.Fatal(err)
		}
		wellFormed(t, b.String())
		golden(t, name+".table.html", b.String())
	}
}

func TestTimelines(t *testing.T) {
	t.Parallel()
	at := func(s float64) time.Time { return noon.Add(time.Duration(s * float64(time.Second))) }
	line := plot.Timeline{
		Title: "Steps of a run", Start: noon, End: at(95), Alone: true,
		Rows: []plot.Row{
			{Name: "probe", Href: "/runs/1/steps/probe", Spans: []plot.Span{
				{From: at(0), To: at(3), Class: "wait", Word: "waited"}, {From: at(3), To: at(9), Class: "ok", Word: "attempt 1 succeeded"},
			}},
			{Name: "transcode-of-a-very-long-name-that-nobody-can-read-at-once", Spans: []plot.Span{
				{From: at(9), To: at(20), Class: "fail", Word: "attempt 1 failed"},
				{From: at(20), To: at(40), Class: "retry", Word: "waited to try again"},
				{From: at(40), Class: "run", Word: "attempt 2 runs"},
			}},
			{Name: "short", Spans: []plot.Span{{From: at(9), To: at(9.01), Class: "ok", Word: "attempt 1 succeeded"}}},
			{Name: "publish"},
		},
	}
	got := draw(t, line)
	golden(t, "timeline.svg", got)
	for _, want := range []string{
		`role="group"`, `href="/runs/1/steps/probe"`, "<title>probe: waited 3s, attempt 1 succeeded 6s</title>", "attempt 2 runs 55s so far", `aria-label="Steps of a run: 4 rows over 1m35s"`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the timeline does not say %s", want)
		}
	}
	line.Rows = line.Rows[1:]
	if got := draw(t, line); !strings.Contains(got, `role="img"`) {
		t.Error("a timeline without links is no image")
	}
	if got := draw(t, plot.Timeline{Title: "empty"}); !strings.Contains(got, "0 rows") {
		t.Errorf("an empty timeline is %s", got)
	}
	if err := (plot.Timeline{Rows: make([]plot.Row, plot.MaxRows+1)}).SVG(io.Discard); err == nil {
		t.Error("a timeline of too many rows is drawn")
	}
}

func TestSparksAndStrips(t *testing.T) {
	t.Parallel()
	spark := draw(t, plot.Spark{Title: "requests", Values: []float64{0, 3, math.NaN(), 5, 4}})
	if want := `aria-label="requests: 4, from 0 to 5"`; !strings.Contains(spark, want) {
		t.Errorf("the spark says %s, want %s", spark, want)
	}
	draw(t, plot.Spark{})
	for _, c := range []struct {
		parts  []plot.Part
		blocks int
		says   string
	}{
		{[]plot.Part{{"ok", "succeeded", 8}, {"fail", "failed", 1}, {"run", "running", 0}, {"quiet", "not started", 5}}, 14, "steps: 8 succeeded, 1 failed, 5 not started"},
		{[]plot.Part{{"ok", "succeeded", 800}, {"fail", "failed", 1}}, 2, "steps: 800 succeeded, 1 failed"},
		{nil, 0, "steps"},
	} {
		got := draw(t, plot.Strip{Title: "steps", Parts: c.parts})
		if n := strings.Count(got, "<rect"); n != c.blocks || !strings.Contains(got, `aria-label="`+c.says+`"`) {
			t.Errorf("strip of %v = %d blocks: %s, want %d and %q", c.parts, n, got, c.blocks, c.says)
		}
	}
}

func TestRefusesWhatCannotBeDrawn(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]plot.Chart{
		"series \"a\" has 1 values for 2 places": {X: []float64{1, 2}, Series: []plot.Series{{Name: "a", Values: []float64{1}}}},
		"is no place behind the one before":      {X: []float64{2, 1}},
		"place 0 (NaN)":                          {X: []float64{math.NaN()}},
		"9 lines cannot be told apart":           {Series: make([]plot.Series, 9)},
		"are more than the 200000":               {X: make([]float64, plot.MaxValues+1)},
	} {
		var b bytes.Buffer
		if err := c.SVG(&b); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("SVG = %v, want %q", err, name)
		}
		if err := c.Table(&b); err == nil || b.Len() > 0 {
			t.Errorf("Table = %v after %d bytes, want %q", err, b.Len(), name)
		}
	}
}

func TestNoValueBreaksADrawing(t *testing.T) {
	t.Parallel()
	odd := []float64{0, 1, -1, 1e-300, 1e300, -1e300, math.MaxFloat64, math.NaN(), math.Inf(1), math.Inf(-1), 1e-9, 42}
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		n := r.IntN(6)
		c := plot.Chart{Kind: plot.Kind(r.IntN(3)), Unit: plot.Unit(r.IntN(5)), XUnit: plot.Unit(r.IntN(5)), Log: r.IntN(2) == 0}
		x := odd[r.IntN(4)]
		for i := range n {
			c.X = append(c.X, x+float64(i))
		}
		for range r.IntN(10) {
			s := plot.Series{}
			for range n {
				s.Values = append(s.Values, odd[r.IntN(len(odd))])
			}
			c.Series = append(c.Series, s)
		}
		if len(c.Series) > plot.MaxSeries && c.Kind == plot.Lines {
			continue
		}
		svg := draw(t, c)
		_, inside, _ := strings.Cut(svg, "\n")
		if strings.Contains(inside, `"NaN`) || strings.Contains(inside, "Inf") || strings.Contains(inside, " NaN") {
			t.Fatalf("%+v is drawn as %s", c, svg)
		}
		if strings.Count(svg, "tick") > 60 {
			t.Fatalf("%+v has too many ticks: %s", c, svg)
		}
	}
}

func TestManyValuesAreThinned(t *testing.T) {
	t.Parallel()
	const n = 100_000
	c := plot.Chart{X: make([]float64, n), Series: []plot.Series{{Name: "a", Values: make([]float64, n)}}}
	for i := range n {
		c.X[i] = float64(i)
	}
	c.Series[0].Values[77_777] = 5 // one peak, which must be seen
	before := append([]float64(nil), c.Series[0].Values...)
	svg := draw(t, c)
	if len(svg) > 20_000 {
		t.Errorf("the drawing has %d bytes, want some thousand", len(svg))
	}
	if !strings.Contains(svg, "from 0 to 5") {
		t.Errorf("the peak is lost: %.200s", svg)
	}
	if diff := cmp.Diff(before, c.Series[0].Values); diff != "" {
		t.Error("drawing changed the caller's values")
	}
}

func TestHostileTextIsOnlyText(t *testing.T) {
	t.Parallel()
	hostile := "\"><script>alert(1)</script>' \x00\x1b[31m\u202egnp.exe"
	c := plot.Chart{
		Title: hostile, X: []float64{1, 2}, XName: hostile, Marks: []plot.Guide{{At: 1, Name: hostile}}, Guides: []plot.Guide{{At: 1, Name: hostile}},
		Series: []plot.Series{{Name: hostile, Values: []float64{1, 2}}, {Name: hostile, Values: []float64{1, 2}}},
	}
	var table bytes.Buffer
	if err := c.Table(&table); err != nil {
		t.Fatal(err)
	}
	line := plot.Timeline{Title: hostile, Rows: []plot.Row{{Name: hostile, Href: hostile, Spans: []plot.Span{{From: noon, Class: hostile, Word: hostile}}}}}
	for name, got := range map[string]string{
		"chart": draw(t, c), "table": table.String(), "timeline": draw(t, line), "spark": draw(t, plot.Spark{Title: hostile}),
		"strip": draw(t, plot.Strip{Title: hostile, Parts: []plot.Part{{hostile, hostile, 1}}}),
	} {
		for _, banned := range []string{"<script", "\x1b", "\x00", "\u202e"} {
			if strings.Contains(got, banned) {
				t.Errorf("the %s holds %q", name, banned)
			}
		}
	}
}
