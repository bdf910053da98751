// Package object sends private objects that an app names in an internal
// redirect: the app checks who may have a file and answers with a reference,
// Berth fetches and streams it.
//
//	client ──GET /invoices/7──▶ gateway ──────────────▶ app
//	                            gateway ◀─ reference ── app
//	                            gateway ──GET, no credentials──▶ origin
//	client ◀───── bytes, from socket to socket ─────── gateway
//
// # References
//
// A [Ref] is what follows the route's prefix. For a directory it is a
// percent-encoded path. For hosts it is
//
//	{scheme}/{host}[:{port}]/{path}[?{query}]
//
// and path and query reach the origin byte for byte: a presigned URL is signed
// as it is written, so nothing decodes or encodes it on the way. What is not
// already a proper URL (a space, a control byte, a backslash, a quote, a "#", a
// user name, a ".." segment in any spelling) is refused.
//
// # Which origins
//
// Everything is refused but the listed hosts, over the listed schemes, on the
// scheme's own port or the one listed. Every address that a name resolves to is
// checked when it is dialled, so a name that changes its mind is caught:
// loopback, private, shared, unique local, reserved and multicast addresses are
// refused unless [Config.AllowPrivate] has them; link-local addresses and those
// where clouds serve instance credentials are refused always. TLS certificates
// are verified; redirects are not followed, and their Location goes nowhere.
//
// # What passes
//
// To the origin: Range, conditions, Accept, Accept-Encoding and User-Agent of
// the client. Never credentials, cookies or a body. A HEAD is asked as a GET of
// one byte, because a presigned URL is good for one method only.
//
// To the client: what describes the bytes, from the origin; what describes the
// download, from the app, where it says so, else from the origin; cookies and
// security headers from the app. Nothing else of either. A 403 and a 404 of the
// origin are both not found: its error documents name buckets and keys.
//
// # Speed
//
// Over plain connections on both sides a body goes from socket to socket by
// splice(2), handed over in pieces of 256 KiB so that deadlines can move.
package object
