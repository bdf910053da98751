//go:build linux || darwin

package static

import (
	"io/fs"
	"syscall"
)

// stampOf reads the stamp of a file. The change time moves with every write and
// rename and, unlike the modification time, cannot be set back.
func stampOf(info fs.FileInfo) stamp {
	if sys, ok := info.Sys().(*syscall.Stat_t); ok {
		return stampFrom(sys)
	}
	return stamp{size: info.Size(), modified: info.ModTime().UnixNano()}
}

// stampAt reads the stamp of what a path leads to, and whether it is a regular
// file.
func stampAt(path string) (stamp, bool) {
	var sys syscall.Stat_t
	if err := syscall.Stat(path, &sys); err != nil {
		return stamp{}, false
	}
	return stampFrom(&sys), sys.Mode&syscall.S_IFMT == syscall.S_IFREG
}

func stampFrom(sys *syscall.Stat_t) stamp {
	modified, changed := times(sys)
	return stamp{
		size: sys.Size, modified: modified.Nano(), changed: changed.Nano(),
		device: uint64(sys.Dev), inode: sys.Ino,
	}
}
