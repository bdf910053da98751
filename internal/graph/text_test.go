package graph_test

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/berth-project/berth/internal/graph"
)

func write(t testing.TB, l *graph.Layout, term graph.Terminal) string {
	t.Helper()
	var b bytes.Buffer
	if err := graph.Text(&b, l, term); err != nil {
		t.Fatalf("Text: %v", err)
	}
	return b.String()
}

func TestTextDrawings(t *testing.T) {
	t.Parallel()
	media := arrange(t, readGraph(t, "media"), graph.Options{})
	agenda := arrange(t, readGraph(t, "agenda-65"), graph.Options{})
	for _, c := range []struct {
		name string
		l    *graph.Layout
		term graph.Terminal
	}{
		{"media-120", media, graph.Terminal{Look: midway, Width: 120}},
		{"media-120-ascii", media, graph.Terminal{Look: midway, Width: 120, ASCII: true}},
		{"media-120-colour", media, graph.Terminal{Look: midway, Width: 120, Colour: true}},
		{"media-90", media, graph.Terminal{Look: midway, Width: 90}},
		{"media-60", media, graph.Terminal{Look: midway, Width: 60}},
		{"media-60-ascii", media, graph.Terminal{Look: midway, Width: 60, ASCII: true}},
		{"media-24", media, graph.Terminal{Look: midway, Width: 24}},
		{"agenda-65-80", agenda, graph.Terminal{}},
	} {
		golden(t, c.name+".text", []byte(write(t, c.l, c.term)))
	}
}

var colours = regexp.MustCompile("\x1b\\[[0-9;]*m")

func TestColourIsNeverAlone(t *testing.T) {
	t.Parallel()
	l := arrange(t, readGraph(t, "media"), graph.Options{})
	for _, width := range []int{60, 120} {
		with := write(t, l, graph.Terminal{Look: midway, Width: width, Colour: true})
		without := write(t, l, graph.Terminal{Look: midway, Width: width})
		if with == without {
			t.Errorf("width %d: there is no colour", width)
		}
		if got := colours.ReplaceAllString(with, ""); got != without {
			t.Errorf("width %d: without its colours the text is\n%s\nwant\n%s", width, got, without)
		}
		for _, word := range []string{"succeeded", "running", "retries", "failed", "waits", "not started"} {
			if !strings.Contains(without, word) {
				t.Errorf("width %d: no word says %q", width, word)
			}
		}
	}
}

func TestLinesFit(t *testing.T) {
	t.Parallel()
	for seed := range uint64(30) {
		l := arrange(t, random(seed, 10+int(seed)*2, 20+int(seed)*2, 8), graph.Options{})
		for _, width := range []int{20, 40, 80, 160} {
			for line := range strings.Lines(write(t, l, graph.Terminal{Width: width, Look: func(n graph.Node) graph.Look {
				return graph.Look{Word: "running", Detail: n.ID}
			}})) {
				if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > width {
					t.Errorf("seed %d: a line of %d characters, want at most %d: %s", seed, n, width, line)
				}
			}
		}
	}
}

// TestLinesLeadWhereEdgesDo follows the lines of drawings. They may join where two
// edges lead to one node, so more may be found than there are, but none less.
func TestLinesLeadWhereEdgesDo(t *testing.T) {
	t.Parallel()
	pictures := 0
	for seed := range uint64(200) {
		nodes := 3 + int(seed)%14
		g := random(seed, nodes, nodes+int(seed)%7, 1+int(seed)%9)
		l := arrange(t, g, graph.Options{})
		text := write(t, l, graph.Terminal{Width: 900})
		if strings.Contains(text, "needs") {
			continue
		}
		pictures++
		found := follow(text)
		for _, e := range l.Edges {
			if !found[e.Edge] {
				t.Fatalf("seed %d: no line leads from %s to %s:\n%s", seed, e.From, e.To, text)
			}
		}
		// Where nodes have one parent each, nothing joins.
		single := true
		parents := map[string]int{}
		for _, e := range l.Edges {
			parents[e.To]++
			single = single && parents[e.To] == 1
		}
		if single && len(found) != len(l.Edges) {
			t.Errorf("seed %d: %d connections are drawn, want %d:\n%s", seed, len(found), len(l.Edges), text)
		}
	}
	if pictures < 100 {
		t.Errorf("%d pictures were drawn, want most of 200", pictures)
	}
}

