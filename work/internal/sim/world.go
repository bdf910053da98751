package sim

import (
	"fmt"
	"math/rand/v2"

	"github.com/berth-project/berth/work/shard"
	"github.com/berth-project/berth/workflow"
)

const (
	ownership = 10_000 // ms that a shard stays with a silent node
	epochMS   = 1_750_000_000_000
)

// world is one history.
type world struct {
	rng      *rand.Rand
	now      int64
	err      error
	steps    int
	calm     int  // how seldom there is trouble, in percent
	loss     int  // how many messages, tasks and answers are lost, in percent
	local    bool // engines execute tasks themselves, too
	plans    []*workflow.Plan
	limits   limits
	settings *shard.Settings
	disk     *disk
	nodes    []*node
	mail     []message
	clients  []*client
	errands  []*errand
	hands    hands
	leave    map[workflow.RunID]*leave
}

// message is something on its way to whichever node owns the shard.
type message func(*node)

// newWorld returns the world of a seed, in which nothing has happened yet.
func newWorld(seed uint64, plans []*workflow.Plan) *world {
	w := &world{
		rng: rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15)), now: epochMS, loss: 5, //nolint:gosec // reproducible on purpose
		plans: plans, hands: newHands(), leave: map[workflow.RunID]*leave{},
	}
	w.disk = newDisk(w)
	for _, p := range plans {
		w.disk.plans[p.Hash()] = p
	}
	w.nodes = []*node{{name: "n0"}, {name: "n1"}}
	w.tune(usual)
	return w
}

func (w *world) fail(format string, args ...any) {
	if w.err == nil {
		w.err = fmt.Errorf(format, args...)
	}
}

func (w *world) chance(percent int) bool { return w.rng.IntN(100) < percent }

// trouble is chance in a world that may be calm.
func (w *world) trouble(percent int) bool { return !w.chance(w.calm) && w.chance(percent) }

func (w *world) clock(n *node) int64 { return w.now + n.skew }

// send puts a message on its way, once or twice.
func (w *world) send(m message) {
	w.mail = append(w.mail, m)
	if w.chance(w.loss) {
		w.mail = append(w.mail, m)
	}
}

// arrive lets a message arrive, in any order, or not at all.
func (w *world) arrive(n *node) {
	if len(w.mail) == 0 || n.core == nil || n.batch != nil {
		return
	}
	i := w.rng.IntN(len(w.mail))
	m := w.mail[i]
	last := len(w.mail) - 1
	w.mail[i], w.mail[last] = w.mail[last], nil
	w.mail = w.mail[:last]
	if w.chance(w.loss) {
		return
	}
	n.core.Begin(w.clock(n))
	m(n)
}
