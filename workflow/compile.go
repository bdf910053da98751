package workflow

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/berth-project/berth/internal/diagnostic"
	"github.com/berth-project/berth/internal/jsonscan"
	"github.com/berth-project/berth/workflow/expression"
)

// compiler turns steps into nodes. It goes on after a problem, so that all of
// them are told.
type compiler struct {
	*problems
	plan *Plan
	// trails are where the nodes stand, by index.
	trails []*trail
	// conditions are the expressions compiled so far: compiling one takes a
	// fraction of a millisecond, and many steps have the same.
	conditions map[string]*expression.Program
	// first is the index of the first node that is new: those before it belong
	// to the plan that is extended.
	first int
}

// site is what a reference or a condition may see where it stands.
type site struct {
	node  *Node // nil for what belongs to the run
	steps bool
	item  bool
}

// compile makes a plan of a document, telling what is wrong to ps.
func compile(d *Document, ps *problems) *Plan {
	p := &Plan{doc: d, index: make(map[string]int), folded: make(map[string]int)}
	c := &compiler{problems: ps, plan: p}
	for i := range d.Steps {
		c.add(&d.Steps[i], (*trail)(nil).child("steps").item(i), -1, false)
	}
	for i := range d.Finally {
		c.add(&d.Finally[i], (*trail)(nil).child("finally").item(i), -1, true)
	}
	if len(d.Steps) == 0 && !c.full() {
		c.problems.add(codeRange, (*trail)(nil).child("steps"), "a workflow without steps does nothing", "write at least one")
	}
	if len(p.nodes) > MaxSteps {
		c.problems.add(codeRange, (*trail)(nil).child("steps"), fmt.Sprintf("there are %d steps, more than the %d allowed", len(p.nodes), MaxSteps), "")
		return p
	}
	c.input()
	c.nodes(d.Retry)
	c.run()
	if len(c.list) == 0 {
		c.seal()
	}
	return p
}

// add adds a node for a step. Names are unique ignoring case, as they become file
// names, labels of pods and the like.
func (c *compiler) add(s *Step, t *trail, parent int, finally bool) {
	p := c.plan
	n := &Node{Step: s, Index: len(p.nodes), OnError: -1, Parent: parent, Finally: finally}
	p.nodes = append(p.nodes, n)
	c.trails = append(c.trails, t)
	key := strings.ToLower(s.Name)
	if other, taken := p.folded[key]; taken && s.Name != "" {
		c.problems.add(codeName, t.child("name"), fmt.Sprintf("another step is called %q", p.nodes[other].Step.Name), "names are unique, ignoring case: choose another")
		return
	}
	p.folded[key] = n.Index
	p.index[s.Name] = n.Index
}

// trail returns where a new node stands.
func (c *compiler) trail(n *Node) *trail { return c.trails[n.Index-c.first] }

// fresh returns the nodes that are new.
func (c *compiler) fresh() []*Node { return c.plan.nodes[c.first:] }

// nodes compiles what the new nodes hold and connects them.
func (c *compiler) nodes(fallback *Retry) {
	for _, n := range c.fresh() {
		if n.Retry = n.Step.Retry; n.Retry == nil {
			n.Retry = fallback
		}
		c.node(n)
	}
	for _, n := range c.fresh() {
		c.handler(n)
	}
	for _, n := range c.fresh() {
		c.needs(n)
	}
	c.connect()
	c.cycles()
}

// node compiles the texts of a step.
func (c *compiler) node(n *Node) {
	s, t := n.Step, c.trail(n)
	each := site{node: n, steps: true, item: s.ForEach != nil}
	if len(s.With) > 0 {
		n.with = c.template(s.With, t.child("with"), each)
	}
	if s.Key != "" {
		n.key = c.text(s.Key, t.child("key"), each)
	}
	if s.ForEach != nil {
		in := t.child("for-each").child("in")
		n.items = c.template(s.ForEach.In, in, site{node: n, steps: true})
		c.array(s.ForEach.In, n.items, in)
	}
	if s.When != "" {
		c.when(n, t.child("when"))
	}
}

// array tells when the items of a for-each cannot be an array.
func (c *compiler) array(raw json.RawMessage, compiled *template, t *trail) {
	raw = jsonscan.Trim(raw)
	switch {
	case compiled == nil && len(raw) > 0: // told already
	case len(raw) > 0 && raw[0] == '[':
	case len(raw) > 0 && raw[0] == '"' && compiled.single():
	default:
		c.problems.add(codeForEach, t, "items are neither an array nor one reference to one", `write [ ], or "${steps.NAME.output}"`)
	}
}

// The bounds of the conditions of a run, generated steps included: how many
// different ones are compiled at once, and how long they are together, in bytes. To
// compile a kilobyte takes milliseconds, and those of generated steps are compiled
// while everybody waits.
const (
	maxConditions    = 1000
	maxConditionSize = 128 << 10
)

