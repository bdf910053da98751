package workflow

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Duration is a length of time. In JSON it is a text such as "1m30s" or "7d12h",
// or a number of seconds; it is written as a text.
type Duration time.Duration

// MaxDuration is the longest a document may name: ten years.
const MaxDuration = Duration(10 * 365 * 24 * time.Hour)

var errDuration = errors.New(`no duration: write a text such as "250ms", "1m30s" or "7d", or a number of seconds`)

// ParseDuration reads the text form: that of [time.ParseDuration], and days
// of 24 hours before it.
func ParseDuration(text string) (Duration, error) {
	var days time.Duration
	rest := text
	if before, after, found := strings.Cut(text, "d"); found {
		n, err := strconv.ParseUint(before, 10, 16)
		if err != nil {
			return 0, fmt.Errorf("%.40q is %w", text, errDuration)
		}
		if days, rest = time.Duration(n)*24*time.Hour, after; rest == "" {
			return bounded(days)
		}
	}
	d, err := time.ParseDuration(rest)
	signed := strings.ContainsAny(text, "+-")
	if err != nil || signed || len(rest) < len(text) && (d >= 24*time.Hour || rest == "0") {
		return 0, fmt.Errorf("%.40q is %w", text, errDuration)
	}
	return bounded(days + d)
}

// parseSeconds reads the number form.
func parseSeconds(text string) (Duration, error) {
	s, err := strconv.ParseFloat(text, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return 0, fmt.Errorf("%.40s is %w", text, errDuration)
	}
	if math.Abs(s) > MaxDuration.Std().Seconds() {
		return 0, fmt.Errorf("%.40s is longer than the ten years allowed", text)
	}
	return bounded(time.Duration(math.Round(s * float64(time.Second))))
}

func bounded(d time.Duration) (Duration, error) {
	switch {
	case d < 0:
		return 0, fmt.Errorf("%s is negative", d)
	case Duration(d) > MaxDuration:
		return 0, fmt.Errorf("%s is longer than the ten years allowed", d)
	}
	return Duration(d), nil
}

// Std returns d as the standard library's type.
func (d Duration) Std() time.Duration { return time.Duration(d) }

// String returns the text form.
func (d Duration) String() string { return time.Duration(d).String() }

// MarshalJSON implements [json.Marshaler].
func (d Duration) MarshalJSON() ([]byte, error) { return json.Marshal(d.String()) }

// UnmarshalJSON implements [json.Unmarshaler].
func (d *Duration) UnmarshalJSON(data []byte) error {
	var text string
	var err error
	if json.Unmarshal(data, &text) == nil {
		*d, err = ParseDuration(text)
		return err
	}
	*d, err = parseSeconds(string(data))
	return err
}
