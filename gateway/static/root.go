package static

import (
	"errors"
	"io/fs"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// recheck is how often the path is compared with the directory held open.
const recheck = time.Second

// root is the directory, held open. It is opened when first needed, and again
// when another directory has taken its place.
type root struct {
	path    string
	current atomic.Pointer[openRoot]
	checked atomic.Int64 // when the path was last looked at, in Unix nanoseconds

	closed atomic.Bool
	mu     sync.Mutex // serialises opening and closing
}

// openRoot is one directory that the path has named. Once replaced it is
// closed by the garbage collector, when the last request that uses it is gone.
type openRoot struct {
	*os.Root
	info fs.FileInfo
}

// stat describes what a name leads to.
func (r *root) stat(name string, now time.Time) (fs.FileInfo, error) {
	dir, err := r.open(now, false)
	if err != nil {
		return nil, err
	}
	info, err := dir.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		fresh, openErr := r.open(now, true)
		if openErr == nil && fresh != dir {
			return fresh.Stat(name)
		}
	}
	return info, err
}

// openFile opens a regular file. A name that has become a FIFO since it was
// looked at neither blocks nor is served.
func (r *root) openFile(name string, now time.Time) (*os.File, fs.FileInfo, error) {
	dir, err := r.open(now, false)
	if err != nil {
		return nil, nil, err
	}
	f, err := dir.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fs.ErrNotExist
	}
	if err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	return f, info, nil
}

// open returns the directory that the path names, as of a second ago at most,
// or as of now when force is set.
func (r *root) open(now time.Time, force bool) (*openRoot, error) {
	dir := r.current.Load()
	if dir != nil && !force && now.UnixNano()-r.checked.Load() < int64(recheck) {
		return dir, nil
	}
	r.checked.Store(now.UnixNano())
	if dir != nil {
		if info, err := os.Stat(r.path); err != nil || os.SameFile(info, dir.info) {
			return dir, nil // a directory that is being replaced may be missing for a moment
		}
	}
	return r.reopen(dir)
}

// reopen replaces the directory, unless another request has done so.
func (r *root) reopen(seen *openRoot) (*openRoot, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed.Load() {
		return nil, fs.ErrClosed
	}
	if dir := r.current.Load(); dir != seen {
		return dir, nil
	}
	opened, err := os.OpenRoot(r.path)
	if err != nil {
		return nil, err
	}
	info, err := opened.Stat(".")
	if err != nil {
		return nil, errors.Join(err, opened.Close())
	}
	dir := &openRoot{Root: opened, info: info}
	r.current.Store(dir)
	return dir, nil
}

func (r *root) isClosed() bool { return r.closed.Load() }

func (r *root) close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed.Store(true)
	dir := r.current.Load()
	if dir == nil {
		return nil
	}
	return dir.Close()
}
