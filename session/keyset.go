package session

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"golang.org/x/crypto/chacha20poly1305"
)

// KeyState is the place of a key in a rotation.
type KeyState string

// The three states, in the order a key leaves them: a next key is published
// but not used, a current key seals and signs, a previous key only opens and
// verifies.
const (
	Previous KeyState = "previous"
	Current  KeyState = "current"
	Next     KeyState = "next"
)

// Algorithm names how a key is used.
type Algorithm string

const (
	// EdDSA signs assertions with Ed25519 (RFC 8037); the default.
	EdDSA Algorithm = "EdDSA"
	// ES256 signs assertions with ECDSA on P-256 and SHA-256 (RFC 7518 section
	// 3.4), for apps whose libraries lack EdDSA.
	ES256 Algorithm = "ES256"
	// XChaCha20 seals cookies with XChaCha20-Poly1305: its 192-bit nonce may be
	// drawn at random by any number of gateways that share a key.
	XChaCha20 Algorithm = "XC20P"
)

// KeySet holds the keys that seal cookies and sign assertions: for each of the
// two purposes a current key, and around it a previous and a next one. It is
// immutable; Rotate returns another set. Printing one shows its fingerprint.
type KeySet struct {
	sealing []key
	signing []key
}

// KeyInfo is what may be told of one key.
type KeyInfo struct {
	// ID is the key id ("kid"), as it appears in cookies and assertions.
	ID string
	// State is previous, current or next.
	State KeyState
	// Algorithm is what the key is for: XChaCha20 seals, the others sign.
	Algorithm Algorithm
	// CreatedAt is when the key was made; Since, when it got its state.
	CreatedAt, Since time.Time
}

// key is one key of either purpose. secret yields the sealing key, the Ed25519
// seed or the P-256 scalar. It is a function because fmt prints the bytes of a
// slice or behind a pointer, whatever Format methods say, once the value sits
// in an unexported field.
type key struct {
	KeyInfo
	secret func() []byte
}

// secretSize is the length of every secret: of an XChaCha20 key, an Ed25519
// seed and a P-256 scalar alike.
const secretSize = chacha20poly1305.KeySize

// NewID returns a session id: 128 random bits in 26 lower-case letters and
// digits.
func NewID() string {
	var raw [16]byte
	_, _ = rand.Read(raw[:]) // never fails: crypto/rand ends the program instead
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(raw[:]))
}

// GenerateKeySet makes a set that signs with EdDSA: a current and a next key
// for each purpose. Now dates the keys.
func GenerateKeySet(now time.Time) (*KeySet, error) { return GenerateKeySetFor(EdDSA, now) }

// GenerateKeySetFor is GenerateKeySet with the choice of EdDSA or ES256.
func GenerateKeySetFor(alg Algorithm, now time.Time) (*KeySet, error) {
	if alg != EdDSA && alg != ES256 {
		return nil, fmt.Errorf("generate key set: no signing algorithm %q: want %s or %s", alg, EdDSA, ES256)
	}
	set := &KeySet{}
	for _, state := range []KeyState{Current, Next} {
		sealing, err := newKey(XChaCha20, state, now)
		if err != nil {
			return nil, err
		}
		signing, err := newKey(alg, state, now)
		if err != nil {
			return nil, err
		}
		set.sealing, set.signing = append(set.sealing, sealing), append(set.signing, signing)
	}
	return set, nil
}

// Rotate returns the set in which each next key has become current and each
// current key previous, with new next keys of the same algorithm. The former
// previous keys are gone: what they sealed opens no more. Leave at least the
// idle limit of sessions between two rotations and nobody is signed out, since
// by then a cookie has been renewed or has ended.
//
// A set that got out needs another set, not a rotation, which would put its
// next keys to use: see GenerateKeySet.
func (k *KeySet) Rotate(now time.Time) (*KeySet, error) {
	alg := k.one(k.signing, Current).Algorithm
	if next := k.one(k.signing, Next); next != nil {
		alg = next.Algorithm
	}
	return k.RotateTo(alg, now)
}

