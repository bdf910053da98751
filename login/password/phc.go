package password

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/crypto/argon2"
)

// Bounds of what a stored hash may ask for. A hash comes from the directory,
// which is trusted, and yet one bad row must not take the machine's memory.
const (
	maxMemoryKiB = 256 * 1024
	maxPasses    = 16
	maxLanes     = 16
	maxPHC       = 256
)

var errPHC = errors.New("not an argon2id hash")

// phc is a hash in the PHC string format.
type phc struct {
	params    Params
	salt, key []byte
}

func (p Params) validate() error {
	switch {
	case p.MemoryKiB < 8*uint32(p.Lanes) || p.MemoryKiB < 64 || p.MemoryKiB > maxMemoryKiB: // RFC 9106 section 3.1
		return fmt.Errorf("memory must be 64 to %d KiB and at least 8 KiB a lane", maxMemoryKiB)
	case p.Passes < 1 || p.Passes > maxPasses:
		return fmt.Errorf("passes must be 1 to %d", maxPasses)
	case p.Lanes < 1 || p.Lanes > maxLanes:
		return fmt.Errorf("lanes must be 1 to %d", maxLanes)
	}
	return nil
}

// String returns the PHC form.
func (p phc) String() string {
	enc := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version,
		p.params.MemoryKiB, p.params.Passes, p.params.Lanes, enc.EncodeToString(p.salt), enc.EncodeToString(p.key))
}

func parsePHC(s string) (phc, error) {
	parts := strings.Split(s, "$")
	// The decoder below skips line ends, so they are refused here: one hash has
	// one form.
	if len(s) > maxPHC || strings.ContainsAny(s, "\r\n") || len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != "v="+strconv.Itoa(argon2.Version) {
		return phc{}, errPHC
	}
	costs := strings.Split(parts[3], ",")
	if len(costs) != 3 {
		return phc{}, errPHC
	}
	m, errM := cost(costs[0], "m=", 32)
	t, errT := cost(costs[1], "t=", 32)
	l, errL := cost(costs[2], "p=", 8)
	salt, errS := base64.RawStdEncoding.Strict().DecodeString(parts[4])
	key, errK := base64.RawStdEncoding.Strict().DecodeString(parts[5])
	if err := errors.Join(errM, errT, errL, errS, errK); err != nil {
		return phc{}, errPHC
	}
	p := phc{params: Params{MemoryKiB: uint32(m), Passes: uint32(t), Lanes: uint8(l)}, salt: salt, key: key}
	if len(salt) < 8 || len(salt) > 64 || len(key) < 16 || len(key) > 64 {
		return phc{}, errPHC
	}
	return p, p.params.validate()
}

// cost parses one "name=number" without sign or leading zero.
func cost(s, name string, bits int) (uint64, error) {
	digits, ok := strings.CutPrefix(s, name)
	if !ok || digits == "" || digits[0] == '0' || digits[0] == '+' {
		return 0, errPHC
	}
	return strconv.ParseUint(digits, 10, bits)
}
