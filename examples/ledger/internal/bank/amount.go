package bank

import (
	"math"
	"strconv"
	"strings"
)

// Amount is money in cents.
type Amount int64

const (
	// MaxAmount bounds one movement.
	MaxAmount Amount = 10_000_000_00
	// MaxBalance bounds the balance of a customer's account.
	MaxBalance Amount = 1_000_000_000_000_00
)

// add returns a+b, and whether that is a number Amount can hold.
func add(a, b Amount) (Amount, bool) {
	if b > 0 && a > math.MaxInt64-b || b < 0 && a < math.MinInt64-b {
		return 0, false
	}
	return a + b, true
}

// Check refuses what cannot be moved: nothing, less than nothing, too much.
func (a Amount) Check() error {
	if a <= 0 {
		return refuse(Invalid, "The amount must be more than zero.")
	}
	if a > MaxAmount {
		return refuse(Invalid, "At most %s can be moved at once.", MaxAmount)
	}
	return nil
}

// ParseAmount reads what a person types: "12", "12.5" or "12.50". It takes no
// sign, exponent, separator or further decimals, and rounds nothing.
func ParseAmount(text string) (Amount, error) {
	whole, cents, dotted := strings.Cut(strings.TrimSpace(text), ".")
	if !digits(whole, 1, 12) || dotted && !digits(cents, 1, 2) {
		return 0, refuse(Invalid, "%q is not an amount. Write it like 12.50.", clip(text, 20))
	}
	n, err := strconv.ParseInt(whole+(cents + "00")[:2], 10, 64)
	if err != nil {
		return 0, refuse(Invalid, "%q is not an amount.", clip(text, 20))
	}
	return Amount(n), Amount(n).Check()
}

func digits(s string, least, most int) bool {
	if len(s) < least || len(s) > most {
		return false
	}
	return strings.Trim(s, "0123456789") == ""
}

// clip shortens what somebody sent, to repeat it to them.
func clip(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}

// String formats the amount for people: "-1,234.50".
func (a Amount) String() string {
	sign, n := "", uint64(a)
	if a < 0 {
		sign, n = "-", -uint64(a)
	}
	whole := strconv.FormatUint(n/100, 10)
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	return sign + whole + "." + strconv.FormatUint(n%100+100, 10)[1:]
}

// Plain formats the amount for programs: "-1234.50".
func (a Amount) Plain() string { return strings.ReplaceAll(a.String(), ",", "") }
