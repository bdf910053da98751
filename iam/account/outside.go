package account

import (
	"cmp"
	"strings"

	"github.com/berth-project/berth/arn"
	"github.com/berth-project/berth/iam"
)

// outsideStep is a caller that is in no account of the snapshot, with its best
// path.
type outsideStep struct {
	who       Caller
	action    string // by which it assumes the role of next
	next      *step  // nil where it has the action itself
	verdict   verdict
	certainty Certainty
	roles     map[*Principal]bool // through which it can
}

func (o *outsideStep) grant() Grant {
	g := Grant{Who: o.who, Certainty: o.certainty, Paths: len(o.roles)}
	if o.next == nil {
		g.By, g.Reason, g.Needs = o.verdict.by, o.verdict.decision.Reason, o.verdict.needs
		g.Paths = 0
		return g
	}
	g.Via = []Link{{Role: o.next.who.ARN, Action: o.action, By: o.verdict.by, Needs: o.verdict.needs}}
	return o.next.follow(g)
}

// outsider keeps a caller from outside by its best path.
func (w *search) outsider(who Caller, next *step, action string, v verdict) {
	o := &outsideStep{who: who, action: action, next: next, verdict: v, certainty: v.certainty, roles: map[*Principal]bool{}}
	length := 0
	if next != nil {
		o.certainty, length = max(o.certainty, next.certainty), next.length+1
	}
	if w.outside == nil {
		w.outside = map[Caller]*outsideStep{}
	}
	known := w.outside[who]
	if known != nil {
		o.roles = known.roles
	}
	if next != nil {
		o.roles[next.who] = true
	}
	if known == nil || cmp.Or(cmp.Compare(o.certainty, known.certainty), cmp.Compare(length, known.length())) < 0 {
		w.outside[who] = o
	}
}

func (o *outsideStep) length() int {
	if o.next == nil {
		return 0
	}
	return o.next.length + 1
}

// outsiders asks a question of everyone the resource's policy names who is in
// none of the accounts: services, identity providers, other accounts, anyone.
// next is the role that is assumed; nil where the question is the query's own.
func (w *search) outsiders(q *question, next *step) {
	named := namedBy(q.policy)
	if next != nil {
		named = next.who.trust
	}
	for _, service := range named.services {
		w.askOutside(q, next, Caller{Kind: iam.ServicePrincipal, Name: service}, asker{Principal: iam.Principal{Kind: iam.ServicePrincipal, Service: service}})
	}
	for account := range named.accounts {
		if w.accounts[account] == nil {
			w.askOutside(q, next, Caller{Kind: iam.Root, ARN: "arn:aws:iam::" + account + ":root", Account: account, Outside: true}, asker{
				Principal: iam.Principal{Kind: iam.Root, ARN: "arn:aws:iam::" + account + ":root", Account: account},
				forget:    []string{"aws:PrincipalArn", "aws:PrincipalType", "aws:userid"},
			})
		}
	}
	for name := range named.arns {
		w.askNamed(q, next, name)
	}
	if named.everyone {
		w.askOutside(q, next, Caller{Kind: iam.Anonymous}, asker{Principal: iam.Principal{Kind: iam.Anonymous}})
		w.everyAccount(q, next)
	}
	for _, provider := range named.providers {
		w.askProvider(q, next, provider)
	}
}

// askNamed asks for a user, role or session of another account by its ARN.
func (w *search) askNamed(q *question, next *step, name string) {
	parts, _ := arn.Split(name)
	account := parts[arn.AccountComponent]
	if w.accounts[account] != nil || !arn.ValidAccount(account) {
		return // in the snapshot, or deleted
	}
	caller := iam.Principal{Kind: iam.User, ARN: name, Account: account}
	what := parts[arn.ResourceComponent]
	switch {
	case strings.HasPrefix(what, "role/"):
		short := what[strings.LastIndexByte(what, '/')+1:]
		caller.Kind, caller.RoleARN = iam.AssumedRole, name
		caller.ARN = "arn:" + parts[arn.PartitionComponent] + ":sts::" + account + ":assumed-role/" + short + "/" + anySession
	case strings.HasPrefix(what, "assumed-role/"):
		caller.Kind = iam.AssumedRole
	case strings.HasPrefix(what, "federated-user/"):
		caller.Kind = iam.FederatedUser
	}
	w.askOutside(q, next, Caller{Kind: caller.Kind, ARN: name, Account: account, Outside: true}, asker{Principal: caller, forget: []string{"aws:userid"}})
}

// everyAccount asks for a principal of an account nobody knows: a policy that
// names everyone names it too.
func (w *search) everyAccount(q *question, next *step) {
	const nobodys = "000000000000"
	w.askOutside(q, next, Caller{Kind: iam.Root, Outside: true}, asker{
		Principal: iam.Principal{Kind: iam.Root, ARN: "arn:aws:iam::" + nobodys + ":root", Account: nobodys},
		forget:    []string{"aws:PrincipalArn", "aws:PrincipalType", "aws:PrincipalAccount", "aws:userid"},
	})
}

// askProvider asks for identities of a provider, which can only assume roles.
func (w *search) askProvider(q *question, next *step, provider string) {
	if next == nil && q.target != iam.RoleTrust {
		return
	}
	kind, action := iam.WebIdentity, "sts:AssumeRoleWithWebIdentity"
	if strings.Contains(provider, ":saml-provider/") {
		kind, action = iam.SAMLIdentity, "sts:AssumeRoleWithSAML"
	}
	if next != nil {
		q = w.assuming(next.who, action, w.given)
	}
	w.askOutside(q, next, Caller{Kind: kind, Name: provider}, asker{Principal: iam.Principal{Kind: kind, Provider: provider}})
}

// askOutside asks for a caller of whom nothing is known but who it is: its own
// account is taken to allow what it asks for.
func (w *search) askOutside(q *question, next *step, who Caller, caller asker) {
	if !w.afford() {
		return
	}
	set := q.set(caller.Account)
	if who.Outside {
		set.Identity = []*iam.Compiled{allowAll()}
	}
	caller.unknown = func(key string) bool { return !settledOutside(caller.Kind, key) }
	if v := q.answer(set, caller); v.yes {
		w.outsider(who, next, q.action, v)
	}
}

// settledOutside reports whether a key is known of a caller from outside.
func settledOutside(kind iam.PrincipalKind, key string) bool {
	switch key {
	case "aws:principalisawsservice", "aws:principalservicename", "aws:securetransport", "aws:resourceaccount":
		return true
	case "aws:sourcearn", "aws:sourceaccount", "aws:sourceorgid", "aws:sourceorgpaths":
		return kind != iam.ServicePrincipal
	case "aws:principalarn", "aws:principalaccount", "aws:principaltype", "aws:username", "aws:principalorgid", "aws:principalorgpaths", "aws:userid":
		return kind == iam.ServicePrincipal || kind == iam.Anonymous
	}
	return false
}

// allowAll is what the account of a caller from outside is taken to allow.
func allowAll() *iam.Compiled {
	return iam.CompileNamed("policies of its own account", &iam.Policy{
		Kind: iam.IdentityPolicy, Version: iam.Version2012,
		Statements: []iam.Statement{{
			Effect: iam.Allow, Actions: iam.Elements{Values: []string{"*"}}, Resources: iam.Elements{Values: []string{"*"}},
		}},
	})
}
