package session_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/berth-project/berth/session"
)

// transport answers in memory, so that a bubble of synctest owns all there is
// to wait for. While gate is not nil, answers wait for it to be closed.
type transport struct {
	fetches  atomic.Int64
	gate     chan struct{}
	document []byte
	failing  atomic.Bool
}

func (tr *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	tr.fetches.Add(1)
	if tr.gate != nil {
		select {
		case <-tr.gate:
		case <-r.Context().Done():
			return nil, context.Cause(r.Context())
		}
	}
	if tr.failing.Load() {
		return nil, errors.New("connection refused")
	}
	return &http.Response{
		StatusCode: http.StatusOK, Request: r, Header: http.Header{},
		Body: io.NopCloser(bytes.NewReader(tr.document)),
	}, nil
}

// bubble is a verifier and its gateway inside of synctest, where time is
// time.Now and sleeping is free.
type bubble struct {
	*transport
	signer   *session.Signer
	verifier *session.Verifier
}

func newBubble(t *testing.T) *bubble {
	t.Helper()
	s := newSigner(t, newKeys(t, session.EdDSA), time.Now)
	tr := &transport{document: s.JWKS()}
	v, err := session.NewVerifier(session.VerifierConfig{
		JWKSURL: "https://gateway.example/jwks", Issuer: issuer, Audience: audience, Client: &http.Client{Transport: tr},
	})
	if err != nil {
		t.Fatal(err)
	}
	return &bubble{tr, s, v}
}

// verify verifies a token that is new each time.
func (b *bubble) verify(t *testing.T) error {
	t.Helper()
	_, err := b.verifier.Verify(t.Context(), sign(t, b.signer, nil, ""))
	return err
}

func TestConcurrentRequestsShareOneFetch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t)
		b.gate = make(chan struct{})
		var wg sync.WaitGroup
		var failures atomic.Int64
		for range 50 {
			wg.Go(func() {
				if err := b.verify(t); err != nil {
					failures.Add(1)
				}
			})
		}
		synctest.Wait()
		if n := b.fetches.Load(); n != 1 {
			t.Errorf("%d fetches by 50 requests, want 1", n)
		}
		close(b.gate)
		wg.Wait()
		if n := failures.Load(); n != 0 || b.fetches.Load() != 1 {
			t.Errorf("%d of 50 requests failed, %d fetches", n, b.fetches.Load())
		}
	})
}

func TestFirstCallerGoingAwayLeavesTheFetchToOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t)
		b.gate = make(chan struct{})
		ctx, cancel := context.WithCancel(t.Context())
		token := sign(t, b.signer, nil, "")
		results := make(chan error, 1)
		var wg sync.WaitGroup
		wg.Go(func() { _, _ = b.verifier.Verify(ctx, token) })
		synctest.Wait()
		wg.Go(func() { results <- b.verify(t) })
		synctest.Wait()
		cancel()
		synctest.Wait()
		close(b.gate)
		wg.Wait()
		if err := <-results; err != nil {
			t.Errorf("the other caller: Verify() = %v", err)
		}
	})
}

func TestWaitingCallerGoesAwayWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t)
		b.gate = make(chan struct{})
		var wg sync.WaitGroup
		wg.Go(func() { _ = b.verify(t) })
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := b.verifier.Verify(ctx, sign(t, b.signer, nil, ""))
		if !errors.Is(err, session.ErrKeysUnavailable) {
			t.Errorf("Verify() = %v, want ErrKeysUnavailable", err)
		}
		close(b.gate)
		wg.Wait()
	})
}

func TestSilentGatewayIsGivenUpAfterFiveSeconds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t)
		b.gate = make(chan struct{})
		began := time.Now()
		if err := b.verify(t); !errors.Is(err, session.ErrKeysUnavailable) {
			t.Errorf("Verify() = %v, want ErrKeysUnavailable", err)
		}
		if waited := time.Since(began); waited != 5*time.Second {
			t.Errorf("gave up after %v, want 5s", waited)
		}
	})
}

func TestFloodOfUnknownKeysIsOneFetchEachCooldown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t)
		if err := b.verify(t); err != nil {
			t.Fatal(err)
		}
		for range 100 { // 10 seconds of it
			stranger := newForger(t, newKeys(t, session.EdDSA))
			_, err := b.verifier.Verify(t.Context(), stranger.token(stranger.header(), "{}"))
			if !errors.Is(err, session.ErrInvalidAssertion) {
				t.Fatalf("Verify(unknown key) = %v, want ErrInvalidAssertion", err)
			}
			time.Sleep(100 * time.Millisecond)
		}
		if n := b.fetches.Load(); n > 2 {
			t.Errorf("%d fetches in a flood of 10s, want at most 2", n)
		}
		if err := b.verify(t); err != nil {
			t.Errorf("good token after the flood: Verify() = %v", err)
		}
	})
}

