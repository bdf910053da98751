package vault

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"time"
)

// SweepAll forgets, for all tenants below dir, runs whose files have not
// changed since a time.
func SweepAll(dir string, since time.Time) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var errs []error
	for _, e := range entries {
		if !e.IsDir() || !tenantName.MatchString(e.Name()) {
			continue
		}
		t, err := Open(dir, e.Name())
		if err != nil {
			errs = append(errs, err)
			continue
		}
		errs = append(errs, t.sweep(since), t.Close())
	}
	return errors.Join(errs...)
}

func (t *Tenant) sweep(since time.Time) error {
	runs, err := t.names(work)
	if err != nil {
		return err
	}
	var errs []error
	for _, run := range runs {
		if info, err := t.root.Stat(path.Join(work, run)); err == nil && info.ModTime().Before(since) {
			errs = append(errs, t.Forget(run))
		}
	}
	return errors.Join(errs...)
}
