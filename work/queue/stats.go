package queue

import (
	"cmp"
	"math"
	"slices"
)

// Stats describes a queue.
type Stats struct {
	Config  Config `json:"-"`
	Waiting int    `json:"waiting"`
	Running int    `json:"running"`
	// Resting runs have begun, and wait without a place; see Scheduler.Rest.
	Resting int `json:"resting,omitempty"`
	// Held runs wait for a cap, a key or a suspended tenant, not for their turn.
	Held int `json:"held"`
	// Tenants have runs waiting or in flight.
	Tenants int `json:"tenants"`
	// Rate is picks per second over the last minute.
	Rate float64 `json:"rate"`
	// Jain is Jain's index over the cost picked in the last minute per weight
	// of each tenant that could run now: 1 is even, 1/n is one has all.
	Jain float64 `json:"jain"`
	// Starved tenants could run, have waited over a minute and were not
	// served in the last one.
	Starved int `json:"starved"`
	// Picked counts picks since the queue was made; Aged those that counted as
	// a better class because they had waited, Floored those that went before a
	// better class because of the floor.
	Picked  uint64 `json:"picked"`
	Aged    uint64 `json:"aged"`
	Floored uint64 `json:"floored"`
	// Classes are those with runs waiting or picked lately.
	Classes []ClassStats `json:"classes"`
	// Top are the tenants with the most runs waiting.
	Top []TenantStats `json:"top"`
}

// ClassStats describes a class: its runs by their own class, not by what they
// count as after ageing.
type ClassStats struct {
	Class   int `json:"class"`
	Waiting int `json:"waiting"`
	// How long runs picked in the last five to ten minutes had waited, in
	// milliseconds; within 1/16.
	P50 int64 `json:"p50"`
	P90 int64 `json:"p90"`
	P99 int64 `json:"p99"`
}

// TenantStats describes a tenant in a queue.
type TenantStats struct {
	Tenant  string  `json:"tenant"`
	Weight  float64 `json:"weight"`
	Waiting int     `json:"waiting"`
	Running int     `json:"running"`
	// Share is its part of the cost picked in the last minute, 0 to 1.
	Share float64 `json:"share"`
	// Oldest is since when its oldest run waits, in milliseconds.
	Oldest int64 `json:"oldest,omitempty"`
	// Held is why none of its runs can start; "" when one could.
	Held Reason `json:"held,omitempty"`
}

// Stats describes a queue now, with its top tenants by runs waiting. It costs
// O(tenants) and reports false for a queue that does not exist.
func (s *Scheduler) Stats(queue string, now int64, top int) (Stats, bool) {
	s.tell(now)
	q := s.queues[queue]
	if q == nil {
		return Stats{}, false
	}
	q.catchUp()
	st := Stats{
		Config: q.config, Waiting: q.waiting, Running: q.running, Resting: q.resting,
		Rate:   q.stats.picks.sum(s.now) / (minute / 1000),
		Picked: q.stats.picked, Aged: q.stats.aged, Floored: q.stats.floored,
		Top: []TenantStats{},
	}
	var waiting [Classes]int
	var sum, squares, n float64
	turn := 0 // runs that wait their turn only
	for _, m := range q.members {
		if !m.idle() {
			st.Tenants++
			st.Top = q.addTop(st.Top, m, top)
		}
		for c, p := range m.spots {
			if p == nil {
				continue
			}
			waiting[c] += p.lane.count
			if m.blocked == "" {
				turn += p.lane.runs.size
			}
		}
		if oldest, ok := q.oldest(m); ok && m.blocked == "" {
			x := m.served.sum(s.now) / m.tenant.config.weight()
			sum, squares, n = sum+x, squares+x*x, n+1
			if x == 0 && s.now-oldest > minute {
				st.Starved++
			}
		}
	}
	st.Held = q.waiting - turn
	st.Jain = jain(sum, squares, n)
	st.Classes = q.classStats(&waiting)
	return st, true
}

// jain is Jain's index of n values; 1 where there is nothing to compare.
func jain(sum, squares, n float64) float64 {
	if squares == 0 {
		return 1
	}
	return sum * sum / (n * squares)
}

func (q *queue) classStats(waiting *[Classes]int) []ClassStats {
	all := []ClassStats{}
	for c := range Classes {
		cs := ClassStats{Class: c, Waiting: waiting[c]}
		if w := q.stats.waits[c]; w != nil {
			p := w.quantiles(q.owner.now, 0.5, 0.9, 0.99)
			cs.P50, cs.P90, cs.P99 = p[0], p[1], p[2]
		} else if waiting[c] == 0 {
			continue
		}
		all = append(all, cs)
	}
	return all
}

// addTop puts m among the top tenants, the most waiting first, then by name.
func (q *queue) addTop(all []TenantStats, m *member, top int) []TenantStats {
	now := q.owner.now
	t := TenantStats{
		Tenant: m.tenant.name, Weight: m.tenant.config.weight(), Waiting: m.waiting, Running: m.running, Held: m.blocked,
	}
	if total := q.stats.cost.sum(now); total > 0 {
		t.Share = m.served.sum(now) / total
	}
	var ok bool
	if t.Oldest, ok = q.oldest(m); !ok && m.waiting > 0 && t.Held == "" {
		t.Held = KeyFull
	}
	return insertTop(all, t, top, func(x, y TenantStats) int {
		return cmp.Or(cmp.Compare(y.Waiting, x.Waiting), cmp.Compare(x.Tenant, y.Tenant))
	})
}

// oldest is since when the member's oldest run waits, of those that no key
// holds; false when there is none.
func (q *queue) oldest(m *member) (since int64, ok bool) {
	since = math.MaxInt64
	for _, p := range m.spots {
		if p == nil {
			continue
		}
		if first := p.lane.runs.first(); first != 0 {
			enqueued, _ := times(q.owner.runs.node(first))
			since, ok = min(since, enqueued), true
		}
	}
	if !ok {
		return 0, false
	}
	return since, true
}

// insertTop puts x in its place among the first of an order, at most limit.
func insertTop[T any](all []T, x T, limit int, order func(x, y T) int) []T {
	at, _ := slices.BinarySearchFunc(all, x, order)
	if at >= limit {
		return all
	}
	all = slices.Insert(all, at, x)
	return all[:min(len(all), limit)]
}
