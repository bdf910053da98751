package password

import (
	"cmp"
	"container/list"
	"net/netip"
	"sync"
	"time"
)

// LimiterConfig tunes a [Limiter]. The zero value is good.
type LimiterConfig struct {
	// PerUser attempts may be made for one user at once, and one more each
	// UserRefill. Defaults 10 and 1 minute.
	PerUser    int
	UserRefill time.Duration
	// PerAddress attempts may be made from one address (an IPv4 address, or
	// the /64 an IPv6 address is in) at once, and one more each
	// AddressRefill. Defaults 30 and 10 seconds.
	PerAddress    int
	AddressRefill time.Duration
	// MaxEntries bounds the users, and the addresses, remembered. The one
	// touched longest ago is forgotten first. Default 50,000.
	MaxEntries int
	// Now is the clock. Default time.Now.
	Now func() time.Time
}

func (c LimiterConfig) withDefaults() LimiterConfig {
	c.PerUser = cmp.Or(c.PerUser, 10)
	c.UserRefill = cmp.Or(c.UserRefill, time.Minute)
	c.PerAddress = cmp.Or(c.PerAddress, 30)
	c.AddressRefill = cmp.Or(c.AddressRefill, 10*time.Second)
	c.MaxEntries = cmp.Or(c.MaxEntries, 50_000)
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

// Limiter limits attempts by user, known or not, and by address, each with a
// token bucket. An attempt is paid for before the password is looked at, so
// that attempts made at the same time are counted too; success pays back.
//
// Somebody who knows an email can hold its owner off by guessing from many
// addresses. That is chosen: the other way round a botnet guesses for free.
type Limiter struct {
	now func() time.Time

	mu        sync.Mutex // guards both tables
	users     table
	addresses table
}

// NewLimiter returns a limiter that has seen nothing.
func NewLimiter(cfg LimiterConfig) *Limiter {
	cfg = cfg.withDefaults()
	return &Limiter{
		now:       cfg.Now,
		users:     newTable(cfg.PerUser, cfg.UserRefill, cfg.MaxEntries),
		addresses: newTable(cfg.PerAddress, cfg.AddressRefill, cfg.MaxEntries),
	}
}

// Attempt pays for one attempt. It returns zero when the attempt may go on,
// and else how long to wait, having charged nothing.
func (l *Limiter) Attempt(user string, address netip.Addr) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	u, a := l.users.bucket(user, now), l.addresses.bucket(addressKey(address), now)
	if wait := max(u.wait(&l.users), a.wait(&l.addresses)); wait > 0 {
		return wait
	}
	u.tokens--
	a.tokens--
	return 0
}

// Success forgets the failures of the user and pays the address back for the
// attempt that succeeded.
func (l *Limiter) Success(user string, address netip.Addr) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	l.users.bucket(user, now).tokens = l.users.size
	a := l.addresses.bucket(addressKey(address), now)
	a.tokens = min(a.tokens+1, l.addresses.size)
}

// addressKey is the address, or the /64 of an IPv6 one: a household or a
// server is given at least that much.
func addressKey(a netip.Addr) string {
	a = a.Unmap().WithZone("")
	if a.Is6() {
		p, _ := a.Prefix(64) // 64 is within an IPv6 address
		return p.String()
	}
	return a.String()
}

// table holds token buckets, the most recently touched first.
type table struct {
	size    float64
	refill  time.Duration
	max     int
	byKey   map[string]*list.Element
	touched *list.List
}

type bucket struct {
	key    string
	tokens float64
	at     time.Time
}

func newTable(size int, refill time.Duration, entries int) table {
	return table{size: float64(size), refill: refill, max: entries, byKey: map[string]*list.Element{}, touched: list.New()}
}

// bucket returns the bucket of a key, filled up to now.
func (t *table) bucket(key string, now time.Time) *bucket {
	if e, ok := t.byKey[key]; ok {
		t.touched.MoveToFront(e)
		b := e.Value.(*bucket)
		if passed := now.Sub(b.at); passed > 0 {
			b.tokens = min(b.tokens+float64(passed)/float64(t.refill), t.size)
			b.at = now
		}
		return b
	}
	if len(t.byKey) >= t.max {
		oldest := t.touched.Back()
		delete(t.byKey, t.touched.Remove(oldest).(*bucket).key)
	}
	b := &bucket{key: key, tokens: t.size, at: now}
	t.byKey[key] = t.touched.PushFront(b)
	return b
}

// wait is how long until the bucket holds a token.
func (b *bucket) wait(t *table) time.Duration {
	if b.tokens >= 1 {
		return 0
	}
	return time.Duration((1 - b.tokens) * float64(t.refill))
}