// condition compiles an expression, nil where it has problems.
func (c *compiler) condition(text string, t *trail) *expression.Program {
	if program := c.conditions[text]; program != nil || c.full() {
		return program
	}
	if len(c.conditions) == maxConditions {
		c.problems.add(codeRange, t, fmt.Sprintf("there are more than %d different conditions", maxConditions), "let steps share conditions, or split the workflow")
		return nil
	}
	if c.plan.conditionSize += len(text); c.plan.conditionSize > maxConditionSize {
		c.problems.add(codeRange, t, fmt.Sprintf("the conditions have more than %d bytes together", maxConditionSize), "shorten them, let steps share conditions, or split the workflow")
		return nil
	}
	program, err := expression.Compile(expression.When, text)
	if err != nil {
		errs, _ := errors.AsType[expression.Errors](err)
		for _, e := range errs {
			c.at(codeWhen, place{trail: t, from: e.Offset, to: e.Offset + 1}, e.Message, e.Help)
		}
		return nil
	}
	if c.conditions == nil {
		c.conditions = map[string]*expression.Program{}
	}
	c.conditions[text] = program
	return program
}

func (c *compiler) when(n *Node, t *trail) {
	program := c.condition(n.Step.When, t)
	if program == nil {
		return
	}
	n.when = program
	n.WhenEach = n.Step.ForEach != nil && (program.Uses("item") || program.Uses("index"))
	if n.Step.ForEach == nil && (program.Uses("item") || program.Uses("index")) {
		c.problems.add(codeWhen, t, "there is no item: the step has no for-each", "")
	}
	for _, ref := range program.Steps() {
		i, ok := c.plan.index[ref.Name]
		if !ok {
			c.at(codeStep, place{trail: t, from: ref.Offset, to: ref.Offset + len("steps")}, fmt.Sprintf("no step is called %.80q", ref.Name), c.nearest(ref.Name))
			continue
		}
		n.whenSteps = append(n.whenSteps, namedStep{ref.Name, i})
		c.refersTo(n, i, place{trail: t, from: ref.Offset, to: ref.Offset + len("steps")})
	}
}

// nearest helps with the name of a step that does not exist.
func (c *compiler) nearest(name string) string {
	if c.full() {
		return "" // nobody will read it
	}
	names := slices.Sorted(maps.Keys(c.plan.index))
	if near := diagnostic.Nearest(name, names); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	if len(names) > 8 {
		return ""
	}
	return "steps are " + strings.Join(names, ", ")
}

// handler connects a step with the one that runs when it failed.
func (c *compiler) handler(n *Node) {
	name, t := n.Step.OnError.Run, c.trail(n).child("on-error").child("run")
	if name == "" {
		return
	}
	i, ok := c.plan.index[name]
	if !ok {
		c.problems.add(codeStep, t, fmt.Sprintf("no step is called %.80q", name), c.nearest(name))
		return
	}
	h := c.plan.nodes[i]
	switch {
	case h == n:
		c.problems.add(codeHandler, t, "a step does not handle its own failure", "use retry, or name another step")
	case i < c.first:
		c.problems.add(codeHandler, t, fmt.Sprintf("step %q was there before: it may have been passed over already", name), "generate the handler together with the steps it handles")
	case h.Finally != n.Finally:
		c.problems.add(codeHandler, t, fmt.Sprintf("step %q runs at another time: one of the two is under finally", name), "name a step beside this one")
	default:
		n.OnError = i
		h.Handler = true
		h.Handles = append(h.Handles, n.Index)
		h.Needs = append(h.Needs, n.Index)
	}
}

// needs adds the steps that a step names.
func (c *compiler) needs(n *Node) {
	t := c.trail(n).child("needs")
	for k, name := range n.Step.Needs {
		i, ok := c.plan.index[name]
		switch {
		case !ok:
			c.problems.add(codeStep, t.item(k), fmt.Sprintf("no step is called %.80q", name), c.nearest(name))
		case n.Finally && !c.plan.nodes[i].Finally:
			c.problems.add(codeFinally, t.item(k), fmt.Sprintf("step %q is settled before any step under finally begins", name), "remove it; refer to its facts where they are wanted")
		default:
			c.refersTo(n, i, place{trail: t.item(k)})
		}
	}
}

// refersTo makes a step wait for another.
func (c *compiler) refersTo(n *Node, i int, where place) {
	switch other := c.plan.nodes[i]; {
	case other == n:
		c.at(codeCycle, where, fmt.Sprintf("step %q waits for itself", n.Step.Name), "")
	case other.Finally && !n.Finally:
		c.at(codeFinally, where, fmt.Sprintf("step %q runs under finally, when all others are settled", other.Step.Name), "only steps under finally may refer to it")
	case n.Finally && !other.Finally: // settled by then
	default:
		n.Needs = append(n.Needs, i)
	}
}

// connect sorts the needs of new nodes and fills in who depends on whom.
func (c *compiler) connect() {
	cloned := map[int]bool{}
	for _, n := range c.fresh() {
		slices.Sort(n.Needs)
		n.Needs = slices.Compact(n.Needs)
		slices.Sort(n.Handles)
		for _, i := range n.Needs {
			if i < c.first && !cloned[i] { // another plan has this node as well
				clone := *c.plan.nodes[i]
				clone.Dependents = slices.Clone(clone.Dependents)
				c.plan.nodes[i], cloned[i] = &clone, true
			}
			other := c.plan.nodes[i]
			other.Dependents = append(other.Dependents, n.Index)
		}
	}
}
