package manifest

import (
	"fmt"
	"math"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// valueError is why a text is not a value of a type, without the text.
type valueError struct{ code, message, help string }

func (e *valueError) Error() string { return e.message }

// setScalar parses text into v, which is of a scalar type.
func setScalar(v reflect.Value, text string) *valueError {
	switch {
	case v.Type() == typeDuration:
		d, err := parseDuration(text)
		v.SetInt(int64(d))
		return err
	case v.Type() == typeSize:
		n, err := parseSize(text)
		v.SetInt(int64(n))
		return err
	case v.Kind() == reflect.String:
		v.SetString(text)
	case v.Kind() == reflect.Bool:
		if text != "true" && text != "false" {
			return &valueError{codeWrongType, "this is neither true nor false", "write true or false"}
		}
		v.SetBool(text == "true")
	case v.Kind() == reflect.Int:
		n, err := strconv.ParseInt(text, 10, 32)
		if err != nil {
			return &valueError{codeWrongType, "this is not a whole number", "write it in decimal digits"}
		}
		v.SetInt(n)
	case v.Kind() == reflect.Float64:
		n, err := strconv.ParseFloat(text, 64)
		if err != nil || !decimalText.MatchString(text) {
			return &valueError{codeWrongType, "this is not a number", `write it in decimal digits: "2" or "0.5"`}
		}
		v.SetFloat(n)
	default:
		panic(fmt.Sprintf("manifest: no scalar form of %s", v.Type()))
	}
	return nil
}

var decimalText = regexp.MustCompile(`^[0-9]{1,15}(\.[0-9]{1,15})?$`)

var durationText = regexp.MustCompile(`^(0|([0-9]+(\.[0-9]+)?(ms|s|m|h|d))+)$`)

// parseDuration reads "90s", "1h30m" or "7d".
func parseDuration(text string) (Duration, *valueError) {
	bad := &valueError{codeDuration, "this is not a duration", `write a number with its unit, ms, s, m, h or d: "30s", "1h30m"`}
	if text == "0" {
		return 0, nil // the one number that needs no unit
	}
	if !durationText.MatchString(text) || len(text) > 32 {
		return 0, bad
	}
	var days time.Duration
	if number, rest, ok := strings.Cut(text, "d"); ok {
		n, err := strconv.ParseInt(number, 10, 16)
		if err != nil {
			return 0, bad
		}
		if days, text = time.Duration(n)*24*time.Hour, rest; rest == "" {
			return Duration(days), nil
		}
	}
	d, err := time.ParseDuration(text)
	if err != nil || d > math.MaxInt64-days {
		return 0, bad
	}
	return Duration(days + d), nil
}

var sizeText = regexp.MustCompile(`^([0-9]{1,15})\s?([kKMGT]i?B|B)?$`)

// parseSize reads "512", "64KiB" or "10MB".
func parseSize(text string) (Size, *valueError) {
	bad := &valueError{codeSize, "this is not a size", `write a number with its unit, B, KiB, MiB or GiB: "10MiB"`}
	m := sizeText.FindStringSubmatch(text)
	if m == nil {
		return 0, bad
	}
	n, err := strconv.ParseInt(m[1], 10, 64)
	unit := sizeUnits[strings.ToUpper(m[2])]
	if err != nil || n > math.MaxInt64/unit {
		return 0, bad
	}
	return Size(n * unit), nil
}

var sizeUnits = map[string]int64{
	"": 1, "B": 1, "KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12,
	"KIB": 1 << 10, "MIB": 1 << 20, "GIB": 1 << 30, "TIB": 1 << 40,
}

// String returns d as a manifest writes it: "1h30m", "500ms", "0s".
func (d Duration) String() string {
	text := d.Std().String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// String returns s as a manifest writes it: "10MiB", "1500B".
func (s Size) String() string {
	for _, u := range []struct {
		name string
		size Size
	}{{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}} {
		if s >= u.size && s%u.size == 0 {
			return fmt.Sprintf("%d%s", s/u.size, u.name)
		}
	}
	if s == 0 {
		return "0"
	}
	return fmt.Sprintf("%dB", int64(s))
}

// inRange compares a number with the bounds of its field.
func inRange(v reflect.Value, t traits) *valueError {
	var less func(a, b reflect.Value) bool
	switch v.Kind() {
	case reflect.Int, reflect.Int64:
		less = func(a, b reflect.Value) bool { return a.Int() < b.Int() }
	case reflect.Float64:
		less = func(a, b reflect.Value) bool { return a.Float() < b.Float() }
	default:
		return nil
	}
	low, high := reflect.New(v.Type()).Elem(), reflect.New(v.Type()).Elem()
	if t.min != "" && setScalar(low, t.min) == nil && less(v, low) ||
		t.max != "" && setScalar(high, t.max) == nil && less(high, v) {
		return &valueError{codeOutOfRange, "this is out of range", "it must be " + bounds(t)}
	}
	return nil
}

func bounds(t traits) string {
	switch {
	case t.max == "":
		return "at least " + t.min
	case t.min == "":
		return "at most " + t.max
	}
	return "from " + t.min + " to " + t.max
}
