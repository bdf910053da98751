package lint_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/lint"
)

// TestPublishedPolicies judges policies of the kind that the vendor's guides and
// well-known projects publish. They work, so none has an error; what is said of
// their security stands in a golden file for each kind of policy.
func TestPublishedPolicies(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/published/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no policies: %v", err)
	}
	for _, file := range files {
		kind := strings.TrimSuffix(filepath.Base(file), ".txtar")
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var got strings.Builder
			for _, f := range archive.Files {
				for _, finding := range judgePublished(t, kind, f) {
					switch finding.Severity {
					case lint.Error:
						t.Errorf("%s: %s at %s: %s", f.Name, finding.Code, finding.Path, finding.Message)
					case lint.Security:
						fmt.Fprintf(&got, "%s: %s %s at %s\n", f.Name, finding.Level, finding.Code, finding.Path)
					}
				}
			}
			golden := strings.TrimSuffix(file, ".txtar") + ".golden"
			if *update {
				if err := os.WriteFile(golden, []byte(got.String()), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got.String()); diff != "" {
				t.Errorf("what is said of security differs (-want +got):\n%s", diff)
			}
		})
	}
}

// judgePublished judges one policy. The name of a resource's policy begins with
// the type of the resource.
func judgePublished(t *testing.T, kindWord string, f txtar.File) []lint.Finding {
	t.Helper()
	kind, ok := iam.ParseKind(kindWord)
	if !ok {
		t.Fatalf("there is no kind %q", kindWord)
	}
	o := iam.ParseOptions{Kind: kind}
	if kind == iam.ResourcePolicy {
		o.ResourceType, _, _ = strings.Cut(f.Name, " ")
	}
	policy, problems := iam.Read(f.Data, o)
	return lint.Policy(policy, problems, lint.Options{Now: now, ResourceType: o.ResourceType})
}
