package password

import (
	"cmp"
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
	// MaxEntries bounds the users, and the addresses, remembered: those that
	// have attempts to make up for, and no others. Default 50,000.
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
//
// Nothing is forgotten that still counts against somebody. While MaxEntries
// users or addresses have attempts to make up for, others are refused until
// the first of them is done: one UserRefill after a single attempt. That is
// chosen too. With the defaults it takes more than 800 attempts a second from
// thousands of addresses to keep the table full, which keeps the hasher from
// answering anybody as well, and making room instead would hand whoever does
// it fresh guesses at everybody. The longer a refill, the fewer it takes.
type Limiter struct {
	now func() time.Time

	mu        sync.Mutex // guards both tables
	users     *table
	addresses *table
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
// and else how long to wait at least, having charged and remembered nothing.
func (l *Limiter) Attempt(user string, address netip.Addr) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	now, from := l.now(), addressKey(address)
	// The address goes first: what is refused for it says nothing about users.
	if wait := l.addresses.wait(from, now); wait > 0 {
		return wait
	}
	if wait := l.users.wait(user, now); wait > 0 {
		return wait
	}
	l.addresses.charge(from, now)
	l.users.charge(user, now)
	return 0
}

// Success forgets the failures of the user and pays the address back for the
// attempt that succeeded.
func (l *Limiter) Success(user string, address netip.Addr) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.users.forget(user)
	l.addresses.payBack(addressKey(address), l.now())
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
