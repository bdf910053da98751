//go:build unix

package idle

import "syscall"

// silent reports whether a socket that nobody may have written to is indeed
// open and empty. Sockets of the runtime do not block.
func silent(fd uintptr) bool {
	var b [1]byte
	for {
		_, err := syscall.Read(int(fd), b[:])
		if err != syscall.EINTR {
			return err == syscall.EAGAIN
		}
	}
}
