package outbox_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/secret"
	"github.com/berth-project/berth/work/outbox"
)

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}

func newWebhook(t *testing.T, opts outbox.WebhookOptions) *outbox.Webhook {
	t.Helper()
	if opts.Networks == nil {
		opts.Networks = loopback
	}
	w, err := outbox.NewWebhook(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	return w
}

func serve(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

func event(to string) outbox.Event {
	return outbox.Event{
		ID: "e-17", Kind: "run.failed", Tenant: "acme", Run: "r0000000000001", Body: []byte(`{"event":"run.failed"}`), To: to, Try: 2,
		At: time.UnixMilli(1_764_000_000_123),
	}
}

func TestAWebhookIsSignedWithEveryKey(t *testing.T) {
	t.Parallel()
	keys := []secret.String{secret.New("new"), secret.New("old")}
	type seen struct {
		Method, Type, Kind, ID, Try, Agent, Body string
		New, Old, Other                          error
	}
	got := make(chan seen, 1)
	to := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		verify := func(key secret.String) error {
			return outbox.Verify(r.Header.Get("Berth-Signature"), body, []secret.String{key}, time.Now(), outbox.Tolerance)
		}
		h := r.Header
		got <- seen{
			r.Method, h.Get("Content-Type"), h.Get("Berth-Event"), h.Get("Berth-Event-Id"), h.Get("Berth-Try"), h.Get("User-Agent"), string(body),
			verify(keys[0]), verify(keys[1]), verify(secret.New("other")),
		}
		w.WriteHeader(http.StatusAccepted)
	})
	w := newWebhook(t, outbox.WebhookOptions{Keys: func(e outbox.Event) ([]secret.String, error) {
		if e.Tenant != "acme" || e.Secret != "hook" {
			return nil, errors.New("unknown")
		}
		return keys, nil
	}})
	e := event(to)
	e.Secret = "hook"
	if err := w.Send(t.Context(), e); err != nil {
		t.Fatalf("Send() = %v", err)
	}
	want := seen{"POST", "application/json", "run.failed", "e-17", "2", "Berth", `{"event":"run.failed"}`, nil, nil, outbox.ErrSignature}
	if diff := cmp.Diff(want, <-got, cmp.Comparer(func(a, b error) bool { return errors.Is(a, b) || errors.Is(b, a) })); diff != "" {
		t.Errorf("request (-want +got):\n%s", diff)
	}
	e.Secret = "other"
	if err := w.Send(t.Context(), e); err == nil || outbox.Permanent(err) {
		t.Errorf("Send() with an unknown secret = %v, want an error that may pass", err)
	}
	if err := newWebhook(t, outbox.WebhookOptions{}).Send(t.Context(), e); err == nil {
		t.Error("Send() of an event that cannot be signed succeeded")
	}
}

func TestAnswersOfWebhooks(t *testing.T) {
	t.Parallel()
	w := newWebhook(t, outbox.WebhookOptions{})
	for status, want := range map[int]struct{ ok, permanent bool }{
		200: {true, false}, 204: {true, false}, 302: {false, false}, 400: {false, false}, 404: {false, false},
		410: {false, true}, 429: {false, false}, 500: {false, false}, 503: {false, false},
	} {
		to := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "7")
			w.Header().Set("Location", "/again")
			w.WriteHeader(status)
			if status != 204 && status != 304 {
				_, _ = io.WriteString(w, "because")
			}
		})
		err := w.Send(t.Context(), event(to+"/path/token"))
		if (err == nil) != want.ok || outbox.Permanent(err) != want.permanent {
			t.Errorf("Send() answered %d = %v, permanent %v; want %+v", status, err, outbox.Permanent(err), want)
		}
		if err != nil && (outbox.RetryAfter(err) != 7*time.Second || !strings.Contains(err.Error(), "because") || strings.Contains(err.Error(), "token")) {
			t.Errorf("Send() answered %d = %v after %s, want the reason, no path, 7s", status, err, outbox.RetryAfter(err))
		}
	}
}

