package process

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestPausesDoubleUntilTheLoopIsCalledOne(t *testing.T) {
	t.Parallel()
	h := history{policy: RestartPolicy{Min: time.Second, Max: 5 * time.Second, Window: time.Minute, Limit: 5}}
	type step struct {
		Pause time.Duration
		Loop  bool
	}
	var got []step
	now := time.Unix(0, 0)
	fail := func(lasted time.Duration, random float64) {
		pause, loop := h.failed(now, now.Add(lasted), random)
		now = now.Add(lasted + pause)
		got = append(got, step{pause, loop})
	}
	for range 5 {
		fail(0, 0)
	}
	fail(time.Minute, 0.5) // stayed up: forgiven, and jittered
	want := []step{
		{time.Second, false},
		{2 * time.Second, false},
		{4 * time.Second, false},
		{5 * time.Second, false},
		{5 * time.Second, true},
		{750 * time.Millisecond, false},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("pauses (-want +got):\n%s", diff)
	}
}

func TestPausesOfACrashLoopAreJittered(t *testing.T) {
	t.Parallel()
	h := history{policy: RestartPolicy{Min: time.Second, Max: 8 * time.Second, Window: time.Minute, Limit: 1}}
	now := time.Unix(0, 0)
	if pause, loop := h.failed(now, now, 0.5); pause != 6*time.Second || !loop {
		t.Errorf("failed() = %v, %v; want 6s, a quarter less than Max, in a loop", pause, loop)
	}
}

func TestSlowFailuresAreACrashLoopToo(t *testing.T) {
	t.Parallel()
	// Each start takes almost the window to fail: never Limit within one.
	h := history{policy: RestartPolicy{Min: time.Second, Max: time.Second, Window: time.Minute, Limit: 3}}
	now := time.Unix(0, 0)
	loops := 0
	for range 3 {
		if _, loop := h.failed(now, now.Add(59*time.Second), 0); loop {
			loops++
		}
		now = now.Add(60 * time.Second)
	}
	if loops != 1 {
		t.Errorf("%d loops in 3 failures in a row, want 1", loops)
	}
}

func TestLostExitStatusIsSaid(t *testing.T) {
	t.Parallel()
	s := newSpawner()
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	process, err := s.fork(spawnRequest{path: "/bin/true", argv: []string{"true"}, attr: &os.ProcAttr{
		Files: []*os.File{null, null, null}, Sys: childAttributes(nil),
	}})
	if err != nil {
		t.Fatal(err)
	}
	out, ends, err := openOutput(slog.New(slog.DiscardHandler), &counter{})
	if err != nil {
		t.Fatal(err)
	}
	var writers sync.WaitGroup
	out.start(&writers)
	for _, end := range ends {
		_ = end.Close()
	}
	c := &child{pid: process.Pid, process: process, spawner: s, out: out, exited: make(chan struct{})}
	var status syscall.WaitStatus
	if _, err := syscall.Wait4(process.Pid, &status, 0, nil); err != nil { // somebody else was faster
		t.Fatal(err)
	}
	close(c.exited)
	exit := c.finish("")
	writers.Wait()
	if exit.Code != 255 || !strings.Contains(exit.Cause, "lost") {
		t.Errorf("finish() = %v, want 255 and that the status is lost", exit)
	}
}

func TestChildWithTheNumberOfAnotherStaysOwn(t *testing.T) {
	t.Parallel()
	s := newSpawner()
	first, err := s.fork(spawnRequest{path: "/bin/true", argv: []string{"true"}, attr: &os.ProcAttr{Sys: childAttributes(nil)}})
	if err != nil {
		t.Fatal(err)
	}
	// As if the number was given out again between the wait and its record.
	second := &os.Process{Pid: first.Pid}
	s.own[first.Pid] = second
	if _, err := s.reap(first); err != nil {
		t.Fatal(err)
	}
	if s.own[second.Pid] != second {
		t.Error("the second child would be reaped as an orphan")
	}
}

