package diagnostic_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/internal/diagnostic"
)

func written(t *testing.T, style diagnostic.Style, problems ...*diagnostic.Problem) string {
	t.Helper()
	var b bytes.Buffer
	if err := diagnostic.Write(&b, problems, style); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestWriteShowsTheLineAndTheCaret(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name    string
		problem diagnostic.Problem
		want    string
	}{
		{"everything", diagnostic.Problem{
			Code: "B0107", Message: `unknown key "procces" in a route`, File: "berth.yaml", Line: 23, Column: 26, Width: 7,
			Label: "not a key of a route", Help: `did you mean "process"?`, Notes: []string{"keys here: path, process"},
			Source: "    - {path: /survey/**, procces: back}",
		}, `error[B0107]: unknown key "procces" in a route
  --> berth.yaml:23:26
   |
23 |     - {path: /survey/**, procces: back}
   |                          ^^^^^^^ not a key of a route
   |
   = help: did you mean "process"?
   = note: keys here: path, process
`},
		{"message alone", diagnostic.Problem{Message: "is empty", File: "a.yaml"}, "error: is empty\n --> a.yaml\n"},
		{"whole file with help", diagnostic.Problem{Code: "B1", Message: "is empty", File: "a.yaml", Help: "fill it"}, "error[B1]: is empty\n --> a.yaml\n  = help: fill it\n"},
		{"no source shows no excerpt", diagnostic.Problem{Message: "m", File: "f", Line: 3, Column: 9, Width: 4, Help: "h"}, "error: m\n --> f:3:9\n  = help: h\n"},
		{"warning", diagnostic.Problem{Severity: diagnostic.Warning, Code: "B2", Message: "m", File: "f"}, "warning[B2]: m\n --> f\n"},
		{"security", diagnostic.Problem{Severity: diagnostic.Security, Code: "SEC_X", Message: "m", File: "f"}, "security[SEC_X]: m\n --> f\n"},
		{"suggestion", diagnostic.Problem{Severity: diagnostic.Suggestion, Code: "LP_X", Message: "m", File: "f"}, "suggestion[LP_X]: m\n --> f\n"},
		{
			"tabs",
			diagnostic.Problem{Message: "m", File: "f", Line: 1, Column: 4, Width: 1, Source: "\ta\tb"},
			"error: m\n --> f:1:4\n  |\n1 |     a   b\n  |         ^\n",
		},
		{
			"wide characters take two columns",
			diagnostic.Problem{Message: "m", File: "f", Line: 1, Column: 7, Width: 6, Source: "日本語字x"},
			"error: m\n --> f:1:7\n  |\n1 | 日本語字x\n  |     ^^^^\n",
		},
		{
			"combining marks take none",
			diagnostic.Problem{Message: "m", File: "f", Line: 1, Column: 4, Width: 1, Source: "e\u0301x"},
			"error: m\n --> f:1:4\n  |\n1 | e\u0301x\n  |  ^\n",
		},
		{
			"CRLF",
			diagnostic.Problem{Message: "m", File: "f", Line: 1, Column: 2, Width: 1, Source: "ab\r\n"},
			"error: m\n --> f:1:2\n  |\n1 | ab\n  |  ^\n",
		},
		{
			"past the end of the line",
			diagnostic.Problem{Message: "m", File: "f", Line: 1, Column: 3, Width: 9, Source: "ab"},
			"error: m\n --> f:1:3\n  |\n1 | ab\n  |   ^\n",
		},
		{
			"control characters cannot reach the terminal",
			diagnostic.Problem{Message: "a\x1b[2Jb\nc", File: "f\x07", Line: 1, Column: 1, Width: 1, Source: "x\x1b[31m\u202ey"},
			"error: a�[2Jb�c\n --> f�:1:1\n  |\n1 | x�[31m�y\n  | ^\n",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tc.want, written(t, diagnostic.Style{}, &tc.problem)); diff != "" {
				t.Errorf("Write (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWriteCutsLongLinesAroundTheCaret(t *testing.T) {
	t.Parallel()
	line := strings.Repeat("a", 300) + "BAD" + strings.Repeat("b", 300)
	got := written(t, diagnostic.Style{}, &diagnostic.Problem{Message: "m", File: "f", Line: 1, Column: 301, Width: 3, Source: line})
	lines := strings.Split(got, "\n")
	text, caret := strings.ReplaceAll(lines[3], "…", "~"), lines[4] // one byte for one column
	if at := strings.Index(caret, "^^^"); at < 0 || at+3 > len(text) || text[at:at+3] != "BAD" {
		t.Errorf("the caret is not below BAD:\n%s", got)
	}
	if len(text) > 140 || !strings.Contains(text, "| ~a") || !strings.HasSuffix(text, "b~") {
		t.Errorf("the line is not cut at both ends:\n%s", got)
	}
}

func TestWriteSortsAndCounts(t *testing.T) {
	t.Parallel()
	var list diagnostic.List
	for i := range 25 {
		list = append(list, &diagnostic.Problem{Message: fmt.Sprintf("number %d.", 25-i), File: "f", Line: 25 - i, Column: 1})
	}
	got := written(t, diagnostic.Style{}, list...)
	if first, second := strings.Index(got, "number 1."), strings.Index(got, "number 2."); first < 0 || second < first {
		t.Errorf("not sorted by position:\n%s", got)
	}
	if strings.Contains(got, "number 21.") || !strings.HasSuffix(got, "and 5 more\n") {
		t.Errorf("not 20 and a count:\n%s", got)
	}
	if list[0].Line != 25 {
		t.Error("Write changed the order of the list it was given")
	}
}

func TestColourIsOnlyByArgument(t *testing.T) {
	t.Parallel()
	p := &diagnostic.Problem{Message: "m", File: "f", Line: 1, Column: 1, Source: "x", Help: "h"}
	plain, colour := written(t, diagnostic.Style{}, p), written(t, diagnostic.Style{Color: true}, p)
	if strings.Contains(plain, "\x1b") {
		t.Errorf("plain style has escape sequences: %q", plain)
	}
	stripped := colour
	for _, seq := range []string{"\x1b[1m", "\x1b[1;31m", "\x1b[36m", "\x1b[0m"} {
		stripped = strings.ReplaceAll(stripped, seq, "")
	}
	if stripped != plain || colour == plain {
		t.Errorf("coloured %q does not read as %q", colour, plain)
	}
}

func TestWriteJSON(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	err := diagnostic.WriteJSON(&b, diagnostic.List{
		{Code: "B2", Message: "second", File: "f", Line: 2, Column: 1, Source: "hidden"},
		{Severity: diagnostic.Warning, Code: "B1", Message: "first <x>", File: "f", Line: 1, Column: 4, Path: "a.b", Help: "h", Notes: []string{"n"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := `{"severity":"warning","code":"B1","message":"first <x>","file":"f","line":1,"column":4,"path":"a.b","help":"h","notes":["n"]}
{"severity":"error","code":"B2","message":"second","file":"f","line":2,"column":1}
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("WriteJSON (-want +got):\n%s", diff)
	}
	for line := range strings.Lines(b.String()) {
		var back diagnostic.Problem
		if err := json.Unmarshal([]byte(line), &back); err != nil {
			t.Errorf("%q cannot be read: %v", line, err)
		}
		if again, err := json.Marshal(back); err != nil || !strings.Contains(line, string(again[:20])) {
			t.Errorf("%q is read as %+v", line, back)
		}
	}
	var p diagnostic.Problem
	if err := json.Unmarshal([]byte(`{"severity":"dire"}`), &p); err == nil {
		t.Errorf("a severity that is not known is read as %v", p.Severity)
	}
}

func TestErrorTexts(t *testing.T) {
	t.Parallel()
	p := &diagnostic.Problem{Message: "bad", File: "f", Line: 2, Column: 3, Help: "do"}
	if got, want := p.Error(), "f:2:3: bad (do)"; got != want {
		t.Errorf("Error() = %q, want %q", got, want)
	}
	list := diagnostic.List{p, {Message: "all of it", File: "g"}}
	if got, want := list.Err().Error(), "f:2:3: bad (do)\ng: all of it"; got != want {
		t.Errorf("Err() = %q, want %q", got, want)
	}
	if err := (diagnostic.List{}).Err(); err != nil {
		t.Errorf("an empty list is the error %v", err)
	}
}

type brokenWriter struct{}

var errBroken = errors.New("broken")

func (brokenWriter) Write([]byte) (int, error) { return 0, errBroken }

func TestWriteReportsABrokenStream(t *testing.T) {
	t.Parallel()
	list := diagnostic.List{{Message: "m", File: "f"}}
	if err := diagnostic.Write(brokenWriter{}, list, diagnostic.Style{}); !errors.Is(err, errBroken) {
		t.Errorf("Write() = %v, want %v", err, errBroken)
	}
	if err := diagnostic.WriteJSON(brokenWriter{}, list); !errors.Is(err, errBroken) {
		t.Errorf("WriteJSON() = %v, want %v", err, errBroken)
	}
}

func TestCatalogueIsCompleteAndOrdered(t *testing.T) {
	t.Parallel()
	last := ""
	for _, c := range diagnostic.Codes() {
		if c.Code <= last || len(c.Code) != 5 || c.Code[0] != 'B' {
			t.Errorf("code %q after %q: want B and four digits, in order, once", c.Code, last)
		}
		last = c.Code
		if c.Title == "" || len(c.Text) < 20 || c.Text != strings.TrimSpace(c.Text) {
			t.Errorf("%s has no title or text", c.Code)
		}
		if got, ok := diagnostic.Explain(strings.ToLower(c.Code)); !ok || got != c {
			t.Errorf("Explain(%q) = %v, %v", strings.ToLower(c.Code), got, ok)
		}
	}
	if _, ok := diagnostic.Explain("B9999"); ok {
		t.Error("Explain(B9999) knows a code there is not")
	}
}

func FuzzWrite(f *testing.F) {
	f.Add("abc", 1, 2, "m")
	f.Add("\t日\u0301", 3, 90, "x\n")
	f.Fuzz(func(t *testing.T, source string, column, width int, message string) {
		if width > 1<<16 {
			return
		}
		var b bytes.Buffer
		p := &diagnostic.Problem{Message: message, File: "f", Line: 1, Column: column, Width: width, Source: source}
		if err := diagnostic.Write(&b, diagnostic.List{p}, diagnostic.Style{}); err != nil {
			t.Fatal(err)
		}
		if strings.ContainsFunc(b.String(), func(r rune) bool { return r < 0x20 && r != '\n' }) {
			t.Errorf("a control character came through: %q", b.String())
		}
		if n := strings.Count(b.String(), "\n"); n > 5 {
			t.Errorf("%d lines for one problem: %q", n, b.String())
		}
	})
}

func ExampleWrite() {
	problems := diagnostic.List{{
		Code: "B0107", Message: `unknown key "procces" in a route`,
		File: "berth.yaml", Line: 23, Column: 26, Width: 7, Label: "not a key of a route",
		Source: "    - {path: /survey/**, procces: back}",
		Help:   `did you mean "process"?`,
	}}
	_ = diagnostic.Write(os.Stdout, problems, diagnostic.Style{})
	// Output:
	// error[B0107]: unknown key "procces" in a route
	//   --> berth.yaml:23:26
	//    |
	// 23 |     - {path: /survey/**, procces: back}
	//    |                          ^^^^^^^ not a key of a route
	//    |
	//    = help: did you mean "process"?
}