func TestWebhooksThatAreNotAllowed(t *testing.T) {
	t.Parallel()
	var reached atomic.Int32
	to := serve(t, func(http.ResponseWriter, *http.Request) { reached.Add(1) })
	byName := strings.Replace(to, "127.0.0.1", "localhost", 1)
	for name, c := range map[string]struct {
		opts outbox.WebhookOptions
		to   string
	}{
		"no hosts":       {outbox.WebhookOptions{Networks: []netip.Prefix{}}, to},
		"inside by name": {outbox.WebhookOptions{Networks: []netip.Prefix{}, Hosts: []string{"*:*"}}, byName},
		"a file":         {outbox.WebhookOptions{}, "file:///etc/passwd"},
		"not a URL":      {outbox.WebhookOptions{}, "https://[::1"},
	} {
		if err := newWebhook(t, c.opts).Send(t.Context(), event(c.to)); !outbox.Permanent(err) {
			t.Errorf("%s: Send() = %v, want it refused for good", name, err)
		}
	}
	if n := reached.Load(); n != 0 {
		t.Errorf("the server was reached %d times", n)
	}
	if _, err := outbox.NewWebhook(outbox.WebhookOptions{Hosts: []string{"http://a"}}); err == nil {
		t.Error("NewWebhook() with a wrong host = nil")
	}
}

func TestAWebhookThatDoesNotAnswerIsTriedAgain(t *testing.T) {
	t.Parallel()
	to := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	})
	w := newWebhook(t, outbox.WebhookOptions{Timeout: 20 * time.Millisecond})
	err := w.Send(t.Context(), event(to+"/token"))
	if err == nil || outbox.Permanent(err) || !errors.Is(err, context.DeadlineExceeded) || strings.Contains(err.Error(), "token") {
		t.Errorf("Send() = %v, want a timeout that may pass, without the path", err)
	}
}

func TestRouterSendsByScheme(t *testing.T) {
	t.Parallel()
	var used string
	sender := func(name string) outbox.Sender {
		return outbox.SenderFunc(func(context.Context, outbox.Event) error {
			used = name
			return nil
		})
	}
	r := outbox.Router{Webhook: sender("webhook"), SNS: sender("sns"), SQS: sender("sqs")}
	for to, want := range map[string]string{
		"https://a": "webhook", "http://a": "webhook", "sns:arn:aws:sns:eu-west-1:1:t": "sns", "sqs:https://q": "sqs",
		"eventbridge:arn": "", "ftp://a": "", "": "",
	} {
		used = ""
		err := r.Send(t.Context(), event(to))
		if used != want || outbox.Permanent(err) != (want == "") {
			t.Errorf("Send(%q) = %v by %q, want %q", to, err, used, want)
		}
	}
}

func TestBackoff(t *testing.T) {
	t.Parallel()
	exact := outbox.Backoff{Jitter: -1}
	for _, c := range []struct {
		policy outbox.Backoff
		try    int
		asked  time.Duration
		random float64
		want   time.Duration
		again  bool
	}{
		{exact, 1, 0, 0.5, 5 * time.Second, true},
		{exact, 0, 0, 0.5, 5 * time.Second, true},
		{exact, 2, 0, 0, 10 * time.Second, true},
		{exact, 12, 0, 0, 10240 * time.Second, true},
		{exact, 14, 0, 0, 6 * time.Hour, true},
		{exact, 19, 0, 0, 6 * time.Hour, true},
		{exact, 20, 0, 0, 0, false},
		{exact, 1, time.Minute, 0, time.Minute, true},
		{exact, 1, 10 * time.Hour, 0, 6 * time.Hour, true},
		{outbox.Backoff{}, 1, 0, 0, 5 * time.Second, true},
		{outbox.Backoff{}, 1, 0, 1, 3750 * time.Millisecond, true},
		{outbox.Backoff{Jitter: 1}, 1, 0, 1, 0, true},
		{outbox.Backoff{Jitter: 7}, 1, 0, 1, 0, true},
		{outbox.Backoff{Jitter: -1, First: time.Second, Factor: 3, Max: time.Minute, Tries: -1}, 3, 0, 0, 9 * time.Second, true},
		{outbox.Backoff{Jitter: -1, Tries: -1}, math.MaxInt, 0, 0, 6 * time.Hour, true},
		{outbox.Backoff{Jitter: math.NaN(), Factor: math.NaN(), Tries: -1}, 2, 0, 0.5, 10 * time.Second, true},
	} {
		wait, again := c.policy.Next(c.try, c.asked, c.random)
		if wait != c.want || again != c.again {
			t.Errorf("%+v.Next(%d, %s, %v) = %s, %v; want %s, %v", c.policy, c.try, c.asked, c.random, wait, again, c.want, c.again)
		}
	}
}

func ExampleBackoff() {
	var wait, total time.Duration
	again := true
	policy := outbox.Backoff{Jitter: -1}
	for try := 1; again; try++ {
		wait, again = policy.Next(try, 0, 0)
		total += wait
	}
	fmt.Println(total.Round(time.Hour))
	// Output: 47h0m0s
}
