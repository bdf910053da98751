package session_test

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/session"
)

func TestVerifierReturnsWhatWasSigned(t *testing.T) {
	t.Parallel()
	for _, alg := range []session.Algorithm{session.EdDSA, session.ES256} {
		clk := newClock()
		s := newSigner(t, newKeys(t, alg), clk.Now)
		v := newVerifier(t, newKeyServer(t, s.JWKS()).URL, clk.Now)
		want := teller()
		token := sign(t, s, &want, "acme")
		got, err := v.Verify(t.Context(), token)
		if err != nil {
			t.Fatal(err)
		}
		want.SeenAt, want.ExpiresAt, want.Tenant = start, start.Add(2*time.Minute), "acme"
		if diff := cmp.Diff(&want, got); diff != "" {
			t.Errorf("%s: session differs (-want +got):\n%s", alg, diff)
		}
		anonymous, err := v.Verify(t.Context(), sign(t, s, nil, "acme"))
		if err != nil || !anonymous.Anonymous() || anonymous.HasRole("acme") {
			t.Errorf("%s: anonymous: Verify() = %+v, %v", alg, anonymous, err)
		}
	}
}

// hostile is one token that must not verify.
type hostile struct {
	name  string
	token string
	want  error
}

func TestVerifierRefusesForgedTokens(t *testing.T) {
	t.Parallel()
	clk, keys := newClock(), newKeys(t, session.EdDSA)
	s := newSigner(t, keys, clk.Now)
	f := newForger(t, keys)
	stranger := newForger(t, newKeys(t, session.EdDSA))
	good := goodClaims().json(t)
	head := func(members string) string { return "{" + members + "}" }
	kid := `"kid":"` + f.kid + `"`
	typ := `"typ":"berth-assertion+jwt"`
	token := f.token(f.header(), good)
	signature := token[strings.LastIndexByte(token, '.')+1:]

	cases := []hostile{
		{"alg none, no signature", b64([]byte(head(`"alg":"none",`+kid+","+typ))) + "." + b64([]byte(good)) + ".", session.ErrInvalidAssertion},
		{"alg none, signature", f.token(head(`"alg":"none",`+kid+","+typ), good), session.ErrInvalidAssertion},
		{"alg HS256 keyed with the public key", hs256(f, head(`"alg":"HS256",`+kid+","+typ), good), session.ErrInvalidAssertion},
		{"alg ES256 under an EdDSA key", f.token(head(`"alg":"ES256",`+kid+","+typ), good), session.ErrInvalidAssertion},
		{"alg by another case", f.token(head(`"alg":"eddsa",`+kid+","+typ), good), session.ErrInvalidAssertion},
		{"no alg", f.token(head(kid+","+typ), good), session.ErrInvalidAssertion},
		{"two algs", f.token(head(`"alg":"none","alg":"EdDSA",`+kid+","+typ), good), session.ErrInvalidAssertion},
		{"two algs by case", f.token(head(`"Alg":"none","alg":"EdDSA",`+kid+","+typ), good), session.ErrInvalidAssertion},
		{"alg member by another case", f.token(head(`"ALG":"EdDSA",`+kid+","+typ), good), session.ErrInvalidAssertion},
		{"other type", f.token(head(`"alg":"EdDSA",`+kid+`,"typ":"JWT"`), good), session.ErrInvalidAssertion},
		{"no type", f.token(head(`"alg":"EdDSA",`+kid), good), session.ErrInvalidAssertion},
		{"key in the header", f.token(head(`"alg":"EdDSA",`+kid+","+typ+`,"jwk":{}`), good), session.ErrInvalidAssertion},
		{"key address in the header", f.token(head(`"alg":"EdDSA",`+kid+","+typ+`,"jku":"https://evil.example"`), good), session.ErrInvalidAssertion},
		{"critical extension", f.token(head(`"alg":"EdDSA",`+kid+","+typ+`,"crit":["b64"],"b64":false`), good), session.ErrInvalidAssertion},
		{"no key id", f.token(head(`"alg":"EdDSA",`+typ), good), session.ErrInvalidAssertion},
		{"path as key id", f.token(head(`"alg":"EdDSA","kid":"../../dev/null",`+typ), good), session.ErrInvalidAssertion},
		{"unknown key id", stranger.token(stranger.header(), good), session.ErrInvalidAssertion},
		{"stranger's key under our id", forger{f.kid, stranger.private}.token(f.header(), good), session.ErrInvalidAssertion},
		{"next key's id", f.token(strings.Replace(f.header(), f.kid, nextKeyID(keys), 1), good), session.ErrInvalidAssertion},
		{"signature of another payload", withPayload(token, goodClaims().with("sub", "u-2").json(t)), session.ErrInvalidAssertion},
		{"no signature", strings.TrimSuffix(token, signature), session.ErrInvalidAssertion},
		{"short signature", token[:len(token)-4], session.ErrInvalidAssertion},
		{"two parts", strings.TrimSuffix(token, "."+signature), session.ErrInvalidAssertion},
		{"four parts", token + "." + signature, session.ErrInvalidAssertion},
		{"padding", token + "==", session.ErrInvalidAssertion},
		{"line break", token[:20] + "\n" + token[20:], session.ErrInvalidAssertion},
		{"space before", " " + token, session.ErrInvalidAssertion},
		{"two tokens", token + ", " + token, session.ErrInvalidAssertion},
		{"scheme before", "Bearer " + token, session.ErrInvalidAssertion},
		{"oversize", f.token(f.header(), goodClaims().with("name", strings.Repeat("n", 16<<10)).json(t)), session.ErrInvalidAssertion},
		{"empty", "", session.ErrNoAssertion},
		{"header not JSON", f.token("x", good), session.ErrInvalidAssertion},
		{"header null", f.token("null", good), session.ErrInvalidAssertion},
	}
	verifyAll(t, s, clk, cases)
	wantGood(t, s, clk, token)
}

