package workflow

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/berth-project/berth/internal/jsonscan"
	"github.com/berth-project/berth/internal/jsonsource"
	"github.com/berth-project/berth/workflow/input"
)

// ParamsError says why a run's parameters are refused.
type ParamsError struct {
	// Field names the parameter, or the part of one: "files[0].name"; "" means
	// the parameters as a whole.
	Field   string
	Message string
}

// Error implements error.
func (e *ParamsError) Error() string {
	if e.Field == "" {
		return "params: " + e.Message
	}
	return "params." + e.Field + ": " + e.Message
}

// defaultParam is the default of a parameter, as canonical JSON.
type defaultParam struct {
	name  string
	value json.RawMessage
}

// Params returns the parameters of a run: given, a JSON object or nothing, with
// the defaults for those that are missing, checked against the document's input
// schema. The error is a [*ParamsError], or several joined.
func (p *Plan) Params(given json.RawMessage) (json.RawMessage, error) {
	if len(jsonscan.Trim(given)) == 0 {
		given = json.RawMessage("{}")
	}
	doc, err := jsonsource.Parse(given, jsonsource.Limits{Bytes: MaxBytes, Depth: MaxDepth, Values: maxValues})
	if err != nil {
		return nil, &ParamsError{Message: "not JSON: " + err.Error()}
	}
	if doc.Root.Kind != jsonsource.Object {
		return nil, &ParamsError{Message: doc.Root.Kind.String() + " stands where an object belongs"}
	}
	if name, twice := repeatedName(doc.Root); twice {
		return nil, &ParamsError{Field: name, Message: "is there twice"}
	}
	merged := p.withDefaults(given, doc.Root)
	if p.schema == nil {
		return merged, nil
	}
	if err := p.schema.Check(merged); err != nil {
		return nil, paramsErrors(err)
	}
	return merged, nil
}

// withDefaults adds the defaults that are missing at the end of the object.
func (p *Plan) withDefaults(given json.RawMessage, root *jsonsource.Node) json.RawMessage {
	out := given[root.Start:root.End]
	copied := false
	for _, d := range p.defaults {
		if root.Member(d.name) != nil {
			continue
		}
		if !copied {
			out, copied = append(make([]byte, 0, len(out)+256), out...), true
		}
		out = out[:len(out)-1]
		if len(jsonscan.Trim(out)) > 1 {
			out = append(out, ',')
		}
		out = append(appendQuoted(out, d.name), ':')
		out = append(append(out, d.value...), '}')
	}
	return out
}

// repeatedName returns a name that an object has twice.
func repeatedName(n *jsonsource.Node) (string, bool) {
	seen := make(map[string]bool, len(n.Members))
	for i := range n.Members {
		if seen[n.Members[i].Name] {
			return n.Members[i].Name, true
		}
		seen[n.Members[i].Name] = true
	}
	return "", false
}

func paramsErrors(err error) error {
	list, ok := errors.AsType[input.Errors](err)
	if !ok {
		return &ParamsError{Message: err.Error()}
	}
	errs := make([]error, len(list))
	for i, e := range list {
		errs[i] = &ParamsError{Field: e.Field(), Message: e.Message}
	}
	if len(errs) == 1 {
		return errs[0]
	}
	return errors.Join(errs...)
}

// input compiles the schema of parameters and the defaults.
func (c *compiler) input() {
	d, p := c.plan.doc, c.plan
	at := (*trail)(nil).child("params")
	for _, name := range sortedKeys(d.Params) {
		value, err := canonicalJSON(d.Params[name])
		if err != nil || value == nil {
			c.problems.add(codeText, at.child(name), "not JSON", "")
			continue
		}
		p.defaults = append(p.defaults, defaultParam{name, value})
	}
	if len(d.Input) == 0 {
		return
	}
	schema, err := input.Compile(d.Input)
	for _, e := range inputErrors(err) {
		c.problems.add(codeInput, (*trail)(nil).child("input").along(e.Path), "not a JSON Schema: "+e.Message, "")
	}
	if err != nil {
		return
	}
	p.schema = schema
	c.allowed()
	c.checkDefaults()
}

func inputErrors(err error) input.Errors {
	list, _ := errors.AsType[input.Errors](err)
	return list
}

// allowed notes which parameters there may be.
func (c *compiler) allowed() {
	names, all := input.Properties(c.plan.doc.Input)
	if !all {
		return
	}
	c.plan.params = make(map[string]bool, len(names))
	for _, name := range names {
		c.plan.params[name] = true
	}
}

// checkDefaults tells of defaults that the schema refuses. That others are missing
// is the business of each run.
func (c *compiler) checkDefaults() {
	for _, d := range c.plan.defaults {
		one := append(appendQuoted([]byte("{"), d.name), ':')
		one = append(append(one, d.value...), '}')
		for _, e := range inputErrors(c.plan.schema.Check(one)) {
			if len(e.Path) > 0 && e.Path[0] == d.name || c.plan.params != nil && !c.plan.params[d.name] {
				c.problems.add(codeParams, (*trail)(nil).child("params").child(d.name), fmt.Sprintf("input refuses the default of %q: %s", d.name, e.Message), "")
				break
			}
		}
	}
}
