package queue

import (
	"math"
	"time"
)

// usage is an amount that halves with time.
type usage struct {
	amount float64
	since  int64
}

func (u usage) at(now int64, half time.Duration) float64 {
	if u.amount == 0 || now <= u.since {
		return u.amount
	}
	return u.amount * math.Exp2(-float64(now-u.since)/float64(max(1, half.Milliseconds())))
}

func (u *usage) add(now int64, half time.Duration, amount float64) {
	u.amount = max(0, u.at(now, half)+amount)
	u.since = max(u.since, now)
}

// use remembers what a tenant used.
func (q *queue) use(m *member, cost float64) {
	m.used.add(q.owner.now, q.config.HalfLife, cost)
	q.used.add(q.owner.now, q.config.HalfLife, cost)
}

// comeback is how far from virtual time a tenant starts that comes back from
// idling: behind it by what it lately used more per weight than the tenants
// that are here, before it by what it used less. Its own tag bounds the
// latter, so nobody gets more than what it missed, and once nothing of it
// waits the rest is lost.
func (q *queue) comeback(m *member) float64 {
	if q.config.Memory == 0 || q.config.Policy != Fair || q.weight < MinWeight {
		return 0
	}
	now, half := q.owner.now, q.config.HalfLife
	mine := m.used.at(now, half)
	theirs := (q.used.at(now, half) - mine) / q.weight
	return quantize(q.config.Memory * (mine/m.tenant.config.weight() - theirs))
}

// window sums what happened in the last minute, to within what came unevenly
// in the minute before.
type window struct {
	minute        int64
	last, current float64
}

const minute = 60_000

func (w *window) add(now int64, x float64) {
	w.turn(now)
	w.current += x
}

func (w *window) turn(now int64) {
	switch m := now / minute; {
	case m == w.minute+1:
		w.minute, w.last, w.current = m, w.current, 0
	case m > w.minute:
		w.minute, w.last, w.current = m, 0, 0
	}
}

func (w window) sum(now int64) float64 {
	w.turn(now)
	return w.current + w.last*(1-float64(now%minute)/minute)
}
