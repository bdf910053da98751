package storetest

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os/exec"
	"slices"
	"strconv"
	"testing"

	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

// Write is what the child process of [Kill] does: it takes shard 0, writes
// batch after batch and tells the number of each that was acknowledged, until
// it is killed.
//
// Batch n inserts run n, finishes run n-1, and adds what stands beside them.
func Write(ctx context.Context, s store.Store, acknowledged io.Writer) error {
	o, err := s.Acquire(ctx, 0, "child", "", minute)
	if err != nil {
		return err
	}
	for seq := o.Seq + 1; ; seq++ {
		if _, err := s.Flush(ctx, numbered(o, seq)); err != nil {
			return err
		}
		if _, err := fmt.Fprintln(acknowledged, seq); err != nil {
			return err
		}
	}
}

func numbered(o store.Owner, seq uint64) *store.Batch {
	n := int(seq)
	b := &store.Batch{
		Owner: o, Seq: seq, Now: epoch, Documents: []store.Document{document}, Inserts: []store.Record{queued(n)},
		Outputs: []store.Output{{Run: id(n), Node: 0, Item: -1, Body: text(n)}},
		History: []store.History{{Run: id(n), Entry: machine.Entry{At: epoch, Kind: "hold"}}},
		Logs:    []store.Chunk{{LogKey: store.LogKey{Run: id(n), Node: 0, Item: -1, Attempt: 1}, Seq: 1, At: epoch, Text: []byte("line\n")}},
		Events:  []store.Event{{ID: seq, Run: id(n), Kind: "run.queued", Body: text(n), NextAt: epoch}},
	}
	if n > 1 {
		b.Updates = []store.Update{update(queued(n-1), machine.Succeeded, epoch)}
	}
	return b
}

// Kill runs a child process that calls [Write] with its output, kills it
// without warning while it writes, several times, and looks each time for
// what it had acknowledged.
func Kill(t *testing.T, kills int, child func() *exec.Cmd, open func() store.Store) {
	t.Helper()
	for range kills {
		acknowledged := killed(t, child())
		s := open()
		checkWritten(t, s, acknowledged)
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		if t.Failed() {
			return
		}
	}
}

// killed returns the last number a child acknowledged before it was killed.
func killed(t *testing.T, child *exec.Cmd) uint64 {
	t.Helper()
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	var last uint64
	lines := bufio.NewScanner(out)
	for n, until := 0, 5+rand.IntN(100); lines.Scan(); n++ {
		if last, err = strconv.ParseUint(lines.Text(), 10, 64); err != nil {
			t.Errorf("the child wrote %q", lines.Text())
		}
		if n == until {
			_ = child.Process.Kill() // and read what it had written
		}
	}
	var ended *exec.ExitError
	if err := child.Wait(); !errors.As(err, &ended) || ended.ExitCode() != -1 {
		t.Fatalf("the child ended by itself: %v", err)
	}
	return last
}

// checkWritten looks for what was acknowledged.
func checkWritten(t *testing.T, s store.Store, acknowledged uint64) {
	t.Helper()
	owners := must[[]store.Owner](t)(s.Owners(t.Context()))
	if last := owners[0].Seq; last < acknowledged || last > acknowledged+1 {
		t.Errorf("the last batch is %d, after %d were acknowledged", last, acknowledged)
	}
	if err := Written(t.Context(), s); err != nil {
		t.Error(err)
	}
}

// Written looks for everything that [Write] writes up to the last batch that
// the owner's row tells of, each batch whole, and for nothing of the next.
func Written(ctx context.Context, s store.Store) error {
	owners, err := s.Owners(ctx)
	if err != nil {
		return err
	}
	last := int(owners[0].Seq)
	var all []workflow.RunID
	for n := 1; n <= last+2; n++ {
		all = append(all, id(n))
	}
	recs, err := s.Load(ctx, all)
	if err != nil {
		return err
	}
	if len(recs) != last {
		return fmt.Errorf("%d runs are stored after batch %d", len(recs), last)
	}
	slices.SortFunc(recs, func(a, b store.Record) int { return cmp.Compare(a.Meta.ID, b.Meta.ID) })
	for i := range recs {
		if err := writtenRun(ctx, s, &recs[i], i+1, last); err != nil {
			return err
		}
	}
	return writtenLists(ctx, s, last)
}

// writtenRun looks at the n-th run and what stands beside it.
func writtenRun(ctx context.Context, s store.Store, r *store.Record, n, last int) error {
	status := machine.Succeeded
	if n == last {
		status = machine.Queued
	}
	entries, err := s.History(ctx, id(n))
	if err != nil {
		return err
	}
	chunks, err := s.Logs(ctx, store.LogKey{Run: id(n), Node: store.All, Item: store.AllItems, Attempt: store.All}, 0, 9)
	if err != nil {
		return err
	}
	if r.Meta.ID != id(n) || r.Status != status || len(r.Outputs) != 1 || len(entries) != 1 || len(chunks) != 1 {
		return fmt.Errorf("run %v, which is to be %v with one of each, is %v with %d outputs, %d history entries and %d chunks of log",
			id(n), status, r.Status, len(r.Outputs), len(entries), len(chunks))
	}
	return nil
}

// writtenLists counts what indexes lead to.
func writtenLists(ctx context.Context, s store.Store, last int) error {
	due, err := s.Events(ctx, 0, epoch, 10_000)
	if err != nil {
		return err
	}
	done, _, err := s.List(ctx, store.Filter{Order: store.Finished}, "", 10_000)
	if err != nil {
		return err
	}
	waiting, err := s.Queued(ctx, 0, 0, 10_000)
	if err != nil {
		return err
	}
	if len(due) != last || len(done) != last-1 || len(waiting) != 1 {
		return fmt.Errorf("after batch %d there are %d events, %d finished runs and %d that wait", last, len(due), len(done), len(waiting))
	}
	return nil
}
