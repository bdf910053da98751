package space

import (
	"slices"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/diff/internal/language"
)

// Question asks for requests that one set of statements lets through and another
// does not. The numbers are those of statements.
type Question struct {
	// Of the first set some of Grants match, and none of Denies.
	Grants, Denies []int
	// Of the second none of Covers match, or some of Refusals do.
	Covers, Refusals []int
	// Only are statements of which one must be about the action too; none for all
	// actions.
	Only []int
	// Reach is how much an Allow has to be worth.
	Reach Reach
	// TwoWay is set where the reverse is asked too. Actions are then divided once
	// for both.
	TwoWay bool
	// Strangers asks for requests of callers whom nobody chose: from an account
	// that is not named or unsigned, and without what only chosen ones have.
	Strangers bool
}

// Part is what a part of a question comes to: the requests for the actions of
// one cell, on what one text of a statement names.
type Part struct {
	// Statement is one of the Grants.
	Statement int
	// Resource is the place of the text in the statement's Resource, -1 where the
	// statement has none or a NotResource.
	Resource int
	Actions  *Actions
	Verdict  Verdict
	// Request is the request that was found.
	Request *iam.Request
	// Refusal is the Deny of the second set that matches the request, where some
	// of its Covers does too; -1 where none does.
	Refusal int
	// Why says, where the verdict is in doubt, why that is.
	Why error
}

// Verdict is whether there is a request.
type Verdict uint8

// The verdicts.
const (
	// None is a proof that there is none.
	None Verdict = iota
	// Found is a request.
	Found
	// Doubt is neither.
	Doubt
)

// Ask answers a question part by part, in the order of actions, statements and
// their resources, until visit returns false. Parts without a request are
// visited too.
func (s *Space) Ask(q Question, visit func(Part) bool) error {
	in := inquiry{space: s, question: &q, place: map[int]int{}}
	in.numbers = slices.Concat(q.Grants, q.Denies, q.Covers, q.Refusals, q.Only)
	slices.Sort(in.numbers)
	in.numbers = slices.Compact(in.numbers)
	for i, n := range in.numbers {
		in.place[n] = i
	}
	wanted := language.NewBits(len(in.numbers))
	for _, n := range q.Grants {
		wanted.Add(in.place[n])
	}
	if q.TwoWay {
		for _, n := range q.Covers {
			wanted.Add(in.place[n])
		}
	}
	cells, err := s.divideActions(in.numbers, wanted)
	if err != nil {
		return err
	}
	for _, c := range cells {
		if len(q.Only) > 0 && !slices.ContainsFunc(q.Only, func(n int) bool { return c.matches.Has(in.place[n]) }) {
			continue
		}
		if !in.cell(c, visit) {
			return nil
		}
	}
	return nil
}

// inquiry is the work on one question.
type inquiry struct {
	space    *Space
	question *Question
	numbers  []int       // the statements of the question
	place    map[int]int // where each stands in numbers
}

// scene is the question about the actions of one cell, with the statements that
// are about these.
type scene struct {
	*inquiry
	actions                  *Actions
	denies, covers, refusals []int
	marked                   language.Bits // all of them, by place
}

func (in *inquiry) cell(c *Actions, visit func(Part) bool) bool {
	sc := scene{inquiry: in, actions: c, marked: language.NewBits(len(in.numbers))}
	about := func(list []int) []int {
		var out []int
		for _, n := range list {
			if c.matches.Has(in.place[n]) && !in.space.statements[n].dead {
				out = append(out, n)
				sc.marked.Add(in.place[n])
			}
		}
		return out
	}
	sc.denies, sc.covers, sc.refusals = about(in.question.Denies), about(in.question.Covers), about(in.question.Refusals)
	for _, n := range in.question.Grants {
		st := &in.space.statements[n]
		if st.dead || !c.matches.Has(in.place[n]) {
			continue
		}
		for _, at := range st.parts() {
			p := Part{Statement: n, Resource: at, Actions: c, Refusal: -1}
			switch {
			case in.space.Exhausted():
				p.Verdict, p.Why = Doubt, errWork
			case !sc.covered(&p):
				sc.decide(&p)
			}
			if !visit(p) {
				return false
			}
		}
	}
	return true
}

// parts returns the places of a statement's resources; -1 where they are not
// looked at one by one.
func (st *statement) parts() []int {
	if st.resources == nil || st.notResources {
		return []int{-1}
	}
	return st.places
}

// covered reports whether the second set has a statement that is about the part
// by its very words, and refuses nothing that the first does not refuse too. Most
// of two versions of a policy is such, and needs no search.
func (sc *scene) covered(p *Part) bool {
	st := &sc.space.statements[p.Statement]
	sc.space.work.Spend(len(sc.covers) + len(sc.refusals))
	twin := slices.ContainsFunc(sc.covers, func(n int) bool {
		cover := &sc.space.statements[n]
		return cover.body == st.body || cover.says(st, p)
	})
	return twin && !slices.ContainsFunc(sc.refusals, func(n int) bool {
		return !slices.ContainsFunc(sc.denies, func(m int) bool { return sc.space.statements[n].body == sc.space.statements[m].body })
	})
}

// says reports whether the statement is about a part of another by its words.
func (st *statement) says(of *statement, p *Part) bool {
	if st.who != of.who || slices.ContainsFunc(st.literals, func(l int) bool { return !slices.Contains(of.literals, l) }) {
		return false
	}
	if st.resources == nil || st.notResources || p.Resource < 0 {
		return st.resources == nil
	}
	return slices.Contains(st.resources, of.text(p.Resource))
}

// text returns the template at a place of the element.
func (st *statement) text(place int) *template {
	return st.resources[slices.Index(st.places, place)]
}
