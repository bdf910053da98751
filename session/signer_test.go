package session_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/session"
)

// independently verifies a token with go-jose and the published key set, and
// returns its header and claims.
func independently(t *testing.T, jwks []byte, token string) (jose.Header, map[string]any) {
	t.Helper()
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(jwks, &set); err != nil {
		t.Fatalf("key set %s: %v", jwks, err)
	}
	jws, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.EdDSA, jose.ES256})
	if err != nil {
		t.Fatalf("parse %s: %v", token, err)
	}
	keys := set.Key(jws.Signatures[0].Header.KeyID)
	if len(keys) != 1 || !keys[0].IsPublic() || !keys[0].Valid() {
		t.Fatalf("keys of id %q = %v, want one valid public key", jws.Signatures[0].Header.KeyID, keys)
	}
	payload, err := jws.Verify(keys[0])
	if err != nil {
		t.Fatalf("verify: %v", err)
	}
	var claims map[string]any
	if err := json.Unmarshal(payload, &claims); err != nil {
		t.Fatal(err)
	}
	return jws.Signatures[0].Header, claims
}

func TestAnotherLibraryVerifiesOurAssertions(t *testing.T) {
	t.Parallel()
	for _, alg := range []session.Algorithm{session.EdDSA, session.ES256} {
		s := newSigner(t, newKeys(t, alg), newClock().Now)
		sess := teller()
		header, claims := independently(t, s.JWKS(), sign(t, s, &sess, "acme"))
		if header.Algorithm != string(alg) || header.ExtraHeaders["typ"] != "berth-assertion+jwt" {
			t.Errorf("header = %+v, want %s and berth-assertion+jwt", header, alg)
		}
		if jti, _ := claims["jti"].(string); len(jti) < 20 {
			t.Errorf("jti = %q, want a random one", jti)
		}
		delete(claims, "jti")
		now := float64(start.Unix())
		want := map[string]any{
			"iss": issuer, "aud": audience, "iat": now, "nbf": now, "exp": now + 120,
			"sub": "u-1", "sid": "s-1", "email": "xia@example.com", "name": "Xia <Lee> ✓",
			"amr": []any{"password"}, "auth_time": now - 3600, "tenant": "acme",
			"tenants": []any{
				map[string]any{"id": "acme", "name": "Acme Tools", "roles": []any{"manager", "teller"}, "plans": []any{"premium"}},
				map[string]any{"id": "bolt", "roles": []any{"customer"}},
			},
		}
		if diff := cmp.Diff(want, claims); diff != "" {
			t.Errorf("%s: claims differ (-want +got):\n%s", alg, diff)
		}
	}
}

func TestAnonymousAssertionNamesNobody(t *testing.T) {
	t.Parallel()
	s := newSigner(t, newKeys(t, session.EdDSA), newClock().Now)
	leftovers := teller()
	leftovers.User.ID = ""
	for _, sess := range []*session.Session{nil, {}, &leftovers} {
		_, claims := independently(t, s.JWKS(), sign(t, s, sess, "acme"))
		delete(claims, "jti")
		now := float64(start.Unix())
		want := map[string]any{
			"iss": issuer, "aud": audience, "iat": now, "nbf": now, "exp": now + 120,
			"anonymous": true, "tenant": "acme",
		}
		if diff := cmp.Diff(want, claims); diff != "" {
			t.Errorf("claims differ (-want +got):\n%s", diff)
		}
	}
}

func TestKeySetDocumentHasEveryKeyAndNoSecret(t *testing.T) {
	t.Parallel()
	for _, alg := range []session.Algorithm{session.EdDSA, session.ES256} {
		keys := rotate(t, newKeys(t, alg), start)
		document := newSigner(t, keys, time.Now).JWKS()
		var set struct {
			Keys []map[string]string `json:"keys"`
		}
		if err := json.Unmarshal(document, &set); err != nil {
			t.Fatal(err)
		}
		ids := map[string]bool{}
		for _, k := range set.Keys {
			ids[k["kid"]] = true
			if k["use"] != "sig" || k["alg"] != string(alg) || k["d"] != "" || k["k"] != "" {
				t.Errorf("%s: published key %v", alg, k)
			}
		}
		for _, k := range keys.Keys() {
			if ids[k.ID] != (k.Algorithm != session.XChaCha20) {
				t.Errorf("%s: %s %s key published: %v", alg, k.State, k.Algorithm, ids[k.ID])
			}
		}
		file, err := keys.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		for form := range printedForms(t, file) {
			if strings.Contains(string(document), form) {
				t.Errorf("%s: the document tells a secret", alg)
			}
		}
	}
}

