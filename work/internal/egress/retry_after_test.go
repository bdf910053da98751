package egress_test

import (
	"testing"
	"time"

	"github.com/berth-project/berth/work/internal/egress"
)

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"0": 0, "30": 30 * time.Second, "99999999999999": 24 * time.Hour,
		"Wed, 25 Nov 2026 12:00:05 GMT": 5 * time.Second, "Wed, 25 Nov 2026 11:00:00 GMT": 0, "Fri, 25 Nov 2046 11:00:00 GMT": 24 * time.Hour,
		"": -1, "-1": -1, "soon": -1, "1.5": -1, "99999999999999999999": -1,
	} {
		got, ok := egress.RetryAfter(value, now)
		if ok != (want >= 0) || ok && got != want {
			t.Errorf("RetryAfter(%q) = %s, %v; want %s", value, got, ok, want)
		}
	}
}
