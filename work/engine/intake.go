package engine

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/shard"
	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/workflow"
)

func randomNumber() uint64 { return rand.Uint64() }

// intake reads and checks a submission and chooses its queue.
func (e *Engine) intake(s work.Submission) (*shard.Intake, *work.Problem) {
	cfg := e.config.Load()
	if s.Tenant == "" {
		return nil, refuse(http.StatusUnprocessableEntity, work.ErrInvalid, "tenant: a run belongs to a tenant")
	}
	if len(s.Tenant) > maxTenant {
		return nil, refuse(http.StatusUnprocessableEntity, work.ErrInvalid, "tenant: at most %d bytes", maxTenant)
	}
	if len(s.Params) > e.opt.MaxParams {
		return nil, refuse(http.StatusRequestEntityTooLarge, work.ErrInvalid, "params: %d bytes, of %d allowed", len(s.Params), e.opt.MaxParams)
	}
	if limit := cfg.shard.Tenants[s.Tenant].Quota.Payload; limit > 0 && len(s.Params)+len(s.Document) > limit {
		return nil, refuse(http.StatusRequestEntityTooLarge, work.ErrQuota,
			"params and document have %d bytes; tenant %q may have %d", len(s.Params)+len(s.Document), s.Tenant, limit)
	}
	in, err := e.planned(s)
	if err != nil {
		return nil, problem(err)
	}
	if err := fill(in, e.opt.Now()); err != nil {
		return nil, problem(err)
	}
	chosen, err := cfg.choose(in)
	if err != nil {
		return nil, problem(err)
	}
	in.Queue = chosen.Name
	in.Priority = priorityOf(s, in.Plan.Document(), chosen)
	return in, nil
}

const (
	maxTenant = 200 // bytes, as of a tenant's setting
	maxLabel  = 1024
	maxCost   = 1e9 // as of a document's
)

func refuse(status int, err error, format string, args ...any) *work.Problem {
	return work.NewProblem(status, fmt.Errorf("%w: %s", err, fmt.Sprintf(format, args...)))
}

// problem gives an error of package work its HTTP status.
func problem(err error) *work.Problem {
	if p, ok := errors.AsType[*work.Problem](err); ok {
		return p
	}
	status := http.StatusInternalServerError
	switch {
	case errors.Is(err, work.ErrInvalid):
		status = http.StatusUnprocessableEntity
	case errors.Is(err, work.ErrNotFound):
		status = http.StatusNotFound
	case errors.Is(err, work.ErrConflict), errors.Is(err, work.ErrStale):
		status = http.StatusConflict
	case errors.Is(err, work.ErrQuota):
		status = http.StatusTooManyRequests
	case errors.Is(err, work.ErrBusy), errors.Is(err, work.ErrNotOwner):
		status = http.StatusServiceUnavailable
	}
	return work.NewProblem(status, err)
}

// maxKey bounds keys, in bytes.
const maxKey = 255

// planned finds what a submission names, or reads what it brings.
func (e *Engine) planned(s work.Submission) (*shard.Intake, error) {
	in := &shard.Intake{Submission: s, Workflow: s.Workflow, Hold: s.Hold}
	return in, e.planFor(e.config.Load(), in)
}

func (e *Engine) planFor(cfg *config, in *shard.Intake) error {
	s := &in.Submission
	switch {
	case s.Workflow != "" && len(s.Document) > 0:
		return fmt.Errorf("%w: give \"workflow\" or \"document\", not both", work.ErrInvalid)
	case len(s.Document) > 0:
		plan, err := e.planOfText(s.Document)
		if err != nil {
			return err
		}
		in.Plan, in.Workflow = plan, plan.Document().Name
	case s.Workflow != "":
		d, err := cfg.definition(s.Workflow, s.Version, s.Tenant)
		if err != nil {
			return err
		}
		plan, err := e.planOfText(d.Document)
		if err != nil {
			return fmt.Errorf("workflow %q version %d: %w", d.Name, d.Version, err)
		}
		in.Plan, in.Version = plan, d.Version
	default:
		return fmt.Errorf("%w: give \"workflow\", the name of a definition, or \"document\"", work.ErrInvalid)
	}
	in.Hash = in.Plan.Hash()
	if !e.plans.stored(in.Hash) {
		in.Canonical = in.Plan.Canonical()
	}
	return nil
}

