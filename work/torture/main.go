// Command torture kills engines, workers and the database of a running system
// at random moments, lets owners freeze for longer than their lease, and then
// checks that nothing that was acknowledged is lost and nothing was recorded
// twice.
//
//	go run ./work/torture -kills 300
//	go run ./work/torture -store postgres -engines 2 -kills 1000 -seed 7
//
// Everything is real: berth is built from this tree, engines and workers are
// processes, PostgreSQL is a server of its own in a temporary directory.
//
// Callers submit runs under idempotency keys, again and again until each is
// acknowledged. Workers pull tasks over HTTP; the result of a step is the
// fence of its lease, so that what was recorded says who recorded it. A
// receiver of webhooks notes which ends of runs it was told of. When the kills
// are over everything is started once more, all runs must come to their end,
// and the notes of callers, workers and receiver are compared with what the
// engine says:
//
//	lost     a run that was acknowledged and is not there, or did not finish;
//	         a result that was accepted and is not the one recorded; an end that nobody was told of
//	doubled  two runs for one key; two accepted results of one step
//
// The last line says what was checked, then lost and doubled. Exit 1 when
// either is not 0, or when it could not be found out.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"syscall"
	"time"
)

type config struct {
	kills, engines, workers, callers int
	seed                             uint64
	store, berth                     string
	pause, settle                    time.Duration
	verbose                          bool
}

func main() {
	if len(os.Args) > 2 && os.Args[1] == "worker" {
		worker(os.Args[2:])
		return
	}
	var c config
	flag.IntVar(&c.kills, "kills", 100, "how often something is killed or frozen")
	flag.Uint64Var(&c.seed, "seed", uint64(time.Now().UnixNano()), "which moments and victims")
	flag.StringVar(&c.store, "store", "sqlite", "sqlite or postgres")
	flag.IntVar(&c.engines, "engines", 0, "how many engines (default 1 on sqlite, 2 on postgres)")
	flag.IntVar(&c.workers, "workers", 3, "how many workers")
	flag.IntVar(&c.callers, "callers", 4, "how many callers submit")
	flag.StringVar(&c.berth, "berth", "", "a berth binary (default: built from this tree)")
	flag.DurationVar(&c.pause, "pause", 0, "the longest pause between two kills (default 250ms on sqlite, 800ms on postgres)")
	flag.DurationVar(&c.settle, "settle", 2*time.Minute, "how long everything may take to come to its end")
	flag.BoolVar(&c.verbose, "v", false, "what engines and workers say goes to stderr")
	flag.Parse()
	if c.pause == 0 {
		c.pause = 250 * time.Millisecond
		if c.store == "postgres" { // a take-over lasts longer than a restart
			c.pause = 800 * time.Millisecond
		}
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	ok, err := torture(ctx, c)
	if err != nil {
		fmt.Fprintln(os.Stderr, "torture:", err)
	}
	if err != nil || !ok {
		os.Exit(1) //nolint:gocritic // nothing is left to be undone
	}
}

// torture runs the whole thing; ok says that nothing was lost or doubled.
func torture(ctx context.Context, c config) (ok bool, err error) {
	fmt.Printf("seed %d\n", c.seed)
	w, err := build(ctx, c)
	if w != nil {
		defer func() { err = errors.Join(err, w.close()) }()
	}
	if err != nil {
		return false, err
	}
	rng := rand.New(rand.NewPCG(c.seed, 1)) //nolint:gosec // to be played again
	submitting, endSubmitting := context.WithCancel(ctx)
	defer endSubmitting()
	for i := range c.callers {
		w.background.Go(func() { w.submit(submitting, i) })
	}
	living, end := context.WithCancel(ctx)
	w.cancel = end
	w.background.Go(func() { w.resurrect(living) })
	for k := range c.kills {
		select {
		case <-ctx.Done():
			return false, ctx.Err()
		case <-time.After(time.Duration(rng.Int64N(int64(c.pause)))):
		}
		w.strike(ctx, rng)
		if (k+1)%50 == 0 {
			fmt.Printf("%d kills, %d runs acknowledged, %d results accepted\n", k+1, w.notes.acknowledged(), w.notes.accepted())
		}
	}
	endSubmitting()
	if err := w.heal(ctx); err != nil {
		return false, err
	}
	v, err := w.verdict(ctx)
	if err != nil {
		return false, err
	}
	fmt.Printf("%s, %d runs, %d steps, %d results and %d webhooks checked: lost %d, doubled %d\n",
		w.struck(), v.runs, v.steps, v.results, v.webhooks, len(v.lost), len(v.doubled))
	for _, text := range append(v.lost, v.doubled...) {
		fmt.Fprintln(os.Stderr, text)
	}
	return len(v.lost)+len(v.doubled) == 0, nil
}
