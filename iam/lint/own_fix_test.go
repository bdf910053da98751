package lint_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/lint"
)

// Each fix is applied alone; the document is then what the case says, and the
// finding is gone.
func TestFixesMendWhatTheyAreFor(t *testing.T) {
	t.Parallel()
	const role = `{"AWS": "arn:aws:iam::444455556666:role/vendor"}`
	const saml = `{"Federated": "arn:aws:iam::111122223333:saml-provider/adfs"}`
	own := lint.Options{OwnAccounts: []string{"111122223333"}}
	for _, tc := range []struct {
		code        string
		safe        bool
		kind        iam.Kind
		options     lint.Options
		before, now string
	}{
		{
			code: "TRUST_EXTERNAL_ID_IFEXISTS", kind: iam.TrustPolicy,
			before: trust(role, `"sts:AssumeRole"`, `{"StringEqualsIfExists": {"sts:ExternalId": "6f1d0a3e-5b0e"}}`),
			now:    trust(role, `"sts:AssumeRole"`, `{"StringEquals": {"sts:ExternalId": "6f1d0a3e-5b0e"}}`),
		},
		{
			code: "TRUST_ACTION_MISMATCH", kind: iam.TrustPolicy,
			before: trust(saml, `["sts:TagSession", "sts:AssumeRole"]`, ""), now: trust(saml, `["sts:TagSession", "sts:AssumeRoleWithSAML"]`, ""),
		},
		{
			code: "TRUST_SAML_NO_AUD", kind: iam.TrustPolicy,
			before: trust(saml, `"sts:AssumeRoleWithSAML"`, ""), now: trust(saml, `"sts:AssumeRoleWithSAML"`, `{"StringEquals": {"SAML:aud": "https://signin.aws.amazon.com/saml"}}`),
		},
		{
			code: "TRUST_SAML_NO_AUD", kind: iam.TrustPolicy,
			before: trust(saml, `"sts:AssumeRoleWithSAML"`, `{"StringEquals": {"SAML:sub_type": "persistent"}}`),
			now:    trust(saml, `"sts:AssumeRoleWithSAML"`, `{"StringEquals": {"SAML:sub_type": "persistent", "SAML:aud": "https://signin.aws.amazon.com/saml"}}`),
		},
		{
			code: "TRUST_SERVICE_NO_SOURCE", kind: iam.TrustPolicy, options: own,
			before: trust(`{"Service": "glue.amazonaws.com"}`, `"sts:AssumeRole"`, ""),
			now:    trust(`{"Service": "glue.amazonaws.com"}`, `"sts:AssumeRole"`, `{"StringEquals": {"aws:SourceAccount": "111122223333"}}`),
		},
		{
			code:   "SEC_NOTIP_DENY_WITHOUT_VIA",
			before: deny(`"*"`, `"*"`, `{"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}`),
			now:    deny(`"*"`, `"*"`, `{"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}, "BoolIfExists": {"aws:ViaAWSService": "false"}}`),
		},
		{
			code:   "LP_ACTION_WILDCARD",
			before: allow(`["sqs:ReceiveMessage", "sqs:*Message"]`, jobs, ""), now: allow(`["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:SendMessage"]`, jobs, ""),
		},
		{code: "LP_ACTION_WILDCARD", before: allow(`"sqs:ChangeMessageV*"`, jobs, ""), now: allow(`["sqs:ChangeMessageVisibility"]`, jobs, "")},
		{
			code: "LP_MIXED_STAR", safe: true,
			before: `[` + allow(`["ecr:GetAuthorizationToken", "ecr:BatchGetImage"]`, `"*"`, "") + `]`,
			now:    `[` + allow(`["ecr:BatchGetImage"]`, `"*"`, "") + `, ` + allow(`["ecr:GetAuthorizationToken"]`, `"*"`, "") + `]`,
		},
		{
			code:   "DEAD_WILDCARD_NO_MATCH",
			before: allow(`["sqs:*Message", "sqs:*MessageBatch"]`, jobs, ""), now: allow(`["sqs:*Message"]`, jobs, ""),
		},
		{
			code:   "DEAD_ACTION_RESOURCE_MISMATCH",
			before: allow(`["s3:GetObject", "s3:ListBucket"]`, objects, ""), now: allow(`["s3:GetObject", "s3:ListBucket"]`, `["arn:aws:s3:::media/*", "arn:aws:s3:::media"]`, ""),
		},
		{
			code: "DEAD_SHADOWED_BY_DENY", safe: true,
			before: `[` + allow(getSome, objects, "") + `, ` + deny(`"s3:*"`, `"*"`, "") + `]`, now: `[` + deny(`"s3:*"`, `"*"`, "") + `]`,
		},
		{
			code: "DEAD_SHADOWED_BY_DENY", safe: true,
			before: `[` + allow(`["s3:GetObject", "s3:PutObject"]`, objects, "") + `, ` + deny(`"s3:PutObject"`, `"*"`, "") + `]`,
			now:    `[` + allow(`["s3:GetObject"]`, objects, "") + `, ` + deny(`"s3:PutObject"`, `"*"`, "") + `]`,
		},
		{
			code: "DEAD_PRINCIPAL_UNKNOWN", safe: true, kind: iam.TrustPolicy,
			before: trust(`{"AWS": ["arn:aws:iam::111122223333:role/x", "AROAEXAMPLEROLEID1234"]}`, `"sts:AssumeRole"`, externalID),
			now:    trust(`{"AWS": ["arn:aws:iam::111122223333:role/x"]}`, `"sts:AssumeRole"`, externalID),
		},
		{
			code:   "GAP_MULTIPART_ABORT",
			before: allow(`"s3:PutObject"`, objects, ""), now: allow(`["s3:PutObject", "s3:AbortMultipartUpload"]`, objects, ""),
		},
	} {
		t.Run(tc.code, func(t *testing.T) {
			t.Parallel()
			text := document(tc.before)
			fix := fixOf(t, tc.kind, text, tc.code, tc.options)
			if fix == nil || fix.Fix.Safe != tc.safe {
				t.Fatalf("%s of %s has the fix %+v, want one that is safe: %v", tc.code, tc.before, fix, tc.safe)
			}
			got, mended, err := lint.Mend([]byte(text), []lint.Finding{*fix}, lint.AllFixes)
			if err != nil || len(mended) != 1 {
				t.Fatalf("Mend: mended %d, %v", len(mended), err)
			}
			if diff := cmp.Diff(value(t, document(tc.now)), value(t, string(got))); diff != "" {
				t.Errorf("mended document (-want +got):\n%s", diff)
			}
			if again := fixOf(t, tc.kind, string(got), tc.code, tc.options); again != nil {
				t.Errorf("%s is still there: %s", tc.code, again.Message)
			}
		})
	}
}

