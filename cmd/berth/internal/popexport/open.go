package popexport

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/berth-project/berth/compat/pop"
)

// export is a file of a table.
func export(path string) pop.Export {
	return pop.Export{Name: path, Open: func() (io.ReadCloser, error) { return open(path) }}
}

// open opens a file and, if it is compressed, whatever its name, what is in it.
func open(path string) (io.ReadCloser, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	b := bufio.NewReaderSize(f, 64<<10)
	if magic, _ := b.Peek(2); string(magic) != "\x1f\x8b" {
		return file{b, f}, nil
	}
	z, err := gzip.NewReader(b)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("decompress: %w", err), f.Close())
	}
	return file{z, f}, nil
}

// file reads what is in one.
type file struct {
	io.Reader
	f *os.File
}

// Close implements io.Closer.
func (f file) Close() error { return f.f.Close() }
