package session_test

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/session"
)

func unb64(tb testing.TB, s string) []byte {
	tb.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		tb.Fatal(err)
	}
	return raw
}

func seal(tb testing.TB, s *session.Sealer, sess session.Session) string {
	tb.Helper()
	value, err := s.Seal(sess)
	if err != nil {
		tb.Fatal(err)
	}
	return value
}

func TestSealedSessionOpensWithoutMemberships(t *testing.T) {
	t.Parallel()
	s := newSealer(t, newKeys(t, session.EdDSA), newClock().Now)
	got, err := s.Open(seal(t, s, teller()))
	if err != nil {
		t.Fatal(err)
	}
	want := teller()
	want.Memberships, want.SeenAt = nil, start
	if diff := cmp.Diff(&want, got); diff != "" {
		t.Errorf("opened session differs (-want +got):\n%s", diff)
	}
}

func TestSealStampsTimes(t *testing.T) {
	t.Parallel()
	s := newSealer(t, newKeys(t, session.EdDSA), newClock().Now)
	fresh := teller()
	fresh.SignedInAt, fresh.ExpiresAt = time.Time{}, time.Time{}
	got := s.Stamp(fresh)
	if got.SignedInAt != start || got.SeenAt != start || got.ExpiresAt != start.Add(24*time.Hour) {
		t.Errorf("Stamp() = signed in %v, seen %v, expires %v", got.SignedInAt, got.SeenAt, got.ExpiresAt)
	}
	fresh.ExpiresAt = start.Add(1000 * time.Hour)
	if got := s.Stamp(fresh).ExpiresAt; got != start.Add(24*time.Hour) {
		t.Errorf("Stamp() lets a session last until %v", got)
	}
}

func TestSealRefuses(t *testing.T) {
	t.Parallel()
	s := newSealer(t, newKeys(t, session.EdDSA), newClock().Now)
	for name, change := range map[string]func(*session.Session){
		"anonymous":     func(s *session.Session) { s.User.ID = "" },
		"no session id": func(s *session.Session) { s.ID = "" },
		"over":          func(s *session.Session) { s.ExpiresAt = start },
		"too large":     func(s *session.Session) { s.User.Name = strings.Repeat("n", 3000) },
		"far too large": func(s *session.Session) { s.User.Name = strings.Repeat("n", 70000) },
	} {
		sess := teller()
		change(&sess)
		if value, err := s.Seal(sess); err == nil {
			t.Errorf("%s: Seal() = %q, want an error", name, value)
		}
	}
}

func TestLargestSealedValueFitsACookie(t *testing.T) {
	t.Parallel()
	s := newSealer(t, newKeys(t, session.EdDSA), newClock().Now)
	longest := 0
	for n := range 3000 {
		sess := teller()
		sess.User.Name = strings.Repeat("n", n)
		if value, err := s.Seal(sess); err == nil {
			longest = max(longest, len(session.SecureCookieName)+1+len(value))
		}
	}
	if longest < 3900 || longest > 4096 {
		t.Errorf("longest cookie has %d bytes, want up to 4096", longest)
	}
}

func TestOpenRefusesAnyChangedByte(t *testing.T) {
	t.Parallel()
	s := newSealer(t, newKeys(t, session.EdDSA), newClock().Now)
	value := seal(t, s, teller())
	for i := range len(value) {
		for _, c := range []byte{value[i] ^ 1, value[i] ^ 0x20, 'A', '_', '.', '=', '\n', 0} {
			if c == value[i] {
				continue
			}
			changed := value[:i] + string(rune(c)) + value[i+1:]
			if _, err := s.Open(changed); !errors.Is(err, session.ErrInvalid) {
				t.Fatalf("byte %d changed from %q to %q: Open() = %v, want ErrInvalid", i, value[i], c, err)
			}
		}
	}
}

