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
	var out excess
	result := no
	byStatement := map[int][]part{}
	others := map[int][]*space.Actions{} // of which nothing is new
	kept := map[*space.Actions]*space.Actions{}
	from, to := q.from, q.to
	err := c.space.Ask(q.Question, func(p space.Part) bool {
		if !q.cut(&p, kept) {
			return true
		}
		if p.Verdict == space.None {
			if list := others[p.Statement]; len(list) == 0 || list[len(list)-1] != p.Actions {
				others[p.Statement] = append(list, p.Actions)
			}
			return true
		}
		x := part{Part: p}
		ok := false
		if x.witness, ok = c.confirm(&p, from, to); ok {
			result = yes
		} else {
			x.doubt = doubtOf(&p)
			out.reasons = append(out.reasons, x.doubt)
			if result == no {
				result = unsure
			}
		}
		byStatement[p.Statement] = append(byStatement[p.Statement], x)
		return true
	})
	if err != nil {
		out.reasons = append(out.reasons, err.Error())
		if result == no {
			result = unsure
		}
	}
	counted := map[any]bool{}
	for _, n := range from.allows {
		for _, g := range grouped(byStatement[n]) {
			d := description{parts: g, others: others[n], named: q.named}
			out.grants = append(out.grants, d.grant(from.refs[n], from.statement(n)))
			d.count(&out.levels, counted)
		}
	}
	return out, result
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
		resources[p.Actions] += fmt.Sprint(p.Resource, p.witness == nil, " ")
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
