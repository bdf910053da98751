package api

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/work/store/memory"
)

// identified is whom keys take the sender of a text for.
func identified(t *testing.T, k *Keys, text string) (*Caller, error) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
	r.Header.Set("Authorization", "Bearer "+text)
	return k.Identify(r)
}

func TestKeyIsWholeOrNone(t *testing.T) {
	t.Parallel()
	k := NewKeys(memory.New(func() store.Millis { return 1 }).Open(nil))
	good, _, err := k.Create(t.Context(), Caller{Name: "good", Admin: true}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	other, _, err := k.Create(t.Context(), Caller{Name: "other", Pools: []string{"p"}}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	if c, err := identified(t, k, good); err != nil || c.Name != "good" {
		t.Fatalf("Identify() = %+v, %v, want good", c, err)
	}
	_, secret, _ := strings.Cut(strings.TrimPrefix(other, keyPrefix), "_")
	for name, text := range map[string]string{
		"the id of one and the secret of another": good[:len(good)-len(secret)] + secret,
		"a secret that is cut":                    good[:len(good)-1],
		"a secret in capitals":                    good[:len(good)-len(secret)] + strings.ToUpper(good[len(good)-len(secret):]),
		"no secret":                               strings.TrimSuffix(good[:len(good)-len(secret)], "_"),
		"another beginning":                       "birth_" + strings.TrimPrefix(good, keyPrefix),
		"nothing":                                 "",
	} {
		if c, err := identified(t, k, text); !errors.Is(err, ErrUnknownCaller) {
			t.Errorf("%s: Identify() = %+v, %v, want ErrUnknownCaller", name, c, err)
		}
	}
}

// TestKeyRevokedElsewhereIsBelievedForSecondsOnly: other engines do not hear of
// it, and ask again.
func TestKeyRevokedElsewhereIsBelievedForSecondsOnly(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_750_000_000, 0)
	st := memory.New(func() store.Millis { return now.UnixMilli() }).Open(nil)
	here, elsewhere := NewKeys(st), NewKeys(st)
	here.now = func() time.Time { return now }
	text, key, err := elsewhere.Create(t.Context(), Caller{Name: "c", Admin: true}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := identified(t, here, text); err != nil {
		t.Fatal(err)
	}
	if err := elsewhere.Revoke(t.Context(), key.ID); err != nil {
		t.Fatal(err)
	}
	now = now.Add(keyMemory)
	if _, err := identified(t, here, text); !errors.Is(err, ErrUnknownCaller) {
		t.Errorf("after %v Identify() = %v, want ErrUnknownCaller", keyMemory, err)
	}
}
