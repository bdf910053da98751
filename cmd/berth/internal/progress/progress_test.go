package progress_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/cmd/berth/internal/progress"
	"github.com/berth-project/berth/work/client"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

func ago(d time.Duration) int64 { return noon.Add(-d).UnixMilli() }

func step(name, status string, needs ...string) client.Step {
	return client.Step{Name: name, Type: "shell", Needs: needs, Standing: client.Standing{Status: status}}
}

func publish() client.Run {
	probe, resize, pack := step("probe", "succeeded"), step("resize", "running", "probe"), step("pack", "waiting", "resize")
	probe.Started, probe.Finished = ago(5*time.Second), ago(4*time.Second)
	resize.Started, resize.Percent, resize.Attempt = ago(3*time.Second), 50, 2
	tidy := step("tidy", "waiting")
	tidy.Finally = true
	return client.Run{
		ID: "r1", Workflow: "publish", Tenant: "acme", State: "running", Started: noon.Add(-5 * time.Second),
		Detail: &client.Detail{Percent: 40, Steps: []client.Step{probe, resize, pack, tidy}},
	}
}

func TestPictureDrawsTheGraph(t *testing.T) {
	t.Parallel()
	r := publish()
	got := (&progress.Picture{Width: 120, ASCII: true}).Draw(&r, noon)
	want := `> publish  r1  acme  running  5.0s  ########------------  40 %  1 of 4 steps
+ probe 1.0s -- > resize 50 % 3.0s attempt 2 -- . pack -- . tidy

+ succeeded   > running   . waiting
`
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestHeadlineOfAFailureSaysHowMuchSucceeded(t *testing.T) {
	t.Parallel()
	r := publish()
	r.State, r.Finished = "failed", noon
	r.Detail.Steps[1].Status, r.Detail.Steps[2].Status, r.Detail.Steps[3].Status = "failed", "skipped", "succeeded"
	got, _, _ := strings.Cut((&progress.Picture{Width: 100, ASCII: true}).Draw(&r, noon), "\n")
	if want := "x publish  r1  acme  failed  5.0s  2 of 4 steps succeeded"; got != want {
		t.Errorf("headline = %q, want %q", got, want)
	}
}

func TestHeadlineGivesUpWhatMattersLeast(t *testing.T) {
	t.Parallel()
	r := publish()
	r.ID = "r0an4cpzz08000"
	for width, want := range map[int]string{
		100: "> publish  r0an4cpzz08000  acme  running  5.0s  ########------------  40 %  1 of 4 steps",
		79:  "> publish  r0an4cpzz08000  acme  running  5.0s  ####-------  40 %  1 of 4 steps",
		70:  "> publish  r0an4cpzz08000  acme  running  5.0s  40 %  1 of 4 steps",
		60:  "> publish  r0an4cpzz08000  running  5.0s  40 %  1 of 4 steps",
		45:  "> publish  running  5.0s  40 %  1 of 4 steps",
	} {
		got, _, _ := strings.Cut((&progress.Picture{Width: width, ASCII: true}).Draw(&r, noon), "\n")
		if got != want || len(got) > width {
			t.Errorf("Draw for %d begins %q, want %q", width, got, want)
		}
	}
}

func TestPictureSaysWhatStepsSay(t *testing.T) {
	t.Parallel()
	r := publish()
	r.Detail.Steps[1].Message = "second pass"
	fetch, review := step("fetch", "running"), step("review", "sleeping")
	review.Awaits = "review"
	for i, status := range []string{"succeeded", "backoff", "running", "failed"} {
		fetch.Items = append(fetch.Items, client.Item{Item: i, Standing: client.Standing{Status: status}})
	}
	fetch.Items[1].WakeAt, fetch.Items[1].Failure = noon.Add(12*time.Second).UnixMilli(), &client.Failure{Code: "http.503"}
	fetch.Items[2].Message = "one\x1b[2J\ntwo"
	r.Detail.Steps = append(r.Detail.Steps, fetch, review)
	draw := func(height int) string {
		return (&progress.Picture{Width: 100, Height: height, ASCII: true}).Draw(&r, noon)
	}
	want := `> resize  50 %, second pass
~ fetch[1]  again in 12s, http.503
> fetch[2]  one two
o review  waits for signal review
`
	if got := draw(0); !strings.HasSuffix(got, want) || !strings.Contains(got, "fetch 1/4") {
		t.Errorf("Draw = %s\nwant it to end in %s", got, want)
	}
	low := strings.Count(draw(0), "\n") // two lines too many
	if got := draw(low); !strings.HasSuffix(got, "50 %, second pass\n. and 3 more\n") {
		t.Errorf("Draw in %d lines = %s", low, got)
	}
	r.State, r.Finished = "failed", noon
	if got := draw(0); strings.Contains(got, "second pass") {
		t.Errorf("Draw of what has ended = %s", got)
	}
}

func TestPictureKeepsWithinTheTerminal(t *testing.T) {
	t.Parallel()
	r := publish()
	r.Detail.Failure = &client.Failure{Code: "exit.1", Message: strings.Repeat("long ", 100), Step: "probe"}
	for i := range 300 {
		status := []string{"succeeded", "running", "failed", "waiting"}[i%4]
		r.Detail.Steps = append(r.Detail.Steps, step(fmt.Sprintf("step-%03d", i), status, fmt.Sprintf("step-%03d", max(i-7, 0))))
	}
	for _, size := range [][2]int{{40, 10}, {80, 24}, {200, 5}, {80, 400}} {
		p := &progress.Picture{Width: size[0], Height: size[1]}
		got := p.Draw(&r, noon)
		if lines := strings.Count(got, "\n"); lines >= size[1] {
			t.Errorf("Draw for %v has %d lines", size, lines)
		}
		for line := range strings.Lines(got) {
			if n := len([]rune(strings.TrimSuffix(line, "\n"))); n > size[0] {
				t.Errorf("Draw for %v has a line of %d characters: %s", size, n, line)
			}
		}
		if !strings.Contains(got, "failed") {
			t.Errorf("Draw for %v hides what failed:\n%s", size, got)
		}
	}
}

func TestPictureTellsWhatItLeavesOut(t *testing.T) {
	t.Parallel()
	r := publish()
	for i := range 50 {
		r.Detail.Steps = append(r.Detail.Steps, step(fmt.Sprintf("a%d", i), "succeeded", fmt.Sprintf("a%d", i-1)))
	}
	got := (&progress.Picture{Width: 30, Height: 8, ASCII: true}).Draw(&r, noon)
	want := `> publish  running  5.0s  4...
> running    resize    3.0s...
. waiting    pack
. waiting    tidy
+ succeeded  probe     1.0s
. and 50 succeeded
`
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestLinesSayEachThingOnce(t *testing.T) {
	t.Parallel()
	var lines progress.Lines
	event := client.Event{At: noon.UnixMilli(), Run: "r1", Kind: "step.running", Step: "probe", Item: -1, Status: "running", StepStatus: "running", Attempt: 2, Percent: 40, Message: "half"}
	if got, want := lines.Of(event, false), "12:00:00Z  probe  running  attempt=2  40%  \"half\"\n"; got != want {
		t.Errorf("Of(running) = %q, want %q", got, want)
	}
	event.At++
	if got := lines.Of(event, false); got != "" {
		t.Errorf("Of(the same) = %q, want nothing", got)
	}
	event.Item = 3
	if got := lines.Of(event, false); !strings.Contains(got, "probe[3]") {
		t.Errorf("Of(an item) = %q, want its place", got)
	}
	end := client.Event{At: noon.UnixMilli(), Run: "r1", Workflow: "publish", Tenant: "acme", Kind: "run.failed", Status: "failed", Failure: &client.Failure{Code: "exit.3", Message: "no\nluck", Step: "probe"}}
	if got, want := lines.Of(end, true), "12:00:00Z  r1  publish  acme  run  failed  error=\"step probe: exit.3: no luck\"\n"; got != want {
		t.Errorf("Of(end) = %q, want %q", got, want)
	}
	event.Item = -1
	if got := lines.Of(event, false); got == "" {
		t.Error("Of(running again) = nothing, want a line: the run began anew")
	}
}

func TestLogsHaveTheirStepOnEveryLine(t *testing.T) {
	t.Parallel()
	got := progress.Log("probe", "one\r\ntwo\n\x1b[2Jthree")
	if want := "probe | one\nprobe | two\nprobe | three\n"; got != want {
		t.Errorf("Log = %q, want %q", got, want)
	}
}

func TestWhatOthersWroteDoesNotSteerTheTerminal(t *testing.T) {
	t.Parallel()
	r := publish()
	r.Tenant, r.Detail.Steps[0].Name = "ac\x1b]0;title\x07me", "pro\x9bbe\nx"
	r.Detail.Failure = &client.Failure{Code: "x", Message: "\x1b[31mred\u202egnp"}
	got := (&progress.Picture{Width: 120}).Draw(&r, noon)
	for _, bad := range []string{"\x1b", "\x07", "\x9b", "\u202e"} {
		if strings.Contains(got, bad) {
			t.Errorf("Draw has %q:\n%q", bad, got)
		}
	}
	if got, want := progress.Clean("a\tb\n\x1b[1mc"), "a\tb\nc"; got != want {
		t.Errorf("Clean = %q, want %q", got, want)
	}
}

func TestScreenReplacesItsText(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	s := progress.NewScreen(&b)
	s.Show("one\ntwo\n")
	s.Show("one\ntwo\n")
	s.Above("log\n")
	s.Show("three\n")
	want := "one\ntwo\n" + "\x1b[2A\r\x1b[J" + "log\none\ntwo\n" + "\x1b[2A\r\x1b[J" + "three\n"
	if got := b.String(); got != want {
		t.Errorf("Screen wrote %q, want %q", got, want)
	}
}

func TestNoteSaysWhatAStepWaitsFor(t *testing.T) {
	t.Parallel()
	for want, s := range map[string]client.Standing{
		"again in 5.0s, exit.1: no":                 {Status: "backoff", WakeAt: noon.Add(5 * time.Second).UnixMilli(), Failure: &client.Failure{Code: "exit.1", Message: "no"}},
		"waits for run r2":                          {Status: "sleeping", Child: "r2"},
		"waits for signal go":                       {Status: "sleeping", Awaits: "go"},
		"waits for approval by signal go: ship it?": {Status: "sleeping", Awaits: "go", Approval: true, Message: "ship it?"},
		"until 2026-01-02 12:00:00Z":                {Status: "sleeping", WakeAt: noon.UnixMilli()},
		"its condition was false":                   {Status: "skipped", Reason: "when"},
		"what it needs failed":                      {Status: "skipped", Reason: "upstream"},
		"40 %, second pass":                         {Status: "running", Percent: 40, Message: "second pass"},
		"exit.3: exited with status 3":              {Status: "failed", Failure: &client.Failure{Code: "exit.3", Message: "exited with status 3"}},
		"rendered":                                  {Status: "succeeded", Message: "rendered"},
		"":                                          {Status: "waiting"},
	} {
		if got := progress.Note(&s, noon); got != want {
			t.Errorf("Note(%+v) = %q, want %q", s, got, want)
		}
	}
}

func TestRowsCountItems(t *testing.T) {
	t.Parallel()
	s := step("resize", "running", "probe")
	s.Items = []client.Item{
		{Item: 0, Standing: client.Standing{Status: "succeeded"}},
		{Item: 1, Standing: client.Standing{Status: "failed", Attempt: 3, Failure: &client.Failure{Code: "exit.1"}}},
		{Item: 2, Standing: client.Standing{Status: "waiting"}},
	}
	want := [][]string{
		{"resize", "shell", "running", "", "", "", "3 items: 1 failed, 1 waiting, 1 succeeded"},
		{"  resize[1]", "", "failed", "3", "", "", "exit.1"},
	}
	if d := cmp.Diff(want, progress.Rows([]client.Step{s}, noon)); d != "" {
		t.Error(d)
	}
}

func TestTookIsShort(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		-time.Second: "0s", 31 * time.Millisecond: "31ms", 1234 * time.Millisecond: "1.2s", 75 * time.Second: "1m15s", 2*time.Hour + 5*time.Minute + time.Second: "2h5m",
	} {
		if got := progress.Took(d); got != want {
			t.Errorf("Took(%v) = %q, want %q", d, got, want)
		}
	}
}
