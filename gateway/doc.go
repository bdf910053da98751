// Package gateway stands in front of an app: it decides for every request who
// is asking, whether they may, and who answers, and it makes sure that what it
// decided on is what the app receives.
//
// # One request
//
// The whole chain is spelled out in one function, (*Gateway).handle:
//
//	listener ─ TLS ─ strict framing            package listen
//	   │
//	   ├─ request id, trace                    identity.go
//	   ├─ client address, scheme, public host  client.go      trusted proxies only
//	   ├─ host                                 host.go        unknown: connection closed
//	   ├─ canonical path                       urlpath        400
//	   ├─ /.berth/…, /.well-known/berth/…      internal.go    health on any host
//	   ├─ session                              Authenticator  401
//	   ├─ rule                                 access         sign-in, 401, 403
//	   ├─ cross-origin check                   steps.go       403
//	   ├─ route                                route.go       404, 405
//	   ├─ limits                               body.go        413
//	   ├─ rewrite                              header.go      strip, then set; assertion
//	   ├─ upstream │ static │ redirect         upstream …     502, 503, 504
//	   │     └─ X-Accel-Redirect → object │ static   accel.go
//	   └─ record                               record.go      one for each request
//
// Whatever refuses a request returns a fault; one writer (page.go) turns it
// into HTML, problem JSON (RFC 9457) or text.
//
// # Tables
//
// A [Table] is everything that a change of configuration replaces: hosts,
// routes and rules. It is built without side effects by [NewTable], put in
// place by [Gateway.Swap] and never changes; a request keeps the table it
// began with. [Table.Explain] answers what would happen to a request, with the
// functions the chain uses.
//
// # What outlives a request
//
// A tunnel, an event stream or a long download may last longer than what
// allowed it. Each is checked again as it goes on, by the table in place then:
// whoever is signed out, disabled or ruled out is cut off. Streams of events
// and tunnels end at once when the listener stops; they would hold the drain.
//
// # Trust
//
// Nothing a client says about itself reaches the app: every header in which
// proxies speak to apps is stripped and set anew, from the connection or, when
// the peer is one of [Config.TrustedProxies], from what that proxy says. A
// header with an underscore in its name is dropped, because some apps cannot
// tell it from the one with a hyphen. The gateway's own credentials (its
// cookies, and the Authorization header it consumed) are not forwarded.
package gateway
