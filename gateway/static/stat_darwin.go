package static

import (
	"io/fs"
	"syscall"
)

// stampOf reads the stamp of a file. The change time moves with every write and
// rename and, unlike the modification time, cannot be set back.
func stampOf(info fs.FileInfo) stamp {
	s := stamp{size: info.Size(), modified: info.ModTime().UnixNano()}
	if sys, ok := info.Sys().(*syscall.Stat_t); ok {
		s.device, s.inode = uint64(sys.Dev), sys.Ino
		s.changed = sys.Ctimespec.Nano()
	}
	return s
}

// stampAt reads the stamp of what a path leads to, and whether it is a regular
// file.
func stampAt(path string) (stamp, bool) {
	var sys syscall.Stat_t
	if err := syscall.Stat(path, &sys); err != nil {
		return stamp{}, false
	}
	return stamp{
		size: sys.Size, modified: sys.Mtimespec.Nano(), changed: sys.Ctimespec.Nano(),
		device: uint64(sys.Dev), inode: sys.Ino,
	}, sys.Mode&syscall.S_IFMT == syscall.S_IFREG
}
