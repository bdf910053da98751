package source_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/berth-project/berth/iam"
)

// at returns the line and column in the file of what is marked in the text of
// the only policy.
func at(t *testing.T, name, file, marked string) (line, column int) {
	t.Helper()
	found := find(t, name, file)
	if len(found.Policies) != 1 {
		t.Fatalf("Find(%q) = %d policies, want 1", file, len(found.Policies))
	}
	p := found.Policies[0]
	offset := bytes.Index(p.Text, []byte(marked))
	if offset < 0 {
		t.Fatalf("text %q has no %q", p.Text, marked)
	}
	pos := p.Position(iam.Position{Offset: offset})
	return pos.Line, pos.Column
}

func TestPositionsLeadBackToTheFile(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, file, text, marked string
		line, column             int
	}{
		{"literal", "a.json", "{\"Version\":\"2012-10-17\",\n \"Statement\":[{\"Effect\":\"Allow\"}]}", "Allow", 2, 26},
		{"behind a byte order mark", "a.json", "\ufeff{\"Version\":\"2012-10-17\",\"Statement\":[]}", "2012", 1, 13},
		{"in prose", "a.md", "Attach:\n\n  {\"Effect\":\"Deny\",\n  \"Action\":\"x:*\"}", "x:*", 4, 13},
		{"in a string", "a.json", `{"Policy":"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\"}]}"}`, "Allow", 1, 69},
		{"at an escape", "a.json", `{"Policy":"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\"}]}"}`, `"Effect`, 1, 56},
		{"URL encoded", "a.txt", "%7B%22Statement%22%3A%7B%22Effect%22%3A%22Allow%22%7D%7D", "Allow", 1, 43},
		{"CRLF", "a.json", "{\"Version\":\"2012-10-17\",\r\n\"Statement\":[{\"Effect\":\"Allow\"}]}", "Allow", 2, 25},
		{"behind a stand-in", "a.json", "{\"Resources\":{\"P\":{\"Type\":\"AWS::IAM::ManagedPolicy\",\"Properties\":{\"PolicyDocument\":{\"Statement\":[{\n\"Resource\":{\"Ref\":\"X\"},\"Effect\":\"Allow\"}]}}}}}", "Allow", 2, 34},
		{"a stand-in", "a.json", "{\"Resources\":{\"P\":{\"Type\":\"AWS::IAM::ManagedPolicy\",\"Properties\":{\"PolicyDocument\":{\"Statement\":[{\n\"Resource\":{\"Ref\":\"JobsQueue\"},\"Effect\":\"Allow\"}]}}}}}", "jobs-queue", 2, 12},
		{"in a heredoc", "a.tf", "resource \"aws_iam_policy\" \"p\" {\n  policy = <<-EOF\n    {\"Statement\": [\n      {\"Effect\": \"Allow\"}]}\n  EOF\n}\n", "Allow", 4, 19},
		{"behind an escape of a heredoc", "a.tf", "resource \"aws_iam_policy\" \"p\" {\n  policy = <<EOF\n{\"Statement\": [{\"Resource\": \"$${aws:username}\", \"Effect\": \"Allow\"}]}\nEOF\n}\n", "Allow", 3, 60},
		{"in jsonencode", "a.tf", "resource \"aws_iam_policy\" \"p\" {\n  policy = jsonencode({\n    Statement = [{ Effect = \"Allow\" }]\n  })\n}\n", "Allow", 3, 30},
		{"a name in jsonencode", "a.tf", "resource \"aws_iam_policy\" \"p\" {\n  policy = jsonencode({\n    Statement = [{ Effect = \"Allow\" }]\n  })\n}\n", "Effect", 3, 20},
		{"in a document", "a.tf", "data \"aws_iam_policy_document\" \"p\" {\n  statement {\n    actions = [\"s3:GetObject\"]\n  }\n}\n", "s3:GetObject", 3, 17},
		{"in a quoted template", "a.tf", "resource \"aws_iam_policy\" \"p\" {\n  policy = \"{\\\"Statement\\\": [{\\\"Effect\\\": \\\"Allow\\\"}]}\"\n}\n", "Allow", 2, 45},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			line, column := at(t, tc.file, tc.text, tc.marked)
			if line != tc.line || column != tc.column {
				t.Errorf("Position of %q in %q = %d:%d, want %d:%d", tc.marked, tc.text, line, column, tc.line, tc.column)
			}
		})
	}
}

// TestPositionOutsideTheText shows that no position leads out of the file.
func TestPositionOutsideTheText(t *testing.T) {
	t.Parallel()
	text := `x {"Effect":"Deny","Action":"x:*"}`
	p := find(t, "a.txt", text).Policies[0]
	for _, offset := range []int{-5, 1_000_000} {
		if got := p.Position(iam.Position{Offset: offset}).Offset; got < 2 || got > len(text) {
			t.Errorf("Position(%d) = %d, want a place of the policy", offset, got)
		}
	}
}

func TestSpanCoversWhatIsMeant(t *testing.T) {
	t.Parallel()
	text := `x {"Effect":"Deny","Action":"x:*"} y`
	p := find(t, "a.txt", text).Policies[0]
	start := strings.Index(string(p.Text), `"Deny"`)
	got := p.Span(iam.Span{Start: iam.Position{Offset: start}, End: iam.Position{Offset: start + len(`"Deny"`)}})
	if s := text[got.Start.Offset:got.End.Offset]; s != `"Deny"` {
		t.Errorf("Span = %q, want %q", s, `"Deny"`)
	}
}
