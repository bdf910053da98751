package password_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/berth-project/berth/login/password"
)

func newLimiter(c password.LimiterConfig) (*password.Limiter, func(time.Duration)) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	c.Now = func() time.Time { return at }
	return password.NewLimiter(c), func(d time.Duration) { at = at.Add(d) }
}

var home = netip.MustParseAddr("192.0.2.1")

func TestLimiterPerUser(t *testing.T) {
	t.Parallel()
	l, advance := newLimiter(password.LimiterConfig{PerUser: 3, UserRefill: time.Minute, PerAddress: 100})
	address := home
	next := func(user string) time.Duration {
		address = address.Next() // another address each time
		return l.Attempt(user, address)
	}
	for i := range 3 {
		if wait := next("ann"); wait != 0 {
			t.Fatalf("attempt %d must wait %v", i+1, wait)
		}
	}
	if wait := next("ann"); wait != time.Minute {
		t.Errorf("attempt 4 must wait %v, want 1m", wait)
	}
	if wait := next("bob"); wait != 0 {
		t.Errorf("another user must wait %v", wait)
	}
	advance(45 * time.Second)
	if wait := next("ann"); wait != 15*time.Second {
		t.Errorf("attempt 5 must wait %v, want 15s", wait)
	}
	advance(15 * time.Second)
	if wait := next("ann"); wait != 0 {
		t.Errorf("after a refill an attempt must wait %v", wait)
	}
	advance(time.Hour)
	for i := range 3 {
		if wait := next("ann"); wait != 0 {
			t.Errorf("after an hour attempt %d must wait %v", i+1, wait)
		}
	}
	if next("ann") == 0 {
		t.Error("an hour saved up more than 3 attempts")
	}
}

func TestLimiterPerAddress(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ first, same, other string }{
		"IPv4":           {"192.0.2.1", "192.0.2.1", "192.0.2.2"},
		"IPv4 in IPv6":   {"192.0.2.1", "::ffff:192.0.2.1", "::ffff:192.0.2.2"},
		"IPv6 by its 64": {"2001:db8:0:1::1", "2001:db8:0:1:ffff::2", "2001:db8:0:2::1"},
		"IPv6 zone":      {"fe80::1%eth0", "fe80::1%eth1", "fe80:0:0:1::1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, _ := newLimiter(password.LimiterConfig{PerAddress: 2, AddressRefill: 10 * time.Second, PerUser: 100})
			for i, a := range []string{c.first, c.same} {
				if wait := l.Attempt(fmt.Sprint("user", i), netip.MustParseAddr(a)); wait != 0 {
					t.Fatalf("attempt %d must wait %v", i+1, wait)
				}
			}
			if wait := l.Attempt("user3", netip.MustParseAddr(c.same)); wait != 10*time.Second {
				t.Errorf("attempt 3 must wait %v, want 10s", wait)
			}
			if wait := l.Attempt("user4", netip.MustParseAddr(c.other)); wait != 0 {
				t.Errorf("another address must wait %v", wait)
			}
		})
	}
}

func TestLimiterSuccessForgetsFailures(t *testing.T) {
	t.Parallel()
	l, _ := newLimiter(password.LimiterConfig{PerUser: 3, PerAddress: 100})
	for range 3 {
		l.Attempt("ann", home)
	}
	l.Success("ann", home)
	for i := range 3 {
		if wait := l.Attempt("ann", home); wait != 0 {
			t.Errorf("attempt %d after success must wait %v", i+1, wait)
		}
	}
	if l.Attempt("ann", home) == 0 {
		t.Error("success lifted the limit for good")
	}
}

func TestLimiterRefusedAttemptIsFree(t *testing.T) {
	t.Parallel()
	l, advance := newLimiter(password.LimiterConfig{PerUser: 1, UserRefill: time.Minute, PerAddress: 5})
	l.Attempt("ann", home)
	for range 50 {
		l.Attempt("ann", home)
	}
	if wait := l.Attempt("bob", home); wait != 0 {
		t.Errorf("refused attempts used up the address: wait %v", wait)
	}
	advance(time.Minute)
	if wait := l.Attempt("ann", home); wait != 0 {
		t.Errorf("refused attempts pushed the end back: wait %v", wait)
	}
}

// The exploit: guess until the user is limited, make the limiter forget it
// with made-up emails from the same address, guess again.
func TestLimiterIsNotWipedFromOneAddress(t *testing.T) {
	t.Parallel()
	l, _ := newLimiter(password.LimiterConfig{})
	for l.Attempt("ann", home) == 0 {
	}
	elsewhere := home
	for range 10 { // the rest of her attempts
		elsewhere = elsewhere.Next()
		l.Attempt("ann", elsewhere)
	}
	through := 0
	for i := range 50_001 {
		if l.Attempt(fmt.Sprintf("nobody%d@example.com", i), home) == 0 {
			through++
		}
	}
	if through != 20 {
		t.Errorf("%d made-up emails got through from an address that had 20 attempts left", through)
	}
	if n := l.Users(); n != 21 {
		t.Errorf("%d users are remembered, want ann and the 20 charged for", n)
	}
	if l.Attempt("ann", netip.MustParseAddr("198.51.100.1")) == 0 {
		t.Error("made-up emails gave fresh attempts at ann")
	}
}

