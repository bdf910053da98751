// Package console is the web console of the operator: what runs, what it
// decides and why. It only looks and, where the operator asks for it, restarts
// or signals a process; everything it shows comes from the functions and
// interfaces of [Sources].
package console
