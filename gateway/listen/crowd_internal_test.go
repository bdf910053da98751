package listen

import (
	"log/slog"
	"net"
	"net/netip"
	"testing"
)

func TestCrowd_CountsByClient(t *testing.T) {
	t.Parallel()
	c := &crowd{most: 1, log: slog.New(slog.DiscardHandler), open: map[netip.Addr]int{}}
	enter := func(remote string) (netip.Addr, bool) {
		return c.enter(net.TCPAddrFromAddrPort(netip.MustParseAddrPort(remote)))
	}
	first, ok := enter("192.0.2.1:1")
	if !ok {
		t.Fatal("the first was refused")
	}
	for remote, want := range map[string]bool{
		"192.0.2.1:2": false, "[::ffff:192.0.2.1]:3": false, "192.0.2.2:1": true, "[2001:db8::1]:1": true, "[2001:db8:0:1::1]:1": true,
	} {
		if _, ok := enter(remote); ok != want {
			t.Errorf("%s: let in %v, want %v", remote, ok, want)
		}
	}
	if _, ok := enter("[2001:db8::2]:1"); ok {
		t.Error("another address of the same /64 was let in")
	}
	c.leave(first)
	if _, ok := enter("192.0.2.1:4"); !ok {
		t.Error("after the first has left: refused")
	}
	for range 3 {
		client, ok := c.enter(&net.UnixAddr{Name: "@", Net: "unix"})
		if !ok {
			t.Error("a unix socket's peer was refused")
		}
		c.leave(client)
	}
	if len(c.open) != 4 {
		t.Errorf("%d clients are remembered, want 4: %v", len(c.open), c.open)
	}
}
