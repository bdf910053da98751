package upstream

import (
	"encoding/binary"
	"net/netip"
	"sync"
	"time"
)

// addressTable remembers where client addresses were placed, for as long as
// they keep coming. A client that is not in it is placed by rendezvous hash,
// which moves as few clients as possible when targets come and go.
type addressTable struct {
	ttl time.Duration
	max int

	mu      sync.Mutex // guards clients
	clients map[netip.Addr]placement
}

type placement struct {
	target *target
	until  time.Time
}

func newAddressTable(a Affinity) *addressTable {
	return &addressTable{ttl: a.TTL, max: a.MaxClients, clients: map[netip.Addr]placement{}}
}

// place returns the client's target among those that are ok.
func (a *addressTable) place(client netip.Addr, roster []*target, ok func(*target) bool, now time.Time) *target {
	if a.ttl == 0 {
		return rendezvous(client, roster, ok)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	p, known := a.clients[client]
	if !known || now.After(p.until) || !contains(roster, p.target) || !ok(p.target) {
		if p.target = rendezvous(client, roster, ok); p.target == nil {
			return nil
		}
	}
	if !known && len(a.clients) >= a.max {
		a.evict()
	}
	a.clients[client] = placement{p.target, now.Add(a.ttl)}
	return p.target
}

// evict makes room by dropping an arbitrary client, who falls back to the
// hash. The caller holds the lock.
func (a *addressTable) evict() {
	for client := range a.clients {
		delete(a.clients, client)
		return
	}
}

// expire drops clients that stopped coming.
func (a *addressTable) expire(now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for client, p := range a.clients {
		if now.After(p.until) {
			delete(a.clients, client)
		}
	}
}

func contains(roster []*target, t *target) bool {
	for _, r := range roster {
		if r == t {
			return true
		}
	}
	return false
}

// rendezvous returns the target whose hash together with the client's is the
// highest.
func rendezvous(client netip.Addr, roster []*target, ok func(*target) bool) *target {
	b := client.Unmap().As16()
	key := mix(binary.BigEndian.Uint64(b[:8])) ^ binary.BigEndian.Uint64(b[8:])
	var best *target
	var highest uint64
	for _, t := range roster {
		if weight := mix(key ^ t.hash); ok(t) && (best == nil || weight > highest) {
			best, highest = t, weight
		}
	}
	return best
}

// mix is the finalizer of SplitMix64: every input bit reaches every output bit.
func mix(z uint64) uint64 {
	z += 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