// definition finds a version of a workflow that a tenant may run.
func (c *config) definition(name string, version int, tenant string) (work.Definition, error) {
	versions := c.definitions[name]
	if len(versions) == 0 || versions[0].Tenant != "" && versions[0].Tenant != tenant {
		return work.Definition{}, fmt.Errorf("%w: there is no workflow %q", work.ErrNotFound, name)
	}
	if version == 0 {
		return versions[len(versions)-1].Definition, nil
	}
	for _, d := range versions {
		if d.Version == version {
			return d.Definition, nil
		}
	}
	return work.Definition{}, fmt.Errorf("%w: workflow %q has no version %d; the newest is %d",
		work.ErrNotFound, name, version, versions[len(versions)-1].Version)
}

// fill adds what the document says and the submission does not.
func fill(in *shard.Intake, now int64) error {
	s, doc := &in.Submission, in.Plan.Document()
	if s.Priority != nil && (*s.Priority < 0 || *s.Priority > 9) {
		return fmt.Errorf("%w: priority %d: 0, the most urgent, to 9", work.ErrInvalid, *s.Priority)
	}
	if len(s.IdempotencyKey) > maxKey || len(s.Key) > maxKey || len(s.Labels) > 64 {
		return fmt.Errorf("%w: keys have at most 255 bytes, and there are at most 64 labels", work.ErrInvalid)
	}
	for name, value := range s.Labels {
		if name == "" || len(name) > maxKey || len(value) > maxLabel {
			return fmt.Errorf("%w: label %.40q: a name of 1 to %d bytes, and at most %d of a value", work.ErrInvalid, name, maxKey, maxLabel)
		}
	}
	if !(s.Cost >= 0 && s.Cost <= maxCost) || s.Deadline < 0 {
		return fmt.Errorf("%w: cost %g, deadline %v: neither can be negative, and a cost is at most %g", work.ErrInvalid, s.Cost, s.Deadline, maxCost)
	}
	var err error
	if in.Params, err = in.Plan.Params(s.Params); err != nil {
		return fmt.Errorf("%w: %w", work.ErrInvalid, err)
	}
	scope := &workflow.Scope{Params: in.Params, Run: &workflow.RunFacts{
		Tenant: s.Tenant, Workflow: in.Workflow, Version: in.Version, Attempt: 1, Labels: s.Labels, Created: now,
	}}
	labels, err := in.Plan.Labels(scope)
	if err != nil {
		return fmt.Errorf("%w: labels: %w", work.ErrInvalid, err)
	}
	in.Labels = joinLabels(labels, s.Labels)
	scope.Run.Labels = in.Labels
	if in.Key = s.Key; in.Key == "" {
		if in.Key, err = in.Plan.RunKey(scope); err != nil {
			return fmt.Errorf("%w: key: %w", work.ErrInvalid, err)
		}
	}
	in.Cost = orElse(orElse(s.Cost, doc.Cost), workflow.DefaultCost)
	if d := orElse(s.Deadline, doc.Deadline); d > 0 {
		in.Deadline = now + d.Std().Milliseconds()
	}
	if s.StartAt != nil {
		in.StartAt = s.StartAt.UnixMilli()
	}
	return nil
}

func priorityOf(s work.Submission, d *workflow.Document, q work.Queue) uint8 {
	p := workflow.DefaultPriority
	switch {
	case s.Priority != nil:
		p = *s.Priority
	case d.Priority != nil:
		p = *d.Priority
	case q.Priority != nil:
		p = *q.Priority
	}
	return uint8(min(max(p, 0), 9)) //nolint:gosec // 0 to 9
}

// choose finds the queue of a run: the one it names, the one it prefers if
// that matches, the first that matches, the fallback.
func (c *config) choose(in *shard.Intake) (work.Queue, error) {
	s := &in.Submission
	if s.Queue != "" {
		q, ok := c.shard.Queues[s.Queue]
		if !ok {
			return q, fmt.Errorf("%w: there is no queue %q", work.ErrNotFound, s.Queue)
		}
		if !open(q, s.Tenant) {
			return q, fmt.Errorf("%w: queue %q is not open to tenant %q", work.ErrNotFound, s.Queue, s.Tenant)
		}
		return q, nil
	}
	var first, fallback *work.Queue
	for i := range c.queues {
		m := &c.queues[i]
		if !open(m.queue, s.Tenant) {
			continue
		}
		if m.queue.Fallback && fallback == nil {
			fallback = &m.queue
		}
		if m.match == nil {
			continue
		}
		hit, err := m.match.Bool(matchScope{in})
		if err != nil || !hit {
			continue // an expression that fails matches nothing; ExplainQueue says why
		}
		if m.queue.Name == s.Prefer {
			return m.queue, nil
		}
		if first == nil {
			first = &m.queue
		}
	}
	if first == nil {
		first = fallback
	}
	if first == nil {
		return work.Queue{}, fmt.Errorf("%w: no queue takes this run: none matches and none is the fallback", work.ErrNotFound)
	}
	return *first, nil
}

