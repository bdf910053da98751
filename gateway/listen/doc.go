// Package listen accepts connections and reads requests from them that can be
// read in one way only. It binds addresses, does the TLS handshake with
// certificates that change without a new listener, refuses ambiguous HTTP/1
// framing before net/http sees it, bounds connections and the time they take,
// and drains when it is to stop.
//
// A [Server] runs between ctx and the end of its drain: addresses come and go
// by [Server.Relisten] meanwhile, and what the others are doing is not
// disturbed. What the handler needs to know of a connection [ConnOf] tells.
package listen
