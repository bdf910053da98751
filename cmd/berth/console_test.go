package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A guide shows commands and what they print in blocks of ```console: lines that
// begin with "$ " are commands, with their continuations, and the lines behind
// each are what it prints, data and talk as they come. A line "…" stands for any
// lines. The tests run the blocks of a guide one after the other in a copy of its
// examples.

// consoleBlock is one block of a guide.
type consoleBlock struct {
	line  int // of the fence
	start int // offsets of the text between the fences
	end   int
	steps []consoleStep
}

type consoleStep struct {
	line    int
	command string // as the shell takes it
	shown   string // as the guide has it
	want    string // what the guide says it prints
}

var consoleFence = regexp.MustCompile("(?ms)^```console\n(.*?)^```$")

// consoleBlocks reads the blocks of a guide.
func consoleBlocks(text string) []consoleBlock {
	var blocks []consoleBlock
	for _, m := range consoleFence.FindAllStringSubmatchIndex(text, -1) {
		b := consoleBlock{line: 1 + strings.Count(text[:m[0]], "\n"), start: m[2], end: m[3]}
		for i, line := range strings.Split(strings.TrimSuffix(text[b.start:b.end], "\n"), "\n") {
			last := len(b.steps) - 1
			command, starts := strings.CutPrefix(line, "$ ")
			switch {
			case starts:
				b.steps = append(b.steps, consoleStep{line: b.line + 1 + i, command: command, shown: line + "\n"})
			case last >= 0 && b.steps[last].want == "" && strings.HasSuffix(b.steps[last].command, `\`):
				b.steps[last].command += "\n" + strings.TrimPrefix(line, "> ")
				b.steps[last].shown += line + "\n"
			case last >= 0:
				b.steps[last].want += line + "\n"
			}
		}
		blocks = append(blocks, b)
	}
	return blocks
}

// runConsole runs the commands of a block in one shell, so that "$?" is the
// status of the command before, and returns what each prints.
func runConsole(t *testing.T, folder string, b consoleBlock, env ...string) []string {
	t.Helper()
	const mark = "\x01"
	var script strings.Builder
	for _, s := range b.steps {
		fmt.Fprintf(&script, "%s\nberth_status=$?; printf '\\001'; (exit $berth_status)\n", s.command)
	}
	cmd := exec.CommandContext(t.Context(), "sh", "-c", script.String())
	var out bytes.Buffer
	cmd.Dir, cmd.Stdout, cmd.Stderr = folder, &out, &out
	cmd.Env = append(slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "AWS_") }), "TZ=UTC", "LC_ALL=C")
	cmd.Env = append(cmd.Env, env...)
	err := cmd.Run()
	got := strings.Split(out.String(), mark)
	if len(got) != len(b.steps)+1 {
		t.Fatalf("the block of line %d ran %d of %d commands: %v\n%s", b.line, len(got)-1, len(b.steps), err, out.String())
	}
	return got[:len(b.steps)]
}

// printed reports whether an output is what a guide shows of it.
func printed(want, got string) bool {
	if !strings.Contains(want, "…\n") {
		return want == got
	}
	parts := strings.Split("\n"+want, "\n…\n")
	got = "\n" + got
	for i, part := range parts {
		if i < len(parts)-1 {
			part += "\n"
		}
		at := strings.Index(got, part)
		if at < 0 || i == 0 && at > 0 {
			return false
		}
		if i == len(parts)-1 {
			return strings.HasSuffix(got, "\n"+part) || part == ""
		}
		got = got[at+len(part)-1:]
	}
	return true
}

// cutAs leaves out of an output what was left out of the one before: as many
// lines stand at the beginning and at the end.
func cutAs(before, got string) string {
	shown := strings.SplitAfter(before, "\n")
	head := slices.Index(shown, "…\n")
	if head < 0 {
		return got
	}
	tail := 0
	for i := len(shown) - 2; shown[i] != "…\n"; i-- { // the last is empty
		tail++
	}
	lines := strings.SplitAfter(got, "\n")
	lines = lines[:len(lines)-1]
	if head+tail >= len(lines) {
		return got
	}
	return strings.Join(lines[:head], "") + "…\n" + strings.Join(lines[len(lines)-tail:], "")
}

// consoleWorld is what the commands of a guide have around them.
type consoleWorld struct {
	env []string
	// mask puts the same text in place of what differs each time; nil means
	// that nothing does.
	mask func(string) string
}

// checkConsole runs the blocks of a guide, and with -update writes what the
// commands print where that differs from what it shows.
func checkConsole(t *testing.T, guide, examples string) {
	t.Helper()
	checkConsoleIn(t, guide, examples, consoleWorld{})
}

func checkConsoleIn(t *testing.T, guide, examples string, w consoleWorld) {
	t.Helper()
	if w.mask == nil {
		w.mask = func(text string) string { return text }
	}
	folder := filepath.Join(t.TempDir(), filepath.Base(examples))
	if err := os.CopyFS(folder, os.DirFS(examples)); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(guide)
	if err != nil {
		t.Fatal(err)
	}
	blocks := consoleBlocks(string(text))
	if len(blocks) == 0 {
		t.Fatalf("%s shows no command", guide)
	}
	var b strings.Builder
	done := 0
	for _, block := range blocks {
		b.Write(text[done:block.start])
		for i, got := range runConsole(t, folder, block, w.env...) {
			step := block.steps[i]
			if got != "" && !strings.HasSuffix(got, "\n") {
				got += "\n"
			}
			b.WriteString(step.shown)
			switch {
			case printed(w.mask(step.want), w.mask(got)):
				b.WriteString(step.want)
			case *update:
				b.WriteString(cutAs(step.want, got))
			default:
				t.Errorf("%s:%d: %s prints something else (-want +got):\n%s", guide, step.line, step.command, cmp.Diff(step.want, got))
			}
		}
		done = block.end
	}
	b.Write(text[done:])
	if *update {
		if err := os.WriteFile(guide, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// TestConsoleBlocksAreCompared holds the comparison to its promise.
func TestConsoleBlocksAreCompared(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		want, got string
		same      bool
	}{
		{"", "", true},
		{"", "x\n", false},
		{"a\nb\n", "a\nb\n", true},
		{"a\n", "a\nb\n", false},
		{"a\n…\n", "a\nb\nc\n", true},
		{"a\n…\n", "a\n", true},
		{"a\n…\n", "b\na\n", false},
		{"…\nc\n", "a\nb\nc\n", true},
		{"…\nc\n", "a\nbc\n", false},
		{"…\nc\n", "c\nd\n", false},
		{"a\n…\nc\n", "a\nb\nc\n", true},
		{"a\n…\nc\n", "a\nb\nd\n", false},
		{"a\n…\nc\n…\ne\n", "a\nb\nc\nd\ne\n", true},
		{"a\n…\nc\n…\nb\n", "a\nb\nc\nd\ne\n", false},
		{"…\n", "anything\n", true},
	} {
		if got := printed(tc.want, tc.got); got != tc.same {
			t.Errorf("printed(%q, %q) = %v, want %v", tc.want, tc.got, got, tc.same)
		}
	}
	for _, tc := range []struct{ before, got, want string }{
		{"a\n", "b\nc\n", "b\nc\n"},
		{"a\n…\nz\n", "b\nc\nd\ne\n", "b\n…\ne\n"},
		{"…\ny\nz\n", "b\nc\nd\ne\n", "…\nd\ne\n"},
		{"a\n…\n", "b\nc\nd\n", "b\n…\n"},
		{"a\n…\nm\n…\nz\n", "b\nc\nd\ne\n", "b\n…\ne\n"},
		{"a\n…\nz\n", "b\nc\n", "b\nc\n"},
	} {
		if got := cutAs(tc.before, tc.got); got != tc.want {
			t.Errorf("cutAs(%q, %q) = %q, want %q", tc.before, tc.got, got, tc.want)
		}
	}
	blocks := consoleBlocks("text\n```console\n$ echo one \\\n>   two\none two\n$ false\n$ echo $?\n1\n```\n")
	if len(blocks) != 1 || len(blocks[0].steps) != 3 {
		t.Fatalf("blocks = %+v, want one of three commands", blocks)
	}
	got := runConsole(t, t.TempDir(), blocks[0])
	if diff := cmp.Diff([]string{"one two\n", "", "1\n"}, got); diff != "" {
		t.Errorf("the commands print (-want +got):\n%s", diff)
	}
}
