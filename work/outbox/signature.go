package outbox

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/berth-project/berth/secret"
)

// SignatureHeader is the header that signs a request of Berth:
//
//	Berth-Signature: t=1764000000,v1=5257a869e7…,v1=6ffbb59b…
//
// t is when it was signed, in seconds since 1970. Each v1 is the hexadecimal
// HMAC-SHA256 of t, ".", and the body, with one of the keys: while a key is
// being replaced there are two.
const SignatureHeader = "Berth-Signature"

// Tolerance is how old a signature may be for most receivers: within it a
// request that somebody recorded could be sent again, unless the receiver
// remembers event ids.
const Tolerance = 5 * time.Minute

// maxSignatures bounds how many signatures of a header are compared.
const maxSignatures = 8

var (
	// ErrSignature means that no signature of the header is one of the body with one of
	// the keys.
	ErrSignature = errors.New("signature does not match")
	// ErrExpired means that the signature is right, but too old, or from the
	// future.
	ErrExpired = errors.New("signature is not of this time")
	// ErrHeader means that the header cannot be understood.
	ErrHeader = errors.New(`signature header is malformed: want "t=SECONDS,v1=HEX"`)
)

// Sign returns the value of [SignatureHeader] for a body.
func Sign(body []byte, at time.Time, keys ...secret.String) string {
	seconds := strconv.FormatInt(at.Unix(), 10)
	var header strings.Builder
	header.WriteString("t=" + seconds)
	for _, key := range keys {
		header.WriteString(",v1=" + hex.EncodeToString(mac(key, seconds, body)))
	}
	return header.String()
}

func mac(key secret.String, seconds string, body []byte) []byte {
	h := hmac.New(sha256.New, []byte(key.Reveal()))
	h.Write([]byte(seconds + "."))
	h.Write(body)
	return h.Sum(nil)
}

// Verify checks the signature of a request that Berth sent. body is the body as
// it arrived, byte for byte; keys are those that are valid at present; now is
// the receiver's time and tolerance how far the signature's may be from it.
func Verify(header string, body []byte, keys []secret.String, now time.Time, tolerance time.Duration) error {
	seconds, signatures, err := parseSignature(header)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(keys, func(key secret.String) bool {
		if key.IsZero() {
			return false // anybody could sign with it
		}
		want := mac(key, strconv.FormatInt(seconds, 10), body)
		return slices.ContainsFunc(signatures, func(got []byte) bool { return hmac.Equal(got, want) })
	}) {
		return ErrSignature
	}
	if away := now.Sub(time.Unix(seconds, 0)).Abs(); away > tolerance {
		return fmt.Errorf("%w: %s away, and %s are tolerated", ErrExpired, away.Round(time.Second), tolerance)
	}
	return nil
}

// parseSignature reads a header. Parts that it does not know are for versions
// to come.
func parseSignature(header string) (seconds int64, signatures [][]byte, err error) {
	stamped := false
	for part := range strings.SplitSeq(header, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch name {
		case "t":
			n, err := strconv.ParseInt(value, 10, 64)
			if err != nil || stamped || strconv.FormatInt(n, 10) != value {
				return 0, nil, ErrHeader
			}
			seconds, stamped = n, true
		case "v1":
			sum, err := hex.DecodeString(value)
			if err != nil || len(sum) != sha256.Size || len(signatures) == maxSignatures {
				return 0, nil, ErrHeader
			}
			signatures = append(signatures, sum)
		}
	}
	if !stamped || len(signatures) == 0 {
		return 0, nil, ErrHeader
	}
	return seconds, signatures, nil
}
