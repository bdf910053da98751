package outbox_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/berth-project/berth/secret"
	"github.com/berth-project/berth/work/outbox"
)

var (
	now  = time.Unix(1_764_000_000, 0)
	body = []byte(`{"kind":"run.failed"}`)
	key1 = secret.New("first")
	key2 = secret.New("second")
)

func TestSignIsWhatTheDocumentationSays(t *testing.T) {
	t.Parallel()
	// printf '1764000000.{"kind":"run.failed"}' | openssl dgst -sha256 -hmac first
	const want = "t=1764000000,v1=47e115a120f6e50833b059022ce192756045c57567f46aa3b4bc22c3f7ea0d47"
	if got := outbox.Sign(body, now, key1); got != want {
		t.Errorf("Sign() = %q, want %q", got, want)
	}
}

func TestVerify(t *testing.T) {
	t.Parallel()
	signed := outbox.Sign(body, now, key1)
	both := outbox.Sign(body, now, key2, key1)
	_, hex, _ := strings.Cut(signed, "v1=")
	for name, c := range map[string]struct {
		header string
		body   string
		keys   []secret.String
		at     time.Duration
		want   error
	}{
		"right":                    {signed, string(body), []secret.String{key1}, 0, nil},
		"by one of two keys":       {signed, string(body), []secret.String{key2, key1}, 0, nil},
		"one of two signatures":    {both, string(body), []secret.String{key1}, 0, nil},
		"spaces and other parts":   {strings.ReplaceAll(signed, ",", " , v0=x, "), string(body), []secret.String{key1}, 0, nil},
		"within the tolerance":     {signed, string(body), []secret.String{key1}, outbox.Tolerance, nil},
		"too late":                 {signed, string(body), []secret.String{key1}, outbox.Tolerance + time.Second, outbox.ErrExpired},
		"too early":                {signed, string(body), []secret.String{key1}, -outbox.Tolerance - time.Second, outbox.ErrExpired},
		"another body":             {signed, string(body) + " ", []secret.String{key1}, 0, outbox.ErrSignature},
		"another key":              {signed, string(body), []secret.String{key2}, 0, outbox.ErrSignature},
		"no key":                   {signed, string(body), nil, 0, outbox.ErrSignature},
		"an empty key":             {outbox.Sign(body, now, secret.String{}), string(body), []secret.String{{}}, 0, outbox.ErrSignature},
		"another time":             {"t=1764000001,v1=" + hex, string(body), []secret.String{key1}, 0, outbox.ErrSignature},
		"nothing":                  {"", string(body), []secret.String{key1}, 0, outbox.ErrHeader},
		"no time":                  {"v1=" + hex, string(body), []secret.String{key1}, 0, outbox.ErrHeader},
		"two times":                {"t=1764000000," + signed, string(body), []secret.String{key1}, 0, outbox.ErrHeader},
		"a time that is no number": {"t=x,v1=" + hex, string(body), []secret.String{key1}, 0, outbox.ErrHeader},
		"a number written oddly":   {"t=+1764000000,v1=" + hex, string(body), []secret.String{key1}, 0, outbox.ErrHeader},
		"no signature":             {"t=1764000000", string(body), []secret.String{key1}, 0, outbox.ErrHeader},
		"half a signature":         {"t=1764000000,v1=" + hex[:32], string(body), []secret.String{key1}, 0, outbox.ErrHeader},
		"too many signatures":      {signed + strings.Repeat(",v1="+hex, 8), string(body), []secret.String{key1}, 0, outbox.ErrHeader},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := outbox.Verify(c.header, []byte(c.body), c.keys, now.Add(c.at), outbox.Tolerance); !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
				t.Errorf("Verify(%q) = %v, want %v", c.header, err, c.want)
			}
		})
	}
}

func FuzzVerify(f *testing.F) {
	good := outbox.Sign(body, now, key1)
	f.Add(good, "x")
	f.Add("t=1,v1=00", "")
	f.Fuzz(func(t *testing.T, header, text string) {
		err := outbox.Verify(header, []byte(text), []secret.String{key1}, now, outbox.Tolerance)
		if err == nil && !(text == string(body) && strings.Contains(strings.ToLower(header), strings.TrimPrefix(good, "t=1764000000,"))) {
			t.Errorf("Verify(%q, %q) = nil: nobody signed it", header, text)
		}
	})
}

func ExampleVerify() {
	body := []byte(`{"kind":"run.succeeded"}`)
	header := outbox.Sign(body, time.Unix(1_764_000_000, 0), secret.New("key"))
	err := outbox.Verify(header, body, []secret.String{secret.New("key")}, time.Unix(1_764_000_060, 0), outbox.Tolerance)
	fmt.Println(err)
	err = outbox.Verify(header, []byte("{}"), []secret.String{secret.New("key")}, time.Unix(1_764_000_060, 0), outbox.Tolerance)
	fmt.Println(err)
	// Output:
	// <nil>
	// signature does not match
}