func TestLimiterIsNotWipedFromManyAddresses(t *testing.T) {
	t.Parallel()
	l, advance := newLimiter(password.LimiterConfig{PerUser: 2, UserRefill: time.Minute, MaxEntries: 100})
	address := home
	next := func(user string) time.Duration {
		address = address.Next()
		return l.Attempt(user, address)
	}
	next("ann")
	next("ann")
	advance(30 * time.Second)
	for i := range 99 {
		if wait := next(fmt.Sprint("user", i)); wait != 0 {
			t.Fatalf("user%d must wait %v while there is room", i, wait)
		}
	}
	advance(20 * time.Second) // the addresses are done, the users are not
	if wait := next("late"); wait <= 0 || wait > time.Minute {
		t.Errorf("a user for whom there is no room must wait %v, want at most the one refill", wait)
	}
	if next("ann") == 0 {
		t.Error("a hundred others gave fresh attempts at ann")
	}
	if wait := next("user98"); wait != 0 {
		t.Errorf("a user that is remembered must wait %v, though all there are is taken", wait)
	}
	wait := next("late")
	advance(wait)
	if wait := next("late"); wait != 0 {
		t.Errorf("having waited as told, a user must wait %v", wait)
	}
	if n := l.Users(); n > 100 {
		t.Errorf("%d users are remembered, want at most 100", n)
	}
}

func TestLimiterAddressesAreNotWiped(t *testing.T) {
	t.Parallel()
	l, advance := newLimiter(password.LimiterConfig{PerAddress: 1, AddressRefill: 10 * time.Second, PerUser: 100, MaxEntries: 10})
	address := home
	l.Attempt("user0", home)
	for i := range 9 {
		address = address.Next()
		l.Attempt(fmt.Sprint("user", i), address)
	}
	if wait := l.Attempt("user0", address.Next()); wait != 10*time.Second {
		t.Errorf("an address for which there is no room must wait %v, want 10s", wait)
	}
	if l.Attempt("user0", home) == 0 {
		t.Error("nine others gave an address a fresh attempt")
	}
	advance(10 * time.Second)
	if wait := l.Attempt("user0", address.Next()); wait != 0 {
		t.Errorf("with all made up for, an address must wait %v", wait)
	}
}

func TestLimiterShrinks(t *testing.T) {
	t.Parallel()
	l, advance := newLimiter(password.LimiterConfig{UserRefill: time.Minute})
	address := home
	for i := range 1000 {
		address = address.Next()
		l.Attempt(fmt.Sprint("user", i), address)
	}
	advance(time.Hour)
	for i := range 1000 {
		address = address.Next()
		l.Attempt(fmt.Sprint("late", i), address)
	}
	l.Success("late0", home)
	if n := l.Users(); n != 999 {
		t.Errorf("%d users are remembered, want the 999 late ones that failed", n)
	}
}

// FuzzLimiter holds the limiter to one that remembers everybody: it never lets
// through what that refuses, and agrees with it while there is room.
func FuzzLimiter(f *testing.F) {
	seed := rand.New(rand.NewPCG(1, 2))
	for range 100 {
		ops := make([]byte, 600)
		for i := range ops {
			ops[i] = byte(seed.Uint32())
		}
		f.Add(ops, uint8(seed.UintN(20)))
	}
	f.Fuzz(func(t *testing.T, ops []byte, entries uint8) {
		const perUser, perAddress, userRefill, addressRefill = 3, 4, 10 * time.Second, 3 * time.Second
		room := int(entries) + 1
		l, advance := newLimiter(password.LimiterConfig{
			PerUser: perUser, UserRefill: userRefill, PerAddress: perAddress, AddressRefill: addressRefill, MaxEntries: room,
		})
		users, addresses := ledger{perUser, userRefill, map[string]time.Duration{}}, ledger{perAddress, addressRefill, map[string]time.Duration{}}
		var now time.Duration
		for i := 0; i+2 < len(ops); i += 3 {
			pause := time.Duration(ops[i]>>2) * 20 * time.Millisecond
			now += pause
			advance(pause)
			user := fmt.Sprint("user", ops[i+1]%32)
			from := netip.AddrFrom4([4]byte{192, 0, 2, ops[i+2] % 32})
			if ops[i]&3 == 3 {
				l.Success(user, from)
				delete(users.owed, user)
				addresses.owed[from.String()] -= addressRefill
				continue
			}
			want := max(users.wait(user, now), addresses.wait(from.String(), now))
			wait := l.Attempt(user, from)
			fits := users.fits(user, now, room) && addresses.fits(from.String(), now, room)
			if wait == 0 && (want > 0 || !fits) || wait > 0 && want == 0 && fits {
				t.Fatalf("op %d, %s from %v: must wait %v, want %v; there is room: %v", i/3, user, from, wait, want, fits)
			}
			if wait == 0 {
				users.charge(user, now)
				addresses.charge(from.String(), now)
			}
			if n := max(l.Users(), l.Addresses()); n > room {
				t.Fatalf("%d are remembered, want at most %d", n, room)
			}
		}
	})
}

// ledger knows when everybody there ever was has made up for everything.
type ledger struct {
	size   int
	refill time.Duration
	owed   map[string]time.Duration // until when
}

func (l ledger) wait(key string, now time.Duration) time.Duration {
	return max(0, l.owed[key]-now-time.Duration(l.size-1)*l.refill)
}

func (l ledger) charge(key string, now time.Duration) {
	l.owed[key] = max(l.owed[key], now) + l.refill
}

// fits says whether a key is among those who owe, or these leave room for it.
func (l ledger) fits(key string, now time.Duration, room int) bool {
	owing := 0
	for _, until := range l.owed {
		if until > now {
			owing++
		}
	}
	return l.owed[key] > now || owing < room
}
