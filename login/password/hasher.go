package password

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/argon2"

	"github.com/berth-project/berth/secret"
)

// ErrBusy means that too many passwords are being checked; the caller should
// answer 503 and ask to try again.
var ErrBusy = errors.New("too many passwords are being checked")

const (
	saltBytes   = 16
	keyBytes    = 32
	maxPassword = 512 // bytes; longer ones match nothing
	maxWaiting  = 64
	waitForSlot = 5 * time.Second
)

// Params are the costs of argon2id. They are stored with each hash, so
// changing them leaves old hashes working until their users sign in again.
type Params struct {
	// MemoryKiB is the memory of one hash. Default 19456 (19 MiB), the first
	// choice of the OWASP password storage cheat sheet together with two
	// passes and one lane.
	MemoryKiB uint32
	// Passes over the memory. Default 2.
	Passes uint32
	// Lanes computed in parallel. Default 1.
	Lanes uint8
}

// DefaultParams are what a zero [Config] uses.
func DefaultParams() Params { return Params{MemoryKiB: 19 * 1024, Passes: 2, Lanes: 1} }

// Config tunes a [Hasher]. The zero value is good.
type Config struct {
	// Params of new hashes; the zero value means DefaultParams.
	Params Params
	// Concurrency is how many hashes run at once; the memory is at most that
	// many times Params.MemoryKiB. Default: the number of CPUs, at most 4.
	Concurrency int
}

// Hasher hashes and checks passwords. It is safe for concurrent use.
type Hasher struct {
	params  Params
	slots   chan struct{}
	waiting atomic.Int64
	dummy   phc // what a user without a hash is checked against
}

// NewHasher returns a hasher, or an error for costs outside of what Verify
// accepts.
func NewHasher(cfg Config) (*Hasher, error) {
	if cfg.Params == (Params{}) {
		cfg.Params = DefaultParams()
	}
	if err := cfg.Params.validate(); err != nil {
		return nil, fmt.Errorf("password hashing: %w", err)
	}
	if cfg.Concurrency <= 0 {
		cfg.Concurrency = min(runtime.GOMAXPROCS(0), 4)
	}
	return &Hasher{
		params: cfg.Params,
		slots:  make(chan struct{}, cfg.Concurrency),
		dummy:  phc{params: cfg.Params, salt: random(saltBytes), key: random(keyBytes)},
	}, nil
}

// Outcome is what a check found.
type Outcome struct {
	// Match means that the password is the one that was hashed.
	Match bool
	// Outdated means that it matched a hash with other costs than today's;
	// the caller should store a new one.
	Outdated bool
}

// Hash returns the PHC string ($argon2id$v=19$m=…,t=…,p=…$salt$key) of a
// password. It does not apply a [Policy].
func (h *Hasher) Hash(ctx context.Context, password secret.String) (secret.String, error) {
	if len(password.Reveal()) > maxPassword {
		return secret.String{}, &PolicyError{Message: "is too long"}
	}
	p := phc{params: h.params, salt: random(saltBytes)}
	key, err := h.derive(ctx, password, p)
	if err != nil {
		return secret.String{}, err
	}
	p.key = key
	return secret.New(p.String()), nil
}

// Verify checks a password against a PHC string. An empty or unreadable one
// takes the time of a real check and matches nothing, so that an answer does
// not tell which users exist. The error is ErrBusy or that of ctx.
func (h *Hasher) Verify(ctx context.Context, password, hash secret.String) (Outcome, error) {
	if len(password.Reveal()) > maxPassword {
		return Outcome{}, nil
	}
	p, err := parsePHC(hash.Reveal())
	known := err == nil
	if !known {
		p = h.dummy
	}
	key, err := h.derive(ctx, password, p)
	if err != nil {
		return Outcome{}, err
	}
	match := subtle.ConstantTimeCompare(key, p.key) == 1 && known
	return Outcome{Match: match, Outdated: match && p.params != h.params}, nil
}

func (h *Hasher) derive(ctx context.Context, password secret.String, p phc) ([]byte, error) {
	if err := h.acquire(ctx); err != nil {
		return nil, err
	}
	defer func() { <-h.slots }()
	length := keyBytes
	if len(p.key) > 0 {
		length = len(p.key)
	}
	return argon2.IDKey([]byte(password.Reveal()), p.salt, p.params.Passes, p.params.MemoryKiB, p.params.Lanes, uint32(length)), nil
}

func (h *Hasher) acquire(ctx context.Context) error {
	select {
	case h.slots <- struct{}{}:
		return nil
	default:
	}
	if h.waiting.Add(1) > maxWaiting {
		h.waiting.Add(-1)
		return ErrBusy
	}
	defer h.waiting.Add(-1)
	timer := time.NewTimer(waitForSlot)
	defer timer.Stop()
	select {
	case h.slots <- struct{}{}:
		return nil
	case <-timer.C:
		return ErrBusy
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails: crypto/rand ends the program instead
	return b
}
