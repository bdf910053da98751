package diff_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/catalog"
	"github.com/berth-project/berth/iam/diff"
)

func policyOf(t testing.TB, kind iam.Kind, statements ...string) []*iam.Policy {
	t.Helper()
	p, err := iam.Parse([]byte(`{"Version": "2012-10-17", "Statement": [`+strings.Join(statements, ",")+`]}`), iam.ParseOptions{Kind: kind})
	if err != nil {
		t.Fatal(err)
	}
	return []*iam.Policy{p}
}

func TestParseRule(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text string
		want diff.Rule
	}{
		{"new-access", diff.Rule{Kind: diff.NewAccess, Level: catalog.List}},
		{"new-access:Write", diff.Rule{Kind: diff.NewAccess, Level: catalog.Write}},
		{"access:iam:PassRole,s3:Delete*", diff.Rule{Kind: diff.SomeAccess, Actions: []string{"iam:PassRole", "s3:Delete*"}}},
		{"public", diff.Rule{Kind: diff.PublicAccess}},
	} {
		got, err := diff.ParseRule(c.text)
		if err != nil || got.String() != c.want.String() || got.Kind != c.want.Kind || got.Level != c.want.Level {
			t.Errorf("ParseRule(%q) = %+v, %v, want %+v", c.text, got, err, c.want)
		}
		if got.String() != c.text {
			t.Errorf("ParseRule(%q).String() = %q", c.text, got)
		}
	}
	if r, err := diff.ParseRule("new-access:write"); err != nil || r.Level != catalog.Write {
		t.Errorf("a level in lower case: %v, %v", r, err)
	}
	for _, text := range []string{"", "new", "new-access:", "new-access:owner", "access", "access:", "access:PassRole", "access:iam:,", "public:yes"} {
		if r, err := diff.ParseRule(text); err == nil {
			t.Errorf("ParseRule(%q) = %v, want an error", text, r)
		}
	}
}

const reads = `{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::media/*"}`

func TestRules(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		rule string
		a, b []string
		want []string // the actions of each violation
	}{
		"nothing new": {"new-access", []string{reads}, []string{reads}, nil},
		"something new": {
			"new-access",
			[]string{reads},
			[]string{reads, `{"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*"}`},
			[]string{"s3:ListBucket"},
		},
		"new below the level": {"new-access:write", []string{reads}, []string{reads, `{"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*"}`}, nil},
		"new at the level": {
			"new-access:write",
			[]string{reads},
			[]string{`{"Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket", "s3:PutObject", "s3:PutBucketPolicy"], "Resource": "*"}`},
			[]string{"s3:PutObject, s3:PutBucketPolicy"},
		},
		"above the level": {
			"new-access:PermissionsManagement",
			[]string{reads},
			[]string{`{"Effect": "Allow", "Action": ["s3:PutObject", "s3:PutBucketPolicy"], "Resource": "*"}`},
			[]string{"s3:PutBucketPolicy"},
		},
		"an action nobody knows counts for any level": {
			"new-access:PermissionsManagement", []string{reads}, []string{`{"Effect": "Allow", "Action": "acme:Launch", "Resource": "*"}`}, []string{"acme:Launch"},
		},
		"less is not new": {"new-access", []string{`{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}`}, []string{reads}, nil},
		"out of reach":    {"access:iam:PassRole,s3:Delete*", nil, []string{reads}, nil},
		"in reach": {
			"access:iam:PassRole,s3:Delete*",
			[]string{`{"Effect": "Allow", "Action": "*", "Resource": "*"}`},
			[]string{`{"Effect": "Allow", "Action": "iam:Pass*", "Resource": "arn:aws:iam::111122223333:role/app", "Condition": {"StringEquals": {"iam:PassedToService": "ecs.amazonaws.com"}}}`},
			[]string{"iam:PassRole"},
		},
		"denied is out of reach": {
			"access:iam:PassRole", nil,
			[]string{`{"Effect": "Allow", "Action": "*", "Resource": "*"}`, `{"Effect": "Deny", "Action": "iam:*", "Resource": "*"}`},
			nil,
		},
		"denied in part is in reach": {
			"access:iam:PassRole", nil,
			[]string{`{"Effect": "Allow", "Action": "*", "Resource": "*"}`, `{"Effect": "Deny", "Action": "iam:*", "NotResource": "arn:aws:iam::*:role/app-*"}`},
			[]string{"iam:PassRole"},
		},
		"a service nobody knows": {"access:acme:*", nil, []string{`{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}`}, []string{"actions of * that are not known"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rule, err := diff.ParseRule(c.rule)
			if err != nil {
				t.Fatal(err)
			}
			a, b := policyOf(t, iam.IdentityPolicy, append(c.a, reads)...), policyOf(t, iam.IdentityPolicy, c.b...)
			found, err := rule.Check(a, b, diff.Options{})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, v := range found {
				text := strings.Join(v.Grant.Actions, ", ")
				if len(v.Grant.Unlisted) > 0 {
					text += "actions of " + strings.Join(v.Grant.Unlisted, ", ") + " that are not known"
				}
				got = append(got, text)
				w := v.Grant.Witness
				if w == nil || !allowed(b, w.Request()) || rule.Kind == diff.NewAccess && allowed(a, w.Request()) {
					t.Errorf("%v is not proved", v)
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("%s: %q, want %q", rule, got, c.want)
			}
		})
	}
}

