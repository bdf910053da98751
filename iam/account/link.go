package account

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/berth-project/berth/arn"
	"github.com/berth-project/berth/iam"
)

// link gives users, groups and roles their policies, once the whole export is
// read.
func (r *reader) link() {
	r.layout()
	r.tie()
	for _, name := range slices.Sorted(maps.Keys(r.drafts)) {
		d := r.drafts[name]
		r.name = d.file
		for _, group := range d.Groups {
			r.join(d, group)
		}
		r.attach(&d.Principal, d.attached)
		if d.boundary != "" {
			d.Boundary = r.policy(d.Account, d.boundary)
			if d.Boundary == nil {
				d.unknownBoundary = d.boundary
				d.Missing = append(d.Missing, d.boundary)
			}
		}
		p := &d.Principal
		p.trust = r.trusted(p.Trust)
		if p.Kind == iam.AssumedRole && p.Trust == nil {
			r.problem(nil, p.String()+" has no trust policy that could be read", "nobody can assume it as it is")
		}
		p.index = len(r.snapshot.principals)
		r.snapshot.principals = append(r.snapshot.principals, p)
		r.snapshot.byARN[p.ARN] = p
	}
	r.control()
	if r.truncated != "" {
		r.problems = append(r.problems, Problem{Message: "export is cut short: a page after the last is missing", Help: "run the command without --max-items, or add the other pages"})
	}
	r.snapshot.reach = newReach(r.snapshot.principals)
}

// tie gives the policies of those whose account is not said to the only account
// there is.
func (r *reader) tie() {
	for _, l := range r.loose {
		r.name = l.file
		var found []*draft
		from := r.drafts
		if l.word == "group" {
			from = r.groups
		}
		for _, d := range from {
			if d.Name == l.draft.Name && d.Kind == l.draft.Kind {
				found = append(found, d)
			}
		}
		if len(found) != 1 {
			r.problem(nil, "policy belongs to "+l.word+"/"+clip(l.draft.Name)+", and it is not said in which account", "give the output of get-"+l.word+" of that account too")
			continue
		}
		found[0].Policies = append(found[0].Policies, l.draft.Policies...)
		found[0].Missing = append(found[0].Missing, l.draft.Missing...)
	}
}

// join gives a user the policies of a group.
func (r *reader) join(d *draft, group string) {
	g := r.groups[group]
	if g == nil {
		g = r.groupNamed(d.Account, group)
	}
	if g == nil {
		d.Missing = append(d.Missing, "group/"+group)
		return
	}
	d.Policies = append(d.Policies, g.Policies...)
	d.Missing = append(d.Missing, g.Missing...)
	r.attach(&d.Principal, g.attached)
}

// groupNamed returns the group of a name: users name groups without the path.
func (r *reader) groupNamed(account, name string) *draft {
	if r.groupNames == nil {
		r.groupNames = map[[2]string]*draft{}
		for _, g := range r.groups {
			r.groupNames[[2]string{g.Account, g.Name}] = g
		}
	}
	return r.groupNames[[2]string{account, name}]
}

// attach gives a principal managed policies.
func (r *reader) attach(p *Principal, names []string) {
	for _, name := range names {
		if c := r.policy(p.Account, name); c != nil {
			p.Policies = append(p.Policies, c)
		} else {
			p.Missing = append(p.Missing, name)
		}
	}
}

// policy returns the managed policy of an ARN, or of a name in an account.
func (r *reader) policy(account, name string) *iam.Compiled {
	if strings.HasPrefix(name, "arn:") {
		return r.managed[name]
	}
	for _, owner := range []string{account, "aws"} {
		if c := r.managed["arn:aws:iam::"+owner+":policy/"+name]; c != nil {
			return c
		}
	}
	return nil
}

// control puts SCPs and RCPs on their levels.
func (r *reader) control() {
	keys := slices.SortedFunc(maps.Keys(r.controls), func(a, b control) int {
		return cmp.Or(strings.Compare(a.account, b.account), cmp.Compare(a.kind, b.kind), strings.Compare(a.level, b.level), strings.Compare(a.name, b.name))
	})
	var last control
	for i, k := range keys {
		a := r.account(k.account)
		levels := &a.scps
		if k.kind == iam.ResourceControlPolicy {
			levels = &a.rcps
		}
		if i == 0 || last.account != k.account || last.kind != k.kind || last.level != k.level {
			if len(*levels) == maxLevels {
				r.problem(nil, "organisation has too many levels of policies", "an organisation has at most seven")
				return
			}
			*levels = append(*levels, nil)
		}
		n := len(*levels) - 1
		(*levels)[n] = append((*levels)[n], r.controls[k])
		last = k
	}
}

// localName returns what of an ARN answers show: "role/app" without the path.
func localName(name string) string {
	parts, n := arn.Split(name)
	if n < len(parts) {
		return name
	}
	kind, _, ok := strings.Cut(parts[arn.ResourceComponent], "/")
	if !ok {
		return name
	}
	local := kind + "/" + name[strings.LastIndexByte(name, '/')+1:]
	if parts[arn.AccountComponent] == "aws" {
		return "aws:" + local
	}
	return local
}

func accountOf(name string) string {
	if parts, n := arn.Split(name); n == len(parts) && arn.ValidAccount(parts[arn.AccountComponent]) {
		return parts[arn.AccountComponent]
	}
	return ""
}
