package lint_test

import (
	"slices"
	"testing"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/lint"
)

// TestLeastPrivilegeIsLeftAlone judges policies as they should be, one for each
// kind of need a program has: nothing may be said of them that asks for a change.
func TestLeastPrivilegeIsLeftAlone(t *testing.T) {
	t.Parallel()
	const region = "eu-west-1:111122223333:"
	for name, tc := range map[string]struct {
		kind      iam.Kind
		statement string
	}{
		"queue send":    {statement: allow(`["sqs:GetQueueUrl", "sqs:SendMessage"]`, jobs, "")},
		"queue receive": {statement: allow(`["sqs:GetQueueUrl", "sqs:GetQueueAttributes", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"]`, jobs, "")},
		"bucket read": {statement: "[" + allow(`"s3:GetObject"`, `"arn:aws:s3:::media/uploads/*"`, "") + "," +
			allow(`"s3:ListBucket"`, `"arn:aws:s3:::media"`, `{"StringLike": {"s3:prefix": "uploads/*"}}`) + "]"},
		"bucket write": {statement: allow(`["s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"]`, objects, "")},
		"table": {statement: "[" +
			allow(`["dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query", "dynamodb:DescribeTable", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:BatchWriteItem", "dynamodb:ConditionCheckItem"]`,
				`"arn:aws:dynamodb:`+region+`table/surveys"`, "") + "," +
			allow(`"dynamodb:Query"`, `"arn:aws:dynamodb:`+region+`table/surveys/index/*"`, "") + "]"},
		"stream": {statement: "[" + allow(`["dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:DescribeStream"]`, `"arn:aws:dynamodb:`+region+`table/surveys/stream/*"`, "") + "," +
			allow(`"dynamodb:ListStreams"`, `"*"`, "") + "]"},
		"topic":      {statement: allow(`"sns:Publish"`, `"arn:aws:sns:`+region+`uploads"`, "")},
		"function":   {statement: allow(`"lambda:InvokeFunction"`, `["arn:aws:lambda:`+region+`function:resize", "arn:aws:lambda:`+region+`function:resize:*"]`, "")},
		"secret":     {statement: allow(`"secretsmanager:GetSecretValue"`, `"arn:aws:secretsmanager:`+region+`secret:prod/db-??????"`, "")},
		"parameters": {statement: allow(`["ssm:GetParameter", "ssm:GetParameters", "ssm:GetParametersByPath"]`, `["arn:aws:ssm:`+region+`parameter/com/example/app", "arn:aws:ssm:`+region+`parameter/com/example/app/*"]`, "")},
		"registry pull": {statement: "[" + allow(`"ecr:GetAuthorizationToken"`, `"*"`, "") + "," +
			allow(`["ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage"]`, `"arn:aws:ecr:`+region+`repository/team/app"`, "") + "]"},
		"logs":    {statement: allow(`["logs:CreateLogStream", "logs:PutLogEvents"]`, `"arn:aws:logs:`+region+`log-group:/aws/lambda/resize:*"`, "")},
		"metrics": {statement: allow(`"cloudwatch:PutMetricData"`, `"*"`, `{"StringEquals": {"cloudwatch:namespace": "survey"}}`)},
		"traces":  {statement: allow(`["xray:PutTraceSegments", "xray:PutTelemetryRecords"]`, `"*"`, "")},
		"key":     {statement: allow(`["kms:Decrypt", "kms:GenerateDataKey"]`, `"arn:aws:kms:`+region+`key/1234abcd-12ab-34cd-56ef-1234567890ab"`, `{"StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}}`)},
		"role to pass": {statement: "[" + allow(`"iam:PassRole"`, `"arn:aws:iam::111122223333:role/task"`, `{"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}`) + "," +
			allow(`"ecs:RunTask"`, `"arn:aws:ecs:`+region+`task-definition/app:*"`, `{"ArnEquals": {"ecs:cluster": "arn:aws:ecs:`+region+`cluster/main"}}`) + "]"},
		"own user":         {statement: allow(`["iam:CreateAccessKey", "iam:DeleteAccessKey", "iam:ListAccessKeys"]`, `"arn:aws:iam::111122223333:user/${aws:username}"`, "")},
		"by tag":           {statement: allow(`["ec2:StartInstances", "ec2:StopInstances"]`, `"arn:aws:ec2:`+region+`instance/*"`, `{"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}}`)},
		"only over TLS":    {kind: iam.ResourcePolicy, statement: `{"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": ["arn:aws:s3:::media", "arn:aws:s3:::media/*"], "Condition": {"Bool": {"aws:SecureTransport": "false"}}}`},
		"content network":  {kind: iam.ResourcePolicy, statement: `{"Effect": "Allow", "Principal": {"Service": "cloudfront.amazonaws.com"}, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::media/*", "Condition": {"StringEquals": {"aws:SourceArn": "arn:aws:cloudfront::111122223333:distribution/EDFDVBD632BHDS5"}}}`},
		"instances":        {kind: iam.TrustPolicy, statement: trust(`{"Service": "ec2.amazonaws.com"}`, `"sts:AssumeRole"`, "")},
		"pods":             {kind: iam.TrustPolicy, statement: trust(`{"Service": "pods.eks.amazonaws.com"}`, `["sts:AssumeRole", "sts:TagSession"]`, "")},
		"a vendor's role":  {kind: iam.TrustPolicy, statement: trust(`{"AWS": "arn:aws:iam::444455556666:role/deployer"}`, `"sts:AssumeRole"`, externalID)},
		"continuous build": {kind: iam.TrustPolicy, statement: trust(`{"Federated": "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"}`, `"sts:AssumeRoleWithWebIdentity"`, `{"StringEquals": {"token.actions.githubusercontent.com:aud": "sts.amazonaws.com", "token.actions.githubusercontent.com:sub": "repo:acme/app:ref:refs/heads/main"}}`)},
		"single sign-on":   {kind: iam.TrustPolicy, statement: trust(`{"Federated": "arn:aws:iam::111122223333:saml-provider/adfs"}`, `["sts:AssumeRoleWithSAML", "sts:TagSession"]`, `{"StringEquals": {"SAML:aud": "https://signin.aws.amazon.com/saml"}}`)},
		"a guard": {kind: iam.ServiceControlPolicy, statement: "[" + allow(`"*"`, `"*"`, "") + "," +
			`{"Effect": "Deny", "NotAction": ["iam:*", "sts:*", "organizations:*"], "Resource": "*", "Condition": {"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}}}]`},
		"a boundary": {kind: iam.BoundaryPolicy, statement: "[" + allow(`["s3:*", "sqs:*", "dynamodb:*"]`, `"*"`, "") + "," + deny(`["iam:*", "organizations:*"]`, `"*"`, "") + "]"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			policy, problems := read(t, tc.kind, document(tc.statement))
			findings := lint.Policy(policy, problems, lint.Options{Now: now})
			findings = slices.DeleteFunc(findings, func(f lint.Finding) bool { return f.Severity == lint.Suggestion && f.Level == lint.Info })
			if len(findings) > 0 {
				t.Errorf("%s: %v, want nothing", tc.statement, lines(findings, ""))
			}
		})
	}
}
