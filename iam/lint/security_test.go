package lint_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/lint"
)

func public(principal, action, condition string) string {
	s := `{"Effect": "Allow", "Principal": ` + principal + `, "Action": ` + action + `, "Resource": "arn:aws:s3:::media/*"`
	if condition != "" {
		s += `, "Condition": ` + condition
	}
	return s + `}`
}

func TestPublicResources(t *testing.T) {
	t.Parallel()
	use, change := []string{"SEC_PUBLIC_PRINCIPAL high Statement[0].Principal"}, []string{"SEC_PUBLIC_WRITE critical Statement[0].Principal"}
	when := func(condition string) string { return public(`"*"`, getSome, condition) }
	guarded := func(condition string) string {
		return "[" + when("") + `, {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*", "Condition": ` + condition + `}]`
	}
	var cases []judged
	for _, tc := range []struct {
		name, statement string
		want            []string
	}{
		{"read", when(""), use},
		{"write", public(`"*"`, `["s3:GetObject", "s3:PutObject"]`, ""), change},
		{"tag", public(`"*"`, `"s3:PutObjectTagging"`, ""), change},
		{"share", public(`"*"`, `"s3:PutBucketPolicy"`, ""), change},
		{"list", public(`"*"`, `"s3:ListBucket"`, ""), use},
		{"everything but", `{"Effect": "Allow", "Principal": "*", "NotAction": "s3:PutObject", "Resource": "*"}`, change},
		{"under AWS", public(`{"AWS": "*"}`, getSome, ""), []string{"SEC_PUBLIC_PRINCIPAL high Statement[0].Principal.AWS"}},
		{"in a list", public(`{"AWS": ["111122223333", "*"]}`, getSome, ""), []string{"SEC_PUBLIC_PRINCIPAL high Statement[0].Principal.AWS[1]"}},
		{"an account", public(`{"AWS": "111122223333"}`, getSome, ""), nil},
		{"a service", public(`{"Service": "cloudfront.amazonaws.com"}`, getSome, ""), nil},
		{"denied", `{"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}`, nil},

		{"organisation", when(`{"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}`), nil},
		{"organisation in other letters", when(`{"StringEquals": {"AWS:principalorgid": "o-a1b2c3d4e5"}}`), nil},
		{"organisation if any", when(`{"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}`), use},
		{"another organisation", when(`{"StringNotEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}`), use},
		{"all values of none", when(`{"ForAllValues:StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}`), use},
		{"any organisation", when(`{"StringLike": {"aws:PrincipalOrgID": "*"}}`), use},
		{"that or any organisation", when(`{"StringLike": {"aws:PrincipalOrgID": ["o-a1b2c3d4e5", "o-*"]}}`), use},
		{"unit", when(`{"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-a1b2c3d4e5/*"}}`), nil},
		{"unit of any organisation", when(`{"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "*/ou-ab12-11111111/*"}}`), use},
		{"owner's organisation", when(`{"StringEquals": {"aws:PrincipalOrgID": "${aws:ResourceOrgID}"}}`), nil},
		{"caller's own account", when(`{"StringEquals": {"aws:PrincipalAccount": "${aws:PrincipalAccount}"}}`), use},
		{"role of an account", when(`{"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/*"}}`), nil},
		{"role of any account", when(`{"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/reader"}}`), use},
		{"addresses", when(`{"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}`), nil},
		{"all addresses", when(`{"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}`), use},
		{"all addresses in two halves", when(`{"IpAddress": {"aws:SourceIp": ["0.0.0.0/1", "128.0.0.0/1"]}}`), use},
		{"all addresses of the newer kind", when(`{"IpAddress": {"aws:SourceIp": ["203.0.113.0/24", "::/0"]}}`), use},
		{"endpoint", when(`{"StringEquals": {"aws:SourceVpce": "vpce-0123456789abcdef0"}}`), nil},
		{"bucket", when(`{"ArnLike": {"aws:SourceArn": "arn:aws:s3:::uploads"}}`), nil},
		{"any bucket", when(`{"ArnLike": {"aws:SourceArn": "arn:aws:s3:::*"}}`), use},
		{"topic of any account", when(`{"ArnLike": {"aws:SourceArn": "arn:aws:sns:*:*:uploads"}}`), use},
		{"encrypted", when(`{"Bool": {"aws:SecureTransport": "true"}}`), use},
		{"referred to", when(`{"StringLike": {"aws:Referer": "https://example.org/*"}}`), use},
		{"by way of a service", when(`{"ForAnyValue:StringEquals": {"aws:CalledVia": "athena.amazonaws.com"}}`), use},
		{"tagged by its own account", when(`{"StringEquals": {"aws:PrincipalTag/team": "blue"}}`), use},

		{"guarded by a Deny", guarded(`{"StringNotEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}`), nil},
		{"guarded but for services", guarded(`{"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}, "BoolIfExists": {"aws:PrincipalIsAWSService": "false"}}`), nil},
		{"guarded only over plain HTTP", guarded(`{"StringNotEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}, "Bool": {"aws:SecureTransport": "false"}}`), use},
		{"guarded against the right ones", guarded(`{"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}`), use},
		{"guarded elsewhere", "[" + when("") + `, {"Effect": "Deny", "Principal": "*", "Action": "s3:Put*", "Resource": "*", "Condition": {"StringNotEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}}]`, use},
	} {
		cases = append(cases, judged{name: tc.name, kind: iam.ResourcePolicy, statement: tc.statement, want: tc.want})
	}
	judge(t, "SEC_PUBLIC", cases)
}

