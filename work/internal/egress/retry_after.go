package egress

import (
	"net/http"
	"strconv"
	"time"
)

// maxRetryAfter bounds what a server may ask for.
const maxRetryAfter = 24 * time.Hour

// RetryAfter reads the header of that name, RFC 9110 section 10.2.3: seconds,
// or a date. It returns at most a day.
func RetryAfter(value string, now time.Time) (time.Duration, bool) {
	if n, err := strconv.ParseInt(value, 10, 64); err == nil && n >= 0 {
		return min(time.Duration(min(n, int64(maxRetryAfter/time.Second)))*time.Second, maxRetryAfter), true
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0, false
	}
	return min(max(at.Sub(now), 0), maxRetryAfter), true
}
