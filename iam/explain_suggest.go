package iam

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/berth-project/berth/arn"
)

// Suggestion is a change that would get a request past where it was stopped.
// The next layer may still stop it.
type Suggestion struct {
	// Kind is "add-statement".
	Kind string
	// To is the layer whose policies the statement is to be added to. To an SCP
	// it must be added at each level that does not allow.
	To Layer
	// Statement allows this request and as little else as the language can say.
	// Its escapes ("${*}") need a document of [Version2012].
	Statement Statement
}

// AddStatement is the kind of suggestions that add a statement.
const AddStatement = "add-statement"

// suggestedStatement is the JSON form of a suggested statement.
type suggestedStatement struct {
	Effect    Effect
	Principal map[string]string `json:",omitempty"`
	Action    string
	Resource  string                       `json:",omitempty"`
	Condition map[string]map[string]string `json:",omitempty"`
}

// MarshalJSON writes the statement as a document would have it.
func (s Suggestion) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Kind      string             `json:"kind"`
		To        Layer              `json:"to"`
		Statement suggestedStatement `json:"statement"`
	}{s.Kind, s.To, s.statement()})
}

func (s *Suggestion) statement() suggestedStatement {
	out := suggestedStatement{
		Effect: s.Statement.Effect, Action: scalar(s.Statement.Actions.Values), Resource: scalar(s.Statement.Resources.Values),
	}
	if p := s.Statement.Principals; p != nil {
		out.Principal = map[string]string{}
		for _, e := range p.Entries {
			out.Principal[e.Key] = scalar(e.Values)
		}
	}
	for _, c := range s.Statement.Conditions {
		if out.Condition == nil {
			out.Condition = map[string]map[string]string{}
		}
		if out.Condition[c.Written] == nil {
			out.Condition[c.Written] = map[string]string{}
		}
		for _, v := range c.Values {
			out.Condition[c.Written][c.Key] = v.Text
		}
	}
	return out
}

// scalar returns the one value that suggested elements have.
func scalar(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[0]
}

// suggestions returns what would get the request further. Nothing does where a
// Deny matches. To open a resource to everybody is suggested to nobody, nor to
// go around the conditions under which a policy allows this very request: the
// near misses say what they are, and whoever wrote them wanted them.
func (x *explainer) suggestions() []Suggestion {
	out := []Suggestion{}
	layers := x.stoppedAt()
	if len(layers) == 0 || x.req.Principal.Kind == Anonymous || x.action.oversize() {
		return out
	}
	if slices.ContainsFunc(x.rec.statements, func(rec record) bool { return rec.at.Layer == layers[0] && x.guarded(rec) }) {
		return out
	}
	s := Suggestion{Kind: AddStatement, To: layers[0], Statement: Statement{
		Effect:    Allow,
		Actions:   Elements{Values: []string{x.req.Action}, Scalar: true},
		Resources: Elements{Values: []string{escape(x.req.Resource)}, Scalar: true},
	}}
	if s.To.needsPrincipal() {
		entry, ok := x.req.Principal.entry()
		if !ok {
			return out
		}
		s.Statement.Principals = &Principals{Entries: []PrincipalEntry{entry}}
	}
	if s.To == ResourceLayer {
		if x.set.Target == RoleTrust {
			s.Statement.Resources = Elements{} // a trust policy has none
		}
		s.Statement.Conditions = x.guards()
		s.Statement.ConditionPresent = s.Statement.Conditions != nil
	}
	return append(out, s)
}

// guarded reports whether a statement would allow the request but for its
// conditions.
func (x *explainer) guarded(rec record) bool {
	if rec.matches || x.set.Statement(rec.at).Effect != Allow {
		return false
	}
	return !slices.ContainsFunc(rec.notes, func(n note) bool { return !n.passes && n.which != conditionElement })
}

// escape writes a resource so that it names itself alone.
func escape(resource string) string {
	if resource == "*" {
		return resource
	}
	return strings.NewReplacer("${", "${$}{", "*", "${*}", "?", "${?}").Replace(resource)
}

// entry returns the principal as a policy should name it: a session by its role,
// so that the next session is allowed too.
func (p *Principal) entry() (PrincipalEntry, bool) {
	e := PrincipalEntry{Key: "AWS", Scalar: true}
	name := p.ARN
	switch p.Kind {
	case AssumedRole:
		if p.RoleARN != "" {
			name = p.RoleARN
		}
	case ServicePrincipal:
		e.Key, name = "Service", p.Service
	case SAMLIdentity, WebIdentity:
		e.Key, name = "Federated", p.Provider
	}
	e.Values = []string{name}
	return e, name != ""
}

// guards returns the conditions without which a statement in a resource's policy
// would allow more than this caller: those of the confused deputy for services
// and third parties, audience and subject of identity providers.
func (x *explainer) guards() []Condition {
	var out []Condition
	for _, key := range x.req.Context.Keys() {
		v := x.req.Context.keys[key]
		if len(v.Values) != 1 || !x.req.Principal.Kind.guardedBy(key) {
			continue
		}
		operator, value := Operator{Test: StringEquals}, strings.ReplaceAll(v.Values[0], "${", "${$}{")
		if key == "aws:sourcearn" {
			if _, n := arn.Split(v.Values[0]); n < 6 {
				continue // no ARN: nothing matches it
			}
			operator, value = Operator{Test: ARNLike}, escape(v.Values[0])
		}
		out = append(out, Condition{
			Written: operator.String(), Operator: operator, Key: guardSpelling(key),
			Values: []Value{{Text: value}}, Scalar: true,
		})
	}
	return out
}

// guardedBy reports whether the key, in lower case, tells callers of this kind
// with the same principal apart.
func (k PrincipalKind) guardedBy(key string) bool {
	switch k {
	case ServicePrincipal:
		return key == "aws:sourcearn" || key == "aws:sourceaccount"
	case SAMLIdentity:
		return key == "saml:aud"
	case WebIdentity:
		return strings.HasSuffix(key, ":aud") || strings.HasSuffix(key, ":sub")
	}
	return key == "sts:externalid"
}

// guardSpelling returns the vendor's spelling of a key.
func guardSpelling(key string) string {
	for _, name := range []string{"aws:SourceArn", "aws:SourceAccount", "SAML:aud", "sts:ExternalId"} {
		if strings.EqualFold(name, key) {
			return name
		}
	}
	return key
}
