package lint_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/lint"
)

func TestMoreThanNeeded(t *testing.T) {
	t.Parallel()
	account := "arn:aws:sqs:eu-west-1:111122223333:"
	judge(t, "LP_", []judged{
		{name: "as it should be", statement: allow(`["sqs:GetQueueUrl", "sqs:SendMessage"]`, jobs, "")},
		{name: "everything", statement: allow(`"*"`, `"*"`, ""), want: []string{"LP_ADMIN_STAR critical Statement[0]"}},
		{name: "everything with a second factor", statement: allow(`"*:*"`, `["*"]`, `{"Bool": {"aws:MultiFactorAuthPresent": "true"}}`), want: []string{"LP_ADMIN_STAR high Statement[0]"}},
		{name: "nothing", statement: deny(`"*"`, `"*"`, "")},
		{name: "everything within a boundary", kind: iam.BoundaryPolicy, statement: allow(`"*"`, `"*"`, "")},
		{name: "everything within an organisation", kind: iam.ServiceControlPolicy, statement: allow(`"*"`, `"*"`, "")},
		{name: "everything but", statement: `{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}`, want: []string{"LP_NOT_ACTION_ALLOW high Statement[0]"}},
		{name: "nothing but", statement: `{"Effect": "Deny", "NotAction": "iam:*", "Resource": "*"}`},
		{name: "everywhere but", statement: `{"Effect": "Allow", "Action": "sqs:SendMessage", "NotResource": "` + account + `private"}`, want: []string{"LP_NOT_RESOURCE_ALLOW high Statement[0]"}},
		{name: "a service", statement: allow(`"sqs:*"`, jobs, ""), want: []string{"LP_SERVICE_WILDCARD medium Statement[0].Action"}},
		{name: "a grave service", statement: allow(`["iam:*"]`, `"arn:aws:iam::111122223333:role/app"`, ""), want: []string{"LP_SERVICE_WILDCARD high Statement[0].Action[0]"}},
		{name: "all services on one resource", statement: allow(`"*"`, jobs, ""), want: []string{"LP_SERVICE_WILDCARD high Statement[0].Action"}},
		{name: "a key handed to its account", kind: iam.ResourcePolicy, statement: `{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:root"}, "Action": "kms:*", "Resource": "*"}`},
		{name: "a key handed to a role", kind: iam.ResourcePolicy, statement: `{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:role/x"}, "Action": "kms:*", "Resource": "*"}`, want: []string{"LP_SERVICE_WILDCARD high Statement[0].Action"}},
		{name: "several actions", statement: allow(`"sqs:GetQueue*"`, jobs, ""), want: []string{"LP_ACTION_WILDCARD low Statement[0].Action"}},
		{name: "one action", statement: allow(`"sqs:ChangeMessageVis*"`, jobs, ""), want: []string{"LP_ACTION_WILDCARD low Statement[0].Action"}},
		{name: "permissions", statement: allow(`"sqs:*Permission"`, jobs, ""), want: []string{"LP_ACTION_WILDCARD high Statement[0].Action"}},
		{name: "denied pattern", statement: deny(`"sqs:*Permission"`, jobs, "")},
	})
}

func TestPatternsThatDestroy(t *testing.T) {
	t.Parallel()
	table := `"arn:aws:dynamodb:eu-west-1:111122223333:table/surveys"`
	want := []string{"LP_WILDCARD_REACHES_DESTRUCTIVE high Statement[0].Action"}
	judge(t, "LP_WILDCARD", []judged{
		{name: "tables", statement: allow(`"dynamodb:*Table"`, table, ""), want: want},
		{name: "items", statement: allow(`"dynamodb:*Item"`, table, "")},
		{name: "messages", statement: allow(`"sqs:*Message"`, jobs, "")},
		{name: "says so", statement: allow(`"dynamodb:DeleteT*"`, table, "")},
		{name: "instances", statement: allow(`"ec2:*Instances"`, `"arn:aws:ec2:eu-west-1:111122223333:instance/*"`, ""), want: want},
		{name: "bucket policy", statement: allow(`"s3:PutBucket*"`, `"arn:aws:s3:::media"`, ""), want: want},
		{name: "reading", statement: allow(`"s3:GetBucket*"`, `"arn:aws:s3:::media"`, "")},
		{name: "versions of objects", statement: allow(`"s3:*Object*"`, objects, ""), want: want},
	})
}

