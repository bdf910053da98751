package queue

import "math"

// correct charges what a run used in place of what is not settled of what it
// was charged, and moves virtual time by as much.
func (q *queue) correct(m *member, i uint32, actual float64) {
	fl, n := q.flights[i], q.owner.runs.node(i)
	q.flights[i] = flight{}
	if q.config.Policy != Fair {
		return
	}
	used := fl.charged
	if actual >= 0 {
		actual = min(actual, maxCost)
		used = quantize(actual / m.tenant.config.weight())
	} else if actual = 0; fl.charged > 0 {
		actual = n.data.cost
	}
	if q.config.Memory > 0 {
		q.use(m, actual)
		if fl.charged > 0 {
			q.use(m, -n.data.cost)
		}
	}
	q.learn(actual)
	own, as := &m.spot(n.class).flow, &m.spot(n.as).flow
	work := q.work[as.class] - fl.since
	if own == as {
		q.settle(own, fl, used, work)
	} else {
		q.settle(own, flight{charged: fl.charged, paid: fl.paid}, used, work)
		q.settle(as, flight{charged: fl.charged, lead: fl.lead}, used, work)
	}
	known := quantize(actual) - fl.expected
	q.work[as.class] += known
	if share := q.share[as.class]; share > 0 {
		v := &q.virtual[as.class]
		*v = max(*v+quantize(known/share), min(*v, q.lowest(as.class)))
	}
	q.bound(as.class)
	q.bound(own.class)
}

// settle charges a flow what a run used in place of its estimate. work is the
// cost of what others had since the pick.
//
// A refund that would put the flow before all others of its class stops where
// the first of them stands, or where the flow stood before that when the run was
// picked, less what it used; what is left of it, as far as the flow may have
// missed it while it waited for its estimate, becomes credit. Credit is paid
// out with what the flow uses, half of that at most: so a tenant that has
// missed something catches up at twice its share, and holds nobody. Credit
// also advances what later estimates are above the typical cost, so that a
// tenant whose estimates are always too high is not slowed down by what is in
// flight. A flow that leaves loses it, as it loses being behind.
func (q *queue) settle(f *flow, fl flight, used, work float64) {
	refund := fl.charged - used
	back := max(0, min(fl.paid, refund))
	refund -= back
	switch {
	case refund <= 0 || f.place == 0:
		q.move(f, -refund)
	default:
		down := min(refund, max(0, f.tag-q.classes[f.class].firstBut(f)+max(0, fl.lead-used)))
		q.move(f, -down)
		f.credit += min(refund-down, max(0, quantize(work/f.weight)))
	}
	f.credit += back
	if bonus := min(f.credit, quantize(used/2)); bonus > 0 {
		q.move(f, -bonus)
		f.credit -= bonus
	}
	q.refresh(f)
}

// learning is how much the latest counts in a mean.
const learning = 1.0 / 8

// leap is how many times the typical cost a run counts as at most when the
// typical cost is learned: one that hung must not be what all are expected to.
const leap = 16

// minTypical keeps the typical cost from vanishing.
const minTypical = 1.0 / 1024

// expect is what virtual time counts a run as that is picked.
func (q *queue) expect(cost float64) float64 { return quantize(min(cost, q.typical)) }

// learn counts what a run used in the typical cost.
func (q *queue) learn(cost float64) {
	q.typical = learned(q.typical, cost)
}

// learned is a mean in which the latest count most.
func learned(mean, x float64) float64 {
	return max(minTypical, mean+(min(x, leap*mean)-mean)*learning)
}

// bound keeps virtual time within a run of each flow of the first that could
// be picked: whatever was estimated, and whoever is far ahead, one that enters
// waits for no more.
func (q *queue) bound(class uint8) {
	if n := len(q.classes[class]); n > 0 && q.config.Policy == Fair {
		most := q.lowest(class) + quantize(q.typical*float64(n)/q.share[class])
		q.virtual[class] = min(q.virtual[class], most)
	}
}

// lowest is the tag of the first flow of a class, infinite where there is none.
func (q *queue) lowest(class uint8) float64 {
	if len(q.classes[class]) == 0 {
		return math.Inf(1)
	}
	return q.classes[class][0].rank.tag
}
