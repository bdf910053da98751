package tables_test

import (
	"errors"
	"maps"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/berth-project/berth/work/internal/tables"
	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/workflow/machine"
)

func FuzzEscape(f *testing.F) {
	for _, s := range []string{"", "plain", "ünï", "a\x00b", "\x1d", "\x1dx00", "\xff\xfe", "\x1dx0", "x1d"} {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		e := tables.Escape(a)
		if !utf8.ValidString(e) || strings.ContainsRune(e, 0) {
			t.Errorf("Escape(%q) = %q, which a database may refuse", a, e)
		}
		if got := tables.Unescape(e); got != a {
			t.Errorf("Unescape(Escape(%q)) = %q", a, got)
		}
		if (e == tables.Escape(b)) != (a == b) {
			t.Errorf("Escape(%q) = %q and Escape(%q) = %q", a, e, b, tables.Escape(b))
		}
	})
}

func FuzzLabels(f *testing.F) {
	f.Add("k", "v", "l", "w")
	f.Add("", "", "k", "")
	f.Add("a\x1eb", "\x1f", "\x1d", "\x00\xff")
	f.Add("a", "b\x1ec\x1fd", "c", "d")
	f.Fuzz(func(t *testing.T, k1, v1, k2, v2 string) {
		labels := map[string]string{k1: v1, k2: v2}
		text := tables.LabelText(labels)
		if got := tables.ParseLabels(text); !maps.Equal(got, labels) {
			t.Errorf("ParseLabels(LabelText(%q)) = %q", labels, got)
		}
		if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
			t.Errorf("LabelText(%q) = %q, which a database may refuse", labels, text)
		}
		for _, k := range []string{k1, k2, v1, ""} {
			for _, v := range []string{v1, v2, k2, ""} {
				value, there := labels[k]
				if got, want := strings.Contains(text, tables.LabelPart(k, v)), there && value == v; got != want {
					t.Errorf("%q contains the part of %q=%q: %v, want %v", text, k, v, got, want)
				}
			}
		}
	})
}

func FuzzParsePosition(f *testing.F) {
	for _, s := range []string{"", "f", "f0-0", "f0-1_1-zz", "f-", "f0", "x", "f0-1_", "f10000000000000-1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := tables.ParsePosition(text)
		if err != nil {
			if !errors.Is(err, store.ErrCursor) {
				t.Errorf("ParsePosition(%q): %v, want ErrCursor", text, err)
			}
			return
		}
		again, err := tables.ParsePosition(p.String())
		if err != nil || !maps.Equal(p, again) {
			t.Errorf("ParsePosition(%q) = %v, and %v, %v of its text", text, p, again, err)
		}
	})
}

func TestACursorThatIsTooLongIsRefused(t *testing.T) {
	t.Parallel()
	long := "f0-1" + strings.Repeat("_0-1", 50_000)
	if _, err := tables.ParsePosition(long); !errors.Is(err, store.ErrCursor) {
		t.Errorf("ParsePosition of %d bytes: %v, want ErrCursor", len(long), err)
	}
}

func TestPlacesFollowBatchesWithinEachStatus(t *testing.T) {
	t.Parallel()
	place := func(seq uint64, i int) tables.Place {
		p, err := tables.PlaceOf(seq, i)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	order := []tables.Place{0, place(1, 0), place(1, 1), place(1, tables.MaxFinal-1), place(2, 0), place(1<<40, 7)}
	for _, status := range tables.Final {
		for i, p := range order {
			done := p.Done(status)
			if got := tables.FromDone(done); got != p {
				t.Errorf("FromDone(%d.Done(%v)) = %d", p, status, got)
			}
			if (done >= tables.Unsuccessful) != (status != machine.Succeeded) {
				t.Errorf("%d.Done(%v) = %d, which is not on the right side of Unsuccessful", p, status, done)
			}
			for j, from := range order {
				above, below := from.Range(status)
				if got := done > above && done < below; got != (i > j) {
					t.Errorf("the range behind place %d of status %v has place %d: %v, want %v", j, status, i, got, i > j)
				}
			}
		}
	}
	if got, want := tables.EndOf(1), place(1, tables.MaxFinal-1); got != want {
		t.Errorf("EndOf(1) = %d, want %d", got, want)
	}
	if _, err := tables.PlaceOf(1, tables.MaxFinal); err == nil {
		t.Errorf("PlaceOf(1, %d) succeeded, want an error", tables.MaxFinal)
	}
}

func TestMergeTakesEachShardInItsOrder(t *testing.T) {
	t.Parallel()
	run := func(id int, finished store.Millis, place tables.Place) tables.Placed {
		return tables.Placed{Summary: store.Summary{Version: id, Finished: finished}, Place: place}
	}
	lanes := func() []tables.Lane {
		return []tables.Lane{
			{Shard: 0, Runs: []tables.Placed{run(2, 5, 20), run(1, 10, 10)}, Whole: true, End: 99}, // its clock went back
			{Shard: 1, Runs: []tables.Placed{run(3, 7, 5), run(4, 20, 6)}, Whole: true, End: 66},
			{Shard: 2, Whole: true, End: 33},
			{Shard: 3, Runs: []tables.Placed{run(5, 30, 1)}, End: 44},
		}
	}
	for _, c := range []struct {
		limit int
		want  []int
		pos   tables.Position
	}{
		{0, nil, tables.Position{2: 33, 3: 7}},
		{1, []int{3}, tables.Position{1: 5, 2: 33, 3: 7}},
		{3, []int{3, 1, 2}, tables.Position{0: 99, 1: 5, 2: 33, 3: 7}},
		{9, []int{3, 1, 2, 4, 5}, tables.Position{0: 99, 1: 66, 2: 33, 3: 1}},
	} {
		pos := tables.Position{3: 7}
		var got []int
		for _, s := range tables.Merge(lanes(), pos, c.limit) {
			got = append(got, s.Version)
		}
		if diff := cmp.Diff(c.want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("Merge of %d (-want +got):\n%s", c.limit, diff)
		}
		if diff := cmp.Diff(c.pos, pos); diff != "" {
			t.Errorf("position after Merge of %d (-want +got):\n%s", c.limit, diff)
		}
	}
}
