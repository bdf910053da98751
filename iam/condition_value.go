package iam

import (
	"cmp"
	"encoding/base64"
	"net/netip"
	"strings"
	"time"
)

// CompareNumbers compares two values as the Numeric operators do: as decimal
// numbers of any size and precision, an exponent allowed. The result is below
// zero, zero or above it; ok is false where one of them is no number.
func CompareNumbers(a, b string) (result int, ok bool) {
	x, okX := parseDecimal(a)
	y, okY := parseDecimal(b)
	if !okX || !okY {
		return 0, false
	}
	return x.compare(y), true
}

// decimal is a number: 0.digits times ten to the exponent. The digits are those
// of the text, with at most one point inside, so that reading one allocates
// nothing; they neither begin nor end with a zero. Zero has none.
type decimal struct {
	negative bool
	digits   string
	exponent int64
}

// maxExponentDigits bounds the exponent, not the precision.
const maxExponentDigits = 9

// parseDecimal reads [+-]digits[.digits][e[+-]digits], where digits may be
// missing on one side of the point.
func parseDecimal(s string) (decimal, bool) {
	var d decimal
	if s != "" && (s[0] == '+' || s[0] == '-') {
		d.negative = s[0] == '-'
		s = s[1:]
	}
	mantissa := s
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		var ok bool
		if d.exponent, ok = parseExponent(s[i+1:]); !ok {
			return decimal{}, false
		}
		mantissa = s[:i]
	}
	if !isMantissa(mantissa) {
		return decimal{}, false
	}
	point := strings.IndexByte(mantissa, '.')
	if point < 0 {
		point = len(mantissa)
	}
	first := strings.IndexFunc(mantissa, significant)
	if first < 0 {
		return decimal{}, true // zero, of either sign
	}
	d.digits = mantissa[first : strings.LastIndexFunc(mantissa, significant)+1]
	d.exponent += int64(point - first)
	if first > point {
		d.exponent++ // the point itself was counted
	}
	return d, true
}

func significant(r rune) bool { return r != '0' && r != '.' }

// isMantissa reports whether s has a digit, at most one point and nothing else.
func isMantissa(s string) bool {
	digits, points := 0, 0
	for i := range len(s) {
		switch c := s[i]; {
		case '0' <= c && c <= '9':
			digits++
		case c == '.':
			points++
		default:
			return false
		}
	}
	return digits > 0 && points <= 1
}

func parseExponent(s string) (int64, bool) {
	negative := false
	if s != "" && (s[0] == '+' || s[0] == '-') {
		negative = s[0] == '-'
		s = s[1:]
	}
	n, ok := parseDigits(s, maxExponentDigits)
	if negative {
		n = -n
	}
	return n, ok
}

// parseDigits reads one to most decimal digits.
func parseDigits(s string, most int) (int64, bool) {
	if s == "" || len(s) > most {
		return 0, false
	}
	var n int64
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = n*10 + int64(s[i]-'0')
	}
	return n, true
}

func (d decimal) sign() int {
	switch {
	case d.digits == "":
		return 0
	case d.negative:
		return -1
	}
	return 1
}

func (d decimal) compare(other decimal) int {
	if c := cmp.Compare(d.sign(), other.sign()); c != 0 || d.digits == "" {
		return c
	}
	c := cmp.Or(cmp.Compare(d.exponent, other.exponent), compareDigits(d.digits, other.digits))
	return c * d.sign()
}

// compareDigits compares 0.a with 0.b, passing over the points inside.
func compareDigits(a, b string) int {
	i, j := 0, 0
	for {
		if i < len(a) && a[i] == '.' {
			i++
		}
		if j < len(b) && b[j] == '.' {
			j++
		}
		if i == len(a) || j == len(b) {
			return cmp.Compare(len(a)-i, len(b)-j)
		}
		if a[i] != b[j] {
			return cmp.Compare(a[i], b[j])
		}
		i, j = i+1, j+1
	}
}

// ParseDate reads a value as the Date operators do: seconds since 1970, or a
// date of the W3C profile of ISO 8601 ("2024-06-01", "2024-06-01T10:30Z",
// "2024-06-01T10:30:00.5-04:00"). A time must have its zone. A date alone is
// midnight UTC, a month ("2024-06") or a year ("2024", which is never taken for
// seconds) its first day.
func ParseDate(s string) (time.Time, bool) {
	i, ok := parseInstant(s)
	if !ok {
		return time.Time{}, false
	}
	return time.Unix(i.seconds, i.nanos).UTC(), true
}

// instant is a point in time. It is no [time.Time], as reading one with a zone
// would allocate.
type instant struct{ seconds, nanos int64 }

func (i instant) compare(other instant) int {
	return cmp.Or(cmp.Compare(i.seconds, other.seconds), cmp.Compare(i.nanos, other.nanos))
}

func parseInstant(s string) (instant, bool) {
	switch {
	case len(s) == len("2006") && s[0] != '-':
		return parseDay(s, "01", "01")
	case len(s) == len("2006-01") && s[4] == '-':
		return parseDay(s[:4], s[5:], "01")
	case len(s) >= len("2006-01-02") && s[4] == '-':
		return parseCalendar(s)
	}
	digits, negative := strings.CutPrefix(s, "-")
	const maxEpochDigits = 11 // the year 5138
	n, ok := parseDigits(digits, maxEpochDigits)
	if negative {
		n = -n
	}
	return instant{seconds: n}, ok
}

