package lint

import (
	"slices"
	"strings"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/catalog"
)

// crossProducts finds statements that pair actions with resources that do not go
// together.
func crossProducts(p *pass) {
	if !p.policy.Kind.Identity() {
		return
	}
	p.allows(func(i int, s *iam.Statement) {
		if s.Resources.Not || len(s.Actions.Values) < 2 || len(s.Resources.Values) < 2 {
			return
		}
		if services := servicesOf(s.Resources.Values); len(services) > 1 {
			f := p.report("LP_CROSS_PRODUCT", iam.StatementPath(i), "resources of %s share a statement, so each action is paired with resources it does not work on", few(services))
			f.Help = "write a statement for each service"
			return
		}
		if named := buckets(s); len(named) > 1 && p.readsAndWrites(s) {
			f := p.report("LP_CROSS_PRODUCT", iam.StatementPath(i), "the buckets %s get the same actions, read and written alike", few(named))
			f.Level = Info
			f.Help = "write a statement for each, with what is done there"
		}
	})
}

// servicesOf returns the services of ARNs, in order.
func servicesOf(resources []string) []string {
	var all []string
	for _, text := range resources {
		service := arnPart(text, 2)
		if service != "" && !wild(service) && !slices.Contains(all, service) {
			all = append(all, service)
		}
	}
	return all
}

// buckets returns the buckets that a statement names, in order.
func buckets(s *iam.Statement) []string {
	var all []string
	for _, text := range s.Resources.Values {
		bucket := bucketOf(text)
		if bucket != "" && !wild(bucket) && !strings.Contains(bucket, "${") && !slices.Contains(all, bucket) {
			all = append(all, bucket)
		}
	}
	return all
}

// readsAndWrites reports whether a statement allows both.
func (p *pass) readsAndWrites(s *iam.Statement) bool {
	reads, writes := false, false
	for _, a := range p.expandAll(s.Actions.Values) {
		if a.Access == catalog.Read {
			reads = true
		} else if a.Access != catalog.List {
			writes = true
		}
	}
	return reads && writes
}
