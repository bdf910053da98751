package queue_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/berth-project/berth/work/queue"
)

// TestNextSharesBetweenQueues: by weight, ties by order, then by name.
func TestNextSharesBetweenQueues(t *testing.T) {
	t.Parallel()
	s := queue.New()
	for _, c := range []queue.Config{{Name: "b", Weight: 2}, {Name: "a", Order: 1}, {Name: "z", Order: 1}, {Name: "paused", Paused: true}} {
		if err := s.SetQueue(c); err != nil {
			t.Fatal(err)
		}
		for id := range uint64(100) {
			s.Enqueue(c.Name, queue.Item{ID: uint64(c.Name[0])*1000 + id, Tenant: "t", Enqueued: int64(id)})
		}
	}
	var order []string
	for range 8 {
		name, it, ok := s.Next(1000)
		if !ok {
			t.Fatal("nothing to pick")
		}
		s.Finished(it.ID, -1)
		order = append(order, name)
	}
	if got, want := strings.Join(order, " "), "b a z b b a z b"; got != want {
		t.Errorf("queues were picked %s, want %s", got, want)
	}
}

// TestNextSkipsWhatIsFull: a full queue holds no other, and comes back.
func TestNextSkipsWhatIsFull(t *testing.T) {
	t.Parallel()
	s := queue.New()
	if err := s.SetQueue(queue.Config{Name: "a", Cap: 1}); err != nil {
		t.Fatal(err)
	}
	for id := range uint64(3) {
		s.Enqueue("a", queue.Item{ID: 10 + id, Tenant: "t"})
		s.Enqueue("b", queue.Item{ID: 20 + id, Tenant: "t"})
	}
	var got []uint64
	for {
		_, it, ok := s.Next(0)
		if !ok {
			break
		}
		got = append(got, it.ID)
	}
	if want := []uint64{10, 20, 21, 22}; !slices.Equal(got, want) {
		t.Fatalf("picked %d, want %d", got, want)
	}
	s.Finished(10, -1)
	if _, it, ok := s.Next(0); !ok || it.ID != 11 {
		t.Errorf("Next = %d, %v after a place became free, want 11", it.ID, ok)
	}
}

// TestNextOfKeepsToItsQueues: and shares between them.
func TestNextOfKeepsToItsQueues(t *testing.T) {
	t.Parallel()
	s := queue.New()
	for id := range uint64(30) {
		s.Enqueue([]string{"a", "b", "c"}[id%3], queue.Item{ID: id + 1, Tenant: "t", Enqueued: int64(id)})
	}
	got := ""
	for range 6 {
		name, _, _ := s.NextOf([]string{"c", "none", "a"}, 100)
		got += name
	}
	if want := "acacac"; got != want {
		t.Errorf("queues were picked %s, want %s", got, want)
	}
	if name, it, ok := s.NextOf(nil, 100); ok {
		t.Errorf("NextOf no queue = %q, %+v, want none", name, it)
	}
}

// TestTenantCapHoldsOverQueues: and lets go wherever the run was.
func TestTenantCapHoldsOverQueues(t *testing.T) {
	t.Parallel()
	s := queue.New()
	if err := s.SetTenant("t", queue.Tenant{Cap: 1}); err != nil {
		t.Fatal(err)
	}
	s.Enqueue("a", queue.Item{ID: 1, Tenant: "t"})
	s.Enqueue("b", queue.Item{ID: 2, Tenant: "t"})
	if it, ok := s.Pick("a", 0); !ok || it.ID != 1 {
		t.Fatalf("Pick(a) = %d, %v, want 1", it.ID, ok)
	}
	if it, ok := s.Pick("b", 0); ok {
		t.Fatalf("Pick(b) = %d while the tenant is at its cap, want none", it.ID)
	}
	s.Finished(1, -1)
	if it, ok := s.Pick("b", 0); !ok || it.ID != 2 {
		t.Errorf("Pick(b) = %d, %v, want 2", it.ID, ok)
	}
}

