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
	fs     *fsnotify.Watcher // nil where there is none
	events <-chan fsnotify.Event
	errors <-chan error
	files  map[string]bool
	log    *slog.Logger
}

// newWatcher returns a watcher. Where the system has none left, which is no
// reason not to serve, it only waits for signals.
func newWatcher(log *slog.Logger) *watcher {
	w := &watcher{files: map[string]bool{}, log: log}
	fs, err := fsnotify.NewWatcher()
	if err != nil {
		log.Warn("files are not watched for changes, SIGHUP reloads", "error", err)
		return w
	}
	w.fs, w.events, w.errors = fs, fs.Events, fs.Errors
	return w
}

// watch makes files the set that is watched. A directory that cannot be
// watched is told and left out: SIGHUP still reloads.
func (w *watcher) watch(files []string) {
	if w.fs == nil {
		return
	}
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
		case err := <-w.errors:
			w.log.Warn("watching files", "error", err)
			quiet = time.After(settle) // a change may have been among what was lost
		case e := <-w.events:
			// In Kubernetes a mounted file is a link through ..data, which is
			// what changes.
			if w.files[e.Name] || filepath.Base(e.Name) == "..data" {
				quiet = time.After(settle)
			}
		}
	}
}

func (w *watcher) close() {
	if w.fs != nil {
		_ = w.fs.Close()
	}
}
