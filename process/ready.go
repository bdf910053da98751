package process

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// firstPause is the pause after the first try; it doubles up to the interval,
// so that a program that starts fast is not made to look slow.
const firstPause = 2 * time.Millisecond

// probe returns nil as soon as the instance at a place is ready, and what the
// last try said when ctx ends before.
func probe(ctx context.Context, at place, r Readiness) error {
	try := prober(at, r)
	pause := firstPause
	timer := time.NewTimer(pause)
	defer timer.Stop()
	var last error
	for {
		err := tryOnce(ctx, try, r.Interval)
		if err == nil {
			return nil
		}
		if last == nil || ctx.Err() == nil { // a try that ctx cut off says nothing
			last = err
		}
		select {
		case <-timer.C:
			pause = min(2*pause, r.Interval)
			timer.Reset(pause)
		case <-ctx.Done():
			return last
		}
	}
}

func tryOnce(ctx context.Context, try func(context.Context) error, interval time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, max(interval, time.Second))
	defer cancel()
	return try(ctx)
}

func prober(at place, r Readiness) func(context.Context) error {
	dial := func(ctx context.Context) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, at.network, at.address)
	}
	if r.Kind != ReadyHTTP {
		return func(ctx context.Context) error {
			conn, err := dial(ctx)
			if err != nil {
				return err
			}
			return conn.Close()
		}
	}
	client := &http.Client{
		Transport: &http.Transport{
			DialContext:            func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) },
			DisableKeepAlives:      true,
			DisableCompression:     true,
			MaxResponseHeaderBytes: 64 << 10,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return func(ctx context.Context) error { return ask(ctx, client, r) }
}

// ask wants an answer of 200 to 399. Every request has a deadline in ctx.
func ask(ctx context.Context, client *http.Client, r Readiness) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://berth"+r.Path, nil)
	if err != nil {
		return err
	}
	req.Host = r.Host
	req.Header.Set("User-Agent", "berth-readiness")
	resp, err := client.Do(req)
	if err != nil {
		return errors.Unwrap(err) // without the made-up URL
	}
	_ = resp.Body.Close()
	if resp.StatusCode < 200 || resp.StatusCode > 399 {
		return fmt.Errorf("GET %s answered %d", r.Path, resp.StatusCode)
	}
	return nil
}
