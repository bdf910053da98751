package iam_test

import (
	"strings"
	"testing"

	"github.com/berth-project/berth/iam"
)

func TestSizeCountsAsTheVendorDoes(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		text string
		kind iam.Kind
		want int
	}{
		{"{ \"Id\" :\t\"a b\"\r\n}", iam.IdentityPolicy, 12},
		{"{ \"Id\" :\t\"a b\"\r\n}", iam.TrustPolicy, 12},
		{"{ \"Id\" :\t\"a b\"\r\n}", iam.ServiceControlPolicy, 17},
		{"{ \"Id\" :\t\"a b\"\r\n}", iam.ResourceControlPolicy, 17},
		{"{ \"Id\" :\t\"a b\"\r\n}", iam.SessionPolicy, 17},
		{"{ \"Id\" :\t\"a b\"\r\n}", iam.EndpointPolicy, 17},
		{"{ \"Id\" :\t\"a b\"\r\n}", iam.ResourcePolicy, 17},
		{`{"Id": "é"}`, iam.IdentityPolicy, 10},
		{`{"Id": "é"}`, iam.ServiceControlPolicy, 11},
		{`{"Id": "é"}`, iam.ResourcePolicy, 12},
		{`{"Id": "a \" b\\" , "x": " "}`, iam.IdentityPolicy, 25},
		{`%7B%22Id%22%3A%20%22a%20b%22%7D`, iam.IdentityPolicy, 12},
		{`%7B%2`, iam.IdentityPolicy, 5},
		{"", iam.IdentityPolicy, 0},
		{`"\`, iam.IdentityPolicy, 2},
	} {
		if got := iam.Size([]byte(tc.text), tc.kind); got != tc.want {
			t.Errorf("Size(%q, %s) = %d, want %d", tc.text, tc.kind, got, tc.want)
		}
	}
}

// TestSizeIsThatOfTheMinifiedText: what IAM counts is what is left without white
// space.
func TestSizeIsThatOfTheMinifiedText(t *testing.T) {
	t.Parallel()
	p := mustParse(t, rolePolicy, iam.ParseOptions{})
	if got, want := iam.Size([]byte(rolePolicy), iam.IdentityPolicy), len(iam.Format(p, iam.FormatOptions{Minify: true})); got != want {
		t.Errorf("Size = %d, want %d", got, want)
	}
}

func TestQuotas(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		kind     iam.Kind
		resource string
		want     int
	}{
		{iam.IdentityPolicy, "", 6144},
		{iam.BoundaryPolicy, "", 6144},
		{iam.InlineUserPolicy, "", 2048},
		{iam.InlineGroupPolicy, "", 5120},
		{iam.InlineRolePolicy, "", 10240},
		{iam.TrustPolicy, "", 2048},
		{iam.SessionPolicy, "", 2048},
		{iam.ServiceControlPolicy, "", 5120},
		{iam.ResourceControlPolicy, "", 5120},
		{iam.EndpointPolicy, "", 20480},
		{iam.ResourcePolicy, "s3:bucket", 20480},
		{iam.ResourcePolicy, "AWS::S3::Bucket", 20480},
		{iam.ResourcePolicy, "kms:key", 32768},
		{iam.ResourcePolicy, "ecr:repository", 10240},
		{iam.ResourcePolicy, "sqs:queue", 0},
		{iam.ResourcePolicy, "", 0},
		{iam.ResourcePolicy, "no:such", 0},
	} {
		q, ok := iam.QuotaFor(tc.kind, tc.resource)
		if q.Limit != tc.want || ok != (tc.want > 0) {
			t.Errorf("QuotaFor(%s, %q) = %+v, %t, want %d", tc.kind, tc.resource, q, ok, tc.want)
		}
		if ok && strings.TrimSpace(q.Name) == "" {
			t.Errorf("QuotaFor(%s, %q) has no name", tc.kind, tc.resource)
		}
	}
}