func TestWaysToGainPermissions(t *testing.T) {
	t.Parallel()
	at := func(level, path string) []string { return []string{"SEC_PRIVILEGE_ESCALATION " + level + " " + path} }
	first := at("high", "Statement[0]")
	pass := allow(`"iam:PassRole"`, `"*"`, "")
	both := func(a, b string) string { return "[" + a + ", " + b + "]" }
	judge(t, "SEC_PRIVILEGE", []judged{
		{name: "new version", statement: allow(`"iam:CreatePolicyVersion"`, `"*"`, ""), want: first},
		{name: "new version of named policies", statement: allow(`"iam:CreatePolicyVersion"`, `"arn:aws:iam::111122223333:policy/app"`, "")},
		{name: "new version of any in the account", statement: allow(`"iam:CreatePolicyVersion"`, `"arn:aws:iam::111122223333:policy/*"`, ""), want: first},
		{name: "by wildcard", statement: allow(`"iam:*Policy*"`, `"*"`, ""), want: first},
		{name: "by what is left", statement: `{"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"}`, want: first},
		{name: "left out", statement: `{"Effect": "Allow", "NotAction": ["iam:*", "ec2:*", "lambda:*", "cloudformation:*", "glue:*", "ecs:*", "ssm:*", "ec2-instance-connect:*", "sagemaker:*"], "Resource": "*"}`},
		{name: "own key", statement: allow(`"iam:CreateAccessKey"`, `"arn:aws:iam::*:user/${aws:username}"`, "")},
		{name: "own policies", statement: allow(`"iam:PutUserPolicy"`, `"arn:aws:iam::*:user/${aws:username}"`, ""), want: first},
		{name: "within a boundary", statement: allow(`"iam:PutRolePolicy"`, `"*"`, `{"StringEquals": {"iam:PermissionsBoundary": "arn:aws:iam::111122223333:policy/boundary"}}`)},
		{name: "within a boundary if there is one", statement: allow(`"iam:PutRolePolicy"`, `"*"`, `{"StringEqualsIfExists": {"iam:PermissionsBoundary": "arn:aws:iam::111122223333:policy/boundary"}}`), want: at("medium", "Statement[0]")},
		{name: "with a second factor", statement: allow(`"iam:CreatePolicyVersion"`, `"*"`, `{"Bool": {"aws:MultiFactorAuthPresent": "true"}}`), want: at("medium", "Statement[0]")},
		{name: "pass alone", statement: pass},
		{name: "pass and run", statement: both(pass, allow(`"ec2:RunInstances"`, `"*"`, "")), want: first},
		{name: "run and pass", statement: both(allow(`"ec2:RunInstances"`, `"*"`, ""), pass), want: first},
		{name: "pass one role and run", statement: both(allow(`"iam:PassRole"`, `"arn:aws:iam::111122223333:role/web"`, ""), allow(`"ec2:RunInstances"`, `"*"`, ""))},
		{name: "pass to another service", statement: both(allow(`"iam:PassRole"`, `"*"`, `{"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}`), allow(`"ec2:RunInstances"`, `"*"`, ""))},
		{name: "pass to that service", statement: both(allow(`"iam:PassRole"`, `"*"`, `{"StringLike": {"iam:PassedToService": "ec2*"}}`), allow(`"ec2:RunInstances"`, `"*"`, "")), want: at("medium", "Statement[0]")},
		{name: "create and not invoke", statement: both(pass, allow(`"lambda:CreateFunction"`, `"*"`, ""))},
		{name: "create and invoke", statement: both(pass, allow(`["lambda:CreateFunction", "lambda:InvokeFunction"]`, `"arn:aws:lambda:eu-west-1:111122223333:function:x"`, "")), want: first},
		{name: "denied", statement: both(allow(`"iam:*"`, `"*"`, ""), deny(`"iam:*"`, `"*"`, ""))},
		{name: "denied in part", statement: both(allow(`["iam:CreatePolicyVersion"]`, `"*"`, ""), deny(`"iam:*"`, `"arn:aws:iam::111122223333:policy/admin"`, "")), want: first},
		{name: "denied without a second factor", statement: both(allow(`"iam:CreatePolicyVersion"`, `"*"`, ""), deny(`"iam:*"`, `"*"`, `{"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}`)), want: first},
		{name: "shell by tag", statement: allow(`"ssm:StartSession"`, `"*"`, `{"StringEquals": {"ssm:resourceTag/team": "blue"}}`)},
		{name: "a boundary gives nothing", kind: iam.BoundaryPolicy, statement: allow(`"*"`, `"*"`, "")},
	})
}

