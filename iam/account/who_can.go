package account

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/berth-project/berth/arn"
	"github.com/berth-project/berth/iam"
)

// Query is a question of who can.
type Query struct {
	// Action is "prefix:Name", in any case.
	Action string
	// Resource is the ARN of one resource, or "*" for actions that have none. A
	// "*" in an ARN is taken as itself: a name that no other resource has.
	Resource string
	// ResourceAccount is who owns the resource. Empty is who its ARN says, or who
	// has a policy for it in the snapshot, or the only account there is.
	ResourceAccount string
	// Context are keys that are known of the call. They are over those that follow
	// from the caller.
	Context iam.Context
	// MaxLinks is how many roles may be assumed on the way: [DefaultLinks] where it
	// is 0, none where it is below.
	MaxLinks int
}

// DefaultLinks is how many roles may be assumed one after the other, where a
// query does not say.
const DefaultLinks = 5

// maxDecisions bounds the work on one question.
const maxDecisions = 500_000

// Answer is who can, and how.
type Answer struct {
	Action          string `json:"action"`
	Resource        string `json:"resource"`
	ResourceAccount string `json:"resourceAccount"`
	// Grants are those who can: the sure before the open, the short before the
	// long, then by name. A caller is there once, with the best of its paths.
	Grants []Grant `json:"grants"`
	// Notes say what the answer does not know.
	Notes []string `json:"notes,omitempty"`
}

// Allowed returns the grants to those who can as asked.
func (a *Answer) Allowed() []Grant {
	i := slices.IndexFunc(a.Grants, func(g Grant) bool { return g.Certainty == Conditional })
	if i < 0 {
		return a.Grants
	}
	return a.Grants[:i]
}

// WhoCan returns everyone who is allowed an action on a resource.
func (s *Snapshot) WhoCan(q Query) (*Answer, error) {
	a := &Answer{Action: q.Action, Resource: q.Resource}
	if service, name, ok := strings.Cut(q.Action, ":"); !ok || service == "" || name == "" || strings.ContainsAny(q.Action, "*?") {
		return nil, fmt.Errorf("who can %q: this is no action; write one, such as s3:GetObject", q.Action)
	}
	ask, err := s.question(q, a)
	if err != nil {
		return nil, err
	}
	w := &search{question: ask, found: a, links: max(cmp.Or(q.MaxLinks, DefaultLinks), 0), reached: make([]*step, len(s.principals)), visited: make([]int, len(s.principals))}
	w.direct()
	w.outsiders(ask, nil)
	w.chains()
	w.collect()
	w.missing()
	return a, nil
}

// question completes a query with what the snapshot knows of the resource.
func (s *Snapshot) question(q Query, a *Answer) (*question, error) {
	ask := &question{Snapshot: s, action: q.Action, resource: q.Resource, owner: q.ResourceAccount, given: q.Context}
	parts, n := arn.Split(q.Resource)
	if q.Resource != "*" && n < len(parts) {
		return nil, fmt.Errorf("who can %s on %q: this is no ARN; write one, or \"*\"", q.Action, q.Resource)
	}
	service := parts[arn.ServiceComponent]
	assumes := strings.HasPrefix(strings.ToLower(q.Action), "sts:assumerole")
	role := s.byARN[q.Resource]
	switch {
	case role != nil && role.Kind == iam.AssumedRole && assumes:
		ask.policy, ask.target, ask.tags, ask.owner = role.Trust, iam.RoleTrust, role.Tags, role.Account
	case assumes:
		ask.target = iam.RoleTrust
		a.Notes = append(a.Notes, q.Resource+" is no role of the export: its trust policy is not known, so nobody can assume it as far as this answer goes")
	}
	if r := s.resourceOf(q.Resource); r != nil {
		ask.policy, ask.owner = r.policy, cmp.Or(ask.owner, r.account)
	} else if ask.policy == nil && slices.Contains(grantingServices, service) {
		a.Notes = append(a.Notes, "no policy of "+q.Resource+" is in the export: what it grants or denies is not in this answer")
	}
	ask.owner = cmp.Or(ask.owner, parts[arn.AccountComponent])
	if ids := s.Accounts(); ask.owner == "" && len(ids) == 1 {
		ask.owner = ids[0]
	}
	if service == "kms" && ask.target == iam.AnyResource && strings.HasPrefix(parts[arn.ResourceComponent], "key/") {
		ask.target = iam.KMSKey
		if ask.policy == nil {
			ask.policy = defaultKeyPolicy(ask.owner)
			a.Notes = append(a.Notes, "the key is taken to have the default policy, which leaves it to the policies of the account")
		}
	}
	a.ResourceAccount = ask.owner
	if ask.owner == "" {
		return nil, fmt.Errorf("who can %s on %s: the ARN does not say in which of the %d accounts it is; say whose it is", q.Action, q.Resource, len(s.accounts))
	}
	return ask, nil
}

// grantingServices are the services whose resources have policies that grant.
var grantingServices = []string{
	"backup", "codeartifact", "dynamodb", "ecr", "elasticfilesystem", "es", "events", "execute-api", "glacier", "kinesis",
	"lambda", "s3", "secretsmanager", "ses", "sns", "sqs",
}

