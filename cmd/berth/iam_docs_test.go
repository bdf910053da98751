package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/evalcase"
	"github.com/berth-project/berth/iam/synth"
)

const iamGuide = "../../docs/iam.md"

// TestIAMGuideReference runs every command that the guide shows, and keeps the
// table of needs what berth iam needs says.
func TestIAMGuideReference(t *testing.T) {
	text, err := os.ReadFile(iamGuide)
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "<!-- needs: generated -->\n", "<!-- end -->"
	before, rest, ok := strings.Cut(string(text), begin)
	table, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatalf("%s has no table of needs", iamGuide)
	}
	if want := needsTable(); table != want {
		if !*update {
			t.Errorf("the table of needs is not what berth iam needs says; run make generate")
		} else if err := os.WriteFile(iamGuide, []byte(before+begin+want+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	checkConsole(t, iamGuide, iamExamples)
}

func needsTable() string {
	var b strings.Builder
	b.WriteString("\n| kind | what it is | words |\n|---|---|---|\n")
	for _, k := range synth.Kinds() {
		var words []string
		for _, a := range k.Accesses {
			words = append(words, fmt.Sprintf("`%s` (%s)", a.Word, a.About))
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", k.Name, k.About, strings.Join(words, ", "))
	}
	return b.String() + "\n"
}

// TestIAMGuideSaysWhatIs holds what the guide says in words to what it is about.
func TestIAMGuideSaysWhatIs(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(iamGuide)
	if err != nil {
		t.Fatal(err)
	}
	recorded, err := os.ReadFile("../../iam/testdata/eval-cases.json")
	if err != nil {
		t.Fatal(err)
	}
	suite, err := evalcase.Parse(recorded)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"`kind` is " + strings.Join(iam.Kinds(), ", "),
		fmt.Sprintf("%d recorded decisions", len(suite.Cases)),
	} {
		if !bytes.Contains(text, []byte(want)) {
			t.Errorf("%s does not say %q", iamGuide, want)
		}
	}
}

// TestIAMGuideNamesItsCases looks for the cases that the tables name.
func TestIAMGuideNamesItsCases(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(iamGuide)
	if err != nil {
		t.Fatal(err)
	}
	out, talk, status := runBerth(t, "iam", "evaluate", "--cases", iamExamples+"/conditions.json")
	if status != 0 {
		t.Fatalf("status %d: %s", status, talk)
	}
	named := map[string]bool{}
	for _, m := range regexp.MustCompile("\\((`[a-z0-9-]+`(?:, `[a-z0-9-]+`)*)\\)").FindAllStringSubmatch(section(t, string(text), "## Conditions and missing keys"), -1) {
		for _, id := range strings.Split(m[1], ", ") {
			named[strings.Trim(id, "`")] = true
		}
	}
	for dec := json.NewDecoder(strings.NewReader(out)); dec.More(); {
		var c evalcase.Result
		if err := dec.Decode(&c); err != nil {
			t.Fatal(err)
		}
		delete(named, c.ID)
	}
	if len(named) > 0 {
		t.Errorf("the guide names cases that conditions.json has not: %v", named)
	}
}

// section is the part of a guide below a heading, up to the next of its rank.
func section(t *testing.T, text, heading string) string {
	t.Helper()
	_, below, ok := strings.Cut(text, heading+"\n")
	if !ok {
		t.Fatalf("there is no section %q", heading)
	}
	part, _, _ := strings.Cut(below, "\n## ")
	return part
}

// TestIAMGuideShowsCasesThatRun runs the case that shows the format.
func TestIAMGuideShowsCasesThatRun(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(iamGuide)
	if err != nil {
		t.Fatal(err)
	}
	_, below, _ := strings.Cut(string(text), "### Cases\n\n```json\n")
	shown, _, _ := strings.Cut(below, "```")
	suite, err := evalcase.ParseFiles([]byte(shown), os.DirFS(iamExamples))
	if err != nil {
		t.Fatal(err)
	}
	for i := range suite.Cases {
		if r := suite.Cases[i].Run(); !r.Pass {
			t.Errorf("%s: %v %s", r.ID, r.Differences, r.Error)
		}
	}
}

// TestIAMGuideShowsNeedsThatAreRead generates policies from the needs that show
// the long form.
func TestIAMGuideShowsNeedsThatAreRead(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(iamGuide)
	if err != nil {
		t.Fatal(err)
	}
	_, below, ok := strings.Cut(section(t, string(text), "## Needs"), "```yaml\n")
	shown, _, closed := strings.Cut(below, "```")
	if !ok || !closed {
		t.Fatal("the guide shows no needs")
	}
	file := filepath.Join(t.TempDir(), "berth.yaml")
	if err := os.WriteFile(file, []byte("service: app\nprocesses:\n  web: {command: exec app}\n"+shown), 0o644); err != nil {
		t.Fatal(err)
	}
	out, talk, status := runBerth(t, "iam", "generate", "-f", file, "--account", "111122223333", "--region", "eu-central-1")
	if status != 0 {
		t.Fatalf("status %d: %s", status, talk)
	}
	for _, want := range []string{"kms:Decrypt", "thumbs/*", "prod-jobs", "ecs-tasks.amazonaws.com"} {
		if !strings.Contains(out, want) {
			t.Errorf("what is generated has no %s:\n%s", want, out)
		}
	}
}

// TestTheAccountHasTheCorrectedPolicies keeps the copies in the example of an
// account what they are copies of.
func TestTheAccountHasTheCorrectedPolicies(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"panelapp-web.json", "panelapp-worker.json", "registry-access.json"} {
		want, err := os.ReadFile(filepath.Join(iamExamples, "corrected", name))
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join(iamExamples, "account", "policies", name))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("account/policies/%s is not corrected/%s (-want +got):\n%s", name, name, diff)
		}
	}
}
