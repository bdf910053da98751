package lint_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/lint"
)

// judged is a policy and all that the rules of one family find in it.
type judged struct {
	name string
	kind iam.Kind
	// statement is the element Statement; the rest of the document is as usual.
	statement string
	options   lint.Options
	// want are "CODE level path", in the order of the document.
	want []string
}

func document(statement string) string {
	return `{"Version": "2012-10-17", "Statement": ` + statement + `}`
}

func read(t *testing.T, kind iam.Kind, text string) (*iam.Policy, iam.Problems) {
	t.Helper()
	policy, problems := iam.Read([]byte(text), iam.ParseOptions{Kind: kind})
	if policy == nil {
		t.Fatalf("Read(%s): %v", text, problems)
	}
	return policy, problems
}

// judge compares what is found of the codes with a prefix.
func judge(t *testing.T, prefix string, cases []judged) {
	t.Helper()
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			o := tc.options
			if o.Now.IsZero() {
				o.Now = now
			}
			policy, problems := read(t, tc.kind, document(tc.statement))
			got := lines(lint.Policy(policy, problems, o), prefix)
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("Policy(%s) (-want +got):\n%s", tc.statement, diff)
			}
		})
	}
}

// lines writes the findings of codes with a prefix as judged.want.
func lines(findings []lint.Finding, prefix string) []string {
	var out []string
	for _, f := range findings {
		if strings.HasPrefix(f.Code, prefix) {
			out = append(out, fmt.Sprintf("%s %s %s", f.Code, f.Level, f.Path))
		}
	}
	return out
}
