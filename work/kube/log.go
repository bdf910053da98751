package kube

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/berth-project/berth/work/internal/transcript"
)

const (
	// reopenSilent and reopenIdle are after how long without a line a stream is
	// opened anew, where silence is judged and where it is not: a connection may
	// be dead without anybody saying so.
	reopenSilent = 10 * time.Second
	reopenIdle   = 5 * time.Minute
	// pause and maxPause are between two streams that ended by themselves.
	pause    = time.Second
	maxPause = 15 * time.Second
	// lastLook is how long the rest of a log may take when the handler ended.
	lastLook = 20 * time.Second

	logBuffer = 64 << 10
)

// follower reads the log of a handler from its start to its end, over as many
// streams as it takes, each line once.
type follower struct {
	client          Client
	namespace, name string
	reopen          time.Duration
	endOfLog        string
	transcript      *transcript.Transcript
	ended           chan struct{} // closed when endOfLog was seen

	running sync.WaitGroup
	cancel  context.CancelFunc // nil until it is started
	exited  chan struct{}

	mu    sync.Mutex // guards the field below
	spoke time.Time  // when the last line came, by Berth's clock

	last time.Time // the time on the last line, by the node's clock
	same int       // lines with that time
}

// start begins to follow the log of a pod, unless it was begun.
func (f *follower) start(ctx context.Context, pod string) {
	if f.cancel != nil {
		return
	}
	ctx, f.cancel = context.WithCancel(context.WithoutCancel(ctx))
	f.name, f.exited = pod, make(chan struct{})
	f.running.Go(func() { f.run(ctx, f.exited) })
}

// finish reads what is left and returns. It is called when the handler has
// ended.
func (f *follower) finish() {
	if f.cancel == nil {
		return
	}
	close(f.exited)
	f.running.Wait()
	f.cancel()
}

// stop leaves the log as it is.
func (f *follower) stop() {
	if f.cancel == nil {
		return
	}
	f.cancel()
	f.running.Wait()
}

// run follows the log until ctx ends. When exited is closed it reads what is
// left, and returns.
func (f *follower) run(ctx context.Context, exited <-chan struct{}) {
	wait := pause
	for {
		before := f.last
		f.stream(ctx, exited)
		select {
		case <-exited:
			f.rest(ctx)
			return
		case <-ctx.Done():
			return
		default:
		}
		if wait = min(2*wait, maxPause); f.last.After(before) {
			wait = pause
		}
		select {
		case <-exited:
			f.rest(ctx)
			return
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
	}
}

// rest reads what was not read of the log of a handler that has ended.
func (f *follower) rest(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, lastLook)
	defer cancel()
	f.read(ctx, cancel, false)
}

// stream reads what the log has and what comes, until the stream ends, is
// silent for too long, or the handler has ended and had time to be read.
func (f *follower) stream(ctx context.Context, exited <-chan struct{}) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan struct{})
	var watch sync.WaitGroup
	watch.Go(func() {
		select {
		case <-done:
			return
		case <-exited:
		}
		select {
		case <-done:
		case <-time.After(pause):
			cancel()
		}
	})
	f.read(ctx, cancel, true)
	close(done)
	watch.Wait()
}

// read reads one stream. An error is no news: the next stream tells.
func (f *follower) read(ctx context.Context, cancel func(), follow bool) {
	opts := &corev1.PodLogOptions{Container: handlerContainer, Follow: follow, Timestamps: true}
	if !f.last.IsZero() {
		opts.SinceTime = &metav1.Time{Time: f.last.Truncate(time.Second)} // it is sent in whole seconds
	}
	body, err := f.client.CoreV1().Pods(f.namespace).GetLogs(f.name, opts).Stream(ctx)
	if err != nil {
		return
	}
	defer body.Close()
	idle := time.AfterFunc(f.reopen, func() {
		cancel()
		_ = body.Close() // a body need not notice that its request was canceled
	})
	defer idle.Stop()
	_ = f.transcript.Read(&lines{
		in: bufio.NewReaderSize(body, logBuffer), follower: f, skip: f.same, since: f.last,
		heard: func() { idle.Reset(f.reopen) },
	})
}

// lines is a stream without the times at the beginning of its lines, and
// without the lines that were read before.
type lines struct {
	in       *bufio.Reader
	follower *follower
	since    time.Time // the last line that was read before…
	skip     int       // … of so many with that time
	heard    func()

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
	whole := !errors.Is(err, bufio.ErrBufferFull)
	if !whole {
		err = nil
	}
	begins := !l.inside
	l.inside = !whole
	if begins && len(part) > 0 {
		part = l.begin(part)
	}
	if l.dropping || len(part) == 0 {
		return nil, err
	}
	l.heard()
	l.follower.heard(string(part))
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
		l.follower.stamped(at)
	}
	return rest
}

// stamped notes the time of a line.
func (f *follower) stamped(at time.Time) {
	if at.Equal(f.last) {
		f.same++
		return
	}
	if at.After(f.last) {
		f.last, f.same = at, 1
	}
}

func (f *follower) heard(line string) {
	f.mu.Lock()
	f.spoke = time.Now()
	f.mu.Unlock()
	if f.endOfLog == "" || !strings.Contains(line, f.endOfLog) {
		return
	}
	select {
	case <-f.ended:
	default:
		close(f.ended)
	}
}

// hasEnded reports whether the line that ends the log was seen.
func (f *follower) hasEnded() bool {
	select {
	case <-f.ended:
		return true
	default:
		return false
	}
}

// lastHeard is when the last line came.
func (f *follower) lastHeard() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.spoke
}

var _ io.Reader = (*lines)(nil)
