//go:build !unix

package idle

// silent cannot be known here: a dead connection shows when it is used.
func silent(uintptr) bool { return true }
