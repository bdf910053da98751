// Package upstream forwards requests to a group of interchangeable servers: it
// chooses one, speaks to it, and streams its answer back.
//
// # Two ways to the same answer
//
// Most requests take the fast path, a strict HTTP/1.1 client of our own that
// works on the caller's goroutine:
//
//	pick a target ─► idle or new connection ─► one write: head and small body
//	                                             │
//	    w ◄── body, flushed when we wait ◄── response head, strictly parsed
//
// Upgrades, gRPC, h2c, trailers and https upstreams take the standard path,
// [net/http/httputil.ReverseProxy] over an [net/http.Transport] per target. The
// header rules and the errors are the same; a fuzz target compares them. The
// standard library is more lenient with malformed answers, does not see names
// that Connection lists beside close, and takes bytes that arrived on a kept
// connection before a request for its answer when it is quick to reuse it.
//
// # What is forwarded
//
// The request line is the caller's Target, never the client's. Hop-by-hop
// headers (RFC 9110 section 7.6.1), the names Connection lists, Expect, names
// with an underscore and names the caller drops do not pass; the caller's own
// lines are added last. Only the websocket protocol may be switched to: an
// Upgrade to h2c would carry requests past the access rules.
//
// # When a request is sent again
//
// Never after a byte of the answer reached the client. When the connection
// could not be made, any request is tried elsewhere; when it broke before the
// first byte of an answer, only GET, HEAD, OPTIONS and TRACE without a body
// are, and on the fast path PUT and DELETE without one when a kept connection
// died. A POST whose connection broke may have been executed.
//
// Retries bound how many programs a request that crashes its reader can crash.
// What no program can have read does not count against them and is sent again
// for as long as Hold allows: a refused connection, and one that a program at
// which the request broke before drops with the request unread. That is what a
// killed program's queue looks like until its keeper withdraws it.
//
// # Health
//
// A target is out of rotation while its active checks fail, and for a while
// after several requests in a row failed (passive health); then one request at
// a time tries it again. Passive health alone never empties a group: with
// nobody left, the ejected targets are used.
package upstream
