package kube

import (
	"bytes"
	"context"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/berth-project/berth/work/internal/transcript"
	"github.com/berth-project/berth/work/kube/internal/podlog"
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

	mu    sync.Mutex // guards the fields below
	spoke time.Time  // when the last line came, by Berth's clock
	deaf  time.Time  // when the log could not be read, last

	cursor podlog.Cursor
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
		before := f.cursor.Last()
		f.stream(ctx, exited)
		select {
		case <-exited:
			f.rest(ctx)
			return
		case <-ctx.Done():
			return
		default:
		}
		if wait = min(2*wait, maxPause); f.cursor.Last().After(before) {
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
	if since := f.cursor.Since(); !since.IsZero() {
		opts.SinceTime = &metav1.Time{Time: since}
	}
	body, err := f.client.CoreV1().Pods(f.namespace).GetLogs(f.name, opts).Stream(ctx)
	if err != nil {
		f.mu.Lock()
		f.deaf = time.Now()
		f.mu.Unlock()
		return
	}
	defer body.Close()
	idle := time.AfterFunc(f.reopen, func() {
		cancel()
		_ = body.Close() // a body need not notice that its request was canceled
	})
	defer idle.Stop()
	_ = f.transcript.Read(f.cursor.Lines(body, !follow, func(line []byte) {
		idle.Reset(f.reopen)
		f.heard(line)
	}))
}

// heard notes that the handler has said something.
func (f *follower) heard(line []byte) {
	f.mu.Lock()
	f.spoke = time.Now()
	f.mu.Unlock()
	if f.endOfLog == "" || !bytes.Contains(line, []byte(f.endOfLog)) {
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

// silentSince is since when the handler is known to say nothing: its last line, or
// when its log could be read again.
func (f *follower) silentSince() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.deaf.After(f.spoke) {
		return f.deaf
	}
	return f.spoke
}