// TestFullKeyHoldsOnlyItsOwn: thousands behind a full key delay nobody.
func TestFullKeyHoldsOnlyItsOwn(t *testing.T) {
	t.Parallel()
	s := queue.New()
	if err := s.SetQueue(queue.Config{Name: "q", KeyCap: 1, Policy: queue.FIFO}); err != nil {
		t.Fatal(err)
	}
	for id := range uint64(5000) {
		s.Enqueue("q", queue.Item{ID: id + 1, Tenant: "t", Key: "deploy", Enqueued: int64(id)})
	}
	s.Enqueue("q", queue.Item{ID: 9001, Tenant: "t", Enqueued: 9001})
	s.Enqueue("q", queue.Item{ID: 9002, Tenant: "t", Key: "other", Enqueued: 9002})
	var got []uint64
	pick := func() {
		if it, ok := s.Pick("q", 0); ok {
			got = append(got, it.ID)
		}
	}
	for range 4 {
		pick()
	}
	s.Finished(1, -1)
	pick()
	if want := []uint64{1, 9001, 9002, 2}; !slices.Equal(got, want) {
		t.Errorf("picked %d, want %d", got, want)
	}
}

// TestKeyGoesToTheBestClass: a run of a better class is not behind one of its
// key that waits in a worse class.
func TestKeyGoesToTheBestClass(t *testing.T) {
	t.Parallel()
	s := queue.New()
	if err := s.SetQueue(queue.Config{Name: "q", KeyCap: 1}); err != nil {
		t.Fatal(err)
	}
	s.Enqueue("q", queue.Item{ID: 1, Tenant: "t", Key: "k", Priority: 9})
	s.Enqueue("q", queue.Item{ID: 2, Tenant: "t", Key: "k", Priority: 0, Enqueued: 1})
	if it, ok := s.Pick("q", 1); !ok || it.ID != 2 {
		t.Errorf("Pick = %d, %v, want 2", it.ID, ok)
	}
	if it, ok := s.Pick("q", 1); ok {
		t.Errorf("Pick = %d while the key is full, want none", it.ID)
	}
}

// TestReconfigure: whatever changes while runs wait and are in flight, each
// comes once, by the policy of then.
func TestReconfigure(t *testing.T) {
	t.Parallel()
	s := queue.New()
	rounds := configs()
	seen := map[uint64]bool{}
	var flight []uint64
	id := uint64(0)
	for n := range 200 {
		c := rounds[n%len(rounds)]
		c.Name = "q"
		if err := s.SetQueue(c); err != nil {
			t.Fatal(err)
		}
		for range 20 {
			id++
			s.Enqueue("q", queue.Item{
				ID: id, Tenant: fmt.Sprint("t", id%7), Priority: uint8(id % 10), Key: []string{"", "k", "l"}[id%3],
				Cost: float64(id % 4), Enqueued: int64(n), Deadline: int64(id % 5),
			})
		}
		for range 15 {
			if it, ok := s.Pick("q", int64(n*100)); ok {
				if seen[it.ID] {
					t.Fatalf("run %d was picked twice", it.ID)
				}
				seen[it.ID] = true
				flight = append(flight, it.ID)
			}
		}
		for len(flight) > 3 {
			if !s.Finished(flight[0], 1) {
				t.Fatalf("run %d is not in flight", flight[0])
			}
			flight = flight[1:]
		}
	}
	if err := s.SetQueue(queue.Config{Name: "q", Policy: queue.Deadline}); err != nil {
		t.Fatal(err)
	}
	last := int64(-1)
	for {
		it, ok := s.Pick("q", 1_000_000)
		if !ok {
			break
		}
		if seen[it.ID] {
			t.Fatalf("run %d was picked twice", it.ID)
		}
		seen[it.ID] = true
		late := it.Deadline
		if late == 0 {
			late = 100
		}
		if late < last {
			t.Fatalf("deadline %d was picked after %d", late, last)
		}
		last = late
	}
	if len(seen) != int(id) {
		t.Errorf("%d runs were picked, want %d", len(seen), id)
	}
}

func TestRemoveQueue(t *testing.T) {
	t.Parallel()
	s := queue.New()
	s.Enqueue("q", queue.Item{ID: 1, Tenant: "t"})
	if s.RemoveQueue("q") {
		t.Error("RemoveQueue of a queue in which a run waits = true, want false")
	}
	s.Pick("q", 0)
	if s.RemoveQueue("q") {
		t.Error("RemoveQueue of a queue with a run in flight = true, want false")
	}
	if s.Rest(1, 1); s.RemoveQueue("q") {
		t.Error("RemoveQueue of a queue with a run at rest = true, want false")
	}
	s.Finished(1, 0)
	if !s.RemoveQueue("q") || s.RemoveQueue("q") {
		t.Error("RemoveQueue of an empty queue did not remove it once")
	}
	if _, ok := s.Stats("q", 0, 1); ok {
		t.Error("the queue is there after RemoveQueue")
	}
}