func open(q work.Queue, tenant string) bool {
	return len(q.Tenants) == 0 || slices.Contains(q.Tenants, tenant)
}

// matchScope is what a queue's matcher sees of a run to be queued.
type matchScope struct{ in *shard.Intake }

// Variable gives run, params and steps.
func (m matchScope) Variable(name string) (any, bool) {
	in := m.in
	switch name {
	case "run":
		labels := make(map[string]any, len(in.Labels))
		for k, v := range in.Labels {
			labels[k] = v
		}
		return map[string]any{
			"workflow": in.Workflow, "version": int64(in.Version), "tenant": in.Submission.Tenant, "labels": labels,
			"priority": int64(priorityOf(in.Submission, in.Plan.Document(), work.Queue{})),
		}, true
	case "params":
		if len(in.Params) == 0 {
			return json.RawMessage("{}"), true
		}
		return in.Params, true
	case "steps":
		list := make([]any, in.Plan.Len())
		for i := range list {
			step := in.Plan.Node(i).Step
			list[i] = map[string]any{"name": step.Name, "type": step.Run}
		}
		return list, true
	}
	return nil, false
}

// planCache keeps plans of documents, by their text as it came and by hash.
type planCache struct {
	mu     *sync.Mutex
	texts  map[[32]byte]store.Hash
	hashes map[store.Hash]*workflow.Plan
	bytes  int                 // of the documents of hashes
	known  map[store.Hash]bool // stored, as far as this engine knows
}

const (
	maxPlans     = 4096
	maxPlanBytes = 32 << 20
)

func newPlanCache() planCache {
	return planCache{
		mu: &sync.Mutex{}, texts: map[[32]byte]store.Hash{}, hashes: map[store.Hash]*workflow.Plan{}, known: map[store.Hash]bool{},
	}
}

func (c *planCache) text(text []byte) (*workflow.Plan, error) {
	sum := sha256.Sum256(text)
	c.mu.Lock()
	plan := c.hashes[c.texts[sum]]
	c.mu.Unlock()
	if plan != nil {
		return plan, nil
	}
	plan, err := workflow.Load("document", text)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.add(sum, plan), nil
}

// add keeps a plan, or gives the one that is kept. What goes for it when there
// is no room does not matter.
func (c *planCache) add(sum [32]byte, plan *workflow.Plan) *workflow.Plan {
	if len(c.texts) >= maxPlans {
		clear(c.texts)
	}
	hash, size := plan.Hash(), len(plan.Canonical())
	c.texts[sum] = hash
	if same := c.hashes[hash]; same != nil {
		return same
	}
	for h, old := range c.hashes {
		if len(c.hashes) < maxPlans && c.bytes+size <= maxPlanBytes {
			break
		}
		delete(c.hashes, h)
		c.bytes -= len(old.Canonical())
	}
	c.hashes[hash] = plan
	c.bytes += size
	return plan
}

func (c *planCache) hash(h store.Hash) *workflow.Plan {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.hashes[h]
}

func (c *planCache) stored(h store.Hash) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.known[h]
}

// keep notes that documents are stored.
func (c *planCache) keep(docs []store.Document) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, d := range docs {
		if len(c.known) >= maxPlans {
			clear(c.known)
		}
		c.known[d.Hash] = true
	}
}

// forget makes the next submission of each document write it again: the store
// deletes documents that nobody uses any more.
func (c *planCache) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.known)
}

// planOf gives the plan of a stored document.
func (e *Engine) planOf(ctx context.Context, h store.Hash) (*workflow.Plan, error) {
	if plan := e.plans.hash(h); plan != nil {
		return plan, nil
	}
	text, err := e.store.Document(ctx, h)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil, fmt.Errorf("%w: %w", shard.ErrDamaged, err)
	case err != nil:
		return nil, err
	}
	plan, err := e.plans.text(text)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", shard.ErrDamaged, err)
	}
	return plan, nil
}

// joinLabels joins the document's labels and the submission's, which win.
func joinLabels(document, submission map[string]string) map[string]string {
	if len(document) == 0 {
		return submission
	}
	labels := maps.Clone(document)
	maps.Copy(labels, submission)
	return labels
}
