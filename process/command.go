package process

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// The statuses a shell gives to commands it cannot start.
const (
	codeNotExecutable = 126
	codeNotFound      = 127
)

// defaultPath is searched when the environment has no PATH.
const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// command is a program ready to be started.
type command struct {
	argv        []string
	shell       bool
	directory   string
	user, group string
	environment []string
}

// resolve returns the path of the program and its arguments.
func (c *command) resolve() (string, []string, error) {
	if c.directory != "" {
		info, err := os.Stat(c.directory)
		if err != nil {
			return "", nil, fmt.Errorf("working directory: %w", err)
		}
		if !info.IsDir() {
			return "", nil, fmt.Errorf("working directory %s is not a directory", c.directory)
		}
	}
	if c.shell {
		return "/bin/sh", []string{"/bin/sh", "-c", c.argv[0]}, nil
	}
	path, err := lookPath(c.argv[0], c.directory, c.environment)
	return path, c.argv, err
}

// lookPath finds a program as a shell in directory with that environment
// would, except that the directories of PATH have to be absolute.
func lookPath(name, directory string, environment []string) (string, error) {
	if strings.Contains(name, "/") {
		if !filepath.IsAbs(name) {
			name = filepath.Join(directory, name)
		}
		return name, executable(name)
	}
	path := defaultPath
	for _, e := range environment {
		if value, ok := strings.CutPrefix(e, "PATH="); ok {
			path = value
		}
	}
	for _, dir := range filepath.SplitList(path) {
		if !filepath.IsAbs(dir) {
			continue
		}
		if candidate := filepath.Join(dir, name); executable(candidate) == nil {
			return candidate, nil
		}
	}
	return "", fmt.Errorf("%s: %w in PATH", name, fs.ErrNotExist)
}

func executable(path string) error {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return err
	case info.IsDir():
		return &fs.PathError{Op: "exec", Path: path, Err: syscall.EISDIR}
	case info.Mode().Perm()&0o111 == 0:
		return &fs.PathError{Op: "exec", Path: path, Err: fs.ErrPermission}
	}
	return nil
}

// startFailure is the Exit of a program that could not be started.
func startFailure(err error) Exit {
	exit := Exit{Code: codeNotExecutable, Cause: err.Error()}
	if errors.Is(err, fs.ErrNotExist) {
		exit.Code = codeNotFound
	}
	return exit
}

// exitOf translates a wait status.
func exitOf(status syscall.WaitStatus) Exit {
	if status.Signaled() {
		return Exit{Code: 128 + int(status.Signal()), Signal: status.Signal()}
	}
	return Exit{Code: status.ExitStatus()}
}

// withVariables returns environment with the "NAME=value" of extra in place of
// what it may have under the same names.
func withVariables(environment []string, extra ...string) []string {
	merged := make([]string, 0, len(environment)+len(extra))
	for _, e := range environment {
		name, _, _ := strings.Cut(e, "=")
		replaced := false
		for _, x := range extra {
			replaced = replaced || strings.HasPrefix(x, name+"=")
		}
		if !replaced {
			merged = append(merged, e)
		}
	}
	return append(merged, extra...)
}
