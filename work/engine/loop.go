package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/shard"
	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/workflow"
)

const (
	mailbox  = 8192 // operations that may wait; more are refused as busy
	roundOps = 2048 // operations written together at most
	// company is how long progress and logs wait for something to be written
	// with.
	company = 50 * time.Millisecond
)

// op is something asked of a shard: do is called by its goroutine, or fail
// when the shard is not this engine's.
type op struct {
	do   func(*shard.Core)
	fail func(error)
}

// loop owns one shard, when it does.
type loop struct {
	e    *Engine
	n    int
	mail chan op

	mu    sync.Mutex
	owner store.Owner
	mine  bool
	up    chan struct{} // closed while it serves
	lost  chan struct{} // closed when ownership was lost
	sure  time.Time     // when the ownership was last asked for and given
	other store.Owner   // who has it, when it is not this engine

	quiet   atomic.Bool // hands out nothing more
	trouble atomic.Pointer[string]
	damaged atomic.Int64 // runs that were set aside
	stats   loopStats
}

type loopStats struct{ rounds, ops, rows atomic.Int64 }

func newLoop(e *Engine, n int) *loop {
	return &loop{e: e, n: n, mail: make(chan op, mailbox), up: make(chan struct{}), lost: make(chan struct{})}
}

// send puts an operation into the mailbox. What is in there when the shard is
// lost is refused; nothing comes in after that.
func (l *loop) send(o op) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.ownedLocked(); err != nil {
		return err
	}
	select {
	case l.mail <- o:
		return nil
	default:
		return fmt.Errorf("%w: shard %d has %d operations waiting", work.ErrBusy, l.n, mailbox)
	}
}

// post is send for this engine's own purposes: it waits for room.
func (l *loop) post(ctx context.Context, o op) error {
	for wait := time.Millisecond; ; wait = min(2*wait, 50*time.Millisecond) {
		err := l.send(o)
		if !errors.Is(err, work.ErrBusy) {
			return err
		}
		pause(ctx, wait)
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

func (l *loop) owned() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ownedLocked()
}

func (l *loop) ownedLocked() error {
	if l.mine {
		return nil
	}
	other := l.other
	if l.n > 0 { // whoever has the first shard has this one, or soon will: it is the only one asked for
		other = l.e.loops[0].elsewhere()
	}
	return &OwnerError{Shard: l.n, Node: other.Node, Addr: other.Addr}
}

// elsewhere gives who has the shard; nobody when it is this engine. It may be
// called while the lock of a later shard is held, never the other way round.
func (l *loop) elsewhere() store.Owner {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.mine {
		return store.Owner{}
	}
	return l.other
}

func (l *loop) serving() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.up
}

func (l *loop) ownerName() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.mine {
		return l.owner.Node
	}
	return l.other.Node
}

// quiesce stops handing out tasks, and sends away who waits for some; results
// are still taken.
func (l *loop) quiesce() {
	l.quiet.Store(true)
	_ = l.send(op{do: (*shard.Core).Look, fail: func(error) {}}) // one that is busy has a round soon
}

// run owns the shard whenever it can, until ctx ends. All shards follow the
// first: whoever has that one takes the others as they become free, and gives
// them up with it, so that a run, its sub-workflows, schedules and triggers
// are always one engine's.
func (l *loop) run(ctx context.Context) {
	for ctx.Err() == nil {
		if !l.follows() {
			pause(ctx, min(100*time.Millisecond, l.e.opt.Ownership/4))
			continue
		}
		asked := time.Now()
		owner, err := l.e.store.Acquire(ctx, l.n, l.e.opt.Node, l.e.opt.Addr, l.e.opt.Ownership.Milliseconds())
		if err != nil {
			l.notMine(owner, err)
			pause(ctx, min(time.Second, l.e.opt.Ownership/4))
			continue
		}
		core, err := l.load(ctx, owner)
		if err != nil {
			l.e.log.Error("shard cannot be loaded", "shard", l.n, "error", err)
			l.giveBack(owner)
			pause(ctx, time.Second)
			continue
		}
		l.damaged.Store(0)
		l.begin(owner, asked)
		if !l.follows() {
			l.loseOnce(owner)
		}
		l.serve(ctx, core)
		l.end(owner)
	}
	l.refuse(errors.New("the engine is stopping"))
}

