package sim

import "github.com/berth-project/berth/workflow"

// Stats is what a history did.
type Stats struct {
	Steps, Runs, Attempts, Owners int
	Ended                         int // runs that came to their end while there was trouble
}

// Add adds what another history did.
func (s *Stats) Add(o Stats) {
	s.Steps, s.Runs, s.Attempts = s.Steps+o.Steps, s.Runs+o.Runs, s.Attempts+o.Attempts
	s.Owners, s.Ended = s.Owners+o.Owners, s.Ended+o.Ended
}

// History plays the history of a seed and says what was wrong with it.
func History(seed uint64, plans []*workflow.Plan) (Stats, error) {
	w := newWorld(seed, plans)
	if w.rng.IntN(200) == 0 {
		w.share()
		return w.stats(), w.err
	}
	for i := range 1 + w.rng.IntN(5) {
		w.clients = append(w.clients, w.client(i))
	}
	w.calm = w.rng.IntN(100)
	w.local = w.chance(40)
	for range w.length() {
		if w.err != nil {
			break
		}
		w.steps++
		w.step()
	}
	st := w.stats()
	w.heal()
	w.settle()
	st.Attempts, st.Owners = len(w.hands.fences), int(w.disk.epoch) //nolint:gosec // small
	return st, w.err
}

func (w *world) stats() Stats {
	st := Stats{Steps: w.steps, Runs: len(w.clients), Attempts: len(w.hands.fences), Owners: int(w.disk.epoch)} //nolint:gosec // small
	for _, r := range w.disk.rows {
		if r.Status.Final() {
			st.Ended++
		}
	}
	return st
}

// length is how much happens before all is healed: mostly little, so that many
// histories can be played, and now and then much.
func (w *world) length() int {
	switch fate := w.rng.IntN(100); {
	case fate < 80:
		return 30 + w.rng.IntN(120)
	case fate < 97:
		return 150 + w.rng.IntN(300)
	default:
		return 450 + w.rng.IntN(1000)
	}
}

// step is one thing that happens.
func (w *world) step() {
	n := w.nodes[w.rng.IntN(len(w.nodes))]
	if w.disk.holder != nil && w.chance(70) {
		n = w.disk.holder
	}
	fate := w.rng.IntN(100)
	if fate >= 85 && w.chance(w.calm) { // a quiet while: work gets done
		fate = w.rng.IntN(85)
	}
	switch {
	case n.core == nil && fate < 60:
		w.up(n)
	case fate < 15:
		if c := w.clients[w.rng.IntN(len(w.clients))]; c.acked == 0 || w.chance(10) && !w.disk.gone[c.acked] {
			w.submit(c)
		}
	case fate < 45:
		w.read(n)
	case fate < 65:
		if !n.stalled {
			w.round(n, false)
		}
	case fate < 85:
		w.act(false)
	default:
		w.mishap(n, fate)
	}
	w.pass()
}

// read lets a node take messages, and new settings.
func (w *world) read(n *node) {
	if n.stalled {
		return
	}
	if w.chance(30) {
		w.configure(n)
	}
	for range 1 + w.rng.IntN(5) {
		w.errand()
		w.arrive(n)
	}
}

// mishap is what hinders work, or changes its course.
func (w *world) mishap(n *node, fate int) {
	switch {
	case fate < 88:
		n.stalled = true
	case fate < 90:
		w.down(n)
	case fate < 92:
		w.meddle()
	case fate < 93:
		n.skew = int64(w.rng.IntN(20_000)) - 10_000
	case fate < 95:
		w.disk.down = true
	case fate < 99:
		w.now += int64(w.rng.IntN(3_000))
	default:
		w.now += int64(w.rng.IntN(15_000))
	}
}

// pass ends trouble by itself, which comes back sooner than it goes, and has
// an owner that is well keep its shard.
func (w *world) pass() {
	if w.chance(20) {
		w.disk.down = false
	}
	awake := w.chance(10)
	for _, n := range w.nodes {
		n.stalled = n.stalled && !awake
		if n.core != nil && !n.stalled && w.disk.holder == n && w.now < w.disk.until {
			w.disk.until = w.now + ownership
		}
	}
}
