package lint_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/lint"
)

func trust(principal, action, condition string) string {
	s := `{"Effect": "Allow", "Principal": ` + principal + `, "Action": ` + action
	if condition != "" {
		s += `, "Condition": ` + condition
	}
	return s + `}`
}

const externalID = `{"StringEquals": {"sts:ExternalId": "6f1d0a3e-5b0e-4c55"}}`

func TestTrustInAccountsUsersAndEveryone(t *testing.T) {
	t.Parallel()
	const root = `{"AWS": "arn:aws:iam::444455556666:root"}`
	own := lint.Options{OwnAccounts: []string{"444455556666"}}
	foreign := lint.Options{ThirdPartyAccounts: []string{"444455556666"}}
	outside := lint.Options{OwnAccounts: []string{"111122223333"}}
	account := "TRUST_ACCOUNT_ROOT medium Statement[0].Principal.AWS"
	id := "TRUST_NO_EXTERNAL_ID medium Statement[0]"
	judge(t, "TRUST_", []judged{
		{name: "account unknown", kind: iam.TrustPolicy, statement: trust(root, `"sts:AssumeRole"`, ""), want: []string{id, account}},
		{name: "account by number", kind: iam.TrustPolicy, statement: trust(`{"AWS": ["444455556666"]}`, `"sts:AssumeRole"`, externalID), want: []string{"TRUST_ACCOUNT_ROOT medium Statement[0].Principal.AWS[0]"}},
		{name: "own account", kind: iam.TrustPolicy, statement: trust(root, `"sts:AssumeRole"`, ""), options: own, want: []string{"TRUST_NO_EXTERNAL_ID info Statement[0]", "TRUST_ACCOUNT_ROOT low Statement[0].Principal.AWS"}},
		{name: "third party", kind: iam.TrustPolicy, statement: trust(root, `"sts:AssumeRole"`, ""), options: foreign, want: []string{"TRUST_NO_EXTERNAL_ID high Statement[0]", "TRUST_ACCOUNT_ROOT high Statement[0].Principal.AWS"}},
		{name: "third party with external ID", kind: iam.TrustPolicy, statement: trust(root, `"sts:AssumeRole"`, externalID), options: foreign, want: []string{account}},
		{name: "outside the organisation", kind: iam.TrustPolicy, statement: trust(root, `"sts:AssumeRole"`, ""), options: outside, want: []string{"TRUST_NO_EXTERNAL_ID high Statement[0]", "TRUST_ACCOUNT_ROOT high Statement[0].Principal.AWS"}},
		{name: "narrowed to a role", kind: iam.TrustPolicy, statement: trust(root, `"sts:AssumeRole"`, `{"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::444455556666:role/deploy"}, "StringEquals": {"sts:ExternalId": "6f1d0a3e-5b0e"}}`)},
		{name: "narrowed to any role", kind: iam.TrustPolicy, statement: trust(root, `"sts:AssumeRole"`, `{"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::444455556666:role/*"}, "StringEquals": {"sts:ExternalId": "6f1d0a3e-5b0e"}}`), want: []string{account}},
		{name: "narrowed by tag", kind: iam.TrustPolicy, statement: trust(root, `"sts:AssumeRole"`, `{"StringEquals": {"aws:PrincipalTag/job": "deploy", "sts:ExternalId": "6f1d0a3e-5b0e"}}`)},
		{name: "narrowed only where there is a tag", kind: iam.TrustPolicy, statement: trust(root, `"sts:AssumeRole"`, `{"StringEqualsIfExists": {"aws:PrincipalTag/job": "deploy"}, "StringEquals": {"sts:ExternalId": "6f1d0a3e-5b0e"}}`), want: []string{account}},
		{name: "own organisation", kind: iam.TrustPolicy, statement: trust(`{"AWS": "arn:aws:iam::444455556666:role/x"}`, `"sts:AssumeRole"`, `{"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}`), want: []string{"TRUST_NO_EXTERNAL_ID info Statement[0]"}},
		{name: "a role", kind: iam.TrustPolicy, statement: trust(`{"AWS": "arn:aws:iam::444455556666:role/x"}`, `"sts:AssumeRole"`, externalID)},
		{name: "a user", kind: iam.TrustPolicy, statement: trust(`{"AWS": "arn:aws:iam::444455556666:user/ci"}`, `"sts:AssumeRole"`, externalID), want: []string{"TRUST_IAM_USER medium Statement[0].Principal.AWS"}},
		{name: "everyone", kind: iam.TrustPolicy, statement: trust(`"*"`, `"sts:AssumeRole"`, ""), want: []string{"TRUST_ANY_PRINCIPAL critical Statement[0].Principal"}},
		{name: "everyone in a list", kind: iam.TrustPolicy, statement: trust(`{"AWS": ["arn:aws:iam::444455556666:role/x", "*"]}`, `"sts:AssumeRole"`, externalID), want: []string{"TRUST_ANY_PRINCIPAL critical Statement[0].Principal.AWS[1]"}},
		{name: "everyone of an organisation", kind: iam.TrustPolicy, statement: trust(`"*"`, `"sts:AssumeRole"`, `{"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}`), want: []string{"TRUST_ANY_PRINCIPAL medium Statement[0].Principal"}},
		{name: "everyone of any organisation", kind: iam.TrustPolicy, statement: trust(`"*"`, `"sts:AssumeRole"`, `{"StringLike": {"aws:PrincipalOrgID": "o-*"}}`), want: []string{"TRUST_ANY_PRINCIPAL critical Statement[0].Principal"}},
		{name: "denied", kind: iam.TrustPolicy, statement: `{"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole"}`},
		{name: "policy of a bucket", kind: iam.ResourcePolicy, statement: `{"Effect": "Allow", "Principal": {"AWS": "444455556666"}, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::media/*"}`},
	})
}

