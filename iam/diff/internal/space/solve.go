package space

import (
	"cmp"
	"fmt"
	"slices"
)

// solution is a state for each key such that some statements' conditions hold
// and others' do not.
type solution struct {
	found   bool
	certain bool
	// gaveUp is set where the search was cut short.
	gaveUp bool
	states map[string]state
}

// maxSteps bounds the choices of one search.
const maxSteps = 20_000

// solver looks for a solution: need are literals that must hold, of each clause
// at least one must not.
type solver struct {
	view    *view
	domains map[string]*domain
	wishes  map[string]wish
	clauses [][]int
	steps   int
	// doubtful is a solution that is not certain.
	doubtful solution
}

// solve returns a solution, a certain one if there is one.
func (v *view) solve(need []int, clauses [][]int) solution {
	id := fmt.Sprint(need, clauses)
	if s, ok := v.solved[id]; ok {
		return s
	}
	s := v.search(need, clauses)
	v.solved[id] = s
	return s
}

func (v *view) search(need []int, clauses [][]int) solution {
	s := solver{view: v, domains: map[string]*domain{}, wishes: map[string]wish{}, clauses: simplified(need, clauses)}
	if slices.ContainsFunc(s.clauses, func(c []int) bool { return len(c) == 0 }) {
		return solution{}
	}
	s.prepare(need)
	for _, l := range need {
		if !s.want(l, 1) {
			return solution{}
		}
	}
	out := s.run(0)
	if !out.found && s.doubtful.found {
		out = s.doubtful
	}
	out.gaveUp = !out.found && s.tired()
	return out
}

// simplified drops from the clauses what has to hold anyway, and clauses that
// others imply; short ones come first.
func simplified(need []int, clauses [][]int) [][]int {
	var out [][]int
	for _, c := range clauses {
		out = append(out, slices.DeleteFunc(slices.Clone(c), func(l int) bool { return slices.Contains(need, l) }))
	}
	slices.SortStableFunc(out, func(a, b []int) int { return cmp.Compare(len(a), len(b)) })
	var kept [][]int
	for _, c := range out {
		implied := slices.ContainsFunc(kept, func(k []int) bool {
			return !slices.ContainsFunc(k, func(l int) bool { return !slices.Contains(c, l) })
		})
		if !implied {
			kept = append(kept, c)
		}
	}
	return kept
}

// prepare makes the dimension of every key that is asked about.
func (s *solver) prepare(need []int) {
	byKey := map[string][]int{}
	for _, l := range slices.Concat(append([][]int{need}, s.clauses...)...) {
		key := s.view.space.literals[l].key
		if !slices.Contains(byKey[key], l) {
			byKey[key] = append(byKey[key], l)
		}
	}
	for key, literals := range byKey {
		slices.Sort(literals)
		s.domains[key] = s.view.domain(key, literals)
		s.wishes[key] = make(wish, len(literals))
	}
}

// want adds a wish and reports whether its key has a state for all wishes.
func (s *solver) want(l int, sign int8) bool {
	key := s.view.space.literals[l].key
	d := s.domains[key]
	s.wishes[key][d.at[l]] = sign
	s.view.space.work.Spend(1 + len(d.elements))
	_, ok := s.view.state(d, s.wishes[key])
	return ok
}

func (s *solver) forget(l int) {
	key := s.view.space.literals[l].key
	s.wishes[key][s.domains[key].at[l]] = 0
}

func (s *solver) wished(l int) int8 {
	key := s.view.space.literals[l].key
	return s.wishes[key][s.domains[key].at[l]]
}

// run makes clause i and those behind it false.
func (s *solver) run(i int) solution {
	for i < len(s.clauses) && slices.ContainsFunc(s.clauses[i], func(l int) bool { return s.wished(l) < 0 }) {
		i++
	}
	if i == len(s.clauses) {
		return s.collect()
	}
	for _, l := range s.clauses[i] {
		if s.steps++; s.tired() {
			return solution{}
		}
		if s.wished(l) > 0 {
			continue
		}
		if s.want(l, -1) {
			if out := s.run(i + 1); out.found {
				return out
			}
		}
		s.forget(l)
	}
	return solution{}
}

// tired reports whether to stop: with a solution at hand, though a doubtful one,
// much sooner.
func (s *solver) tired() bool {
	return s.steps > maxSteps || s.doubtful.found && s.steps > maxSteps/100 || s.view.space.Exhausted()
}

// collect returns the states that fulfil all wishes. One that is not certain is
// put aside, as another choice may give a certain one.
func (s *solver) collect() solution {
	out := solution{found: true, certain: true, states: map[string]state{}}
	for key, d := range s.domains {
		st, ok := s.view.state(d, s.wishes[key])
		if !ok {
			return solution{}
		}
		out.certain = out.certain && st.certain
		out.states[key] = st
	}
	if out.certain {
		return out
	}
	if !s.doubtful.found {
		s.doubtful = out
	}
	return solution{}
}
