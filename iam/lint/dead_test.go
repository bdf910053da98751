package lint_test

import (
	"testing"
	"time"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/lint"
)

func allow(action, resource, condition string) string {
	return statement("Allow", action, resource, condition)
}

func deny(action, resource, condition string) string {
	return statement("Deny", action, resource, condition)
}

func statement(effect, action, resource, condition string) string {
	s := `{"Effect": "` + effect + `", "Action": ` + action + `, "Resource": ` + resource
	if condition != "" {
		s += `, "Condition": ` + condition
	}
	return s + `}`
}

const (
	objects = `"arn:aws:s3:::media/*"`
	jobs    = `"arn:aws:sqs:eu-west-1:111122223333:jobs"`
	getSome = `"s3:GetObject"`
)

func TestTimesThatArePast(t *testing.T) {
	t.Parallel()
	when := func(condition string) string { return allow(getSome, objects, condition) }
	later := lint.Options{Now: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)}
	less := "DEAD_DATE_EXPIRED high Statement[0].Condition.DateLessThan.aws:CurrentTime"
	judge(t, "DEAD_", []judged{
		{name: "past", statement: when(`{"DateLessThan": {"aws:CurrentTime": "2023-01-01T17:00:00Z"}}`), want: []string{less}},
		{name: "to come", statement: when(`{"DateLessThan": {"aws:CurrentTime": "2026-01-01T17:00:00Z"}}`)},
		{name: "past later", statement: when(`{"DateLessThan": {"aws:CurrentTime": "2026-01-01T17:00:00Z"}}`), options: later, want: []string{less}},
		{name: "since long", statement: when(`{"DateGreaterThan": {"aws:CurrentTime": "2023-01-01T17:00:00Z"}}`)},
		{name: "one value to come", statement: when(`{"DateLessThan": {"aws:CurrentTime": ["2023-01-01T17:00:00Z", "2030-01-01"]}}`)},
		{name: "all values past", statement: when(`{"DateLessThan": {"aws:CurrentTime": ["2023-01-01T17:00:00Z", "2024-01-01"]}}`), want: []string{less + "[1]"}},
		{name: "another zone", statement: when(`{"DateLessThan": {"aws:CurrentTime": "2025-12-31T23:30:00-01:00"}}`)},
		{name: "seconds", statement: when(`{"NumericLessThan": {"aws:EpochTime": 1700000000}}`), want: []string{"DEAD_DATE_EXPIRED high Statement[0].Condition.NumericLessThan.aws:EpochTime"}},
		{name: "one moment", statement: when(`{"DateEquals": {"aws:CurrentTime": "2025-01-01T00:00:00Z"}}`), want: []string{"DEAD_DATE_EXPIRED high Statement[0].Condition.DateEquals.aws:CurrentTime"}},
		{name: "empty window", statement: when(`{"DateGreaterThan": {"aws:CurrentTime": "2031-01-01T00:00:00Z"}, "DateLessThan": {"aws:CurrentTime": "2030-01-01T00:00:00Z"}}`), want: []string{less}},
		{name: "window to come", statement: when(`{"DateGreaterThan": {"aws:CurrentTime": "2030-01-01T00:00:00Z"}, "DateLessThan": {"aws:CurrentTime": "2031-01-01T00:00:00Z"}}`)},
		{name: "not a date", statement: when(`{"DateLessThan": {"aws:CurrentTime": "yesterday"}}`)},
		{name: "of the token and not of now", statement: deny(`"*"`, `"*"`, `{"DateLessThan": {"aws:TokenIssueTime": "2023-01-01T17:00:00Z"}}`)},
	})
}

func TestWhatNeverAppliesIsTold(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]bool{"DEAD_BUCKET_NAME": true, "PRIVATE_IP_ADDRESS": true, "PRIVATE_IP_ADDRESS_SUBSET": false, "SEC_OBJECT_ACL": false} {
		if got := (lint.Finding{Code: code}).NeverApplies(); got != want {
			t.Errorf("NeverApplies of %s = %v, want %v", code, got, want)
		}
	}
}