func TestExternalIDs(t *testing.T) {
	t.Parallel()
	const role = `{"AWS": "arn:aws:iam::444455556666:role/vendor"}`
	with := func(condition string) string { return trust(role, `"sts:AssumeRole"`, condition) }
	named := lint.Options{OrganizationNames: []string{"Acme Corp."}}
	none := "TRUST_NO_EXTERNAL_ID medium Statement[0]"
	at := func(operator string) string { return " Statement[0].Condition." + operator + ".sts:ExternalId" }
	judge(t, "TRUST_", []judged{
		{name: "IfExists", kind: iam.TrustPolicy, statement: with(`{"StringEqualsIfExists": {"sts:ExternalId": "6f1d0a3e-5b0e"}}`), want: []string{none, "TRUST_EXTERNAL_ID_IFEXISTS high" + at("StringEqualsIfExists")}},
		{name: "ForAllValues", kind: iam.TrustPolicy, statement: with(`{"ForAllValues:StringEquals": {"sts:ExternalId": "6f1d0a3e-5b0e"}}`), want: []string{none, "TRUST_EXTERNAL_ID_IFEXISTS high" + at("ForAllValues:StringEquals")}},
		{name: "negated", kind: iam.TrustPolicy, statement: with(`{"StringNotEquals": {"sts:ExternalId": "6f1d0a3e-5b0e"}}`), want: []string{none, "TRUST_EXTERNAL_ID_IFEXISTS high" + at("StringNotEquals")}},
		{name: "there, whatever it is", kind: iam.TrustPolicy, statement: with(`{"Null": {"sts:ExternalId": "false"}}`), want: []string{none}},
		{name: "key in another case", kind: iam.TrustPolicy, statement: with(`{"StringEquals": {"STS:externalid": "6f1d0a3e-5b0e"}}`)},
		{name: "short", kind: iam.TrustPolicy, statement: with(`{"StringEquals": {"sts:ExternalId": "b1946ac"}}`), want: []string{"TRUST_EXTERNAL_ID_WEAK medium" + at("StringEquals")}},
		{name: "long enough", kind: iam.TrustPolicy, statement: with(`{"StringEquals": {"sts:ExternalId": "b1946ac9"}}`)},
		{name: "common", kind: iam.TrustPolicy, statement: with(`{"StringEquals": {"sts:ExternalId": "Password"}}`), want: []string{"TRUST_EXTERNAL_ID_WEAK medium" + at("StringEquals")}},
		{name: "one character", kind: iam.TrustPolicy, statement: with(`{"StringEquals": {"sts:ExternalId": "aaaaaaaaaaaa"}}`), want: []string{"TRUST_EXTERNAL_ID_WEAK medium" + at("StringEquals")}},
		{name: "the account", kind: iam.TrustPolicy, statement: with(`{"StringEquals": {"sts:ExternalId": "vendor-444455556666"}}`), want: []string{"TRUST_EXTERNAL_ID_WEAK medium" + at("StringEquals")}},
		{name: "a company", kind: iam.TrustPolicy, statement: with(`{"StringEquals": {"sts:ExternalId": "acme-corp"}}`), options: named, want: []string{"TRUST_EXTERNAL_ID_WEAK medium" + at("StringEquals")}},
		{name: "not known as a company", kind: iam.TrustPolicy, statement: with(`{"StringEquals": {"sts:ExternalId": "acme-corp"}}`)},
		{name: "wildcard", kind: iam.TrustPolicy, statement: with(`{"StringLike": {"sts:ExternalId": "6f1d0a3e-*"}}`), want: []string{"TRUST_EXTERNAL_ID_WEAK medium" + at("StringLike")}},
		{name: "one of a list", kind: iam.TrustPolicy, statement: with(`{"StringEquals": {"sts:ExternalId": ["6f1d0a3e-5b0e", "test"]}}`), want: []string{"TRUST_EXTERNAL_ID_WEAK medium" + at("StringEquals") + "[1]"}},
		{name: "not chosen yet", kind: iam.TrustPolicy, statement: with(`{"StringEquals": {"sts:ExternalId": "<ID>"}}`)},
		{name: "services send none", kind: iam.TrustPolicy, statement: trust(`{"Service": "ec2.amazonaws.com"}`, `"sts:AssumeRole"`, "")},
		{name: "session tags only", kind: iam.TrustPolicy, statement: trust(role, `"sts:TagSession"`, "")},
	})
}

