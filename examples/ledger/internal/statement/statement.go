// Package statement writes the statement of an account as PDF or CSV, and keeps
// the files while they are being downloaded.
package statement

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/berth-project/berth/examples/ledger/internal/bank"
)

// Format is what a statement is written as.
type Format string

// The formats, which are also the extensions of the files.
const (
	PDF Format = "pdf"
	CSV Format = "csv"
)

// MediaType returns the format's media type.
func (f Format) MediaType() string {
	if f == PDF {
		return "application/pdf"
	}
	return "text/csv; charset=utf-8; header=present"
}

// Write writes a statement.
func (f Format) Write(w io.Writer, st bank.Statement) error {
	switch f {
	case PDF:
		return writePDF(w, st)
	case CSV:
		return writeCSV(w, st)
	}
	return fmt.Errorf("no statements as %q", f)
}

// Shelf keeps statement files for a short time: the app writes one and the
// gateway sends it.
type Shelf struct {
	// Directory holds the files and nothing else.
	Directory string
	// Keep is how long a file stays; a download that has begun goes on without
	// it.
	Keep time.Duration
	// Now is the clock.
	Now func() time.Time
}

// Put writes a statement into a new file, whose name nobody can guess, and
// returns the name. It removes files that have been there for too long.
func (s Shelf) Put(f Format, st bank.Statement) (name string, err error) {
	if err := os.MkdirAll(s.Directory, 0o700); err != nil {
		return "", err
	}
	if err := s.Sweep(); err != nil {
		return "", err
	}
	name = strings.ToLower(rand.Text()) + "." + string(f)
	file, err := os.OpenFile(filepath.Join(s.Directory, name), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return "", err
	}
	if err := errors.Join(f.Write(file, st), file.Close()); err != nil {
		return "", errors.Join(fmt.Errorf("write statement: %w", err), os.Remove(file.Name()))
	}
	return name, nil
}

// Sweep removes the files that have been there for too long.
func (s Shelf) Sweep() error {
	files, err := os.ReadDir(s.Directory)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, file := range files {
		info, err := file.Info()
		if err != nil || !info.Mode().IsRegular() || s.Now().Sub(info.ModTime()) < s.Keep {
			continue // another copy of the app may have removed it
		}
		if err := os.Remove(filepath.Join(s.Directory, file.Name())); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}
