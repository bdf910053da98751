package source_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestTerraformExpressions writes one expression where a Resource stands.
func TestTerraformExpressions(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ expression, want string }{
		{`"*"`, `"*"`},
		{`["a", "b",]`, `["a","b"]`},
		{`"a\"b\\c\td\u00e9"`, `"a\"b\\c\tdé"`},
		{`"$${aws:username}/%%{x}"`, `"${aws:username}/%{x}"`},
		{`("a")`, `"a"`},
		{`{ a = 1.50, "b" : true, c = null, (local.name) = -2 }`, ``},
		{`{ a = 1.50, "b" : true, c = null, d = -2 }`, `{"a":1.50,"b":true,"c":null,"d":-2}`},
		{`aws_sqs_queue.jobs.arn`, `"arn:aws:sqs:us-east-1:314159265358:survey-jobs"`},
		{`"${aws_sqs_queue.jobs.arn}"`, `"arn:aws:sqs:us-east-1:314159265358:survey-jobs"`},
		{`aws_sqs_queue.jobs.url`, `"https://sqs.us-east-1.amazonaws.com/314159265358/survey-jobs"`},
		{`"${aws_s3_bucket.media["x"].arn}/*"`, `"arn:aws:s3:::media/*"`},
		{`aws_s3_bucket.media[*].arn`, `["arn:aws:s3:::media"]`},
		{`"arn:aws:s3:::${aws_s3_bucket.media.id}/*"`, `"arn:aws:s3:::media/*"`},
		{`data.aws_s3_bucket.logs.arn`, `"arn:aws:s3:::logs"`},
		{`aws_dynamodb_table.t.stream_arn`, `"arn:aws:dynamodb:us-east-1:314159265358:table/t/stream/2020-01-01T00:00:00.000"`},
		{`"arn:${data.aws_partition.current.partition}:sns:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}:x"`, `"arn:aws:sns:us-east-1:314159265358:x"`},
		{`aws_kinesis_video_stream.v.arn`, `"arn:aws:kinesis:us-east-1:314159265358:stream/kinesis-video-stream-v"`},
		{`local.name`, `"survey"`},
		{`"${local.name}-${var.stage}"`, `"survey-prod"`},
		{`local.list`, `["a","survey-b"]`},
		{`local.circle`, `"arn:aws:s3:::circle"`},
		{`local.missing`, `"arn:aws:s3:::missing"`},
		{`var.bucket_arn`, `"arn:aws:s3:::bucket"`},
		{`var.empty`, `"arn:aws:s3:::empty"`},
		{`module.media.bucket_arn`, `"arn:aws:s3:::bucket"`},
		{`"${each.value}/*"`, `"value/*"`},
		{`"${lower(var.bucket_name)}/*"`, `"bucket-name/*"`},
		{`tolist(["a"])`, `["a"]`},
		{`toset([local.name])`, `["survey"]`},
		{"<<EOF\na b\nEOF\n", `"a b\n"`},
		{`var.public ? "*" : "x"`, ``},
		{`[for b in var.buckets : "${b}/*"]`, ``},
		{`concat(["a"], var.more)`, ``},
		{`"%{ if var.public }*%{ else }x%{ endif }"`, ``},
		{`1 + 1`, ``},
	} {
		text := "locals {\n  name = \"survey\"\n  list = [\"a\", \"${local.name}-b\"]\n  circle = local.circle\n}\n" +
			"variable \"stage\" {\n  default = \"prod\"\n}\nvariable \"empty\" {\n  default = null\n}\n" +
			"resource \"aws_sqs_queue\" \"jobs\" {\n  name = \"${local.name}-jobs\"\n}\n" +
			"resource \"aws_iam_policy\" \"p\" {\n  policy = jsonencode({\n    Statement = { Effect = \"Allow\", Action = \"s3:GetObject\",\n      Resource = " + tc.expression + "\n    }\n  })\n}\n"
		file := find(t, "a.tf", text)
		if tc.want == "" {
			if len(file.Policies) != 0 || len(file.Notes) != 1 || !strings.Contains(file.Notes[0].Message, "not literal") {
				t.Errorf("%s: policies %q and notes %v, want a note that it is not literal", tc.expression, names(file.Policies), file.Notes)
			}
			continue
		}
		if len(file.Policies) != 1 {
			t.Errorf("%s: policies %q and notes %v, want one policy", tc.expression, names(file.Policies), file.Notes)
			continue
		}
		var document struct {
			Statement struct{ Resource json.RawMessage }
		}
		if err := json.Unmarshal(file.Policies[0].Text, &document); err != nil {
			t.Errorf("%s: %v in %s", tc.expression, err, file.Policies[0].Text)
			continue
		}
		var got bytes.Buffer
		if err := json.Compact(&got, document.Statement.Resource); err != nil {
			t.Fatal(err)
		}
		if got.String() != tc.want {
			t.Errorf("%s = %s, want %s", tc.expression, got.String(), tc.want)
		}
	}
}

