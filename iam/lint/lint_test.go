package lint_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/lint"
)

var now = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func codesOf(findings []lint.Finding) []string {
	var out []string
	for _, f := range findings {
		out = append(out, f.Code)
	}
	return out
}

func TestProblemsOfTheReaderBecomeFindings(t *testing.T) {
	t.Parallel()
	at := iam.Span{Start: iam.Position{Offset: 3, Line: 1, Column: 4}, End: iam.Position{Offset: 9, Line: 1, Column: 10}}
	got := lint.Policy(nil, iam.Problems{{Code: "LINT_INCOMPLETE", Path: "$", Span: at, Message: "cut", Help: "shorten it"}}, lint.Options{Now: now})
	want := []lint.Finding{{Code: "LINT_INCOMPLETE", Severity: lint.Warning, Level: lint.Low, Path: "$", Span: at, Message: "cut", Help: "shorten it"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Policy (-want +got):\n%s", diff)
	}
}

func TestFindingsAreSuppressedDisabledAndOverridden(t *testing.T) {
	t.Parallel()
	problems := iam.Problems{{Code: "LINT_INCOMPLETE", Path: "Statement[0].Action[1]"}}
	for _, tc := range []struct {
		name string
		o    lint.Options
		want []string
	}{
		{"nothing set", lint.Options{}, []string{"LINT_INCOMPLETE"}},
		{"disabled", lint.Options{Disabled: []string{"lint_incomplete"}}, nil},
		{"another disabled", lint.Options{Disabled: []string{"LINT_SUPPRESSION_EXPIRED"}}, []string{"LINT_INCOMPLETE"}},
		{"suppressed everywhere", lint.Options{Suppressions: []lint.Suppression{{Code: "LINT_INCOMPLETE"}}}, nil},
		{"suppressed above", lint.Options{Suppressions: []lint.Suppression{{Code: "LINT_INCOMPLETE", Path: "Statement[0]"}}}, nil},
		{"suppressed by pattern", lint.Options{Suppressions: []lint.Suppression{{Code: "LINT_INCOMPLETE", Path: "Statement[?].Action"}}}, nil},
		{"suppressed elsewhere", lint.Options{Suppressions: []lint.Suppression{{Code: "LINT_INCOMPLETE", Path: "Statement[0].Act"}}}, []string{"LINT_INCOMPLETE"}},
		{"another suppressed", lint.Options{Suppressions: []lint.Suppression{{Code: "LINT_SUPPRESSION_EXPIRED"}}}, []string{"LINT_INCOMPLETE"}},
		{"not yet expired", lint.Options{Now: now, Suppressions: []lint.Suppression{{Code: "LINT_INCOMPLETE", Until: now.Add(time.Second)}}}, nil},
		{"expired", lint.Options{Now: now, Suppressions: []lint.Suppression{{Code: "LINT_INCOMPLETE", Until: now}}}, []string{"LINT_INCOMPLETE", "LINT_SUPPRESSION_EXPIRED"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tc.want, codesOf(lint.Policy(&iam.Policy{}, problems, tc.o))); diff != "" {
				t.Errorf("Policy (-want +got):\n%s", diff)
			}
		})
	}
	got := lint.Policy(&iam.Policy{}, problems, lint.Options{
		Severities: map[string]lint.Severity{"lint_incomplete": lint.Error}, Levels: map[string]lint.Level{"LINT_INCOMPLETE": lint.Critical},
	})
	if got[0].Severity != lint.Error || got[0].Level != lint.Critical {
		t.Errorf("severity and level = %v, %v, want error, critical", got[0].Severity, got[0].Level)
	}
}

