package iam_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/iam"
)

const unsorted = `{"Statement": [{
  "Condition": {
    "stringlike": {"s3:prefix": ["b/*", "a/*"], "aws:username": "x"},
    "Bool": {"aws:SecureTransport": true}
  },
  "Resource": ["arn:aws:s3:::b", "arn:aws:s3:::a"],
  "Action": ["s3:PutObject", "S3:getobject"],
  "Principal": {"Service": ["sns.amazonaws.com"], "AWS": "111122223333"},
  "Effect": "Allow", "Sid": "A"
}], "Id": "x", "Version": "2012-10-17"}`

func TestFormat(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name    string
		options iam.FormatOptions
		want    string
	}{
		{"as it is", iam.FormatOptions{}, `{
  "Version": "2012-10-17",
  "Id": "x",
  "Statement": [
    {
      "Sid": "A",
      "Effect": "Allow",
      "Principal": {
        "Service": [
          "sns.amazonaws.com"
        ],
        "AWS": "111122223333"
      },
      "Action": [
        "s3:PutObject",
        "S3:getobject"
      ],
      "Resource": [
        "arn:aws:s3:::b",
        "arn:aws:s3:::a"
      ],
      "Condition": {
        "StringLike": {
          "s3:prefix": [
            "b/*",
            "a/*"
          ],
          "aws:username": "x"
        },
        "Bool": {
          "aws:SecureTransport": true
        }
      }
    }
  ]
}
`},
		{"compact", iam.FormatOptions{Compact: true, Minify: true}, `{"Version":"2012-10-17","Id":"x","Statement":{"Sid":"A","Effect":"Allow",` +
			`"Principal":{"Service":"sns.amazonaws.com","AWS":"111122223333"},"Action":["s3:PutObject","S3:getobject"],"Resource":["arn:aws:s3:::b","arn:aws:s3:::a"],` +
			`"Condition":{"StringLike":{"s3:prefix":["b/*","a/*"],"aws:username":"x"},"Bool":{"aws:SecureTransport":true}}}}`},
		{"canonical", iam.FormatOptions{Canonical: true, Minify: true}, `{"Version":"2012-10-17","Id":"x","Statement":[{"Sid":"A","Effect":"Allow",` +
			`"Principal":{"AWS":"111122223333","Service":["sns.amazonaws.com"]},"Action":["S3:getobject","s3:PutObject"],"Resource":["arn:aws:s3:::a","arn:aws:s3:::b"],` +
			`"Condition":{"Bool":{"aws:SecureTransport":true},"StringLike":{"aws:username":"x","s3:prefix":["a/*","b/*"]}}}]}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			p := mustParse(t, unsorted, iam.ParseOptions{Kind: iam.ResourcePolicy})
			if diff := cmp.Diff(tc.want, string(iam.Format(p, tc.options))); diff != "" {
				t.Errorf("Format (-want +got):\n%s", diff)
			}
			// Formatting, sorting above all, is done on copies.
			if diff := cmp.Diff(mustParse(t, unsorted, iam.ParseOptions{Kind: iam.ResourcePolicy}), p, samePolicy); diff != "" {
				t.Errorf("Format changed the policy (-want +got):\n%s", diff)
			}
		})
	}
}

func TestFormatKeepsWhatIsWritten(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`{"Statement":[]}`,
		`{"Statement":{"Effect":"Deny","NotPrincipal":{},"NotAction":[],"NotResource":[],"Condition":{}}}`,
		`{"Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}`,
		`{"Statement":[{"Effect":"Allow","Principal":{"*":"*"},"Action":"*","Resource":"*"}]}`,
		`{"Statement":[{"Effect":"Allow","Principal":{"Robot":["r2"],"AWS":"AROADBQP57FF2AEXAMPLE"},"Action":"*","Resource":"*"}]}`,
		`{"Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*","Condition":{"NumericEquals":{"a:b":[1.50,1E+2,-0,"007"]},"Bool":{"a:b":["true",true]}}}]}`,
		`{"Statement":[{"Sid":"<a&b> é \"\\/\n\r\t\u0001\u007f","Effect":"Allow","Principal":"*","Action":"*","Resource":"\u65e5\ud83d\ude00"}]}`,
	} {
		p, err := iam.Parse([]byte(text), iam.ParseOptions{Kind: iam.ResourcePolicy, Lenient: true})
		if err != nil {
			t.Errorf("Parse(%s): %v", text, err)
			continue
		}
		if got := string(iam.Format(p, iam.FormatOptions{Minify: true})); got != text {
			t.Errorf("Format = %s\nwant %s", got, text)
		}
	}
}

func TestFormatOfPoliciesMadeInCode(t *testing.T) {
	t.Parallel()
	equals := iam.Operator{Test: iam.StringEquals}
	for _, tc := range []struct {
		name   string
		policy iam.Policy
		want   string
	}{
		{"nothing", iam.Policy{}, `{"Statement":[]}`},
		{"an empty statement", iam.Policy{Statements: []iam.Statement{{}}}, `{"Statement":[{}]}`},
		{"operators without spelling, out of order", iam.Policy{Statements: []iam.Statement{{
			Effect: iam.Allow, Actions: iam.Elements{Values: []string{"a:b"}}, Resources: iam.Elements{Values: []string{"*", "*"}, Scalar: true},
			Conditions: []iam.Condition{
				{Operator: equals, Key: "a:b", Values: []iam.Value{{Text: "x"}}, Scalar: true},
				{Operator: iam.Operator{Test: iam.Bool}, Key: "a:c", Values: []iam.Value{{Text: "true", Type: iam.Boolean}}},
				{Operator: equals, Key: "a:d"},
				{Written: "Unheard", Key: "a:e", Values: []iam.Value{{Text: "x"}}},
			},
		}}}, `{"Statement":[{"Effect":"Allow","Action":["a:b"],"Resource":["*","*"],"Condition":{"StringEquals":{"a:b":"x","a:d":[]},"Bool":{"a:c":[true]},"Unheard":{"a:e":["x"]}}}]}`},
		{"values that are not of their type", iam.Policy{Statements: []iam.Statement{{Conditions: []iam.Condition{{
			Operator: equals, Key: "a:b", Values: []iam.Value{
				{Text: "yes", Type: iam.Boolean},
				{Text: "1,5", Type: iam.Number},
				{Text: "", Type: iam.Number},
				{Text: "[1]", Type: iam.Number},
				{Text: " 1", Type: iam.Number},
				{Text: "a\xffb"},
			},
		}}}}}, `{"Statement":[{"Condition":{"StringEquals":{"a:b":["yes","1,5","","[1]"," 1","a\ufffdb"]}}}]}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got, err := json.Marshal(&tc.policy)
			if err != nil || string(got) != tc.want {
				t.Errorf("Marshal = %s, %v\nwant %s", got, err, tc.want)
			}
			if text := string(iam.Format(&tc.policy, iam.FormatOptions{Minify: true})); text != tc.want {
				t.Errorf("Format = %s\nwant %s", text, tc.want)
			}
		})
	}
}

// TestFormatOfWhatNoDocumentCanSay: two conditions of one operator and key both
// have to hold, which JSON cannot write. Neither may get lost without a word.
func TestFormatOfWhatNoDocumentCanSay(t *testing.T) {
	t.Parallel()
	c := iam.Condition{Operator: iam.Operator{Test: iam.StringLike}, Key: "s3:prefix", Values: []iam.Value{{Text: "a*"}}}
	p := &iam.Policy{Statements: []iam.Statement{{
		Effect: iam.Allow, Actions: iam.Elements{Values: []string{"*"}}, Resources: iam.Elements{Values: []string{"*"}},
		Conditions: []iam.Condition{c, c},
	}}}
	_, err := iam.Parse(iam.Format(p, iam.FormatOptions{}), iam.ParseOptions{Lenient: true})
	if err == nil || !strings.Contains(err.Error(), "DUPLICATE_KEYS") {
		t.Errorf("Parse(Format) = %v, want DUPLICATE_KEYS", err)
	}
}
