package gateway

import (
	"encoding/hex"
	"math/rand/v2"
	"net/http"
	"strings"
)

// Lengths of the parts of a traceparent (W3C Trace Context, version 00).
const (
	traceIDLen     = 32
	spanIDLen      = 16
	traceparentLen = 2 + 1 + traceIDLen + 1 + spanIDLen + 1 + 2
	maxTracestate  = 512
	maxRequestID   = 128
)

// identity is how logs and traces name a request.
type identity struct {
	id    string // request id
	trace [traceIDLen]byte
	span  [spanIDLen]byte
	flags [2]byte
	state string // tracestate of the trace continued
}

// identify names a request: as a trusted proxy named it, else anew. The
// numbers come from the runtime's ChaCha8 generator: unpredictable enough for
// names, which are no secrets, and free of locks and system calls.
func (n *identity) identify(h http.Header, trusted bool) {
	n.state, n.id = "", ""
	n.flags = [2]byte{'0', '1'}
	if !trusted || !n.continueTrace(h) {
		randomHex(n.trace[:])
	}
	randomHex(n.span[:])
	if trusted {
		if id := single(h["X-Request-Id"]); validRequestID(id) {
			n.id = id
			return
		}
	}
	var b [traceIDLen]byte
	randomHex(b[:])
	n.id = string(b[:])
}

// continueTrace takes over the trace of a well-formed traceparent.
func (n *identity) continueTrace(h http.Header) bool {
	v := single(h["Traceparent"])
	if len(v) != traceparentLen || v[:3] != "00-" || v[35] != '-' || v[52] != '-' {
		return false
	}
	trace, span, flags := v[3:35], v[36:52], v[53:]
	if !lowerHex(trace) || !lowerHex(span) || !lowerHex(flags) || zeros(trace) || zeros(span) {
		return false
	}
	copy(n.trace[:], trace)
	copy(n.flags[:], flags)
	if s := h["Tracestate"]; len(s) == 1 && len(s[0]) <= maxTracestate && printable(s[0]) {
		n.state = s[0]
	}
	return true
}

// appendTraceparent appends the header's value.
func (n *identity) appendTraceparent(b []byte) []byte {
	b = append(b, "00-"...)
	b = append(b, n.trace[:]...)
	b = append(b, '-')
	b = append(b, n.span[:]...)
	b = append(b, '-')
	return append(b, n.flags[:]...)
}

// randomHex fills b, a multiple of 16 long, with random lower-case digits.
func randomHex(b []byte) {
	var raw [8]byte
	for len(b) >= 16 {
		v := rand.Uint64() | 1 // an id of zeros is not valid
		for i := range raw {
			raw[i] = byte(v >> (8 * i))
		}
		hex.Encode(b[:16], raw[:])
		b = b[16:]
	}
}

func validRequestID(s string) bool {
	if s == "" || len(s) > maxRequestID {
		return false
	}
	for i := range len(s) {
		c := s[i]
		alnum := '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
		if !alnum && strings.IndexByte("-_.~+/=:@", c) < 0 {
			return false
		}
	}
	return true
}

func lowerHex(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

func zeros(s string) bool { return strings.Trim(s, "0") == "" }

// printable reports that a header value holds visible ASCII and spaces only.
func printable(s string) bool {
	for i := range len(s) {
		if s[i] < 0x20 || s[i] > 0x7e {
			return false
		}
	}
	return true
}
