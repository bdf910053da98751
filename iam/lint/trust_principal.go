package lint

import (
	"strings"

	"github.com/berth-project/berth/arn"
	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/internal/stranger"
	"github.com/berth-project/berth/internal/glob"
)

// trustRules judge trust policies, trustSetRules a role's trust policy together
// with what the role may do.
var (
	trustRules    = []rule{trustPrincipals, trustExternalID, trustExternalIDValues, trustActions, trustCompanions, trustCertificates, trustSAMLAudience, trustSources, redundantSessions}
	trustSetRules = []setRule{trustGuests, trustTagSession, trustChainDuration}
)

// trusts calls judge for each statement of a trust policy that lets somebody in.
func (p *pass) trusts(judge func(i int, s *iam.Statement)) {
	if p.policy.Kind != iam.TrustPolicy {
		return
	}
	p.statements(func(i int, s *iam.Statement) {
		if s.Effect == iam.Allow && s.Principals != nil && !s.Principals.Not {
			judge(i, s)
		}
	})
}

// member is one value of Principal.
type member struct {
	entry, value int
	key, text    string
}

// members are the values of a Principal element, in order. Of "*" it is one,
// under the key AWS and at entry -1.
func members(who *iam.Principals) []member {
	if who == nil {
		return nil
	}
	if who.Star {
		return []member{{entry: -1, value: -1, key: "AWS", text: "*"}}
	}
	var all []member
	for e, entry := range who.Entries {
		for v, text := range entry.Values {
			all = append(all, member{entry: e, value: v, key: entry.Key, text: text})
		}
	}
	return all
}

// path names a member of statement i.
func (m member) path(p *iam.Policy, i int) string { return p.PrincipalPath(i, m.entry, m.value) }

// sort says what kind of AWS principal the member is.
func (m member) sort() principalSort {
	if m.key != "AWS" {
		return notAWS
	}
	if m.text == "*" {
		return everyone
	}
	if arn.ValidAccount(m.text) {
		return wholeAccount
	}
	kind, _, _ := strings.Cut(arnPart(m.text, 5), "/")
	switch arnPart(m.text, 2) + " " + kind {
	case "iam root":
		return wholeAccount
	case "iam user":
		return oneUser
	case "iam role", "sts assumed-role":
		return oneRole
	}
	return otherPrincipal
}

// account is the account of an AWS principal; empty where it names none.
func (m member) account() string {
	if arn.ValidAccount(m.text) {
		return m.text
	}
	return arnPart(m.text, 4)
}

// principalSort is what an AWS principal stands for.
type principalSort uint8

const (
	notAWS principalSort = iota
	everyone
	wholeAccount
	oneUser
	oneRole
	otherPrincipal // a deleted one, a federated session, or not readable
)

// reachesAction reports whether a pattern of Action (or, for NotAction, none)
// matches an action, and which: -1 stands for NotAction.
func reachesAction(s *iam.Statement, action string) (pattern int, ok bool) {
	for j, written := range s.Actions.Values {
		if glob.MatchFold(written, action) {
			return j, !s.Actions.Not
		}
	}
	return -1, s.Actions.Not
}

func reaches(s *iam.Statement, action string) bool {
	_, ok := reachesAction(s, action)
	return ok
}

// ownership is what is known of an account.
type ownership uint8

const (
	unknownAccount ownership = iota
	ownAccount
	foreignAccount
)

// owner says whose an account is: with one's own accounts given, another one is
// somebody else's.
func (o *Options) owner(account string) ownership {
	for _, own := range o.OwnAccounts {
		if own == account {
			return ownAccount
		}
	}
	for _, other := range o.ThirdPartyAccounts {
		if other == account {
			return foreignAccount
		}
	}
	if len(o.OwnAccounts) > 0 && arn.ValidAccount(account) {
		return foreignAccount
	}
	return unknownAccount
}

// trustPrincipals finds principals that stand for too many, or for a key that
// never expires.
func trustPrincipals(p *pass) {
	p.trusts(func(i int, s *iam.Statement) {
		for _, m := range members(s.Principals) {
			switch m.sort() {
			case everyone:
				p.trustEveryone(i, s, m)
			case wholeAccount:
				p.trustAccount(i, s, m)
			case oneUser:
				f := p.report("TRUST_IAM_USER", m.path(p.policy, i), "%s signs with a long-term key", m.text)
				f.Help = "let a role assume this one"
			case notAWS:
				if m.key == "Federated" && m.text == "*" {
					p.trustEveryone(i, s, m)
				}
			}
		}
	})
}

func (p *pass) trustEveryone(i int, s *iam.Statement, m member) {
	f := p.report("TRUST_ANY_PRINCIPAL", m.path(p.policy, i), "every principal of every account may assume the role")
	f.Help = "name the roles, accounts or services that assume it"
	if p.limitsCallers(s.Conditions) {
		f.Level = Medium
		f.Message = "the role names no principal and relies on conditions alone"
	}
}

func (p *pass) trustAccount(i int, s *iam.Statement, m member) {
	if p.namesWithinAccount(s) {
		return
	}
	account := m.account()
	f := p.report("TRUST_ACCOUNT_ROOT", m.path(p.policy, i), "everyone in account %s who may call sts:AssumeRole may assume the role", account)
	f.Help = "name the role that calls, or add a condition on aws:PrincipalArn"
	switch p.options.owner(account) {
	case ownAccount:
		f.Level = Low
	case foreignAccount:
		if !p.demandsExternalID(s) { // with one, the vendor's own control of who calls is what is left
			f.Level = High
		}
	}
}

// namesWithinAccount reports whether conditions pick principals of the account.
func (p *pass) namesWithinAccount(s *iam.Statement) bool {
	for c := range s.Conditions {
		cond := &s.Conditions[c]
		if !demands(cond) {
			continue
		}
		key := strings.ToLower(cond.Key)
		switch {
		case key == "aws:principalarn" && p.everyValue(cond, namesPrincipal),
			key == "aws:userid" && p.everyValue(cond, stranger.LeftOut(key)),
			strings.HasPrefix(key, "aws:principaltag/") && p.everyValue(cond, func(v string) bool { return strings.Trim(v, "*?") != "" }):
			return true
		}
	}
	return false
}

// namesPrincipal accepts ARNs that are not all principals of an account.
func namesPrincipal(s string) bool {
	name := arnPart(s, 5)
	if i := strings.LastIndexByte(name, '/'); i >= 0 {
		name = name[i+1:]
	}
	return name != "root" && strings.Trim(name, "*?") != ""
}
