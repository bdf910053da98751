package transcript_test

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/secret"
	"github.com/berth-project/berth/work/internal/transcript"
	"github.com/berth-project/berth/workflow/machine"
)

// recorder is a reporter that remembers.
type recorder struct {
	mu       sync.Mutex
	progress []transcript.Progress
	saved    []string
	log      bytes.Buffer
	lines    chan string
}

func (r *recorder) Progress(percent float64, message string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.progress = append(r.progress, transcript.Progress{Percent: percent, Message: message})
}

func (r *recorder) Save(state json.RawMessage) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.saved = append(r.saved, string(state))
}

func (r *recorder) Log(lines []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.log.Write(lines)
	if r.lines != nil {
		r.lines <- string(lines)
	}
}

func read(t *testing.T, cfg transcript.Config, text string) (*recorder, *transcript.Transcript) {
	t.Helper()
	r := &recorder{}
	cfg.Report = r
	tr := transcript.New(cfg)
	if err := tr.Read(strings.NewReader(text)); err != nil {
		t.Fatalf("Read(%q) = %v", text, err)
	}
	return r, tr
}

func TestDirectivesAreObeyedAndNotLogged(t *testing.T) {
	t.Parallel()
	r, _ := read(t, transcript.Config{}, "begin\n::progress 12.5 first half\r\n::save {\"job\":1}\n::progress 100%\nend")
	if got, want := r.log.String(), "begin\nend\n"; got != want {
		t.Errorf("log = %q, want %q", got, want)
	}
	want := []transcript.Progress{{Percent: 12.5, Message: "first half"}, {Percent: 100}}
	if diff := cmp.Diff(want, r.progress); diff != "" {
		t.Errorf("progress (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{`{"job":1}`}, r.saved); diff != "" {
		t.Errorf("saved (-want +got):\n%s", diff)
	}
}

func TestLinesThatOnlyResembleDirectivesAreLogged(t *testing.T) {
	t.Parallel()
	for _, line := range []string{
		"::progress", "::progress x", "::progress 101", "::progress -1", "::progress NaN", "::progress Inf",
		"::save", "::save {", "::save {} {}", ":progress 4", "::progress40", " ::progress 40",
		`::fail {"code":""}`, `::fail {"code":"a b"}`, `::fail {"code":"a"} x`, `::fail {"code":"a","other":1}`, "::fail a",
	} {
		r, _ := read(t, transcript.Config{}, line+"\n")
		if got := r.log.String(); got != line+"\n" || r.progress != nil || r.saved != nil {
			t.Errorf("log of %q = %q, progress %v, saved %v; want it logged only", line, got, r.progress, r.saved)
		}
	}
}

func TestALineIsLoggedWhileTheNextIsIncomplete(t *testing.T) {
	t.Parallel()
	r := &recorder{lines: make(chan string, 1)}
	in, out := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- transcript.New(transcript.Config{Report: r}).Read(in) }()
	if _, err := io.WriteString(out, "whole\npar"); err != nil {
		t.Fatal(err)
	}
	if got := <-r.lines; got != "whole\n" {
		t.Errorf("first lines logged = %q, want %q", got, "whole\n")
	}
	_ = out.Close()
	if got := <-r.lines; got != "par\n" {
		t.Errorf("rest logged = %q, want %q", got, "par\n")
	}
	if err := <-ended; err != nil {
		t.Errorf("Read() = %v", err)
	}
}

func TestLongLinesAreCut(t *testing.T) {
	t.Parallel()
	r, _ := read(t, transcript.Config{MaxLine: 16}, strings.Repeat("x", 100)+"\nnext\n")
	if got, want := r.log.String(), strings.Repeat("x", 16)+" [cut]\nnext\n"; got != want {
		t.Errorf("log = %q, want %q", got, want)
	}
}

func TestALogThatIsFullTakesDirectivesOnly(t *testing.T) {
	t.Parallel()
	r, _ := read(t, transcript.Config{MaxLog: 10}, "12345\n"+strings.Repeat("67890\n", 1<<14)+"::progress 50\n")
	if got := r.log.String(); !strings.Contains(got, "has reached 10 bytes") || len(got) > 200 {
		t.Errorf("log = %q, want it to end with a word that it is full", got)
	}
	if len(r.progress) != 1 {
		t.Errorf("progress = %v, want the one after the log was full", r.progress)
	}
}

