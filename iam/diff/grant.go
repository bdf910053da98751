package diff

import (
	"fmt"
	"slices"
	"strings"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/catalog"
	"github.com/berth-project/berth/iam/diff/internal/space"
)

// excess is what one side grants and the other does not.
type excess struct {
	grants  []Grant
	levels  Levels
	reasons []string
}

// part is a part of a question that was not proved to be empty.
type part struct {
	space.Part
	witness *Witness
	doubt   string
}

// inquiry is a question with what is wanted of the answer.
type inquiry struct {
	space.Question
	from, to *side
	// keep says which actions of the catalogue matter; nil for all. Actions that
	// are not listed always do.
	keep func(*catalog.Action) bool
	// named lists actions by their names instead of the patterns of statements.
	named bool
}

// excess returns what one side grants and the other does not.
func (c *comparison) excess(q inquiry) (excess, answer) {
	x := collection{comparison: c, byStatement: map[int][]part{}, others: map[int][]*space.Actions{}, found: map[partKey]bool{}}
	for _, r := range c.reaches() {
		q.Reach = r
		x.ask(&q)
		if x.result == unsure && c.space.Exhausted() {
			break
		}
	}
	counted := map[any]bool{}
	for _, n := range q.from.allows {
		for _, group := range grouped(x.byStatement[n]) {
			d := description{parts: group, others: x.othersOf(n, group), named: q.named}
			g := d.grant(q.from.refs[n], q.from.statement(n))
			if by, ok := q.to.refs[group[0].Refusal]; ok {
				g.DeniedBy = &by
			}
			x.grants = append(x.grants, g)
			d.count(&x.levels, counted)
		}
	}
	return x.excess, x.result
}

// collection gathers the answers to an inquiry.
type collection struct {
	excess
	*comparison
	result      answer
	byStatement map[int][]part
	others      map[int][]*space.Actions // of which something may not be new
	found       map[partKey]bool         // the parts that are there already
	kept        map[*space.Actions]*space.Actions
}

type partKey struct {
	statement, resource int
	actions             *space.Actions
}

func (x *collection) ask(q *inquiry) {
	if x.kept == nil {
		x.kept = map[*space.Actions]*space.Actions{}
	}
	err := x.space.Ask(q.Question, func(p space.Part) bool {
		if q.cut(&p, x.kept) {
			x.take(&p, q)
		}
		return true
	})
	if err != nil {
		x.doubt(err.Error())
	}
}

func (x *collection) doubt(why string) {
	x.reasons = append(x.reasons, why)
	if x.result == no {
		x.result = unsure
	}
}

func (x *collection) take(p *space.Part, q *inquiry) {
	key := partKey{p.Statement, p.Resource, p.Actions}
	switch {
	case x.found[key]:
		return
	case p.Verdict == space.None:
		if list := x.others[p.Statement]; !slices.Contains(list, p.Actions) {
			x.others[p.Statement] = append(list, p.Actions)
		}
		return
	}
	y := part{Part: *p}
	ok := false
	if y.witness, ok = x.confirm(p, q); ok {
		x.result = yes
		x.found[key] = true
	} else {
		y.doubt = doubtOf(p)
		x.doubt(y.doubt)
	}
	x.byStatement[p.Statement] = append(x.byStatement[p.Statement], y)
}

// othersOf returns the actions of a statement that are not in a group.
func (x *collection) othersOf(n int, group []part) []*space.Actions {
	return slices.DeleteFunc(slices.Clone(x.others[n]), func(a *space.Actions) bool {
		return slices.ContainsFunc(group, func(p part) bool { return p.Actions == a })
	})
}

// cut leaves of a part only the actions that matter, and reports whether there
// are any. A request for one action of a cell proves as much as for another.
func (q *inquiry) cut(p *space.Part, kept map[*space.Actions]*space.Actions) bool {
	if q.keep == nil {
		return true
	}
	cell, ok := kept[p.Actions]
	if !ok {
		cell = p.Actions.Only(q.keep)
		kept[p.Actions] = cell
	}
	if cell == nil {
		return false
	}
	p.Actions = cell
	if p.Request != nil {
		p.Request.Action = cell.Sample()
	}
	return true
}

func doubtOf(p *space.Part) string {
	if p.Why != nil {
		return p.Why.Error()
	}
	return errUnconfirmed.Error()
}

// grouped puts together the parts of a statement whose actions are granted on the
// same resources.
func grouped(parts []part) [][]part {
	resources := map[*space.Actions]string{}
	for _, p := range parts {
		resources[p.Actions] += fmt.Sprint(p.Resource, p.Refusal, p.witness == nil, " ")
	}
	groups := map[string][]part{}
	var order []string
	for _, p := range parts {
		key := resources[p.Actions]
		if groups[key] == nil {
			order = append(order, key)
		}
		groups[key] = append(groups[key], p)
	}
	var out [][]part
	for _, key := range order {
		out = append(out, groups[key])
	}
	return out
}

// description says in the words of a statement what parts of it are.
type description struct {
	parts []part
	// others are actions of the statement of which nothing is new.
	others []*space.Actions
	named  bool
}

func (d *description) grant(by Ref, s *iam.Statement) Grant {
	g := Grant{By: by, Conditions: conditionTexts(s.Conditions)}
	d.actions(&g, s)
	for _, p := range d.parts {
		if g.Witness == nil {
			g.Witness = p.witness
		}
		if p.witness == nil && g.Doubt == "" {
			g.Doubt = p.doubt
		}
		if p.Resource >= 0 && !slices.Contains(g.Resources, s.Resources.Values[p.Resource]) {
			g.Resources = append(g.Resources, s.Resources.Values[p.Resource])
		}
	}
	if g.Witness != nil {
		g.Doubt = ""
	}
	if s.Resources.Not {
		g.NotResources = s.Resources.Values
	}
	if s.Principals != nil {
		if s.Principals.Not {
			g.NotPrincipals = principalTexts(s.Principals)
		} else {
			g.Principals = principalTexts(s.Principals)
		}
	}
	d.count(&g.Levels, map[any]bool{})
	return g
}

// count counts the actions that are not yet counted.
func (d *description) count(l *Levels, counted map[any]bool) {
	once := func(what any) bool {
		if counted[what] {
			return false
		}
		counted[what] = true
		return true
	}
	for _, p := range d.parts {
		if !once(p.Actions) {
			continue
		}
		for _, a := range p.Actions.All() {
			if once(a) {
				l.add(a.Access)
			}
		}
		for _, name := range p.Actions.Named {
			if once(strings.ToLower(name)) {
				l.Unlisted++
			}
		}
	}
}

func principalTexts(p *iam.Principals) []string {
	if p.Star {
		return []string{"*"}
	}
	var out []string
	for _, e := range p.Entries {
		for _, v := range e.Values {
			out = append(out, e.Key+": "+v)
		}
	}
	return out
}

// conditionTexts returns the conditions in one line each.
func conditionTexts(conditions []iam.Condition) []string {
	var out []string
	for i := range conditions {
		out = append(out, conditionText(&conditions[i]))
	}
	return out
}

func conditionText(c *iam.Condition) string {
	operator := c.Written
	if c.Operator.Test != iam.UnknownTest {
		operator = c.Operator.String()
	}
	var values []string
	for _, v := range c.Values {
		values = append(values, v.Text)
	}
	return operator + " " + c.Key + " " + strings.Join(values, ", ")
}
