package api

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/store"
)

// KindKey is the kind of settings that hold API keys.
const KindKey = "api-key"

// Key is an API key without its secret, which is never kept.
type Key struct {
	ID string `json:"id"`
	Caller
	Created int64 `json:"created"`           // ms
	Expires int64 `json:"expires,omitempty"` // ms; 0 never
	// Hash is the SHA-256 of the secret, in hex. The secret has 130 bits of
	// chance, so that a fast hash is enough.
	Hash string `json:"hash,omitempty"`
}

// Keys makes, checks and revokes API keys. A key is berth_ID_SECRET.
type Keys struct {
	store Settings
	now   func() time.Time
	mu    sync.Mutex
	cache map[string]cachedKey
}

// Settings is the part of a store that keeps keys.
type Settings interface {
	Setting(ctx context.Context, kind, id string) (store.Setting, error)
	Settings(ctx context.Context, kind string, where map[string]string, after string, limit int) ([]store.Setting, error)
	PutSetting(ctx context.Context, s store.Setting) (int64, error)
	DeleteSetting(ctx context.Context, kind, id string, version int64) error
}

type cachedKey struct {
	key   Key
	until time.Time
}

// keyPrefix is what every key begins with.
const keyPrefix = "berth_"

// keyMemory is how long a key is believed without asking the store: a revoked
// one works at most that much longer.
const keyMemory = 5 * time.Second

// NewKeys returns keys kept in a store.
func NewKeys(s Settings) *Keys {
	return &Keys{store: s, now: time.Now, cache: map[string]cachedKey{}}
}

// Create makes a key for a caller. The text is shown once: it is not kept.
func (k *Keys) Create(ctx context.Context, c Caller, expires time.Time) (text string, key Key, err error) {
	if err := checkCaller(c); err != nil {
		return "", Key{}, fmt.Errorf("%w: %w", work.ErrInvalid, err)
	}
	id, secret := strings.ToLower(rand.Text()[:12]), strings.ToLower(rand.Text())
	key = Key{ID: id, Caller: c, Created: k.now().UnixMilli(), Hash: hashOf(secret)}
	if !expires.IsZero() {
		key.Expires = expires.UnixMilli()
	}
	body, err := json.Marshal(key)
	if err != nil {
		return "", Key{}, err
	}
	if _, err := k.store.PutSetting(ctx, store.Setting{Kind: KindKey, ID: id, Body: body}); err != nil {
		return "", Key{}, fmt.Errorf("keep the key: %w", err)
	}
	key.Hash = ""
	return keyPrefix + id + "_" + secret, key, nil
}

func checkCaller(c Caller) error {
	if c.Name == "" || len(c.Name) > 200 {
		return errors.New("name: 1 to 200 bytes that say whose key it is")
	}
	if len(c.Tenants) > maxGrants || len(c.Pools) > maxGrants {
		return fmt.Errorf("tenants, pools: at most %d of each", maxGrants)
	}
	for _, pool := range c.Pools {
		if pool == "" || len(pool) > 200 {
			return fmt.Errorf("pools: %.40q: 1 to 200 bytes", pool)
		}
	}
	for tenant, actions := range c.Tenants {
		if tenant == "" || len(tenant) > 200 || len(actions) == 0 {
			return fmt.Errorf("tenants: %.40q: a name of 1 to 200 bytes with what the key may do for it", tenant)
		}
		for _, a := range actions {
			if !slices.Contains(Actions(), a) || a == Admin || a == Pull || a == Report {
				return fmt.Errorf("tenants: %q: %q is no action for a tenant", tenant, a)
			}
		}
	}
	if !c.Admin && len(c.Tenants) == 0 && len(c.Pools) == 0 {
		return errors.New("the key may do nothing: give tenants, pools or admin")
	}
	return nil
}

// maxGrants bounds for how many tenants, and for how many pools, a key is.
const maxGrants = 1000

func hashOf(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// List gives all keys, without hashes.
func (k *Keys) List(ctx context.Context) ([]Key, error) {
	var list []Key
	for after := ""; ; {
		page, err := k.store.Settings(ctx, KindKey, nil, after, 1000)
		if err != nil {
			return nil, err
		}
		for _, s := range page {
			var key Key
			if err := json.Unmarshal(s.Body, &key); err != nil {
				return nil, fmt.Errorf("key %s: %w", s.ID, err)
			}
			key.Hash = ""
			list = append(list, key)
		}
		if len(page) < 1000 {
			return list, nil
		}
		after = page[len(page)-1].ID
	}
}

// Revoke ends a key; engines believe it at most five seconds longer.
func (k *Keys) Revoke(ctx context.Context, id string) error {
	err := k.store.DeleteSetting(ctx, KindKey, id, -1)
	k.mu.Lock()
	delete(k.cache, id)
	k.mu.Unlock()
	if errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("%w: there is no key %q", work.ErrNotFound, id)
	}
	return err
}

// Identify gives the caller of a request by its key; ErrUnknownCaller when it
// has none, or one that is not valid.
func (k *Keys) Identify(r *http.Request) (*Caller, error) {
	text, ok := bearer(r)
	if !ok {
		return nil, ErrUnknownCaller
	}
	rest, ok := strings.CutPrefix(text, keyPrefix)
	id, secret, ok2 := strings.Cut(rest, "_")
	if !ok || !ok2 || len(id) != 12 || len(secret) != 26 {
		return nil, ErrUnknownCaller
	}
	key, err := k.find(r.Context(), id)
	if err != nil {
		return nil, err
	}
	if subtle.ConstantTimeCompare([]byte(hashOf(secret)), []byte(key.Hash)) != 1 {
		return nil, ErrUnknownCaller
	}
	if key.Expires != 0 && k.now().UnixMilli() >= key.Expires {
		return nil, ErrUnknownCaller
	}
	c := key.Caller
	return &c, nil
}

// bearer gives what a request shows as its bearer token (RFC 6750).
func bearer(r *http.Request) (string, bool) {
	scheme, text, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	return strings.TrimLeft(text, " "), ok && strings.EqualFold(scheme, "Bearer")
}

func (k *Keys) find(ctx context.Context, id string) (Key, error) {
	k.mu.Lock()
	have, ok := k.cache[id]
	k.mu.Unlock()
	if ok && k.now().Before(have.until) {
		return have.key, nil
	}
	s, err := k.store.Setting(ctx, KindKey, id)
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, work.ErrNotFound) {
		return Key{}, ErrUnknownCaller
	}
	if err != nil {
		return Key{}, fmt.Errorf("%w: the key cannot be looked up: %w", work.ErrBusy, err)
	}
	var key Key
	if err := json.Unmarshal(s.Body, &key); err != nil {
		return Key{}, fmt.Errorf("key %s: %w", id, err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.cache) > 10_000 {
		clear(k.cache)
	}
	k.cache[id] = cachedKey{key, k.now().Add(keyMemory)}
	return key, nil
}
