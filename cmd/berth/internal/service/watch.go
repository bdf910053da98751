package service

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"
)

// settle is how long a file must be left alone before it counts as changed:
// editors write in several steps.
const settle = 100 * time.Millisecond

// watcher tells when any of a set of files changes. It watches their
// directories, because a file that is replaced by a rename is another file.
type watcher struct {
	fs    *fsnotify.Watcher
	files map[string]bool
	log   *slog.Logger
}

func newWatcher(log *slog.Logger) (*watcher, error) {
	fs, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, err
	}
	return &watcher{fs: fs, files: map[string]bool{}, log: log}, nil
}

// watch makes files the set that is watched. A directory that cannot be
// watched is told and left out: SIGHUP still reloads.
func (w *watcher) watch(files []string) {
	clear(w.files)
	wanted := map[string]bool{}
	for _, f := range files {
		path, err := filepath.Abs(f)
		if err != nil {
			continue
		}
		w.files[path] = true
		wanted[filepath.Dir(path)] = true
	}
	for _, dir := range w.fs.WatchList() {
		if !wanted[dir] {
			_ = w.fs.Remove(dir)
		}
		delete(wanted, dir)
	}
	for dir := range wanted {
		if err := w.fs.Add(dir); err != nil {
			w.log.Warn("directory is not watched for changes", "directory", dir, "error", err)
		}
	}
}

// next blocks until a watched file has changed and settled, a signal to reload
// arrives, or ctx ends.
func (w *watcher) next(ctx context.Context, signal <-chan os.Signal) error {
	var quiet <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-signal:
			return nil
		case <-quiet:
			return nil
		case err := <-w.fs.Errors:
			w.log.Warn("watching files", "error", err)
		case e := <-w.fs.Events:
			// In Kubernetes a mounted file is a link through ..data, which is
			// what changes.
			if w.files[e.Name] || filepath.Base(e.Name) == "..data" {
				quiet = time.After(settle)
			}
		}
	}
}

func (w *watcher) close() { _ = w.fs.Close() }