func TestSecretsAreHidden(t *testing.T) {
	t.Parallel()
	redactor := transcript.NewRedactor(secret.New(`pa"ssw0rd`), secret.New("first-line\nsecond-line"), secret.New("abc"))
	cfg := transcript.Config{Redactor: redactor, MaxLine: 24}
	for in, want := range map[string]string{
		`key=pa"ssw0rd!`:            "key=[redacted]!",
		`{"k":"pa\"ssw0rd"}`:        `{"k":"[redacted]"}`,
		"got second-line":           "got [redacted]",
		"abc is too short":          "abc is too short",
		`0123456789012345pa"ssw0rd`: "0123456789012345 [cut]", // its beginning would be a part of the secret
	} {
		r, tr := read(t, cfg, in+"\n")
		if got := strings.TrimSuffix(r.log.String(), "\n"); got != want {
			t.Errorf("log of %q = %q, want %q", in, got, want)
		}
		if got := tr.Last(); len(got) != 1 || got[0] != want {
			t.Errorf("Last() after %q = %q, want %q", in, got, want)
		}
	}
	r, tr := read(t, transcript.Config{Redactor: redactor}, "::progress 1 uses second-line\n"+
		`::fail {"code":"denied","message":"first-line is wrong","detail":{"k":"second-line"}}`+"\n")
	if got := r.progress[0].Message; got != "uses [redacted]" {
		t.Errorf("progress message = %q", got)
	}
	f := tr.Failure("exit.1", "exited with status 1")
	if f.Message != "[redacted] is wrong" || string(f.Detail) != `{"k":"[redacted]"}` {
		t.Errorf("Failure() = %q, detail %s; want no secret in them", f.Message, f.Detail)
	}
}

func TestFailureTellsTheLastLines(t *testing.T) {
	t.Parallel()
	_, tr := read(t, transcript.Config{Keep: 2}, "one\ntwo\nno such codec\n")
	want := &machine.Failure{
		Code: "exit.3", Message: "exited with status 3: no such codec",
		Detail: json.RawMessage(`{"lines":["two","no such codec"]}`),
	}
	if diff := cmp.Diff(want, tr.Failure("exit.3", "exited with status 3")); diff != "" {
		t.Errorf("Failure (-want +got):\n%s", diff)
	}
}

func TestAProgramNamesItsFailure(t *testing.T) {
	t.Parallel()
	_, tr := read(t, transcript.Config{}, `::fail {"code":"bad-input","fatal":true}`+"\nbye\n")
	want := &machine.Failure{
		Code: "bad-input", Message: "exited with status 1", Fatal: true,
		Detail: json.RawMessage(`{"lines":["bye"]}`),
	}
	if diff := cmp.Diff(want, tr.Failure("exit.1", "exited with status 1")); diff != "" {
		t.Errorf("Failure (-want +got):\n%s", diff)
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"::progress 40 text", "::save {}", `::fail {"code":"x","fatal":true}`, "::progress 1e1%", "x"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		d, ok := transcript.Parse(line)
		if !ok {
			return
		}
		switch {
		case d.Progress != nil:
			if !(d.Progress.Percent >= 0 && d.Progress.Percent <= 100) || len(d.Progress.Message) > 1<<11 {
				t.Errorf("Parse(%q) = %+v, out of bounds", line, d.Progress)
			}
		case d.Save != nil:
			if !json.Valid(d.Save) {
				t.Errorf("Parse(%q) saves %q, which is not JSON", line, d.Save)
			}
		case d.Fail != nil:
			if d.Fail.Code == "" {
				t.Errorf("Parse(%q) fails without a code", line)
			}
		default:
			t.Errorf("Parse(%q) is an empty directive", line)
		}
	})
}

func FuzzRead(f *testing.F) {
	f.Add("a\nb", 4)
	f.Add("0123456789secret-value\n", 18)
	f.Fuzz(func(t *testing.T, text string, maxLine int) {
		r := &recorder{}
		tr := transcript.New(transcript.Config{
			Report: r, MaxLine: max(1, min(maxLine, 1<<16)),
			Redactor: transcript.NewRedactor(secret.New("secret-value")),
		})
		if err := tr.Read(strings.NewReader(text)); err != nil {
			t.Fatalf("Read(%q) = %v", text, err)
		}
		if strings.Contains(r.log.String(), "secret-value") {
			t.Errorf("Read(%q) logs the secret: %q", text, r.log.String())
		}
	})
}