// A guard that never applies is worse than a permission that never does.
func TestDeadGuardsAreSecurityFindings(t *testing.T) {
	t.Parallel()
	const past = `{"DateLessThan": {"aws:CurrentTime": "2023-01-01T17:00:00Z"}}`
	for _, tc := range []struct {
		name, statement, code string
		want                  lint.Severity
	}{
		{"allow", allow(getSome, objects, past), "DEAD_DATE_EXPIRED", lint.Error},
		{"deny", deny(getSome, objects, past), "DEAD_DATE_EXPIRED", lint.Security},
		{"allow a bucket", allow(getSome, `"arn:aws:s3:::Media/*"`, ""), "DEAD_BUCKET_NAME", lint.Error},
		{"deny a bucket", deny(getSome, `"arn:aws:s3:::Media/*"`, ""), "DEAD_BUCKET_NAME", lint.Security},
		{"allow all but a bucket", `{"Effect": "Allow", "Action": "s3:GetObject", "NotResource": "arn:aws:s3:::Media/*"}`, "DEAD_BUCKET_NAME", lint.Security},
		{"deny all but a bucket", `{"Effect": "Deny", "Action": "s3:GetObject", "NotResource": "arn:aws:s3:::Media/*"}`, "DEAD_BUCKET_NAME", lint.Error},
		{"deny what is no action", deny(`["sqs:SendMessage", "sqs:*MessageBatch"]`, jobs, ""), "DEAD_WILDCARD_NO_MATCH", lint.Security},
		{"deny listing of objects", deny(`"s3:ListBucket"`, objects, ""), "DEAD_ACTION_RESOURCE_MISMATCH", lint.Security},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			policy, problems := read(t, iam.IdentityPolicy, document(tc.statement))
			for _, f := range lint.Policy(policy, problems, lint.Options{Now: now}) {
				if f.Code == tc.code {
					if f.Severity != tc.want {
						t.Errorf("severity of %s = %v, want %v", f.Code, f.Severity, tc.want)
					}
					return
				}
			}
			t.Errorf("%s is not found", tc.code)
		})
	}
}

