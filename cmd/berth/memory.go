package main

import "runtime/debug"

// settle gives back what only starting needed: the garbage of reading the
// manifest, and the pages of the program that ran once.
func settle() {
	debug.FreeOSMemory()
	forgetProgramPages()
}
