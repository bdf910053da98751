package iam

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// String returns the explanation for people: the answer, a sentence for each
// layer, what came near to allowing, and what would help.
func (x Explanation) String() string {
	var b strings.Builder
	_ = x.WriteText(&b) // a Builder takes everything
	return b.String()
}

// WriteText writes what [Explanation.String] returns.
func (x Explanation) WriteText(w io.Writer) error {
	if x.from == nil {
		return nil
	}
	t := &textWriter{x: &x, explainer: x.from}
	t.answer()
	for l := SCPLayer; l <= SessionLayer && x.Reason != AllowAlways; l++ {
		t.line("  %-9s %s", l.String()+":", t.layer(l))
	}
	t.writeDeny()
	t.writeNearMisses()
	t.writeSuggestions()
	_, err := io.WriteString(w, t.b.String())
	return err
}

// WriteTrace writes every statement of [Explanation.Trace] for people, with what
// each of its elements says.
func (x Explanation) WriteTrace(w io.Writer) error {
	if len(x.Trace) == 0 {
		return nil
	}
	var t textWriter
	t.line("Statement by statement:")
	for _, s := range x.Trace {
		matches := "matches"
		if !s.Matched {
			matches = "does not match"
		}
		t.line("  %s: %s, %s", statementName(s.Policy, s.Name, s.Index, s.Sid), s.Effect, matches)
		for _, check := range s.Elements {
			mark := "ok"
			if !check.Pass {
				mark = "no"
			}
			t.line("    %s  %s", mark, check.Failure)
		}
	}
	_, err := io.WriteString(w, t.b.String())
	return err
}

// textWriter writes an explanation.
type textWriter struct {
	*explainer
	x *Explanation
	b strings.Builder
}

func (t *textWriter) line(format string, args ...any) {
	fmt.Fprintf(&t.b, format+"\n", args...)
}

// answer writes the first line: who may or may not do what, and the reason.
func (t *textWriter) answer() {
	r, may := t.req, "may"
	if !t.x.Allowed() {
		may = "may not"
	}
	t.line("%s (%s): %s %s %s on %s", t.x.Decision, t.x.Reason,
		printable(r.Principal.names()[0]), may, printable(r.Action), printable(r.Resource))
	if t.x.Reason == AllowAlways {
		t.line("  no policy can deny this action")
	}
}

// layer returns the sentence about one layer.
func (t *textWriter) layer(l Layer) string {
	switch t.x.Layers.Of(l) {
	case NotApplicable:
		return t.notApplicable(l)
	case LayerDeny:
		return t.first(l, Deny) + " denies it"
	case LayerAllow:
		return t.layerAllows(l)
	}
	switch l {
	case SCPLayer:
		return "no statement at " + t.closedLevels() + " allows it, and every level must"
	case IdentityLayer, SessionLayer:
		list := t.set.Identity
		if l == SessionLayer {
			list = t.set.Session
		}
		switch len(list) {
		case 0:
			return "there is no policy, and so nothing that allows it"
		case 1:
		default:
			return "no statement of the " + strconv.Itoa(len(list)) + " policies allows it"
		}
	}
	return "no statement of the policy allows it"
}

// notApplicable says why a layer has no say.
func (t *textWriter) notApplicable(l Layer) string {
	s, kind := t.set, t.req.Principal.Kind
	switch l {
	case SCPLayer, RCPLayer:
		levels := s.SCPs
		if l == RCPLayer {
			levels = s.RCPs
		}
		switch {
		case len(levels) == 0:
			return "none is attached"
		case s.ServiceLinkedRole:
			return "does not apply to service-linked roles"
		case l == SCPLayer && s.PrincipalInManagementAccount, l == RCPLayer && s.ResourceInManagementAccount:
			return "does not apply in the management account"
		case l == SCPLayer:
			return "applies to users, roles and root users only"
		}
		return "does not apply to resources of this service"
	case EndpointLayer:
		return "the request came through no endpoint with a policy"
	case ResourceLayer:
		return "the resource has no policy"
	case BoundaryLayer:
		if s.Boundary == nil {
			return "none is set"
		}
	case SessionLayer:
		if s.Session == nil {
			return "none was passed"
		}
	}
	return "does not apply to " + kind.noun()
}

// noun returns what callers of the kind are called in a sentence.
func (k PrincipalKind) noun() string {
	return [...]string{
		Anonymous: "anonymous callers", User: "users", AssumedRole: "role sessions", FederatedUser: "federated users",
		Root: "root users", ServicePrincipal: "services", SAMLIdentity: "SAML identities", WebIdentity: "web identities",
	}[k]
}

func (t *textWriter) layerAllows(l Layer) string {
	switch {
	case l == SCPLayer:
		return "every level allows it"
	case l == RCPLayer:
		return "no statement denies it"
	case l == IdentityLayer && t.req.Principal.Kind == Root:
		return "the root user may do all that its account may"
	case l != ResourceLayer:
		return t.first(l, Allow) + " allows it"
	}
	text := t.named(t.allowed[ResourceLayer]) + " allows it"
	if t.grant.delegates() && t.sameAccount() {
		text += ", but names only the account: the caller's own policies must allow it too"
	}
	return text
}

