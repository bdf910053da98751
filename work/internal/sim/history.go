package sim

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/shard"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

// documents are what the histories run.
var documents = []string{
	`{"name":"fan","steps":[{"name":"a","run":"t"},{"name":"b","run":"t","needs":["a"]},{"name":"c","run":"t","needs":["a"]}],
	  "attempts":50}`,
	`{"name":"retry","attempts":50,"steps":[{"name":"a","run":"t","retry":{"max":100,"backoff":"2s"}},
	  {"name":"b","run":"t","needs":["a"],"timeout":"40s","retry":{"max":100,"backoff":"1s","jitter":0.5}}],
	  "finally":[{"name":"z","run":"t","retry":{"max":100,"backoff":"1s"}}]}`,
	`{"name":"each","attempts":50,"steps":[{"name":"a","run":"t","retry":{"max":100,"backoff":"1s"}},
	  {"name":"b","run":"t","needs":["a"],"retry":{"max":100,"backoff":"1s"},"for-each":{"in":[1,2,3],"limit":2}},
	  {"name":"w","run":"wait","needs":["a"],"with":{"for":"3s"}}]}`,
	`{"name":"parent","attempts":50,"steps":[{"name":"a","run":"t","retry":{"max":100,"backoff":"1s"}},
	  {"name":"sub","run":"workflow","needs":["a"],"with":{"workflow":"fan"},"retry":{"max":100,"backoff":"1s"}}]}`,
}

// Plans compiles the documents once for all histories.
func Plans() ([]*workflow.Plan, error) {
	plans := make([]*workflow.Plan, len(documents))
	for i, text := range documents {
		plan, err := workflow.Load("document", []byte(text))
		if err != nil {
			return nil, err
		}
		plans[i] = plan
	}
	return plans, nil
}

// Stats is what a history did.
type Stats struct {
	Steps, Runs, Attempts, Owners int
}

// History plays the history of a seed and says what was wrong with it.
func History(seed uint64, plans []*workflow.Plan) (Stats, error) {
	w := &world{
		rng: rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15)), now: epochMS, //nolint:gosec // reproducible on purpose
		fences: map[machine.Fence]bool{}, tries: map[string]machine.Fence{}, given: map[machine.Fence]string{},
		results: map[string]json.RawMessage{}, plans: plans, resets: map[workflow.RunID]bool{},
	}
	w.disk = newDisk(w)
	for _, p := range plans {
		w.disk.plans[p.Hash()] = p
	}
	w.nodes = []*node{{name: "n0"}, {name: "n1"}}
	for i := range 1 + w.rng.IntN(5) {
		w.clients = append(w.clients, w.client(i))
	}
	for range 30 + w.rng.IntN(120) {
		if w.err != nil {
			break
		}
		w.steps++
		w.step()
	}
	w.heal()
	w.settle()
	return Stats{w.steps, len(w.clients), len(w.fences), int(w.disk.epoch)}, w.err //nolint:gosec // small
}

func (w *world) client(i int) *client {
	plan := w.plans[w.rng.IntN(len(w.plans))]
	w.resting = w.resting || plan.Document().Name == "parent" || plan.Document().Name == "each"
	queue, key := "fair", ""
	if w.chance(50) {
		queue = "fifo"
		key = []string{"", "k"}[w.rng.IntN(2)]
	}
	tenant := string(rune('a' + w.rng.IntN(3)))
	return &client{in: &shard.Intake{
		Submission: work.Submission{Tenant: tenant, IdempotencyKey: fmt.Sprint("key", i)},
		Plan:       plan, Hash: plan.Hash(), Canonical: plan.Canonical(), Workflow: plan.Document().Name, Queue: queue,
		Priority: uint8(w.rng.IntN(10)), Key: key, Cost: 1, //nolint:gosec // below 10
	}}
}