func TestNewKeyIsFetchedOnceTheCooldownIsOver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t)
		if err := b.verify(t); err != nil {
			t.Fatal(err)
		}
		b.signer = newSigner(t, newKeys(t, session.ES256), time.Now)
		b.document = b.signer.JWKS()
		if err := b.verify(t); !errors.Is(err, session.ErrInvalidAssertion) {
			t.Errorf("within the cool-down: Verify() = %v, want ErrInvalidAssertion", err)
		}
		time.Sleep(10 * time.Second)
		if err := b.verify(t); err != nil {
			t.Errorf("after it: Verify() = %v", err)
		}
	})
}

func TestUnknownKeyIsUnavailableWhileTheGatewayIsAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t)
		if err := b.verify(t); err != nil {
			t.Fatal(err)
		}
		b.failing.Store(true)
		time.Sleep(10 * time.Second)
		b.signer = newSigner(t, newKeys(t, session.EdDSA), time.Now)
		for range 10 {
			if err := b.verify(t); !errors.Is(err, session.ErrKeysUnavailable) {
				t.Errorf("Verify() = %v, want ErrKeysUnavailable", err)
			}
		}
		if n := b.fetches.Load(); n != 2 {
			t.Errorf("%d fetches, want the first and one that failed", n)
		}
	})
}

func TestOldKeysServeWhileTheGatewayIsAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t)
		if err := b.verify(t); err != nil {
			t.Fatal(err)
		}
		b.failing.Store(true)
		time.Sleep(64 * time.Minute)
		for range 10 {
			if err := b.verify(t); err != nil {
				t.Errorf("an hour past their age: Verify() = %v", err)
			}
		}
		if n := b.fetches.Load(); n != 2 {
			t.Errorf("%d fetches, want the first and one that failed", n)
		}
		time.Sleep(2 * time.Minute)
		if err := b.verify(t); !errors.Is(err, session.ErrKeysUnavailable) {
			t.Errorf("more than an hour past it: Verify() = %v, want ErrKeysUnavailable", err)
		}
		b.failing.Store(false)
		time.Sleep(time.Second)
		if err := b.verify(t); err != nil {
			t.Errorf("gateway back: Verify() = %v", err)
		}
	})
}

func TestKnownKeysDoNotWaitForARefresh(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t)
		if err := b.verify(t); err != nil {
			t.Fatal(err)
		}
		time.Sleep(6 * time.Minute)
		b.gate = make(chan struct{})
		var wg sync.WaitGroup
		wg.Go(func() { _ = b.verify(t) })
		synctest.Wait()
		began := time.Now()
		if err := b.verify(t); err != nil || time.Since(began) != 0 {
			t.Errorf("Verify() = %v after %v, want at once", err, time.Since(began))
		}
		close(b.gate)
		wg.Wait()
	})
}

func TestKeysAreNotFetchedThroughARedirect(t *testing.T) {
	t.Parallel()
	clk := newClock()
	s := newSigner(t, newKeys(t, session.EdDSA), clk.Now)
	target := newKeyServer(t, s.JWKS())
	detour := httptest.NewServer(http.RedirectHandler(target.URL, http.StatusFound))
	t.Cleanup(detour.Close)
	for name, client := range map[string]*http.Client{"own client": nil, "given client": detour.Client()} {
		v, err := session.NewVerifier(session.VerifierConfig{
			JWKSURL: detour.URL, Issuer: issuer, Audience: audience, Client: client, Now: clk.Now,
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := v.Verify(t.Context(), sign(t, s, nil, "")); !errors.Is(err, session.ErrKeysUnavailable) {
			t.Errorf("%s: Verify() = %v, want ErrKeysUnavailable", name, err)
		}
	}
	if n := target.fetches.Load(); n != 0 {
		t.Errorf("the redirect's target was asked %d times", n)
	}
}

func TestRefusedTokensCauseNoFetch(t *testing.T) {
	t.Parallel()
	clk, keys := newClock(), newKeys(t, session.EdDSA)
	server := newKeyServer(t, newSigner(t, keys, clk.Now).JWKS())
	v := newVerifier(t, server.URL, clk.Now)
	f := newForger(t, keys)
	for _, token := range []string{
		"", "x", "a.b.c", f.token(`{"alg":"none","kid":"a","typ":"berth-assertion+jwt"}`, "{}"),
		f.token(`{"alg":"EdDSA","kid":"","typ":"berth-assertion+jwt"}`, "{}"),
		f.token(`{"alg":"EdDSA","kid":"../a","typ":"berth-assertion+jwt"}`, "{}"),
		f.token(`{"alg":"EdDSA","kid":"`+strings.Repeat("a", 65)+`","typ":"berth-assertion+jwt"}`, "{}"),
		f.token(`{"alg":"HS256","kid":"a","typ":"berth-assertion+jwt"}`, "{}"), f.token(`{"alg":"EdDSA","kid":"a","typ":"JWT"}`, "{}"),
	} {
		if _, err := v.Verify(t.Context(), token); err == nil {
			t.Errorf("Verify(%q) = nil, want an error", token)
		}
	}
	if n := server.fetches.Load(); n != 0 {
		t.Errorf("%d fetches, want none", n)
	}
}