func TestOpenRefusesOtherLengths(t *testing.T) {
	t.Parallel()
	s := newSealer(t, newKeys(t, session.EdDSA), newClock().Now)
	value := seal(t, s, teller())
	for i := range len(value) {
		if _, err := s.Open(value[:i]); !errors.Is(err, session.ErrInvalid) {
			t.Fatalf("Open(first %d bytes) = %v, want ErrInvalid", i, err)
		}
	}
	for name, longer := range map[string]string{
		"byte":       value + "A",
		"line break": value + "\n",
		"padding":    value + "=",
		"part":       value + ".A",
		"quotes":     `"` + value + `"`,
		"twice":      value + value,
	} {
		if _, err := s.Open(longer); !errors.Is(err, session.ErrInvalid) {
			t.Errorf("%s: Open() = %v, want ErrInvalid", name, err)
		}
	}
	_, err := s.Open(value + strings.Repeat("A", 4097-len(value)))
	if !errors.Is(err, session.ErrInvalid) || !strings.Contains(err.Error(), "longer than a cookie") {
		t.Errorf("oversize: Open() = %v, want ErrInvalid for the length", err)
	}
}

func TestOpenRefusesOtherSpellingsOfTheSameBytes(t *testing.T) {
	t.Parallel()
	s := newSealer(t, newKeys(t, session.EdDSA), newClock().Now)
	for _, name := range []string{"", "n", "nn"} { // each leaves another number of unused bits
		sess := teller()
		sess.User.Name = name
		value := seal(t, s, sess)
		for _, other := range respelled(value) {
			if _, err := s.Open(other); !errors.Is(err, session.ErrInvalid) {
				t.Errorf("last character %q in place of %q: Open() = %v, want ErrInvalid", other[len(other)-1], value[len(value)-1], err)
			}
		}
	}
}

// respelled returns s with each other last character that base64url has.
func respelled(s string) []string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	var others []string
	for _, c := range alphabet {
		if other := s[:len(s)-1] + string(c); other != s {
			others = append(others, other)
		}
	}
	return others
}

func TestOpenRefusesASignInFromTheFuture(t *testing.T) {
	t.Parallel()
	s := newSealer(t, newKeys(t, session.EdDSA), newClock().Now)
	sess := teller()
	sess.SignedInAt = start.Add(2 * time.Minute)
	if _, err := s.Open(seal(t, s, sess)); !errors.Is(err, session.ErrInvalid) {
		t.Errorf("Open() = %v, want ErrInvalid", err)
	}
}

func TestOpenRefusesAnotherServicesCookie(t *testing.T) {
	t.Parallel()
	keys, clk := newKeys(t, session.EdDSA), newClock()
	other, err := session.NewSealer(session.SealerConfig{Audience: "survey", Keys: keys, Now: clk.Now})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := newSealer(t, keys, clk.Now).Open(seal(t, other, teller())); !errors.Is(err, session.ErrInvalid) {
		t.Errorf("Open() = %v, want ErrInvalid", err)
	}
}

func TestOpenRefusesAValueUnderAnotherKeysID(t *testing.T) {
	t.Parallel()
	clk := newClock()
	keys := newKeys(t, session.EdDSA)
	s := newSealer(t, keys, clk.Now)
	parts := strings.Split(seal(t, s, teller()), ".")
	for _, k := range keys.Keys() {
		if k.ID == parts[1] {
			continue
		}
		if _, err := s.Open(parts[0] + "." + k.ID + "." + parts[2]); !errors.Is(err, session.ErrInvalid) {
			t.Errorf("Open(key id %s) = %v, want ErrInvalid", k.ID, err)
		}
	}
	stranger := newSealer(t, newKeys(t, session.EdDSA), clk.Now)
	if _, err := s.Open(seal(t, stranger, teller())); !errors.Is(err, session.ErrInvalid) {
		t.Errorf("Open(stranger's) = %v, want ErrInvalid", err)
	}
}