// The policies of a principal count together, and so do what they deny and what
// the boundary leaves.
func TestWaysToGainPermissionsByAllPolicies(t *testing.T) {
	t.Parallel()
	pass := document(allow(`"iam:PassRole"`, `"*"`, ""))
	run := document(allow(`"ec2:RunInstances"`, `"*"`, ""))
	for _, tc := range []struct {
		name     string
		policies []string
		boundary string
		want     map[int][]string
	}{
		{"neither alone", []string{run, pass}, "", map[int][]string{0: {"SEC_PRIVILEGE_ESCALATION high Statement[0]"}}},
		{"denied in a third", []string{run, pass, document(deny(`"iam:PassRole"`, `"*"`, ""))}, "", nil},
		{"outside the boundary", []string{run, pass}, document(allow(`"ec2:*"`, `"*"`, "")), nil},
		{"within the boundary", []string{run, pass}, document(allow(`["ec2:*", "iam:PassRole"]`, `"*"`, "")), map[int][]string{0: {"SEC_PRIVILEGE_ESCALATION high Statement[0]"}}},
		{"a role within the boundary", []string{run, pass}, document("[" + allow(`"ec2:*"`, `"*"`, "") + "," + allow(`"iam:PassRole"`, `"arn:aws:iam::111122223333:role/web"`, "") + "]"), nil},
		{"denied by the boundary", []string{run, pass}, document("[" + allow(`"*"`, `"*"`, "") + "," + deny(`"iam:*"`, `"*"`, "") + "]"), nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			var a lint.Attached
			for _, text := range tc.policies {
				p, _ := read(t, iam.IdentityPolicy, text)
				a.Policies = append(a.Policies, p)
			}
			if tc.boundary != "" {
				a.Boundary, _ = read(t, iam.BoundaryPolicy, tc.boundary)
			}
			var got map[int][]string
			for _, f := range lint.Set(a, lint.Options{Now: now}) {
				if f.Code == "SEC_PRIVILEGE_ESCALATION" {
					if got == nil {
						got = map[int][]string{}
					}
					got[f.Policy] = append(got[f.Policy], f.Code+" "+f.Level.String()+" "+f.Path)
				}
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("Set (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAWayIsExplained(t *testing.T) {
	t.Parallel()
	policy, _ := read(t, iam.IdentityPolicy, document("["+allow(`"ec2:RunInstances"`, `"*"`, "")+","+allow(`"iam:PassRole"`, `"*"`, "")+"]"))
	for _, f := range lint.Policy(policy, nil, lint.Options{}) {
		if f.Code != "SEC_PRIVILEGE_ESCALATION" {
			continue
		}
		const want = "iam:PassRole by Statement[1], ec2:RunInstances by Statement[0]: start an instance with any role"
		if f.Detail != want {
			t.Errorf("Detail = %q, want %q", f.Detail, want)
		}
		if !strings.Contains(f.Message, "start an instance with any role") {
			t.Errorf("Message = %q, want it to tell the way", f.Message)
		}
		return
	}
	t.Error("no finding")
}

func TestDangerousActions(t *testing.T) {
	t.Parallel()
	const table = `"arn:aws:dynamodb:eu-west-1:111122223333:table/surveys"`
	judge(t, "SEC_", []judged{
		{name: "resource policy by wildcard", statement: allow(`["dynamodb:GetItem", "dynamodb:Put*"]`, `"arn:aws:dynamodb:*:*:table/*"`, ""), want: []string{"SEC_DATA_EXFILTRATION medium Statement[0]", "SEC_RESOURCE_POLICY_WRITE high Statement[0].Action[1]"}},
		{name: "resource policy of one table", statement: allow(`"dynamodb:Put*"`, table, "")},
		{name: "resource policy denied", statement: "[" + allow(`"dynamodb:Put*"`, `"*"`, "") + "," + deny(`"dynamodb:PutResourcePolicy"`, `"*"`, "") + "]"},
		{name: "queue attributes", statement: allow(`"sqs:SetQueueAttributes"`, `"*"`, ""), want: []string{"SEC_RESOURCE_POLICY_WRITE high Statement[0].Action"}},
		{name: "access list", statement: allow(`["s3:PutObject", "s3:PutObjectAcl"]`, objects, ""), want: []string{"SEC_OBJECT_ACL medium Statement[0].Action[1]"}},
		{name: "access list for the owner", statement: allow(`["s3:PutObject", "s3:PutObjectAcl"]`, objects, `{"StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control"}}`)},
		{name: "public access list", statement: allow(`"s3:PutObjectAcl"`, objects, `{"StringEquals": {"s3:x-amz-acl": ["private", "public-read"]}}`), want: []string{"SEC_OBJECT_ACL medium Statement[0].Action"}},
		{name: "access list but the public one", statement: allow(`"s3:PutObjectAcl"`, objects, `{"StringNotEquals": {"s3:x-amz-acl": "public-read"}}`), want: []string{"SEC_OBJECT_ACL medium Statement[0].Action"}},
		{name: "access list on a bucket only", statement: allow(`"s3:PutObjectAcl"`, `"arn:aws:s3:::media"`, "")},
		{name: "credentials of anyone", statement: allow(`"rds-db:connect"`, `"*"`, ""), want: []string{"SEC_CREDENTIALS_EXPOSURE medium Statement[0].Action"}},
		{name: "credentials of one", statement: allow(`"rds-db:connect"`, `"arn:aws:rds-db:eu-west-1:111122223333:dbuser:db-ABCDEFGHIJKL01234/app"`, "")},
		{name: "token of the registry", statement: allow(`"ecr:GetAuthorizationToken"`, `"*"`, ""), want: []string{"SEC_CREDENTIALS_EXPOSURE info Statement[0].Action"}},
		{name: "all secrets", statement: allow(`"secretsmanager:GetSecretValue"`, `"*"`, ""), want: []string{"SEC_DATA_EXFILTRATION medium Statement[0]"}},
		{name: "all secrets of the account", statement: allow(`"secretsmanager:GetSecretValue"`, `"arn:aws:secretsmanager:eu-west-1:111122223333:secret:*"`, ""), want: []string{"SEC_DATA_EXFILTRATION medium Statement[0]"}},
		{name: "some secrets", statement: allow(`"secretsmanager:GetSecretValue"`, `"arn:aws:secretsmanager:eu-west-1:111122223333:secret:prod/*"`, "")},
		{name: "tagged secrets", statement: allow(`"secretsmanager:GetSecretValue"`, `"*"`, `{"StringEquals": {"secretsmanager:ResourceTag/team": "blue"}}`)},
		{name: "secrets by another name", statement: allow(`"secretsmanager:DescribeSecret"`, `"*"`, "")},
		{name: "any function", statement: allow(`"lambda:InvokeFunction"`, `"arn:aws:lambda:eu-west-1:111122223333:function:*"`, ""), want: []string{"SEC_EXECUTE_ANY high Statement[0]"}},
		{name: "one function", statement: allow(`"lambda:InvokeFunction"`, `["arn:aws:lambda:eu-west-1:111122223333:function:resize", "arn:aws:lambda:eu-west-1:111122223333:function:resize:*"]`, "")},
		{name: "open a group", statement: allow(`"ec2:AuthorizeSecurityGroupIngress"`, `"arn:aws:ec2:eu-west-1:111122223333:security-group/sg-0123456789abcdef0"`, ""), want: []string{"SEC_NETWORK_EXPOSURE high Statement[0]"}},
		{name: "close a group", statement: allow(`"ec2:RevokeSecurityGroupIngress"`, `"*"`, "")},
		{name: "address of a function for anyone", statement: allow(`"lambda:CreateFunctionUrlConfig"`, `"arn:aws:lambda:eu-west-1:111122223333:function:resize"`, ""), want: []string{"SEC_NETWORK_EXPOSURE high Statement[0]"}},
		{name: "address of a function for those who sign", statement: allow(`"lambda:CreateFunctionUrlConfig"`, `"arn:aws:lambda:eu-west-1:111122223333:function:resize"`, `{"StringEquals": {"lambda:FunctionUrlAuthType": "AWS_IAM"}}`)},
		{name: "guard by address", statement: deny(`"*"`, `"*"`, `{"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}`), want: []string{"SEC_NOTIP_DENY_WITHOUT_VIA low Statement[0].Condition.NotIpAddress.aws:SourceIp"}},
		{name: "guard by address but for services", statement: deny(`"*"`, `"*"`, `{"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}, "BoolIfExists": {"aws:ViaAWSService": "false"}}`)},
		{name: "guard by address that allows", statement: allow(getSome, objects, `{"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}`)},
		{name: "what a boundary bounds", kind: iam.BoundaryPolicy, statement: allow(`["lambda:InvokeFunction", "s3:GetObject", "sqs:SetQueueAttributes"]`, `"*"`, "")},
	})
}

func TestFactorsAreNotWaived(t *testing.T) {
	t.Parallel()
	when := func(condition string) string { return allow(getSome, objects, condition) }
	judge(t, "SEC_MFA", []judged{
		{name: "if it exists", statement: when(`{"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}}`), want: []string{"SEC_MFA_WAIVED high Statement[0].Condition.BoolIfExists.aws:MultiFactorAuthPresent"}},
		{name: "demanded", statement: when(`{"Bool": {"aws:MultiFactorAuthPresent": "true"}}`)},
		{name: "of others", statement: when(`{"BoolIfExists": {"aws:ViaAWSService": "true"}}`)},
		{name: "guard", statement: `{"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}}`},
	})
}
