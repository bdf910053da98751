package lint

import (
	"slices"
	"strings"

	"github.com/berth-project/berth/arn"
	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/internal/stranger"
)

const externalIDKey = "sts:ExternalId"

// shortestExternalID is what a value needs at least not to be found by trying.
const shortestExternalID = 8

// commonExternalIDs are values people put where a secret choice is asked for.
var commonExternalIDs = []string{
	"test", "testing", "externalid", "external-id", "external_id", "example", "changeme", "password", "secret", "default",
	"production", "staging", "development", "customer", "12345678", "123456789", "1234567890", "abcdefgh",
}

// demandsExternalID reports whether callers must send an external ID. What it
// is worth is judged apart.
func (p *pass) demandsExternalID(s *iam.Statement) bool {
	return p.demandsKey(s, externalIDKey, func(string) bool { return true })
}

// trustExternalID finds statements that let another account in without one.
func trustExternalID(p *pass) {
	p.trusts(func(i int, s *iam.Statement) {
		if !reaches(s, "sts:AssumeRole") || p.demandsExternalID(s) {
			return
		}
		var f *Finding
		for _, m := range members(s.Principals) {
			switch m.sort() {
			case wholeAccount, oneUser, oneRole:
				level := p.externalIDLevel(s, m.account())
				if f == nil {
					f = p.report("TRUST_NO_EXTERNAL_ID", iam.StatementPath(i), "account %s may assume the role without an external ID", m.account())
					f.Level, f.Help = level, "say with --own-account if the account is your own; else let the vendor choose one, and add a condition on sts:ExternalId"
				}
				if level < f.Level {
					f.Level = level
				}
			}
		}
		if f != nil && f.Level == Info {
			f.Help = "nothing is to be done: what is one's own is no deputy of others"
		}
	})
}

func (p *pass) externalIDLevel(s *iam.Statement, account string) Level {
	switch p.options.owner(account) {
	case ownAccount:
		return Info
	case foreignAccount:
		return High
	}
	switch {
	case p.demandsKey(s, "aws:PrincipalOrgID", isIdentifier), p.demandsKey(s, "aws:PrincipalOrgPaths", stranger.LeftOut("aws:PrincipalOrgPaths")):
		return Info // an organisation named here is one's own
	case p.demandsKey(s, "aws:MultiFactorAuthPresent", isTrue), p.demandsKey(s, "aws:MultiFactorAuthAge", isIdentifier):
		return Low // a person, and not a vendor's program
	}
	return Medium
}

// trustExternalIDValues finds conditions on the external ID that do not hold
// what they promise.
func trustExternalIDValues(p *pass) {
	p.trusts(func(i int, s *iam.Statement) {
		for _, c := range conditionsOn(s, externalIDKey) {
			cond := &s.Conditions[c]
			switch {
			case cond.Operator.Test == iam.Null || cond.Operator.Test == iam.UnknownTest:
			case !demands(cond):
				p.externalIDNotDemanded(i, c, cond)
			case onlyServices(s): // it sends the account it acts for, which is no secret
			default:
				for v := range cond.Values {
					p.weakExternalID(i, s, c, v)
				}
			}
		}
	})
}

func (p *pass) externalIDNotDemanded(i, c int, cond *iam.Condition) {
	f := p.report("TRUST_EXTERNAL_ID_IFEXISTS", p.policy.ConditionPath(i, c, -1), "%s also holds where the caller sends no external ID", cond.Written)
	f.Help = "use StringEquals"
	plain := iam.Operator{Test: cond.Operator.Test}.String()
	p.fix(f, false, "demand the external ID", p.operatorMove(i, c, plain))
	if cond.Operator.Test.Negated() {
		f.Message = cond.Written + " lets everyone in but those who send this external ID"
		f.Help, f.Fix = "use StringEquals with the value that callers have to send", nil
	}
}

func (p *pass) weakExternalID(i int, s *iam.Statement, c, v int) {
	text := s.Conditions[c].Values[v].Text
	why := p.weakness(s, &s.Conditions[c], text)
	if why == "" {
		return
	}
	path := p.policy.ConditionPath(i, c, v)
	if isPlaceholder(text) {
		return // nothing was chosen yet
	}
	f := p.report("TRUST_EXTERNAL_ID_WEAK", path, "the external ID %s", why)
	f.Help = "let the vendor choose one from at least 128 random bits"
}

// weakness says why an external ID is easy to guess; empty where it is not.
func (p *pass) weakness(s *iam.Statement, cond *iam.Condition, text string) string {
	pattern := cond.Operator.Test == iam.StringLike || cond.Operator.Test.Family() == iam.ARNFamily
	word := strings.ToLower(text)
	switch {
	case pattern && wild(text):
		return "has a wildcard, so it need not be known whole"
	case slices.Contains(commonExternalIDs, word):
		return "is a common word"
	case strings.Trim(text, text[:min(1, len(text))]) == "":
		return "repeats one character"
	case p.namesSomebody(s, word):
		return "is the number of an account or the name of a company"
	case len(text) < shortestExternalID:
		return "is shorter than 8 characters"
	}
	return ""
}

// namesSomebody reports whether an external ID is an account or a company that
// everyone can know.
func (p *pass) namesSomebody(s *iam.Statement, word string) bool {
	if arn.ValidAccount(word) {
		return true
	}
	for _, m := range members(s.Principals) {
		if account := m.account(); arn.ValidAccount(account) && strings.Contains(word, account) {
			return true
		}
	}
	plain := letters(word)
	return slices.ContainsFunc(p.options.OrganizationNames, func(name string) bool {
		return plain != "" && plain == letters(strings.ToLower(name))
	})
}

// letters drops everything from a word but letters: "Acme-Corp 1" and
// "acmecorp" are one name.
func letters(word string) string {
	return strings.Map(func(r rune) rune {
		if r < 'a' || r > 'z' {
			return -1
		}
		return r
	}, word)
}