func TestKeysOpenThroughTheirWholeLife(t *testing.T) {
	t.Parallel()
	clk := newClock()
	first := newKeys(t, session.EdDSA)
	second := rotate(t, first, start)
	third := rotate(t, second, start)
	value := map[string]string{}
	for name, keys := range map[string]*session.KeySet{"first": first, "second": second, "third": third} {
		value[name] = seal(t, newSealer(t, keys, clk.Now), teller())
	}
	for _, tc := range []struct {
		sealed string
		opener *session.KeySet
		want   error
	}{
		{"first", first, nil},                // current
		{"second", first, nil},               // next: a gateway that rotated before this one
		{"first", second, nil},               // previous
		{"first", third, session.ErrInvalid}, // forgotten
		{"third", first, session.ErrInvalid}, // not heard of
		{"third", second, nil},               // next
		{"second", third, nil},               // previous
	} {
		if _, err := newSealer(t, tc.opener, clk.Now).Open(value[tc.sealed]); !errors.Is(err, tc.want) {
			t.Errorf("sealed by %s, opened by %v: %v, want %v", tc.sealed, tc.opener, err, tc.want)
		}
	}
}

func TestRotationsAnIdleLimitApartSignNobodyOut(t *testing.T) {
	t.Parallel()
	clk, first := newClock(), newKeys(t, session.EdDSA)
	value, err := newSealer(t, first, clk.Now).Seal(teller())
	if err != nil {
		t.Fatal(err)
	}
	second := rotate(t, first, start)
	before := newSealer(t, second, clk.Now)
	clk.advance(time.Hour - time.Second) // the last moment of the cookie
	sess, err := before.Open(value)
	if err != nil || !before.NeedsRenewal(sess) {
		t.Fatalf("before the second rotation: Open() = %v, NeedsRenewal() = %t; want it renewed", err, before.NeedsRenewal(sess))
	}
	renewed, err := before.Seal(*sess)
	if err != nil {
		t.Fatal(err)
	}
	clk.advance(time.Second)
	if _, err := before.Open(value); !errors.Is(err, session.ErrExpired) {
		t.Errorf("the first cookie, were its key still there: Open() = %v, want ErrExpired", err)
	}
	after := newSealer(t, rotate(t, second, clk.Now()), clk.Now)
	if _, err := after.Open(renewed); err != nil {
		t.Errorf("the renewed cookie after the second rotation: Open() = %v", err)
	}
}

func TestSessionEndsByIdleAndAbsoluteLimit(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		age  time.Duration // of the sealed value
		want error
	}{
		{"just sealed", 0, nil},
		{"before the idle limit", time.Hour - time.Second, nil},
		{"at the idle limit", time.Hour, session.ErrExpired},
		{"long after", 1000 * time.Hour, session.ErrExpired},
		{"clock of the sealer ahead a little", -time.Minute, nil},
		{"from the future", -time.Minute - time.Second, session.ErrInvalid},
	} {
		clk := newClock()
		s := newSealer(t, newKeys(t, session.EdDSA), clk.Now)
		value := seal(t, s, teller())
		clk.advance(tc.age)
		if _, err := s.Open(value); !errors.Is(err, tc.want) {
			t.Errorf("%s: Open() = %v, want %v", tc.name, err, tc.want)
		}
	}
}

func TestRenewalNeverMovesTheAbsoluteEnd(t *testing.T) {
	t.Parallel()
	clk := newClock()
	s := newSealer(t, newKeys(t, session.EdDSA), clk.Now)
	sess := teller()
	value := seal(t, s, sess)
	for range 45 { // half an hour each: 22.5 of the 23 hours left
		clk.advance(30 * time.Minute)
		opened, err := s.Open(value)
		if err != nil {
			t.Fatal(err)
		}
		if !opened.ExpiresAt.Equal(sess.ExpiresAt) {
			t.Fatalf("expires at %v, want %v", opened.ExpiresAt, sess.ExpiresAt)
		}
		value = seal(t, s, *opened)
	}
	clk.advance(30 * time.Minute)
	if _, err := s.Open(value); !errors.Is(err, session.ErrExpired) {
		t.Errorf("at the absolute end: Open() = %v, want ErrExpired", err)
	}
}

