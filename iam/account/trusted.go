package account

import (
	"slices"
	"strings"

	"github.com/berth-project/berth/arn"
	"github.com/berth-project/berth/iam"
)

// trusted is whom the Allow statements of a policy name, for finding those who
// may be meant without asking the evaluator about everyone. It errs to one side:
// whoever a statement can be about is in it.
type trusted struct {
	everyone  bool            // "*", or everyone but some
	accounts  map[string]bool // by number
	arns      map[string]bool // of users, roles, sessions
	services  []string
	providers []string // of SAML and OpenID Connect
}

// trusted returns whom a policy names; equal documents share it.
func (r *reader) trusted(c *iam.Compiled) *trusted {
	if c == nil {
		return &trusted{}
	}
	if t := r.trusts[c.Policy()]; t != nil {
		return t
	}
	t := namedBy(c)
	r.trusts[c.Policy()] = t
	return t
}

func namedBy(c *iam.Compiled) *trusted {
	t := &trusted{accounts: map[string]bool{}, arns: map[string]bool{}}
	if c == nil {
		return t
	}
	for _, s := range c.Policy().Statements {
		switch who := s.Principals; {
		case s.Effect != iam.Allow || who == nil:
		case who.Star || who.Not:
			t.everyone = true
		default:
			for _, e := range who.Entries {
				t.add(e)
			}
		}
	}
	slices.Sort(t.services)
	slices.Sort(t.providers)
	t.services, t.providers = slices.Compact(t.services), slices.Compact(t.providers)
	return t
}

func (t *trusted) add(e iam.PrincipalEntry) {
	switch e.Key {
	case "Service":
		t.services = append(t.services, e.Values...)
	case "Federated":
		t.providers = append(t.providers, e.Values...)
	case "AWS":
		for _, v := range e.Values {
			t.addAWS(v)
		}
	default: // a canonical user is an account nobody can tell from its number
		t.everyone = t.everyone || e.Key == "*"
	}
}

func (t *trusted) addAWS(v string) {
	parts, n := arn.Split(v)
	switch {
	case v == "*":
		t.everyone = true
	case arn.ValidAccount(v):
		t.accounts[v] = true
	case n == len(parts) && parts[arn.ResourceComponent] == "root":
		t.accounts[parts[arn.AccountComponent]] = true
	case n == len(parts):
		t.arns[v] = true
	}
}

// mayName reports whether a statement can be about a principal.
func (t *trusted) mayName(p *Principal) bool {
	if t.everyone || t.accounts[p.Account] || t.arns[p.ARN] {
		return true
	}
	return len(t.sessionsOf(p)) > 0
}

// sessionsOf returns the names of the role's sessions that are named.
func (t *trusted) sessionsOf(p *Principal) []string {
	if p.Kind != iam.AssumedRole {
		return nil
	}
	var all []string
	prefix := p.sessionPrefix()
	for a := range t.arns {
		if name, ok := strings.CutPrefix(a, prefix); ok {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return all
}