func TestVerifierRefusesWrongClaims(t *testing.T) {
	t.Parallel()
	clk, keys := newClock(), newKeys(t, session.EdDSA)
	s := newSigner(t, keys, clk.Now)
	f := newForger(t, keys)
	at := start.Unix()
	good := goodClaims().json(t)
	var cases []hostile
	add := func(name string, payload string, want error) {
		cases = append(cases, hostile{name, f.token(f.header(), payload), want})
	}
	for _, name := range []string{"iss", "aud", "iat", "nbf", "exp", "jti", "sub"} {
		add("no "+name, goodClaims().without(name).json(t), session.ErrInvalidAssertion)
		add("null "+name, goodClaims().with(name, nil).json(t), session.ErrInvalidAssertion)
	}
	add("other issuer", goodClaims().with("iss", "https://evil.example").json(t), session.ErrInvalidAssertion)
	add("issuer with a slash more", goodClaims().with("iss", issuer+"/").json(t), session.ErrInvalidAssertion)
	add("other audience", goodClaims().with("aud", "survey").json(t), session.ErrInvalidAssertion)
	add("list of audiences", goodClaims().with("aud", []string{"survey", audience}).json(t), session.ErrInvalidAssertion)
	add("expired", goodClaims().with("iat", at-60).with("nbf", at-60).with("exp", at-5).json(t), session.ErrExpiredAssertion)
	add("issued in the future", goodClaims().with("iat", at+6).json(t), session.ErrInvalidAssertion)
	add("valid in the future", goodClaims().with("nbf", at+6).json(t), session.ErrInvalidAssertion)
	add("expires before issued", goodClaims().with("exp", at-1).json(t), session.ErrInvalidAssertion)
	add("lives too long", goodClaims().with("exp", at+601).json(t), session.ErrInvalidAssertion)
	add("lives for ever", goodClaims().with("exp", int64(1)<<62).json(t), session.ErrInvalidAssertion)
	add("issued before time", goodClaims().with("iat", -(int64(1)<<62)).with("exp", int64(1)<<62).json(t), session.ErrInvalidAssertion)
	add("fraction of a second", goodClaims().with("exp", float64(at)+0.5).json(t), session.ErrInvalidAssertion)
	add("expiry as text", goodClaims().with("exp", "soon").json(t), session.ErrInvalidAssertion)
	add("expiry beyond numbers", strings.Replace(good, `"exp":`, `"exp":1e99,"was":`, 1), session.ErrInvalidAssertion)
	add("anonymous somebody", goodClaims().with("anonymous", true).json(t), session.ErrInvalidAssertion)
	add("anonymous with a session", goodClaims().without("sub").with("anonymous", true).json(t), session.ErrInvalidAssertion)
	add("subject twice", strings.Replace(good, `"sub":`, `"sub":"u-0","sub":`, 1), session.ErrInvalidAssertion)
	add("subject twice by case", strings.Replace(good, `"sub":`, `"SUB":"u-0","sub":`, 1), session.ErrInvalidAssertion)
	for _, name := range []string{"iss", "aud", "exp", "sub"} {
		add(name+" by another case", strings.Replace(good, `"`+name+`"`, `"`+strings.ToUpper(name)+`"`, 1), session.ErrInvalidAssertion)
	}
	add("subject by a long s", strings.Replace(good, `"sub"`, `"ſub"`, 1), session.ErrInvalidAssertion)
	add("roles by another case", strings.Replace(good, `"sub":`, `"tenants":[{"id":"acme","Roles":["manager"]}],"sub":`, 1), session.ErrInvalidAssertion)
	add("something after the claims", good+"{}", session.ErrInvalidAssertion)
	add("claims not an object", "[]", session.ErrInvalidAssertion)
	add("claims not UTF-8", strings.Replace(good, "u-1", "u-\xff", 1), session.ErrInvalidAssertion)
	add("nested too deeply", strings.Replace(good, `"sub":`, `"deep":`+strings.Repeat("[", 99)+strings.Repeat("]", 99)+`,"sub":`, 1),
		session.ErrInvalidAssertion)
	verifyAll(t, s, clk, cases)
	wantGood(t, s, clk, f.token(f.header(), good))
	wantGood(t, s, clk, f.token(f.header(), goodClaims().with("from_a_later_version", 1).json(t)))
	wantGood(t, s, clk, f.token(f.header(), goodClaims().with("iat", at+5).with("nbf", at+5).json(t)))
	wantGood(t, s, clk, f.token(f.header(), goodClaims().with("iat", at-60).with("nbf", at-60).with("exp", at-4).json(t)))
}

