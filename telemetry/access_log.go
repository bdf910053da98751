package telemetry

import (
	"context"
	"io"
	"strconv"
	"sync"
	"time"
	"unicode/utf8"
)

// Request is what the access log tells of one request. Empty strings and
// zero numbers that mean "none" are left out of the line.
type Request struct {
	// Time is when the request arrived.
	Time time.Time
	// ID is the request id that the app and the error page see too.
	ID string
	// Client is the caller's address as far as trusted proxies vouch for it.
	Client string
	// Method, Host, Path and Proto are as received; Path is canonical and
	// without the query, which may hold secrets.
	Method, Host, Path, Proto string
	// Status is the status that was sent, 0 when the connection ended first.
	Status int
	// Duration runs from the request's arrival to the last byte of the answer.
	Duration time.Duration
	// UpstreamDuration is until the app's response head.
	UpstreamDuration time.Duration
	// BytesIn and BytesOut count bodies.
	BytesIn, BytesOut int64
	// Route, Rule, Upstream, User and Tenant say which were chosen.
	Route, Rule, Upstream, User, Tenant string
	// Retries is how many further attempts the upstream needed.
	Retries int
	// Reason is the code of a refusal, Error what went wrong in words.
	Reason, Error string
}

const (
	accessBuffer = 64 << 10
	accessFlush  = 250 * time.Millisecond
)

// AccessLog writes one line for each request. JSON lines are gathered and
// written in batches of at most 64 KiB or 250 ms, so that logging costs no
// system call per request; lines for people are written at once, to stand in
// order with what else is logged. It is safe for concurrent use.
type AccessLog struct {
	out    io.Writer
	format Format

	mu    sync.Mutex // guards buf
	buf   []byte
	wmu   sync.Mutex // serialises writes to out and guards spare
	spare []byte
}

// NewAccessLog returns a log that writes to out in the format; [AccessLog.Run]
// must be running for lines to appear in time.
func NewAccessLog(out io.Writer, format Format) *AccessLog {
	return &AccessLog{out: out, format: format}
}

// Write adds the line of one request; r is not kept.
func (l *AccessLog) Write(r *Request) {
	l.mu.Lock()
	if l.format == JSON {
		l.buf = appendJSONRequest(l.buf, r)
	} else {
		l.buf = appendHumanRequest(l.buf, r)
	}
	due := len(l.buf) >= accessBuffer || l.format != JSON
	l.mu.Unlock()
	if due {
		l.Flush()
	}
}

// Flush writes what was gathered. A line that cannot be written is dropped: a
// full disk must not stop the service.
func (l *AccessLog) Flush() {
	l.wmu.Lock()
	defer l.wmu.Unlock()
	l.mu.Lock()
	full := l.buf
	l.buf = l.spare[:0]
	l.mu.Unlock()
	if len(full) > 0 {
		_, _ = l.out.Write(full)
	}
	l.spare = full
}

// Run flushes at intervals until ctx ends, and once more then.
func (l *AccessLog) Run(ctx context.Context) error {
	tick := time.NewTicker(accessFlush)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			l.Flush()
			return nil
		case <-tick.C:
			l.Flush()
		}
	}
}

func appendJSONRequest(b []byte, r *Request) []byte {
	b = append(b, `{"time":"`...)
	b = r.Time.UTC().AppendFormat(b, "2006-01-02T15:04:05.000Z07:00")
	b = append(b, `","level":"INFO","msg":"request"`...)
	b = appendText(b, "request_id", r.ID)
	b = appendText(b, "client", r.Client)
	b = appendText(b, "method", r.Method)
	b = appendText(b, "host", r.Host)
	b = appendText(b, "path", r.Path)
	b = appendText(b, "proto", r.Proto)
	b = appendNumber(b, "status", int64(r.Status))
	b = appendSeconds(b, "duration_seconds", r.Duration)
	if r.UpstreamDuration > 0 {
		b = appendSeconds(b, "upstream_seconds", r.UpstreamDuration)
	}
	b = appendNumber(b, "bytes_in", r.BytesIn)
	b = appendNumber(b, "bytes_out", r.BytesOut)
	b = appendText(b, "route", r.Route)
	b = appendText(b, "rule", r.Rule)
	b = appendText(b, "upstream", r.Upstream)
	b = appendText(b, "user", r.User)
	b = appendText(b, "tenant", r.Tenant)
	if r.Retries > 0 {
		b = appendNumber(b, "retries", int64(r.Retries))
	}
	b = appendText(b, "reason", r.Reason)
	b = appendText(b, "error", r.Error)
	return append(b, "}\n"...)
}

func appendHumanRequest(b []byte, r *Request) []byte {
	b = r.Time.UTC().AppendFormat(b, "15:04:05.000Z ")
	b = append(b, "request "...)
	b = strconv.AppendInt(b, int64(r.Status), 10)
	for _, word := range [...]string{r.Method, r.Host + r.Path} {
		b = append(b, ' ')
		b = appendWord(b, word)
	}
	b = append(b, ' ')
	b = append(b, r.Duration.Round(10*time.Microsecond).String()...)
	for _, f := range [...]struct{ key, value string }{
		{"route", r.Route},
		{"rule", r.Rule},
		{"user", r.User},
		{"tenant", r.Tenant},
		{"upstream", r.Upstream},
		{"upstream_time", durationText(r.UpstreamDuration)},
		{"retries", countText(r.Retries)},
		{"client", r.Client},
		{"request_id", r.ID},
		{"reason", r.Reason},
		{"error", r.Error},
	} {
		if f.value != "" {
			b = append(b, "  "...)
			b = append(b, f.key...)
			b = append(b, '=')
			b = appendWord(b, f.value)
		}
	}
	return append(b, '\n')
}

// durationText and countText are empty for none, which a line leaves out.
func durationText(d time.Duration) string {
	if d <= 0 {
		return ""
	}
	return d.Round(10 * time.Microsecond).String()
}

func countText(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

func appendText(b []byte, key, value string) []byte {
	if value == "" {
		return b
	}
	b = append(b, `,"`...)
	b = append(b, key...)
	b = append(b, `":"`...)
	b = appendEscaped(b, value)
	return append(b, '"')
}

func appendNumber(b []byte, key string, n int64) []byte {
	b = append(b, `,"`...)
	b = append(b, key...)
	b = append(b, `":`...)
	return strconv.AppendInt(b, n, 10)
}

func appendSeconds(b []byte, key string, d time.Duration) []byte {
	b = append(b, `,"`...)
	b = append(b, key...)
	b = append(b, `":`...)
	micros := max(d.Microseconds(), 0)
	b = strconv.AppendInt(b, micros/1e6, 10)
	b = append(b, '.')
	for unit := int64(1e5); unit > 0; unit /= 10 {
		b = append(b, byte('0'+micros/unit%10))
	}
	return b
}

const hexDigits = "0123456789abcdef"

// appendEscaped writes s as the inside of a JSON string (RFC 8259 section 7);
// bytes that are not UTF-8 become U+FFFD.
func appendEscaped(b []byte, s string) []byte {
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' && c != 0x7f && c < utf8.RuneSelf {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			if r != utf8.RuneError || size > 1 {
				i += size
				continue
			}
		}
		b = append(b, s[start:i]...)
		switch {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c >= utf8.RuneSelf:
			b = append(b, `\ufffd`...)
		default:
			b = append(b, `\u00`...)
			b = append(b, hexDigits[c>>4], hexDigits[c&15])
		}
		i++
		start = i
	}
	return append(b, s[start:]...)
}
