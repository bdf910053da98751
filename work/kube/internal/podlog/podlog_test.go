package podlog_test

import (
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/work/kube/internal/podlog"
)

// answer returns a log as Kubernetes does: from a second on, and no further
// than the connection lasts.
func answer(log []string, since time.Time, cut int) string {
	var out strings.Builder
	for _, line := range log {
		stamp, _, _ := strings.Cut(line, " ")
		at, err := time.Parse(time.RFC3339Nano, stamp)
		if err != nil || !at.Before(since) {
			out.WriteString(line)
		}
	}
	text := out.String()
	return text[:min(len(text), cut)]
}

func TestEachLineIsReadOnce(t *testing.T) {
	t.Parallel()
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 1))
		now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
		var log, want []string
		for i := range 1 + r.IntN(30) {
			text := fmt.Sprint("line ", i)
			if r.IntN(6) == 0 {
				text = strings.Repeat("long ", r.IntN(100))
			}
			log = append(log, now.Format(time.RFC3339Nano)+" "+text+"\n")
			want = append(want, text)
			// Often the same time, and often the same second.
			now = now.Add([]time.Duration{0, 1, time.Millisecond, 700 * time.Millisecond, 3 * time.Second}[r.IntN(5)])
		}
		var c podlog.Cursor
		var got strings.Builder
		read := func(cut int, whole bool) {
			if _, err := io.Copy(&got, c.Lines(strings.NewReader(answer(log, c.Since(), cut)), whole, func([]byte) {})); err != nil {
				t.Fatal(err)
			}
		}
		for range r.IntN(20) {
			read(r.IntN(400), false)
		}
		read(1<<20, true)
		if diff := cmp.Diff(strings.Join(want, "\n")+"\n", got.String()); diff != "" {
			t.Fatalf("seed %d (-want +got):\n%s", seed, diff)
		}
	}
}

func FuzzLines(f *testing.F) {
	f.Add("2026-03-01T00:00:00.5Z hello\n2026-03-01T00:00:00.5Z\nno time\n", true)
	f.Add("2026-03-01T00:00:00Z "+strings.Repeat("x", 70_000)+"\nHandlerComplete", false)
	f.Fuzz(func(t *testing.T, text string, whole bool) {
		var c podlog.Cursor
		heard := 0
		var got strings.Builder
		if _, err := io.Copy(&got, c.Lines(strings.NewReader(text), whole, func(line []byte) { heard += len(line) })); err != nil {
			t.Fatal(err)
		}
		if heard != got.Len() {
			t.Fatalf("heard %d bytes of %d", heard, got.Len())
		}
		if got.Len() > len(text)+strings.Count(text, "\n")+1 {
			t.Fatalf("%q became %q, which is more", text, got.String())
		}
	})
}
