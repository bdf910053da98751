package sim_test

import (
	"flag"
	"testing"

	"github.com/berth-project/berth/work/internal/sim"
)

var (
	schedules = flag.Int("schedules", 1500, "how many histories are played")
	seed      = flag.Uint64("seed", 1, "the seed of the first history")
)

func TestHistoriesHoldTheirInvariants(t *testing.T) {
	t.Parallel()
	plans, err := sim.Plans()
	if err != nil {
		t.Fatal(err)
	}
	var total sim.Stats
	for i := range uint64(*schedules) {
		st, err := sim.History(*seed+i, plans)
		if err != nil {
			t.Fatalf("seed %d: %v\nplay it again with -seed %d -schedules 1", *seed+i, err, *seed+i)
		}
		total.Add(st)
	}
	if total.Attempts <= total.Runs || total.Owners <= *schedules || total.Ended*10 < total.Runs {
		t.Errorf("%d histories had %d runs, %d of them through all trouble, %d attempts and %d owners: they exercise little",
			*schedules, total.Runs, total.Ended, total.Attempts, total.Owners)
	}
}
