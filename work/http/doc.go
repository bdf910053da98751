// Package http executes steps of type "http": it calls a URL.
//
//	{"name": "notify", "run": "http", "with": {
//	    "url": "https://api.example.org/v1/videos",
//	    "method": "POST",
//	    "headers": {"Authorization": {"secret": "api-token", "prefix": "Bearer "}},
//	    "json": {"id": "${params.id}"}}}
//
// The output is {"status": 201, "headers": {…}, "body": …}; see [Request] and
// [Response].
//
// # Where requests may go
//
// Nowhere, until the operator lists hosts ([Options.Hosts]). Addresses that are
// not public are refused when they are dialed, unless their network is listed:
// a name that a tenant controls leads nowhere inside. Redirects are answers,
// not orders: only those of a GET or HEAD that stay at the same scheme, host
// and port are followed.
//
// # What a server is told
//
// Berth-Run, Berth-Step, Berth-Attempt and Berth-Fence say who asks.
// Idempotency-Key is the same for every attempt of the step run. With "sign"
// the request has a Berth-Signature, as package outbox describes it.
//
// # Asynchronous calls
//
// With "async": true the step ends when the server calls back, not when it
// answers; with "async": "accepted" it does so only when the answer is 202.
// The request then has the headers Berth-Callback-URL and
// Berth-Callback-Token. The server sends the result there with
// "Authorization: Bearer TOKEN". The token is good for this attempt only
// ([VerifyToken]), and dies with it.
//
// # Failures
//
//	http.N            the status was not expected; 3xx and 4xx are for good, but 408, 425 and
//	                  429, and those that the step calls temporary
//	http.timeout      no answer in time
//	http.connect      the name or the address cannot be reached
//	http.tls          the server's certificate is wrong, or its TLS
//	http.broken       the connection ended in the middle of something
//	limit.output      the answer is too large
//	result            the answer says that it is JSON, and is not
//	refused           the operator does not allow it; for good
//	with              the step is wrong; for good
//	timeout, canceled, lease-lost, stopping    why Berth ended it
//
// The detail of http.N has the status, the beginning of the body and, when the
// server named a time with Retry-After, "retry-after" in seconds: the next
// attempt, where the step's retry rule allows one, does not come before it,
// unless it is longer than the rule's max-backoff, or than an hour.
package http