func TestNamesThatCannotExist(t *testing.T) {
	t.Parallel()
	on := func(resource string) string { return allow(`"*:*"`, `"`+resource+`"`, "") }
	bucket, id := []string{"DEAD_BUCKET_NAME high Statement[0].Resource"}, []string{"DEAD_ARN_ID_FORMAT high Statement[0].Resource"}
	ec2 := "arn:aws:ec2:eu-west-1:111122223333:"
	judge(t, "DEAD_", []judged{
		{name: "capitals", statement: on("arn:aws:s3:::MyBucket/*"), want: bucket},
		{name: "capitals before a wildcard", statement: on("arn:aws:s3:::My*"), want: bucket},
		{name: "underscore", statement: on("arn:aws:s3:::my_bucket"), want: bucket},
		{name: "too short", statement: on("arn:aws:s3:::ab"), want: bucket},
		{name: "short with a wildcard", statement: on("arn:aws:s3:::a*")},
		{name: "an address", statement: on("arn:aws:s3:::192.168.1.1/*"), want: bucket},
		{name: "two dots", statement: on("arn:aws:s3:::my..bucket/*"), want: bucket},
		{name: "edge", statement: on("arn:aws:s3:::-bucket/*"), want: bucket},
		{name: "reserved", statement: on("arn:aws:s3:::amzn-s3-demo-bucket/*"), want: bucket},
		{name: "fine", statement: on("arn:aws:s3:::my.bucket-1/Some_Key/*")},
		{name: "variable", statement: on("arn:aws:s3:::home-${aws:PrincipalTag/Team}/*")},
		{name: "access point", statement: on("arn:aws:s3:eu-west-1:111122223333:accesspoint/My_Point/object/*")},
		{name: "never filled in", statement: on("arn:aws:s3:::<BUCKET>/*")},

		{name: "security group by name", statement: on(ec2 + "security-group/rds-main"), want: id},
		{name: "security group by pattern of names", statement: on(ec2 + "security-group/rds-*"), want: id},
		{name: "security group", statement: on(ec2 + "security-group/sg-0123456789abcdef0")},
		{name: "security group of old", statement: on(ec2 + "security-group/sg-01234567")},
		{name: "security groups", statement: on(ec2 + "security-group/*")},
		{name: "security groups by pattern", statement: on(ec2 + "security-group/sg-0*")},
		{name: "digits that are none", statement: on(ec2 + "security-group/sg-0123456z"), want: id},
		{name: "wrong length", statement: on(ec2 + "vpc/vpc-0123"), want: id},
		{name: "another type's", statement: on(ec2 + "subnet/vpc-01234567"), want: id},
		{name: "key pairs have names", statement: on(ec2 + "key-pair/admin")},
		{name: "variable", statement: on(ec2 + "instance/${aws:PrincipalTag/instance}")},
		{name: "an ID to be filled in", statement: on("arn:aws:ec2:eu-west-1:111122223333:vpc/<VPC_ID>")},
		{name: "a name to be filled in", statement: on("arn:aws:ec2:eu-west-1:111122223333:vpc/<VPC_NAME>"), want: id},
		{name: "key", statement: on("arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab")},
		{name: "key of several regions", statement: on("arn:aws:kms:eu-west-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab")},
		{name: "key by name", statement: on("arn:aws:kms:eu-west-1:111122223333:key/media"), want: id},
		{name: "secret by name", statement: on("arn:aws:secretsmanager:eu-west-1:111122223333:secret:prod/db"), want: id},
		{name: "secret", statement: on("arn:aws:secretsmanager:eu-west-1:111122223333:secret:prod/db-??????")},
		{name: "secrets", statement: on("arn:aws:secretsmanager:eu-west-1:111122223333:secret:prod/*")},
		{name: "zone by domain", statement: on("arn:aws:route53:::hostedzone/example.org"), want: id},
	})
}

