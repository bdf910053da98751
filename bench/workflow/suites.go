package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/client"
	"github.com/berth-project/berth/work/engine"
	"github.com/berth-project/berth/work/queue"
	"github.com/berth-project/berth/work/sqlite"
)

// disk measures what any durable engine is bound by: overwrites of 4 KiB that
// are synced, one after the other.
func (b *bench) disk(context.Context) error {
	f, err := os.Create(filepath.Join(b.dir, "disk"))
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // nothing is kept
	page := make([]byte, 4096)
	n, began := 0, time.Now()
	for time.Since(began) < 2*time.Second {
		if _, err := f.WriteAt(page, 0); err != nil {
			return err
		}
		if err := f.Sync(); err != nil {
			return err
		}
		n++
	}
	fmt.Printf("the disk: %.0f synced overwrites of 4 KiB a second\n", float64(n)/time.Since(began).Seconds())
	return nil
}

// batches submits 100 runs a request and measures until all are final, then
// what a run takes on the disk.
func (b *bench) batches(ctx context.Context) error {
	for _, pg := range []bool{false, true} {
		if err := b.batch(ctx, pg); err != nil {
			fmt.Printf("batches, PostgreSQL %v: not measured: %v\n", pg, err)
		}
	}
	return nil
}

const (
	batchRuns    = 20_000
	batchSize    = 100
	batchCallers = 4
)

func (b *bench) batch(ctx context.Context, pg bool) error {
	bin, err := b.berth(ctx)
	if err != nil {
		return err
	}
	data := filepath.Join(b.dir, fmt.Sprintf("batch-%v", pg))
	args := []string{"workflow", "serve", "--data", data, "--listen", "127.0.0.1:7172", "--no-auth", "--log-level", "error"}
	if pg {
		if err := b.database(ctx); err != nil {
			return err
		}
		name, err := b.pg.create(ctx, "batches")
		if err != nil {
			return err
		}
		args = append(args, "--store", b.pg.url(name))
	}
	cmd := exec.CommandContext(ctx, bin, args...) //nolint:gosec // built here
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return err
	}
	defer func() { _ = cmd.Process.Signal(os.Interrupt); _ = cmd.Wait() }()
	c, err := client.New("http://127.0.0.1:7172", "")
	if err != nil {
		return err
	}
	if err := reachable(ctx, c); err != nil {
		return err
	}
	if err := submitBatches(ctx, c, 1000); err != nil { // warm
		return err
	}
	cpu, began := processTime(cmd.Process.Pid), time.Now()
	if err := submitBatches(ctx, c, batchRuns); err != nil {
		return err
	}
	spent := time.Since(began)
	used := processTime(cmd.Process.Pid) - cpu
	fmt.Printf("batches of %d, PostgreSQL %v: %.0f runs/s, %.2f CPU ms a run of the engine's process", batchSize, pg,
		batchRuns/spent.Seconds(), used.Seconds()*1000/batchRuns)
	if !pg {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
		if info, err := os.Stat(filepath.Join(data, "work.db")); err == nil {
			fmt.Printf(", %.0f bytes a run on disk", float64(info.Size())/(batchRuns+1000))
		}
	}
	fmt.Println()
	return nil
}

