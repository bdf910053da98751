// Package with reads what the executors share of the "with" of steps.
package with

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/berth-project/berth/internal/jsonstrict"
)

// Decode decodes a "with", one JSON value, without unknown keys; nothing is {}.
func Decode(data json.RawMessage, into any) error {
	if len(data) == 0 {
		data = json.RawMessage("{}")
	}
	return jsonstrict.Decode(data, into)
}

// Value is a text, or the name of a secret. In JSON it is a text, or
// {"secret": "name"}, or that with a "prefix" before the secret: "Bearer ".
type Value struct {
	Text   string
	Secret string
	Prefix string
}

type secretValue struct {
	Secret string `json:"secret"`
	Prefix string `json:"prefix,omitempty"`
}

// UnmarshalJSON implements [json.Unmarshaler].
func (v *Value) UnmarshalJSON(data []byte) error {
	*v = Value{}
	if json.Unmarshal(data, &v.Text) == nil {
		return nil
	}
	var ref secretValue
	if err := Decode(data, &ref); err != nil || ref.Secret == "" {
		return fmt.Errorf(`value %.40s: want a text, or {"secret": "name"}`, data)
	}
	v.Secret, v.Prefix = ref.Secret, ref.Prefix
	return nil
}

// MarshalJSON implements [json.Marshaler].
func (v Value) MarshalJSON() ([]byte, error) {
	if v.Secret == "" {
		return json.Marshal(v.Text)
	}
	return json.Marshal(secretValue{v.Secret, v.Prefix})
}

// Size is a number of bytes. In JSON it is a number, or a text with a unit:
// "512KiB", "64MiB", "2GiB", "10MB".
type Size int64

// units in the order of their lookup: a later one is the end of an earlier.
var units = []struct {
	name  string
	bytes int64
}{
	{"KiB", 1 << 10},
	{"MiB", 1 << 20},
	{"GiB", 1 << 30},
	{"TiB", 1 << 40},
	{"kB", 1e3},
	{"MB", 1e6},
	{"GB", 1e9},
	{"TB", 1e12},
	{"B", 1},
	{"", 1},
}

// ParseSize reads the text form.
func ParseSize(text string) (Size, error) {
	for _, u := range units {
		digits, ok := strings.CutSuffix(text, u.name)
		if !ok {
			continue
		}
		n, err := strconv.ParseUint(digits, 10, 63)
		if err != nil || int64(n) > (1<<62)/u.bytes {
			break
		}
		return Size(int64(n) * u.bytes), nil
	}
	return 0, fmt.Errorf(`%.40q is not a size: write a number of bytes, or a text such as "64MiB"`, text)
}

// String returns the text form in the largest unit without a fraction.
func (s Size) String() string {
	best := units[len(units)-2]
	for _, u := range units[:4] {
		if s > 0 && int64(s)%u.bytes == 0 {
			best = u
		}
	}
	return strconv.FormatInt(int64(s)/best.bytes, 10) + best.name
}

// MarshalJSON implements [json.Marshaler].
func (s Size) MarshalJSON() ([]byte, error) { return json.Marshal(s.String()) }

// UnmarshalJSON implements [json.Unmarshaler].
func (s *Size) UnmarshalJSON(data []byte) error {
	text := string(data)
	if len(data) > 0 && data[0] == '"' {
		if err := json.Unmarshal(data, &text); err != nil {
			return err
		}
	}
	parsed, err := ParseSize(text)
	if err != nil {
		return err
	}
	*s = parsed
	return nil
}

// Result returns the JSON of what a program gave as its result; nothing is null.
func Result(data []byte) (json.RawMessage, error) {
	data = bytes.TrimSpace(data)
	if len(data) == 0 {
		return json.RawMessage("null"), nil
	}
	if !json.Valid(data) {
		return nil, fmt.Errorf("it begins %.60q, which is not JSON", data)
	}
	return data, nil
}