// follows says whether this engine may have the shard: it has the first one,
// or this is it.
func (l *loop) follows() bool { return l.n == 0 || l.e.loops[0].owned() == nil }

// dismiss makes the other shards follow the first one, which was lost.
func (l *loop) dismiss() {
	if l.n > 0 {
		return
	}
	for _, other := range l.e.loops[1:] {
		other.mu.Lock()
		owner := other.owner
		other.mu.Unlock()
		other.loseOnce(owner)
	}
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

func (l *loop) notMine(other store.Owner, err error) {
	l.mu.Lock()
	l.other = other
	l.mu.Unlock()
	if !errors.Is(err, store.ErrNotOwner) && !errors.Is(err, context.Canceled) {
		l.e.log.Error("shard cannot be acquired", "shard", l.n, "error", err)
	}
}

func (l *loop) begin(owner store.Owner, asked time.Time) {
	l.mu.Lock()
	l.owner, l.mine, l.sure = owner, true, asked
	l.lost = make(chan struct{})
	close(l.up)
	l.mu.Unlock()
	l.e.log.Info("shard is this engine's", "shard", l.n, "epoch", owner.Epoch)
}

// end gives up what this engine did for the shard: whoever waits is told,
// and attempts in this process stop, for another owner begins them again.
func (l *loop) end(owner store.Owner) {
	l.mu.Lock()
	l.mine, l.other = false, store.Owner{}
	l.up = make(chan struct{})
	l.mu.Unlock()
	l.dismiss()
	l.refuse(&OwnerError{Shard: l.n})
	l.e.local.abandon(l.n)
	l.giveBack(owner)
}

func (l *loop) giveBack(owner store.Owner) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := l.e.store.Release(ctx, owner); err != nil && !errors.Is(err, store.ErrNotOwner) {
		l.e.log.Warn("shard cannot be given back", "shard", l.n, "error", err)
	}
}

// refuse answers what is in the mailbox.
func (l *loop) refuse(err error) {
	for {
		select {
		case o := <-l.mail:
			o.fail(err)
		default:
			return
		}
	}
}

// renew keeps the ownership alive.
func (l *loop) renew(ctx context.Context) {
	t := time.NewTicker(l.e.opt.Ownership / 6)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		l.mu.Lock()
		owner, mine := l.owner, l.mine
		l.mu.Unlock()
		if !mine {
			continue
		}
		l.prove(ctx, owner)
	}
}

// prove asks the store whether the shard is still this engine's, and gives it
// up when it is not, or when that cannot be known any more: another may have it
// then, and do again whatever goes on here.
func (l *loop) prove(ctx context.Context, owner store.Owner) bool {
	asked := time.Now()
	rctx, cancel := context.WithTimeout(ctx, l.e.opt.Ownership/3)
	defer cancel()
	who, err := l.e.store.Renew(rctx, owner, l.e.opt.Ownership.Milliseconds())
	l.namesake(owner, who, err)
	switch {
	case err == nil:
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.owner.Epoch == owner.Epoch {
			l.sure = asked
		}
		return true
	case ctx.Err() != nil:
		return false
	case errors.Is(err, store.ErrNotOwner), l.unsure():
		l.loseOnce(owner)
		return false
	}
	l.e.log.Warn("ownership of the shard cannot be renewed, trying again", "shard", l.n, "error", err)
	return true
}

// namesake tells of another engine that took a shard under this one's name:
// they will take it from each other for as long as both are there.
func (l *loop) namesake(mine, who store.Owner, err error) {
	if errors.Is(err, store.ErrNotOwner) && who.Node == mine.Node && who.Epoch > mine.Epoch {
		l.e.log.Error("another engine on this store has the same name and took the shard: give each a name of its own", "shard", l.n, "node", who.Node, "address", who.Addr)
	}
}

// unsure says that it is so long ago that the ownership was given that it may
// soon be another's. A clock that was set, and a machine that slept, count as
// well.
func (l *loop) unsure() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	return max(now.Sub(l.sure), now.Round(0).Sub(l.sure.Round(0))) >= l.e.opt.Ownership*3/4
}