func TestFederatedTrust(t *testing.T) {
	t.Parallel()
	const (
		saml    = `{"Federated": "arn:aws:iam::111122223333:saml-provider/adfs"}`
		gitHub  = `{"Federated": "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"}`
		cognito = `{"Federated": "cognito-identity.amazonaws.com"}`
		pool    = `"StringEquals": {"cognito-identity.amazonaws.com:aud": "eu-west-1:12345678-abcd-abcd-abcd-123456789012"}`
	)
	judge(t, "TRUST_", []judged{
		{name: "SAML by the wrong call", kind: iam.TrustPolicy, statement: trust(saml, `"sts:AssumeRole"`, ""), want: []string{"TRUST_ACTION_MISMATCH high Statement[0]"}},
		{name: "OIDC by the wrong call", kind: iam.TrustPolicy, statement: trust(gitHub, `"sts:AssumeRoleWithSAML"`, ""), want: []string{"TRUST_ACTION_MISMATCH high Statement[0]"}},
		{name: "service by the wrong call", kind: iam.TrustPolicy, statement: trust(`{"Service": "ec2.amazonaws.com"}`, `"sts:AssumeRoleWithWebIdentity"`, ""), want: []string{"TRUST_ACTION_MISMATCH high Statement[0]"}},
		{name: "each by its own", kind: iam.TrustPolicy, statement: trust(`{"Service": "ec2.amazonaws.com", "Federated": "arn:aws:iam::111122223333:oidc-provider/id.example.org"}`, `["sts:AssumeRole", "sts:AssumeRoleWithWebIdentity"]`, "")},
		{name: "by wildcard", kind: iam.TrustPolicy, statement: trust(gitHub, `"sts:AssumeRole*"`, "")},
		{name: "tags beside", kind: iam.TrustPolicy, statement: trust(saml, `"sts:TagSession"`, "")},
		{name: "no audience", kind: iam.TrustPolicy, statement: trust(saml, `"sts:AssumeRoleWithSAML"`, ""), want: []string{"TRUST_SAML_NO_AUD medium Statement[0]"}},
		{name: "any audience", kind: iam.TrustPolicy, statement: trust(saml, `"sts:AssumeRoleWithSAML"`, `{"StringLike": {"SAML:aud": "*"}}`), want: []string{"TRUST_SAML_NO_AUD medium Statement[0]"}},
		{name: "audience", kind: iam.TrustPolicy, statement: trust(saml, `"sts:AssumeRoleWithSAML"`, `{"StringEquals": {"saml:aud": "https://signin.aws.amazon.com/saml"}}`)},
		{name: "any pool", kind: iam.TrustPolicy, statement: trust(cognito, `"sts:AssumeRoleWithWebIdentity"`, `{"ForAnyValue:StringLike": {"cognito-identity.amazonaws.com:amr": "authenticated"}}`), want: []string{"TRUST_COGNITO_UNAUTH high Statement[0]"}},
		{name: "signed in or not", kind: iam.TrustPolicy, statement: trust(cognito, `"sts:AssumeRoleWithWebIdentity"`, `{`+pool+`}`), want: []string{"TRUST_COGNITO_UNAUTH high Statement[0]"}},
		{name: "signed in or not, by pattern", kind: iam.TrustPolicy, statement: trust(cognito, `"sts:AssumeRoleWithWebIdentity"`, `{`+pool+`, "ForAnyValue:StringLike": {"cognito-identity.amazonaws.com:amr": "*authenticated"}}`), want: []string{"TRUST_COGNITO_UNAUTH high Statement[0]"}},
		{name: "guests meant, policies unknown", kind: iam.TrustPolicy, statement: trust(cognito, `"sts:AssumeRoleWithWebIdentity"`, `{`+pool+`, "ForAnyValue:StringLike": {"cognito-identity.amazonaws.com:amr": "unauthenticated"}}`), want: []string{"TRUST_COGNITO_UNAUTH low Statement[0]"}},
		{name: "signed in", kind: iam.TrustPolicy, statement: trust(cognito, `"sts:AssumeRoleWithWebIdentity"`, `{`+pool+`, "ForAnyValue:StringLike": {"cognito-identity.amazonaws.com:amr": "authenticated"}}`)},
	})
}