func TestResourcesLeftOpen(t *testing.T) {
	t.Parallel()
	star := func(action string) string { return allow(action, `"*"`, "") }
	queue := func(resource string) string { return allow(`"sqs:SendMessage"`, `"`+resource+`"`, "") }
	judge(t, "LP_RE", []judged{
		{name: "write", statement: star(`"sqs:SendMessage"`), want: []string{"LP_RESOURCE_STAR medium Statement[0]"}},
		{name: "read", statement: star(`"s3:GetObject"`), want: []string{"LP_RESOURCE_STAR low Statement[0]"}},
		{name: "permissions", statement: star(`["s3:GetObject", "sqs:AddPermission"]`), want: []string{"LP_RESOURCE_STAR high Statement[0]"}},
		{name: "list", statement: star(`"s3:ListBucket"`)},
		{name: "takes no resource", statement: star(`["ecr:GetAuthorizationToken", "ec2:DescribeInstances", "sqs:ListQueues"]`)},
		{name: "among others", statement: allow(`"sqs:SendMessage"`, `[`+jobs+`, "*"]`, ""), want: []string{"LP_RESOURCE_STAR medium Statement[0]"}},
		{name: "by tag", statement: allow(`"ec2:StartInstances"`, `"*"`, `{"StringEquals": {"aws:ResourceTag/team": "blue"}}`), want: []string{"LP_RESOURCE_STAR info Statement[0]"}},
		{name: "what is left is a list", statement: "[" + allow(`["s3:GetObject", "s3:ListBucket"]`, `"*"`, "") + "," + deny(`"s3:GetObject"`, `"*"`, "") + "]"},
		{name: "a queue's policy is about the queue", kind: iam.ResourcePolicy, statement: `{"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "sqs:SendMessage", "Resource": "*"}`},
		{name: "any queue", statement: queue("arn:aws:sqs:*:*:*"), want: []string{"LP_RESOURCE_TOO_WIDE low Statement[0].Resource"}},
		{name: "any queue of a region", statement: queue("arn:aws:sqs:eu-west-1:*:*")},
		{name: "any region", statement: queue("arn:aws:sqs:*:111122223333:jobs"), want: []string{"LP_REGION_OPEN info Statement[0].Resource"}},
		{name: "any bucket's objects", statement: allow(getSome, `"arn:aws:s3:::*/*"`, ""), want: []string{"LP_RESOURCE_TOO_WIDE low Statement[0].Resource"}},
		{name: "a bucket's objects", statement: allow(getSome, objects, "")},
	})
	judge(t, "LP_ACCOUNT", []judged{
		{name: "any account", statement: queue("arn:aws:sqs:eu-west-1:*:jobs"), want: []string{"LP_ACCOUNT_OPEN info Statement[0].Resource"}},
		{name: "any account, compared", statement: allow(`"sqs:SendMessage"`, `"arn:aws:sqs:eu-west-1:*:jobs"`, `{"StringEquals": {"aws:ResourceAccount": "${aws:PrincipalAccount}"}}`)},
		{name: "oneself", statement: allow(`"iam:GetUser"`, `"arn:aws:iam::*:user/${aws:username}"`, "")},
	})
}

func TestStatementsToSplit(t *testing.T) {
	t.Parallel()
	const pull = `["ecr:GetAuthorizationToken", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]`
	judge(t, "LP_MIXED", []judged{
		{name: "both", statement: allow(pull, `"*"`, ""), want: []string{"LP_MIXED_STAR low Statement[0]"}},
		{name: "named", statement: allow(`["ecr:BatchGetImage"]`, `"*"`, "")},
		{name: "without resource", statement: allow(`["ecr:GetAuthorizationToken", "sqs:ListQueues"]`, `"*"`, "")},
		{name: "a wildcard of both", statement: allow(`"ecr:*"`, `"*"`, "")},
	})
	judge(t, "LP_CROSS", []judged{
		{name: "two services", statement: allow(`["s3:GetObject", "sqs:SendMessage"]`, `[`+objects+`, `+jobs+`]`, ""), want: []string{"LP_CROSS_PRODUCT low Statement[0]"}},
		{name: "bucket and objects", statement: allow(`["s3:GetObject", "s3:PutObject", "s3:ListBucket"]`, `["arn:aws:s3:::media", "arn:aws:s3:::media/*"]`, "")},
		{name: "two buckets", statement: allow(`["s3:GetObject", "s3:PutObject"]`, `["arn:aws:s3:::static/*", "arn:aws:s3:::media/*"]`, ""), want: []string{"LP_CROSS_PRODUCT info Statement[0]"}},
		{name: "two buckets read", statement: allow(`["s3:GetObject", "s3:GetObjectVersion"]`, `["arn:aws:s3:::static/*", "arn:aws:s3:::media/*"]`, "")},
		{name: "two queues", statement: allow(`["sqs:SendMessage", "sqs:GetQueueUrl"]`, `[`+jobs+`, "arn:aws:sqs:eu-west-1:111122223333:mails"]`, "")},
	})
}

