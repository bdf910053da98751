// Package vault keeps the files of the pipeline, each tenant's in a directory
// of its own that nothing else can be reached from.
//
//	TENANT/sources/ID          images as they were uploaded
//	TENANT/work/RUN/…          what the steps of a run hand each other
//	TENANT/results/RUN/…       what it made, for people
//	TENANT/published/RUN.json  what is to be known of it
//
// A file is there whole or not at all: it is written beside its place and
// renamed. A step that was killed leaves a file that nobody reads, and an
// attempt that was thought dead and is not writes what the other one wrote.
package vault

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
)

// File is a file that was written. Its JSON is what steps tell each other.
type File struct {
	Name   string `json:"name"` // without its directory
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"` // in hex
}

// Tenant is the directory of one tenant.
type Tenant struct {
	root *os.Root
}

// The directories within a tenant's.
const (
	sources   = "sources"
	work      = "work"
	results   = "results"
	published = "published"
)

var (
	tenantName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)
	plainName  = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$`)
)

// Open opens the directory of a tenant below dir and makes it where it is not
// there. Close gives it back.
func Open(dir, tenant string) (*Tenant, error) {
	if !tenantName.MatchString(tenant) {
		return nil, fmt.Errorf("tenant %.80q: not a name for a directory", tenant)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	all, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer all.Close() //nolint:errcheck // it was read only
	if err := all.Mkdir(tenant, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	root, err := all.OpenRoot(tenant)
	return &Tenant{root}, err
}

// Close gives the directory back.
func (t *Tenant) Close() error { return t.root.Close() }

// Source names an image as it was uploaded. As with Work and Result, a name that
// leads elsewhere is refused where it is used.
func Source(id string) string { return path.Join(sources, plain(id)) }

// Work names a file that the steps of a run hand each other.
func Work(run, name string) string { return path.Join(work, plain(run), plain(name)) }

// Result names a file that a run made.
func Result(run, name string) string { return path.Join(results, plain(run), plain(name)) }

// plain is a name, or one that no file has.
func plain(name string) string {
	if !plainName.MatchString(name) {
		return "-"
	}
	return name
}

// Open opens a file to read. The error is fs.ErrNotExist where there is none.
func (t *Tenant) Open(name string) (*os.File, error) { return t.root.Open(name) }

// Write writes a file, in place of one that is there.
func (t *Tenant) Write(name string, write func(io.Writer) error) (File, error) {
	if path.Base(name) == "-" || path.Base(path.Dir(name)) == "-" {
		return File{}, fmt.Errorf("%s: not a name for a file", name)
	}
	if err := t.root.MkdirAll(path.Dir(name), 0o700); err != nil {
		return File{}, err
	}
	beside := path.Join(path.Dir(name), unfinished+rand.Text())
	f, err := t.root.OpenFile(beside, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return File{}, err
	}
	m := &meter{w: f}
	sum := sha256.New()
	err = write(io.MultiWriter(m, sum))
	if err == nil {
		err = f.Sync() // the step is recorded as done for good: so is its file
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = t.root.Rename(beside, name)
	}
	if err != nil {
		return File{}, errors.Join(fmt.Errorf("write %s: %w", name, err), t.root.Remove(beside))
	}
	return File{Name: path.Base(name), Bytes: m.n, SHA256: hex.EncodeToString(sum.Sum(nil))}, nil
}

// unfinished begins the names of files that are being written.
const unfinished = ".unfinished-"

// meter counts what is written.
type meter struct {
	w io.Writer
	n int64
}

func (m *meter) Write(p []byte) (int, error) {
	n, err := m.w.Write(p)
	m.n += int64(n)
	return n, err
}

// Forget removes what the steps of a run handed each other.
func (t *Tenant) Forget(run string) error { return t.root.RemoveAll(path.Join(work, plain(run))) }

// Tidy removes the unfinished files of a run whose writers were killed.
func (t *Tenant) Tidy(run string) error {
	var errs []error
	for _, dir := range []string{path.Join(work, plain(run)), path.Join(results, plain(run))} {
		names, err := t.names(dir)
		errs = append(errs, err)
		for _, name := range names {
			if strings.HasPrefix(name, unfinished) {
				errs = append(errs, t.root.Remove(path.Join(dir, name)))
			}
		}
	}
	return errors.Join(errs...)
}

// Publish keeps what is to be known of a run.
func (t *Tenant) Publish(run string, record []byte) error {
	_, err := t.Write(path.Join(published, plain(run)+".json"), func(w io.Writer) error {
		_, err := w.Write(record)
		return err
	})
	return err
}

// maxRecord bounds what is kept of a run, in bytes.
const maxRecord = 256 << 10

// Published gives what was kept of the newest runs; the ids of runs grow.
func (t *Tenant) Published(most int) ([][]byte, error) {
	names, err := t.names(published)
	if err != nil {
		return nil, err
	}
	names = slices.DeleteFunc(names, func(name string) bool { return strings.HasPrefix(name, unfinished) })
	slices.Sort(names)
	slices.Reverse(names)
	var all [][]byte
	for _, name := range names[:min(most, len(names))] {
		f, err := t.root.Open(path.Join(published, name))
		if err != nil {
			return nil, err
		}
		record, err := io.ReadAll(io.LimitReader(f, maxRecord))
		if err = errors.Join(err, f.Close()); err != nil {
			return nil, err
		}
		all = append(all, record)
	}
	return all, nil
}

// names lists a directory; none where it is not there.
func (t *Tenant) names(dir string) ([]string, error) {
	f, err := t.root.Open(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	names, err := f.Readdirnames(-1)
	return names, errors.Join(err, f.Close())
}