func TestLookPathSearchesTheChildsPath(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(dir+"/tool", []byte("#!/bin/sh\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, path, want string
	}{
		{"tool", "/nowhere:" + dir, dir + "/tool"},
		{"./tool", "", dir + "/tool"},
		{"tool", "/nowhere", ""},
		{"tool", ".", ""}, // a relative directory would depend on who asks
	} {
		got, err := lookPath(c.name, dir, []string{"PATH=" + c.path})
		if got != c.want && err == nil || (err != nil) != (c.want == "") {
			t.Errorf("lookPath(%q, PATH=%s) = %q, %v; want %q", c.name, c.path, got, err, c.want)
		}
	}
}

func TestParseLineLevels(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]entry{
		`{"level":"error","message":"m"}`:  {level: slog.LevelError, message: "m"},
		`{"severity":"DEBUG","msg":"m"}`:   {level: slog.LevelDebug, message: "m"},
		`{"level":30,"msg":"m"}`:           {level: slog.LevelInfo, message: "m"},
		`{"level":50,"msg":"m"}`:           {level: slog.LevelError, message: "m"},
		`{"level":"loud","msg":"m"}`:       {message: "m", attrs: []slog.Attr{slog.Any("app_level", "loud")}},
		`{"msg":{"a":1}}`:                  {attrs: []slog.Attr{slog.Any("app_msg", []byte(`{"a":1}`))}},
		`{"msg":"m"} trailing`:             {message: `{"msg":"m"} trailing`},
		`{"msg":"m"}{"msg":"n"}`:           {message: `{"msg":"m"}{"msg":"n"}`},
		`{not json}`:                       {message: `{not json}`},
		`[1]`:                              {message: `[1]`},
		`{"n":1e999}`:                      {attrs: []slog.Attr{slog.String("n", "1e999")}},
		`{"n":null,"":true}`:               {attrs: []slog.Attr{slog.Any("n", nil), slog.Bool("app_", true)}},
		"\x00{\"msg\":\"m\"}":              {message: "\x00{\"msg\":\"m\"}"},
		`{"msg":"` + "\xff" + `"}`:         {message: "\uFFFD"},
		`{"hook":"h","instance":3}`:        {attrs: []slog.Attr{slog.Any("app_hook", "h"), slog.Int64("app_instance", 3)}},
		`{"msg":"first","message":"then"}`: {message: "first", attrs: []slog.Attr{slog.Any("message", "then")}},
		`{"a\n12:00 error b":1}`:           {attrs: []slog.Attr{slog.Int64("a_12:00_error_b", 1)}},
		`{"a=1 process=":"liar"}`:          {attrs: []slog.Attr{slog.Any("a_1_process_", "liar")}},
		`{"\u001b[2J":1,"größe":2}`:        {attrs: []slog.Attr{slog.Int64("_[2J", 1), slog.Int64("größe", 2)}},
		`{"Process":"liar","TIME":"x"}`:    {attrs: []slog.Attr{slog.Any("app_Process", "liar"), slog.Any("app_TIME", "x")}},
	} {
		got := parseLine([]byte(line))
		if got.level != want.level || got.message != want.message || attrText(got.attrs) != attrText(want.attrs) {
			t.Errorf("parseLine(%s) = %+v, want %+v", line, got, want)
		}
	}
}

func attrText(attrs []slog.Attr) string {
	var b strings.Builder
	_ = slog.NewTextHandler(&b, nil).WithAttrs(attrs).Handle(context.Background(), slog.Record{})
	return b.String()
}

func FuzzParseLine(f *testing.F) {
	for _, line := range []string{`{"msg":"m","level":30,"a":{"b":[1,2]}}`, `{"a":1,"a":2}`, "{\xff}", `{"time":1}`, "{}", "{"} {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		e := parseLine(line)
		if e.message != strings.ToValidUTF8(e.message, "") {
			t.Errorf("parseLine(%q): message is not UTF-8", line)
		}
		if len(e.attrs) > maxFields+2 {
			t.Errorf("parseLine(%q): %d fields", line, len(e.attrs))
		}
		for _, a := range e.attrs {
			if reservedKeys[a.Key] && a.Key != "truncated" {
				t.Errorf("parseLine(%q): reserved key %s", line, a.Key)
			}
		}
	})
}

// gate is a handler that takes nothing until it is opened.
type gate struct {
	slog.Handler
	opened chan struct{}
}

func (g gate) Handle(context.Context, slog.Record) error {
	<-g.opened
	return nil
}

func (g gate) Enabled(context.Context, slog.Level) bool { return true }

// counter counts in place of a metric.
type counter struct{ n atomic.Int64 }

func (c *counter) Add(n float64) { c.n.Add(int64(n)) }

func TestLongLinesWaitForALogThatKeepsUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g, dropped := gate{slog.DiscardHandler, make(chan struct{})}, &counter{}
		o, ends, err := openOutput(slog.New(g), dropped)
		if err != nil {
			t.Fatal(err)
		}
		defer o.abandon(ends)
		var writing sync.WaitGroup
		writing.Go(o.write)
		writing.Go(func() {
			defer close(o.queue)
			for range 2 * maxQueuedBytes / maxLine {
				o.put(line{text: bytes.Repeat([]byte("x"), maxLine)})
			}
		})
		synctest.Wait() // no patience has run out yet
		close(g.opened)
		writing.Wait()
		if n := dropped.n.Load(); n > 0 {
			t.Errorf("%d lines dropped, want none: the log took them in time", n)
		}
	})
}

func TestSignalsAreRewritten(t *testing.T) {
	t.Parallel()
	merged := withTerminal(nil)
	if _, ok := rewritten(os.Interrupt, merged); ok {
		t.Error("an interrupt from the terminal is passed on, and arrives twice")
	}
}
