package iam_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/iam"
)

func TestParsePrincipal(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]iam.Principal{
		"anonymous":                          {Kind: iam.Anonymous},
		"111122223333":                       {Kind: iam.Root, ARN: "arn:aws:iam::111122223333:root", Account: "111122223333"},
		"arn:aws:iam::111122223333:root":     {Kind: iam.Root, ARN: "arn:aws:iam::111122223333:root", Account: "111122223333"},
		"arn:aws:iam::111122223333:user/dev": {Kind: iam.User, ARN: "arn:aws:iam::111122223333:user/dev", Account: "111122223333"},
		"arn:aws:sts::111122223333:assumed-role/app/s1": {
			Kind: iam.AssumedRole, ARN: "arn:aws:sts::111122223333:assumed-role/app/s1",
			RoleARN: "arn:aws:iam::111122223333:role/app", Account: "111122223333",
		},
		"arn:aws-cn:iam::111122223333:role/team/app": {
			Kind: iam.AssumedRole, ARN: "arn:aws-cn:sts::111122223333:assumed-role/app/session",
			RoleARN: "arn:aws-cn:iam::111122223333:role/team/app", Account: "111122223333",
		},
		"arn:aws:sts::111122223333:federated-user/kim": {Kind: iam.FederatedUser, ARN: "arn:aws:sts::111122223333:federated-user/kim", Account: "111122223333"},
		"arn:aws:iam::111122223333:saml-provider/idp":  {Kind: iam.SAMLIdentity, Provider: "arn:aws:iam::111122223333:saml-provider/idp"},
		"arn:aws:iam::111122223333:oidc-provider/host": {Kind: iam.WebIdentity, Provider: "arn:aws:iam::111122223333:oidc-provider/host"},
		"lambda.amazonaws.com":                         {Kind: iam.ServicePrincipal, Service: "lambda.amazonaws.com"},
	} {
		got, err := iam.ParsePrincipal(s)
		if err != nil {
			t.Errorf("ParsePrincipal(%q): %v", s, err)
			continue
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("ParsePrincipal(%q) (-want +got):\n%s", s, diff)
		}
	}
}

func TestParsePrincipalRefuses(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"", "dev", "arn:aws:iam::111122223333:user/", "arn:aws:iam::111122223333:user/*", "arn:aws:iam::1:user/dev",
		"arn:aws:iam::111122223333:group/devs", "arn:aws:sts::111122223333:assumed-role/app", "arn:aws:s3:::media", "AIDAEXAMPLE",
	} {
		if p, err := iam.ParsePrincipal(s); err == nil {
			t.Errorf("ParsePrincipal(%q) = %+v, want an error", s, p)
		}
	}
}
