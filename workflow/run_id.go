package workflow

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// RunID names a run. It is ordered by time and fits a signed 64-bit integer:
// 41 bits of milliseconds since [RunEpoch], 10 bits of the node that made it and
// 12 bits that tell those of one millisecond apart.
//
// Its text is "r" and 13 digits of Crockford's base32 in lower case, so that
// texts sort as the numbers do: "r00hq4t9v5a001". 0 is no run.
type RunID uint64

// RunEpoch is the time of the first run id, in milliseconds since 1970: the
// beginning of 2024.
const RunEpoch = 1_704_067_200_000

// The bits of a [RunID] below its time.
const (
	nodeBits = 10
	seqBits  = 12
	// MaxNode and MaxSeq are the largest node and sequence number of an id.
	MaxNode = 1<<nodeBits - 1
	MaxSeq  = 1<<seqBits - 1
	maxTime = 1<<41 - 1
)

// MakeRunID returns the id of a time, in milliseconds since 1970, a node and a
// sequence number; what does not fit is cut to the nearest that does.
func MakeRunID(millis int64, node, seq int) RunID {
	at := min(max(millis-RunEpoch, 0), maxTime)
	node = min(max(node, 0), MaxNode)
	seq = min(max(seq, 0), MaxSeq)
	return RunID(at)<<(nodeBits+seqBits) | RunID(node)<<seqBits | RunID(seq)
}

// Millis returns when the id was made, in milliseconds since 1970.
func (id RunID) Millis() int64 { return int64(id>>(nodeBits+seqBits)) + RunEpoch }

// Time returns when the id was made.
func (id RunID) Time() time.Time { return time.UnixMilli(id.Millis()).UTC() }

// Node returns the node that made the id.
func (id RunID) Node() int { return int(id>>seqBits) & MaxNode }

// Seq returns the number that tells ids of one millisecond apart.
func (id RunID) Seq() int { return int(id) & MaxSeq }

const (
	runIDDigits = 13
	crockford   = "0123456789abcdefghjkmnpqrstvwxyz"
)

var errRunID = errors.New(`not a run id: "r" and 13 digits or letters, without i, l, o and u`)

// String returns the text form.
func (id RunID) String() string {
	text, _ := id.AppendText(make([]byte, 0, 1+runIDDigits))
	return string(text)
}

// AppendText implements [encoding.TextAppender].
func (id RunID) AppendText(b []byte) ([]byte, error) {
	b = append(b, 'r')
	for shift := 5 * (runIDDigits - 1); shift >= 0; shift -= 5 {
		b = append(b, crockford[id>>shift&31])
	}
	return b, nil
}

// MarshalText implements [encoding.TextMarshaler].
func (id RunID) MarshalText() ([]byte, error) { return id.AppendText(nil) }

// ParseRunID reads the text form, in upper or lower case.
func ParseRunID(text string) (RunID, error) {
	if len(text) != 1+runIDDigits || text[0]|0x20 != 'r' {
		return 0, fmt.Errorf("%.40q is %w", text, errRunID)
	}
	var id RunID
	for i := 1; i < len(text); i++ {
		v := digit(text[i])
		if v < 0 || i == 1 && v > 15 { // 13 digits hold 65 bits
			return 0, fmt.Errorf("%.40q is %w", text, errRunID)
		}
		id = id<<5 | RunID(v)
	}
	return id, nil
}

// digit returns the value of a base32 digit, -1 for anything else.
func digit(c byte) int {
	if 'A' <= c && c <= 'Z' {
		c |= 0x20
	}
	for v := range len(crockford) {
		if crockford[v] == c {
			return v
		}
	}
	return -1
}

// UnmarshalText implements [encoding.TextUnmarshaler].
func (id *RunID) UnmarshalText(text []byte) error {
	parsed, err := ParseRunID(string(text))
	if err != nil {
		return err
	}
	*id = parsed
	return nil
}

// UnmarshalJSON implements [json.Unmarshaler]: the text form only, as a number of
// 64 bits does not survive JavaScript.
func (id *RunID) UnmarshalJSON(data []byte) error {
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return fmt.Errorf("%.40s is %w", data, errRunID)
	}
	return id.UnmarshalText([]byte(text))
}