func TestConditionsThatExcludeEachOther(t *testing.T) {
	t.Parallel()
	when := func(condition string) string { return allow(getSome, objects, condition) }
	at := func(path string) []string {
		return []string{"DEAD_CONDITION_CONTRADICTION medium Statement[0].Condition." + path}
	}
	judge(t, "DEAD_", []judged{
		{name: "two values", statement: when(`{"StringEquals": {"aws:PrincipalTag/a": "x"}, "StringLike": {"aws:principaltag/A": "y*"}}`), want: at("StringLike.aws:principaltag/A")},
		{name: "a value of both", statement: when(`{"StringEquals": {"aws:PrincipalTag/a": ["x", "yes"]}, "StringLike": {"aws:PrincipalTag/a": "y*"}}`)},
		{name: "without regard to case", statement: when(`{"StringEquals": {"aws:PrincipalTag/a": "X"}, "StringEqualsIgnoreCase": {"aws:PrincipalTag/a": "x"}}`)},
		{name: "one need not be there", statement: when(`{"StringEquals": {"aws:PrincipalTag/a": "x"}, "StringEqualsIfExists": {"aws:PrincipalTag/a": "y"}}`), want: at("StringEqualsIfExists.aws:PrincipalTag/a")},
		{name: "neither need be there", statement: when(`{"StringLikeIfExists": {"aws:PrincipalTag/a": "x"}, "StringEqualsIfExists": {"aws:PrincipalTag/a": "y"}}`)},
		{name: "no value left", statement: when(`{"StringEquals": {"aws:PrincipalTag/a": "x"}, "StringNotLike": {"aws:PrincipalTag/a": "*"}}`), want: at("StringNotLike.aws:PrincipalTag/a")},
		{name: "a value left", statement: when(`{"StringEquals": {"aws:PrincipalTag/a": ["x", "y"]}, "StringNotEquals": {"aws:PrincipalTag/a": "x"}}`)},
		{name: "variable", statement: when(`{"StringEquals": {"aws:PrincipalTag/a": "x"}, "StringLike": {"aws:PrincipalTag/a": "${aws:username}"}}`)},
		{name: "a wildcard that is none", statement: when(`{"StringEquals": {"aws:PrincipalTag/a": "x*"}, "StringLike": {"aws:PrincipalTag/a": "x?"}}`)},
		{name: "absent and equal", statement: when(`{"Null": {"aws:PrincipalTag/a": "true"}, "StringEquals": {"aws:PrincipalTag/a": "x"}}`), want: at("StringEquals.aws:PrincipalTag/a")},
		{name: "present and equal", statement: when(`{"Null": {"aws:PrincipalTag/a": "false"}, "StringEquals": {"aws:PrincipalTag/a": "x"}}`)},
		{name: "absent and not equal", statement: when(`{"Null": {"aws:PrincipalTag/a": "true"}, "StringNotEquals": {"aws:PrincipalTag/a": "x"}}`)},
		{name: "true and false", statement: when(`{"Bool": {"aws:SecureTransport": "true"}, "BoolIfExists": {"aws:SecureTransport": "false"}}`), want: at("BoolIfExists.aws:SecureTransport")},
		{name: "empty range", statement: when(`{"NumericLessThan": {"aws:MultiFactorAuthAge": 100}, "NumericGreaterThanEquals": {"aws:MultiFactorAuthAge": 100}}`), want: at("NumericGreaterThanEquals.aws:MultiFactorAuthAge")},
		{name: "one number", statement: when(`{"NumericLessThanEquals": {"aws:MultiFactorAuthAge": 100}, "NumericGreaterThanEquals": {"aws:MultiFactorAuthAge": 100}}`)},
		{name: "empty range of dates", statement: when(`{"DateLessThan": {"aws:TokenIssueTime": "2025-01-01T00:00:00Z"}, "DateGreaterThan": {"aws:TokenIssueTime": "2025-02-01T00:00:00Z"}}`), want: at("DateGreaterThan.aws:TokenIssueTime")},
		{name: "range excepted", statement: when(`{"IpAddress": {"aws:SourceIp": "203.0.113.7"}, "NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}`), want: at("NotIpAddress.aws:SourceIp")},
		{name: "part of a range excepted", statement: when(`{"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}, "NotIpAddress": {"aws:SourceIp": "203.0.113.7"}}`)},
		{name: "several values at once", statement: when(`{"ForAnyValue:StringEquals": {"aws:TagKeys": "a"}, "ForAnyValue:StringLike": {"aws:TagKeys": "b"}}`)},
		{name: "other keys", statement: when(`{"StringEquals": {"aws:PrincipalTag/a": "x"}, "StringLike": {"aws:PrincipalTag/b": "y"}}`)},
	})
}

func TestKeysThatAreNeverThere(t *testing.T) {
	t.Parallel()
	judge(t, "DEAD_", []judged{
		{name: "of another action", statement: allow(getSome, objects, `{"StringLike": {"s3:prefix": "home/*"}}`), want: []string{"DEAD_CONDITION_CONTRADICTION medium Statement[0].Condition.StringLike.s3:prefix"}},
		{name: "of one action of two", statement: allow(`["s3:GetObject", "s3:ListBucket"]`, `["arn:aws:s3:::media", "arn:aws:s3:::media/*"]`, `{"StringLike": {"s3:prefix": "home/*"}}`), want: []string{"DEAD_CONDITION_CONTRADICTION low Statement[0].Condition.StringLike.s3:prefix"}},
		{name: "of the action", statement: allow(`"s3:ListBucket"`, `"arn:aws:s3:::media"`, `{"StringLike": {"s3:prefix": "home/*"}}`)},
		{name: "of the resource", statement: allow(`"ec2:StartInstances"`, `"arn:aws:ec2:eu-west-1:111122223333:instance/*"`, `{"StringEquals": {"ec2:ResourceTag/team": "blue"}}`)},
		{name: "need not be there", statement: allow(getSome, objects, `{"StringLikeIfExists": {"s3:prefix": "home/*"}}`)},
		{name: "negated", statement: allow(getSome, objects, `{"StringNotLike": {"s3:prefix": "home/*"}}`)},
		{name: "of every request", statement: allow(getSome, objects, `{"Bool": {"aws:SecureTransport": "true"}}`)},
		{name: "unknown to us", statement: allow(getSome, objects, `{"StringEquals": {"s3:SomethingNew": "x"}}`)},
		{name: "of the provider", kind: iam.TrustPolicy, statement: trust(`{"Federated": "cognito-identity.amazonaws.com"}`, `"sts:AssumeRoleWithWebIdentity"`, `{"StringEquals": {"cognito-identity.amazonaws.com:aud": "x"}}`)},
		{name: "external ID", kind: iam.TrustPolicy, statement: trust(`{"AWS": "arn:aws:iam::111122223333:role/x"}`, `"sts:AssumeRole"`, externalID)},
	})
}

