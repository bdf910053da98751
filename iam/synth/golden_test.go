package synth_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/synth"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// written is the policy of needs as JSON.
func written(t *testing.T, needs []synth.Need) string {
	t.Helper()
	r, err := synth.FromNeeds(needs, place)
	if err != nil {
		t.Fatal(err)
	}
	return rendered(t, r.Policies, synth.JSON)
}

func rendered(t *testing.T, policies []*iam.Policy, form synth.Form) string {
	t.Helper()
	b, err := synth.Render(policies, "survey-web", form)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// golden compares the policy of needs with testdata/NAME.json, and its other
// forms with the files beside it.
func golden(t *testing.T, name string, needs []synth.Need) {
	t.Helper()
	r, err := synth.FromNeeds(needs, place)
	if err != nil {
		t.Fatal(err)
	}
	for form, ext := range map[synth.Form]string{synth.JSON: ".json", synth.Terraform: ".tf", synth.CloudFormation: ".template", synth.Markdown: ".md"} {
		compare(t, name+ext, rendered(t, r.Policies, form))
	}
}

func compare(t *testing.T, file, got string) {
	t.Helper()
	path := filepath.Join("testdata", file)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs; if that is meant, run the test with -update (-want +got):\n%s", file, diff)
	}
}
