package language

import "slices"

// walk is a state together with what of the texts to be avoided has been read:
// a beginning of one, or something that none begins with.
type walk struct {
	state   []place
	prefix  string
	strayed bool
	text    []rune
}

// findOther looks for a text of the cell that is not to be avoided. The shortest
// path to a state gives but one text; here the patterns run side by side with
// the texts to be avoided. Where there is none the cell is empty.
func (e *exploration) findOther(cell int) error {
	want := e.cells[cell].Matches.Key()
	following := e.following()
	seen := map[string]bool{}
	queue := []walk{{state: e.machine.start()}}
	for len(queue) > 0 {
		w := queue[0]
		queue = queue[1:]
		if matches, ok := e.matches(w.state); ok && matches.Key() == want && !e.avoid[string(w.text)] {
			e.cells[cell].Sample = w.text
			return nil
		}
		chars := e.machine.apart(w.state)
		if !w.strayed {
			chars = append(chars, following[w.prefix]...)
		}
		if other, ok := e.other(chars); ok {
			chars = append(chars, other)
		}
		for _, r := range chars {
			if e.excluded(r) {
				continue
			}
			if !e.query.Work.Spend(len(w.state)+1) || len(seen) > 4*e.query.MaxStates {
				return ErrTooLarge
			}
			state, ok := e.machine.step(w.state, r)
			if !ok {
				continue
			}
			next := walk{state: state, strayed: w.strayed}
			if !w.strayed {
				next.prefix = w.prefix + string(r)
				_, known := following[next.prefix]
				next.strayed = !known
			}
			if next.strayed {
				next.prefix = ""
			}
			key := stateKey(next.state) + "\x00" + next.prefix
			if next.strayed {
				key += "\x00"
			}
			if seen[key] {
				continue
			}
			seen[key] = true
			next.text = append(slices.Clone(w.text), r)
			queue = append(queue, next)
		}
	}
	return nil
}

// following returns, for every beginning of a text to be avoided, the characters
// that come next.
func (e *exploration) following() map[string][]rune {
	out := map[string][]rune{}
	for _, s := range e.query.Avoid {
		for i, r := range s {
			if !slices.Contains(out[s[:i]], r) {
				out[s[:i]] = append(out[s[:i]], r)
			}
		}
		if _, ok := out[s]; !ok {
			out[s] = nil
		}
	}
	return out
}
