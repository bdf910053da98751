package workflow

import (
	"fmt"

	"github.com/berth-project/berth/internal/diagnostic"
)

// ResetClosure says what running steps again means for the others, by index and in
// order:
//
//   - reset: the steps that are named, those that depend on a step that is reset
//     or waited for a handler that is, and every step under finally;
//   - drop: the steps that a step which is reset or dropped has generated, as it
//     will generate them again.
//
// Dropping goes before resetting. An added step that needs one that is dropped is
// dropped too, and the step that generated it is reset; one that came from outside
// is gone for good.
func (p *Plan) ResetClosure(names []string) (reset, drop []int, err error) {
	c := closure{plan: p, reset: make([]bool, len(p.nodes)), drop: make([]bool, len(p.nodes)), children: make([][]int, len(p.nodes))}
	for _, n := range p.nodes {
		if n.Parent >= 0 {
			c.children[n.Parent] = append(c.children[n.Parent], n.Index)
		}
	}
	for _, name := range names {
		i, ok := p.index[name]
		if !ok {
			return nil, nil, p.unknown(name)
		}
		c.again(i)
	}
	c.run()
	for i := range p.nodes {
		switch {
		case c.drop[i]:
			drop = append(drop, i)
		case c.reset[i]:
			reset = append(reset, i)
		}
	}
	return reset, drop, nil
}

func (p *Plan) unknown(name string) error {
	if near := diagnostic.Nearest(name, sortedKeys(p.index)); near != "" {
		return fmt.Errorf("no step is called %.80q (did you mean %q?)", name, near)
	}
	return fmt.Errorf("no step is called %.80q", name)
}

// closure spreads from step to step.
type closure struct {
	plan        *Plan
	children    [][]int // the nodes that a node has generated
	reset, drop []bool
	after       bool  // the steps under finally are reset
	todo        []int // nodes whose neighbours have not been looked at since they changed
}

// again resets a node.
func (c *closure) again(i int) {
	if !c.reset[i] {
		c.reset[i] = true
		c.todo = append(c.todo, i)
	}
}

// away drops a node.
func (c *closure) away(i int) {
	if !c.drop[i] {
		c.drop[i] = true
		c.todo = append(c.todo, i)
	}
}

func (c *closure) run() {
	for len(c.todo) > 0 {
		i := c.todo[len(c.todo)-1]
		c.todo = c.todo[:len(c.todo)-1]
		for _, child := range c.children[i] {
			c.away(child)
		}
		if !c.drop[i] {
			c.behind(i)
		}
		for _, d := range c.plan.nodes[i].Dependents {
			if !c.drop[i] {
				c.again(d)
				continue
			}
			c.away(d)
			if parent := c.plan.nodes[d].Parent; parent >= 0 {
				c.again(parent)
			}
		}
		if !c.plan.nodes[i].Finally {
			c.finally()
		}
	}
}

// behind resets what waited for a handler: those who need a step it handles.
func (c *closure) behind(i int) {
	for _, handled := range c.plan.nodes[i].Handles {
		for _, d := range c.plan.nodes[handled].Dependents {
			c.again(d)
		}
	}
}

// finally resets what runs after all others, once.
func (c *closure) finally() {
	if c.after {
		return
	}
	c.after = true
	for _, n := range c.plan.nodes[len(c.plan.doc.Steps):] {
		if n.Finally {
			c.again(n.Index)
		}
	}
}
