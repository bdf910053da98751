package session

import (
	"encoding/binary"
	"errors"
	"time"
)

// payloadFormat is the first byte of a sealed payload. Five texts follow
// (session id, user id, email, name, method), each with its length in two
// bytes, and three times in seconds since 1970 (signed in, seen, expires),
// eight bytes each; all big-endian. One session has exactly one encoding.
const payloadFormat = 1

var errPayload = errors.New("malformed payload")

func appendPayload(b []byte, s *Session) []byte {
	b = append(b, payloadFormat)
	for _, text := range [...]string{s.ID, s.User.ID, s.User.Email, s.User.Name, s.Method} {
		// A longer text makes the cookie too long, and Seal refuses it.
		text = text[:min(len(text), maxOpenBytes)]
		b = binary.BigEndian.AppendUint16(b, uint16(len(text)))
		b = append(b, text...)
	}
	for _, t := range [...]time.Time{s.SignedInAt, s.SeenAt, s.ExpiresAt} {
		b = binary.BigEndian.AppendUint64(b, uint64(t.Unix()))
	}
	return b
}

func parsePayload(b []byte) (*Session, error) {
	if len(b) == 0 || b[0] != payloadFormat {
		return nil, errPayload
	}
	s := &Session{}
	b = b[1:]
	for _, text := range [...]*string{&s.ID, &s.User.ID, &s.User.Email, &s.User.Name, &s.Method} {
		if len(b) < 2 || len(b)-2 < int(binary.BigEndian.Uint16(b)) {
			return nil, errPayload
		}
		n := int(binary.BigEndian.Uint16(b))
		*text, b = string(b[2:2+n]), b[2+n:]
	}
	for _, t := range [...]*time.Time{&s.SignedInAt, &s.SeenAt, &s.ExpiresAt} {
		if len(b) < 8 {
			return nil, errPayload
		}
		*t, b = time.Unix(int64(binary.BigEndian.Uint64(b)), 0).UTC(), b[8:]
	}
	if len(b) != 0 || s.ID == "" || s.User.ID == "" {
		return nil, errPayload
	}
	return s, nil
}
