package manifest

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/berth-project/berth/internal/diagnostic"
)

// FileName is the name a manifest has in the directory of its service.
const FileName = "berth.yaml"

// MaxBytes is the largest manifest that is read.
const MaxBytes = 1 << 20

// Load reads the manifest at path: a file, or a directory with a berth.yaml.
// As with [Parse], the manifest is nil when there is any problem.
func Load(path string) (*Manifest, diagnostic.List) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		path = filepath.Join(path, FileName)
	}
	data, err := readBounded(path)
	if err != nil {
		return nil, diagnostic.List{unreadable(path, err)}
	}
	return Parse(path, data)
}

func readBounded(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, MaxBytes+1))
}

func unreadable(path string, err error) *diagnostic.Problem {
	p := &diagnostic.Problem{Code: codeUnreadable, File: path, Message: "the manifest cannot be read"}
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		err = pathErr.Err
	}
	p.Notes = []string{err.Error()}
	if errors.Is(err, fs.ErrNotExist) {
		p.Message = "there is no manifest here"
		p.Help = "create " + FileName + ", or name the directory it is in"
	}
	return p
}

// Parse reads a manifest from data; file is the name problems are reported
// under. It does no I/O. When the list is empty the manifest is complete: every
// default is filled in and every field has been checked. Otherwise the
// manifest is nil and the list has every problem (the first 500 of a hopeless
// file), in the order of the file.
func Parse(file string, data []byte) (*Manifest, diagnostic.List) {
	src := newSource(file, data)
	root := src.parse(data)
	if root == nil {
		return nil, src.finish()
	}
	src.decoded = true
	m := &Manifest{src: src}
	d := &decoder{src: src}
	d.document(root, m)
	m.inherit()
	validate(m)
	if problems := src.finish(); len(problems) > 0 {
		return nil, problems
	}
	return m, nil
}

// File returns the name the manifest was read under.
func (m *Manifest) File() string { return m.src.file }

// Directory returns the directory of the manifest, against which the relative
// paths in it count.
func (m *Manifest) Directory() string { return filepath.Dir(m.src.file) }

// Warnings returns what is allowed but probably not meant, in the order of the
// file.
func (m *Manifest) Warnings() diagnostic.List { return slices.Clone(m.src.warnings) }

// Position returns where a field stands in the file. A path is written as
// problems write it: "gateway.routes[2].process". For a field that is not
// written there the position is that of the nearest enclosing one that is.
func (m *Manifest) Position(path string) Position {
	at := m.src.locate(path)
	return Position{File: m.src.file, Line: at.line, Column: at.column}
}

// Problem returns a problem at a field of the manifest, with its position and
// excerpt, for what is found out only when the service runs.
func (m *Manifest) Problem(path, code, message string) *diagnostic.Problem {
	p := m.src.problem(m.src.locate(path), code, "%s", message)
	p.Path = path
	m.src.excerpt(p)
	return p
}

// Written reports whether a field is in the file, rather than a default.
func (m *Manifest) Written(path string) bool {
	return m.src.written(path)
}
