package arn

import (
	"slices"
	"strings"
)

// Partition is a group of regions that share accounts and names.
type Partition struct {
	// Name is what ARNs write: "aws".
	Name string
	// DNSSuffix is the end of the partition's host names: "amazonaws.com".
	DNSSuffix string
	// forms are what the regions' names begin with, up to the part that names a
	// direction: "us", "eu".
	forms []string
	// regions are the regions known when this was written.
	regions []string
}

// partitions are those of the vendor's public endpoint metadata
// (partitions.json of its SDKs), from which also come the forms of regions'
// names. The lists of regions are as of August 2026.
var partitions = [...]Partition{
	{
		Name: "aws", DNSSuffix: "amazonaws.com",
		forms: []string{"us", "eu", "ap", "sa", "ca", "me", "af", "il", "mx"},
		regions: []string{
			"af-south-1", "ap-east-1", "ap-east-2", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1",
			"ap-south-2", "ap-southeast-1", "ap-southeast-2", "ap-southeast-3", "ap-southeast-4", "ap-southeast-5",
			"ap-southeast-6", "ap-southeast-7", "ca-central-1", "ca-west-1", "eu-central-1", "eu-central-2", "eu-north-1",
			"eu-south-1", "eu-south-2", "eu-west-1", "eu-west-2", "eu-west-3", "il-central-1", "me-central-1", "me-south-1",
			"mx-central-1", "sa-east-1", "us-east-1", "us-east-2", "us-west-1", "us-west-2",
		},
	},
	{Name: "aws-cn", DNSSuffix: "amazonaws.com.cn", forms: []string{"cn"}, regions: []string{"cn-north-1", "cn-northwest-1"}},
	{Name: "aws-us-gov", DNSSuffix: "amazonaws.com", forms: []string{"us-gov"}, regions: []string{"us-gov-east-1", "us-gov-west-1"}},
	{Name: "aws-iso", DNSSuffix: "c2s.ic.gov", forms: []string{"us-iso"}, regions: []string{"us-iso-east-1", "us-iso-west-1"}},
	{Name: "aws-iso-b", DNSSuffix: "sc2s.sgov.gov", forms: []string{"us-isob"}, regions: []string{"us-isob-east-1", "us-isob-west-1"}},
	{Name: "aws-iso-e", DNSSuffix: "cloud.adc-e.uk", forms: []string{"eu-isoe"}, regions: []string{"eu-isoe-west-1"}},
	{Name: "aws-iso-f", DNSSuffix: "csp.hci.ic.gov", forms: []string{"us-isof"}, regions: []string{"us-isof-east-1", "us-isof-south-1"}},
	{Name: "aws-eusc", DNSSuffix: "amazonaws.eu", forms: []string{"eusc-de"}, regions: []string{"eusc-de-east-1"}},
}

// Partitions returns the names of the partitions.
func Partitions() []string {
	names := make([]string, len(partitions))
	for i := range partitions {
		names[i] = partitions[i].Name
	}
	return names
}

// LookupPartition returns a partition by its name.
func LookupPartition(name string) (Partition, bool) {
	for _, p := range partitions {
		if p.Name == name {
			return p, true
		}
	}
	return Partition{}, false
}

// ValidPartition reports whether the vendor has a partition of this name.
func ValidPartition(name string) bool {
	_, ok := LookupPartition(name)
	return ok
}

// PartitionOf returns the partition a region is in, by the form of its name.
func PartitionOf(region string) (name string, ok bool) {
	for i := range partitions {
		if partitions[i].hasForm(region) {
			return partitions[i].Name, true
		}
	}
	return "", false
}

// Regions returns the partition's regions that were known when this was
// written, sorted.
func (p Partition) Regions() []string { return slices.Clone(p.regions) }

// ValidRegion reports whether a region of the partition can have this name: the
// vendor adds regions, so the form decides, and not the list of those known. See
// [KnownRegion].
func ValidRegion(partition, region string) bool {
	p, ok := LookupPartition(partition)
	return ok && p.hasForm(region)
}

// KnownRegion reports whether the partition had this region when this was
// written.
func KnownRegion(partition, region string) bool {
	p, ok := LookupPartition(partition)
	return ok && slices.Contains(p.regions, region)
}

// hasForm reports whether region is a form, a word and a number: us-gov-west-1.
func (p *Partition) hasForm(region string) bool {
	for _, form := range p.forms {
		if rest, ok := strings.CutPrefix(region, form+"-"); ok && directionAndNumber(rest) {
			return true
		}
	}
	return false
}

func directionAndNumber(s string) bool {
	word, number, ok := strings.Cut(s, "-")
	return ok && word != "" && number != "" &&
		strings.Trim(word, "abcdefghijklmnopqrstuvwxyz") == "" && strings.Trim(number, "0123456789") == ""
}

// ValidAccount reports whether s is an account number: twelve digits.
func ValidAccount(s string) bool {
	if len(s) != 12 {
		return false
	}
	return strings.Trim(s, "0123456789") == ""
}
