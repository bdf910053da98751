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
		s.inode = sys.Ino
		s.changed = sys.Ctim.Nano()
	}
	return s
}
