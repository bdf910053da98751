// Package compress compresses responses on their way to the client.
//
// A [Writer] decides once, when the status line is about to be written, and
// then either compresses or steps out of the way: in the second case
// io.ReaderFrom reaches the connection, so sendfile and splice still work.
//
// # What is left alone
//
// Responses that already have a Content-Encoding, that say "Cache-Control:
// no-transform" (RFC 9111 §5.2.2.6), that are partial (206, Content-Range) or
// answer a request with Range, that have no body (HEAD, 1xx, 204, 304), whose
// type is not listed or not given, that are shorter than the minimum, and
// event streams.
//
// # Entity tags
//
// The compressed bytes are another representation than the one the app
// tagged, and not the same bytes every time, so a strong tag "x" leaves as the
// weak W/"x" (RFC 9110 §8.8.3.3); there is no suffix. A client then revalidates
// with If-None-Match: W/"x", which the gateway forwards as it is: the header is
// compared weakly (RFC 9110 §13.1.2), so it still matches the app's "x". A
// 304 to such a request carries the weak form again.
//
// # Secrets and compression
//
// The length of a compressed page tells an attacker who can inject text into
// it something about the rest (BREACH). An app protects such a page with
// "Cache-Control: no-transform", a service as a whole with [Config.Off].
package compress
