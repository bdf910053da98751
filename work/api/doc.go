// Package api is the engine's HTTP API under /api/v1: submit, read and steer
// runs; definitions, queues, pools, tenants, schedules, subscriptions and
// triggers; work for workers that pull; events to watch.
//
// Every request is somebody's: Options.Identify says whose, from Berth's
// session, an API key (keys.go) or whatever fronts it. What a caller may do is
// a set of actions per tenant (caller.go). A run of a tenant that the caller
// may not read does not exist for them: the answer is 404, not 403.
//
// Errors are problem JSON (RFC 9457). Lists have a cursor: "next" is given back as
// ?cursor=, and is absent at the end. What changes concurrently has an ETag;
// a PUT with If-Match replaces only that version.
//
// The document that describes it all, /api/v1/openapi.json, is made from the
// same table of routes that serves it (routes.go, openapi.go).
package api