func TestShorterLimitsTakeEffectOnCookiesGivenOut(t *testing.T) {
	t.Parallel()
	clk, keys := newClock(), newKeys(t, session.EdDSA)
	value := seal(t, newSealer(t, keys, clk.Now), teller()) // signed in an hour ago
	short, err := session.NewSealer(session.SealerConfig{
		Audience: audience, Idle: time.Minute, Absolute: time.Hour, Keys: keys, Now: clk.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := short.Open(value); !errors.Is(err, session.ErrExpired) {
		t.Errorf("Open() = %v, want ErrExpired", err)
	}
}

func TestNeedsRenewal(t *testing.T) {
	t.Parallel()
	clk, keys := newClock(), newKeys(t, session.EdDSA)
	s := newSealer(t, keys, clk.Now)
	sess, err := s.Open(seal(t, s, teller()))
	if err != nil {
		t.Fatal(err)
	}
	if s.NeedsRenewal(sess) {
		t.Error("just sealed: NeedsRenewal() = true")
	}
	clk.advance(time.Minute)
	if rotated := newSealer(t, rotate(t, keys, clk.Now()), clk.Now); !rotated.NeedsRenewal(sess) {
		t.Error("sealed with the previous key: NeedsRenewal() = false")
	}
	clk.advance(4 * time.Minute)
	if s.NeedsRenewal(sess) {
		t.Error("after five minutes: NeedsRenewal() = true")
	}
	clk.advance(time.Second)
	if !s.NeedsRenewal(sess) {
		t.Error("after more than five minutes: NeedsRenewal() = false")
	}
	if s.NeedsRenewal(nil) {
		t.Error("anonymous: NeedsRenewal() = true")
	}
}

func TestNewSealerRefuses(t *testing.T) {
	t.Parallel()
	keys := newKeys(t, session.EdDSA)
	for name, cfg := range map[string]session.SealerConfig{
		"no audience":         {Keys: keys},
		"no keys":             {Audience: audience},
		"empty keys":          {Audience: audience, Keys: &session.KeySet{}},
		"idle over absolute":  {Audience: audience, Keys: keys, Idle: 2 * time.Hour, Absolute: time.Hour},
		"negative":            {Audience: audience, Keys: keys, Idle: -time.Hour},
		"idle under a minute": {Audience: audience, Keys: keys, Idle: time.Second},
	} {
		if s, err := session.NewSealer(cfg); err == nil || s != nil {
			t.Errorf("%s: NewSealer() = %v, %v, want an error", name, s, err)
		}
	}
}

func TestNewIDIsNewEachTime(t *testing.T) {
	t.Parallel()
	a, b := session.NewID(), session.NewID()
	if a == b || len(a) != 26 || strings.ToLower(a) != a {
		t.Errorf("NewID() = %q, then %q", a, b)
	}
}

func TestCookieFormByTransport(t *testing.T) {
	t.Parallel()
	end := start.Add(time.Hour)
	for _, tc := range []struct {
		got  string
		want string
	}{
		{
			session.Cookie(session.OverTLS, "v", end).String(),
			"__Host-berth=v; Path=/; Expires=Wed, 04 Mar 2026 06:06:07 GMT; HttpOnly; Secure; SameSite=Lax",
		},
		{
			session.Cookie(session.OverPlainHTTP, "v", end).String(),
			"berth=v; Path=/; Expires=Wed, 04 Mar 2026 06:06:07 GMT; HttpOnly; SameSite=Lax",
		},
		{
			session.ClearCookie(session.OverTLS).String(),
			"__Host-berth=; Path=/; Expires=Thu, 01 Jan 1970 00:00:01 GMT; Max-Age=0; HttpOnly; Secure; SameSite=Lax",
		},
		{
			session.ClearCookie(session.OverPlainHTTP).String(),
			"berth=; Path=/; Expires=Thu, 01 Jan 1970 00:00:01 GMT; Max-Age=0; HttpOnly; SameSite=Lax",
		},
	} {
		if tc.got != tc.want {
			t.Errorf("Set-Cookie: %s\nwant        %s", tc.got, tc.want)
		}
	}
}
