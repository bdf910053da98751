package bank_test

import (
	"math"
	"testing"

	"github.com/berth-project/berth/examples/ledger/internal/bank"
)

func TestParseAmountReadsWhatPeopleType(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bank.Amount{
		"12": 12_00, "12.5": 12_50, "12.50": 12_50, "0.01": 1, " 7 ": 7_00, "10000000": bank.MaxAmount, "007": 7_00,
	} {
		if got, err := bank.ParseAmount(text); err != nil || got != want {
			t.Errorf("ParseAmount(%q) = %d, %v, want %d", text, got, err, want)
		}
	}
}

func TestParseAmountRefuses(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "-5", "+5", "0", "0.00", "nan", "NaN", "inf", "1e3", "0x10", "1.234", "1.", ".5", "1,000", "1 000",
		"10000000.01", "9223372036854775807", "99999999999999999999999", "١٢", "12\x00", "5 USD",
	} {
		if got, err := bank.ParseAmount(text); bank.AsRefusal(err) == nil || bank.AsRefusal(err).Code != bank.Invalid {
			t.Errorf("ParseAmount(%q) = %d, %v, want it refused as invalid", text, got, err)
		}
	}
}

func TestAmountFormatsWithoutRounding(t *testing.T) {
	t.Parallel()
	for amount, want := range map[bank.Amount]string{
		0: "0.00", 5: "0.05", -5: "-0.05", 100: "1.00", 99_999: "999.99", 100_000: "1,000.00", -123_456_789: "-1,234,567.89",
		math.MaxInt64: "92,233,720,368,547,758.07", math.MinInt64: "-92,233,720,368,547,758.08",
	} {
		if got := amount.String(); got != want {
			t.Errorf("Amount(%d).String() = %q, want %q", int64(amount), got, want)
		}
	}
	if got := bank.Amount(-123_456_789).Plain(); got != "-1234567.89" {
		t.Errorf("Plain() = %q, want -1234567.89", got)
	}
}

func FuzzParseAmount(f *testing.F) {
	for _, text := range []string{"12.50", "-1", "1e9", "0.1", "99999999999999"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		amount, err := bank.ParseAmount(text)
		if err != nil {
			return
		}
		if amount <= 0 || amount > bank.MaxAmount {
			t.Fatalf("ParseAmount(%q) = %d, out of bounds", text, amount)
		}
		if again, err := bank.ParseAmount(amount.Plain()); err != nil || again != amount {
			t.Fatalf("ParseAmount(%q) = %d, which reads back as %d, %v", text, amount, again, err)
		}
	})
}