// reachable waits until the engine owns what it works on.
func reachable(ctx context.Context, c *client.Client) error {
	for range 200 {
		if c.Do(ctx, "GET", "/ready", nil, nil, nil) == nil {
			return nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	return errors.New("the engine did not start")
}

// submitBatches submits n runs and waits until they are final.
func submitBatches(ctx context.Context, c *client.Client, n int) error {
	subs := make([]client.Submission, batchSize)
	for i := range subs {
		subs[i] = client.Submission{Tenant: fmt.Sprint("t", i%10), Document: json.RawMessage(document)}
	}
	var left atomic.Int64
	left.Store(int64(n / batchSize))
	var callers sync.WaitGroup
	errs := make(chan error, batchCallers)
	for range batchCallers {
		callers.Go(func() {
			for left.Add(-1) >= 0 {
				if _, err := c.SubmitAll(ctx, subs); err != nil {
					errs <- err
					return
				}
			}
		})
	}
	callers.Wait()
	select {
	case err := <-errs:
		return err
	default:
	}
	for {
		runs, _, err := c.List(ctx, map[string][]string{"state": {"live"}, "limit": {"1"}})
		if err != nil {
			return err
		}
		if len(runs) == 0 {
			return nil
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// processTime is the processor time of a process so far.
func processTime(pid int) time.Duration {
	data, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(data[strings.LastIndexByte(string(data), ')')+1:]))
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.ParseInt(fields[11], 10, 64)
	system, _ := strconv.ParseInt(fields[12], 10, 64)
	return time.Duration(user+system) * time.Second / 100
}

// scale lets runs wait: what they take, how long a restart is, how fast and
// how fairly they are picked.
func (b *bench) scale(ctx context.Context, n int) error {
	if err := picks(n); err != nil {
		return err
	}
	path := filepath.Join(b.dir, "scale.db")
	st, err := sqlite.Open(ctx, path)
	if err != nil {
		return err
	}
	e, err := engine.Open(ctx, engine.Options{Store: st})
	if err != nil {
		return err
	}
	if err := e.Ready(ctx); err != nil {
		return err
	}
	began := time.Now()
	if err := fill(ctx, e, n); err != nil {
		return err
	}
	fmt.Printf("scale: %d runs submitted in %v", n, time.Since(began).Round(time.Millisecond))
	if err := errors.Join(e.Close(ctx), st.Close()); err != nil {
		return err
	}
	runtime.GC()
	began = time.Now()
	if st, err = sqlite.Open(ctx, path); err != nil {
		return err
	}
	if e, err = engine.Open(ctx, engine.Options{Store: st}); err != nil {
		return err
	}
	if err := e.Ready(ctx); err != nil {
		return err
	}
	fmt.Printf("; restart in %v; %d MiB resident\n", time.Since(began).Round(time.Millisecond), resident()>>20)
	return errors.Join(e.Close(ctx), st.Close())
}

const manyTenants = 10_000

// tenantOf spreads runs: nine of ten belong to a tenth of the tenants.
func tenantOf(i int) string {
	if i%10 == 0 {
		return fmt.Sprint("t", i/10%manyTenants)
	}
	return fmt.Sprint("t", i%(manyTenants/10))
}

func fill(ctx context.Context, e *engine.Engine, n int) error {
	batch := make([]work.Submission, engine.MaxBatch)
	for i := 0; i < n; i += len(batch) {
		for k := range batch {
			batch[k] = work.Submission{Tenant: tenantOf(i + k), Document: json.RawMessage(document)}
		}
		receipts, err := e.Submit(ctx, batch)
		if err != nil {
			return err
		}
		if p := receipts[0].Error; p != nil {
			return p
		}
	}
	return nil
}

// resident is how much of this process is in memory, in bytes.
func resident() int64 {
	data, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(data))
	pages, _ := strconv.ParseInt(fields[1], 10, 64)
	return pages * int64(syscall.Getpagesize())
}

// picks measures the order alone: how long a pick takes, and how far the
// shares of tenants that wait all the time are apart.
func picks(n int) error {
	s := queue.New()
	if err := s.SetQueue(queue.Config{Name: "q"}); err != nil {
		return err
	}
	for i := range n {
		s.Enqueue("q", queue.Item{ID: uint64(i + 1), Tenant: tenantOf(i), Priority: 5, Enqueued: 1}) //nolint:gosec // counts up
	}
	took := make([]time.Duration, n/10)
	served := map[string]int{}
	for i := range took {
		began := time.Now()
		it, ok := s.Pick("q", 2)
		took[i] = time.Since(began)
		if !ok {
			return errors.New("nothing to pick")
		}
		s.Finished(it.ID, -1)
		served[it.Tenant]++
	}
	slices.Sort(took)
	least, most := n, 0
	for i := range manyTenants / 10 { // those that wait all the time
		c := served[fmt.Sprint("t", i)]
		least, most = min(least, c), max(most, c)
	}
	fmt.Printf("picks of %d runs, %d tenants: p50 %v, p99 %v; shares of equal tenants from %d to %d\n",
		n, manyTenants, took[len(took)/2], took[len(took)*99/100], least, most)
	return nil
}
