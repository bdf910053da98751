package workflow

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/berth-project/berth/internal/diagnostic"
)

// template compiles JSON with references.
func (c *compiler) template(raw json.RawMessage, t *trail, where site) *template {
	return newTemplate(raw, t, c.found(where), c.wrong)
}

// text compiles a text with references.
func (c *compiler) text(s string, t *trail, where site) *template {
	return newTextTemplate(s, t, c.found(where), c.wrong)
}

func (c *compiler) wrong(err *syntaxError, t *trail) {
	c.at(codeSyntax, place{trail: t, from: err.from, to: err.to}, err.message, err.help)
}

func (c *compiler) found(where site) func(*reference, *trail) {
	return func(ref *reference, t *trail) {
		for i := range ref.terms {
			if ref.terms[i].literal == nil {
				c.resolve(&ref.terms[i], t, where, i == len(ref.terms)-1 && i == 0)
			}
		}
	}
}

// resolve finds what a path refers to and makes the step wait for it. alone: there
// is no fallback.
func (c *compiler) resolve(term *term, t *trail, where site, alone bool) {
	switch term.root {
	case rootSteps:
		c.resolveStep(term, t, where)
	case rootRun:
		c.resolveRun(term, t)
	case rootSignal:
		if !where.steps {
			c.refuse(term, t, "signals come after this is decided", "refer to params and run only")
		}
	case rootItem, rootIndex:
		switch {
		case where.item:
		case where.node != nil && where.node.Step.ForEach != nil:
			c.refuse(term, t, "there is no item yet: this says what the items are", "")
		default:
			c.refuse(term, t, "there is no item: this is not within a step with for-each", "")
		}
		if term.root == rootIndex && len(term.path) > 0 {
			c.refuse(term, t, "index is a number and has no parts", "")
		}
	case rootParams:
		c.resolveParam(term, t, alone)
	case rootEvent:
		c.refuse(term, t, "there is no event here: only what a trigger submits can refer to it", "let the trigger give it as a parameter")
	}
}

func (c *compiler) refuse(term *term, t *trail, message, help string) {
	c.at(codeRefers, place{trail: t, from: term.from, to: term.to}, message, help)
}

func (c *compiler) resolveRun(term *term, t *trail) {
	if len(term.path) == 0 {
		return
	}
	if name := term.path[0].name; !slices.Contains(runNames, name) {
		help := "it has " + strings.Join(runNames, ", ")
		if near := diagnostic.Nearest(name, runNames); near != "" {
			help = fmt.Sprintf("did you mean %q?", near)
		}
		c.refuse(term, t, "a run has no "+pathText(term.path[:1])[1:], help)
	}
}

// resolveParam tells of a parameter that no run can have.
func (c *compiler) resolveParam(term *term, t *trail, alone bool) {
	if !alone || c.plan.params == nil || len(term.path) == 0 {
		return
	}
	if name := term.path[0].name; !c.plan.params[name] {
		names := sortedKeys(c.plan.params)
		help := "add it to the properties of input"
		if near := diagnostic.Nearest(name, names); near != "" {
			help = fmt.Sprintf("did you mean %q?", near)
		}
		c.refuse(term, t, fmt.Sprintf("input allows no parameter %.80q", name), help)
	}
}

// resolveStep finds the step and the fact. The name of a step may have points in
// it: the longest that exists counts, of those with a fact behind them.
func (c *compiler) resolveStep(term *term, t *trail, where site) {
	if !where.steps {
		c.refuse(term, t, "this is decided before any step runs", "refer to params and run only")
		return
	}
	if len(term.path) == 0 {
		c.refuse(term, t, "steps without the name of one", "write steps.NAME.output")
		return
	}
	n, used := c.longest(term.path)
	if used == 0 {
		name := term.path[0].name
		at := place{trail: t, from: term.from, to: term.path[0].to}
		c.at(codeStep, at, fmt.Sprintf("no step is called %.80q", name), c.nearest(name))
		return
	}
	rest := term.path[used:]
	fact := -1
	if len(rest) > 0 {
		fact = slices.Index(factNames, rest[0].name)
	}
	switch {
	case len(rest) == 0:
		c.refuse(term, t, "a step without what of it", "write .output, .status, .error or .attempts behind it")
		return
	case fact < 0:
		c.at(codeRefers, place{trail: t, from: term.from, to: rest[0].to}, "a step has no "+pathText(rest[:1]), "it has "+strings.Join(factNames, ", "))
		return
	}
	term.step, term.fact, term.path = n, stepFact(fact), rest[1:]
	term.shown = term.shown[:rest[0].to-term.from]
	if where.node != nil {
		c.refersTo(where.node, n, place{trail: t, from: term.from, to: rest[0].to})
	}
}

// longest returns the step that the beginning of a path names and how many of its
// segments that takes, 0 for none.
func (c *compiler) longest(path []segment) (node, used int) {
	name, certain := "", false
	for k, s := range path {
		if k > 0 {
			if !s.dotted {
				break
			}
			name += "."
		}
		name += s.name
		if i, ok := c.plan.index[name]; ok {
			fact := k+1 < len(path) && slices.Contains(factNames, path[k+1].name)
			if fact || !certain {
				node, used, certain = i, k+1, fact
			}
		}
		if !path[0].dotted {
			break // ["a.b"] is the whole name
		}
	}
	return node, used
}
