package login

import (
	"sync"
	"sync/atomic"
)

const cacheShards = 16

// cache is a bounded map for many readers. A hit takes a read lock and
// allocates nothing. When a shard is full, a second-chance clock chooses what
// is forgotten, so reading need not reorder anything.
type cache[K comparable, V any] struct {
	shards [cacheShards]shard[K, V]
}

type shard[K comparable, V any] struct {
	mu    sync.RWMutex // guards all below
	byKey map[K]*slot[K, V]
	ring  []*slot[K, V]
	hand  int
	max   int
}

type slot[K comparable, V any] struct {
	key      K
	value    V
	position int
	used     atomic.Bool
}

func newCache[K comparable, V any](size int) *cache[K, V] {
	c := &cache[K, V]{}
	for i := range c.shards {
		c.shards[i].byKey = make(map[K]*slot[K, V])
		c.shards[i].max = max(1, size/cacheShards)
	}
	return c
}

// shardOf chooses by the last bytes of a text that ends at random: a sealed
// value's authentication tag, a session id.
func shardOf(text string) int {
	var h byte
	for i := max(0, len(text)-4); i < len(text); i++ {
		h = h*31 + text[i]
	}
	return int(h % cacheShards)
}

func (c *cache[K, V]) get(shard int, key K) (value V, ok bool) {
	s := &c.shards[shard]
	s.mu.RLock()
	found := s.byKey[key]
	s.mu.RUnlock()
	if found == nil {
		return value, false
	}
	if !found.used.Load() { // keep the cache line shared where nothing changes
		found.used.Store(true)
	}
	return found.value, true
}

func (c *cache[K, V]) put(shard int, key K, value V) {
	s := &c.shards[shard]
	s.mu.Lock()
	defer s.mu.Unlock()
	fresh := &slot[K, V]{key: key, value: value}
	switch old := s.byKey[key]; {
	case old != nil:
		fresh.position = old.position
		s.ring[old.position] = fresh
	case len(s.ring) < s.max:
		fresh.position = len(s.ring)
		s.ring = append(s.ring, fresh)
	default:
		fresh.position = s.evict()
		s.ring[fresh.position] = fresh
	}
	s.byKey[key] = fresh
}

// evict forgets one slot and returns its place in the ring. It ends within
// two rounds: the first clears every mark.
func (s *shard[K, V]) evict() int {
	for {
		at := s.hand
		s.hand = (s.hand + 1) % len(s.ring)
		if !s.ring[at].used.Swap(false) {
			delete(s.byKey, s.ring[at].key)
			return at
		}
	}
}
