package adfs

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/berth-project/berth/iam"
)

// FindingCode names a kind of finding.
type FindingCode string

// The findings.
const (
	// PrefixConsumed: the replacement takes the prefix of the group's name with
	// it, so the role's name lacks it and there is no such role.
	PrefixConsumed FindingCode = "prefix-consumed"
	// CaseMismatch: the condition lets names in any case through, the replacement
	// minds the case, and the group's bare name goes out as a role.
	CaseMismatch FindingCode = "case-mismatch"
	// ReplacedTwice: the pattern is in the name more than once.
	ReplacedTwice FindingCode = "replaced-twice"
	// Unanchored: the pattern matches anywhere in the name.
	Unanchored FindingCode = "unanchored"
	// OpenNames: whoever can create a group with a fitting name gains a role.
	OpenNames FindingCode = "open-names"
	// NotAPair: a value is not the ARNs of a provider and a role.
	NotAPair FindingCode = "not-a-pair"
	// NoSuchRole: a value names a role that does not exist.
	NoSuchRole FindingCode = "no-such-role"
	// NoSuchProvider: a value names a provider that does not exist.
	NoSuchProvider FindingCode = "no-such-provider"
	// NoSessionName: nothing issues RoleSessionName.
	NoSessionName FindingCode = "no-session-name"
	// BadSessionName: RoleSessionName has a value that is refused.
	BadSessionName FindingCode = "bad-session-name"
	// WrongScheme: a claim type that is known has http for https, or the reverse,
	// which makes it another.
	WrongScheme FindingCode = "wrong-scheme"
	// NoRole: no Role value at all comes out.
	NoRole FindingCode = "no-role"
)

// Finding is one thing that is wrong or dangerous.
type Finding struct {
	Code FindingCode
	// Rule counts from 0; -1 where it is about the rules as a whole.
	Rule int
	// At is where in the rules.
	At iam.Position
	// Group is the group that shows it; empty where all do.
	Group string
	// Message says what was found, Help what to do.
	Message, Help string
}

// saferHelp ends the findings that the safer rules mend.
const saferHelp = `use a transform anchored at both ends, such as (?i)^AWS-([0-9]{12})-(.+)$ with role/$2`

// findings judges the rules and what came of them.
func (r *Rules) findings(rep *Report) []Finding {
	var out []Finding
	seen := map[Finding]bool{}
	add := func(f Finding) {
		if !seen[f] {
			seen[f] = true
			out = append(out, f)
		}
	}
	for i := range r.rules {
		r.rules[i].schemes(i, add)
	}
	for _, step := range rep.Run.Steps {
		for _, w := range step.rewrites {
			if r.makesRoles(step.Rule) {
				judgeRewrite(&r.rules[step.Rule], step.Rule, w, add)
			}
		}
	}
	for _, g := range rep.Groups {
		for _, v := range g.Values {
			v.judge(r, add)
		}
	}
	for _, v := range rep.Others {
		v.judge(r, add)
	}
	rep.judgeWhole(add)
	slices.SortStableFunc(out, func(a, b Finding) int { return a.At.Offset - b.At.Offset })
	return out
}

// makesRoles reports whether a rule issues Role values.
func (r *Rules) makesRoles(i int) bool {
	return slices.ContainsFunc(r.rules[i].issuance.fields, func(f field) bool {
		return f.property.name == "type" && f.value.kind == literal && f.value.text == typeRole
	})
}

// judgeRewrite judges one RegExReplace that makes roles of names.
func judgeRewrite(r *rule, i int, w rewrite, add func(Finding)) {
	group := strings.Join(w.groups, ", ")
	p := w.call.pattern
	if !p.anchored {
		add(Finding{Unanchored, i, p.at, "", fmt.Sprintf("the pattern %q matches anywhere in a name", clip(p.text)), "begin it with ^"})
	}
	if w.matches > 1 {
		add(Finding{ReplacedTwice, i, w.at, group, fmt.Sprintf("%q has the pattern %q %d times, and each is replaced", clip(w.in), clip(p.text), w.matches), saferHelp})
	}
	if filter := r.filter(); filter != nil {
		if w.matches == 0 && filter.foldsCase && !p.foldsCase {
			add(Finding{
				CaseMismatch, i, w.at, group,
				fmt.Sprintf("%q passes the condition, which minds no case, but not the pattern %q, which does: the bare name is issued as a role", clip(w.in), clip(p.text)),
				"begin the pattern with (?i) too",
			})
		}
		add(Finding{
			OpenNames, i, filter.at, "",
			fmt.Sprintf("whoever may create or rename a group so that it matches %q gains the role it names", clip(filter.text)),
			"keep such groups in an organisational unit that only administrators may write to",
		})
	}
}

// filter returns the regular expression that a rule's conditions have for the
// value of a claim.
func (r *rule) filter() *pattern {
	for _, c := range r.conditions {
		for _, t := range c.tests {
			if t.property.name == "value" && t.operator == "=~" {
				return t.pattern
			}
		}
	}
	return nil
}

