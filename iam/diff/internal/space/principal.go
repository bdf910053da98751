package space

import (
	"fmt"
	"slices"
	"strings"

	"github.com/berth-project/berth/arn"
	"github.com/berth-project/berth/iam"
)

// principals returns callers of every sort: strangers first, of whom the
// policies say nothing, then those that they name, and those in between, such as
// the other users of an account that is named. It also returns the account of
// the strangers.
func (s *Space) principals() (all []iam.Principal, stranger string) {
	n := names{partitions: []string{"aws"}}
	for i := range s.statements {
		if p := s.statements[i].principals; p != nil {
			n.collect(p)
		}
	}
	n.tidy()
	stranger = n.stranger()
	n.accounts = slices.Insert(n.accounts, 0, stranger)
	all = n.inAccounts(s.layer)
	if s.layer != iam.IdentityLayer {
		all = append(all, n.outside()...)
	}
	return all, stranger
}

// names are what policies name callers by.
type names struct {
	partitions []string
	accounts   []string // their numbers
	arns       []string // of users, roles and sessions
	services   []string
	providers  []string
	canonical  []string
}

func (n *names) collect(p *iam.Principals) {
	for _, e := range p.Entries {
		switch e.Key {
		case "AWS":
			for _, v := range e.Values {
				n.collectAWS(v)
			}
		case "Service":
			n.services = append(n.services, e.Values...)
		case "Federated":
			n.providers = append(n.providers, e.Values...)
		case "CanonicalUser":
			n.canonical = append(n.canonical, e.Values...)
		}
	}
}

func (n *names) collectAWS(v string) {
	parts, count := arn.Split(v)
	if count < len(parts) {
		n.accounts = append(n.accounts, v) // a number, or nobody
		return
	}
	n.partitions = append(n.partitions, parts[1])
	n.accounts = append(n.accounts, parts[4])
	n.arns = append(n.arns, v)
}

func (n *names) tidy() {
	n.accounts = slices.DeleteFunc(n.accounts, func(a string) bool { return len(a) != 12 || strings.Trim(a, "0123456789") != "" })
	star := func(s string) bool { return s == "*" } // is all of them, and the name of none
	n.services, n.providers = slices.DeleteFunc(n.services, star), slices.DeleteFunc(n.providers, star)
	for _, list := range []*[]string{&n.partitions, &n.accounts, &n.arns, &n.services, &n.providers, &n.canonical} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
}

// stranger returns the number of an account that is not named.
func (n *names) stranger() string {
	for i := 111_122_223_333; ; i += 333_300_000_000 {
		if a := fmt.Sprintf("%012d", i%1_000_000_000_000); !slices.Contains(n.accounts, a) {
			return a
		}
	}
}

// fresh returns the ARN with a last part that makes it one that is not named.
func (n *names) fresh(stem, last string) string {
	for slices.Contains(n.arns, stem+last) {
		last += "x"
	}
	return stem + last
}

// named returns the names that begin with the stem.
func (n *names) named(stem string) []string {
	var out []string
	for _, a := range n.arns {
		if strings.HasPrefix(a, stem) {
			out = append(out, a)
		}
	}
	return out
}

// inAccounts returns callers that belong to an account, each also under every
// canonical user ID: whose account that is the policies do not say.
func (n *names) inAccounts(l iam.Layer) []iam.Principal {
	var out []iam.Principal
	for _, account := range n.accounts {
		for _, partition := range n.partitions {
			base := iam.Principal{Account: account}
			iamStem, stsStem := "arn:"+partition+":iam::"+account+":", "arn:"+partition+":sts::"+account+":"
			out = append(out, n.users(base, iamStem)...)
			out = append(out, n.roles(base, iamStem, stsStem)...)
			out = append(out, n.federated(base, iamStem, stsStem)...)
			if l != iam.IdentityLayer {
				base.Kind, base.ARN = iam.Root, iamStem+"root"
				out = append(out, base)
			}
		}
	}
	for _, p := range out[:len(out):len(out)] {
		for _, id := range n.canonical {
			p.CanonicalUser = id
			out = append(out, p)
		}
		if len(out) > maxCallers {
			break
		}
	}
	return out
}

func (n *names) users(p iam.Principal, iamStem string) []iam.Principal {
	var out []iam.Principal
	p.Kind = iam.User
	for _, user := range append([]string{n.fresh(iamStem, "user/example")}, n.named(iamStem+"user/")...) {
		p.ARN = user
		out = append(out, p)
	}
	return out
}

// roles returns sessions: of each role one that is not named, and those that
// are; of roles of a named session also one that is not named itself.
func (n *names) roles(p iam.Principal, iamStem, stsStem string) []iam.Principal {
	var out []iam.Principal
	p.Kind = iam.AssumedRole
	roles := append([]string{n.fresh(iamStem, "role/example")}, n.named(iamStem+"role/")...)
	sessions := n.named(stsStem + "assumed-role/")
	for _, session := range sessions {
		stem := iamStem + "role/"
		for slices.Contains(n.arns, stem+roleOf(session)) {
			stem += "example/"
		}
		roles = append(roles, stem+roleOf(session))
	}
	slices.Sort(roles[1:])
	roles = slices.Compact(roles)
	for _, role := range roles {
		p.RoleARN = role
		name := role[strings.LastIndexByte(role, '/')+1:]
		p.ARN = n.fresh(stsStem, "assumed-role/"+name+"/session")
		out = append(out, p)
		for _, session := range sessions {
			if roleOf(session) == name {
				p.ARN = session
				out = append(out, p)
			}
		}
	}
	return out
}

// roleOf returns the name of the role in a session's ARN.
func roleOf(session string) string {
	_, name, _ := strings.Cut(session, "assumed-role/")
	name, _, _ = strings.Cut(name, "/")
	return name
}

// federated returns sessions of federated users, each by every issuer.
func (n *names) federated(p iam.Principal, iamStem, stsStem string) []iam.Principal {
	var out []iam.Principal
	p.Kind = iam.FederatedUser
	for _, session := range append([]string{n.fresh(stsStem, "federated-user/example")}, n.named(stsStem+"federated-user/")...) {
		for _, issuer := range append([]string{n.fresh(iamStem, "user/example"), ""}, n.named(iamStem+"user/")...) {
			p.ARN, p.UserARN = session, issuer
			out = append(out, p)
		}
	}
	return out
}

// outside returns callers that belong to no account.
func (n *names) outside() []iam.Principal {
	out := []iam.Principal{{Kind: iam.Anonymous}}
	for _, s := range append([]string{"example.amazonaws.com"}, n.services...) {
		out = append(out, iam.Principal{Kind: iam.ServicePrincipal, Service: s})
	}
	saml := n.fresh("arn:aws:iam::"+n.accounts[0]+":", "saml-provider/example")
	for _, p := range append([]string{saml, "accounts.example.com"}, n.providers...) {
		kind := iam.WebIdentity
		if strings.Contains(p, ":saml-provider/") {
			kind = iam.SAMLIdentity
		}
		out = append(out, iam.Principal{Kind: kind, Provider: p})
	}
	return out
}
