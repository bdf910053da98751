// Package console is the web console of the operator: what runs, what it
// decides and why. It only looks and, where the operator asks for it, restarts
// or signals a process; everything it shows comes from the functions and
// interfaces of [Sources]. The room IAM is a tool of its own: it decides and
// lints what is pasted into it, and keeps nothing. The rooms of work are there
// where the service has an engine: they show every tenant's runs, and let the
// operator steer them.
//
// Pages are rendered on the server and complete without JavaScript. Each has a
// twin for machines at the same address with ".json" appended. A visible tab
// holds one event stream that says which part of its page is out of date; the
// page then fetches that part from the handler that rendered it, so that
// permission and template are the same. Requests and log lines, those of steps too,
// travel in the stream itself, as rows. A stream has no goroutine and no queue of its own:
// it reads the feeds from where it stopped, so a reader that is slow misses
// lines, is told so, and costs nothing.
//
// Without Sources.Authorize only this machine is answered: the peer and the
// Host header must both be loopback, so that no page on the web can reach the
// console by a name it controls. Requests that change something are POSTs and
// must not come from another site.
package console