func TestServicesTellForWhomTheyAct(t *testing.T) {
	t.Parallel()
	want := []string{"TRUST_SERVICE_NO_SOURCE low Statement[0].Principal.Service"}
	const states = `{"Service": "states.amazonaws.com"}`
	judge(t, "TRUST_", []judged{
		{name: "not asked", kind: iam.TrustPolicy, statement: trust(states, `"sts:AssumeRole"`, ""), want: want},
		{name: "account", kind: iam.TrustPolicy, statement: trust(states, `"sts:AssumeRole"`, `{"StringEquals": {"aws:SourceAccount": "111122223333"}}`)},
		{name: "any account", kind: iam.TrustPolicy, statement: trust(states, `"sts:AssumeRole"`, `{"StringLike": {"aws:SourceAccount": "*"}}`), want: want},
		{name: "resource of any account", kind: iam.TrustPolicy, statement: trust(states, `"sts:AssumeRole"`, `{"ArnLike": {"aws:SourceArn": "arn:aws:states:*:*:stateMachine:x"}}`), want: want},
		{name: "resource", kind: iam.TrustPolicy, statement: trust(states, `"sts:AssumeRole"`, `{"ArnLike": {"aws:SourceArn": "arn:aws:states:*:111122223333:stateMachine:*"}}`)},
		{name: "does not tell", kind: iam.TrustPolicy, statement: trust(`{"Service": ["ec2.amazonaws.com", "lambda.amazonaws.com"]}`, `"sts:AssumeRole"`, "")},
		{name: "one of several", kind: iam.TrustPolicy, statement: trust(`{"Service": ["ec2.amazonaws.com", "glue.amazonaws.com"]}`, `"sts:AssumeRole"`, ""), want: []string{"TRUST_SERVICE_NO_SOURCE low Statement[0].Principal.Service[1]"}},
	})
}

// Some findings only show when the trust policy and the role's policies are
// judged together.
func TestTrustAndPermissionsTogether(t *testing.T) {
	t.Parallel()
	const (
		byRole   = `{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:role/ci"}, "Action": "sts:AssumeRole", "Condition": ` + externalID + `}`
		byTag    = `{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "arn:aws:sqs:eu-west-1:111122223333:${aws:PrincipalTag/team}-jobs"}`
		plain    = `{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "arn:aws:sqs:eu-west-1:111122223333:jobs"}`
		look     = `{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::public-media/*"}`
		forGuest = `{"Effect": "Allow", "Principal": {"Federated": "cognito-identity.amazonaws.com"}, "Action": "sts:AssumeRoleWithWebIdentity",
			"Condition": {"StringEquals": {"cognito-identity.amazonaws.com:aud": "eu-west-1:12345678-abcd-abcd-abcd-123456789012"}, "ForAnyValue:StringLike": {"cognito-identity.amazonaws.com:amr": "unauthenticated"}}}`
		withTags = `{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:role/ci"}, "Action": ["sts:AssumeRole", "sts:TagSession"], "Condition": ` + externalID + `}`
	)
	for _, tc := range []struct {
		name, trust, policy string
		session             time.Duration
		want                []string
	}{
		{"nothing special", byRole, plain, time.Hour, nil},
		{"tags nobody may pass", byRole, byTag, 0, []string{"TRUST_NO_TAG_SESSION info Statement[0].Action"}},
		{"tags that may be passed", withTags, byTag, 0, nil},
		{"long chain", byRole, plain, 12 * time.Hour, []string{"TRUST_CHAIN_DURATION info Statement[0].Principal.AWS"}},
		{"guests who may write", forGuest, plain, 0, []string{"TRUST_COGNITO_UNAUTH high Statement[0]"}},
		{"guests who may look", forGuest, look, 0, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			trusting, _ := read(t, iam.TrustPolicy, document(tc.trust))
			policy, _ := read(t, iam.IdentityPolicy, document(tc.policy))
			got := lint.Set(lint.Attached{Policies: []*iam.Policy{trusting, policy}, MaxSession: tc.session}, lint.Options{Now: now})
			if diff := cmp.Diff(tc.want, lines(got, "TRUST_")); diff != "" {
				t.Errorf("Set (-want +got):\n%s", diff)
			}
		})
	}
}