// RotateTo is Rotate with the algorithm of the new next signing key, which
// becomes the one in use at the rotation after this.
func (k *KeySet) RotateTo(alg Algorithm, now time.Time) (*KeySet, error) {
	if alg != EdDSA && alg != ES256 {
		return nil, fmt.Errorf("rotate key set: no signing algorithm %q: want %s or %s", alg, EdDSA, ES256)
	}
	sealing, err := k.rotated(k.sealing, XChaCha20, now)
	if err != nil {
		return nil, err
	}
	signing, err := k.rotated(k.signing, alg, now)
	if err != nil {
		return nil, err
	}
	return &KeySet{sealing: sealing, signing: signing}, nil
}

// rotated moves one purpose's keys on. A set without a next key gets a new
// current one at once.
func (k *KeySet) rotated(keys []key, alg Algorithm, now time.Time) ([]key, error) {
	previous := *k.one(keys, Current)
	previous.State, previous.Since = Previous, stamp(now)
	next, err := newKey(alg, Next, now)
	if err != nil {
		return nil, err
	}
	var current key
	if waiting := k.one(keys, Next); waiting != nil {
		current = *waiting
	} else if current, err = newKey(alg, Current, now); err != nil {
		return nil, err
	}
	current.State, current.Since = Current, stamp(now)
	return []key{previous, current, next}, nil
}

// Keys tells of every key, the sealing ones first.
func (k *KeySet) Keys() []KeyInfo {
	infos := make([]KeyInfo, 0, len(k.sealing)+len(k.signing))
	for _, list := range [][]key{k.sealing, k.signing} {
		for i := range list {
			infos = append(infos, list[i].KeyInfo)
		}
	}
	return infos
}

// Fingerprint identifies the whole set, states included, in 16 hexadecimal
// digits. It is safe to log: the secrets go into it through SHA-256 and have
// 256 bits each.
func (k *KeySet) Fingerprint() string {
	h := sha256.New()
	for _, list := range [][]key{k.sealing, k.signing} {
		for i := range list {
			fmt.Fprintf(h, "%s %s %s ", list[i].ID, list[i].State, list[i].Algorithm)
			h.Write(list[i].secret())
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// String returns the fingerprint.
func (k *KeySet) String() string { return "keys " + k.Fingerprint() }

// Format implements [fmt.Formatter], so that no verb reaches a secret.
func (k *KeySet) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, k.String()) }

// LogValue implements [slog.LogValuer].
func (k *KeySet) LogValue() slog.Value { return slog.StringValue(k.String()) }

// one returns the key in a state, nil when there is none.
func (*KeySet) one(keys []key, state KeyState) *key {
	for i := range keys {
		if keys[i].State == state {
			return &keys[i]
		}
	}
	return nil
}

func newKey(alg Algorithm, state KeyState, now time.Time) (key, error) {
	secret, err := newSecret(alg)
	if err != nil {
		return key{}, fmt.Errorf("generate %s key: %w", alg, err)
	}
	at := stamp(now)
	id := at.Format("20060102") + "-" + NewID()[:10]
	return key{KeyInfo: KeyInfo{ID: id, State: state, Algorithm: alg, CreatedAt: at, Since: at}, secret: keep(secret)}, nil
}

func newSecret(alg Algorithm) ([]byte, error) {
	if alg == ES256 {
		private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return nil, err
		}
		return private.Bytes()
	}
	secret := make([]byte, secretSize)
	_, err := rand.Read(secret)
	return secret, err
}

// keep hides a secret in a function, see key.
func keep(secret []byte) func() []byte { return func() []byte { return secret } }

// stamp is the precision times have in files, cookies and assertions.
func stamp(t time.Time) time.Time { return t.UTC().Truncate(time.Second) }

// ed25519Key returns the signing key of an EdDSA key.
func (k *key) ed25519Key() ed25519.PrivateKey { return ed25519.NewKeyFromSeed(k.secret()) }

// ecdsaKey returns the signing key of an ES256 key.
func (k *key) ecdsaKey() (*ecdsa.PrivateKey, error) {
	return ecdsa.ParseRawPrivateKey(elliptic.P256(), k.secret())
}
