package process

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"
)

const (
	// maxLine is how much of a line is logged; the rest is dropped.
	maxLine = 64 << 10
	// maxQueuedLines and maxQueuedBytes bound what waits for a slow log.
	maxQueuedLines = 1024
	maxQueuedBytes = 4 << 20
	// patience is how long a program may be held up by a log that does not take
	// its lines; then they are dropped and counted.
	patience = time.Second
	// lastLines of at most lastLineSize bytes are kept for crash reports.
	lastLines    = 20
	lastLineSize = 512
	// linger is how long the pipes are read after the process group is gone, in
	// case a program that left the group holds them open.
	linger = 2 * time.Second
)

// line is one line of a program on its way to the log.
type line struct {
	text      []byte
	stream    string
	truncated bool
}

// output takes what a program writes, line by line, into the log. A program is
// never held up for longer than patience: what the log does not take is
// dropped and counted.
type output struct {
	log     *slog.Logger
	dropped interface{ Add(float64) }

	queue   chan line
	room    *semaphore.Weighted // bytes of the queue
	lost    atomic.Int64        // lines dropped and not reported yet
	late    atomic.Bool         // patience has run out
	readers sync.WaitGroup
	written chan struct{} // closed when the log has everything
	pipes   []*os.File    // read ends

	mu   sync.Mutex // guards last
	last []string
}

// openOutput returns an output and the two files to give the program as
// stdout and stderr; the caller closes them after the start.
func openOutput(log *slog.Logger, dropped interface{ Add(float64) }) (*output, [2]*os.File, error) {
	o := &output{
		log: log, dropped: dropped, queue: make(chan line, maxQueuedLines),
		room: semaphore.NewWeighted(maxQueuedBytes), written: make(chan struct{}),
	}
	var ends [2]*os.File
	for i := range ends {
		r, w, err := os.Pipe()
		if err != nil {
			o.abandon(ends)
			return nil, ends, err
		}
		o.pipes = append(o.pipes, r)
		ends[i] = w
	}
	return o, ends, nil
}

// abandon closes everything when there will be no program.
func (o *output) abandon(ends [2]*os.File) {
	for _, f := range append(o.pipes, ends[:]...) {
		if f != nil {
			_ = f.Close()
		}
	}
}

// start begins to read. The writer is in writers until it has ended.
func (o *output) start(writers *sync.WaitGroup) {
	for i, stream := range []string{"stdout", "stderr"} {
		o.readers.Go(func() { o.read(o.pipes[i], stream) })
	}
	writers.Go(o.write)
}

// finish reads what is left once the program's group is gone, and waits at
// most patience for the log to have it.
func (o *output) finish() {
	for _, f := range o.pipes {
		_ = f.SetReadDeadline(time.Now().Add(linger))
	}
	o.readers.Wait()
	for _, f := range o.pipes {
		_ = f.Close()
	}
	close(o.queue)
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-o.written:
	case <-timer.C:
	}
}

// lines returns the last lines, oldest first.
func (o *output) lines() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]string(nil), o.last...)
}

// read splits a stream into lines until it ends.
func (o *output) read(r io.Reader, stream string) {
	chunk := make([]byte, 32<<10)
	var pending []byte
	truncated := false
	emit := func() {
		o.put(line{text: bytes.TrimSuffix(pending, []byte("\r")), stream: stream, truncated: truncated})
		pending, truncated = nil, false
	}
	for {
		n, err := r.Read(chunk)
		for rest := chunk[:n]; len(rest) > 0; {
			part, after, ended := bytes.Cut(rest, []byte("\n"))
			room := min(maxLine-len(pending), len(part))
			pending = append(pending, part[:room]...)
			truncated = truncated || room < len(part)
			if ended {
				emit()
			}
			rest = after
		}
		if err != nil {
			if len(pending) > 0 {
				emit()
			}
			return
		}
	}
}

// put hands a line to the writer.
func (o *output) put(l line) {
	o.remember(l.text)
	if !o.send(l) {
		o.lost.Add(1)
		o.dropped.Add(1)
	}
}

// send waits at most patience, and not at all while the log is known to be
// late.
func (o *output) send(l line) bool {
	if o.trySend(l) {
		o.late.Store(false)
		return true
	}
	if o.late.Load() {
		return false
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	size := int64(len(l.text))
	if o.room.Acquire(ctx, size) == nil {
		select {
		case o.queue <- l:
			return true
		case <-ctx.Done():
			o.room.Release(size)
		}
	}
	o.late.Store(true)
	return false
}

// trySend does not wait.
func (o *output) trySend(l line) bool {
	size := int64(len(l.text))
	if !o.room.TryAcquire(size) {
		return false
	}
	select {
	case o.queue <- l:
		return true
	default:
		o.room.Release(size)
		return false
	}
}

func (o *output) remember(text []byte) {
	kept := clean(text[:min(len(text), lastLineSize)])
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.last) == lastLines {
		copy(o.last, o.last[1:])
		o.last = o.last[:lastLines-1]
	}
	o.last = append(o.last, kept)
}

func (o *output) write() {
	defer close(o.written)
	ctx := context.Background() // the lines of a program are logged to the last
	for l := range o.queue {
		o.room.Release(int64(len(l.text)))
		o.report(ctx)
		e := parseLine(l.text)
		e.attrs = append(e.attrs, slog.String("stream", l.stream))
		if l.truncated {
			e.attrs = append(e.attrs, slog.Bool("truncated", true))
		}
		o.log.LogAttrs(ctx, e.level, e.message, e.attrs...) //nolint:sloglint // the program's own message
	}
	o.report(ctx)
}

// report tells how many lines are missing at this place of the log.
func (o *output) report(ctx context.Context) {
	if n := o.lost.Swap(0); n > 0 {
		o.log.LogAttrs(ctx, slog.LevelWarn, "output lines dropped", slog.Int64("dropped", n))
	}
}
