package iam_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/berth-project/berth/iam"
)

// samePolicy compares policies without the texts they come from.
var samePolicy = cmpopts.IgnoreUnexported(iam.Policy{})

func mustParse(t *testing.T, text string, o iam.ParseOptions) *iam.Policy {
	t.Helper()
	p, err := iam.Parse([]byte(text), o)
	if err != nil {
		t.Fatalf("Parse(%s): %v", text, err)
	}
	return p
}

func asValue(t *testing.T, text []byte) any {
	t.Helper()
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return v
}

func TestNormalFormOfTheCases(t *testing.T) {
	t.Parallel()
	n := 0
	for _, c := range parseCases(t) {
		if c.Normalized == nil {
			continue
		}
		n++
		p := mustParse(t, string(c.text()), iam.ParseOptions{Kind: mustKind(t, c.Kind)})
		got, err := json.Marshal(p.Normal())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(asValue(t, c.Normalized), asValue(t, got)); diff != "" {
			t.Errorf("%s: Normal (-want +got):\n%s", c.ID, diff)
		}
	}
	if n == 0 {
		t.Error("no case has a normal form")
	}
}

func TestNormal(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, text, want string }{
		{
			"operators and values",
			`{"Statement": {"Effect": "Deny", "Principal": "*", "NotAction": "s3:*", "NotResource": [], "Condition": {"foranyvalue:stringlikeifexists": {"aws:TagKeys": "A*"}, "bool": {"aws:SecureTransport": [false]}}}}`,
			`{"Statement":[{"Effect":"Deny","Principal":{"*":["*"]},"NotAction":["s3:*"],"NotResource":[],"Condition":{"ForAnyValue:StringLikeIfExists":{"aws:TagKeys":["A*"]},"Bool":{"aws:SecureTransport":["false"]}}}]}`,
		},
		{
			"what is empty",
			`{"Version": "2008-10-17", "Id": "", "Statement": [{"Sid": "", "Effect": "Allow", "NotPrincipal": {}, "Action": [], "Resource": "*", "Condition": {"StringEquals": {}}}]}`,
			`{"Version":"2008-10-17","Id":"","Statement":[{"Sid":"","Effect":"Allow","NotPrincipal":{},"Action":[],"Resource":["*"]}]}`,
		},
		{
			"an account in the partition of the resource",
			`{"Statement": {"Effect": "Allow", "Principal": {"AWS": ["111122223333", "*"], "CanonicalUser": []}, "Action": "s3:*", "Resource": "arn:aws-cn:s3:::b"}}`,
			`{"Statement":[{"Effect":"Allow","Principal":{"AWS":["arn:aws-cn:iam::111122223333:root","*"],"CanonicalUser":[]},"Action":["s3:*"],"Resource":["arn:aws-cn:s3:::b"]}]}`,
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			p := mustParse(t, tc.text, iam.ParseOptions{Kind: iam.ResourcePolicy})
			got := p.Normal()
			if text := string(iam.Format(got, iam.FormatOptions{Minify: true})); text != tc.want {
				t.Errorf("Normal = %s\nwant %s", text, tc.want)
			}
			if diff := cmp.Diff(got, got.Normal(), samePolicy); diff != "" {
				t.Errorf("Normal of the normal form (-first +second):\n%s", diff)
			}
			if got.Text() != "" {
				t.Errorf("the normal form has the text %q", got.Text())
			}
		})
	}
}

func TestNormalSharesNothing(t *testing.T) {
	t.Parallel()
	const text = `{"Id": "i", "Statement": {"Sid": "s", "Effect": "Allow", "Principal": {"AWS": "*"}, "Action": ["a:b"], "Resource": ["*"], "Condition": {"Bool": {"a:b": ["true"]}}}}`
	p := mustParse(t, text, iam.ParseOptions{Kind: iam.ResourcePolicy})
	n := p.Normal()
	s := &n.Statements[0]
	*n.ID, *s.Sid = "x", "x"
	s.Principals.Entries[0].Values[0], s.Actions.Values[0], s.Resources.Values[0], s.Conditions[0].Values[0].Text = "x", "x", "x", "x"
	if diff := cmp.Diff(mustParse(t, text, iam.ParseOptions{Kind: iam.ResourcePolicy}), p, samePolicy); diff != "" {
		t.Errorf("the policy changed with its normal form (-want +got):\n%s", diff)
	}
}
