package web

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/berth-project/berth/examples/ledger/internal/bank"
	"github.com/berth-project/berth/session"
)

const (
	// pollEvery is how soon a page learns of what another copy of the app did;
	// what this copy did it learns at once.
	pollEvery = time.Second
	// heartbeat keeps what stands between from taking the stream for dead.
	heartbeat = 15 * time.Second
	// longestStream bounds a stream whose session does not end before.
	longestStream = 5 * time.Minute
	// writePatience is how long a client may take to read an event.
	writePatience = 10 * time.Second
)

// events streams the balances the caller sees, as they change. The stream ends
// with the assertion it was begun with: the browser then asks again, and the
// gateway looks again whether it may.
func (a *App) events(w http.ResponseWriter, r *http.Request) error {
	c, err := caller(r)
	if err != nil {
		return err
	}
	select {
	case a.streams <- struct{}{}:
		defer func() { <-a.streams }()
	default:
		return faultStreams
	}
	end := a.cfg.Now().Add(longestStream)
	if until := session.FromContext(r.Context()).ExpiresAt; !until.IsZero() && until.Before(end) {
		end = until
	}
	ctx, cancel := context.WithDeadline(r.Context(), end)
	defer cancel()
	s := stream{w: w, rc: http.NewResponseController(w), sent: map[string]balance{}}
	// The time a request may take to read must not end the stream.
	if err := s.rc.SetReadDeadline(time.Time{}); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no")
	if err := s.send("retry: 2000\n\n"); err != nil {
		return nil
	}
	a.watch(ctx, c, &s)
	return nil // the answer has begun: there is no other way to end it
}

// watch sends what changes until the client, the session or the app is gone.
func (a *App) watch(ctx context.Context, c bank.Caller, s *stream) {
	poll := time.NewTicker(pollEvery)
	defer poll.Stop()
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for {
		changed := a.cfg.Store.Changed() // before reading, so that nothing is missed
		accounts, err := a.cfg.Store.Accounts(ctx, c, "")
		if err == nil {
			err = s.update(accounts)
		}
		if err != nil {
			return
		}
		select {
		case <-changed:
		case <-poll.C:
		case <-beat.C:
			if s.send(": alive\n\n") != nil {
				return
			}
		case <-a.stop:
			return
		case <-ctx.Done():
			return
		}
	}
}

// balance is one event.
type balance struct {
	Account string      `json:"account"`
	Balance string      `json:"balance"`
	Cents   bank.Amount `json:"balance_cents"`
	Status  bank.Status `json:"status"`
}

// stream is one client that watches.
type stream struct {
	w    http.ResponseWriter
	rc   *http.ResponseController
	sent map[string]balance // by account
}

// update sends the balances that are not what was sent before.
func (s *stream) update(accounts []bank.Account) error {
	for _, a := range accounts {
		now := balance{a.ID, a.Balance.String(), a.Balance, a.Status}
		if s.sent[a.ID] == now {
			continue
		}
		data, err := json.Marshal(now)
		if err != nil {
			return err
		}
		if err := s.send(fmt.Sprintf("event: balance\ndata: %s\n\n", data)); err != nil {
			return err
		}
		s.sent[a.ID] = now
	}
	return nil
}

func (s *stream) send(text string) error {
	if err := s.rc.SetWriteDeadline(time.Now().Add(writePatience)); err != nil {
		return err
	}
	if _, err := s.w.Write([]byte(text)); err != nil {
		return err
	}
	return s.rc.Flush()
}
