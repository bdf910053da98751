package session_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/berth-project/berth/session"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	issuer   = "https://ledger.example.com"
	audience = "ledger"
)

var start = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

// clock is a clock that a test moves.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: start} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func newKeys(tb testing.TB, alg session.Algorithm) *session.KeySet {
	tb.Helper()
	keys, err := session.GenerateKeySetFor(alg, start)
	if err != nil {
		tb.Fatal(err)
	}
	return keys
}

func rotate(tb testing.TB, keys *session.KeySet, now time.Time) *session.KeySet {
	tb.Helper()
	rotated, err := keys.Rotate(now)
	if err != nil {
		tb.Fatal(err)
	}
	return rotated
}

func newSealer(tb testing.TB, keys *session.KeySet, now func() time.Time) *session.Sealer {
	tb.Helper()
	s, err := session.NewSealer(session.SealerConfig{
		Audience: audience, Idle: time.Hour, Absolute: 24 * time.Hour, Keys: keys, Now: now,
	})
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

func newSigner(tb testing.TB, keys *session.KeySet, now func() time.Time) *session.Signer {
	tb.Helper()
	s, err := session.NewSigner(session.SignerConfig{Issuer: issuer, Keys: keys, Now: now})
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

func sign(tb testing.TB, s *session.Signer, sess *session.Session, tenant string) string {
	tb.Helper()
	token, _, err := s.Sign(sess, audience, tenant)
	if err != nil {
		tb.Fatal(err)
	}
	return token
}

// teller is a session as a gateway has it.
func teller() session.Session {
	return session.Session{
		ID:         "s-1",
		User:       session.User{ID: "u-1", Email: "xia@example.com", Name: "Xia <Lee> ✓"},
		Method:     "password",
		SignedInAt: start.Add(-time.Hour),
		ExpiresAt:  start.Add(23 * time.Hour),
		Memberships: []session.Membership{
			{Tenant: "acme", TenantName: "Acme Tools", Roles: []string{"manager", "teller"}, Plans: []string{"premium"}},
			{Tenant: "bolt", Roles: []string{"customer"}},
		},
	}
}

// keyServer publishes a key set document over real HTTP and counts how often
// it is asked for it.
type keyServer struct {
	*httptest.Server
	fetches atomic.Int64
	body    atomic.Pointer[[]byte]
	status  atomic.Int64
}

func newKeyServer(tb testing.TB, document []byte) *keyServer {
	tb.Helper()
	s := &keyServer{}
	s.publish(document)
	s.status.Store(http.StatusOK)
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		s.fetches.Add(1)
		w.WriteHeader(int(s.status.Load()))
		_, _ = w.Write(*s.body.Load())
	}))
	tb.Cleanup(s.Close)
	return s
}

func (s *keyServer) publish(document []byte) { s.body.Store(&document) }

func newVerifier(tb testing.TB, url string, now func() time.Time) *session.Verifier {
	tb.Helper()
	v, err := session.NewVerifier(session.VerifierConfig{JWKSURL: url, Issuer: issuer, Audience: audience, Now: now})
	if err != nil {
		tb.Fatal(err)
	}
	return v
}

// forger signs whatever it is asked to with the true current EdDSA key, as
// read from the file form of a key set.
type forger struct {
	kid     string
	private ed25519.PrivateKey
}

func newForger(tb testing.TB, keys *session.KeySet) forger {
	tb.Helper()
	data, err := keys.Marshal()
	if err != nil {
		tb.Fatal(err)
	}
	var file struct {
		Signing []struct{ ID, State, Key string } `json:"signing"`
	}
	if err := json.Unmarshal(data, &file); err != nil {
		tb.Fatal(err)
	}
	for _, k := range file.Signing {
		if k.State != "current" {
			continue
		}
		seed, err := base64.RawURLEncoding.DecodeString(k.Key)
		if err != nil {
			tb.Fatal(err)
		}
		return forger{k.ID, ed25519.NewKeyFromSeed(seed)}
	}
	tb.Fatal("no current signing key")
	return forger{}
}

func (f forger) header() string {
	return `{"alg":"EdDSA","kid":"` + f.kid + `","typ":"berth-assertion+jwt"}`
}

// token signs a header and a payload as they are.
func (f forger) token(header, payload string) string {
	input := b64([]byte(header)) + "." + b64([]byte(payload))
	return input + "." + b64(ed25519.Sign(f.private, []byte(input)))
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// claimSet is the claims of a good assertion at start, changed by a test.
type claimSet map[string]any

func goodClaims() claimSet {
	return claimSet{
		"iss": issuer, "aud": audience, "iat": start.Unix(), "nbf": start.Unix(), "exp": start.Unix() + 60,
		"jti": "j", "sub": "u-1", "sid": "s-1",
	}
}

func (c claimSet) with(name string, value any) claimSet {
	c[name] = value
	return c
}

func (c claimSet) without(name string) claimSet {
	delete(c, name)
	return c
}

func (c claimSet) json(tb testing.TB) string {
	tb.Helper()
	data, err := json.Marshal(c)
	if err != nil {
		tb.Fatal(err)
	}
	return string(data)
}
