package main

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/internal/jsonstrict"
)

// docs/steps.md lists what the types that Berth brings along are given: all of
// it, and nothing else. "submit" takes what "workflow" does, and says so.
func TestStepsAreDocumented(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/steps.md")
	if err != nil {
		t.Fatal(err)
	}
	sections := map[string]string{}
	for _, part := range strings.Split(string(text), "\n## ")[1:] {
		name, body, _ := strings.Cut(part, "\n")
		sections[name] = body
	}
	row, key := regexp.MustCompile("(?m)^\\| (`[^|]+`) \\|"), regexp.MustCompile("`([^`]+)`")
	for typ, of := range given() {
		body, ok := sections[typ]
		if !ok {
			t.Errorf("docs/steps.md has no section %q", typ)
			continue
		}
		if typ == "submit" {
			continue
		}
		var listed []string
		for _, r := range row.FindAllStringSubmatch(body, -1) {
			for _, k := range key.FindAllStringSubmatch(r[1], -1) {
				listed = append(listed, k[1])
			}
		}
		slices.Sort(listed)
		if diff := cmp.Diff(slices.Sorted(maps.Keys(jsonstrict.Members(of))), listed); diff != "" {
			t.Errorf("steps of type %q: -given +docs/steps.md\n%s", typ, diff)
		}
	}
}
