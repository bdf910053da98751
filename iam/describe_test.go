package iam_test

import (
	"fmt"
	"strings"

	"github.com/berth-project/berth/iam"
)

// describe prints a generated case for a person.
func describe(set *iam.PolicySet, req *iam.Request) string {
	var b strings.Builder
	fmt.Fprintf(&b, "principal %+v\naction %s resource %s of %s\n", req.Principal, req.Action, req.Resource, req.ResourceAccount)
	for _, k := range req.Context.Keys() {
		v, _ := req.Context.Get(k)
		fmt.Fprintf(&b, "  %s = %q multi=%v\n", k, v.Values, v.Multi)
	}
	fmt.Fprintf(&b, "target %d\n%s", set.Target, set.Explain(req))
	for _, t := range set.Explain(req).Trace {
		fmt.Fprintf(&b, "%s %d %s matched=%v\n", t.Policy, t.Index, t.Effect, t.Matched)
		for _, c := range t.Elements {
			fmt.Fprintf(&b, "    pass=%v %+v\n", c.Pass, c.Failure)
		}
	}
	return b.String()
}
