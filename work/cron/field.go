package cron

import (
	"fmt"
	"math/bits"
	"strconv"
	"strings"
)

// set is a set of numbers from 0 to 63.
type set uint64

func (s set) has(n int) bool { return s&(1<<n) != 0 }

// next returns the smallest member that is at least n.
func (s set) next(n int) (int, bool) {
	if n > 63 || s>>n == 0 {
		return 0, false
	}
	return n + bits.TrailingZeros64(uint64(s>>n)), true
}

// previous returns the largest member that is at most n.
func (s set) previous(n int) (int, bool) {
	if n < 0 {
		return 0, false
	}
	if s &= 2<<n - 1; s == 0 {
		return 0, false
	}
	return s.last(), true
}

func (s set) first() int { return bits.TrailingZeros64(uint64(s)) }
func (s set) last() int  { return 63 - bits.LeadingZeros64(uint64(s)) }

func (s set) members() []int {
	var all []int
	for n, ok := s.next(0); ok; n, ok = s.next(n + 1) {
		all = append(all, n)
	}
	return all
}

// through is the set of the numbers low, low+step, … up to high.
func through(low, high, step int) set {
	var s set
	for n := low; n <= high; n += step {
		s |= 1 << n
	}
	return s
}

// field is one of the fields of an expression.
type field struct {
	name      string
	low, high int
	names     []string // of low, low+1, …
	wraps     bool     // high+1 is low: 7 is Sunday too
}

// parse reads a list of numbers, ranges and steps.
func (f field) parse(text string) (set, error) {
	var all set
	for item := range strings.SplitSeq(text, ",") {
		s, err := f.item(item)
		if err != nil {
			return 0, err
		}
		all |= s
	}
	return all, nil
}

func (f field) item(text string) (set, error) {
	span, stepText, stepped := strings.Cut(text, "/")
	step := 1
	if stepped {
		var err error
		if step, err = f.step(stepText); err != nil {
			return 0, err
		}
	}
	low, high, err := f.span(span, stepped)
	if err != nil {
		return 0, err
	}
	s := through(low, high, step)
	if f.wraps && s.has(f.high+1) {
		s = s&^(1<<(f.high+1)) | 1<<f.low
	}
	return s, nil
}

func (f field) step(text string) (int, error) {
	n, err := strconv.ParseUint(text, 10, 8)
	switch {
	case err != nil || n == 0:
		return 0, fmt.Errorf("%s: %q is no step: write a number from 1 to %d behind the /", f.name, text, f.high)
	case int(n) > f.high-f.low:
		return 0, fmt.Errorf("%s: a step of %d leaves the field, which ends at %d, with its first value alone", f.name, n, f.high)
	}
	return int(n), nil
}

// span reads *, n or low-high. A step behind a single number goes on to the
// end of the field.
func (f field) span(text string, stepped bool) (low, high int, err error) {
	if text == "*" || text == "?" {
		return f.low, f.high, nil
	}
	first, last, isRange := strings.Cut(text, "-")
	if low, err = f.number(first); err != nil {
		return 0, 0, err
	}
	if !isRange {
		if stepped {
			return low, f.high, nil
		}
		return low, low, nil
	}
	if high, err = f.number(last); err != nil {
		return 0, 0, err
	}
	if f.wraps && low > high {
		// Sunday ends a week as well as it begins one.
		switch {
		case high == f.low:
			high = f.high + 1
		case low == f.high+1:
			low = f.low
		}
	}
	if low > high {
		return 0, 0, fmt.Errorf("%s: %s runs backwards: write it as two ranges, %s-%d,%d-%s", f.name, text, first, f.high, f.low, last)
	}
	return low, high, nil
}

func (f field) number(text string) (int, error) {
	for i, name := range f.names {
		if strings.EqualFold(text, name) {
			return f.low + i, nil
		}
	}
	n, err := strconv.ParseUint(text, 10, 16)
	high := f.high
	if f.wraps {
		high++
	}
	if err != nil || int(n) < f.low || int(n) > high {
		return 0, fmt.Errorf("%s: %q is not allowed: write %s", f.name, text, f.wanted())
	}
	return int(n), nil
}

func (f field) wanted() string {
	text := fmt.Sprintf("numbers from %d to %d", f.low, f.high)
	if len(f.names) > 0 {
		text += fmt.Sprintf(" or names from %s to %s", f.names[0], f.names[len(f.names)-1])
	}
	return text
}
