package session

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// maxKeysAge is how long past MaxAge keys are still believed while the
	// gateway cannot be asked for newer ones.
	maxKeysAge = time.Hour
	// maxJWKSBytes bounds the document.
	maxJWKSBytes = 1 << 20
	// fetchTimeout bounds one fetch.
	fetchTimeout = 5 * time.Second
	// emptyCooldown is the least time between two fetches while there are no
	// keys at all: an app may start before the gateway listens.
	emptyCooldown = time.Second
)

// keySnapshot is the keys of one fetch, immutable.
type keySnapshot struct {
	keys    map[string]*publicKey
	fetched time.Time
}

// remoteKeys is the gateway's published keys as last fetched. At most one
// fetch is under way, on the goroutine of the request that needed it first.
type remoteKeys struct {
	url              string
	client           *http.Client
	maxAge, cooldown time.Duration
	now              func() time.Time
	current          atomic.Pointer[keySnapshot]

	mu sync.Mutex // guards what follows
	// flight is closed when the fetch under way ends; nil when there is none.
	flight chan struct{}
	// tried is when the last fetch ended, failure what came of it.
	tried   time.Time
	failure error
}

func newRemoteKeys(cfg VerifierConfig) *remoteKeys {
	return &remoteKeys{url: cfg.JWKSURL, client: fetchClient(cfg.Client), maxAge: cfg.MaxAge, cooldown: cfg.Cooldown, now: cfg.Now}
}

// fetchClient copies the app's client, or makes one, that follows no redirect
// and ends in time.
func fetchClient(given *http.Client) *http.Client {
	client := http.Client{Transport: &http.Transport{
		// Keys come from the gateway beside us; no proxy may stand between.
		// A fetch every few minutes is no reason to keep a connection.
		DisableKeepAlives:      true,
		DialContext:            (&net.Dialer{Timeout: fetchTimeout}).DialContext,
		TLSHandshakeTimeout:    fetchTimeout,
		ResponseHeaderTimeout:  fetchTimeout,
		MaxResponseHeaderBytes: 16 << 10,
	}}
	if given != nil {
		client = *given
	}
	if client.Timeout <= 0 {
		client.Timeout = fetchTimeout
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &client
}

// validateURL refuses an address from which keys could not be believed.
func (cfg VerifierConfig) validateURL() error {
	u, err := url.Parse(cfg.JWKSURL)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" {
		return errors.New("verifier: key set address: want an absolute URL without user or fragment")
	}
	switch {
	case u.Scheme == "https":
		return nil
	case u.Scheme != "http":
		return errors.New("verifier: key set address: want https")
	case !cfg.AllowPlainHTTP && !loopbackHost(u.Host):
		return errors.New("verifier: key set address: want https for another machine (or AllowPlainHTTP)")
	}
	return nil
}

// loopbackHost reports whether a host, with or without a port, is this
// machine by its spelling alone.
func loopbackHost(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.ToLower(strings.TrimSuffix(strings.TrimPrefix(host, "["), "]"))
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

// fresh returns the keys while they are younger than MaxAge, else nil.
func (r *remoteKeys) fresh(now time.Time) *keySnapshot {
	if snap := r.current.Load(); snap != nil && now.Before(snap.fetched.Add(r.maxAge)) {
		return snap
	}
	return nil
}

// usable returns the keys while they may be believed at all, else nil.
func (r *remoteKeys) usable(now time.Time) *keySnapshot {
	if snap := r.current.Load(); snap != nil && now.Before(snap.fetched.Add(r.maxAge+maxKeysAge)) {
		return snap
	}
	return nil
}

// with returns keys among which is the one named id. It fetches when they are
// old or lack it, as often as the cool-down allows. A request whose key is
// known does not wait for another's fetch.
func (r *remoteKeys) with(ctx context.Context, id string) (*keySnapshot, error) {
	if snap := r.fresh(r.now()); snap != nil && snap.keys[id] != nil {
		return snap, nil
	}
	flight, leader := r.join()
	if leader {
		r.lead(ctx, flight)
		return r.settle(id)
	}
	if snap := r.usable(r.now()); flight == nil || snap != nil && snap.keys[id] != nil {
		return r.settle(id)
	}
	select {
	case <-flight:
		return r.settle(id)
	case <-ctx.Done():
		return nil, fmt.Errorf("%w: %v", ErrKeysUnavailable, context.Cause(ctx))
	}
}

// join returns the fetch under way, or makes the caller the leader of a new
// one. Nil means that it is too early for another.
func (r *remoteKeys) join() (flight chan struct{}, leader bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.flight != nil {
		return r.flight, false
	}
	wait := r.cooldown
	if r.usable(r.now()) == nil {
		wait = emptyCooldown
	}
	if !r.tried.IsZero() && r.now().Before(r.tried.Add(wait)) {
		return nil, false
	}
	r.flight = make(chan struct{})
	return r.flight, true
}

// lead fetches for everyone who waits on flight. A caller who goes away does
// not take the others' fetch along, so its cancellation is not heeded; the
// client's timeout is.
func (r *remoteKeys) lead(ctx context.Context, flight chan struct{}) {
	failure := errors.New("fetch did not finish") // stands if the transport panics
	defer func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.flight, r.tried, r.failure = nil, r.now(), failure
		close(flight)
	}()
	var keys map[string]*publicKey
	if keys, failure = r.fetch(context.WithoutCancel(ctx)); failure == nil {
		r.current.Store(&keySnapshot{keys: keys, fetched: r.now()})
	}
}

// settle answers from the keys as they now are.
func (r *remoteKeys) settle(id string) (*keySnapshot, error) {
	r.mu.Lock()
	failure := r.failure
	r.mu.Unlock()
	snap := r.usable(r.now())
	switch {
	case snap != nil && snap.keys[id] != nil:
		return snap, nil
	case failure != nil:
		return nil, fmt.Errorf("%w: %v", ErrKeysUnavailable, failure)
	case snap == nil:
		return nil, fmt.Errorf("%w: none fetched lately", ErrKeysUnavailable)
	}
	return nil, fmt.Errorf("%w: unknown key", ErrInvalidAssertion)
}

func (r *remoteKeys) fetch(ctx context.Context) (map[string]*publicKey, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.url, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/jwk-set+json, application/json")
	resp, err := r.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("get %s: status %d", r.url, resp.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxJWKSBytes+1))
	if err != nil {
		return nil, fmt.Errorf("get %s: %w", r.url, err)
	}
	if len(body) > maxJWKSBytes {
		return nil, fmt.Errorf("get %s: more than %d bytes", r.url, maxJWKSBytes)
	}
	keys, err := parseJWKS(body)
	if err != nil {
		return nil, fmt.Errorf("get %s: %w", r.url, err)
	}
	return keys, nil
}