// verifyAll gives each token to a verifier of its own, so that none profits
// from the fetch of another.
func verifyAll(t *testing.T, s *session.Signer, clk *clock, cases []hostile) {
	t.Helper()
	server := newKeyServer(t, s.JWKS())
	for _, tc := range cases {
		got, err := newVerifier(t, server.URL, clk.Now).Verify(t.Context(), tc.token)
		if !errors.Is(err, tc.want) || got != nil {
			t.Errorf("%s: Verify() = %+v, %v; want %v", tc.name, got, err, tc.want)
		}
	}
}

// wantGood proves that the refused tokens beside it are refused for what was
// changed in them.
func wantGood(t *testing.T, s *session.Signer, clk *clock, token string) {
	t.Helper()
	if _, err := newVerifier(t, newKeyServer(t, s.JWKS()).URL, clk.Now).Verify(t.Context(), token); err != nil {
		t.Errorf("good token: Verify() = %v", err)
	}
}

func hs256(f forger, header, payload string) string {
	input := b64([]byte(header)) + "." + b64([]byte(payload))
	mac := hmac.New(sha256.New, f.private.Public().(ed25519.PublicKey))
	mac.Write([]byte(input))
	return input + "." + b64(mac.Sum(nil))
}

func withPayload(token, payload string) string {
	parts := strings.Split(token, ".")
	return parts[0] + "." + b64([]byte(payload)) + "." + parts[2]
}

func nextKeyID(keys *session.KeySet) string {
	for _, k := range keys.Keys() {
		if k.State == session.Next && k.Algorithm != session.XChaCha20 {
			return k.ID
		}
	}
	return ""
}

func TestVerifierRefusesAnyChangedByte(t *testing.T) {
	t.Parallel()
	for _, alg := range []session.Algorithm{session.EdDSA, session.ES256} {
		clk := newClock()
		s := newSigner(t, newKeys(t, alg), clk.Now)
		v := newVerifier(t, newKeyServer(t, s.JWKS()).URL, clk.Now)
		sess := teller()
		token := sign(t, s, &sess, "acme")
		for i := range len(token) {
			for _, c := range []byte{token[i] ^ 1, 'A', '.'} {
				if c == token[i] {
					continue
				}
				changed := token[:i] + string(rune(c)) + token[i+1:]
				if _, err := v.Verify(t.Context(), changed); !errors.Is(err, session.ErrInvalidAssertion) {
					t.Fatalf("%s: byte %d changed to %q: Verify() = %v, want ErrInvalidAssertion", alg, i, c, err)
				}
			}
		}
	}
}

