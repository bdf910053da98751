package iam

import (
	"slices"
	"strings"
)

// PrincipalMatch is how a Principal element names a caller. It decides what an
// Allow of a resource's policy is worth (IAM User Guide, "Policy evaluation
// logic").
type PrincipalMatch uint8

// The ways, from weak to strong: where an element names a caller in several,
// the strongest counts.
const (
	// NoPrincipalMatch is an element that does not name the caller.
	NoPrincipalMatch PrincipalMatch = iota
	// MatchAccount names the account: what its principals may do is left to
	// their own policies.
	MatchAccount
	// MatchRoot names the account, and the caller is its root user.
	MatchRoot
	// MatchFederated names the identity provider.
	MatchFederated
	// MatchService names the service.
	MatchService
	// MatchIssuer names the user who issued the federated user's session.
	MatchIssuer
	// MatchRole names the role of the session.
	MatchRole
	// MatchWild is "*", or a NotPrincipal that does not list the caller.
	MatchWild
	// MatchSession names the very session.
	MatchSession
	// MatchUser names the user.
	MatchUser
)

var principalMatchNames = [...]string{
	NoPrincipalMatch: "", MatchAccount: "account", MatchRoot: "root", MatchFederated: "federated",
	MatchService: "service", MatchIssuer: "issuer", MatchRole: "role", MatchWild: "wild",
	MatchSession: "session", MatchUser: "user",
}

// String returns the word in results; nothing for NoPrincipalMatch.
func (m PrincipalMatch) String() string { return principalMatchNames[m] }

// MarshalText implements [encoding.TextMarshaler].
func (m PrincipalMatch) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// direct reports whether an Allow with this match is a grant of its own in the
// caller's account, which the implicit denies of boundary and session policies
// do not limit.
func (m PrincipalMatch) direct() bool { return m >= MatchWild }

// limited reports whether an Allow with this match is a grant within boundary
// and session policies.
func (m PrincipalMatch) limited() bool { return m == MatchRole || m == MatchIssuer }

// delegates reports whether an Allow with this match leaves the decision to the
// policies of the account's principals.
func (m PrincipalMatch) delegates() bool { return m == MatchAccount || m == MatchRoot }

// principalMatcher is Principal or NotPrincipal.
type principalMatcher struct {
	not       bool
	star      bool
	accounts  []accountPrincipal
	arns      []string
	services  []string
	providers []string
	canonical []string
}

// accountPrincipal is an account as a principal: its number, or its root ARN.
type accountPrincipal struct {
	id string
	// prefix is the beginning of the ARNs in the account's partition; empty
	// where only the number was written.
	prefix string
}

func compilePrincipals(p *Principals) *principalMatcher {
	m := &principalMatcher{not: p.Not, star: p.Star}
	for _, e := range p.Entries {
		switch e.Key {
		case "AWS":
			for _, v := range e.Values {
				m.addAWS(v)
			}
		case "Service":
			m.services = append(m.services, e.Values...)
		case "Federated":
			m.providers = append(m.providers, e.Values...)
		case "CanonicalUser":
			m.canonical = append(m.canonical, e.Values...)
		case "*":
			m.star = m.star || slices.Contains(e.Values, "*")
		}
	}
	return m
}

func (m *principalMatcher) addAWS(v string) {
	if v == "*" {
		m.star = true
		return
	}
	if isAccountID(v) {
		m.accounts = append(m.accounts, accountPrincipal{id: v})
		return
	}
	if head, ok := strings.CutSuffix(v, ":root"); ok {
		if prefix, id, ok := strings.Cut(head, ":iam::"); ok && isAccountID(id) {
			m.accounts = append(m.accounts, accountPrincipal{id: id, prefix: prefix + ":"})
			return
		}
	}
	m.arns = append(m.arns, v)
}

