package static

import "syscall"

// times returns when a file was modified, and when anything of it changed.
func times(sys *syscall.Stat_t) (modified, changed syscall.Timespec) {
	return sys.Mtimespec, sys.Ctimespec
}
