package password_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/berth-project/berth/login/password"
	"github.com/berth-project/berth/secret"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// cheap costs keep the tests fast; the bounds are the same.
var cheap = password.Params{MemoryKiB: 64, Passes: 1, Lanes: 1}

func newHasher(t *testing.T, p password.Params) *password.Hasher {
	t.Helper()
	h, err := password.NewHasher(password.Config{Params: p})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func hash(t *testing.T, h *password.Hasher, pw string) secret.String {
	t.Helper()
	s, err := h.Hash(t.Context(), secret.New(pw))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func verify(t *testing.T, h *password.Hasher, pw string, hash secret.String) password.Outcome {
	t.Helper()
	o, err := h.Verify(t.Context(), secret.New(pw), hash)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestVerify(t *testing.T) {
	t.Parallel()
	h := newHasher(t, cheap)
	stored := hash(t, h, "correct horse")
	if other := hash(t, h, "correct horse"); other.Equal(stored) {
		t.Error("two hashes of one password are the same: no salt")
	}
	if o := verify(t, h, "correct horse", stored); !o.Match || o.Outdated {
		t.Errorf("the right password: %+v", o)
	}
	for _, wrong := range []string{"", "correct hors", "Correct horse", "correct horse ", strings.Repeat("x", 600)} {
		if o := verify(t, h, wrong, stored); o.Match {
			t.Errorf("%q matched", wrong)
		}
	}
}

func TestDefaultParamsAreStored(t *testing.T) {
	t.Parallel()
	h := newHasher(t, password.Params{})
	stored := hash(t, h, "correct horse").Reveal()
	if !strings.HasPrefix(stored, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("hash is %s", stored[:min(len(stored), 40)])
	}
}

func TestOldCostsStillMatchAndAreOutdated(t *testing.T) {
	t.Parallel()
	old := newHasher(t, password.Params{MemoryKiB: 128, Passes: 3, Lanes: 2})
	stored := hash(t, old, "correct horse")
	if o := verify(t, newHasher(t, cheap), "correct horse", stored); !o.Match || !o.Outdated {
		t.Errorf("a hash with other costs: %+v, want a match that is outdated", o)
	}
	if o := verify(t, newHasher(t, cheap), "wrong horse", stored); o.Match || o.Outdated {
		t.Errorf("a wrong password: %+v", o)
	}
}

func TestUnreadableHashMatchesNothing(t *testing.T) {
	t.Parallel()
	h := newHasher(t, cheap)
	good := hash(t, h, "pw").Reveal()
	for _, bad := range []string{
		"", "pw", "$2b$10$abcdefghijklmnopqrstuv", strings.Replace(good, "argon2id", "argon2i", 1), strings.Replace(good, "v=19", "v=16", 1),
		strings.Replace(good, "m=64", "m=064", 1), strings.Replace(good, "m=64", "m=4294967295", 1), strings.Replace(good, "t=1", "t=0", 1),
		strings.Replace(good, "t=1", "t=1000", 1), strings.Replace(good, "p=1", "p=255", 1), strings.Replace(good, "m=64,t=1", "t=1,m=64", 1),
		good + "$", good + "=", good[:len(good)-30], "x" + good, strings.Repeat("$", 300),
	} {
		if o := verify(t, h, "pw", secret.New(bad)); o.Match {
			t.Errorf("matched %q", bad)
		}
	}
	if o := verify(t, h, "pw", secret.New(good)); !o.Match {
		t.Error("the good one does not match: the table proves nothing")
	}
}

func TestCostsAreBounded(t *testing.T) {
	t.Parallel()
	for _, p := range []password.Params{
		{MemoryKiB: 1 << 20, Passes: 1, Lanes: 1},
		{MemoryKiB: 8, Passes: 1, Lanes: 1},
		{MemoryKiB: 64, Passes: 0, Lanes: 1},
		{MemoryKiB: 64, Passes: 17, Lanes: 1},
		{MemoryKiB: 64, Passes: 1, Lanes: 0},
		{MemoryKiB: 64, Passes: 1, Lanes: 16},
	} {
		if _, err := password.NewHasher(password.Config{Params: p}); err == nil {
			t.Errorf("NewHasher took %+v", p)
		}
	}
}

func TestPolicy(t *testing.T) {
	t.Parallel()
	var p password.Policy
	for _, good := range []string{"ten chars!", "tääääääääk", strings.Repeat("ab", 256)} {
		if err := p.Check(secret.New(good), "ann@example.com"); err != nil {
			t.Errorf("Check(%q) = %v", good, err)
		}
	}
	for _, bad := range []string{"", "nine char", "äääää1234", strings.Repeat("ab", 257), "ann.lee@example.com", "ANN.LEE@example.com", "aaaaaaaaaaaa", "bad\xffutf8 xx"} {
		var refused *password.PolicyError
		if err := p.Check(secret.New(bad), "ann.lee@example.com"); !errors.As(err, &refused) {
			t.Errorf("Check(%q) = %v, want *PolicyError", bad, err)
		} else if len(bad) > 9 && strings.Contains(err.Error(), bad) {
			t.Errorf("the error quotes the password: %v", err)
		}
	}
}

func ExampleHasher() {
	h, err := password.NewHasher(password.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	stored, _ := h.Hash(ctx, secret.New("correct horse battery"))
	right, _ := h.Verify(ctx, secret.New("correct horse battery"), stored)
	wrong, _ := h.Verify(ctx, secret.New("incorrect horse"), stored)
	fmt.Println(right.Match, wrong.Match, stored)
	// Output: true false [redacted]
}

func BenchmarkVerify(b *testing.B) {
	h, err := password.NewHasher(password.Config{})
	if err != nil {
		b.Fatal(err)
	}
	stored, err := h.Hash(b.Context(), secret.New("correct horse"))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := h.Verify(b.Context(), secret.New("correct horse"), stored); err != nil {
			b.Fatal(err)
		}
	}
}
