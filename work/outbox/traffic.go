package outbox

import (
	"container/list"
	"time"
)

// Traffic decides which deliveries fly when, so that a receiver that hangs or
// is slow holds up nobody else. It has no clock and no goroutines: its caller
// offers it what is due, lets fly what Next gives, says with Land how that
// ended, and puts off what Late gives. It is not safe for concurrent use.
//
// Every delivery has a lane: its destination, and whose that is. Of each lane
// a few fly at once and a few wait their turn in memory, in their order; what
// is beyond those is put off in the store to when its turn will be about, so
// that what is due there is always what can be sent. Turns are known in memory
// only: after a restart, what is new may fly before what was put off. Among
// owners the one with the fewest flights is next.
//
// A destination that did not answer several times in a row is left alone: all
// its deliveries are put off, and then one is sent to see whether it answers
// again. If not, it is left alone for twice as long.
type Traffic struct {
	limits TrafficLimits
	all    load
	owners map[string]*owner
	held   map[uint64]*delivery
	late   []Late
	known  int // destinations
}

// TrafficLimits bound what flies and waits; zero fields have defaults.
type TrafficLimits struct {
	// Flights bounds what flies at once: in all, 128, of an owner, 32, and to a
	// destination, 16: one that is slow, or of which nothing is known, has a
	// quarter of that.
	Flights, OwnerFlights, DestinationFlights int
	// Waiting bounds what waits in memory: in all, 1024, of an owner, 128, and
	// for a destination, 32.
	Waiting, OwnerWaiting, DestinationWaiting int
	// Failures in a row without an answer make a destination be left alone;
	// default 5.
	Failures int
	// Rest is for how long, the first time; default 10s. It doubles up to
	// MaxRest, default 5m.
	Rest, MaxRest time.Duration
}

// Lane is where a delivery goes.
type Lane struct {
	// Owner is who said where it goes: a tenant, or "" for the operator.
	Owner string
	// Destination tells those of an owner apart.
	Destination string
}

// Late is a delivery that is put off; it does not count as a try.
type Late struct {
	ID uint64
	At int64 // when it is due again, in ms
	// Silent says that it is because its destination does not answer.
	Silent bool
}

// Landing is how a flight ended.
type Landing int

// How a flight ended.
const (
	Heard   Landing = iota // the receiver answered, whatever it said
	Unheard                // it did not
	Unsent                 // it was not asked
)

type load struct{ flying, waiting int }

func (l *load) add(flying, waiting int) {
	l.flying += flying
	l.waiting += waiting
}

// owner is whose destinations are; line are those with something waiting, the
// next first.
type owner struct {
	load
	name         string
	destinations map[string]*destination
	line         list.List
	took         time.Duration // a flight takes, lately
	horizon      int64         // until when its turns are given away
}

// destination is one lane.
type destination struct {
	load
	owner   *owner
	queue   []*delivery
	place   *list.Element // in the owner's line
	took    time.Duration // an answer takes, lately
	failed  int           // in a row
	rests   int           // in a row
	rest    int64         // it is left alone until then
	horizon int64         // until when its turns are given away
}

type delivery struct {
	id     uint64
	to     *destination
	flying bool
	since  int64
}

// NewTraffic returns one with nothing under way.
func NewTraffic(limits TrafficLimits) *Traffic {
	fill := func(v *int, otherwise int) {
		if *v <= 0 {
			*v = otherwise
		}
	}
	l := &limits
	fill(&l.Flights, 128)
	fill(&l.OwnerFlights, 32)
	fill(&l.DestinationFlights, 16)
	fill(&l.Waiting, 1024)
	fill(&l.OwnerWaiting, 128)
	fill(&l.DestinationWaiting, 32)
	fill(&l.Failures, 5)
	if l.Rest <= 0 {
		l.Rest = 10 * time.Second
	}
	if l.MaxRest <= 0 {
		l.MaxRest = 5 * time.Minute
	}
	return &Traffic{limits: limits, owners: map[string]*owner{}, held: map[uint64]*delivery{}}
}

// Held says how many deliveries fly or wait in memory.
func (t *Traffic) Held() int { return len(t.held) }

// Known says how many destinations are remembered.
func (t *Traffic) Known() int { return t.known }

// Room says whether more may be offered now.
func (t *Traffic) Room() bool { return t.all.waiting < t.limits.Waiting }

// Offer gives a delivery that is due to the traffic, once; fresh ones were
// never put off nor tried, and do not overtake those that were.
func (t *Traffic) Offer(id uint64, lane Lane, fresh bool, now int64) {
	if t.held[id] != nil {
		return
	}
	d := t.destination(lane, now)
	full := d.waiting >= t.limits.DestinationWaiting || d.owner.waiting >= t.limits.OwnerWaiting || !t.Room()
	if now < d.rest || full || fresh && d.horizon > now {
		t.putOff(id, d, now)
		return
	}
	one := &delivery{id: id, to: d}
	t.held[id] = one
	d.queue = append(d.queue, one)
	t.count(d, 0, 1)
	t.enter(d)
}

// Next gives the next delivery to fly, if there is one that may.
func (t *Traffic) Next(now int64) (id uint64, ok bool) {
	if t.all.flying >= t.limits.Flights {
		return 0, false
	}
	d := t.pick(now)
	if d == nil {
		return 0, false
	}
	one := d.queue[0]
	d.queue = d.queue[1:]
	one.flying, one.since = true, now
	t.count(d, 1, -1)
	d.owner.line.Remove(d.place) // to its end, behind the owner's other destinations
	d.place = nil
	t.enter(d)
	return one.id, true
}

