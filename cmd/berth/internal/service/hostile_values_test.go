package service

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"text/template"
	"time"

	"github.com/berth-project/berth/session"
)

// forge makes the cookies, tokens and assertions of the corpus, good ones and
// bad ones.
type forge struct {
	t     *testing.T
	r     *running
	keys  *session.KeySet
	other *session.KeySet
	tls   bool // the cookie's name is the one for TLS

	signedOut string // the value of a session that was signed out
	disabled  string // the value of a user's who was disabled since
}

func newForge(t *testing.T, r *running) *forge {
	t.Helper()
	f := &forge{t: t, r: r}
	text, err := os.ReadFile(r.data + "/" + keysName)
	f.check(err)
	f.keys, err = session.ParseKeySet(text)
	f.check(err)
	f.other, err = session.GenerateKeySet(time.Now())
	f.check(err)
	f.signedOut, f.disabled = f.signOut("tom@acme.test"), f.disable("dan@acme.test")
	return f
}

func (f *forge) check(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

func (f *forge) options() Options {
	return Options{Manifest: f.r.file, Data: f.r.data, Mode: Development}
}

// session is a new session of a user.
func (f *forge) session(who string) (value string, sess session.Session) {
	f.t.Helper()
	value, s, err := SealFor(f.t.Context(), f.options(), who+"@acme.test")
	f.check(err)
	return value, *s
}

// browserValue signs in and returns the browser and its sealed value.
func (f *forge) browserValue(email string) (*http.Client, string) {
	f.t.Helper()
	c := f.r.signIn(email)
	u, err := url.Parse(f.r.URL)
	f.check(err)
	return c, c.Jar.Cookies(u)[0].Value
}

func (f *forge) signOut(email string) string {
	f.t.Helper()
	c, value := f.browserValue(email)
	resp, err := c.Post(f.r.URL+"/.berth/sign-out", "", nil)
	f.check(err)
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusSeeOther {
		f.t.Fatalf("sign-out: %s", resp.Status)
	}
	return value
}

func (f *forge) disable(email string) string {
	f.t.Helper()
	c, value := f.browserValue(email)
	if status, _ := f.r.get(c, "/closed/x"); status != 200 {
		f.t.Fatalf("before %s is disabled: %d", email, status)
	}
	store, err := OpenDirectory(f.r.data, nil)
	f.check(err)
	defer store.Close()
	u, err := store.UserByEmail(f.t.Context(), email)
	f.check(err)
	f.check(store.DisableUser(context.WithoutCancel(f.t.Context()), u.ID))
	f.r.eventually("the disabled user is shut out", func() bool {
		status, _ := f.r.get(c, "/closed/x")
		return status == 401
	})
	return value
}

// reseal seals a session of a user as another gateway, or one at another time,
// would.
func (f *forge) reseal(who string, cfg session.SealerConfig, ago time.Duration, edit func(*session.Session)) string {
	f.t.Helper()
	_, sess := f.session(who)
	now := time.Now().Add(-ago)
	cfg.Now = func() time.Time { return now }
	if cfg.Audience == "" {
		cfg.Audience = "demo"
	}
	if cfg.Keys == nil {
		cfg.Keys = f.keys
	}
	if cfg.Absolute == 0 {
		cfg.Absolute = 300 * 24 * time.Hour
	}
	sess.SignedInAt, sess.SeenAt, sess.ExpiresAt = now, now, now.Add(cfg.Absolute)
	if edit != nil {
		edit(&sess)
	}
	s, err := session.NewSealer(cfg)
	f.check(err)
	value, err := s.Seal(sess)
	f.check(err)
	return value
}

// sealed returns a sealed value of a user with something wrong about it.
func (f *forge) sealed(kind, who string) string {
	f.t.Helper()
	switch kind {
	case "signed-out":
		return f.signedOut
	case "disabled":
		return f.disabled
	}
	good, _ := f.session(who)
	version, rest, _ := strings.Cut(good, ".")
	id, body, _ := strings.Cut(rest, ".")
	switch kind {
	case "good":
		return good
	case "version":
		return "v2." + rest
	case "key-id":
		return version + "." + flip(id, 0) + "." + body
	case "nonce":
		return version + "." + id + "." + flip(body, 2)
	case "ciphertext":
		return version + "." + id + "." + flip(body, len(body)/2)
	case "tag":
		return version + "." + id + "." + flip(body, len(body)-4)
	case "truncated":
		return good[:len(good)-8]
	case "extended":
		return good + "AAAA"
	case "padded":
		return good + "="
	case "no-body":
		return version + "." + id + "."
	case "idle":
		return f.reseal(who, session.SealerConfig{Idle: 13 * time.Hour}, 13*time.Hour, nil)
	case "absolute":
		return f.reseal(who, session.SealerConfig{}, 0, func(s *session.Session) { s.SignedInAt = time.Now().Add(-8 * 24 * time.Hour) })
	case "future":
		return f.reseal(who, session.SealerConfig{}, -time.Hour, nil)
	case "other-key":
		return f.reseal(who, session.SealerConfig{Keys: f.other}, 0, nil)
	case "other-key-same-id":
		foreign := f.reseal(who, session.SealerConfig{Keys: f.other}, 0, nil)
		return version + "." + id + foreign[strings.LastIndex(foreign, "."):]
	case "other-service":
		return f.reseal(who, session.SealerConfig{Audience: "other"}, 0, nil)
	case "unknown-user":
		return f.reseal(who, session.SealerConfig{}, 0, func(s *session.Session) { s.User.ID = "usr_" + session.NewID() })
	}
	f.t.Fatalf("no sealed value %q", kind)
	return ""
}

func flip(s string, i int) string {
	c := byte('A')
	if s[i] == c {
		c = 'B'
	}
	return s[:i] + string(c) + s[i+1:]
}

// cookie returns the Cookie pair of a sealed value.
func (f *forge) cookie(kind, who string) string {
	t := session.OverPlainHTTP
	if f.tls {
		t = session.OverTLS
	}
	return session.CookieName(t) + "=" + f.sealed(kind, who)
}

// claims are those of an assertion that an app believes, if it is signed.
func (f *forge) claims(edit func(map[string]any)) map[string]any {
	_, sess := f.session("tom")
	now := time.Now().Unix()
	c := map[string]any{
		"iss": "demo", "aud": "demo", "iat": now, "nbf": now, "exp": now + 60, "jti": session.NewID(),
		"sub": sess.User.ID, "sid": sess.ID, "email": "tom@acme.test",
		"tenants": []any{map[string]any{"id": "acme", "roles": []string{"manager"}}},
	}
	if edit != nil {
		edit(c)
	}
	return c
}

// sign makes a genuine assertion about tom at another time, for another app or
// with other keys.
func (f *forge) sign(keys *session.KeySet, issuer, audience string, ago time.Duration) string {
	f.t.Helper()
	now := time.Now().Add(-ago)
	s, err := session.NewSigner(session.SignerConfig{Issuer: issuer, Keys: keys, Now: func() time.Time { return now }})
	f.check(err)
	_, sess := f.session("tom")
	sess.ExpiresAt = time.Time{}
	token, _, err := s.Sign(&sess, audience, "acme")
	f.check(err)
	return token
}

// compact joins a header, claims and a signature made of both.
func compact(header, claims any, sign func(input string) []byte) string {
	h, _ := json.Marshal(header)
	c, _ := json.Marshal(claims)
	input := base64.RawURLEncoding.EncodeToString(h) + "." + base64.RawURLEncoding.EncodeToString(c)
	return input + "." + base64.RawURLEncoding.EncodeToString(sign(input))
}

func (f *forge) keyID(state session.KeyState) string {
	for _, k := range f.keys.Keys() {
		if k.State == state && k.Algorithm == session.EdDSA {
			return k.ID
		}
	}
	f.t.Fatalf("no %s key", state)
	return ""
}

// jwks is the public key set, as attackers have it.
func (f *forge) jwks() []byte {
	resp, err := http.Get(f.r.URL + "/.well-known/berth/jwks.json")
	f.check(err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	f.check(err)
	return b
}

// assertion returns an assertion about tom with something wrong about it.
func (f *forge) assertion(kind string) string {
	f.t.Helper()
	const typ = "berth-assertion+jwt"
	kid := f.keyID(session.Current)
	good := f.sign(f.keys, "demo", "demo", 0)
	nothing := func(string) []byte { return nil }
	junk := func(string) []byte { return make([]byte, 64) }
	public := func(input string) []byte {
		m := hmac.New(sha256.New, f.jwks())
		m.Write([]byte(input))
		return m.Sum(nil)
	}
	part := strings.Split(good, ".")
	switch kind {
	case "good":
		return good
	case "none":
		return compact(map[string]any{"alg": "none", "kid": kid, "typ": typ}, f.claims(nil), nothing)
	case "None":
		return compact(map[string]any{"alg": "nOnE", "kid": kid, "typ": typ}, f.claims(nil), nothing)
	case "no-signature":
		return part[0] + "." + part[1] + "."
	case "two-parts":
		return part[0] + "." + part[1]
	case "hs256":
		return compact(map[string]any{"alg": "HS256", "kid": kid, "typ": typ}, f.claims(nil), public)
	case "zero-signature":
		return compact(map[string]any{"alg": "EdDSA", "kid": kid, "typ": typ}, f.claims(nil), junk)
	case "unknown-kid":
		return compact(map[string]any{"alg": "EdDSA", "kid": "../../dev/null", "typ": typ}, f.claims(nil), junk)
	case "other-keys":
		return f.sign(f.other, "demo", "demo", 0)
	case "embedded-key":
		return compact(map[string]any{"alg": "EdDSA", "kid": kid, "typ": typ, "jwk": map[string]any{"kty": "OKP", "crv": "Ed25519", "x": strings.Repeat("A", 43)}}, f.claims(nil), junk)
	case "key-url":
		return compact(map[string]any{"alg": "EdDSA", "kid": kid, "typ": typ, "jku": "http://127.0.0.1:1/jwks.json"}, f.claims(nil), junk)
	case "critical":
		return compact(map[string]any{"alg": "EdDSA", "kid": kid, "typ": typ, "crit": []string{"x"}, "x": 1}, f.claims(nil), junk)
	case "claims-swapped":
		c, _ := json.Marshal(f.claims(nil))
		return part[0] + "." + base64.RawURLEncoding.EncodeToString(c) + "." + part[2]
	case "signature-tampered":
		return part[0] + "." + part[1] + "." + flip(part[2], 10)
	case "expired":
		return f.sign(f.keys, "demo", "demo", time.Hour)
	case "future":
		return f.sign(f.keys, "demo", "demo", -time.Hour)
	case "other-app":
		return f.sign(f.keys, "demo", "other", 0)
	case "other-gateway":
		return f.sign(f.keys, "other", "demo", 0)
	case "sealed":
		return f.sealed("good", "tom")
	}
	f.t.Fatalf("no assertion %q", kind)
	return ""
}

// functions are what a case may name between {{ and }}.
func (f *forge) functions(canary string) template.FuncMap {
	return template.FuncMap{
		"cookie":    f.cookie,
		"sealed":    f.sealed,
		"assertion": f.assertion,
		"canary":    func() string { return canary },
		"chunk":     func(s string) string { return fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(s), s) },
		"repeat":    func(s string, n int) string { return strings.Repeat(s, n) },
		"password": func(who string) string {
			for _, u := range f.r.Users {
				if u.Email == who+"@acme.test" {
					return url.QueryEscape(u.Password)
				}
			}
			f.t.Fatalf("no user %s", who)
			return ""
		},
	}
}
