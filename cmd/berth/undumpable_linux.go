package main

import "golang.org/x/sys/unix"

// hideOwnMemory keeps other programs of the same user, the service's own
// processes among them, from reading Berth's environment and memory through
// /proc: the keys that seal cookies are there. Root still can.
func hideOwnMemory() error { return unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0) }
