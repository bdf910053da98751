package sim_test

import (
	"flag"
	"testing"

	"github.com/berth-project/berth/work/internal/sim"
)

var (
	schedules = flag.Int("schedules", 2000, "how many histories are played")
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
		total.Runs += st.Runs
		total.Attempts += st.Attempts
		total.Owners += st.Owners
	}
	if total.Attempts <= total.Runs || total.Owners <= *schedules {
		t.Errorf("%d histories had %d runs, %d attempts and %d owners: they exercise nothing", *schedules, total.Runs, total.Attempts, total.Owners)
	}
}
