package synth

import (
	"slices"
	"strings"
)

// generalise replaces names that vary by a common prefix with a wildcard: least
// many resources that differ only behind the last separator they share. The
// part before the resource's own name (service, region, account, and of objects
// the bucket) is never given up.
func generalise(resources []string, least int) []string {
	if least < 0 || len(resources) < least {
		return resources
	}
	groups := map[string][]string{}
	for _, r := range resources {
		groups[stem(r)] = append(groups[stem(r)], r)
	}
	var out []string
	for prefix, members := range groups {
		if prefix == "" || len(members) < least {
			out = append(out, members...)
			continue
		}
		out = append(out, longest(members, prefix)+"*")
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// stem is the part of an ARN behind which names may vary: up to the last "/",
// else the last ":", else the first separator within the name; of an object at
// least its bucket. It is empty where nothing may vary.
func stem(resource string) string {
	fields := strings.SplitN(resource, ":", 6)
	if len(fields) < 6 || strings.Contains(resource, "*") {
		return ""
	}
	name := fields[5]
	head := resource[:len(resource)-len(name)]
	if i := strings.LastIndexByte(name, '/'); i >= 0 {
		return head + name[:i+1]
	}
	if i := strings.LastIndexByte(name, ':'); i >= 0 {
		return head + name[:i+1]
	}
	if i := strings.IndexAny(name, "-_."); i >= 0 {
		return head + name[:i+1]
	}
	return ""
}

// longest is the prefix that members share, cut back to a separator, and never
// shorter than least.
func longest(members []string, least string) string {
	shared := members[0]
	for _, m := range members[1:] {
		n := 0
		for n < min(len(shared), len(m)) && shared[n] == m[n] {
			n++
		}
		shared = shared[:n]
	}
	if i := strings.LastIndexAny(shared, "/:-_."); i >= len(least) {
		return shared[:i+1]
	}
	return least
}