func TestActionsThatReachNothing(t *testing.T) {
	t.Parallel()
	mismatch := func(level, path string) []string {
		return []string{"DEAD_ACTION_RESOURCE_MISMATCH " + level + " Statement[0]." + path}
	}
	judge(t, "DEAD_", []judged{
		{name: "no such batch", statement: allow(`["sqs:SendMessage", "sqs:*MessageBatch"]`, jobs, ""), want: []string{"DEAD_WILDCARD_NO_MATCH medium Statement[0].Action[1]"}},
		{name: "left out of nothing", statement: `{"Effect": "Allow", "NotAction": "sqs:*MessageBatch", "Resource": "*"}`, want: []string{"DEAD_WILDCARD_NO_MATCH medium Statement[0].NotAction"}},
		{name: "some match", statement: allow(`"sqs:*Message"`, jobs, "")},
		{name: "service not known in detail", statement: allow(`"gamelift:Foo*"`, `"*"`, "")},
		{name: "bucket's action on objects", statement: allow(`["s3:GetObject", "s3:ListBucket"]`, objects, ""), want: mismatch("high", "Action[1]")},
		{name: "object's action on the bucket", statement: allow(getSome, `"arn:aws:s3:::media"`, ""), want: mismatch("high", "Action")},
		{name: "both on both", statement: allow(`["s3:GetObject", "s3:ListBucket"]`, `["arn:aws:s3:::media", "arn:aws:s3:::media/*"]`, "")},
		{name: "both on all", statement: allow(`["s3:GetObject", "s3:ListBucket"]`, `"arn:aws:s3:::media*"`, "")},
		{name: "another service's resource", statement: allow(`"sqs:SendMessage"`, `"arn:aws:sns:eu-west-1:111122223333:jobs"`, ""), want: mismatch("high", "Action")},
		{name: "takes no resource", statement: allow(`["ecr:GetAuthorizationToken", "ecr:BatchGetImage"]`, `"arn:aws:ecr:eu-west-1:111122223333:repository/app"`, ""), want: mismatch("high", "Action[0]")},
		{name: "part of a wildcard", statement: allow(`"s3:*"`, objects, ""), want: mismatch("low", "Action")},
		{name: "a service on bucket and objects", statement: allow(`"s3:*"`, `["arn:aws:s3:::media", "arn:aws:s3:::media/*"]`, "")},
		{name: "a service on the bucket", statement: allow(`"s3:*"`, `"arn:aws:s3:::media"`, ""), want: mismatch("low", "Action")},
		{name: "a service on a queue", statement: allow(`"sqs:*"`, jobs, "")},
		{name: "a guard of the objects and not of the bucket", statement: deny(`"s3:*"`, objects, ""), want: mismatch("low", "Action")},
		{name: "a guard of both", statement: deny(`"s3:*"`, `["arn:aws:s3:::media", "arn:aws:s3:::media/*"]`, "")},
		{name: "all of a wildcard", statement: allow(`"s3:ListBucket*"`, objects, ""), want: mismatch("high", "Action")},
		{name: "index of a table", statement: allow(`"dynamodb:GetItem"`, `"arn:aws:dynamodb:eu-west-1:111122223333:table/surveys/index/*"`, ""), want: mismatch("high", "Action")},
		{name: "query of an index", statement: allow(`"dynamodb:Query"`, `"arn:aws:dynamodb:eu-west-1:111122223333:table/surveys/index/*"`, "")},
		{name: "everything but", statement: `{"Effect": "Allow", "Action": "s3:ListBucket", "NotResource": "arn:aws:s3:::media/*"}`},
		{name: "unknown action", statement: allow(`"s3:Frobnicate"`, objects, "")},
		{name: "any resource", statement: allow(`"ecr:GetAuthorizationToken"`, `"*"`, "")},
	})
}

