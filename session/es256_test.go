package session_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"slices"
	"testing"

	"github.com/berth-project/berth/session"
)

// es256Forger signs whatever it is asked to with the true current ES256 key.
type es256Forger struct {
	kid     string
	private *ecdsa.PrivateKey
}

func newES256Forger(tb testing.TB, keys *session.KeySet) es256Forger {
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
		scalar, err := base64.RawURLEncoding.DecodeString(k.Key)
		if err != nil {
			tb.Fatal(err)
		}
		private, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), scalar)
		if err != nil {
			tb.Fatal(err)
		}
		return es256Forger{k.ID, private}
	}
	tb.Fatal("no current signing key")
	return es256Forger{}
}

// input is the signed part of a token whose header names alg.
func (f es256Forger) input(tb testing.TB, alg string) string {
	header := `{"alg":"` + alg + `","kid":"` + f.kid + `","typ":"berth-assertion+jwt"}`
	return b64([]byte(header)) + "." + b64([]byte(goodClaims().json(tb)))
}

// sign returns r and s of 32 bytes each.
func (f es256Forger) sign(tb testing.TB, input string) []byte {
	tb.Helper()
	digest := sha256.Sum256([]byte(input))
	r, s, err := ecdsa.Sign(rand.Reader, f.private, digest[:])
	if err != nil {
		tb.Fatal(err)
	}
	return append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
}

func TestVerifierRefusesForgedES256Tokens(t *testing.T) {
	t.Parallel()
	clk, keys := newClock(), newKeys(t, session.ES256)
	s := newSigner(t, keys, clk.Now)
	f := newES256Forger(t, keys)
	stranger := newES256Forger(t, newKeys(t, session.ES256))
	good, swapped := f.input(t, "ES256"), f.input(t, "EdDSA")
	signature := f.sign(t, good)
	digest := sha256.Sum256([]byte(good))
	der, err := ecdsa.SignASN1(rand.Reader, f.private, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	none := f.input(t, "none")
	verifyAll(t, s, clk, []hostile{
		{"alg EdDSA under an ES256 key", swapped + "." + b64(f.sign(t, swapped)), session.ErrInvalidAssertion},
		{"alg none, signed", none + "." + b64(f.sign(t, none)), session.ErrInvalidAssertion},
		{"stranger's key under our id", good + "." + b64(stranger.sign(t, good)), session.ErrInvalidAssertion},
		{"signature in DER", good + "." + b64(der), session.ErrInvalidAssertion},
		{"r and s of zero", good + "." + b64(make([]byte, 64)), session.ErrInvalidAssertion},
		{"r alone", good + "." + b64(signature[:32]), session.ErrInvalidAssertion},
		{"a byte of signature", good + "." + b64(signature[:1]), session.ErrInvalidAssertion},
		{"a byte more", good + "." + b64(append(slices.Clone(signature), 0)), session.ErrInvalidAssertion},
		{"a zero before", good + "." + b64(append([]byte{0}, signature...)), session.ErrInvalidAssertion},
		{"a zero between", good + "." + b64(slices.Insert(slices.Clone(signature), 32, 0)), session.ErrInvalidAssertion},
		{"no signature", good + ".", session.ErrInvalidAssertion},
	})
	wantGood(t, s, clk, good+"."+b64(signature))
}