func TestAssertionEndsNoLaterThanTheSession(t *testing.T) {
	t.Parallel()
	s := newSigner(t, newKeys(t, session.EdDSA), newClock().Now)
	sess := teller()
	sess.ExpiresAt = start.Add(30 * time.Second)
	_, expires, err := s.Sign(&sess, audience, "")
	if err != nil || !expires.Equal(sess.ExpiresAt) {
		t.Errorf("Sign() = until %v, %v; want until %v", expires, err, sess.ExpiresAt)
	}
	sess.ExpiresAt = start
	if _, _, err := s.Sign(&sess, audience, ""); !errors.Is(err, session.ErrExpired) {
		t.Errorf("Sign(over) = %v, want ErrExpired", err)
	}
	if _, _, err := s.Sign(&sess, "", ""); err == nil {
		t.Error("Sign(no audience) = nil, want an error")
	}
}

// crowded belongs to n tenants, t000 and on.
func crowded(n int, name string) *session.Session {
	sess := teller()
	sess.Memberships = nil
	for i := range n {
		sess.Memberships = append(sess.Memberships, session.Membership{
			Tenant: fmt.Sprintf("t%03d", i), TenantName: name, Roles: []string{"manager"},
		})
	}
	return &sess
}

func TestAssertionOfAManyTenantUserIsTruncated(t *testing.T) {
	t.Parallel()
	clk, keys := newClock(), newKeys(t, session.EdDSA)
	s := newSigner(t, keys, clk.Now)
	v := newVerifier(t, newKeyServer(t, s.JWKS()).URL, clk.Now)
	for _, tc := range []struct {
		name          string
		sess          *session.Session
		tenant        string
		min, max      int
		wantTruncated bool
	}{
		{"as many as allowed", crowded(50, "n"), "", 50, 50, false},
		{"one more", crowded(51, "n"), "", 50, 50, true},
		{"bound to the last of many", crowded(400, "n"), "t399", 50, 50, true},
		{"bound to a tenant of others", crowded(400, "n"), "nowhere", 50, 50, true},
		{"few with long names", crowded(40, strings.Repeat("n", 400)), "t039", 5, 20, true},
	} {
		token := sign(t, s, tc.sess, tc.tenant)
		if len(token) > 7<<10 {
			t.Errorf("%s: %d bytes of token", tc.name, len(token))
		}
		got, err := v.Verify(t.Context(), token)
		if err != nil {
			t.Fatalf("%s: %v", tc.name, err)
		}
		if n := len(got.Memberships); n < tc.min || n > tc.max || got.Truncated != tc.wantTruncated {
			t.Errorf("%s: %d memberships, truncated %v; want %d to %d, %v", tc.name, n, got.Truncated, tc.min, tc.max, tc.wantTruncated)
		}
		if want := tc.sess.In(tc.tenant) != nil; got.HasRole(tc.tenant, "manager") != want {
			t.Errorf("%s: role in the bound tenant = %v, want %v", tc.name, !want, want)
		}
	}
	huge := teller()
	huge.User.Name = strings.Repeat("n", 8000)
	if _, _, err := s.Sign(&huge, audience, ""); err == nil {
		t.Error("Sign(user larger than a header) = nil, want an error")
	}
}

func TestNewSignerRefuses(t *testing.T) {
	t.Parallel()
	keys := newKeys(t, session.EdDSA)
	for name, cfg := range map[string]session.SignerConfig{
		"no issuer":      {Keys: keys},
		"no keys":        {Issuer: issuer},
		"empty keys":     {Issuer: issuer, Keys: &session.KeySet{}},
		"long lifetime":  {Issuer: issuer, Keys: keys, Lifetime: time.Hour},
		"negative":       {Issuer: issuer, Keys: keys, Lifetime: -time.Second},
		"no memberships": {Issuer: issuer, Keys: keys, MaxMemberships: -1},
	} {
		if s, err := session.NewSigner(cfg); err == nil {
			t.Errorf("%s: NewSigner() = %v, want an error", name, s)
		}
	}
}
