package shard

import (
	"cmp"
	"errors"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/queue"
	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

// ErrDamaged is what a Reader answers of a document that is not there or cannot
// be read, however often it is tried.
var ErrDamaged = errors.New("cannot be read")

// Reader is what a core reads of the store. Its calls wait for the store: the
// owner's goroutine is the only one that writes the shard, so that what it
// reads between two batches is current.
type Reader interface {
	// Load gives runs whole; those that do not exist are left out.
	Load(ids []workflow.RunID) ([]store.Record, error)
	// Plan gives the plan of a stored document. ErrDamaged: there is none.
	Plan(h store.Hash) (*workflow.Plan, error)
	// Idempotent gives the runs that have these keys.
	Idempotent(keys []store.IdempotencyKey) (map[store.IdempotencyKey]workflow.RunID, error)
}

// defaultFresh bounds the runs kept whole in memory though they only wait; the
// others are read when they are picked.
const defaultFresh = 20_000

// Core is one shard. It is not safe for concurrent use.
type Core struct {
	owner    store.Owner
	seq      uint64 // of the last batch written
	read     Reader
	limits   machine.Limits
	settings *Settings

	now     int64
	lastID  workflow.RunID
	counter uint64 // of fences

	runs     map[workflow.RunID]*resident
	fresh    int // beyond so many runs in memory, those that wait are not kept
	order    *queue.Scheduler
	slots    *queue.Slots
	pollers  map[string][]*Poller // by pool, oldest first
	light    map[string]int       // light steps in flight, by pool
	callers  []*RunPoller         // for whole runs
	timers   *timers
	tenants  map[string]*usage
	rates    rates
	logSeq   map[workflow.RunID]int64
	picks    map[workflow.RunID]pick // picked, not begun yet
	damaged  map[workflow.RunID]error
	ledgers  map[string]bool // queues of which the store has one
	remember int64           // when they are written next
	again    int64           // when what the store did not answer is asked again; 0: nothing
	quiet    bool

	round round
}

// round is what one round gathers until it is published.
type round struct {
	dirty     []*resident
	read      []*resident // came from the store
	urgent    bool
	documents []store.Document
	history   []store.History
	logs      []store.Chunk
	events    []store.Event
	acks      []store.Ack
	deleted   []workflow.RunID
	expired   []workflow.RunID // to be deleted, if they are final
	// keys are those of the runs taken in this round; duplicates, in Publish,
	// the runs that another shard turned out to have had before.
	keys       map[store.IdempotencyKey]workflow.RunID
	bytes      int // of documents, parameters, results and logs
	duplicates map[workflow.RunID]workflow.RunID
	missing    []workflow.RunID // runs that turned out not to be stored
	answers    []func(lost error)
	polled     []*Poller
	called     []*RunPoller
	out        Published
}

// Published is what a round tells the outside, once it is durable.
type Published struct {
	// Recalls are leases that ended early: their attempts must stop.
	Recalls []Recall
	// Children are sub-workflows to be submitted or asked after, Cancel those
	// to be canceled.
	Children []Child
	Cancel   []workflow.RunID
	// Adopted are sub-workflows that came from the store: the steps they work
	// for may have stopped waiting for them without a word.
	Adopted []Adopted
	// Finished are sub-workflows that became final: their parents must hear of it.
	Finished []Finished
	// Notices are for those who watch.
	Notices []work.Event
	// Outbox says that there are new events to be delivered.
	Outbox bool
	// Damaged are runs that turned out to be unreadable: they were set aside.
	Damaged []Damaged
}

// Damaged is a run that is stored and cannot be read.
type Damaged struct {
	Run workflow.RunID
	Err error
}

// Recall ends the attempt that holds a fence.
type Recall struct {
	Run    workflow.RunID
	Step   string
	Item   int
	Fence  machine.Fence
	Worker string
	Reason error // one of work's
}

// Child is a sub-workflow that a step wants; submitting it twice under its
// key gives the same run.
type Child struct {
	Parent     workflow.RunID
	Ref        machine.Ref
	Key        string
	Run        workflow.RunID // it was submitted before: Remind it
	Submission work.Submission
	Err        error // the step's "with" makes no submission
}

// Adopted is a sub-workflow, and the step and key under which it was wanted.
type Adopted struct {
	Run    workflow.RunID
	Parent workflow.RunID
	Ref    machine.Ref
	Key    string
}

// Finished is a sub-workflow that became final.
type Finished struct {
	Parent workflow.RunID
	machine.ChildEnd
}

// resident is a run in memory.
type resident struct {
	run     *machine.Run
	rec     store.Record // what its row says, without State and Outputs
	stored  bool
	dirty   bool
	tag     float64
	waiting bool // it has a place in the order, to be picked
	picked  bool // counted as running by the order
	// resting: it has begun, and all it does is wait for time, somebody or its
	// sub-workflows: it holds no place that these may need.
	resting bool
	item    queue.Item
	used    float64 // slot-seconds since it was picked
	lent    int64   // since when a worker has it whole; 0: none has
	leases  []*lease
	ready   []queue.Ready
	status  machine.Status // as last told
}

// usage counts a tenant's runs.
type usage struct{ queued, running int }

// New returns an empty core of the shard that owner holds.
func New(owner store.Owner, read Reader, limits machine.Limits, s *Settings) *Core {
	c := &Core{
		owner: owner, seq: owner.Seq, read: read, limits: limits,
		fresh:   defaultFresh,
		runs:    map[workflow.RunID]*resident{},
		order:   queue.New(),
		slots:   queue.NewSlots(),
		pollers: map[string][]*Poller{},
		light:   map[string]int{},
		tenants: map[string]*usage{},
		logSeq:  map[workflow.RunID]int64{},
		timers:  newTimers(),
		damaged: map[workflow.RunID]error{},
		ledgers: map[string]bool{},
	}
	c.Configure(s)
	return c
}

// Keep sets how many runs are kept in memory before those that only wait are
// not.
func (c *Core) Keep(runs int) { c.fresh = runs }

// setBack is how far a clock goes back, in milliseconds, before it is taken to
// have been wrong. A little is held against it: time stands still.
const setBack = 10_000

// Begin starts a round at a time, in milliseconds since 1970.
func (c *Core) Begin(now int64) {
	if now > c.now || now < c.now-setBack {
		c.now = now
	}
}

// Urgent says whether somebody waits for this round to be written: progress
// and logs alone can wait for company.
func (c *Core) Urgent() bool { return c.round.urgent }

// Pending says whether the round has anything to be written.
func (c *Core) Pending() bool {
	r := &c.round
	return len(r.dirty)+len(r.read)+len(r.history)+len(r.logs)+len(r.acks)+len(r.deleted)+len(r.expired)+len(r.answers) > 0
}

// What a round may hold before it should be written: a transaction that takes
// long holds up everybody, and one that takes too long is never written.
const (
	fullRuns  = 4000
	fullLines = 20_000
	fullBytes = 8 << 20
)

// Full says that the round should be written before it takes more.
func (c *Core) Full() bool {
	r := &c.round
	return len(r.dirty)+len(r.deleted)+len(r.expired) >= fullRuns || len(r.history)+len(r.logs)+len(r.events)+len(r.acks) >= fullLines || r.bytes >= fullBytes
}

// maxShards is how many shards there can be: what fits into a run's id.
const maxShards = 64

// Place gives the shard of a run.
func Place(id workflow.RunID) int { return id.Node() % maxShards }

// nextID gives an id that is later than all before. The node in it is the
// shard, and what tells its owners apart: a new owner's clock may be behind.
func (c *Core) nextID() workflow.RunID {
	node := c.owner.Shard + maxShards*int(c.owner.Epoch%(workflow.MaxNode/maxShards+1)) //nolint:gosec // below 16
	id := workflow.MakeRunID(c.now, node, 0)
	if id <= c.lastID {
		if id = c.lastID + 1; id.Node() != c.lastID.Node() || c.lastID.Node() != node {
			id = workflow.MakeRunID(c.lastID.Millis()+1, node, 0)
		}
	}
	c.lastID = id
	return id
}

// nextFence grows over the owners of a shard without reading the store.
func (c *Core) nextFence() machine.Fence {
	c.counter++
	return machine.Fence(c.owner.Epoch<<40 | c.counter)
}

// nextEvent gives an id that no other event has: the number of the batch it
// will be in, which grows over owners, the shard, and its place in the batch.
func (c *Core) nextEvent() uint64 {
	place := uint64(len(c.round.events)) % (1 << 18)         // Full ends a round long before
	return (c.seq+1)<<24 | uint64(c.owner.Shard)<<18 | place //nolint:gosec // below 64
}

// Do applies news that somebody waits for. Of a round that was not written the
// answer is that alone: what the news met was never true.
func (c *Core) Do(news func(*Core) error, answer func(error)) {
	err := news(c)
	c.answer(func(lost error) { answer(cmp.Or(lost, err)) })
}

// Quiet stops, or starts again, handing out work. Meanwhile those who ask once
// are answered with nothing in Publish: others may have something for them.
func (c *Core) Quiet(quiet bool) { c.quiet = quiet }

// Abandon tells those who wait for a round that it will not be written, and
// why, and those who wait for work that none will come. The core is of no use
// afterwards.
func (c *Core) Abandon(err error) {
	for _, answer := range c.round.answers {
		answer(err)
	}
	for _, p := range c.round.polled {
		p.release(p.taken)
	}
	for _, p := range c.round.called {
		p.Deliver(nil)
	}
	c.dismiss()
}

// answer has f called when the round is written, or with why it never will be.
func (c *Core) answer(f func(lost error)) {
	c.round.answers = append(c.round.answers, f)
	c.round.urgent = true
}

func (c *Core) touch(r *resident) {
	if !r.dirty {
		r.dirty = true
		c.round.dirty = append(c.round.dirty, r)
	}
}

func (c *Core) usage(tenant string) *usage {
	u := c.tenants[tenant]
	if u == nil {
		u = &usage{}
		c.tenants[tenant] = u
	}
	return u
}
