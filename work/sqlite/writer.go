package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/berth-project/berth/work/store"
)

var errClosed = errors.New("the store is closed")

// maxGroup is how many jobs are committed together.
const maxGroup = 64

// writer is the goroutine that writes.
type writer struct {
	conn driver.Conn
	hook func(store.Stage) error
	jobs chan *job
	// restart asks for the log to be moved into the file between two
	// transactions.
	restart chan struct{}
	quit    chan struct{}
	done    chan struct{}
	last    atomic.Pointer[error] // of the last transaction
	// committed is told, if it listens, that the log grew.
	committed chan struct{}

	statements
	docs documents
	args args // of the statement at hand
}

// job is something to be written: do is called by the writer inside of a
// transaction, perhaps twice; its effects on memory must be its answer's only.
type job struct {
	do  func(*writer) error
	err error
	end chan struct{}
}

func newWriter(ctx context.Context, cfg Config) (*writer, error) {
	c, err := connector(cfg.Path, writerSettings())
	if err != nil {
		return nil, err
	}
	conn, err := c.Connect(ctx)
	if err != nil {
		return nil, err
	}
	w := &writer{
		conn: conn, hook: cfg.Hook, jobs: make(chan *job, maxGroup), restart: make(chan struct{}, 1),
		quit: make(chan struct{}), done: make(chan struct{}), committed: make(chan struct{}, 1),
	}
	err = migrate(ctx, conn, cfg.Log)
	if err == nil {
		err = w.prepare(conn)
	}
	if err == nil {
		// Whoever owned a shard was a process that had the file open, and
		// there is none.
		err = script(ctx, conn, `UPDATE owner SET until = 0 WHERE until <> 0`)
	}
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	go w.run()
	return w, nil
}

// left is the error of a caller that did not wait for its job's end: what the job
// writes to is not the caller's to read.
type left struct{ err error }

func (l *left) Error() string { return l.err.Error() }
func (l *left) Unwrap() error { return l.err }

// result has a job done that has a result. Of one that ended with an error the
// result counts too; of one whose end the caller did not wait for it is empty.
func result[T any](ctx context.Context, w *writer, do func(*writer) (T, error)) (T, error) {
	var got, nothing T
	err := w.write(ctx, func(w *writer) (err error) {
		got, err = do(w)
		return err
	})
	if _, gone := errors.AsType[*left](err); gone {
		return nothing, err
	}
	return got, err
}

// write has a job done and waits for its end, or for ctx's. In the second case
// it may yet be done.
func (w *writer) write(ctx context.Context, do func(*writer) error) error {
	j := &job{do: do, end: make(chan struct{})}
	select {
	case w.jobs <- j:
	case <-ctx.Done():
		return ctx.Err()
	case <-w.quit:
		return errClosed
	}
	select {
	case <-j.end:
		return j.err
	case <-ctx.Done():
		return &left{ctx.Err()}
	case <-w.done:
		select {
		case <-j.end:
			return j.err
		default:
			return errClosed
		}
	}
}

func (w *writer) run() {
	defer close(w.done)
	for {
		select {
		case j := <-w.jobs:
			w.group(j)
		case <-w.restart:
			_, _ = w.checkpoint.run() // the checkpointer tries again and tells
		case <-w.quit:
			return
		}
	}
}

// group commits a job with those that wait behind it. When that fails each is
// tried alone: what is wrong with one is not the others' fault.
func (w *writer) group(first *job) {
	group := []*job{first}
	for len(group) < maxGroup {
		select {
		case j := <-w.jobs:
			group = append(group, j)
			continue
		default:
		}
		break
	}
	if w.transact(group) != nil && len(group) > 1 {
		for _, j := range group {
			_ = w.transact([]*job{j}) // the job has the error
		}
	}
	for _, j := range group {
		close(j.end)
	}
	select {
	case w.committed <- struct{}{}:
	default:
	}
}

// transact does jobs in one transaction and gives each its error. It returns
// the error of the transaction.
func (w *writer) transact(group []*job) error {
	for _, j := range group {
		j.err = nil
	}
	err := w.attempt(group)
	w.last.Store(&err)
	if err == nil {
		return nil
	}
	w.docs.forget()
	for _, j := range group {
		j.err = err
	}
	return err
}

func (w *writer) attempt(group []*job) error {
	if _, err := w.begin.run(); err != nil {
		return err
	}
	if len(group) == 1 {
		return w.alone(group[0])
	}
	written := 0
	for _, j := range group {
		if err := w.inside(j); err != nil {
			return errors.Join(err, w.undo())
		}
		if j.err == nil {
			written++
		}
	}
	if written == 0 {
		return w.undo()
	}
	return w.finish()
}

// alone does the one job of a transaction: a savepoint would copy each page
// before it changes.
func (w *writer) alone(j *job) error {
	err := j.do(w)
	if err == nil {
		return w.finish()
	}
	if undone := w.undo(); undone != nil || !refusal(err) {
		return errors.Join(err, undone)
	}
	j.err = err
	return nil
}

// inside does one job of several. One that is refused leaves nothing behind;
// any other error spoils the transaction.
func (w *writer) inside(j *job) error {
	if _, err := w.savepoint.run(); err != nil {
		return err
	}
	if err := j.do(w); err != nil {
		if !refusal(err) {
			return err
		}
		j.err = err
		w.docs.forget()
		if _, err := w.rollbackTo.run(); err != nil {
			return err
		}
	}
	_, err := w.releaseSavepoint.run()
	return err
}

// refusal reports whether an error is an answer of the store.
func refusal(err error) bool {
	for _, answer := range []error{store.ErrNotFound, store.ErrNotOwner, store.ErrVersion, store.ErrGap, store.ErrExists} {
		if errors.Is(err, answer) {
			return true
		}
	}
	return false
}

func (w *writer) finish() error {
	if err := w.at(store.Staged); err != nil {
		return errors.Join(err, w.undo())
	}
	if _, err := w.commit.run(); err != nil {
		return errors.Join(fmt.Errorf("commit: %w", err), w.undo())
	}
	return w.at(store.Committed)
}

func (w *writer) at(stage store.Stage) error {
	if w.hook == nil {
		return nil
	}
	return w.hook(stage)
}

// undo ends the transaction, unless SQLite has done so.
func (w *writer) undo() error {
	w.docs.forget()
	_, err := w.rollback.run()
	if err != nil && inTransaction(err) {
		return fmt.Errorf("rollback: %w", err)
	}
	return nil
}

// health is the error of the last transaction.
func (w *writer) health() error {
	if err := w.last.Load(); err != nil {
		return *err
	}
	return nil
}

func (w *writer) close() error {
	close(w.quit)
	<-w.done
	w.closeStatements()
	return w.conn.Close()
}
