package outbox_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/work/outbox"
)

// tower plays the caller of a Traffic.
type tower struct {
	*outbox.Traffic
	now  int64
	next uint64
	to   map[uint64]outbox.Lane
}

func newTower(limits outbox.TrafficLimits) *tower {
	return &tower{Traffic: outbox.NewTraffic(limits), now: 1_000_000, to: map[uint64]outbox.Lane{}}
}

// offer offers n fresh deliveries and gives their ids.
func (w *tower) offer(n int, lane outbox.Lane) (ids []uint64) {
	for range n {
		w.next++
		w.to[w.next] = lane
		w.Offer(w.next, lane, true, w.now)
		ids = append(ids, w.next)
	}
	return ids
}

// launch gives all that may fly now.
func (w *tower) launch() (ids []uint64) {
	for {
		id, ok := w.Next(w.now)
		if !ok {
			return ids
		}
		ids = append(ids, id)
	}
}

func (w *tower) land(ids []uint64, how outbox.Landing, after time.Duration) {
	w.now += after.Milliseconds()
	for _, id := range ids {
		w.Land(id, how, w.now)
	}
}

var (
	hangs = outbox.Lane{Owner: "a", Destination: "hangs"}
	well  = outbox.Lane{Owner: "b", Destination: "well"}
)

func TestDestinationThatHangsHoldsUpNobodyElse(t *testing.T) {
	t.Parallel()
	w := newTower(outbox.TrafficLimits{})
	w.offer(500, hangs)
	if flying := w.launch(); len(flying) != 4 {
		t.Errorf("%d deliveries fly to a destination of which nothing is known, want 4", len(flying))
	}
	if n := len(w.Late()); n != 500-32 {
		t.Errorf("%d deliveries are put off, want all but the 32 that may wait in memory", n)
	}
	other := w.offer(1, well)
	if diff := cmp.Diff(other, w.launch()); diff != "" {
		t.Errorf("what flies beside it (-want +got):\n%s", diff)
	}
}

func TestOwnerOfManyDestinationsHoldsUpNobodyElse(t *testing.T) {
	t.Parallel()
	w := newTower(outbox.TrafficLimits{Flights: 40, OwnerFlights: 32})
	for i := range 1000 {
		w.offer(1, outbox.Lane{Owner: "a", Destination: fmt.Sprint(i)})
	}
	if flying := w.launch(); len(flying) != 32 {
		t.Errorf("%d deliveries of one owner fly, want 32", len(flying))
	}
	if n := w.Held(); n != 128 {
		t.Errorf("%d deliveries of one owner are in memory, want 128", n)
	}
	w.offer(4, well)
	got := w.launch()
	for _, id := range got {
		if w.to[id] != well {
			t.Errorf("%v flies before another owner's", w.to[id])
		}
	}
	if len(got) != 4 {
		t.Errorf("%d deliveries of another owner fly, want 4", len(got))
	}
}

func TestOwnersTakeTurns(t *testing.T) {
	t.Parallel()
	w := newTower(outbox.TrafficLimits{Flights: 4})
	w.offer(4, outbox.Lane{Owner: "a", Destination: "1"})
	w.offer(4, outbox.Lane{Owner: "a", Destination: "2"})
	w.offer(2, well)
	var got []outbox.Lane
	for _, id := range w.launch() {
		got = append(got, w.to[id])
	}
	want := []outbox.Lane{{Owner: "a", Destination: "1"}, well, {Owner: "a", Destination: "2"}, well}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("order of flights (-want +got):\n%s", diff)
	}
}

func TestQuickDestinationIsSentMoreAtOnce(t *testing.T) {
	t.Parallel()
	for took, want := range map[time.Duration]int{20 * time.Millisecond: 16, 3 * time.Second: 4} {
		w := newTower(outbox.TrafficLimits{})
		w.offer(1, well)
		w.land(w.launch(), outbox.Heard, took)
		w.offer(30, well)
		if got := w.launch(); len(got) != want {
			t.Errorf("%d deliveries fly to a destination that answers after %v, want %d", len(got), took, want)
		}
	}
}

