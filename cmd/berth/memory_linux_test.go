package main

import (
	"strings"
	"testing"
)

func TestForgettingSparesWhatMayHaveBeenWritten(t *testing.T) {
	t.Parallel()
	const program = "/usr/bin/berth"
	for line, want := range map[string]bool{
		"00401000-00d00000 r-xp 00001000 fe:00 42    /usr/bin/berth\n": true,
		"00d00000-01500000 r--p 00900000 fe:00 42    /usr/bin/berth\n": true,
		"01500000-01600000 rw-p 01100000 fe:00 42    /usr/bin/berth\n": false,
		"01600000-01700000 rwxp 01200000 fe:00 42    /usr/bin/berth\n": false,
		"01700000-01800000 r--s 00000000 fe:00 43    /usr/bin/berth\n": false,
		"7f000000-7f100000 r-xp 00000000 fe:00 44    /lib/libc.so.6\n": false,
		"c000000000-c004000000 rw-p 00000000 00:00 0\n":                false,
		"7fff0000-7fff2000 r-xp 00000000 00:00 0     [vdso]\n":         false,
		"zz-01 r-xp 00000000 fe:00 42 /usr/bin/berth\n":                false,
		"": false,
	} {
		start, end, ok := readOnlyPart(line, program)
		if ok != want || ok && start >= end {
			t.Errorf("readOnlyPart(%q) = %#x, %#x, %v; want %v", line, start, end, ok, want)
		}
	}
}

func TestForgettingLeavesTheProgramRunning(t *testing.T) {
	t.Parallel()
	schema := func() string {
		var out strings.Builder
		if code := run(t.Context(), []string{"manifest", "schema"}, streams{stdout: &out, stderr: &out}); code != 0 {
			t.Fatalf("exit status %d: %s", code, out.String())
		}
		return out.String()
	}
	before := schema()
	settle()
	if after := schema(); after != before {
		t.Errorf("before:\n%s\nafter:\n%s", before, after)
	}
}
