package outbox

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"time"

	"github.com/berth-project/berth/secret"
	"github.com/berth-project/berth/work/internal/egress"
	"github.com/berth-project/berth/work/internal/transcript"
)

// WebhookOptions is what the operator allows. The zero value allows nothing.
type WebhookOptions struct {
	// Hosts are the names that may be called, as of package work/http.
	Hosts []string
	// Networks are addresses that may be dialed although they are not public.
	Networks []netip.Prefix
	// TLS is for receivers with certificates that the system does not trust.
	TLS *tls.Config
	// Timeout is how long a receiver has to answer. Default 15s.
	Timeout time.Duration
	// Keys returns the keys that an event's Secret stands for, the newest first;
	// the event is signed with each. Whose secret that must be, its Operator and
	// Tenant say. Nil has none.
	Keys func(Event) ([]secret.String, error)
}

// Webhook sends events by HTTP: the body of the event is the body of a POST,
// with these headers:
//
//	Berth-Event      the kind: run.failed
//	Berth-Event-Id   the same for every try
//	Berth-Try        which try it is, from 1
//	Berth-Signature  see SignatureHeader
//
// Any 2xx is a success. 410 Gone, and what the operator does not allow, is
// permanent; every other answer is tried again, a receiver that is down or
// wrong today being right tomorrow. Redirects are not followed. Answers are
// not read beyond what an error message shows.
type Webhook struct {
	opts   WebhookOptions
	policy egress.Policy
	client *http.Client
}

const (
	webhookTimeout = 15 * time.Second
	// quoted is how much of an answer an error has, in bytes.
	quoted = 200
	// drained is how much of an answer is read, so that the connection can be
	// used again.
	drained = 16 << 10
)

// NewWebhook returns a sender. It opens no connection.
func NewWebhook(opts WebhookOptions) (*Webhook, error) {
	policy := egress.Policy{Hosts: opts.Hosts, Networks: opts.Networks, TLS: opts.TLS}
	if err := policy.Validate(); err != nil {
		return nil, fmt.Errorf("webhooks: %w", err)
	}
	if opts.Timeout <= 0 {
		opts.Timeout = webhookTimeout
	}
	return &Webhook{opts, policy, policy.Client()}, nil
}

// Close closes the connections that are kept for the next event.
func (w *Webhook) Close() { w.client.CloseIdleConnections() }

// Send implements [Sender].
func (w *Webhook) Send(ctx context.Context, event Event) error {
	u, err := url.Parse(event.To)
	if err != nil {
		return permanent("webhook: %w", err)
	}
	if err := w.policy.Check(u); err != nil {
		return permanent("webhook: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, w.opts.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, event.To, bytes.NewReader(event.Body))
	if err != nil {
		return permanent("webhook: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "Berth")
	req.Header.Set("Berth-Event", event.Kind)
	req.Header.Set("Berth-Event-Id", event.ID)
	req.Header.Set("Berth-Try", strconv.Itoa(event.Try))
	if err := w.sign(req, event); err != nil {
		return err
	}
	resp, err := w.client.Do(req)
	if err != nil {
		return &Error{Permanent: errors.Is(err, egress.ErrRefused), Err: fmt.Errorf("webhook %s: %w", u.Host, withoutURL(err))}
	}
	defer resp.Body.Close()
	return verdict(u, resp, time.Now())
}

func (w *Webhook) sign(req *http.Request, event Event) error {
	if event.Secret == "" {
		return nil
	}
	if w.opts.Keys == nil {
		return fmt.Errorf("webhook: secret %q: there are no secrets here", event.Secret)
	}
	keys, err := w.opts.Keys(event)
	if err != nil {
		return fmt.Errorf("webhook: secret %q: %w", event.Secret, err)
	}
	if len(keys) == 0 {
		return fmt.Errorf("webhook: secret %q has no keys", event.Secret)
	}
	req.Header.Set(SignatureHeader, Sign(event.Body, time.Now(), keys...))
	return nil
}

// verdict is what an answer means.
func verdict(u *url.URL, resp *http.Response, now time.Time) error {
	text, _ := io.ReadAll(io.LimitReader(resp.Body, drained))
	if resp.StatusCode/100 == 2 {
		return nil
	}
	err := fmt.Errorf("webhook %s answered %s", u.Host, transcript.Clip(resp.Status, quoted))
	if said := transcript.Clip(string(bytes.TrimSpace(text)), quoted); said != "" {
		err = fmt.Errorf("%w: %s", err, said)
	}
	after, _ := egress.RetryAfter(resp.Header.Get("Retry-After"), now)
	return &Error{Permanent: resp.StatusCode == http.StatusGone, RetryAfter: after, Err: err}
}

// withoutURL is err without the URL that package net/http puts before it: its
// path and query may be secret, as those of many webhooks are.
func withoutURL(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}
