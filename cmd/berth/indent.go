package main

import (
	"bytes"
	"io"
)

// indented writes every line two columns in.
type indented struct{ w io.Writer }

// Write implements io.Writer; p is whole lines.
func (i indented) Write(p []byte) (int, error) {
	lines := bytes.SplitAfter(p, []byte("\n"))
	for _, l := range lines {
		if len(l) == 0 {
			continue
		}
		if _, err := i.w.Write(append([]byte("  "), l...)); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}
