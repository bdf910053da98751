package http

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"slices"
	"time"

	"github.com/berth-project/berth/secret"
	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

// Ref names the attempt that a token is for.
type Ref struct {
	Run   workflow.RunID
	Step  string
	Item  int // -1 for a step without for-each
	Fence machine.Fence
}

// RefOf returns the attempt of a task.
func RefOf(task work.Task) Ref { return Ref{task.Run, task.Step, task.Item, task.Fence} }

// ErrToken is for a token that Berth did not give, or whose time is over.
var ErrToken = errors.New("callback token is not valid")

const (
	tokenVersion = 1
	tokenHeader  = 1 + 8 + 8 + 8 + 8 // version, run, fence, item, expiry; the step's name follows
	maxToken     = 512
)

// SignToken returns a token that lets its holder complete one attempt, until a
// time. It is 64 to 400 letters, digits, "-" and "_".
func SignToken(key secret.String, ref Ref, until time.Time) string {
	body := []byte{tokenVersion}
	body = binary.BigEndian.AppendUint64(body, uint64(ref.Run))
	body = binary.BigEndian.AppendUint64(body, uint64(ref.Fence))
	body = binary.BigEndian.AppendUint64(body, uint64(ref.Item))
	body = binary.BigEndian.AppendUint64(body, uint64(until.Unix()))
	body = append(body, ref.Step...)
	return base64.RawURLEncoding.EncodeToString(append(body, tokenMAC(key, body)...))
}

// tokenMAC is the end of a token; the prefix keeps the key from signing
// anything else by the same bytes.
func tokenMAC(key secret.String, body []byte) []byte {
	h := hmac.New(sha256.New, []byte(key.Reveal()))
	h.Write([]byte("berth callback token\x00"))
	h.Write(body)
	return h.Sum(nil)
}

// VerifyToken returns the attempt that a token is for, or [ErrToken]. While a
// key is being replaced there are two. Whether the attempt still has its lease
// is the engine's to say.
func VerifyToken(keys []secret.String, token string, now time.Time) (Ref, error) {
	if len(token) > maxToken {
		return Ref{}, ErrToken
	}
	data, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(data) < tokenHeader+sha256.Size || data[0] != tokenVersion {
		return Ref{}, ErrToken
	}
	body, sum := data[:len(data)-sha256.Size], data[len(data)-sha256.Size:]
	if !slices.ContainsFunc(keys, func(key secret.String) bool {
		return !key.IsZero() && hmac.Equal(sum, tokenMAC(key, body))
	}) {
		return Ref{}, ErrToken
	}
	number := func(i int) uint64 { return binary.BigEndian.Uint64(body[1+8*i:]) }
	if now.Unix() > int64(number(3)) {
		return Ref{}, ErrToken
	}
	return Ref{
		Run: workflow.RunID(number(0)), Fence: machine.Fence(number(1)), Item: int(int64(number(2))),
		Step: string(body[tokenHeader:]),
	}, nil
}