// pick finds the owner with the fewest flights that has a destination that may
// be sent to, and the first such of it.
func (t *Traffic) pick(now int64) *destination {
	var best *destination
	for _, o := range t.owners {
		if o.waiting == 0 || o.flying >= t.limits.OwnerFlights || best != nil && before(best.owner, o) {
			continue
		}
		for e := o.line.Front(); e != nil; e = e.Next() {
			if d := e.Value.(*destination); d.flying < t.allowed(d, now) {
				best = d
				break
			}
		}
	}
	return best
}

func before(a, b *owner) bool {
	return a.flying < b.flying || a.flying == b.flying && a.name < b.name
}

// allowed is how many may fly to a destination at once.
func (t *Traffic) allowed(d *destination, now int64) int {
	switch few := max(1, t.limits.DestinationFlights/4); {
	case now < d.rest:
		return 0
	case d.rests > 0: // to see whether it answers again
		return 1
	case d.failed > 0 || d.took == 0 || d.took > time.Second:
		return few
	}
	return t.limits.DestinationFlights
}

// Land says how the flight of a delivery ended.
func (t *Traffic) Land(id uint64, how Landing, now int64) {
	one := t.held[id]
	if one == nil || !one.flying {
		return
	}
	d := one.to
	delete(t.held, id)
	t.count(d, -1, 0)
	took := time.Duration(max(now-one.since, 1)) * time.Millisecond
	d.owner.took = mean(d.owner.took, took)
	switch how {
	case Heard:
		d.failed, d.rests, d.rest = 0, 0, 0
		d.took = mean(d.took, took)
	case Unheard:
		t.silent(d, now)
	case Unsent:
	}
}

func mean(old, took time.Duration) time.Duration {
	if old == 0 {
		return took
	}
	return old - old/4 + took/4
}

// silent counts a failure without an answer.
func (t *Traffic) silent(d *destination, now int64) {
	d.failed++
	if d.failed < t.limits.Failures || now < d.rest { // or it rests already, and this one flew before
		return
	}
	d.rest = now + min(t.limits.Rest<<min(d.rests, 16), t.limits.MaxRest).Milliseconds()
	d.rests++
	for _, one := range d.queue {
		delete(t.held, one.id)
		t.count(d, 0, -1)
		t.putOff(one.id, d, now)
	}
	d.queue = nil
	t.enter(d)
}

const (
	// minPutOff keeps the store from being written again and again for those
	// that wait; maxPutOff brings all of them back when a receiver that was
	// slow is quick again.
	minPutOff = int64(time.Second / time.Millisecond)
	maxPutOff = int64(2 * time.Minute / time.Millisecond)
	// maxKnown bounds the destinations that are remembered when nothing is on
	// its way to them.
	maxKnown = 10_000
)

// putOff gives a delivery the next turn of its destination that is free.
func (t *Traffic) putOff(id uint64, d *destination, now int64) {
	o := d.owner
	base := max(now+minPutOff, d.rest)
	if o.waiting >= t.limits.OwnerWaiting {
		base = max(base, min(o.horizon, now+maxPutOff))
		o.horizon = base + max(1, o.took.Milliseconds()/int64(t.limits.OwnerFlights))
	}
	at := min(max(d.horizon, base), base+maxPutOff)
	flights := max(t.allowed(d, max(now, d.rest)), 1)
	d.horizon = at + max(1, d.took.Milliseconds()/int64(flights))
	t.late = append(t.late, Late{ID: id, At: at, Silent: now < d.rest})
}

// Late gives the deliveries that are to be put off, each once.
func (t *Traffic) Late() []Late {
	late := t.late
	t.late = nil
	return late
}

// destination finds or makes a lane's.
func (t *Traffic) destination(lane Lane, now int64) *destination {
	if o := t.owners[lane.Owner]; o != nil && o.destinations[lane.Destination] != nil {
		return o.destinations[lane.Destination]
	}
	if t.known >= maxKnown {
		t.forget(func(d *destination) bool { return now >= d.rest && now >= d.horizon })
		if t.known > maxKnown/2 {
			t.forget(func(*destination) bool { return true })
		}
	}
	o := t.owners[lane.Owner]
	if o == nil {
		o = &owner{name: lane.Owner, destinations: map[string]*destination{}}
		t.owners[lane.Owner] = o
	}
	d := &destination{owner: o}
	o.destinations[lane.Destination] = d
	t.known++
	return d
}

// forget drops destinations to which nothing is on its way.
func (t *Traffic) forget(which func(*destination) bool) {
	for name, o := range t.owners {
		for to, d := range o.destinations {
			if d.load == (load{}) && which(d) {
				delete(o.destinations, to)
				t.known--
			}
		}
		if len(o.destinations) == 0 {
			delete(t.owners, name)
		}
	}
}

func (t *Traffic) count(d *destination, flying, waiting int) {
	d.add(flying, waiting)
	d.owner.add(flying, waiting)
	t.all.add(flying, waiting)
}

// enter keeps a destination in its owner's line while something waits for it.
func (t *Traffic) enter(d *destination) {
	switch {
	case len(d.queue) == 0 && d.place != nil:
		d.owner.line.Remove(d.place)
		d.place = nil
	case len(d.queue) > 0 && d.place == nil:
		d.place = d.owner.line.PushBack(d)
	}
}