// Splitting a statement is safe: the two grant what the one did.
func TestSplittingKeepsTheMeaning(t *testing.T) {
	t.Parallel()
	text := document(`[{"Sid": "Pull", "Effect": "Allow", "Action": ["ecr:GetAuthorizationToken", "ecr:BatchGetImage"], "Resource": "*"}]`)
	policy, problems := read(t, iam.IdentityPolicy, text)
	fixed, mended, err := lint.Mend([]byte(text), lint.Policy(policy, problems, lint.Options{Now: now}), lint.SafeFixes)
	if err != nil || len(mended) != 1 || mended[0].Code != "LP_MIXED_STAR" {
		t.Fatalf("Mend: mended %v, %v; want LP_MIXED_STAR", mended, err)
	}
	got, _ := read(t, iam.IdentityPolicy, string(fixed))
	if len(got.Statements) != 2 || *got.Statements[0].Sid != "Pull" || *got.Statements[1].Sid != "PullStarOnly" {
		t.Fatalf("statements of %s are not Pull and PullStarOnly", fixed)
	}
	want := [][]string{{"ecr:BatchGetImage"}, {"ecr:GetAuthorizationToken"}}
	if diff := cmp.Diff(want, [][]string{got.Statements[0].Actions.Values, got.Statements[1].Actions.Values}); diff != "" {
		t.Errorf("actions (-want +got):\n%s", diff)
	}
}

func TestPlaceholders(t *testing.T) {
	t.Parallel()
	on := func(resource string) string { return allow(`"*:*"`, `"`+resource+`"`, "") }
	when := func(condition string) string { return allow(getSome, objects, condition) }
	want := []string{"LP_PLACEHOLDER high Statement[0].Resource"}
	judge(t, "LP_PLACE", []judged{
		{name: "in angle brackets", statement: on("arn:aws:sqs:<REGION>:<ACCOUNT_ID>:<QUEUE_NAME>"), want: want},
		{name: "in capitals", statement: on("arn:aws:ec2:eu-west-1:111122223333:security-group/NAME OF THE GROUP"), want: want},
		{name: "yours", statement: on("arn:aws:s3:::YOUR_BUCKET/*"), want: want},
		{name: "your", statement: on("arn:aws:s3:::your-bucket-name/*"), want: want},
		{name: "in double braces", statement: on("arn:aws:s3:::{{ bucket }}/*"), want: want},
		{name: "for an account", statement: on("arn:aws:sqs:eu-west-1:ACCOUNT_ID:jobs"), want: want},
		{name: "for an account in small letters", statement: on("arn:aws:sqs:region:account-id:jobs"), want: want},
		{name: "crossed out", statement: on("arn:aws:sqs:eu-west-1:XXXXXXXXXXXX:jobs"), want: want},
		{name: "for a bucket", statement: on("arn:aws:s3:::BUCKET-NAME/*"), want: want},
		{name: "for a role", statement: on("arn:aws:iam::111122223333:role/ROLE_NAME"), want: want},
		{name: "of a template", statement: on("arn:aws:sqs:${AWS::Region}:${AWS::AccountId}:jobs"), want: want},
		{name: "of another tool", statement: on("arn:aws:s3:::${var.bucket}/*"), want: want},
		{name: "example account", statement: on("arn:aws:sqs:eu-west-1:123456789012:example-queue"), want: []string{"LP_PLACEHOLDER info Statement[0].Resource"}},
		{name: "account of test data", statement: on("arn:aws:sqs:eu-west-1:123456789012:jobs")},
		{name: "name of an environment variable", statement: on("arn:aws:ssm:eu-west-1:111122223333:parameter/prod/USER_NAME")},
		{name: "a table in capitals", statement: on("arn:aws:dynamodb:eu-west-1:111122223333:table/SURVEYS_V2")},
		{name: "no condition key", statement: on("arn:aws:s3:::${BucketName}/*"), want: want},
		{name: "policy variable", statement: on("arn:aws:s3:::home/${aws:username}/*")},
		{name: "special characters", statement: on("arn:aws:s3:::home/${*}/${$}/*")},
		{name: "yourself", statement: on("arn:aws:s3:::yourself/*")},
		{name: "in a condition", statement: when(`{"StringEquals": {"aws:PrincipalOrgID": ["o-a1b2c3d4e5", "<ORG_ID>"]}}`), want: []string{"LP_PLACEHOLDER high Statement[0].Condition.StringEquals.aws:PrincipalOrgID[1]"}},
		{name: "words of a tag", statement: when(`{"StringEquals": {"aws:PrincipalTag/team": "HUMAN RESOURCES"}}`)},
		{name: "in a principal", kind: iam.TrustPolicy, statement: trust(`{"AWS": "arn:aws:iam::VENDOR AWS ACCOUNT:root"}`, `"sts:AssumeRole"`, externalID), want: []string{"LP_PLACEHOLDER high Statement[0].Principal.AWS"}},
	})
}

