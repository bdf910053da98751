package password

import (
	"encoding/hex"
	"testing"

	"github.com/berth-project/berth/secret"
)

// TestReferenceVector checks our reading of the format against a hash that the
// reference implementation's own test suite contains (argon2id, version 19,
// t=2, m=256 KiB, p=1, password "password", salt "somesalt").
func TestReferenceVector(t *testing.T) {
	t.Parallel()
	p, err := parsePHC("$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4")
	if err != nil {
		t.Fatal(err)
	}
	if p.params != (Params{256, 2, 1}) || string(p.salt) != "somesalt" ||
		hex.EncodeToString(p.key) != "9dfeb910e80bad0311fee20f9c0e2b12c17987b4cac90c2ef54d5b3021c68bfe" {
		t.Errorf("parsePHC() = %+v", p)
	}
}

func FuzzParsePHC(f *testing.F) {
	f.Add("$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4")
	f.Add("$argon2id$v=19$m=256,t=2,p=1$$")
	f.Add("$argon2id$v=19$m=100,t=1,p=1$00000000000$000000000000000000000\n00")
	f.Fuzz(func(t *testing.T, s string) {
		p, err := parsePHC(s)
		if err != nil {
			return
		}
		if got := p.String(); got != s {
			t.Errorf("parsePHC(%q) writes back as %q", s, got)
		}
		if p.params.MemoryKiB > maxMemoryKiB || p.params.Passes > maxPasses || p.params.Lanes > maxLanes {
			t.Errorf("parsePHC(%q) took costs out of bounds: %+v", s, p.params)
		}
	})
}

func TestReferenceVectorVerifies(t *testing.T) {
	t.Parallel()
	h, err := NewHasher(Config{Params: Params{MemoryKiB: 64, Passes: 1, Lanes: 1}})
	if err != nil {
		t.Fatal(err)
	}
	o, err := h.Verify(t.Context(), secret.New("password"), secret.New("$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"))
	if err != nil || !o.Match || !o.Outdated {
		t.Errorf("Verify() = %+v, %v", o, err)
	}
}