func (l *loop) loseOnce(owner store.Owner) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.mine && l.owner.Epoch == owner.Epoch {
		select {
		case <-l.lost:
		default:
			close(l.lost)
		}
	}
}

// serve runs rounds until ctx ends or the shard is lost.
func (l *loop) serve(ctx context.Context, core *shard.Core) {
	l.mu.Lock()
	lost := l.lost
	l.mu.Unlock()
	l.register(core)
	wake := time.NewTimer(0)
	defer wake.Stop()
	var lazy time.Time // since when something waits for company
	for {
		select {
		case <-ctx.Done():
			l.finish(ctx, core)
			return
		case <-lost:
			l.e.log.Warn("shard was lost to another engine", "shard", l.n)
			core.Abandon(&OwnerError{Shard: l.n})
			return
		case o := <-l.mail:
			l.freshen(core)
			l.stats.ops.Add(1)
			o.do(core)
			l.drain(core)
		case <-wake.C:
			l.freshen(core)
			l.drain(core) // before time is seen to have passed: there may be heartbeats
		}
		if core.Pending() && lazy.IsZero() {
			lazy = time.Now()
		}
		due := core.Urgent() || !lazy.IsZero() && time.Since(lazy) >= company
		if at := core.NextWake(); at > 0 && at <= l.e.opt.Now() {
			due = true
		}
		if due {
			lazy = time.Time{}
			if !l.round(ctx, core, false) {
				return
			}
		}
		wake.Reset(l.sleep(core, lazy))
	}
}

// freshen gives a core the time and the settings that are in force.
func (l *loop) freshen(core *shard.Core) {
	core.Begin(l.e.opt.Now())
	l.configure(core)
}

// configure gives a core the settings that are in force. It does so before each of
// what the mailbox holds: who has put a setting may count on it with what comes next.
func (l *loop) configure(core *shard.Core) {
	if now := l.e.config.Load().shard; now != core.Settings() {
		core.Configure(now)
	}
}

// drain applies what else is in the mailbox, as much as one round should
// hold; it says whether that was all.
func (l *loop) drain(core *shard.Core) bool {
	for range roundOps {
		if core.Full() {
			return false
		}
		select {
		case o := <-l.mail:
			l.stats.ops.Add(1)
			l.configure(core)
			o.do(core)
		default:
			return true
		}
	}
	return false
}

// finish writes what was told before the engine stopped.
func (l *loop) finish(ctx context.Context, core *shard.Core) {
	for {
		l.freshen(core)
		all := l.drain(core)
		core.Remember()
		if !l.round(ctx, core, true) || all {
			return
		}
	}
}

func (l *loop) sleep(core *shard.Core, lazy time.Time) time.Duration {
	d := time.Minute
	if at := core.NextWake(); at > 0 {
		d = min(d, max(0, time.Duration(at-l.e.opt.Now())*time.Millisecond))
	}
	if !lazy.IsZero() {
		d = min(d, max(0, company-time.Since(lazy)))
	}
	if core.Urgent() {
		d = 0
	}
	return d
}

// round writes what was gathered and makes it visible; false when the shard
// is lost.
func (l *loop) round(ctx context.Context, core *shard.Core, last bool) bool {
	core.Quiet(last || l.quiet.Load())
	if err := core.Wake(); err != nil {
		l.e.log.Error("runs whose time has come cannot be read", "shard", l.n, "error", err)
	}
	batch := core.Seal()
	var out store.Outcome
	if batch != nil {
		l.stats.rounds.Add(1)
		l.stats.rows.Add(int64(len(batch.Inserts) + len(batch.Updates)))
		var ok bool
		if out, ok = l.flush(ctx, batch, last); !ok {
			core.Abandon(&OwnerError{Shard: l.n})
			return false
		}
	} else if !l.vouch(ctx) {
		core.Abandon(&OwnerError{Shard: l.n})
		return false
	}
	core.Begin(l.e.opt.Now()) // writing may have taken long
	l.e.after(l, core.Publish(out))
	return true
}

// vouch makes sure of the ownership before answers that were not written with
// it: an engine that stood still for long may be the last to know.
func (l *loop) vouch(ctx context.Context) bool {
	if !l.unsure() {
		return true
	}
	l.mu.Lock()
	owner := l.owner
	l.mu.Unlock()
	return l.prove(ctx, owner)
}