func TestPoliciesOfSeveralPrograms(t *testing.T) {
	t.Parallel()
	shared := []string{"LP_SHARED_ROLE info Statement[0]"}
	known := lint.Options{Uses: []lint.Use{{Role: "web", Actions: []string{"sqs:SendMessage"}}, {Role: "worker", Actions: []string{"SQS:ReceiveMessage", "sqs:DeleteMessage"}}}}
	alike := lint.Options{Uses: []lint.Use{{Role: "a", Actions: []string{"sqs:SendMessage", "sqs:ReceiveMessage"}}, {Role: "b", Actions: []string{"sqs:ReceiveMessage", "sqs:sendmessage", "s3:GetObject"}}}}
	one := lint.Options{Uses: known.Uses[:1]}
	both := allow(`["sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage"]`, jobs, "")
	judge(t, "LP_SHARED", []judged{
		{name: "both ends of a queue", statement: both, want: shared},
		{name: "ends of two queues", statement: "[" + allow(`"sqs:SendMessage"`, jobs, "") + "," + allow(`["sqs:ReceiveMessage", "sqs:DeleteMessage"]`, `"arn:aws:sqs:eu-west-1:111122223333:mails"`, "") + "]"},
		{name: "both ends by two statements", statement: "[" + allow(`"sqs:SendMessage"`, jobs, "") + "," + allow(`"sqs:ReceiveMessage"`, `"arn:aws:sqs:*:111122223333:*"`, "") + "]", want: shared},
		{name: "one end", statement: allow(`["sqs:ReceiveMessage", "sqs:DeleteMessage"]`, jobs, "")},
		{name: "tables and items", statement: allow(`["dynamodb:CreateTable", "dynamodb:PutItem"]`, `"arn:aws:dynamodb:eu-west-1:111122223333:table/*"`, ""), want: shared},
		{name: "two buckets", statement: allow(`["s3:GetObject", "s3:PutObject"]`, `["arn:aws:s3:::static/*", "arn:aws:s3:::media/*"]`, ""), want: shared},
		{name: "used differently", statement: both, options: known, want: []string{"LP_SHARED_ROLE info $"}},
		{name: "used alike", statement: both, options: alike},
		{name: "used by one", statement: both, options: one},
	})
	policy, _ := read(t, iam.IdentityPolicy, document(both))
	for _, f := range lint.Policy(policy, nil, known) {
		if f.Code == "LP_SHARED_ROLE" && !strings.Contains(f.Detail, "web does not need sqs:DeleteMessage, sqs:ReceiveMessage") {
			t.Errorf("Detail = %q, want what web does not need", f.Detail)
		}
	}
}

func TestWhatWasNeverUsed(t *testing.T) {
	t.Parallel()
	calls := lint.Options{Calls: []lint.Call{{Action: "sqs:SendMessage"}, {Action: "SQS:GetQueueUrl"}}}
	judge(t, "LP_UNUSED", []judged{
		{name: "nothing recorded", statement: allow(`"sqs:SendMessage"`, jobs, "")},
		{name: "used", statement: allow(`["sqs:SendMessage", "sqs:GetQueueUrl"]`, jobs, ""), options: calls},
		{name: "not used", statement: allow(`["sqs:SendMessage", "sqs:PurgeQueue"]`, jobs, ""), options: calls, want: []string{"LP_UNUSED low Statement[0].Action[1]"}},
		{name: "half used", statement: allow(`"sqs:GetQueue*"`, jobs, ""), options: calls, want: []string{"LP_UNUSED low Statement[0].Action"}},
		{name: "recorded and nothing done", statement: allow(`"sqs:SendMessage"`, jobs, ""), options: lint.Options{Calls: []lint.Call{}}, want: []string{"LP_UNUSED low Statement[0].Action"}},
		{name: "denied", statement: deny(`"sqs:PurgeQueue"`, jobs, ""), options: calls},
	})
}

