// Command simulation plays random histories of the engine's deterministic half
// on all processors; see package sim.
//
//	go run ./work/simulation -schedules 1000000
//	go run ./work/simulation -seed 4711 -schedules 1     # one that failed, again
//
// The last line says what was played. Exit 1 when an invariant did not hold.
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/berth-project/berth/work/internal/sim"
)

func main() {
	n := flag.Uint64("schedules", 100_000, "how many histories are played")
	seed := flag.Uint64("seed", 1, "the seed of the first; the others follow it")
	flag.Parse()
	plans, err := sim.Plans()
	if err != nil {
		fmt.Fprintln(os.Stderr, "simulation:", err)
		os.Exit(1)
	}
	var next, failed atomic.Uint64
	var mu sync.Mutex
	var total sim.Stats
	var players sync.WaitGroup
	began := time.Now()
	for range runtime.GOMAXPROCS(0) {
		players.Go(func() {
			for i := next.Add(1) - 1; i < *n && failed.Load() == 0; i = next.Add(1) - 1 {
				st, err := sim.History(*seed+i, plans)
				mu.Lock()
				total.Add(st)
				mu.Unlock()
				if err != nil && failed.Add(1) == 1 {
					fmt.Fprintf(os.Stderr, "seed %d: %v\nplay it again: go run ./work/simulation -seed %d -schedules 1\n", *seed+i, err, *seed+i)
				}
			}
		})
	}
	players.Wait()
	played := min(next.Load(), *n)
	fmt.Printf("%d histories from seed %d in %v: %d runs, %d of them through all trouble, %d attempts, %d owners, %d failed\n",
		played, *seed, time.Since(began).Round(time.Second), total.Runs, total.Ended, total.Attempts, total.Owners, failed.Load())
	if failed.Load() > 0 {
		os.Exit(1)
	}
}
