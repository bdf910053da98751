package lint_test

import (
	"encoding/json"
	"os"
	"slices"
	"testing"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/lint"
)

// TestCases judges the policies of testdata/cases.json, many of which were
// published somewhere as good.
func TestCases(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/cases.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Cases []struct {
			ID, Title, Kind string
			Document        json.RawMessage
			Must            []struct{ Code, Path string }
			MustNot         []string
		}
	}
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Cases) != 48 {
		t.Errorf("%d cases, want 48", len(file.Cases))
	}
	for _, tc := range file.Cases {
		t.Run(tc.ID, func(t *testing.T) {
			t.Parallel()
			kind, ok := iam.ParseKind(tc.Kind)
			if !ok {
				t.Fatalf("no kind %q", tc.Kind)
			}
			policy, problems := iam.Read(tc.Document, iam.ParseOptions{Kind: kind})
			findings := lint.Policy(policy, problems, lint.Options{Now: now})
			for _, want := range tc.Must {
				if !slices.ContainsFunc(findings, func(f lint.Finding) bool { return f.Code == want.Code && f.Path == want.Path }) {
					t.Errorf("%s: %s is not found at %s, only %s", tc.Title, want.Code, want.Path, placesOf(findings))
				}
			}
			for _, f := range findings {
				if slices.Contains(tc.MustNot, f.Code) {
					t.Errorf("%s: %s is found at %s: %s", tc.Title, f.Code, f.Path, f.Message)
				}
			}
		})
	}
}