// fixOf returns the first finding of a code that has a fix.
func fixOf(t *testing.T, kind iam.Kind, text, code string, o lint.Options) *lint.Finding {
	t.Helper()
	o.Now = now
	policy, problems := read(t, kind, text)
	for _, f := range lint.Policy(policy, problems, o) {
		if f.Code == code && f.Fix != nil {
			return &f
		}
	}
	return nil
}

func value(t *testing.T, text string) any {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return v
}

// A document may be made to cost its judge as much as possible. Work is then
// cut, and that is told.
func TestHostileDocumentsAreCutShort(t *testing.T) {
	t.Parallel()
	repeat := func(n int, one string) string {
		var all []string
		for i := range n {
			all = append(all, strings.ReplaceAll(one, "%d", fmt.Sprint(i)))
		}
		return strings.Join(all, ",")
	}
	for name, statement := range map[string]string{
		"many guards":                       "[" + repeat(2000, allow(`"s3:*"`, `"arn:aws:s3:::*a%d/*"`, "")+","+deny(`"s3:*"`, `"arn:aws:s3:::*b%d/*"`, "")) + "]",
		"many actions on many resources":    `{"Effect": "Allow", "Resource": [` + repeat(5000, `"arn:aws:*:*:*:*a*b*%d"`) + `], "Action": [` + repeat(5000, `"s3:*%d"`) + `]}`,
		"resources that nothing works on":   `{"Effect": "Allow", "Action": ["s3:*", "ec2:*"], "Resource": [` + repeat(10000, `"arn:aws:sqs:*:*:q%d"`) + `]}`,
		"conditions that cost a comparison": "[" + repeat(1500, allow(`"*"`, `"arn:aws:s3:::b%d"`, `{"StringEquals": {"s3:prefix": "a", "ec2:ResourceTag/%d": "b"}, "StringLike": {"s3:prefix": ["b*", "c"]}}`)) + "]",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			policy, problems := read(t, iam.IdentityPolicy, document(statement))
			findings := lint.Policy(policy, problems, lint.Options{Now: now})
			if got := lines(findings, "LINT_INCOMPLETE"); len(got) != 1 {
				t.Errorf("LINT_INCOMPLETE is found %d times among %d findings, want once", len(got), len(findings))
			}
		})
	}
}