// What was accepted of one policy of a set says nothing of the others.
func TestPoliciesOfASetHaveOptionsOfTheirOwn(t *testing.T) {
	t.Parallel()
	problems := iam.Problems{{Code: "LINT_INCOMPLETE", Path: "$"}}
	a := lint.Attached{
		Policies: []*iam.Policy{{}, {}, {}},
		Problems: []iam.Problems{problems, problems, problems},
		Options:  []*lint.Options{nil, {Suppressions: []lint.Suppression{{Code: "LINT_INCOMPLETE"}}}},
	}
	var got []int
	for _, f := range lint.Set(a, lint.Options{}) {
		got = append(got, f.Policy)
	}
	if diff := cmp.Diff([]int{0, 2}, got); diff != "" {
		t.Errorf("policies with a finding (-want +got):\n%s", diff)
	}
}

func TestThreshold(t *testing.T) {
	t.Parallel()
	findings := []lint.Finding{
		{Code: "A", Severity: lint.Error, Level: lint.Low},
		{Code: "B", Severity: lint.Security, Level: lint.High},
		{Code: "C", Severity: lint.Security, Level: lint.Low},
		{Code: "D", Severity: lint.Warning, Level: lint.Critical},
	}
	for _, tc := range []struct {
		word string
		want []string
	}{
		{"security:medium", []string{"A", "B"}},
		{"error", []string{"A"}},
		{"error:high", nil},
		{"suggestion", []string{"A", "B", "C", "D"}},
		{"high", []string{"B", "D"}},
		{"low", []string{"A", "B", "C", "D"}},
		{"never", nil},
	} {
		threshold, err := lint.ParseThreshold(tc.word)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, f := range findings {
			if threshold.Reached(f) {
				got = append(got, f.Code)
			}
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s is reached by (-want +got):\n%s", tc.word, diff)
		}
		if got := threshold.String(); got != tc.word && got != tc.word+":info" {
			t.Errorf("String() = %q, want %q", got, tc.word)
		}
	}
	for _, word := range []string{"", "bad", "error:bad", "high:error"} {
		if _, err := lint.ParseThreshold(word); err == nil {
			t.Errorf("ParseThreshold(%q) takes it", word)
		}
	}
}

func TestOptionsThatCannotBeMeantAreRefused(t *testing.T) {
	t.Parallel()
	o := lint.Options{
		Disabled:     []string{"NO_SUCH_CODE"},
		Levels:       map[string]lint.Level{"NOR_THIS": lint.Low},
		Severities:   map[string]lint.Severity{"NOR_THAT": lint.Error},
		Suppressions: []lint.Suppression{{Code: "LINT_INCOMPLETE"}, {Code: "WHAT", Reason: "so"}},
		OwnAccounts:  []string{"1111-2222-3333", "111122223333"},
	}
	err := o.Validate()
	if err == nil {
		t.Fatal("Validate() = nil, want what is wrong")
	}
	for _, want := range []string{"NO_SUCH_CODE", "NOR_THIS", "NOR_THAT", "without a reason", "WHAT", "1111-2222-3333"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("Validate() = %q, want it to name %q", err, want)
		}
	}
	o = lint.Options{Suppressions: []lint.Suppression{{Code: "LINT_INCOMPLETE", Reason: "generated"}}}
	if err := o.Validate(); err != nil {
		t.Errorf("Validate() = %v, want nil", err)
	}
}

func TestCodesAreCompleteAndUnique(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, c := range lint.Codes() {
		if seen[c.Name] {
			t.Errorf("%s is there twice", c.Name)
		}
		seen[c.Name] = true
		if c.Title == "" || len(c.Text) < 50 || c.Text != strings.TrimSpace(c.Text) {
			t.Errorf("%s has no title or no text", c.Name)
		}
		if got, ok := lint.Explain(strings.ToLower(c.Name)); !ok || got != c {
			t.Errorf("Explain(%q) = %v, %v, want the code", strings.ToLower(c.Name), got, ok)
		}
	}
	if _, ok := lint.Explain("NO_SUCH_CODE"); ok {
		t.Error("Explain knows a code there is not")
	}
}
