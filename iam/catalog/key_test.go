package catalog_test

import (
	"strings"
	"testing"

	"github.com/berth-project/berth/iam/catalog"
)

func TestKeys(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		typ   catalog.KeyType
		multi bool
	}{
		{"aws:sourceip", catalog.IPKey, false},
		{"aws:PrincipalTag/Team", catalog.StringKey, false},
		{"aws:TagKeys", catalog.StringKey, true},
		{"aws:CurrentTime", catalog.DateKey, false},
		{"aws:SourceArn", catalog.ARNKey, false},
		{"s3:ExistingObjectTag/env", catalog.StringKey, false},
		{"s3:max-keys", catalog.NumericKey, false},
		{"dynamodb:LeadingKeys", catalog.StringKey, true},
		{"secretsmanager:ResourceTag/env", catalog.StringKey, false},
		{"S3:PREFIX", catalog.StringKey, false},
		{"kms:EncryptionContext:app", catalog.StringKey, false},
		{"codebuild:environment.environmentVariables/DEBUG.value", catalog.StringKey, false},
		{"accounts.google.com:aud", catalog.StringKey, false},
		{"token.actions.githubusercontent.com:repository", catalog.StringKey, false},
		{"saml:aud", catalog.StringKey, false},
		{"aws:MultiFactorAuthPresent", catalog.BoolKey, false},
		{"ec2:SourceInstanceARN", catalog.ARNKey, false},
	} {
		k, ok := catalog.Default().Key(c.name)
		if !ok || k.Type != c.typ || k.Multi != c.multi {
			t.Errorf("Key(%q) = %+v, %v, want type %v, multi %v", c.name, k, ok, c.typ, c.multi)
		}
	}
	for _, name := range []string{
		"aws:SourceIpp", "aws:PrincipalTag/", "aws:PrincipalTag", "s3:ExistingObjectTag/",
		"codebuild:environment.environmentVariables/.value", "s3:nothing", "", "x",
	} {
		if k, ok := catalog.Default().Key(name); ok {
			t.Errorf("Key(%q) = %v, want none", name, k.Name)
		}
	}
}

func TestSupports(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		action, key string
		want        bool
	}{
		{"s3:ListBucket", "s3:prefix", true},
		{"s3:GetObject", "s3:prefix", false},
		{"s3:GetObject", "aws:SourceIp", true},
		{"ec2:RunInstances", "aws:RequestTag/env", true},
		{"sqs:SendMessage", "aws:RequestTag/env", false},
		{"sqs:SendMessage", "aws:ResourceTag/env", true},
		{"iam:PassRole", "iam:PassedToService", true},
		{"iam:PassRole", "IAM:passedtoservice", true},
		{"s3:GetObject", "aws:PrincipalTag/team", true},
		{"s3:GetObject", "s3:ExistingObjectTag/team", true},
		{"s3:GetObject", "s3:ExistingObjectTag/", false},
		{"s3:GetObject", "sqs:anything", false},
		{"s3:GetObject", "", false},
	} {
		a, ok := catalog.Default().Action(c.action)
		if !ok {
			t.Fatalf("no action %s", c.action)
		}
		if got := catalog.Default().Supports(a, c.key); got != c.want {
			t.Errorf("Supports(%s, %s) = %v, want %v", c.action, c.key, got, c.want)
		}
	}
}

func TestSupportsOnOneTypeOfResource(t *testing.T) {
	t.Parallel()
	c := catalog.Default()
	run, _ := c.Action("ec2:RunInstances")
	ec2, _ := c.Service("ec2")
	for _, tc := range []struct {
		typ, key string
		want     bool
	}{
		{"instance", "ec2:InstanceType", true},
		{"subnet", "ec2:InstanceType", false},
		{"subnet", "ec2:SubnetID", true},
		{"subnet", "aws:SourceIp", true},
	} {
		r, ok := ec2.Resource(tc.typ)
		if !ok {
			t.Fatalf("ec2 has no %s", tc.typ)
		}
		if got := c.SupportsOn(run, r, tc.key); got != tc.want {
			t.Errorf("SupportsOn(ec2:RunInstances, %s, %s) = %v, want %v", tc.typ, tc.key, got, tc.want)
		}
	}
}

// Every key that an action or a resource lists is a key of its service, so that
// its type is known.
func TestListedKeysAreKeys(t *testing.T) {
	t.Parallel()
	for _, s := range catalog.Default().Services() {
		known := map[string]bool{}
		for _, k := range s.Keys {
			known[k.Name] = true
			if k.Varies() != (k.Base() != k.Name) {
				t.Errorf("%s varies = %v, and its base is %q", k.Name, k.Varies(), k.Base())
			}
		}
		check := func(what string, keys []string) {
			for _, k := range keys {
				if !known[k] {
					t.Errorf("%s lists %s, which %s does not have", what, k, s.Prefix)
				}
			}
		}
		for _, r := range s.Resources {
			check(r.Type, r.Keys)
		}
		for _, a := range s.Actions {
			check(a.FullName(), a.Keys)
			for _, u := range a.Resources {
				check(a.FullName(), u.Keys)
			}
		}
	}
}

func FuzzKey(f *testing.F) {
	f.Add("aws:ResourceTag/x")
	f.Add("codebuild:a/.value")
	f.Fuzz(func(t *testing.T, name string) {
		k, ok := catalog.Default().Key(name)
		if ok && (len(name) < len(k.Base()) || !strings.EqualFold(name[:len(k.Base())], k.Base())) {
			t.Errorf("Key(%q) = %s", name, k.Name)
		}
	})
}
