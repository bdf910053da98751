// Package idle looks at connections that are kept for later.
package idle

import (
	"net"
	"syscall"
)

// Probe looks at one connection. It belongs to whoever uses the connection.
type Probe struct {
	raw    syscall.RawConn
	look   func(fd uintptr) bool
	silent bool // answer of the last look
}

// NewProbe returns a probe for c; nil, about which nothing is known, where c
// is no socket of the system.
func NewProbe(c net.Conn) *Probe {
	s, ok := c.(syscall.Conn)
	if !ok {
		return nil
	}
	raw, err := s.SyscallConn()
	if err != nil {
		return nil
	}
	p := &Probe{raw: raw}
	p.look = func(fd uintptr) bool {
		p.silent = silent(fd)
		return true
	}
	return p
}

// Silent reports whether the connection is open and silent; true where nothing
// is known. A byte that arrives before a request was sent is no answer to it:
// taking it for one would hand one caller what was meant for another. The read
// deadline of the connection must not have passed.
func (p *Probe) Silent() bool {
	if p == nil {
		return true
	}
	p.silent = false
	return p.raw.Read(p.look) == nil && p.silent
}
