package service

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// locked runs do while no other Berth changes the files of a data directory,
// which several may share. The system forgets the lock of one that dies. Where
// the file system has no locks, do runs all the same.
func locked(data string, do func() error) error {
	dir, err := os.Open(data)
	if err != nil {
		return err
	}
	defer dir.Close() // which unlocks
	for {
		err := unix.Flock(int(dir.Fd()), unix.LOCK_EX)
		if !errors.Is(err, unix.EINTR) {
			return do()
		}
	}
}