func TestVerifierRefusesOtherSpellingsOfTheSameSignature(t *testing.T) {
	t.Parallel()
	clk := newClock()
	s := newSigner(t, newKeys(t, session.EdDSA), clk.Now)
	v := newVerifier(t, newKeyServer(t, s.JWKS()).URL, clk.Now)
	for _, other := range respelled(sign(t, s, nil, "")) {
		if _, err := v.Verify(t.Context(), other); !errors.Is(err, session.ErrInvalidAssertion) {
			t.Errorf("last character %q: Verify() = %v, want ErrInvalidAssertion", other[len(other)-1], err)
		}
	}
}

func TestVerifiedTokenStillExpires(t *testing.T) {
	t.Parallel()
	clk := newClock()
	s := newSigner(t, newKeys(t, session.EdDSA), clk.Now)
	server := newKeyServer(t, s.JWKS())
	v := newVerifier(t, server.URL, clk.Now)
	sess := teller()
	token := sign(t, s, &sess, "")
	first, err := v.Verify(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	clk.advance(2*time.Minute + 4*time.Second)
	if again, err := v.Verify(t.Context(), token); err != nil || again != first {
		t.Errorf("within the leeway: Verify() = %p, %v; want the same session, %p", again, err, first)
	}
	clk.advance(time.Second)
	if _, err := v.Verify(t.Context(), token); !errors.Is(err, session.ErrExpiredAssertion) {
		t.Errorf("past the leeway: Verify() = %v, want ErrExpiredAssertion", err)
	}
}

func TestVerifierSurvivesRotations(t *testing.T) {
	t.Parallel()
	clk := newClock()
	keys := newKeys(t, session.EdDSA)
	s := newSigner(t, keys, clk.Now)
	server := newKeyServer(t, s.JWKS())
	v := newVerifier(t, server.URL, clk.Now)
	sess := teller()
	before := sign(t, s, &sess, "")
	if _, err := v.Verify(t.Context(), before); err != nil {
		t.Fatal(err)
	}
	rotated := newSigner(t, rotate(t, keys, start), clk.Now)
	if _, err := v.Verify(t.Context(), sign(t, rotated, &sess, "")); err != nil {
		t.Errorf("signed with the key published as next: %v", err)
	}
	if n := server.fetches.Load(); n != 1 {
		t.Errorf("%d fetches, want 1: the next key was known", n)
	}
	server.publish(rotated.JWKS())
	if _, err := newVerifier(t, server.URL, clk.Now).Verify(t.Context(), before); err != nil {
		t.Errorf("signed with the previous key: %v", err)
	}
	server.publish(newSigner(t, rotate(t, rotate(t, keys, start), start), clk.Now).JWKS())
	if _, err := newVerifier(t, server.URL, clk.Now).Verify(t.Context(), before); !errors.Is(err, session.ErrInvalidAssertion) {
		t.Errorf("signed with a forgotten key: Verify() = %v, want ErrInvalidAssertion", err)
	}
}

func TestWithdrawnKeyEndsVerifiedTokens(t *testing.T) {
	t.Parallel()
	clk := newClock()
	s := newSigner(t, newKeys(t, session.EdDSA), clk.Now)
	server := newKeyServer(t, s.JWKS())
	v, err := session.NewVerifier(session.VerifierConfig{
		JWKSURL: server.URL, Issuer: issuer, Audience: audience, Now: clk.Now, MaxAge: 10 * time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	sess := teller()
	token := sign(t, s, &sess, "")
	if _, err := v.Verify(t.Context(), token); err != nil {
		t.Fatal(err)
	}
	server.publish(newSigner(t, newKeys(t, session.EdDSA), clk.Now).JWKS())
	clk.advance(10 * time.Second)
	if _, err := v.Verify(t.Context(), token); !errors.Is(err, session.ErrInvalidAssertion) {
		t.Errorf("key withdrawn: Verify() = %v, want ErrInvalidAssertion", err)
	}
}

func TestOtherKeysEmptyTheVerifiedCache(t *testing.T) {
	t.Parallel()
	clk := newClock()
	s := newSigner(t, newKeys(t, session.EdDSA), clk.Now)
	server := newKeyServer(t, s.JWKS())
	v := newVerifier(t, server.URL, clk.Now)
	withdrawn := sign(t, s, nil, "")
	if _, err := v.Verify(t.Context(), withdrawn); err != nil {
		t.Fatal(err)
	}
	replacement := newSigner(t, newKeys(t, session.EdDSA), clk.Now)
	server.publish(replacement.JWKS())
	clk.advance(10 * time.Second) // the cool-down; the old keys are not old yet
	stranger := newForger(t, newKeys(t, session.EdDSA))
	if _, err := v.Verify(t.Context(), stranger.token(stranger.header(), "{}")); !errors.Is(err, session.ErrInvalidAssertion) {
		t.Fatalf("Verify(unknown key) = %v, want ErrInvalidAssertion", err)
	}
	if _, err := v.Verify(t.Context(), withdrawn); !errors.Is(err, session.ErrInvalidAssertion) {
		t.Errorf("key withdrawn: Verify() = %v, want ErrInvalidAssertion", err)
	}
	token := sign(t, replacement, nil, "")
	first, err := v.Verify(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := v.Verify(t.Context(), token); err != nil || again != first {
		t.Errorf("under the new keys: Verify() = %p, %v; want the remembered %p", again, err, first)
	}
}

func TestVerifiedCacheForgetsTheOldest(t *testing.T) {
	t.Parallel()
	clk := newClock()
	s := newSigner(t, newKeys(t, session.EdDSA), clk.Now)
	v := newVerifier(t, newKeyServer(t, s.JWKS()).URL, clk.Now)
	sess := teller()
	verify := func(token string) *session.Session {
		t.Helper()
		got, err := v.Verify(t.Context(), token)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	token := sign(t, s, &sess, "")
	first := verify(token)
	if verify(token) != first {
		t.Error("verified again at once: another session")
	}
	for range 2 * 512 {
		verify(sign(t, s, nil, ""))
	}
	if verify(token) == first {
		t.Error("still remembered after 1024 other tokens")
	}
}

func TestConfigFromEnvironment(t *testing.T) {
	t.Parallel()
	env := map[string]string{"BERTH_JWKS_URL": "http://127.0.0.1:8080/.well-known/berth/jwks.json", "BERTH_ISSUER": issuer, "BERTH_AUDIENCE": audience}
	cfg, err := session.ConfigFromEnvironment(func(name string) string { return env[name] })
	if err != nil || cfg.JWKSURL != env["BERTH_JWKS_URL"] || cfg.Issuer != issuer || cfg.Audience != audience {
		t.Errorf("ConfigFromEnvironment() = %+v, %v", cfg, err)
	}
	if _, err := session.NewVerifier(cfg); err != nil {
		t.Errorf("NewVerifier() = %v", err)
	}
	delete(env, "BERTH_ISSUER")
	delete(env, "BERTH_AUDIENCE")
	_, err = session.ConfigFromEnvironment(func(name string) string { return env[name] })
	if err == nil || !strings.Contains(err.Error(), "BERTH_ISSUER, BERTH_AUDIENCE") {
		t.Errorf("ConfigFromEnvironment() = %v, want both missing names", err)
	}
}

func TestNewVerifierRefuses(t *testing.T) {
	t.Parallel()
	good := session.VerifierConfig{JWKSURL: "https://ledger.example.com/jwks", Issuer: issuer, Audience: audience}
	for name, change := range map[string]func(*session.VerifierConfig){
		"no issuer":                func(c *session.VerifierConfig) { c.Issuer = "" },
		"no audience":              func(c *session.VerifierConfig) { c.Audience = "" },
		"no address":               func(c *session.VerifierConfig) { c.JWKSURL = "" },
		"relative address":         func(c *session.VerifierConfig) { c.JWKSURL = "/jwks" },
		"file":                     func(c *session.VerifierConfig) { c.JWKSURL = "file:///etc/keys" },
		"credentials in it":        func(c *session.VerifierConfig) { c.JWKSURL = "https://u:p@ledger.example.com/jwks" },
		"plain http elsewhere":     func(c *session.VerifierConfig) { c.JWKSURL = "http://ledger.example.com/jwks" },
		"plain http, look-alike":   func(c *session.VerifierConfig) { c.JWKSURL = "http://127.0.0.1.evil.example/jwks" },
		"plain http, look-alike 2": func(c *session.VerifierConfig) { c.JWKSURL = "http://evillocalhost/jwks" },
		"leeway of an hour":        func(c *session.VerifierConfig) { c.Leeway = time.Hour },
		"negative leeway":          func(c *session.VerifierConfig) { c.Leeway = -1 },
		"negative age":             func(c *session.VerifierConfig) { c.MaxAge = -1 },
		"tiny cool-down":           func(c *session.VerifierConfig) { c.Cooldown = 1 },
	} {
		cfg := good
		change(&cfg)
		if _, err := session.NewVerifier(cfg); err == nil {
			t.Errorf("%s: NewVerifier() = nil, want an error", name)
		} else if strings.Contains(err.Error(), "u:p") {
			t.Errorf("%s: the error tells the password: %v", name, err)
		}
	}
	for _, url := range []string{"https://ledger.example.com/jwks", "http://localhost:1/", "http://[::1]/", "http://127.8.8.8/"} {
		cfg := good
		cfg.JWKSURL = url
		if _, err := session.NewVerifier(cfg); err != nil {
			t.Errorf("NewVerifier(%s) = %v", url, err)
		}
	}
}

func TestVerifierRefusesBadKeySetDocuments(t *testing.T) {
	t.Parallel()
	clk, keys := newClock(), newKeys(t, session.EdDSA)
	s := newSigner(t, keys, clk.Now)
	token := sign(t, s, nil, "")
	document := string(s.JWKS())
	var set struct{ Keys []json.RawMessage }
	if err := json.Unmarshal(s.JWKS(), &set); err != nil {
		t.Fatal(err)
	}
	one := string(set.Keys[0])
	for name, body := range map[string]string{
		"empty":              "",
		"page":               "<html>",
		"no keys":            `{"keys":[]}`,
		"another document":   `{}`,
		"cut off":            document[:len(document)-1],
		"one id twice":       `{"keys":[` + one + "," + one + `]}`,
		"private key":        strings.Replace(document, `"kty"`, `"d":"c2VjcmV0","kty"`, 1),
		"repeated member":    strings.Replace(document, `"kty"`, `"kty":"RSA","kty"`, 1),
		"short key":          strings.Replace(document, `"x":"`, `"x":"AAAA","was":"`, 1),
		"keys to encrypt":    strings.ReplaceAll(document, `"use":"sig"`, `"use":"enc"`),
		"symmetric keys":     `{"keys":[{"kty":"oct","kid":"a","k":"AAAA"}]}`,
		"not a curve point":  `{"keys":[{"kty":"EC","crv":"P-256","kid":"a","x":"` + strings.Repeat("A", 43) + `","y":"` + strings.Repeat("A", 43) + `"}]}`,
		"larger than 1 MiB":  document + strings.Repeat(" ", 1<<20),
		"key id with spaces": `{"keys":[` + strings.Replace(one, `"kid":"`, `"kid":" `, 1) + `]}`,
	} {
		v := newVerifier(t, newKeyServer(t, []byte(body)).URL, clk.Now)
		if _, err := v.Verify(t.Context(), token); !errors.Is(err, session.ErrKeysUnavailable) {
			t.Errorf("%s: Verify() = %v, want ErrKeysUnavailable", name, err)
		}
	}
	foreign := strings.Replace(document, `{"keys":[`, `{"keys":[{"kty":"RSA","kid":"r","n":"AQAB","e":"AQAB","x5t#S256":"x"},`, 1)
	if _, err := newVerifier(t, newKeyServer(t, []byte(foreign)).URL, clk.Now).Verify(t.Context(), token); err != nil {
		t.Errorf("a foreign key beside ours: Verify() = %v", err)
	}
}
