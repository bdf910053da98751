package sts_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/iam/sts"
)

func TestParseRolePair(t *testing.T) {
	t.Parallel()
	const (
		provider = "arn:aws:iam::111122223333:saml-provider/Corp.IdP_1-a"
		role     = "arn:aws:iam::111122223333:role/team/a,b=c+d.e@f-g"
	)
	want := sts.RolePair{ProviderARN: provider, RoleARN: role}
	for _, value := range []string{
		provider + "," + role,
		role + "," + provider,
		" " + provider + " ,  " + role + "\n",
		"\t" + role + "\t,\t" + provider + " ",
	} {
		got, err := sts.ParseRolePair(value)
		if err != nil {
			t.Errorf("ParseRolePair(%q): %v", value, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("ParseRolePair(%q) (-want +got):\n%s", value, diff)
		}
	}
}

func TestParseRolePairRefuses(t *testing.T) {
	t.Parallel()
	const (
		provider = "arn:aws:iam::111122223333:saml-provider/Corp"
		role     = "arn:aws:iam::111122223333:role/Dev"
	)
	for value, want := range map[string]string{
		"":                                 "is not a pair",
		role:                               "is not a pair",
		"aws-prod-dev":                     "is not a pair",
		role + ";" + provider:              "is not a pair",
		role + "," + provider + "," + role: "is not a pair",
		role + "," + role:                  "provider: ",
		provider + "," + provider:          "role: ",
		provider + ",arn:aws:iam::111122223333:role/":                           "does not name a role",
		provider + ",arn:aws:iam::111122223333:role/a b":                        "role name",
		provider + ",arn:aws:iam::111122223333:role/" + strings.Repeat("x", 65): "role name",
		provider + ",arn:aws:iam::111122223333:user/Dev":                        "does not name a role",
		provider + ",arn:aws:iam::1111:role/Dev":                                "no account of 12 digits",
		provider + ",arn:aws:iam:eu-west-1:111122223333:role/Dev":               "not an ARN of IAM",
		provider + ",arn:aws:sts::111122223333:role/Dev":                        "not an ARN of IAM",
		provider + ",arn:other:iam::111122223333:role/Dev":                      "no partition",
		provider + ",arn:aws:iam::444455556666:role/Dev":                        "both are of one account",
		"arn:aws:iam::111122223333:saml-provider/C orp," + role:                 "provider name",
		"arn:aws:iam::111122223333:Saml-Provider/Corp," + role:                  "provider: ",
		strings.Repeat(" ", 5000):                                               "value of 5000 characters",
	} {
		got, err := sts.ParseRolePair(value)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("ParseRolePair(%.90q) = %+v, %v, want an error with %q", value, got, err, want)
		}
	}
}

func FuzzParseRolePair(f *testing.F) {
	f.Add("arn:aws:iam::111122223333:saml-provider/Corp, arn:aws:iam::111122223333:role/a/b,c")
	f.Add("arn:aws:iam::111122223333:role/x,arn:aws-cn:iam::111122223333:saml-provider/y")
	f.Fuzz(func(t *testing.T, value string) {
		pair, err := sts.ParseRolePair(value)
		if err != nil {
			return
		}
		again, err := sts.ParseRolePair(pair.String())
		if err != nil || again != pair {
			t.Fatalf("ParseRolePair(%q) = %+v, but of its own text %+v, %v", value, pair, again, err)
		}
	})
}
