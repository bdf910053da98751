package lint_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/lint"
)

// FuzzPolicy judges arbitrary texts as every kind of policy.
func FuzzPolicy(f *testing.F) {
	for _, statement := range cleanStatements {
		f.Add(`{"Version": "2012-10-17", "Statement": [`+statement+`]}`, uint8(0), "")
	}
	f.Add(`{"Statement":{"Effect":"Deny","NotAction":["*","s3:Get*","sqs:SendMessageBatch"],"NotResource":["*","arn:aws:s3:::B/*"],"Condition":{"ForAllValues:StringLike":{"aws:TagKeys":"*"}}}}`, uint8(0), "")
	f.Add(`{"Statement":{"Effect":"Allow","Principal":{"AWS":["AIDAX"],"Service":[]},"Action":"sts:*","Condition":{"IpAddress":{"aws:SourceIp":["10.0.0.1/8"]},"Bool":{}}}}`, uint8(7), "s3:bucket")
	f.Fuzz(func(t *testing.T, text string, kind uint8, resource string) {
		o := lint.Options{Now: now, ResourceType: resource, KindGuessed: kind&0x80 != 0}
		k := iam.Kind(int(kind&0x3f) % len(iam.Kinds()))
		policy, problems := iam.Read([]byte(text), iam.ParseOptions{Kind: k, ResourceType: resource, SCPLegacy: kind&0x40 != 0})
		findings := lint.Policy(policy, problems, o)
		read := text
		if policy != nil {
			read = policy.Text()
		}
		for _, found := range findings {
			check(t, read, found)
		}
		if fixed, _, err := lint.Mend([]byte(read), findings, lint.AllFixes); err == nil && !json.Valid(fixed) {
			t.Errorf("Mend(%q) = %q, which is not JSON", read, fixed)
		}
		var b bytes.Buffer
		if err := lint.WriteSARIF(&b, []lint.Document{{File: "f", Text: read, Policy: policy, Findings: findings}}, ""); err != nil || !json.Valid(b.Bytes()) {
			t.Errorf("WriteSARIF of %q: %v", read, err)
		}
	})
}

func check(t *testing.T, text string, f lint.Finding) {
	t.Helper()
	if _, ok := lint.Explain(f.Code); !ok {
		t.Errorf("there is no code %q", f.Code)
	}
	if f.Path == "" || f.Message == "" || strings.HasSuffix(f.Message, ".") {
		t.Errorf("%s at %q says %q", f.Code, f.Path, f.Message)
	}
	start, end := f.Span.Start, f.Span.End
	if start.Offset < 0 || end.Offset < start.Offset || end.Offset > len(text) || end.Line < start.Line {
		t.Errorf("%s at %q has the span %v of %d bytes", f.Code, f.Path, f.Span, len(text))
	}
	if f.Fix != nil && (f.Fix.Description == "" || len(f.Fix.Patch) == 0) {
		t.Errorf("%s at %q has an empty fix", f.Code, f.Path)
	}
}

// TestHostileDocumentsAreCut judges documents of a megabyte that make every
// element worth comparing with every other. That the work was bounded shows in
// the finding that says so.
func TestHostileDocumentsAreCut(t *testing.T) {
	t.Parallel()
	many := func(n int, format string) string {
		parts := make([]string, n)
		for i := range parts {
			parts[i] = fmt.Sprintf(format, i)
		}
		return strings.Join(parts, ",")
	}
	kinds := map[string]iam.Kind{"principals": iam.ResourcePolicy}
	principals := `{"Effect":"Allow","Principal":{"AWS":[` + many(8_000, `"arn:aws:iam::111122223333:role/r%d"`) + `]},"Action":"s3:GetObject","Resource":"*"}`
	for name, statements := range map[string]string{
		"principals": principals + "," + strings.Replace(principals, ":role/r", ":role/s", 1) + "," + principals,
		"actions":    `{"Effect":"Allow","Resource":"*","Action":[` + many(40_000, `"s3:*a%d*"`) + `]}`,
		"resources":  `{"Effect":"Allow","Action":"s3:GetObject","Resource":[` + many(20_000, `"arn:aws:s3:::b*/*%d*a"`) + `]}`,
		"statements": many(8_000, `{"Effect":"Allow","Action":"s3:*a*%d","Resource":"arn:aws:s3:::b*/*a*"}`),
		"values": `{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"StringEquals":{"aws:TagKeys":[` +
			many(40_000, `"*%d"`) + `]}}}`,
		"stars": `{"Effect":"Allow","Resource":"*","Action":[` + many(400, `"s3:`+strings.Repeat("*a", 1000)+`%d"`) + `]}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := `{"Version":"2012-10-17","Statement":[` + statements + `]}`
			policy, problems := iam.Read([]byte(text), iam.ParseOptions{Kind: kinds[name]})
			findings := lint.Policy(policy, problems, lint.Options{Now: now})
			cut := false
			for _, f := range findings {
				cut = cut || f.Code == "LINT_INCOMPLETE" || f.Code == "TOO_MANY_PROBLEMS" || f.Code == "JSON_SYNTAX_ERROR"
			}
			if !cut {
				t.Errorf("%d bytes were judged whole, with %d findings", len(text), len(findings))
			}
		})
	}
}

func BenchmarkPolicy(b *testing.B) {
	text := []byte(`{"Version": "2012-10-17", "Statement": [` +
		`{"Effect": "Allow", "Action": ["s3:Get*", "s3:GetObject", "sqs:SendMessage"], "Resource": ["arn:aws:s3:::media/*", "arn:aws:sqs:eu-west-1:111122223333:jobs"]},` +
		`{"Effect": "Allow", "Action": "ec2:*", "Resource": "*", "Condition": {"StringEquals": {"aws:ResourceTag/team": "a"}}},` +
		`{"Effect": "Deny", "NotAction": "iam:*", "Resource": "*"}]}`)
	policy, problems := iam.Read(text, iam.ParseOptions{})
	b.ReportAllocs()
	for b.Loop() {
		lint.Policy(policy, problems, lint.Options{Now: now})
	}
}