func TestPublic(t *testing.T) {
	t.Parallel()
	allow := func(principal, condition string) string {
		return `{"Effect": "Allow", "Principal": ` + principal + `, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::media/*", "Condition": ` + condition + `}`
	}
	for name, c := range map[string]struct {
		statements []string
		want       bool
	}{
		"everyone":                {[]string{allow(`"*"`, `{}`)}, true},
		"an account":              {[]string{allow(`{"AWS": "111122223333"}`, `{}`)}, false},
		"a service":               {[]string{allow(`{"Service": "cloudfront.amazonaws.com"}`, `{}`)}, false},
		"everyone of a list":      {[]string{allow(`{"AWS": ["111122223333", "*"]}`, `{}`)}, true},
		"everyone but":            {[]string{`{"Effect": "Allow", "NotPrincipal": {"AWS": "111122223333"}, "Action": "s3:GetObject", "Resource": "*"}`}, true},
		"of an organisation":      {[]string{allow(`"*"`, `{"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}`)}, false},
		"of any organisation":     {[]string{allow(`"*"`, `{"StringLike": {"aws:PrincipalOrgID": "o-*"}}`)}, true},
		"or without one":          {[]string{allow(`"*"`, `{"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}`)}, true},
		"under a path":            {[]string{allow(`"*"`, `{"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-a1b2c3d4e5/r-ab12/*"}}`)}, false},
		"under no path":           {[]string{allow(`"*"`, `{"ForAllValues:StringLike": {"aws:PrincipalOrgPaths": "o-a1b2c3d4e5/*"}}`)}, true},
		"not of an organisation":  {[]string{allow(`"*"`, `{"StringNotEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}`)}, true},
		"from an address range":   {[]string{allow(`"*"`, `{"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}`)}, false},
		"from anywhere":           {[]string{allow(`"*"`, `{"IpAddress": {"aws:SourceIp": ["203.0.113.0/24", "0.0.0.0/0"]}}`)}, true},
		"from half of anywhere":   {[]string{allow(`"*"`, `{"IpAddress": {"aws:SourceIp": "128.0.0.0/1"}}`)}, true},
		"a role of any account":   {[]string{allow(`"*"`, `{"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/deploy"}}`)}, true},
		"a role of one account":   {[]string{allow(`"*"`, `{"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/*"}}`)}, false},
		"whoever sends a referer": {[]string{allow(`"*"`, `{"StringEquals": {"aws:Referer": "https://example.com"}}`)}, true},
		"of the owner's account":  {[]string{allow(`"*"`, `{"StringEquals": {"aws:PrincipalAccount": "${aws:ResourceAccount}"}}`)}, false},
		"shut by a Deny": {[]string{
			allow(`"*"`, `{}`),
			`{"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*", "Condition": {"StringNotEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}}`,
		}, false},
		"a Deny with a gap": {[]string{
			allow(`"*"`, `{}`),
			`{"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*", "Condition": {"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}, "Bool": {"aws:SecureTransport": "true"}}}`,
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := policyOf(t, iam.ResourcePolicy, c.statements...)
			found, err := diff.Rule{Kind: diff.PublicAccess}.Check(nil, b, diff.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if got := len(found) > 0; got != c.want {
				t.Errorf("public: %v, want %v: %v", got, c.want, found)
			}
			for _, v := range found {
				if v.Grant.Witness == nil || !allowed(b, v.Grant.Witness.Request()) {
					t.Errorf("%v is not proved", v)
				}
			}
		})
	}
}

func TestRulesRefuseWhatTheyCannotCheck(t *testing.T) {
	t.Parallel()
	identity := policyOf(t, iam.IdentityPolicy, reads)
	if _, err := (diff.Rule{Kind: diff.PublicAccess}).Check(nil, identity, diff.Options{}); !errors.Is(err, diff.ErrNotPublic) {
		t.Errorf("public identity policy: %v, want %v", err, diff.ErrNotPublic)
	}
	if _, err := (diff.Rule{Kind: diff.SomeAccess, Actions: []string{"PassRole"}}).Check(nil, identity, diff.Options{}); err == nil {
		t.Error("an action without prefix is accepted")
	}
	bucket := policyOf(t, iam.ResourcePolicy, `{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::media/*"}`)
	if _, err := (diff.Rule{}).Check(identity, bucket, diff.Options{}); err == nil {
		t.Error("policies of an identity and of a resource are compared")
	}
	if _, err := (diff.Rule{}).Check(nil, identity, diff.Options{MaxWork: 1}); err == nil {
		t.Error("a check that was cut short passes")
	}
}
