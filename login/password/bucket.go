package password

import (
	"container/heap"
	"time"
)

// bucket is a token bucket told by one moment: when it is full again. Each
// attempt moves that a refill further away.
type bucket struct {
	key    string
	fullAt time.Time
	index  int // in the heap
}

// table holds the buckets that are not full. A full one says no more than one
// that is not there, so those go first, and no others go at all.
type table struct {
	refill time.Duration
	// most is how far away being full may be for one more attempt.
	most    time.Duration
	entries int
	byKey   map[string]*bucket
	next    bucketHeap
}

func newTable(size int, refill time.Duration, entries int) *table {
	return &table{refill: refill, most: time.Duration(size-1) * refill, entries: entries, byKey: map[string]*bucket{}}
}

// wait is how long until an attempt can be charged to a key, zero for now.
func (t *table) wait(key string, now time.Time) time.Duration {
	if b, ok := t.byKey[key]; ok {
		return max(0, b.fullAt.Sub(now)-t.most)
	}
	if len(t.next) < t.entries {
		return 0
	}
	return max(0, t.next[0].fullAt.Sub(now))
}

// charge takes a token. The key need not wait.
func (t *table) charge(key string, now time.Time) {
	b, ok := t.byKey[key]
	if !ok {
		t.sweep(now)
		b = &bucket{key: key, fullAt: now}
		t.byKey[key] = b
		heap.Push(&t.next, b)
	}
	if b.fullAt.Before(now) {
		b.fullAt = now
	}
	b.fullAt = b.fullAt.Add(t.refill)
	heap.Fix(&t.next, b.index)
}

// sweep makes room for a bucket by forgetting full ones. Two for each that
// comes: what a busy hour left behind shrinks, and no request pays for all.
func (t *table) sweep(now time.Time) {
	for range 2 {
		if len(t.next) == 0 || t.next[0].fullAt.After(now) {
			return
		}
		t.forget(t.next[0].key)
	}
}

// payBack undoes one charge.
func (t *table) payBack(key string, now time.Time) {
	b, ok := t.byKey[key]
	if !ok {
		return
	}
	b.fullAt = b.fullAt.Add(-t.refill)
	if !b.fullAt.After(now) {
		t.forget(key)
		return
	}
	heap.Fix(&t.next, b.index)
}

// forget drops a bucket, which makes it full.
func (t *table) forget(key string) {
	if b, ok := t.byKey[key]; ok {
		heap.Remove(&t.next, b.index)
		delete(t.byKey, key)
	}
}

// bucketHeap has the bucket that is full first at 0.
type bucketHeap []*bucket

func (h bucketHeap) Len() int           { return len(h) }
func (h bucketHeap) Less(i, j int) bool { return h[i].fullAt.Before(h[j].fullAt) }

func (h bucketHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

// Push implements [heap.Interface].
func (h *bucketHeap) Push(x any) {
	b := x.(*bucket)
	b.index = len(*h)
	*h = append(*h, b)
}

// Pop implements [heap.Interface].
func (h *bucketHeap) Pop() any {
	last := len(*h) - 1
	b := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	return b
}