// TestTerraformPolicies finds the policy one argument is.
func TestTerraformPolicies(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, text string
		want       []string // names and kinds
		note       string
	}{
		{"an argument that is null", `resource "aws_sqs_queue" "q" {
  policy = null
}`, nil, ""},
		{"either of two", `resource "aws_iam_policy" "p" {
  policy = var.wide ? jsonencode({ Statement = [] }) : jsonencode({ Statement = [{ Effect = "Deny" }] })
}`, []string{"aws_iam_policy.p identity", "aws_iam_policy.p (2) identity"}, ""},
		{"a local that is a local", `locals {
  a = local.b
  b = jsonencode({ Statement = [] })
}
resource "aws_iam_policy" "p" {
  policy = local.a
}`, []string{"aws_iam_policy.p identity"}, ""},
		{"an object that is a local", `locals {
  document = { Statement = [] }
}
resource "aws_iam_policy" "p" {
  policy = jsonencode(local.document)
}`, []string{"aws_iam_policy.p identity"}, ""},
		{"one document for two", `data "aws_iam_policy_document" "d" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["ec2.amazonaws.com"]
    }
  }
}
resource "aws_iam_role" "a" {
  assume_role_policy = data.aws_iam_policy_document.d.json
}
resource "aws_iam_role" "b" {
  assume_role_policy = data.aws_iam_policy_document.d.json
}`, []string{"data.aws_iam_policy_document.d trust to aws_iam_role.a aws_iam_role.b"}, ""},
		{"a document of another file", `resource "aws_iam_policy" "p" {
  policy = data.aws_iam_policy_document.d.json
}`, nil, "another file"},
		{"a document that takes from others", `data "aws_iam_policy_document" "d" {
  source_policy_documents = [data.aws_iam_policy_document.e.json]
  statement {
    actions = ["s3:GetObject"]
  }
}`, []string{"data.aws_iam_policy_document.d identity"}, "other documents"},
		{"a policy of another resource", `resource "aws_iam_policy" "p" {
  policy = module.x.policy
}`, nil, "not literal"},
		{"an organisation's", `resource "aws_organizations_policy" "p" {
  type    = "RESOURCE_CONTROL_POLICY"
  content = jsonencode({ Statement = [] })
}
resource "aws_organizations_policy" "tags" {
  type    = "TAG_POLICY"
  content = jsonencode({ tags = {} })
}`, []string{"aws_organizations_policy.p rcp"}, ""},
		{"another language", `resource "aws_iot_policy" "p" {
  policy = jsonencode({ Statement = [{ Effect = "Allow" }] })
}`, nil, ""},
		{"configuration that breaks off", `resource "aws_iam_policy" "p" {
  policy = jsonencode({ Statement = [] })
}
resource "aws_iam_policy" "q" {
  policy =
`, []string{"aws_iam_policy.p identity"}, "cannot be read on"},
		{"a script in a heredoc", `resource "aws_instance" "i" {
  user_data = <<EOF
aws iam put-role-policy --policy-name media --policy-document '{"Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}'
EOF
}`, []string{"media identity"}, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			file := find(t, "a.tf", tc.text+"\n")
			var got []string
			for _, p := range file.Policies {
				text := p.Name + " " + p.Kind.String()
				if len(p.AttachedTo) > 1 {
					text += " to " + strings.Join(p.AttachedTo, " ")
				}
				got = append(got, text)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("policies differ (-want +got):\n%s", diff)
			}
			if tc.note == "" && len(file.Notes) > 0 || tc.note != "" && (len(file.Notes) != 1 || !strings.Contains(file.Notes[0].Message, tc.note)) {
				t.Errorf("notes = %v, want one with %q", file.Notes, tc.note)
			}
		})
	}
}
