package lint

import (
	"strings"

	"github.com/berth-project/berth/iam"
)

const cognitoProvider = "cognito-identity.amazonaws.com"

// trustGuests finds roles that Cognito hands to anyone who asks.
func trustGuests(s *set) {
	for _, p := range s.passes {
		p.trusts(func(i int, st *iam.Statement) {
			for _, m := range members(st.Principals) {
				if m.key == "Federated" && m.text == cognitoProvider && reaches(st, assumeRoleWithWebIdentity) {
					s.trustGuest(p, i, st)
					return
				}
			}
		})
	}
}

func (s *set) trustGuest(p *pass, i int, st *iam.Statement) {
	path := iam.StatementPath(i)
	if !p.demandsKey(st, cognitoProvider+":aud", isIdentifier) {
		f := p.report("TRUST_COGNITO_UNAUTH", path, "identities of any pool of any account may assume the role")
		f.Help = "add a condition on " + cognitoProvider + ":aud with the pool's ID"
		return
	}
	if p.demandsKey(st, cognitoProvider+":amr", func(v string) bool {
		return v != "unauthenticated" && strings.Trim(v, "*?") != "" && !strings.HasPrefix(v, "*")
	}) {
		return
	}
	meant := p.demandsKey(st, cognitoProvider+":amr", func(v string) bool { return v == "unauthenticated" })
	known, privileged := s.privileged()
	if meant && known && !privileged {
		return
	}
	f := p.report("TRUST_COGNITO_UNAUTH", path, "guests of the pool, who signed in nowhere, may assume the role")
	f.Help = "ask for " + cognitoProvider + ":amr to be authenticated"
	if meant && !known {
		f.Level = Low
		f.Message = "guests of the pool may assume the role; its policies are not known"
		f.Help = "make sure that the role may only do what everyone may"
	}
}

// privileged reports whether policies of the principal are known, and whether
// they allow more than to look at named things.
func (s *set) privileged() (known, privileged bool) {
	for _, p := range s.passes {
		if !p.policy.Kind.Identity() {
			continue
		}
		known = true
		for i := range p.policy.Statements {
			if p.policy.Statements[i].Effect == iam.Allow && p.changesThings(i) {
				privileged = true
			}
		}
	}
	return known, privileged
}
