package queue

// Why steps wait, beside the reasons of runs.
const (
	PoolPaused Reason = "pool-paused"
	PoolFull   Reason = "pool-slots" // too few slots are free
	Reserved   Reason = "reserved"   // the free slots are kept for a step that was first and needs more
	TypeFull   Reason = "type-cap"
	NoWorker   Reason = "no-worker" // none that can do the type has asked for a minute
)

// StepExplanation says why a ready step waits.
type StepExplanation struct {
	Pool   string `json:"pool"`
	Type   string `json:"type"`
	Tenant string `json:"tenant"`
	// Reasons hold it whatever its place; none means it waits its turn.
	Reasons []Reason `json:"reasons,omitempty"`
	// TenantPosition is its place among its tenant's steps of its type that
	// no key holds; 1 is first, 0 when its key holds it.
	TenantPosition int `json:"tenant-position"`
	// TenantsAhead is how many other tenants have a step of its type that
	// goes before its tenant's next.
	TenantsAhead int `json:"tenants-ahead"`
	// Ready steps of the pool, those of its type among them.
	Ready     int `json:"ready"`
	ReadyType int `json:"ready-type"`
	// Needs slots of which Held of Slots are taken; Slots 0 is no limit.
	Needs int `json:"needs"`
	Held  int `json:"held"`
	Slots int `json:"slots,omitempty"`
	// TypeRunning of TypeCap steps are in flight, and so on; 0 is no cap, or
	// with the reason TypeFull that none of the type is taken.
	TypeRunning int `json:"type-running"`
	TypeCap     int `json:"type-cap,omitempty"`
	KeyRunning  int `json:"key-running,omitempty"`
	KeyCap      int `json:"key-cap,omitempty"`
	TenantHeld  int `json:"tenant-held"`
	TenantSlots int `json:"tenant-slots,omitempty"`
	// AskedAt is when a worker that can do it last asked, 0 for never.
	AskedAt int64 `json:"asked-at,omitempty"`
	// Waited is how long it has been ready, in milliseconds.
	Waited int64 `json:"waited"`
}

// Explain says why a step waits. It reports false for one that does not. It
// costs O(tenants with steps of the type).
func (s *Slots) Explain(id uint64, node, item int32, now int64) (StepExplanation, bool) {
	s.tell(now)
	i, known := s.places[stepID{id, node, item}]
	if !known || s.steps.node(i).state == inFlight {
		return StepExplanation{}, false
	}
	n := s.steps.node(i)
	l := n.data.lane
	g, k := l.guest, l.kind
	p := g.pool
	e := StepExplanation{
		Pool: p.config.Name, Type: k.name, Tenant: g.name,
		Ready: p.ready, ReadyType: k.ready,
		Needs: p.needs(i), Held: p.held, Slots: p.config.Slots,
		TypeRunning: k.running, TypeCap: p.config.Types[k.name],
		TenantHeld: g.holder.slots, TenantSlots: g.holder.config.Slots,
		AskedAt: max(k.askedAt, p.askedAt),
		Waited:  max(0, s.now-n.at),
	}
	behindKey := false
	if n.data.key != nil {
		e.KeyRunning, e.KeyCap = n.data.key.running, p.config.KeyCap
		behindKey = p.config.KeyCap > 0 && n.data.key.line(l).head != i
	}
	if !behindKey {
		e.TenantPosition = 1 + s.steps.ahead(&l.steps, i)
	}
	for _, chair := range k.lanes {
		if other := chair.e; other != l && other.goesBefore(l) {
			e.TenantsAhead++
		}
	}
	p.reasons(&e, i)
	return e, true
}

// reasons lists what holds the step.
func (p *pool) reasons(e *StepExplanation, i uint32) {
	d := &p.owner.steps.node(i).data
	g := d.lane.guest
	free := p.config.Slots - p.held
	kept := 0
	if p.reserved != 0 && p.reserved != i {
		kept = p.needs(p.reserved)
	}
	for _, r := range []struct {
		holds  bool
		reason Reason
	}{
		{p.config.Paused, PoolPaused},
		{p.config.Slots > 0 && free < e.Needs, PoolFull},
		{p.config.Slots > 0 && free >= e.Needs && free < e.Needs+kept, Reserved},
		{!p.room(d.lane.kind), TypeFull},
		{d.key != nil && !d.key.open(p.config.KeyCap), KeyFull},
		{g.holder.config.Suspended, TenantSuspended},
		{!g.holder.config.Suspended && !g.may(i), TenantFull},
		{e.AskedAt == 0 || p.owner.now-e.AskedAt > minute, NoWorker},
	} {
		if r.holds {
			e.Reasons = append(e.Reasons, r.reason)
		}
	}
}