// step is one thing that happens.
func (w *world) step() {
	n := w.nodes[w.rng.IntN(len(w.nodes))]
	switch fate := w.rng.IntN(100); {
	case n.core == nil && fate < 60:
		w.up(n)
	case fate < 15:
		if c := w.clients[w.rng.IntN(len(w.clients))]; c.acked == 0 || w.chance(10) {
			w.submit(c)
		}
	case fate < 45:
		if !n.stalled {
			w.errand()
			w.arrive(n)
		}
	case fate < 65:
		if !n.stalled {
			w.round(n, false)
		}
	case fate < 85:
		w.act(false)
	case fate < 88:
		n.stalled = !n.stalled
	case fate < 90:
		w.die(n)
	case fate < 91:
		w.meddle()
	case fate < 92:
		n.skew = int64(w.rng.IntN(20_000)) - 10_000
	case fate < 94:
		w.disk.down = !w.disk.down
	default:
		w.now += int64(w.rng.IntN(15_000))
	}
	for _, n := range w.nodes { // an owner that is well keeps its lease
		if n.core != nil && !n.stalled && w.disk.holder == n && w.now < w.disk.until {
			w.disk.until = w.now + ownership
		}
	}
}

// heal ends all trouble and lets what there is come to its end.
func (w *world) heal() {
	w.disk.down = false
	n := w.disk.holder
	if n == nil || n.core == nil || w.chance(50) {
		w.die(w.nodes[0])
		w.die(w.nodes[1])
		w.disk.holder = nil
		n = w.nodes[0]
		w.up(n)
	} else { // whatever it has been through, it can go on
		for _, other := range w.nodes {
			if other != n {
				w.die(other)
			}
		}
	}
	n.skew, n.stalled = 0, false
	for range 4000 {
		if w.err != nil || w.finished() {
			return
		}
		for _, c := range w.clients {
			if c.acked == 0 && c.sent < 100 {
				w.submit(c)
			} else if rec := w.disk.rows[c.acked]; rec != nil && rec.Paused {
				w.order(shard.Order{Verb: shard.Resume, Run: c.acked})
			}
		}
		w.errand()
		for len(w.mail) > 0 && n.batch == nil && w.err == nil {
			w.arrive(n)
		}
		w.round(n, true)
		w.act(true)
		if w.chance(30) {
			w.now += 2000
		}
	}
	w.fail("it does not come to its end: %s", w.unfinished())
}

func (w *world) finished() bool {
	for _, c := range w.clients {
		rec := w.disk.rows[c.acked]
		if rec == nil || !rec.Status.Final() {
			return false
		}
	}
	for _, rec := range w.disk.rows { // a child must not outlive its parent for ever
		if !rec.Status.Final() {
			return false
		}
	}
	return true
}

func (w *world) unfinished() string {
	text := ""
	for _, c := range w.clients {
		rec := w.disk.rows[c.acked]
		if rec == nil {
			text += fmt.Sprintf("[%v sent %d times, not acknowledged] ", c.in.Submission.IdempotencyKey, c.sent)
		} else if !rec.Status.Final() {
			text += fmt.Sprintf("[%v %s is %v] ", rec.Meta.ID, rec.Workflow, rec.Status)
			if n := w.disk.holder; n != nil && n.core != nil {
				if e, err := n.core.Explain(c.acked); err == nil {
					text += fmt.Sprint(e.Text, e.Steps)
				}
			}
		}
	}
	for id, rec := range w.disk.rows {
		if rec.Meta.Parent != 0 && !rec.Status.Final() {
			text += fmt.Sprintf("[%v of %v is %v] ", id, rec.Meta.Parent, rec.Status)
		}
	}
	return text
}

// settle holds what must be true in the end.
func (w *world) settle() {
	if w.err != nil {
		return
	}
	own := 0
	for _, rec := range w.disk.rows {
		if rec.Meta.Parent == 0 {
			own++
		}
	}
	if own != len(w.clients) {
		w.fail("%d runs are stored for %d submissions", own, len(w.clients))
	}
	for id, rec := range w.disk.rows {
		want := 1
		if rec.Status.String() != "succeeded" && rec.Status.String() != "failed" {
			want = 0
		}
		if w.resets[id] {
			continue
		}
		if w.disk.events[id] != want {
			w.fail("run %v is %v and has %d events", id, rec.Status, w.disk.events[id])
		}
	}
}