// parseFraction reads the digits behind a point as nanoseconds.
func parseFraction(s string) (int64, bool) {
	n, ok := parseDigits(s, 9)
	for range 9 - len(s) {
		n *= 10
	}
	return n, ok
}

// parseCalendar reads YYYY-MM-DD[Thh:mm[:ss[.fraction]]zone].
func parseCalendar(s string) (instant, bool) {
	i, ok := parseDay(s[:4], s[5:7], s[8:10])
	if clock := s[10:]; ok && clock != "" {
		var seconds int64
		seconds, i.nanos, ok = parseClock(clock)
		i.seconds += seconds
	}
	return i, ok && s[7] == '-'
}

// parseDay reads a day as its midnight in UTC.
func parseDay(year, month, day string) (instant, bool) {
	y, okYear := parseDigits(year, 4)
	m, okMonth := parseDigits(month, 2)
	d, okDay := parseDigits(day, 2)
	midnight := time.Date(int(y), time.Month(m), int(d), 0, 0, 0, 0, time.UTC)
	// The month is another where there is no such day, or no such month.
	return instant{seconds: midnight.Unix()}, okYear && okMonth && okDay && midnight.Month() == time.Month(m)
}

// parseClock reads Thh:mm[:ss[.fraction]] and a zone as seconds past midnight
// UTC.
func parseClock(s string) (seconds, nanos int64, ok bool) {
	if len(s) < len("Thh:mmZ") || s[0] != 'T' && s[0] != 't' || s[3] != ':' {
		return 0, 0, false
	}
	hour, okHour := parseDigits(s[1:3], 2)
	minute, okMinute := parseDigits(s[4:6], 2)
	if !okHour || !okMinute || hour > 23 || minute > 59 {
		return 0, 0, false
	}
	seconds = hour*3600 + minute*60
	rest := s[6:]
	if rest[0] == ':' {
		var second int64
		if second, nanos, rest, ok = parseSeconds(rest[1:]); !ok {
			return 0, 0, false
		}
		seconds += second
	}
	offset, ok := parseZone(rest)
	return seconds - offset, nanos, ok
}

func parseSeconds(s string) (seconds, nanos int64, rest string, ok bool) {
	if len(s) < 2 {
		return 0, 0, "", false
	}
	seconds, ok = parseDigits(s[:2], 2)
	if !ok || seconds > 60 { // 60 is a leap second
		return 0, 0, "", false
	}
	rest = s[2:]
	if strings.HasPrefix(rest, ".") {
		end := 1
		for end < len(rest) && '0' <= rest[end] && rest[end] <= '9' {
			end++
		}
		nanos, ok = parseFraction(rest[1:end])
		rest = rest[end:]
	}
	return seconds, nanos, rest, ok
}

// parseZone reads Z, ±hh:mm or ±hhmm as seconds east of UTC.
func parseZone(s string) (int64, bool) {
	if s == "Z" || s == "z" {
		return 0, true
	}
	if len(s) == len("+hh:mm") && s[3] == ':' {
		hour, okHour := parseDigits(s[1:3], 2)
		minute, okMinute := parseDigits(s[4:], 2)
		return signedOffset(s[0], hour, minute, okHour && okMinute)
	}
	if len(s) == len("+hhmm") {
		hour, okHour := parseDigits(s[1:3], 2)
		minute, okMinute := parseDigits(s[3:], 2)
		return signedOffset(s[0], hour, minute, okHour && okMinute)
	}
	return 0, false
}

func signedOffset(sign byte, hour, minute int64, ok bool) (int64, bool) {
	if !ok || hour > 23 || minute > 59 || sign != '+' && sign != '-' {
		return 0, false
	}
	offset := hour*3600 + minute*60
	if sign == '-' {
		offset = -offset
	}
	return offset, true
}

// unmapped returns an address as policies write it: one of IPv4 that came over a
// socket of IPv6 is one of IPv4, and no policy knows the zones of a machine.
func unmapped(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }

// ParseIPRange reads a value as the IpAddress operators do: an address, or a
// range as in "203.0.113.0/24". A bare address is the range of itself alone,
// bits behind the prefix are dropped, and IPv4 that is written as IPv6
// ("::ffff:203.0.113.7") is IPv4.
func ParseIPRange(s string) (netip.Prefix, bool) {
	if strings.Contains(s, "/") {
		p, err := netip.ParsePrefix(s)
		if mapped := p.Bits() - 96; p.Addr().Is4In6() && mapped >= 0 {
			p = netip.PrefixFrom(p.Addr().Unmap(), mapped)
		}
		return p.Masked(), err == nil
	}
	addr, err := netip.ParseAddr(s)
	if err != nil || addr.Zone() != "" {
		return netip.Prefix{}, false
	}
	addr = addr.Unmap()
	return netip.PrefixFrom(addr, addr.BitLen()), true
}

// matchesBinary compares what the texts encode, not the texts.
func (c *condition) matchesBinary(v string) verdict {
	var buf [512]byte
	got := buf[:]
	if n := base64.StdEncoding.DecodedLen(len(v)); n > len(buf) {
		got = make([]byte, n)
	}
	n, err := base64.StdEncoding.Decode(got, []byte(v))
	if err != nil {
		return unreadable
	}
	for _, want := range c.blobs {
		if want == string(got[:n]) {
			return holds
		}
	}
	return fails
}

func decodeBinary(s string) (string, bool) {
	b, err := base64.StdEncoding.DecodeString(s)
	return string(b), err == nil
}
