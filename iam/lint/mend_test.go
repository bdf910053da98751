package lint_test

import (
	"testing"

	"github.com/berth-project/berth/iam/lint"
)

func finding(safe bool, patch ...lint.Operation) lint.Finding {
	return lint.Finding{Code: "X", Fix: &lint.Fix{Description: "x", Safe: safe, Patch: patch}}
}

func TestMend(t *testing.T) {
	t.Parallel()
	const text = `{"Statement": [{"Sid": "", "Effect": "Allow", "Action": ["a:A", "b:B"], "Resource": "*"}]}`
	var (
		nameless = finding(true, lint.Operation{Op: "remove", Path: "/Statement/0/Sid"})
		shorter  = finding(true, lint.Operation{Op: "remove", Path: "/Statement/0/Action/1"})
		other    = finding(true, lint.Operation{Op: "replace", Path: "/Statement/0/Action", Value: "c:C"})
		risky    = finding(false, lint.Operation{Op: "add", Path: "/Version", Value: "2012-10-17"})
	)
	for _, tc := range []struct {
		name     string
		findings []lint.Finding
		which    lint.Fixes
		mended   int
		want     string
	}{
		{"nothing", nil, lint.AllFixes, 0, text},
		{"without a fix", []lint.Finding{{Code: "X"}}, lint.AllFixes, 0, text},
		{"safe ones", []lint.Finding{nameless, risky, shorter}, lint.SafeFixes, 2, `{"Statement": [{"Effect": "Allow", "Action": ["a:A"], "Resource": "*"}]}`},
		{
			"all",
			[]lint.Finding{nameless, risky},
			lint.AllFixes, 2,
			`{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["a:A", "b:B"], "Resource": "*"}]}`,
		},
		{"of one place the first", []lint.Finding{shorter, other}, lint.AllFixes, 1, `{"Statement": [{"Sid": "", "Effect": "Allow", "Action": ["a:A"], "Resource": "*"}]}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got, mended, err := lint.Mend([]byte(text), tc.findings, tc.which)
			if err != nil || len(mended) != tc.mended || string(got) != tc.want {
				t.Errorf("Mend() = %s and %d mended, %v, want %s and %d", got, len(mended), err, tc.want, tc.mended)
			}
		})
	}
	if _, _, err := lint.Mend([]byte("{"), nil, lint.AllFixes); err == nil {
		t.Error("Mend takes what is not JSON")
	}
}
