package console

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/berth-project/berth/iam"
)

// layerView is one layer of the decision as the page draws it.
type layerView struct {
	Name, Result, Text string
	Policies           []policyView
}

type policyView struct {
	Name       string
	Statements []statementView
}

// statementView is one statement: what matched and what did not.
type statementView struct {
	Title  string
	Effect string
	// Matched is whether it is about the request, Decided whether it decided.
	Matched, Decided bool
	Elements         []elementView
	// Text is the statement as it was pasted, Line where it begins.
	Text string
	Line int
}

type elementView struct {
	Name   string
	Passed bool
	Text   string
}

// results say in words what a layer had to say.
var results = map[iam.LayerResult]string{
	iam.NotApplicable: "has no say", iam.LayerImplicit: "nothing in it allows", iam.LayerAllow: "allows", iam.LayerDeny: "denies",
}

// layerNames are the layers for people, in the order in which they are asked.
var layerNames = [...]struct {
	layer iam.Layer
	name  string
}{
	{iam.SCPLayer, "service control policies"},
	{iam.RCPLayer, "resource control policies"},
	{iam.EndpointLayer, "endpoint policy"},
	{iam.ResourceLayer, "policy of the resource"},
	{iam.IdentityLayer, "policies of the caller"},
	{iam.BoundaryLayer, "permissions boundary"},
	{iam.SessionLayer, "session policies"},
}

// layersOf arranges the trace of a decision by layer and policy.
func layersOf(set *iam.PolicySet, x *iam.Explanation) []layerView {
	var out []layerView
	for _, l := range layerNames {
		result := x.Layers.Of(l.layer)
		v := layerView{Name: l.name, Result: result.String(), Text: results[result]}
		for i := range x.Trace {
			if layerOf(x.Trace[i].Policy) == l.layer.String() {
				v.add(set, x, &x.Trace[i])
			}
		}
		out = append(out, v)
	}
	return out
}

// layerOf is the layer of a policy's name: "identity" of "identity[1]".
func layerOf(policy string) string {
	name, _, _ := strings.Cut(policy, "[")
	return strings.TrimSuffix(name, "s")
}

// add puts a statement below its policy.
func (v *layerView) add(set *iam.PolicySet, x *iam.Explanation, t *iam.TracedStatement) {
	if n := len(v.Policies); n == 0 || v.Policies[n-1].Name != t.Policy {
		v.Policies = append(v.Policies, policyView{Name: t.Policy})
	}
	p := &v.Policies[len(v.Policies)-1]
	s := statementView{Title: fmt.Sprintf("Statement %d", t.Index+1), Effect: t.Effect.String(), Matched: t.Matched}
	if t.Sid != "" {
		s.Title += " · " + t.Sid
	}
	for _, d := range x.DecidedBy {
		s.Decided = s.Decided || d.Policy == t.Policy && d.Index == t.Index
	}
	for i := range t.Elements {
		s.Elements = append(s.Elements, elementOf(&t.Elements[i]))
	}
	s.Text, s.Line = pasted(set, t)
	p.Statements = append(p.Statements, s)
}

func elementOf(c *iam.Check) elementView {
	e := elementView{Name: c.Element, Passed: c.Pass}
	if c.Key != "" {
		e.Name = strings.TrimSpace(c.Operator + " " + c.Key)
	}
	if !c.Pass {
		e.Text = c.Failure.String()
	}
	return e
}

// pasted is the statement as it stands in the text that was pasted.
func pasted(set *iam.PolicySet, t *iam.TracedStatement) (text string, line int) {
	p := named(set)[t.Policy]
	if p == nil {
		return "", 0
	}
	span, ok := p.Policy().Span(iam.StatementPath(t.Index))
	if !ok {
		return "", 0
	}
	return dedent(p.Policy().Text()[span.Start.Offset:span.End.Offset], span.Start.Column-1), span.Start.Line
}

// named are the policies of a set by the names results give them.
func named(set *iam.PolicySet) map[string]*iam.Compiled {
	out := map[string]*iam.Compiled{}
	add := func(at iam.StatementRef, p *iam.Compiled) {
		if p != nil {
			out[at.PolicyName()] = p
		}
	}
	add(iam.StatementRef{Layer: iam.ResourceLayer}, set.Resource)
	add(iam.StatementRef{Layer: iam.BoundaryLayer}, set.Boundary)
	add(iam.StatementRef{Layer: iam.EndpointLayer}, set.Endpoint)
	for layer, levels := range map[iam.Layer][][]*iam.Compiled{
		iam.IdentityLayer: {set.Identity}, iam.SessionLayer: {set.Session}, iam.SCPLayer: set.SCPs, iam.RCPLayer: set.RCPs,
	} {
		for level, policies := range levels {
			for i, p := range policies {
				add(iam.StatementRef{Layer: layer, Level: level, Policy: i}, p)
			}
		}
	}
	return out
}

// dedent takes the indent of the first line from those that follow.
func dedent(text string, indent int) string {
	lines := strings.Split(text, "\n")
	for i := 1; i < len(lines); i++ {
		trimmed := strings.TrimLeft(lines[i], " \t")
		lines[i] = lines[i][min(indent, len(lines[i])-len(trimmed)):]
	}
	return strings.Join(lines, "\n")
}

// statementText is a statement as JSON, indented.
func statementText(s *iam.Statement) string {
	p := iam.Policy{Version: iam.Version2012, Statements: []iam.Statement{*s}}
	var doc struct{ Statement []json.RawMessage }
	if err := json.Unmarshal(iam.Format(&p, iam.FormatOptions{}), &doc); err != nil || len(doc.Statement) != 1 {
		return ""
	}
	return dedent(string(doc.Statement[0]), 4)
}
