package upstream

import (
	"net"
	"net/http"
	"net/netip"
	"testing"
)

// closedConn is a connection nobody uses.
type closedConn struct{ net.Conn }

func (closedConn) Close() error { return nil }

func addr(i int) netip.Addr { return netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}) }

func newRequest(t *testing.T) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://app/", nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}