// TestKnownRunsAreNotDoubled: a run enqueued again moves, one in flight stays.
func TestKnownRunsAreNotDoubled(t *testing.T) {
	t.Parallel()
	s := queue.New()
	s.Enqueue("a", queue.Item{ID: 1, Tenant: "t"})
	s.Enqueue("b", queue.Item{ID: 1, Tenant: "u"})
	if waiting, _ := s.Depth("a"); waiting != 0 {
		t.Errorf("%d runs wait in the queue it left, want 0", waiting)
	}
	it, ok := s.Pick("b", 0)
	if !ok || it.Tenant != "u" {
		t.Fatalf("Pick = %+v, %v, want the run where it moved", it, ok)
	}
	if tag := s.Enqueue("b", queue.Item{ID: 1, Tenant: "u"}); tag != it.Tag {
		t.Errorf("Enqueue of a run in flight = tag %v, want its own, %v", tag, it.Tag)
	}
	if s.Remove(1) {
		t.Error("Remove of a run in flight = true, want false")
	}
	if waiting, running := s.Depth("b"); waiting != 0 || running != 1 {
		t.Errorf("Depth = %d, %d, want 0, 1", waiting, running)
	}
}

func TestValidate(t *testing.T) {
	t.Parallel()
	s := queue.New()
	for _, c := range []queue.Config{
		{Name: "q", Policy: "lottery"},
		{},
		{Name: "q", Cap: -1},
		{Name: "q", TenantCap: -1},
		{Name: "q", KeyCap: -1},
		{Name: "q", Weight: -1},
		{Name: "q", Weight: 1e9},
		{Name: "q", Floor: 0.2},
		{Name: "q", Memory: 2},
		{Name: "q", HalfLife: -time.Second},
	} {
		if err := s.SetQueue(c); err == nil {
			t.Errorf("SetQueue(%+v) = nil, want an error", c)
		}
	}
	for _, c := range []queue.Tenant{{Weight: -1}, {Weight: 1e-9}, {Cap: -1}, {Slots: -1}} {
		if err := s.SetTenant("t", c); err == nil {
			t.Errorf("SetTenant(%+v) = nil, want an error", c)
		}
	}
	slots := queue.NewSlots()
	for _, p := range []queue.Pool{{}, {Name: "p", Slots: -1}, {Name: "p", KeyCap: -1}, {Name: "p", Types: map[string]int{"shell": -1}}} {
		if err := slots.SetPool(p); err == nil {
			t.Errorf("SetPool(%+v) = nil, want an error", p)
		}
	}
	if err := slots.SetTenant("t", queue.Tenant{Weight: -1}); err == nil {
		t.Error("SetTenant with a negative weight = nil, want an error")
	}
}

// TestHostileCosts: whatever number comes as a cost, shares stay numbers.
func TestHostileCosts(t *testing.T) {
	t.Parallel()
	inf := math.Inf(1)
	s := queue.New()
	id := uint64(0)
	for range 20 {
		for i, cost := range []float64{inf, -inf, inf - inf, -1, 0, 1e-300, 1e300} {
			id++
			s.Enqueue("q", queue.Item{ID: id, Tenant: fmt.Sprint("t", i), Cost: cost})
		}
	}
	for range id {
		it, ok := s.Pick("q", 0)
		if !ok || it.Tag != it.Tag {
			t.Fatalf("Pick = %+v, %v", it, ok)
		}
		s.Finished(it.ID, []float64{inf, -inf, inf - inf, 1e300}[it.ID%4])
	}
	if tag := s.Enqueue("q", queue.Item{ID: 10_000, Tenant: "new"}); !(tag > 0 && tag < 1e15) {
		t.Errorf("Enqueue = tag %v, want a number", tag)
	}
}

// TestQueuesOfOnePoolDoNotPayForAnother: a queue that opens beside slow ones
// starts where they stand, however far the queues of a busy pool are.
func TestQueuesOfOnePoolDoNotPayForAnother(t *testing.T) {
	t.Parallel()
	s := queue.New()
	id := uint64(0)
	add := func(name string, n int) {
		for range n {
			id++
			s.Enqueue(name, queue.Item{ID: id, Tenant: "t", Enqueued: int64(id)})
		}
	}
	add("busy", 1000)
	add("slow", 20)
	for range 900 {
		s.NextOf([]string{"busy"}, 0)
	}
	s.NextOf([]string{"slow", "late"}, 0)
	add("late", 20)
	got := ""
	for range 6 {
		name, _, _ := s.NextOf([]string{"slow", "late"}, 0)
		got += " " + name
	}
	if want := " late slow late slow late slow"; got != want {
		t.Errorf("queues were picked%s, want%s", got, want)
	}
}
