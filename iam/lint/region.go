package lint

import (
	"github.com/berth-project/berth/arn"
)

// regionName checks a region written out in full. One that only has the form of
// a region is told mildly: the vendor adds regions.
func (p *pass) regionName(parts []string, path string) {
	partition, region := parts[1], parts[3]
	if region == "" || !isLiteral(region) {
		return
	}
	home, ok := arn.PartitionOf(region)
	switch {
	case !ok:
		f := p.report("INVALID_REGION", path, "%s is not a region", region)
		zone := region[:len(region)-1]
		if _, ok := arn.PartitionOf(zone); ok {
			f.Detail = "it looks like an availability zone"
			f.Help = "write " + zone
			p.fix(f, false, "write "+zone, p.put(path, joinARN(parts, map[int]string{3: zone})))
		}
	case arn.ValidPartition(partition) && partition != home:
		p.report("INVALID_ARN_REGION", path, "%s is a region of the partition %s, not of %s", region, home, partition).
			Help = "correct the region or the partition"
	case !arn.KnownRegion(home, region):
		f := p.report("INVALID_REGION", path, "%s is not a region known here", region)
		f.Severity, f.Level = Warning, Low
		f.Help = "correct it, unless the region is newer than this program"
	}
}
