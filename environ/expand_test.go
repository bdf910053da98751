package environ_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/berth-project/berth/environ"
	"github.com/berth-project/berth/secret"
	"github.com/google/go-cmp/cmp"
)

func variables() *environ.Set {
	return environ.NewSet(
		environ.Variable{Name: "A", Value: secret.New("canary$$${B}")},
		environ.Variable{Name: "EMPTY"},
	)
}

func TestExpand(t *testing.T) {
	t.Parallel()
	for template, want := range map[string]string{
		"":                              "",
		"plain":                         "plain",
		"x${A}y":                        "xcanary$$${B}y", // not expanded again
		"$$5 $${A}":                     "$5 ${A}",
		"${NONE:-default}":              "default",
		"${EMPTY:-a:b}":                 "a:b",
		"${A:-d}${EMPTY}":               "canary$$${B}",
		"${NONE:-}":                     "",
		"${A:?needed}":                  "canary$$${B}",
		"${NONE:-http://h/}${EMPTY:-?}": "http://h/?",
	} {
		if got, err := environ.Expand(template, variables()); got != want || err != nil {
			t.Errorf("Expand(%q) = %q, %v; want %q", template, got, err, want)
		}
	}
}

func TestExpandErrors(t *testing.T) {
	t.Parallel()
	for template, want := range map[string]string{
		"x${NONE}":            "${NONE} is not set",
		"${NONE:?set it}":     "${NONE} is not set or empty: set it",
		"${EMPTY:?}":          "${EMPTY} is not set or empty",
		"a $A":                "at byte 3: a single $",
		"5$":                  "at byte 2: a single $",
		"${A":                 "without a closing }",
		"${}":                 "no variable name",
		"${1A}":               "no variable name",
		"${A B}":              "no variable name",
		"${A:+x}":             "only :-default or :?message",
		"${A:}":               "only :-default or :?message",
		"${NONE:-${A}}":       "cannot hold another reference",
		"$(canary) `canary`":  "a single $",
		"${A}${NONE}${OTHER}": "${NONE} is not set",
	} {
		got, err := environ.Expand(template, variables())
		if err == nil || got != "" || !strings.Contains(err.Error(), want) {
			t.Errorf("Expand(%q) = %q, %v; want an error with %q", template, got, err, want)
			continue
		}
		expand, ok := errors.AsType[*environ.ExpandError](err)
		if !ok || strings.Contains(err.Error(), "canary") {
			t.Errorf("Expand(%q) = %v: not an ExpandError, or with a value", template, err)
			continue
		}
		expand.Field = "processes.web.command"
		if !strings.HasPrefix(expand.Error(), "processes.web.command: ") {
			t.Errorf("error %q does not name its field", expand)
		}
	}
}

func TestReferences(t *testing.T) {
	t.Parallel()
	refs, err := environ.References("${A} $$ ${B:-x} ${C:?m}")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range refs {
		got = append(got, r.Variable+"|"+r.Default+"|"+r.Message)
		if r.Optional() != (r.Variable == "B") {
			t.Errorf("%s: Optional() = %v", r.Variable, r.Optional())
		}
	}
	if diff := cmp.Diff([]string{"A||", "B|x|", "C||m"}, got); diff != "" {
		t.Errorf("references (-want +got):\n%s", diff)
	}
	if _, err := environ.References("$A"); err == nil {
		t.Error("References($A) has no error")
	}
}

func FuzzExpand(f *testing.F) {
	for _, template := range []string{"${A}", "$$", "${A:-b}", "${A:?c}", "${", "$", "${A:-${B}}"} {
		f.Add(template)
	}
	f.Fuzz(func(t *testing.T, template string) {
		got, err := environ.Expand(template, variables())
		if err == nil && !strings.Contains(template, "$") && got != template {
			t.Errorf("Expand(%q) = %q", template, got)
		}
		if err != nil && strings.Contains(err.Error(), "canary") && !strings.Contains(template, "canary") {
			t.Errorf("Expand(%q): the error shows a value: %v", template, err)
		}
		// What can be expanded has no error as a reference either.
		if _, refErr := environ.References(template); err == nil && refErr != nil {
			t.Errorf("References(%q) = %v, Expand works", template, refErr)
		}
	})
}