func isAccountID(s string) bool {
	if len(s) != 12 {
		return false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// match reports how the element names the caller in a statement with the
// effect.
func (m *principalMatcher) match(p *Principal, effect Effect) PrincipalMatch {
	if !m.not {
		return m.named(p)
	}
	if m.star {
		return NoPrincipalMatch
	}
	spared := m.listsSome(p)
	if effect == Deny {
		spared = m.listsAll(p)
	}
	if spared {
		return NoPrincipalMatch
	}
	return MatchWild
}

// named returns the strongest way in which the list names the caller.
func (m *principalMatcher) named(p *Principal) PrincipalMatch {
	switch p.Kind {
	case User:
		if lists(m.arns, p.ARN) {
			return MatchUser
		}
	case AssumedRole, FederatedUser:
		if lists(m.arns, p.ARN) {
			return MatchSession
		}
	}
	if m.star {
		return MatchWild
	}
	switch p.Kind {
	case AssumedRole:
		if lists(m.arns, p.RoleARN) {
			return MatchRole
		}
	case FederatedUser:
		if lists(m.arns, p.UserARN) {
			return MatchIssuer
		}
	case ServicePrincipal:
		if listsKind(m.services, p.Service) {
			return MatchService
		}
	case SAMLIdentity, WebIdentity:
		if listsKind(m.providers, p.Provider) {
			return MatchFederated
		}
	}
	switch {
	case !m.listsAccount(p):
		return NoPrincipalMatch
	case p.Kind == Root:
		return MatchRoot
	}
	return MatchAccount
}

// listsAccount reports whether the caller's account is in the list. A canonical
// user ID is another name of an account.
func (m *principalMatcher) listsAccount(p *Principal) bool {
	if !p.Kind.inAccount() {
		return false
	}
	if lists(m.canonical, p.CanonicalUser) {
		return true
	}
	for i := range m.accounts {
		a := &m.accounts[i]
		if a.id == p.Account && (a.prefix == "" || p.ARN == "" || strings.HasPrefix(p.ARN, a.prefix)) {
			return true
		}
	}
	return false
}

// The members of a caller's chain are the names it acts under: a session's own,
// that of its role or issuer, that of its account. A Deny with NotPrincipal
// spares only callers of whom it lists every member, which is why the vendor
// tells people to list account, role and session; an Allow with NotPrincipal
// excludes callers of whom it lists any. Nobody has no name that can be listed.

func (m *principalMatcher) listsAll(p *Principal) bool {
	switch p.Kind {
	case User:
		return lists(m.arns, p.ARN) && m.listsAccount(p)
	case AssumedRole:
		return lists(m.arns, p.ARN) && lists(m.arns, p.RoleARN) && m.listsAccount(p)
	case FederatedUser:
		return lists(m.arns, p.ARN) && (p.UserARN == "" || lists(m.arns, p.UserARN)) && m.listsAccount(p)
	case Root:
		return m.listsAccount(p)
	}
	return m.listsSome(p)
}

func (m *principalMatcher) listsSome(p *Principal) bool {
	switch p.Kind {
	case User, AssumedRole, FederatedUser, Root:
		return lists(m.arns, p.ARN) || lists(m.arns, p.RoleARN) || lists(m.arns, p.UserARN) || m.listsAccount(p)
	case ServicePrincipal:
		return listsKind(m.services, p.Service)
	case SAMLIdentity, WebIdentity:
		return listsKind(m.providers, p.Provider)
	}
	return false
}

// lists reports whether the list has the name; nothing has the empty name.
func lists(names []string, name string) bool {
	return name != "" && slices.Contains(names, name)
}

// listsKind is lists of services or providers: "*" is all of the kind, as in the
// {"Federated": "*"} of the endpoint policies that the vendor publishes.
func listsKind(names []string, name string) bool {
	return lists(names, name) || name != "" && slices.Contains(names, "*")
}

// inAccount reports whether a caller of this kind acts as part of an account.
func (k PrincipalKind) inAccount() bool {
	switch k {
	case User, AssumedRole, FederatedUser, Root:
		return true
	}
	return false
}
