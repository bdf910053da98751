package space

import (
	"encoding/base64"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/berth-project/berth/iam"
)

// samples returns values of a key that between them fall on, between and beside
// all the bounds that typed conditions draw, and one that is not of the type.
func samples(family iam.Family, values []string) []string {
	switch family {
	case iam.NumericFamily:
		return numbers(values)
	case iam.DateFamily:
		return dates(values)
	case iam.IPFamily:
		return addresses(values)
	case iam.BinaryFamily:
		longest := len(slices.MaxFunc(values, func(a, b string) int { return len(a) - len(b) }))
		fresh := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", longest+1)))
		return append(slices.Clone(values), fresh, "not-binary!")
	}
	return nil
}

// numbers returns the numbers of the policies and for each one a little farther
// from zero, nearer than the next. What is nearer to zero than all of them is
// covered by zero and tiny numbers.
func numbers(values []string) []string {
	var known []string
	longest := 0
	for _, v := range values {
		if _, ok := iam.CompareNumbers(v, v); ok {
			known = append(known, v)
			longest = max(longest, len(v))
		}
	}
	out := slices.Clone(known)
	for _, v := range known {
		out = append(out, farther(v, longest))
	}
	tiny := "0." + strings.Repeat("0", 2*longest+2) + "1e-999999999"
	if !slices.ContainsFunc(known, func(v string) bool { return strings.ContainsAny(v, "eE") }) {
		tiny = "0." + strings.Repeat("0", longest) + "1"
	}
	return append(out, "0", tiny, "-"+tiny, "not-a-number")
}

// farther returns a number that differs from v behind its last digit only: it is
// farther from zero, by less than any number written in so many characters. Of
// zero it is the tiny number itself.
func farther(v string, longest int) string {
	mantissa, exponent := v, ""
	if i := strings.IndexAny(v, "eE"); i >= 0 {
		mantissa, exponent = v[:i], v[i:]
	}
	if !strings.Contains(mantissa, ".") {
		mantissa += "."
	}
	return mantissa + strings.Repeat("0", longest) + "1" + exponent
}

// dates returns the instants of the policies and those right before and after:
// a nanosecond where the calendar can say so, else a second.
func dates(values []string) []string {
	out := []string{}
	for _, v := range values {
		t, ok := iam.ParseDate(v)
		if !ok {
			continue
		}
		out = append(out, v)
		for _, near := range []time.Time{t.Add(-time.Nanosecond), t.Add(time.Nanosecond)} {
			if text := near.UTC().Format("2006-01-02T15:04:05.999999999Z"); near.Year() >= 0 && near.Year() <= 9999 {
				out = append(out, text)
			}
		}
		out = append(out, epoch(t.Unix()-1), epoch(t.Unix()+1))
	}
	return append(out, "2000-01-01T00:00:00Z", "not-a-date")
}

func epoch(seconds int64) string {
	return strconv.FormatInt(seconds, 10)
}

// addresses returns the first and last address of each range of the policies,
// and those right outside.
func addresses(values []string) []string {
	out := []string{}
	add := func(a netip.Addr) {
		if a.IsValid() {
			out = append(out, a.String())
		}
	}
	for _, v := range values {
		r, ok := iam.ParseIPRange(v)
		if !ok {
			continue
		}
		first, last := r.Addr(), lastOf(r)
		add(first)
		add(last)
		add(first.Prev())
		add(last.Next())
	}
	return append(out, "192.0.2.1", "2001:db8::1", "not-an-address")
}

// lastOf returns the last address of a range.
func lastOf(r netip.Prefix) netip.Addr {
	b := r.Addr().AsSlice()
	for i := r.Bits(); i < 8*len(b); i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}
