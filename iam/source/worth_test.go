package source_test

import (
	"testing"

	"github.com/berth-project/berth/iam/source"
)

func TestWorth(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]bool{
		"policy.json":                true,
		"infra/MAIN.TF":              true,
		`infra\main.tf`:              true,
		"README.md":                  true,
		"notes.txt":                  true,
		"stack.template":             true,
		"package.json":               false,
		"web/package-lock.json":      false,
		"node_modules/x/policy.json": false,
		".terraform/modules/main.tf": false,
		"main.go":                    false,
		".json":                      false,
		"":                           false,
	} {
		if got := source.Worth(path); got != want {
			t.Errorf("Worth(%q) = %v, want %v", path, got, want)
		}
	}
	for path, want := range map[string]bool{
		"": true, ".": true, "infra": true, "infra/policies": true, "docs.md": true,
		".git": false, "web/node_modules": false, "node_modules/x": false, `a\.terraform`: false,
	} {
		if got := source.WorthFolder(path); got != want {
			t.Errorf("WorthFolder(%q) = %v, want %v", path, got, want)
		}
	}
	for _, e := range source.Extensions() {
		if !source.Worth("policy" + e) {
			t.Errorf("Worth(%q) = false, want true for each of Extensions", "policy"+e)
		}
	}
}
