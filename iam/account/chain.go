package account

import (
	"cmp"
	"slices"
	"strings"

	"github.com/berth-project/berth/iam"
)

// chains goes backwards from the roles that can: who can assume one of them can
// too. It goes by the length of the paths, first along what is allowed as asked
// and then along the rest, so that everyone is reached by the shortest of the
// surest paths. Nobody is gone through twice on one of the two ways, which ends
// every circle.
func (w *search) chains() {
	levels := make([][]*step, w.links+1)
	for _, s := range w.reached {
		if s != nil {
			levels[0] = append(levels[0], s)
		}
	}
	w.walk(levels, func(s *step) bool {
		if known := w.reached[s.who.index]; known != nil && known != s {
			return false
		}
		w.reached[s.who.index] = s
		return true
	})

	levels = make([][]*step, w.links+1)
	for _, s := range w.open {
		levels[s.length] = append(levels[s.length], s)
	}
	w.open, w.opening = nil, true
	seen := map[*Principal]bool{}
	w.walk(levels, func(s *step) bool {
		known := w.reached[s.who.index]
		if seen[s.who] || known != nil && known.length <= s.length {
			return false
		}
		seen[s.who] = true
		if known == nil {
			w.reached[s.who.index] = s
		}
		// An open path that is shorter than the sure one does not help this one, but
		// it may bring others within reach.
		return true
	})
}

// walk goes through the levels, from each step that is taken to those before it.
// All of a level is taken before any of it is gone on from: whoever is on it
// needs no longer path.
func (w *search) walk(levels [][]*step, take func(*step) bool) {
	for length := range levels {
		slices.SortFunc(levels[length], func(a, b *step) int {
			return cmp.Or(cmp.Compare(a.certainty, b.certainty), strings.Compare(a.who.ARN, b.who.ARN), strings.Compare(a.role(), b.role()))
		})
		levels[length] = slices.DeleteFunc(levels[length], func(s *step) bool { return !take(s) })
		for _, s := range levels[length] {
			if length == len(levels)-1 || s.who.Kind != iam.AssumedRole {
				continue
			}
			q := w.assuming(s.who, "sts:AssumeRole", w.given)
			for _, before := range w.before(q, s) {
				if before.certainty == Conditional && !w.opening {
					w.open = append(w.open, before)
				} else {
					levels[length+1] = append(levels[length+1], before)
				}
			}
			w.outsiders(q, s)
		}
	}
}

// role is the role that a step assumes; empty where it assumes none.
func (s *step) role() string {
	if s.next == nil {
		return ""
	}
	return s.next.who.ARN
}

// before returns the steps of those who can assume the role of a step and have
// no better path so far.
func (w *search) before(q *question, s *step) []*step {
	var all []*step
	better := func(p *Principal) bool {
		known := w.reached[p.index]
		return known != nil && known.length <= s.length+1
	}
	w.candidates(s.who, better, func(p *Principal) {
		if b := w.tryTo(q, s.who.trust, p); b != nil {
			b.next, b.length, b.certainty = s, s.length+1, max(b.certainty, s.certainty)
			all = append(all, b)
		}
	})
	return all
}
