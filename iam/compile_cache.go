package iam

import (
	"bytes"
	"container/list"
	"crypto/sha256"
	"encoding/json"
	"sync"
)

// Cache keeps compiled policies by their text, so that an endpoint can ask for
// the policy of a resource on every request and pay for reading it once. It is
// safe for concurrent use.
type Cache struct {
	size int

	mu sync.Mutex
	// recent holds *cached, the one used last in front; places is where each is.
	recent list.List
	places map[cacheKey]*list.Element
}

// cacheKey is what a text was read as, and the hash of the text without the
// space around its tokens.
type cacheKey struct {
	options ParseOptions
	sum     [sha256.Size]byte
}

type cached struct {
	key    cacheKey
	policy *Compiled
}

// NewCache returns a cache of at most size policies, and at least one.
func NewCache(size int) *Cache {
	return &Cache{size: max(size, 1), places: map[cacheKey]*list.Element{}}
}

// Compile returns the policy of a text, as [Parse] and [Compile] would; the
// error is that of Parse. Documents that cannot be read are not kept. The policy
// that is returned may have been read from a text with other space around its
// tokens, and its positions are of that one.
func (c *Cache) Compile(text []byte, o ParseOptions) (*Compiled, error) {
	key := cacheKey{options: o, sum: sha256.Sum256(normalText(text))}
	if p := c.find(key); p != nil {
		return p, nil
	}
	// Read outside the lock: two that ask at once both read, and get the same.
	p, err := Parse(text, o)
	if err != nil {
		return nil, err
	}
	return c.keep(key, Compile(p)), nil
}

// normalText returns the text without the space around its tokens; a text that
// is not JSON (it may be URL-encoded) as it is.
func normalText(text []byte) []byte {
	var b bytes.Buffer
	if json.Compact(&b, text) != nil {
		return text
	}
	return b.Bytes()
}

func (c *Cache) find(key cacheKey) *Compiled {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.places[key]
	if e == nil {
		return nil
	}
	c.recent.MoveToFront(e)
	return e.Value.(*cached).policy
}

// keep adds a policy, unless another was quicker, and drops the one used longest
// ago when there are too many.
func (c *Cache) keep(key cacheKey, p *Compiled) *Compiled {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.places[key]; e != nil {
		c.recent.MoveToFront(e)
		return e.Value.(*cached).policy
	}
	c.places[key] = c.recent.PushFront(&cached{key, p})
	if c.recent.Len() > c.size {
		last := c.recent.Back()
		c.recent.Remove(last)
		delete(c.places, last.Value.(*cached).key)
	}
	return p
}

// Len returns how many policies are kept.
func (c *Cache) Len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.recent.Len()
}
