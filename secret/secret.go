// Package secret is a string that cannot be printed by accident.
//
// A [String] holds a password, a key or any other value that must not reach a
// log, an error text, a template or a JSON document. Every way the standard
// library has of turning a value into text yields [Redacted] instead; the
// value itself is had only by calling [String.Reveal], which a reviewer can
// search for.
package secret

import (
	"crypto/subtle"
	"fmt"
	"io"
	"log/slog"
)

// Redacted is what every printed form of a non-empty [String] reads.
const Redacted = "[redacted]"

// String is a secret text. The zero value is an empty secret. Compare two with
// [String.Equal]: == is not about the text.
type String struct {
	// value is behind a pointer because fmt calls no methods on unexported
	// fields: of a String inside another package's struct it would print what
	// lies here.
	value *string
}

// New wraps value.
func New(value string) String { return String{&value} }

// Reveal returns the secret itself.
func (s String) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// IsZero reports whether the secret is empty.
func (s String) IsZero() bool { return s.Reveal() == "" }

// Equal compares two secrets in time that depends on their lengths only.
func (s String) Equal(other String) bool {
	return subtle.ConstantTimeCompare([]byte(s.Reveal()), []byte(other.Reveal())) == 1
}

// String implements [fmt.Stringer] without telling the value.
func (s String) String() string {
	if s.IsZero() {
		return ""
	}
	return Redacted
}

// Format implements [fmt.Formatter], so that no verb, %#v and %x included,
// reaches the value.
func (s String) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// LogValue implements [slog.LogValuer].
func (s String) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText implements [encoding.TextMarshaler]; encoding/json uses it too.
func (s String) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (s *String) UnmarshalText(b []byte) error {
	*s = New(string(b))
	return nil
}