func TestActionsThatAreMissing(t *testing.T) {
	t.Parallel()
	both := func(a, b string) string { return "[" + a + ", " + b + "]" }
	read := allow(getSome, objects, "")
	judge(t, "GAP_", []judged{
		{name: "upload", statement: allow(`"s3:PutObject"`, objects, ""), want: []string{"GAP_MULTIPART_ABORT info Statement[0]"}},
		{name: "upload and abort", statement: allow(`["s3:PutObject", "s3:AbortMultipartUpload"]`, objects, "")},
		{name: "read", statement: read, want: []string{"GAP_LIST_BUCKET info Statement[0]"}},
		{name: "read and list", statement: both(read, allow(`"s3:ListBucket"`, `"arn:aws:s3:::media"`, ""))},
		{name: "read and list what is no bucket", statement: both(read, allow(`"s3:ListBucket"`, objects, "")), want: []string{"GAP_LIST_BUCKET info Statement[0]"}},
		{name: "below a boundary", kind: iam.BoundaryPolicy, statement: read, want: []string{"GAP_LIST_BUCKET info Statement[0]"}},
		{name: "open a group", statement: allow(`"ec2:AuthorizeSecurityGroupIngress"`, `"*"`, ""), want: []string{"GAP_DESCRIBE_MISSING info Statement[0]"}},
		{name: "open a group and look", statement: allow(`["ec2:AuthorizeSecurityGroupIngress", "ec2:DescribeSecurityGroups"]`, `"*"`, "")},
		{name: "open a group and look in vain", statement: allow(`["ec2:AuthorizeSecurityGroupIngress", "ec2:DescribeSecurityGroups"]`, `"arn:aws:ec2:eu-west-1:111122223333:security-group/*"`, ""), want: []string{"GAP_DESCRIBE_MISSING info Statement[0]"}},
		{name: "receive", statement: allow(`"sqs:ReceiveMessage"`, jobs, ""), want: []string{"GAP_MESSAGE_DELETE info Statement[0]"}},
		{name: "pull", statement: allow(`"ecr:BatchGetImage"`, `"arn:aws:ecr:eu-west-1:111122223333:repository/app"`, ""), want: []string{"GAP_REGISTRY_TOKEN info Statement[0]"}},
		{name: "everything", statement: allow(`"*"`, `"*"`, "")},
		{name: "a bucket's policy", kind: iam.ResourcePolicy, statement: `{"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::media/*"}`},
	})
}

// What is wrong with the form of a value that was not filled in is not told apart.
func TestPlaceholdersExplainForms(t *testing.T) {
	t.Parallel()
	for _, tc := range []judged{
		{name: "of an ARN", statement: allow(`"sqs:SendMessage"`, `"arn:aws:sqs:<REGION>:<ACCOUNT_ID>:<QUEUE_NAME>"`, "")},
		{name: "of a principal", kind: iam.TrustPolicy, statement: `{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::ACCOUNT_ID:role/deploy"}, "Action": "sts:AssumeRole"}`},
	} {
		policy, problems := read(t, tc.kind, document(tc.statement))
		for _, f := range lint.Policy(policy, problems, lint.Options{Now: now}) {
			if strings.HasPrefix(f.Code, "INVALID_") {
				t.Errorf("%s: %s at %s beside LP_PLACEHOLDER", tc.name, f.Code, f.Path)
			}
		}
	}
}

func TestRegionRulesExceptGlobalServices(t *testing.T) {
	t.Parallel()
	deny := func(actions, regions string) string {
		return `{"Effect": "Deny", ` + actions + `, "Resource": "*", "Condition": {"StringNotEquals": {"aws:RequestedRegion": ` + regions + `}}}`
	}
	want := []string{"GAP_GLOBAL_SERVICES medium Statement[0].Condition.StringNotEquals.aws:RequestedRegion"}
	judge(t, "GAP_GLOBAL", []judged{
		{name: "everything", kind: iam.ServiceControlPolicy, statement: deny(`"Action": "*"`, `["eu-west-1", "eu-central-1"]`), want: want},
		{name: "all but some", kind: iam.ServiceControlPolicy, statement: deny(`"NotAction": ["iam:*", "sts:*"]`, `"eu-west-1"`)},
		{name: "with their region", kind: iam.ServiceControlPolicy, statement: deny(`"Action": "*"`, `["eu-west-1", "us-east-1"]`)},
		{name: "one service", kind: iam.ServiceControlPolicy, statement: deny(`"Action": "ec2:*"`, `"eu-west-1"`)},
		{name: "of an identity", kind: iam.IdentityPolicy, statement: deny(`"Action": "*"`, `"eu-west-1"`)},
	})
}