func TestAllowedAndDenied(t *testing.T) {
	t.Parallel()
	pair := func(a, b string) string { return "[" + a + ", " + b + "]" }
	whole := []string{"DEAD_SHADOWED_BY_DENY medium Statement[0]"}
	judge(t, "DEAD_SHADOWED", []judged{
		{name: "all", statement: pair(allow(getSome, objects, ""), deny(`"s3:*"`, `"*"`, "")), want: whole},
		{name: "one of two actions", statement: pair(allow(`["s3:GetObject", "s3:PutObject"]`, objects, ""), deny(`"s3:Put*"`, objects, "")), want: []string{"DEAD_SHADOWED_BY_DENY low Statement[0].Action[1]"}},
		{name: "part of a pattern", statement: pair(allow(`["s3:GetObject*"]`, objects, ""), deny(`"s3:GetObjectAcl"`, objects, ""))},
		{name: "part of the resources", statement: pair(allow(getSome, objects, ""), deny(getSome, `"arn:aws:s3:::media/private/*"`, ""))},
		{name: "where the caller has a name", statement: pair(allow(getSome, objects, ""), deny(`"s3:*"`, `["arn:aws:s3:::media/*", "arn:aws:s3:::home/${aws:username}/*"]`, ""))},
		{name: "under a condition", statement: pair(allow(getSome, objects, ""), deny(`"s3:*"`, `"*"`, `{"Bool": {"aws:SecureTransport": "false"}}`))},
		{name: "but the action", statement: pair(allow(getSome, objects, ""), `{"Effect": "Deny", "NotAction": "s3:Get*", "Resource": "*"}`)},
		{name: "but other actions", statement: pair(allow(getSome, objects, ""), `{"Effect": "Deny", "NotAction": "sqs:*", "Resource": "*"}`), want: whole},
		{name: "but the resource", statement: pair(allow(getSome, objects, ""), `{"Effect": "Deny", "Action": "s3:*", "NotResource": "arn:aws:s3:::media/*"}`)},
		{name: "but other resources", statement: pair(allow(getSome, objects, ""), `{"Effect": "Deny", "Action": "s3:*", "NotResource": "arn:aws:s3:::logs/*"}`), want: whole},
		{name: "for others", kind: iam.ResourcePolicy, statement: pair(
			`{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:role/a"}, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::media/*"}`,
			`{"Effect": "Deny", "Principal": {"AWS": "arn:aws:iam::111122223333:role/b"}, "Action": "s3:*", "Resource": "*"}`)},
		{name: "for everyone", kind: iam.ResourcePolicy, statement: pair(
			`{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:role/a"}, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::media/*"}`,
			`{"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}`), want: whole},
	})
}

func TestPrincipalsThatWereDeleted(t *testing.T) {
	t.Parallel()
	judge(t, "DEAD_", []judged{
		{name: "role", kind: iam.TrustPolicy, statement: trust(`{"AWS": ["arn:aws:iam::111122223333:role/x", "AROAEXAMPLEROLEID1234"]}`, `"sts:AssumeRole"`, externalID), want: []string{"DEAD_PRINCIPAL_UNKNOWN low Statement[0].Principal.AWS[1]"}},
		{name: "alive", kind: iam.TrustPolicy, statement: trust(`{"AWS": "arn:aws:iam::111122223333:role/AROAEXAMPLEROLEID1234"}`, `"sts:AssumeRole"`, externalID)},
	})
}
