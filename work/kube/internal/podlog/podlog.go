// Package podlog reads the log of a container, which Kubernetes streams with a
// time before each line, over several streams: each line once, whole, and
// without its time.
package podlog

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"
	"time"
)

// buffer is how long a line may be that is read whole.
const buffer = 64 << 10

// Cursor is how far a log has been read. The zero value is its beginning.
type Cursor struct {
	last time.Time // the time of the last line…
	same int       // … and how many lines with that time were read
}

// Since is from when on the next stream has to be, in whole seconds, as
// Kubernetes takes it. It is zero at the beginning.
func (c *Cursor) Since() time.Time {
	if c.last.IsZero() {
		return time.Time{}
	}
	return c.last.Truncate(time.Second)
}

// Last is the time of the last line that was read.
func (c *Cursor) Last() time.Time { return c.last }

// Lines returns what is new in a stream, and moves the cursor as it is read.
// Heard is called with each line, or part of a long one, before it is returned. A
// stream that is not the whole log may be cut off anywhere: a line without end
// is left to the next one.
func (c *Cursor) Lines(stream io.Reader, whole bool, heard func(line []byte)) io.Reader {
	return &lines{
		in: bufio.NewReaderSize(stream, buffer), cursor: c, whole: whole, heard: heard,
		since: c.last, skip: c.same,
	}
}

type lines struct {
	in     *bufio.Reader
	cursor *Cursor
	whole  bool
	heard  func([]byte)
	since  time.Time // the last line that was read before…
	skip   int       // … of so many with that time

	inside, dropping bool // within a line that is longer than the buffer
	rest             []byte
	err              error
}

// Read implements io.Reader.
func (l *lines) Read(p []byte) (int, error) {
	for len(l.rest) == 0 && l.err == nil {
		l.rest, l.err = l.next()
	}
	n := copy(p, l.rest)
	if l.rest = l.rest[n:]; n > 0 {
		return n, nil
	}
	return 0, l.err
}

// next returns a part of the stream that is to be read, perhaps none.
func (l *lines) next() ([]byte, error) {
	part, err := l.in.ReadSlice('\n')
	long := errors.Is(err, bufio.ErrBufferFull)
	if long {
		err = nil
	}
	begins := !l.inside
	l.inside = long
	switch {
	case !begins || len(part) == 0:
	case err != nil && !l.whole:
		return nil, err
	default:
		part = l.begin(part)
	}
	if l.dropping || len(part) == 0 {
		return nil, err
	}
	l.heard(part)
	return bytes.Clone(part), err
}

// begin takes the time off the beginning of a line.
func (l *lines) begin(part []byte) []byte {
	l.dropping = false
	stamp, rest, ok := bytes.Cut(part, []byte(" "))
	at, err := time.Parse(time.RFC3339Nano, strings.TrimRight(string(stamp), "\r\n"))
	if err != nil {
		return part
	}
	if !ok {
		rest = []byte("\n") // an empty line whose blank was cut off
	}
	switch {
	case at.Before(l.since):
		l.dropping = true
	case at.Equal(l.since) && l.skip > 0:
		l.skip--
		l.dropping = true
	default:
		l.cursor.move(at)
	}
	return rest
}

// move notes the time of a line.
func (c *Cursor) move(at time.Time) {
	switch {
	case at.Equal(c.last):
		c.same++
	case at.After(c.last):
		c.last, c.same = at, 1
	}
}
