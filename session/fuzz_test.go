package session_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/berth-project/berth/session"
)

func FuzzOpen(f *testing.F) {
	clk := newClock()
	keys := newKeys(f, session.EdDSA)
	s := newSealer(f, keys, clk.Now)
	good := map[string]bool{}
	for _, k := range keys.Keys() {
		f.Add("v1." + k.ID + "." + strings.Repeat("A", 100))
	}
	value := seal(f, s, teller())
	good[value] = true
	f.Add(value)
	f.Add(value[:len(value)-1])
	f.Add("v1..")
	f.Add("")
	f.Fuzz(func(t *testing.T, value string) {
		sess, err := s.Open(value)
		switch {
		case good[value]:
			if err != nil {
				t.Errorf("Open(sealed value) = %v", err)
			}
		case err == nil:
			t.Errorf("Open(%q) = %+v, nobody sealed that", value, sess)
		case !errors.Is(err, session.ErrInvalid):
			t.Errorf("Open(%q) = %v, want ErrInvalid", value, err)
		}
	})
}

// FuzzVerify signs whatever it is given and compares what we accept with what
// another library makes of it.
func FuzzVerify(f *testing.F) {
	clk := newClock()
	keys := newKeys(f, session.EdDSA)
	signer := newSigner(f, keys, clk.Now)
	forge := newForger(f, keys)
	tr := &transport{document: signer.JWKS()}
	v, err := session.NewVerifier(session.VerifierConfig{
		JWKSURL: "https://gateway.example/jwks", Issuer: issuer, Audience: audience,
		Client: &http.Client{Transport: tr}, Now: clk.Now,
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(forge.header(), goodClaims().json(f))
	f.Add(forge.header(), goodClaims().with("tenants", []any{map[string]any{"id": "a", "roles": []string{"r"}}}).json(f))
	f.Add(forge.header(), goodClaims().without("sub").without("sid").with("anonymous", true).json(f))
	f.Add(forge.header(), strings.Replace(goodClaims().json(f), `"sub"`, `"Sub"`, 1))
	f.Add(`{"alg":"none"}`, `{"sub":"u","sub":"v"}`)
	f.Fuzz(func(t *testing.T, header, payload string) {
		token := forge.token(header, payload)
		got, err := v.Verify(t.Context(), token)
		if err != nil {
			if !errors.Is(err, session.ErrInvalidAssertion) && !errors.Is(err, session.ErrExpiredAssertion) {
				t.Errorf("Verify(%q, %q) = %v", header, payload, err)
			}
			return
		}
		jws, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.EdDSA})
		if err != nil {
			t.Fatalf("Verify(%q, %q) accepts, the other library: %v", header, payload, err)
		}
		theirs, err := jws.Verify(forge.private.Public())
		if err != nil {
			t.Fatalf("Verify(%q, %q) accepts, the other library: %v", header, payload, err)
		}
		var claims map[string]any
		if err := json.Unmarshal(theirs, &claims); err != nil {
			t.Fatal(err)
		}
		if sub, _ := claims["sub"].(string); claims["aud"] != audience || claims["iss"] != issuer || sub != got.User.ID {
			t.Errorf("Verify(%q, %q) = %+v, the other library reads %v", header, payload, got, claims)
		}
	})
}

func FuzzParseKeySet(f *testing.F) {
	for _, alg := range []session.Algorithm{session.EdDSA, session.ES256} {
		data, err := newKeys(f, alg).Marshal()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
		f.Add(bytes.Replace(data, []byte(`"current"`), []byte(`"previous"`), 1))
	}
	f.Add([]byte(`{"version":1}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		keys, err := session.ParseKeySet(data)
		if err != nil {
			return
		}
		again, err := keys.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		second, err := session.ParseKeySet(again)
		if err != nil || second.Fingerprint() != keys.Fingerprint() {
			t.Errorf("what was parsed does not parse again: %v", err)
		}
		newSealer(t, keys, newClock().Now)
		newSigner(t, keys, newClock().Now)
		rotate(t, keys, start)
	})
}
