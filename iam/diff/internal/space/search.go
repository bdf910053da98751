package space

import (
	"errors"
	"slices"

	"github.com/berth-project/berth/iam"
)

var (
	errWork      = errors.New("the comparison took more work than allowed")
	errVariables = errors.New("it depends on the values of variables, and none was found that decides it")
	errTypes     = errors.New("it depends on values that are compared as more than one type, and none was found that decides it")
)

// decide answers a part: with the variables open, and where that finds a request
// that may be a phantom, with values in their place.
func (sc *scene) decide(p *Part) {
	open := sc.space.open
	if sc.question.Strangers {
		open = sc.space.strange
	}
	r := open.find(sc, p)
	switch {
	case r.err != nil && sc.space.Exhausted():
		p.Verdict, p.Why = Doubt, errWork
		return
	case r.err != nil:
		p.Verdict, p.Why = Doubt, r.err
		return
	case !r.found:
		return
	case r.certain:
		p.Verdict, p.Request, p.Refusal = Found, r.request, r.refusal
		return
	}
	variables := sc.variables(p.Statement)
	for _, v := range sc.space.instances(variables) {
		v.strangers = sc.question.Strangers
		if r := v.find(sc, p); r.err == nil && r.found && r.certain {
			p.Verdict, p.Request, p.Refusal = Found, r.request, r.refusal
			return
		}
	}
	p.Verdict, p.Why = Doubt, errVariables
	switch {
	case sc.space.Exhausted():
		p.Why = errWork
	case len(variables) == 0:
		p.Why = errTypes
	}
}

// finding is what a search in one view came to.
type finding struct {
	found, certain bool
	request        *iam.Request
	refusal        int // a statement, -1 for none
	err            error
}

// find looks for a request of a part.
func (v *view) find(sc *scene, p *Part) finding {
	st := &sc.space.statements[p.Statement]
	var must *template
	if p.Resource >= 0 {
		must = st.text(p.Resource)
	}
	marked := slices.Clone(sc.marked)
	marked.Add(sc.place[p.Statement])
	situations, err := v.situations(sc, marked, st, must)
	if err != nil {
		return finding{err: err}
	}
	callers, err := sc.distinct(p.Statement)
	if err != nil {
		return finding{err: err}
	}
	var doubtful finding
	for i := range situations {
		for _, j := range callers {
			f := v.at(sc, p, &situations[i], j)
			if f.err != nil || f.found && f.certain {
				return f
			}
			if f.found && !doubtful.found {
				doubtful = f
			}
			if sc.space.Exhausted() {
				return finding{err: errWork}
			}
		}
	}
	return doubtful
}

// at looks for a request by one caller for one resource: what is left to be found
// are the values of condition keys.
func (v *view) at(sc *scene, p *Part, x *situation, caller int) finding {
	statements := sc.space.statements
	if !sc.names(p.Statement, caller) {
		return finding{}
	}
	there := func(list []int) []int {
		return slices.DeleteFunc(slices.Clone(list), func(n int) bool { return !sc.names(n, caller) || !x.matches.Has(sc.place[n]) })
	}
	need := statements[p.Statement].literals
	clauses := func(list []int) [][]int {
		var out [][]int
		for _, n := range there(list) {
			out = append(out, statements[n].literals)
		}
		return out
	}
	denied := clauses(sc.denies)
	var doubtful finding
	try := func(need []int, clauses [][]int, refusal int) (finding, bool) {
		s := v.solve(need, clauses)
		switch {
		case s.gaveUp:
			return finding{err: errWork}, true
		case !s.found:
			return finding{}, false
		}
		f := finding{found: true, certain: s.certain && x.certain, request: v.request(sc, x, caller, s), refusal: refusal}
		if !f.certain {
			doubtful = f
		}
		return f, f.certain
	}
	if f, done := try(need, append(denied[:len(denied):len(denied)], clauses(sc.covers)...), -1); done {
		return f
	}
	for _, n := range there(sc.refusals) {
		both := slices.Concat(need, statements[n].literals)
		slices.Sort(both)
		if f, done := try(slices.Compact(both), denied, n); done {
			return f
		}
	}
	return doubtful
}
