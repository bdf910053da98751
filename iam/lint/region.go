package lint

import (
	"slices"
	"strings"

	"github.com/berth-project/berth/arn"
	"github.com/berth-project/berth/iam"
)

// regionName checks the region of an ARN that is written out in full.
func (p *pass) regionName(parts []string, path string) {
	partition, region := parts[1], parts[3]
	if region == "" || !isLiteral(region) {
		return
	}
	home, ok := arn.PartitionOf(region)
	if ok && arn.ValidPartition(partition) && partition != home {
		p.report("INVALID_ARN_REGION", path, "%s is a region of the partition %s, not of %s", region, home, partition).
			Help = "correct the region or the partition"
		return
	}
	if f, zone := p.unknownRegion("INVALID_ARN_REGION", path, region); zone != "" {
		p.fix(f, false, "write "+zone, p.put(path, joinARN(parts, map[int]string{3: zone})))
	}
}

// unknownRegion reports what is no region, and returns the region of which it is
// an availability zone. What only has the form of a region is told mildly: the
// vendor adds regions.
func (p *pass) unknownRegion(code, path, region string) (f *Finding, zoneOf string) {
	home, ok := arn.PartitionOf(region)
	switch {
	case !ok:
		f = p.report(code, path, "%s is not a region", region)
		f.Help = "write the code of a region, such as eu-west-1"
		zone := region[:len(region)-1]
		if _, ok := arn.PartitionOf(zone); ok {
			f.Detail, f.Help = "it looks like an availability zone", "write "+zone
			return f, zone
		}
	case !arn.KnownRegion(home, region):
		f = p.report(code, path, "%s is not a region known here", region)
		f.Severity, f.Level = Warning, Low
		f.Help = "correct it, unless the region is newer than this program"
	}
	return f, ""
}

// regionKeys are the condition keys, in lower case, that hold the code of a
// region.
var regionKeys = []string{"aws:requestedregion", "account:targetregion", "ec2:region"}

// regionValues checks the regions that conditions name.
func regionValues(p *pass) {
	p.conditions(func(i, c int, cond *iam.Condition) {
		if cond.Operator.Test.Family() != iam.StringFamily || !slices.Contains(regionKeys, strings.ToLower(cond.Key)) {
			return
		}
		for j, v := range cond.Values {
			path := p.policy.ConditionPath(i, c, j)
			if region := strings.ToLower(v.Text); region != "" && isLiteral(region) {
				if f, zone := p.unknownRegion("INVALID_REGION", path, region); zone != "" {
					p.fix(f, false, "write "+zone, p.put(path, zone))
				}
			}
		}
	})
}
