package main

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"github.com/berth-project/berth/manifest"
)

// TestEverySettingOfWorkHasItsPlaceInTheGuide compares the guide's table of
// settings with the flags of berth workflow serve and the keys of the manifest.
func TestEverySettingOfWorkHasItsPlaceInTheGuide(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(workGuide)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(text), "\n### Settings\n")
	table, _, end := strings.Cut(rest, "\n## ")
	if !ok || !end {
		t.Fatalf("%s has no section Settings", workGuide)
	}
	named := regexp.MustCompile("`(--[a-z-]+|work\\.[a-z-]+)`").FindAllStringSubmatch(table, -1)
	var flags, keys []string
	(&cli{}).workflowServeCommand().LocalFlags().VisitAll(func(f *pflag.Flag) { flags = append(flags, "--"+f.Name) })
	var schema struct {
		Defs map[string]struct {
			Properties map[string]json.RawMessage `json:"properties"`
		} `json:"$defs"`
	}
	if err := json.Unmarshal(manifest.Schema(), &schema); err != nil {
		t.Fatal(err)
	}
	for key := range schema.Defs["Work"].Properties {
		keys = append(keys, "work."+key)
	}
	if len(flags) < 30 || len(keys) < 30 {
		t.Fatalf("there are %d flags and %d keys: where are they?", len(flags), len(keys))
	}
	all := slices.Concat(flags, keys)
	for _, name := range all {
		if !slices.ContainsFunc(named, func(m []string) bool { return m[1] == name }) {
			t.Errorf("%s is not in the table", name)
		}
	}
	for _, m := range named {
		if !slices.Contains(all, m[1]) {
			t.Errorf("the table has %s, which there is not", m[1])
		}
	}
}
