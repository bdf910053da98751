package session

import "sync"

// maxVerified is how many tokens one generation of the cache holds. With a
// token of at most 16 KiB the two generations stay under 16 MiB.
const maxVerified = 512

// verifiedCache remembers tokens that verified, so that an app does not check
// the same signature for every request of a page. Only good tokens enter it:
// nobody without a key can fill it. The zero value is empty.
type verifiedCache struct {
	mu sync.RWMutex // guards what follows
	// snap is the keys that the entries verified under; other keys empty the
	// cache.
	snap *keySnapshot
	// young and old are two generations: when young is full it becomes old.
	young, old map[string]*Session
}

// get returns the session of a token that verified under snap, else nil.
func (c *verifiedCache) get(token string, snap *keySnapshot) *Session {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if snap == nil || c.snap != snap {
		return nil
	}
	if s := c.young[token]; s != nil {
		return s
	}
	return c.old[token]
}

func (c *verifiedCache) put(token string, s *Session, snap *keySnapshot) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.snap != snap {
		c.snap, c.young, c.old = snap, nil, nil
	}
	if len(c.young) >= maxVerified {
		c.old, c.young = c.young, nil
	}
	if c.young == nil {
		c.young = make(map[string]*Session)
	}
	c.young[token] = s
}