// first names the first statement of a layer that matches.
func (t *textWriter) first(l Layer, effect Effect) string {
	for _, rec := range t.rec.statements {
		if rec.matches && rec.at.Layer == l && t.set.Statement(rec.at).Effect == effect {
			return t.named(rec.at)
		}
	}
	return "a statement"
}

// named names a statement of the set.
func (t *textWriter) named(at StatementRef) string {
	return statementName(at.PolicyName(), t.set.Policy(at).Name(), at.Statement, t.set.Statement(at).sid())
}

// closedLevels lists the levels of the SCPs that do not allow.
func (t *textWriter) closedLevels() string {
	var closed []string
	for level := range t.set.SCPs {
		if !t.open[level] {
			closed = append(closed, strconv.Itoa(level))
		}
	}
	if len(closed) == 1 {
		return "level " + closed[0]
	}
	return "levels " + strings.Join(closed, " and ")
}

// statementName names a statement for people.
func statementName(policy, name string, index int, sid string) string {
	text := policy
	if name != "" {
		text += " " + printable(name)
	}
	text += ", statement " + strconv.Itoa(index)
	if sid != "" {
		text += " " + strconv.Quote(sid)
	}
	return text
}

// writeDeny says under which conditions the Deny holds: to meet them otherwise is
// the way out of it.
func (t *textWriter) writeDeny() {
	at := t.decision.By
	if t.decision.Outcome != ExplicitDeny || len(t.set.Statement(at).Conditions) == 0 {
		return
	}
	t.line("The Deny holds because:")
	for _, rec := range t.rec.statements {
		if rec.at != at {
			continue
		}
		for _, n := range rec.notes {
			if n.which == conditionElement {
				t.line("  %s", t.conditionFailure(at, n).holding())
			}
		}
	}
}

func (t *textWriter) writeNearMisses() {
	if len(t.x.NearMisses) == 0 {
		return
	}
	t.line("Nearest to allowing it:")
	for _, m := range t.x.NearMisses {
		t.line("  %s", statementName(m.Policy, m.Name, m.Index, m.Sid))
		for _, f := range m.Failed {
			t.line("    %s", f)
		}
	}
}

func (t *textWriter) writeSuggestions() {
	for _, s := range t.x.Suggest {
		text, err := json.Marshal(s.statement())
		if err != nil {
			continue // a statement of strings always marshals
		}
		t.line("To allow it, add to the %s policies:\n  %s", s.To, text)
	}
}

// String says why the element fails, as in
//
//	Condition StringEquals aws:PrincipalTag/team: wants "blue", the request has "red"
func (f Failure) String() string {
	text := f.Element
	if f.Key != "" {
		text += " " + printable(f.Operator) + " " + printable(f.Key)
	}
	text += ": "
	switch f.Why {
	case WhyKeyAbsent:
		return text + "wants " + f.wanted() + ", the request does not have the key"
	case WhyType:
		return text + "wants " + f.wanted() + ", the request has " + quoteList(f.Got) + ", and one is not of the operator's type"
	case WhyUnresolved:
		return text + "the request has no single value for the variable ${" + printable(f.Variable) + "}"
	case WhyNeedsSetOperator:
		return text + "the request has " + strconv.Itoa(len(f.Got)) + " values, which need ForAllValues or ForAnyValue"
	case WhyUnknownOperator:
		return text + "there is no such operator"
	case WhyMissing:
		return text + "the statement has none"
	case WhyUnreadable:
		return text + "a pattern or value is too long or cannot be read"
	case WhyValueDiffers:
		verb := "wants "
		if strings.HasPrefix(f.Element, "Not") {
			verb = "excludes "
		}
		return text + verb + f.wanted() + ", the request has " + quoteList(f.Got)
	}
	return text + "passes"
}

// holding says why the condition holds, as in
//
//	Condition BoolIfExists aws:MultiFactorAuthPresent "false": the request does not have the key
func (f Failure) holding() string {
	if f.Why != "" {
		return f.String() // unreadable, and so taken to hold
	}
	text := f.Element + " " + printable(f.Operator) + " " + printable(f.Key) + " " + f.wanted() + ": the request "
	if len(f.Got) == 0 {
		return text + "does not have the key"
	}
	return text + "has " + quoteList(f.Got)
}

// wanted lists the values of the policy, with their variables replaced.
func (f *Failure) wanted() string {
	if f.resolved != nil {
		return quoteList(f.resolved)
	}
	return quoteList(f.Want)
}

// printable returns s so that nothing in it steers a terminal or breaks a line.
func printable(s string) string {
	quoted := strconv.Quote(s)
	return quoted[1 : len(quoted)-1]
}

// maxListed is how many values a sentence lists.
const maxListed = 4

func quoteList(values []string) string {
	if len(values) == 0 {
		return "nothing"
	}
	var b strings.Builder
	for i, v := range values[:min(len(values), maxListed)] {
		if i > 0 {
			b.WriteString(" or ")
		}
		b.WriteString(strconv.Quote(v))
	}
	if more := len(values) - maxListed; more > 0 {
		fmt.Fprintf(&b, " or %d more", more)
	}
	return b.String()
}
