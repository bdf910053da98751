package console

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/berth-project/berth/iam"
)

// layerView is one layer of the decision as the page draws it.
type layerView struct {
	Name, Result, Text string
	Policies           []policyView
	// More is how many statements are left out.
	More int

	shown int
}

// Bounds of what is drawn: statements of one layer, and characters of what one
// element says.
const (
	maxDrawn = 100
	maxSaid  = 600
)

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
func layersOf(places map[string]pastedPolicy, x *iam.Explanation) []layerView {
	var out []layerView
	for _, l := range layerNames {
		result := x.Layers.Of(l.layer)
		v := layerView{Name: l.name, Result: result.String(), Text: results[result]}
		for i := range x.Trace {
			if layerOf(x.Trace[i].Policy) == l.layer.String() {
				v.add(places, x, &x.Trace[i])
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

// add puts a statement below its policy. Of too many the one that decided is
// there still.
func (v *layerView) add(places map[string]pastedPolicy, x *iam.Explanation, t *iam.TracedStatement) {
	decided := slices.ContainsFunc(x.DecidedBy, func(d iam.Decider) bool { return d.Policy == t.Policy && d.Index == t.Index })
	if v.shown++; v.shown > maxDrawn && !decided {
		v.More++
		return
	}
	if n := len(v.Policies); n == 0 || v.Policies[n-1].Name != t.Policy {
		v.Policies = append(v.Policies, policyView{Name: t.Policy})
	}
	p := &v.Policies[len(v.Policies)-1]
	s := statementView{Title: fmt.Sprintf("Statement %d", t.Index+1), Effect: t.Effect.String(), Matched: t.Matched, Decided: decided}
	if t.Sid != "" {
		s.Title += " · " + t.Sid
	}
	for i := range t.Elements {
		s.Elements = append(s.Elements, elementOf(&t.Elements[i]))
	}
	s.Text, s.Line = places[t.Policy].in(t.Index)
	p.Statements = append(p.Statements, s)
}

func elementOf(c *iam.Check) elementView {
	e := elementView{Name: clip(c.Element), Passed: c.Pass}
	name := c.Element
	if c.Key != "" {
		e.Name = clip(c.Operator + " " + c.Key)
		name += " " + c.Operator + " " + c.Key
	}
	if !c.Pass {
		e.Text = clip(strings.TrimPrefix(c.Failure.String(), name+": "))
	}
	return e
}

// clip shortens what is too long to be read.
func clip(s string) string { return cut(s, maxSaid) }

// brief is a text in a row of a table; the page of the row has it whole.
func brief(s string) string { return cut(s, 160) }

func cut(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + " …"
}

// in is the statement as it stands in the text that was pasted, and the line of
// that text where it begins.
func (p pastedPolicy) in(statement int) (text string, line int) {
	span, ok := p.Span(iam.StatementPath(statement))
	if !ok {
		return "", 0
	}
	return dedent(p.Text()[span.Start.Offset:span.End.Offset], span.Start.Column-1), p.found.Position(span.Start).Line
}

// places are the pasted policies by the names that results give them.
func (s *simulation) places() map[string]pastedPolicy {
	out := map[string]pastedPolicy{}
	for layer, box := range map[iam.Layer]string{
		iam.IdentityLayer: "identity", iam.ResourceLayer: "resource-policy", iam.BoundaryLayer: "boundary", iam.SessionLayer: "session",
		iam.SCPLayer: "scp", iam.RCPLayer: "rcp", iam.EndpointLayer: "endpoint",
	} {
		for i, p := range s.policies[box] {
			out[iam.StatementRef{Layer: layer, Policy: i}.PolicyName()] = p
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
