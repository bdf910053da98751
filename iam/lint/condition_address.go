package lint

import (
	"net/netip"
	"strings"

	"github.com/berth-project/berth/iam"
)

// privateRanges hold no address of the public internet: private use (RFC 1918),
// shared by carriers (RFC 6598), loopback, link-local (RFC 3927, RFC 4291) and
// unique local (RFC 4193).
var privateRanges = []netip.Prefix{
	netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("192.168.0.0/16"),
	netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("169.254.0.0/16"),
	netip.MustParsePrefix("fc00::/7"), netip.MustParsePrefix("fe80::/10"), netip.MustParsePrefix("::1/128"),
}

// private reports whether a range lies within private addresses.
func private(text string) bool {
	prefix, ok := iam.ParseIPRange(text)
	if !ok {
		return false
	}
	for _, r := range privateRanges {
		if r.Bits() <= prefix.Bits() && r.Contains(prefix.Addr()) {
			return true
		}
	}
	return false
}

// privateAddresses reports private ranges where requests have public addresses:
// aws:SourceIp is absent for those that come through a VPC endpoint.
func privateAddresses(p *pass) {
	p.conditions(func(i, c int, cond *iam.Condition) {
		if !strings.EqualFold(cond.Key, "aws:SourceIp") || cond.Operator.Test.Family() != iam.IPFamily {
			return
		}
		var inside []int
		for j, v := range cond.Values {
			if private(v.Text) {
				inside = append(inside, j)
			}
		}
		negated := cond.Operator.Test == iam.NotIPAddress
		if len(inside) == 0 {
			return
		}
		if len(inside) == len(cond.Values) {
			p.onlyPrivate(p.policy.ConditionPath(i, c, -1), p.policy.Statements[i].Effect, cond, negated)
			return
		}
		code, what := "PRIVATE_IP_ADDRESS_SUBSET", "%s is private and never matches aws:SourceIp"
		if negated {
			code, what = "PRIVATE_NOT_IP_ADDRESS_SUBSET", "%s is private and excepts no request: aws:SourceIp is a public address"
		}
		for _, j := range inside {
			path := p.policy.ConditionPath(i, c, j)
			f := p.report(code, path, what, cond.Values[j].Text)
			f.Help = "test it with aws:VpcSourceIp, in a statement of its own"
			p.fix(f, false, "remove the private range", p.drop(path))
		}
	})
}

func (p *pass) onlyPrivate(path string, effect iam.Effect, cond *iam.Condition, negated bool) {
	if negated {
		f := p.report("PRIVATE_NOT_IP_ADDRESS", path, "only private ranges are excepted, and aws:SourceIp is a public address")
		f.Detail = "the test holds for every request, so the " + effect.String() + " is not limited by it"
		f.Help = "name the public addresses, or test aws:VpcSourceIp"
		return
	}
	f := p.report("PRIVATE_IP_ADDRESS", path, "only private ranges, and aws:SourceIp is a public address")
	f.Help = "name the public addresses of the network, or test aws:SourceVpc or aws:VpcSourceIp"
	f.Detail = "the test never holds, so the " + effect.String() + " never applies"
	if cond.Operator.IfExists {
		f.Detail = "the test holds only where the key is absent, as for requests through a VPC endpoint"
	}
}
