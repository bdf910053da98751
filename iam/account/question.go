package account

import (
	"slices"
	"strings"

	"github.com/berth-project/berth/iam"
)

// question is an action on a resource, asked of one caller after the other.
type question struct {
	*Snapshot
	action, resource string
	owner            string // the account of the resource
	policy           *iam.Compiled
	target           iam.Target
	tags             map[string]string // of the resource, where they are known
	given            iam.Context
}

// verdict is what becomes of a question. The zero value is no.
type verdict struct {
	yes       bool
	certainty Certainty
	decision  iam.Decision
	by        Statement
	needs     []Need
}

// assuming returns the question who may assume a role.
func (s *Snapshot) assuming(role *Principal, action string, given iam.Context) *question {
	return &question{
		Snapshot: s, action: action, resource: role.ARN, owner: role.Account,
		policy: role.Trust, target: iam.RoleTrust, tags: role.Tags, given: given,
	}
}

// ask asks for a user or a role; a role in a session of that name.
func (q *question) ask(p *Principal, session string) verdict {
	set := q.set(p.Account)
	set.Identity, set.Boundary, set.ServiceLinkedRole = p.Policies, p.Boundary, p.ServiceLinked
	v := q.answer(set, asker{
		Principal: p.caller(session),
		facts:     iam.CallerFacts{UniqueID: p.ID, Tags: p.Tags},
		unknown:   func(key string) bool { return !q.settled(key) && (key != "aws:userid" || p.ID == "") },
	})
	if v.yes && p.unknownBoundary != "" {
		v.certainty = Conditional
		v.needs = append(v.needs, Need{
			By:         Statement{Layer: iam.BoundaryLayer, Policy: localName(p.unknownBoundary)},
			Conditions: []string{"the boundary " + p.unknownBoundary + ", which the export does not have, allows it"},
		})
	}
	return v
}

// set returns the policies that bind callers of an account, and the resource's.
func (q *question) set(account string) *iam.PolicySet {
	set := &iam.PolicySet{Resource: q.policy, Target: q.target}
	if a := q.accounts[account]; a != nil {
		set.SCPs, set.PrincipalInManagementAccount = a.scps, a.management
	}
	if a := q.accounts[q.owner]; a != nil {
		set.RCPs, set.ResourceInManagementAccount = a.rcps, a.management
	}
	return set
}

// settled reports whether a key is known of a user or role of the snapshot: it
// has the value that was derived, or none. Calls are direct ones and over TLS,
// unless the question says otherwise.
func (q *question) settled(key string) bool {
	if slices.Contains(settledKeys, key) || strings.HasPrefix(key, "aws:principaltag/") {
		return true
	}
	return q.target == iam.RoleTrust && strings.HasPrefix(key, "iam:resourcetag/")
}

// settledKeys are the keys that follow from who calls. Those of service
// principals and of who they call for are absent from other calls.
var settledKeys = []string{
	"aws:principalarn", "aws:principalaccount", "aws:principaltype", "aws:username",
	"aws:principalisawsservice", "aws:principalservicename", "aws:principalservicenameslist",
	"aws:sourcearn", "aws:sourceaccount", "aws:sourceorgid", "aws:sourceorgpaths",
	"aws:resourceaccount", "aws:viaawsservice", "aws:calledvia", "aws:calledviafirst", "aws:calledvialast",
	"aws:securetransport", "aws:assumedroot",
}

// asker is someone a question is asked of.
type asker struct {
	iam.Principal
	facts iam.CallerFacts
	// unknown says which keys may have any value, in lower case.
	unknown func(key string) bool
	// forget are keys that would follow from Principal, where that stands for many.
	forget []string
}

// answer asks the evaluator.
func (q *question) answer(set *iam.PolicySet, who asker) verdict {
	caller, facts := who.Principal, who.facts
	if a := q.accounts[caller.Account]; a != nil {
		facts.OrgID, facts.OrgPaths = a.orgID, a.orgPaths
	}
	about := iam.ResourceFacts{Account: q.owner, Tags: q.tags}
	if a := q.accounts[q.owner]; a != nil {
		about.OrgID, about.OrgPaths = a.orgID, a.orgPaths
	}
	r := &iam.Request{Principal: caller, Action: q.action, Resource: q.resource, ResourceAccount: q.owner}
	r.Context = iam.DeriveContext(iam.Facts{Principal: caller, Caller: facts, Call: iam.CallFacts{TLS: true}, Resource: about})
	for _, key := range who.forget {
		r.Context.Delete(key)
	}
	if q.target == iam.RoleTrust {
		for k, v := range q.tags {
			r.Context.Set("iam:ResourceTag/"+k, v)
		}
	}
	for _, k := range q.given.Keys() {
		if v, _ := q.given.Get(k); v.Multi {
			r.Context.SetMulti(k, v.Values...)
		} else {
			r.Context.Set(k, v.Values[0])
		}
	}
	o := set.Outlook(r, who.unknown)
	if !o.Best.Allowed() {
		return verdict{}
	}
	v := verdict{yes: true, decision: o.Best, by: statementOf(set, o.Best.By)}
	if !o.Worst.Allowed() {
		v.certainty = Conditional
		if d := set.Decide(r); d.Allowed() {
			v.certainty, v.decision, v.by = AsAsked, d, statementOf(set, d.By)
		}
		for _, n := range o.Needs {
			v.needs = append(v.needs, needOf(set, n))
		}
	}
	return v
}

// policyOf returns the policy of a statement of a set.
func policyOf(set *iam.PolicySet, at iam.StatementRef) *iam.Compiled {
	switch at.Layer {
	case iam.SCPLayer:
		return set.SCPs[at.Level][at.Policy]
	case iam.RCPLayer:
		return set.RCPs[at.Level][at.Policy]
	case iam.ResourceLayer:
		return set.Resource
	case iam.IdentityLayer:
		return set.Identity[at.Policy]
	case iam.BoundaryLayer:
		return set.Boundary
	}
	return nil
}

func statementOf(set *iam.PolicySet, at iam.StatementRef) Statement {
	c := policyOf(set, at)
	if c == nil {
		return Statement{}
	}
	s := Statement{Layer: at.Layer, Policy: c.Name(), Index: at.Statement}
	if sid := c.Policy().Statements[at.Statement].Sid; sid != nil {
		s.Sid = *sid
	}
	return s
}

func needOf(set *iam.PolicySet, n iam.Need) Need {
	out := Need{By: statementOf(set, n.At), Unless: n.Effect == iam.Deny}
	c := policyOf(set, n.At)
	if c == nil {
		return out
	}
	s := &c.Policy().Statements[n.At.Statement]
	for _, i := range n.Conditions {
		out.Conditions = append(out.Conditions, conditionText(&s.Conditions[i]))
	}
	if n.Resource {
		word := "Resource "
		if s.Resources.Not {
			word = "NotResource "
		}
		out.Conditions = append(out.Conditions, word+"is "+values(s.Resources.Values))
	}
	return out
}

func conditionText(c *iam.Condition) string {
	var all []string
	for _, v := range c.Values {
		all = append(all, v.Text)
	}
	return c.Key + " " + c.Written + " " + values(all)
}

// values lists values for people, at most a handful of them.
func values(all []string) string {
	const most = 5
	shown := all[:min(len(all), most)]
	text := strings.Join(shown, " or ")
	if len(all) > most {
		text += " or …"
	}
	return text
}