// defaultKeyPolicy is the policy a key has when nobody wrote one (KMS Developer
// Guide, "Default key policy").
func defaultKeyPolicy(account string) *iam.Compiled {
	return iam.CompileNamed("the default key policy", &iam.Policy{
		Kind: iam.ResourcePolicy, Version: iam.Version2012,
		Statements: []iam.Statement{{
			Effect:     iam.Allow,
			Principals: &iam.Principals{Entries: []iam.PrincipalEntry{{Key: "AWS", Values: []string{"arn:aws:iam::" + account + ":root"}}}},
			Actions:    iam.Elements{Values: []string{"kms:*"}},
			Resources:  iam.Elements{Values: []string{"*"}},
		}},
	})
}

// step is a principal that can, with the role it assumes for that, if any.
type step struct {
	who       *Principal
	session   string // the session's name, where it matters
	verdict   verdict
	next      *step // nil where the verdict is about the action itself
	certainty Certainty
	length    int
}

// search is the work on one question.
type search struct {
	*question
	found   *Answer
	links   int
	reached []*step // by the index of the principal
	visited []int   // the round in which a principal was last looked at
	round   int
	// open are steps that can be taken only if some keys have other values; opening
	// is set once it is their turn.
	open    []*step
	opening bool
	// outside are the callers that are in no account of the snapshot.
	outside   map[Caller]*outsideStep
	decisions int
	cut       bool // there were too many
}

// afford counts a decision and reports whether there may be more.
func (w *search) afford() bool {
	w.decisions++
	if w.decisions > maxDecisions && !w.cut {
		w.cut = true
		w.found.Notes = append(w.found.Notes, fmt.Sprintf("the answer is cut short: finding it took more than %d decisions", maxDecisions))
	}
	return w.decisions <= maxDecisions
}

// direct asks every principal for itself.
func (w *search) direct() {
	named := namedBy(w.policy)
	for _, p := range w.principals {
		if s := w.tryTo(w.question, named, p); s != nil {
			w.take(s)
		}
	}
	for _, id := range w.Accounts() {
		w.root(id)
	}
}

// tryTo asks a question of a principal; of a role that does not pass, in the
// sessions that the policy names.
func (w *search) tryTo(q *question, named *trusted, p *Principal) *step {
	if !w.afford() {
		return nil
	}
	v := q.ask(p, anySession)
	session := ""
	if !v.yes && len(named.arns) > 0 {
		for _, name := range named.sessionsOf(p) {
			if v = q.ask(p, name); v.yes {
				session, v.certainty = name, Conditional
				v.needs = append(v.needs, Need{By: v.by, Conditions: []string{"the session is named " + name}})
				break
			}
		}
	}
	if !v.yes {
		return nil
	}
	return &step{who: p, session: session, verdict: v, certainty: v.certainty}
}

// take keeps a step, unless the principal has a better one.
func (w *search) take(s *step) {
	if s.certainty == Conditional {
		w.open = append(w.open, s)
	} else if w.reached[s.who.index] == nil {
		w.reached[s.who.index] = s
	}
}

// root asks the root user of an account.
func (w *search) root(id string) {
	caller := iam.Principal{Kind: iam.Root, ARN: "arn:aws:iam::" + id + ":root", Account: id}
	unknown := func(key string) bool { return !w.settled(key) && key != "aws:userid" }
	if v := w.answer(w.set(id), asker{Principal: caller, unknown: unknown}); v.yes {
		w.outsider(Caller{Kind: iam.Root, ARN: caller.ARN, Account: id}, nil, "", v)
	}
}

// collect turns what was found into grants, in their order.
func (w *search) collect() {
	for _, s := range w.reached {
		if s != nil {
			w.found.Grants = append(w.found.Grants, s.grant())
		}
	}
	for _, o := range w.outside {
		w.found.Grants = append(w.found.Grants, o.grant())
	}
	slices.SortFunc(w.found.Grants, func(a, b Grant) int {
		return cmp.Or(
			cmp.Compare(a.Certainty, b.Certainty),
			cmp.Compare(len(a.Via), len(b.Via)), cmp.Compare(a.Who.Kind, b.Who.Kind),
			strings.Compare(a.Who.ARN, b.Who.ARN), strings.Compare(a.Who.Name, b.Who.Name), strings.Compare(a.Who.Account, b.Who.Account),
		)
	})
}

// grant returns a step as answers have it.
func (s *step) grant() Grant {
	g := Grant{Who: Caller{Kind: s.who.Kind, ARN: s.who.ARN, Account: s.who.Account}, Certainty: s.certainty}
	return s.follow(g)
}

// follow adds the links from a step on.
func (s *step) follow(g Grant) Grant {
	for ; s.next != nil; s = s.next {
		g.Via = append(g.Via, Link{Role: s.next.who.ARN, Action: "sts:AssumeRole", By: s.verdict.by, Needs: s.verdict.needs})
	}
	g.By, g.Reason, g.Needs = s.verdict.by, s.verdict.decision.Reason, s.verdict.needs
	return g
}

// missing notes the principals of which not all policies are known.
func (w *search) missing() {
	const most = 20
	var all []string
	for _, p := range w.principals {
		if len(p.Missing) > 0 {
			all = append(all, fmt.Sprintf("%s: %s", p, values(p.Missing)))
		}
	}
	for i, text := range all {
		if i == most {
			w.found.Notes = append(w.found.Notes, fmt.Sprintf("and %d more principals have policies that the export does not", len(all)-most))
			break
		}
		w.found.Notes = append(w.found.Notes, "policies that the export does not have: "+text)
	}
}
