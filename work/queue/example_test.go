package queue_test

import (
	"fmt"

	"github.com/berth-project/berth/work/queue"
)

// A tenant that floods a queue delays another by one run, not by its flood.
func Example() {
	s := queue.New()
	if err := s.SetQueue(queue.Config{Name: "media", Policy: queue.Fair, Cap: 1}); err != nil {
		fmt.Println(err)
		return
	}
	for id := range uint64(1000) {
		s.Enqueue("media", queue.Item{ID: id, Tenant: "flood", Enqueued: 1})
	}
	s.Enqueue("media", queue.Item{ID: 2000, Tenant: "small", Enqueued: 2})
	s.Enqueue("media", queue.Item{ID: 2001, Tenant: "small", Enqueued: 3})

	for range 4 {
		_, it, _ := s.Next(10)
		fmt.Println(it.Tenant)
		s.Finished(it.ID, it.Cost)
	}
	// Output:
	// flood
	// small
	// flood
	// small
}

func ExampleScheduler_Explain() {
	s := queue.New()
	if err := s.SetTenant("acme", queue.Tenant{Cap: 1}); err != nil {
		fmt.Println(err)
		return
	}
	s.Enqueue("default", queue.Item{ID: 1, Tenant: "acme"})
	s.Enqueue("default", queue.Item{ID: 2, Tenant: "acme"})
	s.Next(0)
	why, _ := s.Explain(2, 0)
	fmt.Println(why.Reasons, why.TenantRunning, "of", why.TenantCap)
	// Output: [tenant-cap] 1 of 1
}

func ExampleSlots() {
	s := queue.NewSlots()
	if err := s.SetPool(queue.Pool{Name: "cpu", Slots: 2}); err != nil {
		fmt.Println(err)
		return
	}
	s.Add(queue.Ready{ID: 1, Tenant: "a", Pool: "cpu", Type: "shell", At: 1})
	s.Add(queue.Ready{ID: 2, Tenant: "a", Pool: "cpu", Type: "http", At: 2})
	s.Add(queue.Ready{ID: 3, Tenant: "b", Pool: "cpu", Type: "shell", At: 3})
	for _, r := range s.Take(nil, "cpu", []string{"shell"}, 10, 5) {
		fmt.Println(r.ID, r.Type)
	}
	// Output:
	// 1 shell
	// 3 shell
}
