//go:build !linux && !darwin

package static

import "io/fs"

// stampOf reads the part of a file's stamp that every system has.
func stampOf(info fs.FileInfo) stamp {
	return stamp{size: info.Size(), modified: info.ModTime().UnixNano()}
}

// stampAt knows nothing here: every request looks the file up.
func stampAt(string) (stamp, bool) { return stamp{}, false }
