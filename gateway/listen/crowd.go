package listen

import (
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"
)

// crowd counts open connections by client, so that one client cannot take all
// there are. IPv6 clients count by their /64: whoever has an address has that
// many.
type crowd struct {
	most   int // for one client; 0 no bound
	exempt func(netip.Addr) bool
	log    *slog.Logger

	mu   sync.Mutex // guards what follows
	open map[netip.Addr]int
	told time.Time // when a refusal was last logged
}

// enter counts a connection. The address it returns is what to leave with;
// the zero one is not counted.
func (c *crowd) enter(remote net.Addr) (client netip.Addr, ok bool) {
	tcp, is := remote.(*net.TCPAddr)
	if !is || c.most <= 0 {
		return client, true
	}
	addr := tcp.AddrPort().Addr().Unmap().WithZone("")
	if c.exempt != nil && c.exempt(addr) {
		return client, true
	}
	if client = addr; client.Is6() {
		client = netip.PrefixFrom(client, 64).Masked().Addr()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open[client] < c.most {
		c.open[client]++
		return client, true
	}
	if now := time.Now(); now.Sub(c.told) > time.Minute {
		c.told = now
		c.log.Warn("client has too many connections", "client", addr.String(), "most", c.most)
	}
	return client, false
}

func (c *crowd) leave(client netip.Addr) {
	if !client.IsValid() {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open[client]--; c.open[client] == 0 {
		delete(c.open, client)
	}
}
