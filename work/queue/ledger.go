package queue

// Ledger is what a queue remembers of its tenants beyond the tags stored with
// runs. Virtual and Credit have a value for each class.
type Ledger struct {
	// At is the latest time the queue was told.
	At int64 `json:"at"`
	// Virtual is the virtual time, Credit what the floor owes in millionths
	// of a pick.
	Virtual []float64 `json:"virtual"`
	Credit  []int64   `json:"credit"`
	// Typical is what a run costs, the latest counting most; 0 for not known.
	Typical  float64   `json:"typical,omitempty"`
	Accounts []Account `json:"accounts,omitempty"`
	Flights  []Flight  `json:"flights,omitempty"`
	// Used is what all tenants used, as of UsedAt; see Config.Memory.
	Used   float64 `json:"used,omitempty"`
	UsedAt int64   `json:"used-at,omitempty"`
}

// Account is a tenant of which the tags do not tell all.
type Account struct {
	Tenant string  `json:"tenant"`
	Places []Place `json:"places,omitempty"`
	Used   float64 `json:"used,omitempty"`
	UsedAt int64   `json:"used-at,omitempty"`
}

// Flight is a run in flight of which it is not told what it used: what of its
// charge the tenant's credit paid, what virtual time counts it as, and what
// others had of its class since it was picked, both in costs.
type Flight struct {
	Run      uint64  `json:"run"`
	Charged  float64 `json:"charged"`
	Paid     float64 `json:"paid,omitempty"`
	Expected float64 `json:"expected"`
	Passed   float64 `json:"passed,omitempty"`
	Lead     float64 `json:"lead,omitempty"` // of its tenant before the first of the others
}

// Place is where a tenant stands in a class.
type Place struct {
	Class int     `json:"class"`
	Tag   float64 `json:"tag"`
	// Run is the tenant's youngest run and Drift how far Tag is from what
	// that run's own tag says; 0 when the tenant has no run of the class.
	Run   uint64  `json:"run,omitempty"`
	Drift float64 `json:"drift,omitempty"`
	// Credit is what the tenant is to be given back; see the package comment.
	Credit float64 `json:"credit,omitempty"`
	// Since is how long its runs of the class age; 0 when none could start.
	Since int64 `json:"since,omitempty"`
}

// Ledger gives what a queue remembers, in no order. Stored now and then, and
// on a clean stop, and given back after a restart, it makes the order exactly
// what it was when the ledger was taken. It costs O(tenants + keys + runs in flight).
func (s *Scheduler) Ledger(queue string) Ledger {
	s.ready()
	q := s.queues[queue]
	if q == nil {
		return Ledger{}
	}
	led := Ledger{At: s.now, Typical: q.typical, Virtual: q.virtual[:], Credit: q.credit[:], Used: q.used.amount, UsedAt: q.used.since}
	led.Virtual, led.Credit = append([]float64(nil), led.Virtual...), append([]int64(nil), led.Credit...)
	for i, fl := range q.flights {
		if n := s.runs.node(i); fl.charged > 0 {
			c := s.members[n.data.member].spot(n.as).flow.class
			led.Flights = append(led.Flights, Flight{n.id, fl.charged, fl.paid, fl.expected, q.work[c] - fl.since, fl.lead})
		}
	}
	behind := q.lastBehindKeys()
	for _, m := range q.members {
		a := Account{Tenant: m.tenant.name, Used: m.used.amount, UsedAt: m.used.since}
		for _, p := range m.spots {
			if p == nil {
				continue
			}
			if place, ok := q.account(p, behind); ok {
				a.Places = append(a.Places, place)
			}
		}
		if len(a.Places) > 0 || a.Used > 0 {
			led.Accounts = append(led.Accounts, a)
		}
	}
	return led
}

// account is what the tags do not tell of a member in a class.
func (q *queue) account(at *spot, behind map[*lane]uint32) (Place, bool) {
	l, f := &at.lane, &at.flow
	p := Place{Class: int(l.class), Tag: f.tag, Credit: f.credit}
	if f.place == 0 { // it will be lifted when it enters
		p.Credit = 0
		p.Tag = max(p.Tag, q.virtual[l.class])
	}
	last := q.later(l.runs.last(), behind[l])
	if tag, ok := q.claim(l, last); ok {
		p.Run, p.Drift = q.owner.runs.node(last).id, p.Tag-tag
	}
	if l.able {
		p.Since = l.since
	}
	if p.Run != 0 {
		return p, p.Drift != 0 || p.Credit != 0 || q.ages(l.class)
	}
	return p, q.config.Policy.tagged() && p.Tag > q.virtual[l.class]
}

// later is the later of two runs, either of which may be none.
func (q *queue) later(i, j uint32) uint32 {
	if i == 0 || j != 0 && q.owner.runs.before(i, j) {
		return j
	}
	return i
}

// lastBehindKeys finds the last run of each lane among those behind keys.
func (q *queue) lastBehindKeys() map[*lane]uint32 {
	last := map[*lane]uint32{}
	for _, k := range q.owner.keys {
		if k == nil || k.member.queue != q {
			continue
		}
		for _, behind := range k.lines {
			last[behind.lane] = q.later(last[behind.lane], behind.rest.last())
		}
	}
	return last
}

// SetLedger gives a queue back what it remembered, while it is rebuilt.
func (s *Scheduler) SetLedger(queue string, led Ledger) {
	q := s.load(queue)
	s.now = max(s.now, led.At)
	q.recalled, q.restarted = true, false
	if led.Typical > 0 {
		q.typical = led.Typical
	}
	copy(q.virtual[:], led.Virtual)
	copy(q.credit[:], led.Credit)
	q.used = usage{led.Used, led.UsedAt}
	for _, fl := range led.Flights {
		q.recallFlight(fl)
	}
	q.ledger = map[*lane]Place{}
	for _, a := range led.Accounts {
		m := q.member(a.Tenant)
		m.used = usage{a.Used, a.UsedAt}
		for _, p := range a.Places {
			if p.Class >= 0 && p.Class < Classes {
				q.ledger[&m.spot(uint8(p.Class)).lane] = p
			}
		}
	}
}

// recallFlight applies what the ledger knows of a run in flight.
func (q *queue) recallFlight(fl Flight) {
	i, known := q.owner.places[fl.Run]
	if !known {
		return
	}
	if old, ok := q.flights[i]; ok && old.charged > 0 {
		c := q.owner.members[q.owner.runs.node(i).data.member].spot(q.owner.runs.node(i).as).flow.class
		q.flights[i] = flight{fl.Charged, fl.Paid, fl.Expected, fl.Lead, q.work[c] - fl.Passed}
	}
}

// recall applies what the ledger knows of a lane. What it says of a tenant
// whose youngest run is another by now is older than that run's tag.
func (q *queue) recall(l *lane, f *flow) {
	p, ok := q.ledger[l]
	l.since, l.able = p.Since, p.Since != 0
	switch {
	case !ok:
	case l.count == 0:
		f.tag, f.credit = max(f.tag, p.Tag), p.Credit
	case l.last != 0 && q.owner.runs.node(l.last).id == p.Run:
		f.tag += p.Drift
		f.credit = p.Credit
	}
}
