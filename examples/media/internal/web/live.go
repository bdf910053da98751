package web

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/berth-project/berth/session"
	"github.com/berth-project/berth/work/client"
)

const (
	// pollEvery is how soon a page is brought up to date where nothing says
	// that something has changed: times that grow.
	pollEvery = 2 * time.Second
	// rest is the shortest time between two updates: a flood has thousands of
	// events each second.
	rest = 200 * time.Millisecond
	// longestStream bounds a stream whose session does not end before.
	longestStream = 5 * time.Minute
	// writePatience is how long a client may take to read an event.
	writePatience = 10 * time.Second
)

// live is a page, or a part of it, that is kept up to date.
type live struct {
	page string // the name of its templates
	// tenant and run are what is watched; run "" means all of the tenant.
	tenant, run string
	// show gives the data of each part by the id of its element, which is also
	// the name of its template; last says that nothing will change any more.
	show func(ctx context.Context) (parts map[string]any, last bool, err error)
}

// waitEvents keeps the waiting times on the landing page up to date.
func (a *App) waitEvents(w http.ResponseWriter, r *http.Request) error {
	tenants := tenantsOf(r)
	if len(tenants) == 0 {
		return faultSignIn
	}
	return a.stream(w, r, live{page: "landing", show: func(ctx context.Context) (map[string]any, bool, error) {
		waits, err := a.cfg.Studio.Waits(ctx, tenants, a.cfg.Now())
		return map[string]any{"waits": waits}, false, err
	}})
}

// studioEvents keeps the page of a studio up to date.
func (a *App) studioEvents(w http.ResponseWriter, r *http.Request) error {
	c, err := callerOf(r)
	if err != nil {
		return err
	}
	return a.stream(w, r, live{page: "studio", tenant: c.Tenant, show: func(ctx context.Context) (map[string]any, bool, error) {
		b, err := a.studioBody(ctx, c, "")
		return map[string]any{"waits": b.Waits, "runs": b, "library": b}, false, err
	}})
}

// runEvents keeps the page of a run up to date until it is final.
func (a *App) runEvents(w http.ResponseWriter, r *http.Request) error {
	c, err := callerOf(r)
	if err != nil {
		return err
	}
	id := r.PathValue("id")
	if _, err := a.cfg.Studio.Run(r.Context(), c.Tenant, id); err != nil {
		return err
	}
	return a.stream(w, r, live{page: "run", tenant: c.Tenant, run: id, show: func(ctx context.Context) (map[string]any, bool, error) {
		b, err := a.runBody(ctx, c, id)
		return map[string]any{"run": b}, b.Run.Final(), err
	}})
}

// stream sends what changes until the client, the session or the app is gone.
// The stream ends with the assertion it was begun with: the browser then asks
// again, and the gateway looks again whether it may.
func (a *App) stream(w http.ResponseWriter, r *http.Request, l live) error {
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
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	s := sender{w: w, rc: http.NewResponseController(w), sent: map[string]string{}}
	// The time a request may take to read must not end the stream.
	if err := s.rc.SetReadDeadline(time.Time{}); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no")
	if s.send("retry: 2000\n\n") != nil {
		return nil // the client is gone
	}
	changed := make(chan struct{}, 1)
	if l.tenant != "" {
		wg.Go(func() { a.notice(ctx, l, changed) })
	}
	a.update(ctx, l, &s, changed)
	return nil // the answer has begun: there is no other way to end it
}

// notice tells when something has happened, until ctx ends.
func (a *App) notice(ctx context.Context, l live, changed chan<- struct{}) {
	tell := func() {
		select {
		case changed <- struct{}{}:
		default: // it is known already
		}
	}
	for ctx.Err() == nil {
		err := a.cfg.Studio.Watch(ctx, l.tenant, l.run, func(client.Event) error { tell(); return nil })
		tell()
		if err != nil && ctx.Err() == nil {
			a.cfg.Log.WarnContext(ctx, "watch ended", "tenant", l.tenant, "run", l.run, "error", err)
		}
		select {
		case <-time.After(pollEvery):
		case <-ctx.Done():
		}
	}
}

func (a *App) update(ctx context.Context, l live, s *sender, changed <-chan struct{}) {
	poll := time.NewTicker(pollEvery)
	defer poll.Stop()
	for {
		parts, last, err := l.show(ctx)
		if err == nil {
			err = s.parts(a, l.page, parts)
		}
		if err == nil && last {
			err = s.send("event: end\ndata: {}\n\n")
		}
		if err != nil || last {
			return
		}
		select {
		case <-time.After(rest):
		case <-ctx.Done():
		}
		select {
		case <-changed:
		case <-poll.C:
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

// sender is one client that watches.
type sender struct {
	w    http.ResponseWriter
	rc   *http.ResponseController
	sent map[string]string // HTML by the id of its element
}

// parts sends those parts that are not what was sent before.
func (s *sender) parts(a *App, page string, parts map[string]any) error {
	for id, data := range parts {
		var html bytes.Buffer
		if err := a.pages[page].ExecuteTemplate(&html, id, data); err != nil {
			return err
		}
		if s.sent[id] == html.String() {
			continue
		}
		s.sent[id] = html.String()
		event, err := json.Marshal(map[string]string{"id": id, "html": html.String()})
		if err != nil {
			return err
		}
		if err := s.send(fmt.Sprintf("event: show\ndata: %s\n\n", event)); err != nil {
			return err
		}
	}
	return nil
}

func (s *sender) send(text string) error {
	if err := s.rc.SetWriteDeadline(time.Now().Add(writePatience)); err != nil {
		return err
	}
	if _, err := s.w.Write([]byte(text)); err != nil {
		return err
	}
	return s.rc.Flush()
}