func TestSilentDestinationIsLeftAloneAndThenAsked(t *testing.T) {
	t.Parallel()
	w := newTower(outbox.TrafficLimits{})
	w.offer(20, hangs)
	w.land(w.launch(), outbox.Unheard, 30*time.Second)
	w.land(w.launch(), outbox.Unheard, 30*time.Second) // the fifth failure in a row is among them
	late := w.Late()
	if len(late) != 12 || w.Held() != 0 {
		t.Fatalf("%d deliveries are put off and %d are held, want all 12 put off", len(late), w.Held())
	}
	rest := 10 * time.Second
	for _, l := range late {
		if !l.Silent || l.At < w.now+rest.Milliseconds() || l.At > w.now+rest.Milliseconds()+1000 {
			t.Errorf("Late() = %+v at %d, want it due soon after %v", l, w.now, rest)
		}
	}
	for range 8 {
		w.now += rest.Milliseconds() - 1
		w.Offer(late[0].ID, hangs, false, w.now)
		if got := w.launch(); len(got) != 0 {
			t.Fatalf("%d deliveries fly to a destination that is left alone for %v", len(got), rest)
		}
		w.now++
		w.Late()
		for _, l := range late[:3] {
			w.Offer(l.ID, hangs, false, w.now)
		}
		probe := w.launch()
		if len(probe) != 1 {
			t.Fatalf("%d deliveries fly to see whether it answers again, want 1", len(probe))
		}
		w.land(probe, outbox.Unheard, 0)
		rest = min(2*rest, 5*time.Minute)
	}
	w.now += rest.Milliseconds()
	for _, l := range late[:10] {
		w.Offer(l.ID, hangs, false, w.now)
	}
	w.land(w.launch(), outbox.Heard, 20*time.Millisecond)
	if got := w.launch(); len(got) != 9 {
		t.Errorf("%d deliveries fly once it answered, want the 9 others", len(got))
	}
}

func TestOneAnswerAmongFailuresIsEnough(t *testing.T) {
	t.Parallel()
	w := newTower(outbox.TrafficLimits{})
	for range 3 {
		w.offer(4, hangs)
		flying := w.launch()
		w.land(flying[:3], outbox.Unheard, time.Second)
		w.land(flying[3:], outbox.Heard, 0)
	}
	if late := w.Late(); len(late) != 0 {
		t.Errorf("a destination that answers at times is left alone: %+v", late)
	}
}

func TestFreshDeliveriesDoNotOvertakeThosePutOff(t *testing.T) {
	t.Parallel()
	w := newTower(outbox.TrafficLimits{DestinationWaiting: 2})
	w.offer(4, well)
	late := w.Late()
	w.land(w.launch(), outbox.Heard, time.Millisecond)
	fresh := w.offer(1, well)
	if got := w.launch(); len(got) != 0 {
		t.Errorf("%v overtakes %+v", got, late)
	}
	after := w.Late()
	if len(after) != 1 || after[0].ID != fresh[0] || after[0].At <= late[1].At {
		t.Fatalf("Late() = %+v, want the fresh one behind %+v", after, late)
	}
	w.now = after[0].At
	for _, l := range append(late, after...) {
		w.Offer(l.ID, well, false, w.now)
	}
	if diff := cmp.Diff([]uint64{late[0].ID, late[1].ID}, w.launch()); diff != "" {
		t.Errorf("order of flights (-want +got):\n%s", diff)
	}
}

// A backlog that a destination takes slowly is not written again and again.
func TestBacklogIsPutOffToWhenItsTurnIs(t *testing.T) {
	t.Parallel()
	w := newTower(outbox.TrafficLimits{})
	due := map[uint64]int64{}
	for _, id := range w.offer(1000, well) {
		due[id] = w.now
	}
	writes := 0
	var flying []uint64
	for len(due) > 0 {
		for _, l := range w.Late() {
			due[l.ID] = l.At
			writes++
		}
		flying = append(flying, w.launch()...)
		for _, id := range flying {
			delete(due, id)
		}
		w.land(flying, outbox.Heard, 2*time.Second) // four at once: two a second
		flying = nil
		for id := uint64(1); id <= 1000; id++ {
			if at, ok := due[id]; ok && at <= w.now {
				w.Offer(id, well, false, w.now)
			}
		}
	}
	if writes > 6000 {
		t.Errorf("1000 deliveries over eight minutes were put off %d times", writes)
	}
}

func TestDestinationsThatAreIdleAreForgotten(t *testing.T) {
	t.Parallel()
	w := newTower(outbox.TrafficLimits{})
	for i := range 50_000 {
		w.offer(1, outbox.Lane{Owner: fmt.Sprint("o", i%100), Destination: fmt.Sprint(i)})
		w.land(w.launch(), outbox.Unheard, time.Millisecond)
	}
	if n := w.Known(); n > 10_000 {
		t.Errorf("%d destinations are remembered, want at most 10,000", n)
	}
	if n := w.Held(); n != 0 {
		t.Errorf("%d deliveries are held, want none", n)
	}
}

func TestBackoffSpan(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		policy outbox.Backoff
		want   time.Duration
	}{
		{outbox.Backoff{Tries: 1}, 0},
		{outbox.Backoff{First: time.Second, Tries: 4}, 7 * time.Second},
		{outbox.Backoff{Tries: -1}, 0},
		{outbox.Backoff{Tries: 1 << 40}, 0},
	} {
		if got := c.policy.Span(); got != c.want {
			t.Errorf("%+v.Span() = %v, want %v", c.policy, got, c.want)
		}
	}
}
