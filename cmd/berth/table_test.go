package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func table() [][]string {
	return [][]string{
		{"run", "state", "workflow", "queue"},
		{"r0an4cpzz08000", "succeeded", "publish-everything", "default"},
		{"r0an4cq51r8000", "failed", "publish", "default"},
	}
}

func TestTablesFitTheTerminal(t *testing.T) {
	t.Parallel()
	for width, want := range map[int]string{
		0: `RUN             STATE      WORKFLOW            QUEUE
r0an4cpzz08000  succeeded  publish-everything  default
r0an4cq51r8000  failed     publish             default
`,
		50: `RUN             STATE      WORKFLOW        QUEUE
r0an4cpzz08000  succeeded  publish-every…  default
r0an4cq51r8000  failed     publish         default
`,
		40: `RUN             STATE      WORKFLOW
r0an4cpzz08000  succeeded  publish-ever…
r0an4cq51r8000  failed     publish
`,
		10: "RUN\nr0an4cpzz08000\nr0an4cq51r8000\n", // an id is of use as a whole alone
	} {
		var b strings.Builder
		if err := writeTable(&b, narrowed(table(), width)); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, b.String()); d != "" {
			t.Errorf("in %d columns: %s", width, d)
		}
	}
}

func TestTablesKeepNumbersTimesAndIdsWhole(t *testing.T) {
	t.Parallel()
	rows := func() [][]string {
		return [][]string{
			{"schedule", "last run", "tenant", "next", "took", "error"},
			{"nightly", "r0an4cpzz08000", "a-tenant-of-a-long-name", "2026-11-26 01:30:00Z", "-", "the receiver answered 410 Gone"},
			{"hourly", "-", "acme", "2026-11-26 01:00:00Z", "-", ""},
		}
	}
	for width, want := range map[int]string{
		100: `SCHEDULE  LAST RUN        TENANT                NEXT                  ERROR
nightly   r0an4cpzz08000  a-tenant-of-a-long-…  2026-11-26 01:30:00Z  the receiver answered 410 Gone
hourly    -               acme                  2026-11-26 01:00:00Z
`,
		80: `SCHEDULE  LAST RUN        TENANT      NEXT                  ERROR
nightly   r0an4cpzz08000  a-tenant-…  2026-11-26 01:30:00Z  the receiver answer…
hourly    -               acme        2026-11-26 01:00:00Z
`,
		60: `SCHEDULE  LAST RUN        TENANT        NEXT
nightly   r0an4cpzz08000  a-tenant-of…  2026-11-26 01:30:00Z
hourly    -               acme          2026-11-26 01:00:00Z
`,
		40: `SCHEDULE  LAST RUN        TENANT
nightly   r0an4cpzz08000  a-tenant-of-a…
hourly    -               acme
`,
	} {
		var b strings.Builder
		if err := writeTable(&b, narrowed(rows(), width)); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, b.String()); d != "" {
			t.Errorf("in %d columns: %s", width, d)
		}
	}
}

func TestTablesMoveNoCursor(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	if err := writeTable(&b, [][]string{{"run", "tenant"}, {"r1", "ac\x1b[2Jme\nroot\u202e"}}); err != nil {
		t.Fatal(err)
	}
	if got, want := b.String(), "RUN  TENANT\nr1   acme root\n"; got != want {
		t.Errorf("writeTable = %q, want %q", got, want)
	}
}