// flush writes a batch, again and again until it is written or the shard is
// lost: the batch's number makes that safe.
func (l *loop) flush(ctx context.Context, b *store.Batch, last bool) (store.Outcome, bool) {
	for try := 0; ; try++ {
		fctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
		out, err := l.e.store.Flush(fctx, b)
		cancel()
		switch {
		case err == nil:
			l.trouble.Store(nil)
			return out, true
		case errors.Is(err, store.ErrNotOwner), errors.Is(err, store.ErrGap), errors.Is(err, store.ErrExists), errors.Is(err, store.ErrNotFound):
			l.e.plans.forget() // documents it counted on may be gone
			l.e.log.Warn("shard was lost", "shard", l.n, "error", err)
			l.prove(ctx, b.Owner) // which tells who has it
			return out, false
		}
		text := err.Error()
		l.trouble.Store(&text)
		l.e.log.Error("batch cannot be written, trying again", "shard", l.n, "try", try+1, "error", err)
		if last && try >= 3 {
			return out, false
		}
		l.mu.Lock()
		lost := l.lost
		l.mu.Unlock()
		select {
		case <-lost:
			return out, false
		case <-time.After(min(50*time.Millisecond<<min(try, 6), 2*time.Second)):
		}
		if ctx.Err() != nil {
			last = true
		}
	}
}

// reader is what a core reads of the store.
type reader struct {
	e   *Engine
	ctx context.Context //nolint:containedctx // that of the loop whose core reads
}

const readTimeout = 10 * time.Second

// Load reads runs.
func (r reader) Load(ids []workflow.RunID) ([]store.Record, error) {
	ctx, cancel := context.WithTimeout(r.ctx, readTimeout)
	defer cancel()
	return r.e.store.Load(ctx, ids)
}

// Plan gives the plan of a document.
func (r reader) Plan(h store.Hash) (*workflow.Plan, error) {
	ctx, cancel := context.WithTimeout(r.ctx, readTimeout)
	defer cancel()
	return r.e.planOf(ctx, h)
}

// Idempotent finds runs by their keys.
func (r reader) Idempotent(keys []store.IdempotencyKey) (map[store.IdempotencyKey]workflow.RunID, error) {
	ctx, cancel := context.WithTimeout(r.ctx, readTimeout)
	defer cancel()
	return r.e.store.Idempotent(ctx, keys)
}

const page = 10_000

// load rebuilds a core from the store.
func (l *loop) load(ctx context.Context, owner store.Owner) (*shard.Core, error) {
	if err := l.e.recheckShards(ctx); err != nil {
		return nil, err
	}
	core := shard.New(owner, reader{l.e, ctx}, l.e.opt.Limits, l.e.config.Load().shard)
	core.Begin(l.e.opt.Now())
	ledgers, err := l.e.store.Ledgers(ctx, l.n)
	if err != nil {
		return nil, fmt.Errorf("read the ledgers of queues: %w", err)
	}
	if err := core.Recall(ledgers); err != nil {
		l.e.log.Warn("what a queue remembered of its tenants is lost", "shard", l.n, "error", err)
	}
	newest, _, err := l.e.store.List(ctx, store.Filter{}, "", 1)
	if err != nil {
		return nil, fmt.Errorf("read the newest run: %w", err)
	}
	if len(newest) > 0 {
		core.Resume(newest[0].ID)
	}
	for after := workflow.RunID(0); ; {
		ws, err := l.e.store.Queued(ctx, l.n, after, page)
		if err != nil {
			return nil, fmt.Errorf("read waiting runs: %w", err)
		}
		if err := core.Waiting(ws); err != nil {
			return nil, err
		}
		if len(ws) < page {
			break
		}
		after = ws[len(ws)-1].ID
	}
	for after := workflow.RunID(0); ; {
		recs, err := l.e.store.Started(ctx, l.n, after, 1000)
		if err != nil {
			return nil, fmt.Errorf("read runs that have begun: %w", err)
		}
		if err := core.Started(recs); err != nil {
			return nil, err
		}
		if len(recs) < 1000 {
			return core, nil
		}
		after = recs[len(recs)-1].Meta.ID
	}
}
