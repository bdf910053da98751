package arn_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/arn"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	one := func(c arn.Component, k arn.ProblemKind, text string) []arn.Problem {
		return []arn.Problem{{Component: c, Kind: k, Text: text}}
	}
	for _, c := range []struct {
		in   string
		want []arn.Problem
	}{
		{"*", nil},
		{"arn:aws:s3:::bucket/*", nil},
		{"arn:*:s3:::bucket/*", nil},
		{"arn:aws:sqs:eu-*:123456789012:jobs", nil},
		{"arn:aws:sqs:*:*:jobs", nil},
		{"arn:aws:sqs:us-east-12:1234????????:jobs", nil},
		{"arn:aws:sqs:${aws:RequestedRegion}:${aws:PrincipalAccount}:jobs", nil},
		{"arn:aws:iam::aws:policy/ReadOnlyAccess", nil},
		{"arn:aws-us-gov:sqs:us-gov-west-1:123456789012:jobs", nil},
		{"bucket", one(arn.PrefixComponent, arn.Invalid, "bucket")},
		{"ARN:aws:s3:::bucket", one(arn.PrefixComponent, arn.WrongCase, "ARN")},
		{"arn:aws:s3:bucket", one(arn.AccountComponent, arn.Missing, "")},
		{"arn:aws:s3", one(arn.RegionComponent, arn.Missing, "")},
		{"arn:aws:s3:::", one(arn.ResourceComponent, arn.Missing, "")},
		{"arn::s3:::b", one(arn.PartitionComponent, arn.Missing, "")},
		{"arn:amazon:s3:::b", one(arn.PartitionComponent, arn.Invalid, "amazon")},
		{"arn:AWS:s3:::b", one(arn.PartitionComponent, arn.WrongCase, "AWS")},
		{"arn:aws:S3:::b", one(arn.ServiceComponent, arn.WrongCase, "S3")},
		{"arn:aws:s_3:::b", one(arn.ServiceComponent, arn.Invalid, "s_3")},
		{"arn:aws:sqs:mars-north-1:123456789012:jobs", one(arn.RegionComponent, arn.Invalid, "mars-north-1")},
		{"arn:aws:sqs:cn-north-1:123456789012:jobs", one(arn.RegionComponent, arn.Invalid, "cn-north-1")},
		{"arn:aws:sqs:EU-west-1:123456789012:jobs", one(arn.RegionComponent, arn.WrongCase, "EU-west-1")},
		{"arn:aws:sqs:eu-west-1:12345678901:jobs", one(arn.AccountComponent, arn.Invalid, "12345678901")},
		{"arn:aws:sqs:eu-west-1:1234567890123*:jobs", one(arn.AccountComponent, arn.Invalid, "1234567890123*")},
		{"arn:amazon:s3:::", []arn.Problem{
			{Component: arn.PartitionComponent, Kind: arn.Invalid, Text: "amazon"},
			{Component: arn.ResourceComponent, Kind: arn.Missing},
		}},
	} {
		if diff := cmp.Diff(c.want, arn.Check(c.in)); diff != "" {
			t.Errorf("Check(%q) (-want +got):\n%s", c.in, diff)
		}
	}
}

func FuzzCheck(f *testing.F) {
	f.Add("arn:aws:sqs:${x:*:1?:jobs")
	f.Fuzz(func(t *testing.T, s string) {
		if _, err := arn.Parse(s); err != nil && s != "*" && len(s) <= arn.MaxLength && arn.Check(s) == nil {
			t.Errorf("Check(%q) finds nothing, Parse: %v", s, err)
		}
	})
}

func TestRegions(t *testing.T) {
	t.Parallel()
	for _, name := range arn.Partitions() {
		p, ok := arn.LookupPartition(name)
		if !ok || p.DNSSuffix == "" || len(p.Regions()) == 0 {
			t.Fatalf("LookupPartition(%q) = %v, %v", name, p, ok)
		}
		for _, r := range p.Regions() {
			if !arn.ValidRegion(name, r) || !arn.KnownRegion(name, r) {
				t.Errorf("%s does not have its region %s", name, r)
			}
			if got, _ := arn.PartitionOf(r); got != name {
				t.Errorf("PartitionOf(%q) = %q, want %q", r, got, name)
			}
		}
	}
	for _, c := range []struct{ partition, region string }{
		{"aws", "us-gov-west-1"},
		{"aws", "us-east"},
		{"aws", "us-east-1a"},
		{"aws", "us--1"},
		{"aws", "US-east-1"},
		{"aws", ""},
		{"aws-us-gov", "us-west-1"},
		{"nowhere", "us-east-1"},
	} {
		if arn.ValidRegion(c.partition, c.region) {
			t.Errorf("ValidRegion(%q, %q) = true", c.partition, c.region)
		}
	}
	if !arn.ValidRegion("aws", "eu-middle-7") || arn.KnownRegion("aws", "eu-middle-7") {
		t.Error("a region yet to come is valid and not known")
	}
	if _, ok := arn.PartitionOf("mars-north-1"); ok {
		t.Error("mars-north-1 is in a partition")
	}
}

func TestValidAccount(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]bool{"123456789012": true, "000000000000": true, "": false, "12345678901": false, "1234567890123": false, "12345678901x": false} {
		if got := arn.ValidAccount(in); got != want {
			t.Errorf("ValidAccount(%q) = %v, want %v", in, got, want)
		}
	}
}
