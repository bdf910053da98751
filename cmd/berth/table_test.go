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
r0an4cpzz08000  succeeded  publish-e…
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
