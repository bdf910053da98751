package queue

import (
	"cmp"
	"maps"
	"slices"
)

// PoolStats describes a pool.
type PoolStats struct {
	Config  Pool `json:"-"`
	Ready   int  `json:"ready"`
	Running int  `json:"running"`
	Held    int  `json:"held"` // slots
	// Kept slots are free, but reserved for a step that needs more.
	Kept int `json:"kept,omitempty"`
	// Rate is steps started per second over the last minute.
	Rate float64 `json:"rate"`
	// How long steps taken in the last five to ten minutes had been ready, in
	// milliseconds; within 1/16.
	P50   int64             `json:"p50"`
	P90   int64             `json:"p90"`
	P99   int64             `json:"p99"`
	Types []TypeStats       `json:"types"` // by name
	Top   []PoolTenantStats `json:"top"`   // the tenants with the most steps ready
}

// TypeStats describes a step type in a pool.
type TypeStats struct {
	Type    string `json:"type"`
	Ready   int    `json:"ready"`
	Running int    `json:"running"`
	// Cap is how many may be in flight, nil for no limit.
	Cap *int `json:"cap,omitempty"`
	// Mean is the seconds its steps take, the latest counting most.
	Mean float64 `json:"mean"`
	// AskedAt is when a worker that named the type last asked, 0 for never.
	AskedAt int64 `json:"asked-at,omitempty"`
}

// PoolTenantStats describes a tenant in a pool.
type PoolTenantStats struct {
	Tenant  string  `json:"tenant"`
	Weight  float64 `json:"weight"`
	Ready   int     `json:"ready"`
	Running int     `json:"running"`
	Held    int     `json:"held"` // slots
	// Share is its part, 0 to 1, of the slot-seconds that steps started in the
	// last minute are expected to take.
	Share float64 `json:"share"`
}

// Stats describes a pool now, with its top tenants by steps ready. It costs
// O(tenants + types) and reports false for a pool that does not exist.
func (s *Slots) Stats(pool string, now int64, top int) (PoolStats, bool) {
	s.tell(now)
	p := s.pools[pool]
	if p == nil {
		return PoolStats{}, false
	}
	q := p.waits.quantiles(s.now, 0.5, 0.9, 0.99)
	st := PoolStats{
		Config: p.config, Ready: p.ready, Running: p.running, Held: p.held,
		Rate: p.picks.sum(s.now) / (minute / 1000),
		P50:  q[0], P90: q[1], P99: q[2],
		Types: []TypeStats{}, Top: []PoolTenantStats{},
	}
	if p.reserved != 0 {
		st.Kept = max(0, p.config.Slots-p.held)
	}
	for _, name := range slices.Sorted(maps.Keys(p.kinds)) {
		k := p.kinds[name]
		t := TypeStats{Type: name, Ready: k.ready, Running: k.running, Mean: k.mean, AskedAt: k.askedAt}
		if limit, capped := p.config.Types[name]; capped {
			t.Cap = &limit
		}
		st.Types = append(st.Types, t)
	}
	total := p.used.sum(s.now)
	for _, g := range p.guests {
		if g.ready == 0 && g.running == 0 {
			continue
		}
		t := PoolTenantStats{Tenant: g.name, Weight: g.holder.config.weight(), Ready: g.ready, Running: g.running, Held: g.held}
		if total > 0 {
			t.Share = g.used.sum(s.now) / total
		}
		st.Top = insertTop(st.Top, t, top, func(x, y PoolTenantStats) int {
			return cmp.Or(cmp.Compare(y.Ready, x.Ready), cmp.Compare(x.Tenant, y.Tenant))
		})
	}
	return st, true
}