// judge tells what keeps a value from letting anybody in.
func (v RoleValue) judge(r *Rules, add func(Finding)) {
	at := r.rules[v.Rule].issuance.at
	switch {
	case v.Problem != "":
		add(Finding{NotAPair, v.Rule, at, v.group, "Role is not a pair: " + v.Problem, ""})
	case v.Provider == Missing:
		add(Finding{
			NoSuchProvider, v.Rule, at, v.group, "there is no provider " + v.ProviderARN,
			"signing in answers \"Specified provider doesn't exist\": compare name, account and case",
		})
	}
	if v.Role != Missing {
		return
	}
	role := baseName(v.RoleARN)
	switch {
	case v.Nearest != "" && strings.EqualFold(v.Nearest, v.group) && len(v.Nearest) > len(role):
		prefix := v.Nearest[:len(v.Nearest)-len(role)]
		add(Finding{
			PrefixConsumed, v.Rule, at, v.group,
			fmt.Sprintf("group %q becomes the role %q, which does not exist: the replacement consumed %q, and the role is called %q", v.group, role, prefix, v.Nearest),
			fmt.Sprintf("end the replacement in role/%s", prefix),
		})
	case v.Nearest == role:
		add(Finding{NoSuchRole, v.Rule, at, v.group, fmt.Sprintf("there is no role %q in this account", v.RoleARN), "there is one of that name in another account"})
	case v.Nearest != "":
		add(Finding{NoSuchRole, v.Rule, at, v.group, fmt.Sprintf("there is no role %q", role), fmt.Sprintf("there is %q: names are with regard to case", v.Nearest)})
	default:
		add(Finding{NoSuchRole, v.Rule, at, v.group, fmt.Sprintf("there is no role %q", role), "signing in answers \"Not authorized to perform sts:AssumeRoleWithSAML\""})
	}
}

var sessionName = regexp.MustCompile(`^[a-zA-Z_0-9+=,.@-]{2,64}$`)

// judgeWhole tells what the claims as a whole lack.
func (rep *Report) judgeWhole(add func(Finding)) {
	if len(rep.SessionNames) == 0 {
		add(Finding{
			Code: NoSessionName, Rule: -1, Message: "no rule issues " + typeSessionName,
			Help: "signing in answers \"RoleSessionName is required in AuthnResponse\": does the user have the attribute it is made from, such as mail?",
		})
	}
	for _, n := range rep.SessionNames {
		if !sessionName.MatchString(n) {
			add(Finding{
				Code: BadSessionName, Rule: -1, Message: fmt.Sprintf("RoleSessionName %q is refused", clip(n)),
				Help: "it has 2 to 64 characters of [a-zA-Z_0-9+=,.@-]",
			})
		}
	}
	if len(rep.SessionNames) > 1 {
		add(Finding{Code: BadSessionName, Rule: -1, Message: fmt.Sprintf("RoleSessionName has %d values: want one", len(rep.SessionNames))})
	}
	some := len(rep.Others) > 0
	for _, g := range rep.Groups {
		some = some || len(g.Values) > 0
	}
	if !some {
		add(Finding{Code: NoRole, Rule: -1, Message: "no group of the user becomes a role", Help: "signing in answers that the response is invalid, since it has no attribute Role"})
	}
}

// knownTypes are claim types whose scheme people and programs get wrong.
var knownTypes = []string{
	typeAccount, typeRole, typeSessionName,
	"https://aws.amazon.com/SAML/Attributes/SessionDuration",
	"https://aws.amazon.com/SAML/Attributes/SourceIdentity",
	"https://aws.amazon.com/SAML/Attributes/TransitiveTagKeys",
	"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier",
	"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
	"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn",
	"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name",
	"http://schemas.xmlsoap.org/claims/Group",
	"http://schemas.microsoft.com/ws/2008/06/identity/claims/groupsid",
}

// schemes finds claim types that are known but for their scheme.
func (r *rule) schemes(i int, add func(Finding)) {
	look := func(written string, at iam.Position) {
		for _, known := range knownTypes {
			if written != known && withoutScheme(written) == withoutScheme(known) {
				add(Finding{
					WrongScheme, i, at, "",
					fmt.Sprintf("the claim type %q is unknown: it is another than %q", written, known),
					"a claim type is a name, compared letter by letter: write " + known,
				})
			}
		}
	}
	for _, c := range r.conditions {
		for _, t := range c.tests {
			if t.property.name == "type" && t.pattern == nil && t.operand.kind == literal {
				look(t.operand.text, t.operand.at)
			}
		}
	}
	for _, f := range r.issuance.fields {
		if f.property.name == "type" && f.value.kind == literal {
			look(f.value.text, f.value.at)
		}
	}
	if q := r.issuance.query; q != nil {
		for _, t := range q.types {
			look(t, r.issuance.at)
		}
	}
}

func withoutScheme(t string) string {
	_, rest, ok := strings.Cut(t, "://")
	if !ok {
		return t
	}
	return rest
}
