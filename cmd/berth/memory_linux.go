package main

import (
	"fmt"
	"os"
	"strings"
	"syscall"
)

// forgetProgramPages unmaps the pages of the executable that cannot be written.
// Initialising every package touches most of the program, the system maps its
// surroundings along with each page, and all of that counts as the service's
// memory although little of it is used again. What is used comes back from the
// page cache at the first touch. Nothing depends on it, so errors do not matter.
func forgetProgramPages() {
	program, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return
	}
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		return
	}
	for line := range strings.Lines(string(maps)) {
		start, end, ok := readOnlyPart(line, program)
		if ok {
			_, _, _ = syscall.Syscall(syscall.SYS_MADVISE, start, end-start, syscall.MADV_DONTNEED)
		}
	}
}

// readOnlyPart reads a line of /proc/self/maps and reports whether it is a part
// of the program that was never written: in one that was, unmapping would lose
// what was written.
func readOnlyPart(line, program string) (start, end uintptr, ok bool) {
	fields := strings.Fields(line)
	if len(fields) < 6 || fields[5] != program || fields[1] != "r-xp" && fields[1] != "r--p" {
		return 0, 0, false
	}
	_, err := fmt.Sscanf(fields[0], "%x-%x", &start, &end)
	return start, end, err == nil && start < end
}
