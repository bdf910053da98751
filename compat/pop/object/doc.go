// Package object is what Comcast's Priority Operation Processing stores and what
// its rules about it are: agendas and their progress, templates, customers,
// insights and resource pools, in their own JSON. It decides and does nothing: no
// clock, no network, no storage.
//
// Names of JSON fields are exact, unknown fields are ignored, fields without a
// value are left out, and times are milliseconds since 1970.
//
//	agenda            a run: operations, which refer to each other with tokens
//	agenda template   an agenda with tokens for what it is submitted with
//	progress          what became of an agenda, and of each operation
//	insight           a queue: which agendas it takes, in which order they go
//	resource pool     who works for some insights
//	customer          a tenant, bound to a pool
//
// Where the original is defective a rule takes a [token.Mode]: [token.Native] is
// what was meant, [token.Quirks] what the original does.
package object
