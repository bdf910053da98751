package adfs

import (
	"slices"
	"strings"

	"github.com/berth-project/berth/iam/sts"
)

// Account is what there is on the other side: the roles and providers of the
// accounts that people sign in to.
type Account struct {
	// Roles are the roles that exist, each as an ARN, or as a name that counts in
	// any account. Names are with regard to case. Nil means that it is not known.
	Roles []string
	// Providers are the ARNs of the SAML providers that exist. Nil means that it
	// is not known.
	Providers []string
}

// Report is what rules make of a user's groups.
type Report struct {
	// Groups has an entry for each group of the user, in order.
	Groups []GroupRoles
	// Others are Role values that come from no group.
	Others []RoleValue
	// SessionNames are the values of RoleSessionName.
	SessionNames []string
	// Findings are what is wrong with the rules, in the order of the rules.
	Findings []Finding
	// Run is the run that the report is about.
	Run *Run
}

// GroupRoles is one group and the roles it becomes.
type GroupRoles struct {
	Group string
	// Values are the values of the attribute Role made from the group; none for a
	// group that is let fall.
	Values []RoleValue
}

// RoleValue is one value of the attribute Role.
type RoleValue struct {
	// Value is as issued.
	Value string
	// Rule issued it, counted from 0.
	Rule int
	// ProviderARN and RoleARN are the value taken apart; empty where it is no pair.
	ProviderARN, RoleARN string
	// Problem says why it is no pair.
	Problem string
	// Role and Provider say whether these exist.
	Role, Provider Existence
	// Nearest is the name of a role that exists and differs only in case or in a
	// prefix; empty where there is none.
	Nearest string

	group string
}

// Existence says whether something exists.
type Existence uint8

// What can be known of it.
const (
	Unknown Existence = iota
	Exists
	Missing
)

// String returns "unknown", "exists" or "missing".
func (e Existence) String() string { return [...]string{"unknown", "exists", "missing"}[e] }

// MarshalText implements [encoding.TextMarshaler].
func (e Existence) MarshalText() ([]byte, error) { return []byte(e.String()), nil }

// Works reports whether the value lets somebody into a role, as far as is known.
func (v RoleValue) Works() bool {
	return v.Problem == "" && v.Role != Missing && v.Provider != Missing
}

// Report runs the rules for a user and judges them.
func (r *Rules) Report(u User, account Account) (*Report, error) {
	run, err := r.Run(u)
	if err != nil {
		return nil, err
	}
	rep := &Report{Run: run}
	for _, g := range u.Groups {
		rep.Groups = append(rep.Groups, GroupRoles{Group: g})
	}
	for _, step := range run.Steps {
		for _, c := range step.Issued {
			rep.take(c, step.Rule, account)
		}
	}
	rep.Findings = r.findings(rep)
	return rep, nil
}

// take puts an issued claim where it belongs.
func (rep *Report) take(c Claim, rule int, account Account) {
	switch c.Type {
	case typeSessionName:
		rep.SessionNames = append(rep.SessionNames, c.Value)
	case typeRole:
		if len(c.Groups) == 0 {
			rep.Others = append(rep.Others, account.judge(c.Value, rule, ""))
		}
		for i := range rep.Groups {
			if g := &rep.Groups[i]; slices.Contains(c.Groups, g.Group) {
				g.Values = append(g.Values, account.judge(c.Value, rule, g.Group))
			}
		}
	}
}

// judge takes a Role value apart and looks for what it names.
func (a Account) judge(value string, rule int, group string) RoleValue {
	v := RoleValue{Value: value, Rule: rule, group: group}
	pair, err := sts.ParseRolePair(value)
	if err != nil {
		v.Problem = err.Error()
		return v
	}
	v.ProviderARN, v.RoleARN = pair.ProviderARN, pair.RoleARN
	if a.Providers != nil {
		v.Provider = existence(slices.Contains(a.Providers, v.ProviderARN))
	}
	if a.Roles == nil {
		return v
	}
	v.Role = existence(slices.ContainsFunc(a.Roles, func(r string) bool { return r == v.RoleARN || r == baseName(v.RoleARN) }))
	if v.Role == Missing {
		v.Nearest = a.nearest(baseName(v.RoleARN))
	}
	return v
}

func existence(ok bool) Existence {
	if ok {
		return Exists
	}
	return Missing
}

// nearest returns a role whose name differs in case, or ends with the name.
func (a Account) nearest(wanted string) string {
	for _, r := range a.Roles {
		if strings.EqualFold(baseName(r), wanted) {
			return baseName(r)
		}
	}
	for _, r := range a.Roles {
		if n := baseName(r); len(n) > len(wanted) && strings.HasSuffix(strings.ToLower(n), strings.ToLower(wanted)) {
			return n
		}
	}
	return ""
}

// baseName returns the name of a role from its ARN, or the name itself.
func baseName(role string) string { return role[strings.LastIndexByte(role, '/')+1:] }
