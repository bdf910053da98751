package session

import (
	"bytes"
	"testing"
	"time"
)

// FuzzPayload looks behind the encryption: a payload that parses is the one
// and only encoding of its session.
func FuzzPayload(f *testing.F) {
	at := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	f.Add(appendPayload(nil, &Session{
		ID: "s", User: User{ID: "u", Email: "e", Name: "n"}, Method: "m", SignedInAt: at, SeenAt: at, ExpiresAt: at,
	}))
	f.Add([]byte{payloadFormat})
	f.Add([]byte{payloadFormat, 0xff, 0xff, 'a'})
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := parsePayload(data)
		if err != nil {
			return
		}
		if s.Anonymous() || s.ID == "" {
			t.Errorf("parsePayload(%x) = %+v", data, s)
		}
		if len(data) < maxOpenBytes && !bytes.Equal(appendPayload(nil, s), data) {
			t.Errorf("parsePayload(%x) = %+v, which encodes as %x", data, s, appendPayload(nil, s))
		}
	})
}

func TestPayloadOfOtherLengthIsRefused(t *testing.T) {
	t.Parallel()
	good := appendPayload(nil, &Session{ID: "s", User: User{ID: "u"}})
	if _, err := parsePayload(good); err != nil {
		t.Fatalf("parsePayload(whole) = %v", err)
	}
	for n := range good {
		if s, err := parsePayload(good[:n]); err == nil {
			t.Errorf("parsePayload(first %d bytes) = %+v", n, s)
		}
	}
	if s, err := parsePayload(append(good, 0)); err == nil {
		t.Errorf("parsePayload(with a byte more) = %+v", s)
	}
	later := bytes.Clone(good)
	later[0]++
	if s, err := parsePayload(later); err == nil {
		t.Errorf("parsePayload(other format) = %+v", s)
	}
}
