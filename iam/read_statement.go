package iam

import (
	"fmt"
	"strings"

	"github.com/berth-project/berth/internal/jsonsource"
)

// elements are the members of a statement, nil where absent.
type elements struct {
	sid, effect, principal, notPrincipal, action, notAction, resource, notResource, condition *jsonsource.Member
}

func (r *reader) statement(i int, n *jsonsource.Node) Statement {
	if n.Kind != jsonsource.Object {
		r.mismatch(n, StatementPath(i), "an object", false)
		return Statement{}
	}
	e := r.elements(i, n)
	s := Statement{
		Sid:        r.sid(i, e.sid),
		Effect:     r.effect(i, n, e.effect),
		Principals: r.principals(i, n, e),
		Actions:    r.actions(i, n, e),
		Resources:  r.resources(i, n, e),
	}
	if e.condition != nil {
		s.ConditionPresent = true
		s.Conditions = r.conditions(i, &e.condition.Value)
	}
	r.kindRules(i, &s, e)
	return s
}

func (r *reader) elements(i int, n *jsonsource.Node) elements {
	var e elements
	twins := r.duplicates(n, func() string { return StatementPath(i) })
	for k := range n.Members {
		m := &n.Members[k]
		slot := e.slot(m.Name)
		switch {
		case slot == nil && !twins[m]:
			r.unknownElement(m, StatementPath(i), statementElements)
		case slot != nil && *slot == nil:
			*slot = m
		}
	}
	return e
}

func (e *elements) slot(name string) **jsonsource.Member {
	switch name {
	case "Sid":
		return &e.sid
	case "Effect":
		return &e.effect
	case "Principal":
		return &e.principal
	case "NotPrincipal":
		return &e.notPrincipal
	case "Action":
		return &e.action
	case "NotAction":
		return &e.notAction
	case "Resource":
		return &e.resource
	case "NotResource":
		return &e.notResource
	case "Condition":
		return &e.condition
	}
	return nil
}

// namesAreIAMs reports whether IAM or Organizations hold the documents of this
// kind, which take letters and digits in a Sid and each Sid once (IAM User
// Guide, "Sid"). Services with policies of their own are freer.
func (r *reader) namesAreIAMs() bool {
	k := r.options.Kind
	return !k.HasPrincipal() || k == ResourceControlPolicy
}

func (r *reader) sid(i int, m *jsonsource.Member) *string {
	if m == nil {
		return nil
	}
	n := &m.Value
	path := func() string { return StatementPath(i) + ".Sid" }
	if n.Kind != jsonsource.String {
		r.mismatch(n, path(), "a string", true)
		return nil
	}
	if r.namesAreIAMs() && strings.ContainsFunc(n.Text, func(c rune) bool { return !alphanumeric(c) }) {
		r.tolerate(fault{codeSid, "Sid " + quoted(n.Text) + " has other characters than letters and digits", "use A-Z, a-z and 0-9"}, path(), r.span(n))
	}
	return &n.Text
}

func alphanumeric(c rune) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

// uniqueSids reports Sids that name two statements. The empty one names none.
func (r *reader) uniqueSids() {
	if !r.namesAreIAMs() || len(r.policy.Statements) < 2 {
		return
	}
	first := map[string]int{}
	for j, s := range r.policy.Statements {
		if s.Sid == nil || *s.Sid == "" {
			continue
		}
		i, ok := first[*s.Sid]
		if !ok {
			first[*s.Sid] = j
			continue
		}
		path := StatementPath(j) + ".Sid"
		at, _ := r.policy.Span(path)
		r.tolerate(fault{codeUniqueSids, fmt.Sprintf("Sid %s is that of %s too", quoted(*s.Sid), StatementPath(i)), "give each statement a name of its own"}, path, at)
	}
}

func (r *reader) effect(i int, statement *jsonsource.Node, m *jsonsource.Member) Effect {
	path := func() string { return StatementPath(i) + ".Effect" }
	switch {
	case m == nil:
		r.refuse(fault{codeMissingEffect, "statement has no Effect", `add "Effect": "Allow" or "Deny"`}, StatementPath(i), r.span(statement))
	case m.Value.Kind != jsonsource.String:
		r.mismatch(&m.Value, path(), "a string", false)
	case m.Value.Text == "Allow":
		return Allow
	case m.Value.Text == "Deny":
		return Deny
	default:
		f := fault{codeEffect, "effect " + quoted(m.Value.Text) + " does not exist", `write "Allow" or "Deny"`}
		if near := nearest(m.Value.Text, []string{"Allow", "Deny"}); near != "" {
			f.help = fmt.Sprintf("write %q", near)
		}
		r.refuse(f, path(), r.span(&m.Value))
	}
	return NoEffect
}

