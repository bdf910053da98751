package http_test

import (
	"encoding/base64"
	"errors"
	"testing"
	"time"

	"github.com/berth-project/berth/secret"
	steps "github.com/berth-project/berth/work/http"
)

var ref = steps.Ref{Run: 1<<63 + 5, Step: "päckage/1", Item: -1, Fence: 7<<40 | 3}

func TestTokensAreForOneAttemptAndTime(t *testing.T) {
	t.Parallel()
	key, until := secret.New("0123456789abcdef"), time.Unix(1_764_000_000, 0)
	token := steps.SignToken(key, ref, until)
	if got, err := steps.VerifyToken([]secret.String{secret.New("another"), key}, token, until); err != nil || got != ref {
		t.Errorf("VerifyToken() = %+v, %v; want %+v", got, err, ref)
	}
	if _, err := steps.VerifyToken([]secret.String{key}, token, until.Add(time.Second)); !errors.Is(err, steps.ErrToken) {
		t.Errorf("VerifyToken() after its time = %v, want it refused", err)
	}
	if _, err := steps.VerifyToken([]secret.String{secret.New("another"), {}}, token, until); !errors.Is(err, steps.ErrToken) {
		t.Errorf("VerifyToken() with other keys = %v, want it refused", err)
	}
	if _, err := steps.VerifyToken([]secret.String{{}}, steps.SignToken(secret.String{}, ref, until), until); !errors.Is(err, steps.ErrToken) {
		t.Errorf("VerifyToken() with an empty key = %v, want it refused", err)
	}
	raw, _ := base64.RawURLEncoding.DecodeString(token)
	for i := range raw {
		changed := append([]byte(nil), raw...)
		changed[i] ^= 1
		if _, err := steps.VerifyToken([]secret.String{key}, base64.RawURLEncoding.EncodeToString(changed), until); !errors.Is(err, steps.ErrToken) {
			t.Errorf("VerifyToken() with byte %d changed = %v, want it refused", i, err)
		}
	}
}

func FuzzVerifyToken(f *testing.F) {
	key := secret.New("0123456789abcdef")
	good := steps.SignToken(key, ref, time.Unix(1_764_000_000, 0))
	f.Add(good)
	f.Add("")
	f.Fuzz(func(t *testing.T, token string) {
		if got, err := steps.VerifyToken([]secret.String{key}, token, time.Unix(0, 0)); err == nil && (token != good || got != ref) {
			t.Errorf("VerifyToken(%q) = %+v: nobody signed it", token, got)
		}
	})
}
