package console

import (
	"math/bits"
	"strings"
	"sync"
	"time"

	"github.com/berth-project/berth/access"
	"github.com/berth-project/berth/gateway"
)

// Request is one answered request as the console shows it.
type Request struct {
	gateway.Record
	// Seq counts requests from 1, so that a reader can go on where it stopped.
	Seq uint64
}

// feedSize is how many requests are kept to look at.
const feedSize = 512

// maxNames bounds how many routes, and how many rules, are counted apart.
const maxNames = 4096

// RequestFeed keeps the last requests and counts all of them. Observe is on
// the path of every request: it copies one record into a ring and allocates
// nothing.
type RequestFeed struct {
	now func() time.Time

	mu      sync.Mutex // guards all below
	ring    [feedSize]gateway.Record
	last    uint64
	changed chan struct{} // made when somebody waits; closed at the next request
	routes  map[string]*counter
	rules   map[string]*counter
	totals  counter
	window  [windowSeconds]second
}

// Hits counts what became of the requests of one route or rule since start.
type Hits struct {
	// LastMinute is how many there were in the last sixty whole seconds.
	LastMinute uint64 `json:"last_minute"`
	// Total is all of them, Refused those the gateway did not let through,
	// Failed those answered with 500 and above.
	Total   uint64 `json:"total"`
	Refused uint64 `json:"refused"`
	Failed  uint64 `json:"failed"`
	// Last is when the last one was answered.
	Last time.Time `json:"last,omitzero"`
}

// counter is the hits of one name, and when the last of them were.
type counter struct {
	Hits
	window [windowSeconds]struct {
		unix  int64
		count uint32
	}
}

func (c *counter) add(r *gateway.Record, end time.Time) {
	c.Hits.add(r, end)
	w := &c.window[slot(end.Unix())]
	if w.unix != end.Unix() {
		w.unix, w.count = end.Unix(), 0
	}
	w.count++
}

// hits are those before the second now.
func (c *counter) hits(now int64) Hits {
	h := c.Hits
	for _, w := range c.window {
		if w.unix < now && w.unix >= now-windowSeconds {
			h.LastMinute += uint64(w.count)
		}
	}
	return h
}

const windowSeconds = 60

// slot is the place of a second in a window.
func slot(unix int64) int64 { return ((unix % windowSeconds) + windowSeconds) % windowSeconds }

// second is what happened within one second of the clock.
type second struct {
	unix          int64
	count, failed uint32
	refused       uint32
	slower        [32]uint32 // requests by the power of two of their microseconds
}

// NewRequestFeed returns an empty feed.
func NewRequestFeed() *RequestFeed {
	return &RequestFeed{now: time.Now, routes: map[string]*counter{}, rules: map[string]*counter{}}
}

// Observe takes one request; r is not kept.
func (f *RequestFeed) Observe(r *gateway.Record) {
	end := r.Time.Add(r.Duration)
	f.mu.Lock()
	f.ring[f.last%feedSize] = *r
	f.last++
	f.totals.add(r, end)
	if r.Route != "" {
		count(f.routes, r.Route, r, end)
	}
	if r.Rule != "" || r.Reason == string(access.ReasonNoRule) {
		count(f.rules, r.Rule, r, end)
	}
	f.bucket(end.Unix()).add(r)
	if f.changed != nil {
		close(f.changed)
		f.changed = nil
	}
	f.mu.Unlock()
}

func count(m map[string]*counter, name string, r *gateway.Record, end time.Time) {
	h := m[name]
	if h == nil {
		if len(m) >= maxNames {
			return
		}
		h = &counter{}
		m[strings.Clone(name)] = h
	}
	h.add(r, end)
}

func (h *Hits) add(r *gateway.Record, end time.Time) {
	h.Total++
	h.Last = end
	switch {
	case r.Status >= 500:
		h.Failed++
	case refused(r):
		h.Refused++
	}
}

// refused reports whether the gateway itself turned the caller away; sending
// somebody to sign in is that, too.
func refused(r *gateway.Record) bool {
	return r.Reason == string(access.ReasonSignInRequired) || r.Reason != "" && (r.Status == 401 || r.Status == 403)
}

func (f *RequestFeed) bucket(unix int64) *second {
	b := &f.window[slot(unix)]
	if b.unix != unix {
		*b = second{unix: unix}
	}
	return b
}

func (b *second) add(r *gateway.Record) {
	b.count++
	if r.Status >= 500 {
		b.failed++
	} else if refused(r) {
		b.refused++
	}
	b.slower[min(bits.Len64(uint64(max(r.Duration.Microseconds(), 0))), len(b.slower)-1)]++
}

// Since returns the requests after seq, oldest first, and a channel that is
// closed when there are newer ones. Those no longer kept are left out.
func (f *RequestFeed) Since(seq uint64) ([]Request, <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.last > feedSize && seq < f.last-feedSize {
		seq = f.last - feedSize
	}
	if f.changed == nil {
		f.changed = make(chan struct{})
	}
	if seq >= f.last {
		return nil, f.changed
	}
	out := make([]Request, 0, f.last-seq)
	for n := seq; n < f.last; n++ {
		out = append(out, Request{Record: f.ring[n%feedSize], Seq: n + 1})
	}
	return out, f.changed
}

// RouteHits returns the counts of one route.
func (f *RequestFeed) RouteHits(name string) Hits { return f.hits(f.routes, name) }

// Totals returns the counts of all requests.
func (f *RequestFeed) Totals() Hits {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.totals.hits(f.now().Unix())
}

// RuleHits returns the counts of one rule, by its id; those of requests no
// rule is for by the empty one.
func (f *RequestFeed) RuleHits(id string) Hits { return f.hits(f.rules, id) }

func (f *RequestFeed) hits(m map[string]*counter, name string) Hits {
	f.mu.Lock()
	defer f.mu.Unlock()
	if h := m[name]; h != nil {
		return h.hits(f.now().Unix())
	}
	return Hits{}
}

// Rate is how requests went over the last minute.
type Rate struct {
	// PerSecond is the mean number of requests.
	PerSecond float64
	// Failed and Refused are shares of them, from 0 to 1.
	Failed, Refused float64
	// P50 and P99 bound the duration of half, and of 99 in 100, of them from
	// above, to a power of two.
	P50, P99 time.Duration
	// Series is the number of requests of each second, oldest first.
	Series [windowSeconds]int
}

// LastMinute sums up the last sixty whole seconds.
func (f *RequestFeed) LastMinute() Rate {
	now := f.now().Unix()
	f.mu.Lock()
	defer f.mu.Unlock()
	var sum second
	var r Rate
	for i := range r.Series {
		unix := now - windowSeconds + int64(i)
		b := &f.window[slot(unix)]
		if b.unix != unix {
			continue
		}
		r.Series[i] = int(b.count)
		sum.count += b.count
		sum.failed += b.failed
		sum.refused += b.refused
		for j, n := range b.slower {
			sum.slower[j] += n
		}
	}
	if sum.count == 0 {
		return r
	}
	total := float64(sum.count)
	r.PerSecond, r.Failed, r.Refused = total/windowSeconds, float64(sum.failed)/total, float64(sum.refused)/total
	r.P50, r.P99 = sum.quantile(0.5), sum.quantile(0.99)
	return r
}

func (b *second) quantile(q float64) time.Duration {
	left := uint32(float64(b.count)*q + 0.999)
	for i, n := range b.slower {
		if n >= left {
			return time.Duration(uint64(1)<<i) * time.Microsecond
		}
		left -= n
	}
	return 0
}