var nodeName = regexp.MustCompile(`n[0-9]+`)

// follow finds the nodes that lines of a drawing connect, from left to right.
func follow(text string) map[graph.Edge]bool {
	var lines [][]rune
	starts := map[[2]int]string{}
	ends := map[[2]int]string{}
	for y, line := range strings.Split(text, "\n") {
		runes := []rune(line)
		lines = append(lines, runes)
		for _, at := range nodeName.FindAllStringIndex(line, -1) {
			first, last := utf8.RuneCountInString(line[:at[0]]), utf8.RuneCountInString(line[:at[1]])
			ends[[2]int{y, first - 3}] = line[at[0]:at[1]]
			starts[[2]int{y, last + 1}] = line[at[0]:at[1]]
		}
	}
	found := map[graph.Edge]bool{}
	for at, name := range starts {
		w := walk{lines: lines, ends: ends, seen: map[[3]int]bool{}}
		w.go_(at[0], at[1], 'r')
		for _, to := range w.reached {
			found[graph.Edge{From: name, To: to}] = true
		}
	}
	return found
}

type walk struct {
	lines   [][]rune
	ends    map[[2]int]string
	seen    map[[3]int]bool
	reached []string
}

// go_ enters a cell in a direction: right, up or down.
func (w *walk) go_(y, x int, d rune) {
	if y < 0 || y >= len(w.lines) || x >= len(w.lines[y]) || w.seen[[3]int{y, x, int(d)}] {
		return
	}
	w.seen[[3]int{y, x, int(d)}] = true
	if to, ok := w.ends[[2]int{y, x}]; ok && d == 'r' {
		w.reached = append(w.reached, to)
		return
	}
	cell := w.lines[y][x]
	if cell == '│' && d == 'r' {
		w.go_(y, x+1, d) // the line goes on behind it
		return
	}
	leaves := map[rune]string{
		'─': "lr", '│': "ud", '╮': "ld", '╯': "lu", '╭': "rd", '╰': "ru", '┤': "lud", '├': "rud", '┬': "lrd", '┴': "lru", '┼': "lrud",
	}[cell]
	entered := map[rune]string{'r': "l", 'u': "d", 'd': "u"}[d]
	if !strings.Contains(leaves, entered) {
		return
	}
	for _, next := range []struct {
		d    rune
		y, x int
	}{{'r', y, x + 1}, {'u', y - 1, x}, {'d', y + 1, x}} {
		if strings.ContainsRune(leaves, next.d) && string(next.d) != entered {
			w.go_(next.y, next.x, next.d)
		}
	}
}

func TestWideCharactersKeepTheirPlaces(t *testing.T) {
	t.Parallel()
	g := parse("a b\nb")
	g.Nodes[0].Label = "取得する"
	got := write(t, arrange(t, g, graph.Options{}), graph.Terminal{})
	if want := "○ 取得する ── ○ b\n"; got != want {
		t.Errorf("Text = %q, want %q", got, want)
	}
	ascii := write(t, arrange(t, g, graph.Options{}), graph.Terminal{ASCII: true})
	if strings.ContainsFunc(ascii, func(r rune) bool { return r > 126 }) {
		t.Errorf("Text = %q, want ASCII", ascii)
	}
}

func TestTheListNamesEveryNodeOnce(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		g := random(seed, 300, 400, 50)
		text := write(t, arrange(t, g, graph.Options{}), graph.Terminal{Width: 200})
		var names, want []string
		for line := range strings.Lines(text) {
			line, _, _ = strings.Cut(line, "needs")
			names = append(names, nodeName.FindString(line))
		}
		for i := range 300 {
			want = append(want, fmt.Sprintf("n%d", i))
		}
		slices.Sort(names)
		slices.Sort(want)
		if !slices.Equal(names, want) {
			t.Errorf("seed %d: the list has %d names, want each of %d once", seed, len(names), len(want))
		}
	}
}