// oneOf returns the one of an element and its negation that is there; where both
// are it reports that and returns the positive one.
func (r *reader) oneOf(i int, positive, negative *jsonsource.Member) (m *jsonsource.Member, not bool) {
	if positive == nil {
		return negative, negative != nil
	}
	if negative != nil {
		r.refuse(fault{codeCombination, fmt.Sprintf("statement has both %s and %s", positive.Name, negative.Name), "keep one of the two"},
			StatementPath(i)+"."+negative.Name, r.nameSpan(negative))
	}
	return positive, false
}

func (r *reader) actions(i int, n *jsonsource.Node, e elements) Elements {
	m, not := r.oneOf(i, e.action, e.notAction)
	if m == nil {
		r.refuse(fault{codeMissingAction, "statement has neither Action nor NotAction", `add "Action": [...]`}, StatementPath(i), r.span(n))
		return Elements{}
	}
	values, scalar := r.texts(&m.Value, func() string { return StatementPath(i) + "." + m.Name }, r.actionFaults)
	return Elements{Not: not, Values: values, Scalar: scalar}
}

func (r *reader) resources(i int, n *jsonsource.Node, e elements) Elements {
	m, not := r.oneOf(i, e.resource, e.notResource)
	switch {
	case m == nil && r.options.Kind == TrustPolicy:
		return Elements{}
	case m == nil:
		r.missingResource(i, n)
		return Elements{}
	case r.options.Kind == TrustPolicy:
		r.refuse(fault{codeTrustResource, m.Name + " has no place in a trust policy", "remove it: the resource is the role itself"},
			StatementPath(i)+"."+m.Name, r.nameSpan(m))
	}
	values, scalar := r.texts(&m.Value, func() string { return StatementPath(i) + "." + m.Name }, r.resourceFaults)
	return Elements{Not: not, Values: values, Scalar: scalar}
}

// missingResource reports a statement without Resource, unless it is of a type
// of resource whose policies go without. Of any resource policy it is clear what
// such a statement is about: what the policy is attached to.
func (r *reader) missingResource(i int, n *jsonsource.Node) {
	resource := r.options.Kind == ResourcePolicy
	if resource && findResourceType(r.options.ResourceType).noResource {
		return
	}
	r.report(fault{codeMissingResource, "statement has neither Resource nor NotResource", `add "Resource": [...]`}, StatementPath(i), r.span(n), resource)
}

// texts reads a string or a list of strings. Check returns what is wrong with
// one of them, all of which is tolerated.
func (r *reader) texts(n *jsonsource.Node, path func() string, check func(string) []fault) (values []string, scalar bool) {
	switch n.Kind {
	case jsonsource.String:
		for _, f := range check(n.Text) {
			r.tolerate(f, path(), r.span(n))
		}
		return []string{n.Text}, true
	case jsonsource.Array:
		values = make([]string, len(n.Items))
		for j := range n.Items {
			item := &n.Items[j]
			if item.Kind != jsonsource.String {
				r.mismatch(item, path()+index(j, false), "a string", false)
				continue
			}
			values[j] = item.Text
			for _, f := range check(item.Text) {
				r.tolerate(f, path()+index(j, false), r.span(item))
			}
		}
		return values, false
	}
	r.mismatch(n, path(), "a string or a list of strings", false)
	return []string{}, false
}

// actionFaults checks an action pattern: "*" or "service:Name", with wildcards.
func (r *reader) actionFaults(s string) []fault {
	if r.variables && strings.Contains(s, "${") {
		return []fault{{codeVariableElement, "action " + quoted(s) + " has a variable", "name the action: variables stand in resources and conditions"}}
	}
	if s == "*" {
		return nil
	}
	service, name, ok := strings.Cut(s, ":")
	switch {
	case !ok:
		return []fault{{codeAction, "action " + quoted(s) + " has no service", `write it as "service:Name", such as "s3:GetObject"`}}
	case service == "" || name == "":
		return []fault{{codeAction, "action " + quoted(s) + " lacks the service or the name", `write it as "service:Name", such as "s3:GetObject"`}}
	}
	if i := strings.IndexFunc(service+name, func(c rune) bool { return !alphanumeric(c) && !strings.ContainsRune("-_.*?", c) }); i >= 0 {
		return []fault{{codeAction, "action " + quoted(s) + " has a character that no action has", `write it as "service:Name", such as "s3:GetObject"`}}
	}
	return nil
}

// kindRules checks what one kind of policy allows and another does not.
func (r *reader) kindRules(i int, s *Statement, e elements) {
	switch {
	case r.options.Kind == ResourceControlPolicy:
		r.rcpRules(i, s, e)
	case r.options.Kind == ServiceControlPolicy && r.options.SCPLegacy:
		r.legacySCPRules(i, s, e)
	}
}
