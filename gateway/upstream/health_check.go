package upstream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

// watch checks all targets at once, then at every interval and whenever the
// roster changed.
func (g *Group) watch(ctx context.Context) {
	every := time.NewTicker(g.cfg.Health.Interval)
	defer every.Stop()
	for {
		g.checkAll(ctx)
		select {
		case <-ctx.Done():
			return
		case <-g.shutdown:
			return
		case <-every.C:
		case <-g.wake:
		}
	}
}

// checkAll checks every target once, at the same time.
func (g *Group) checkAll(ctx context.Context) {
	var wg sync.WaitGroup
	defer wg.Wait()
	for _, t := range *g.roster.Load() {
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, g.cfg.Health.Timeout)
			defer cancel()
			err := g.check(ctx, t)
			if errors.Is(context.Cause(ctx), context.Canceled) {
				return // we are stopping: the target is not to blame
			}
			g.report(t, err)
		})
	}
}

// report counts a check and tells when it changed something.
func (g *Group) report(t *target, err error) {
	if !t.checked(err, g.cfg.Health) {
		return
	}
	if err != nil {
		g.log.Warn("upstream endpoint unhealthy", "instance", t.endpoint.ID, "error", err)
	} else {
		g.log.Info("upstream endpoint healthy", "instance", t.endpoint.ID)
	}
	g.announce()
}

// check asks a target whether it is well. It uses a connection of its own: a
// kept one would say nothing about accepting new ones.
func (g *Group) check(ctx context.Context, t *target) error {
	if g.cfg.Health.Path == "" {
		nc, err := t.dial(ctx, &g.cfg)
		if err != nil {
			return err
		}
		return nc.Close()
	}
	tr := newTransport(t, &g.cfg, g.cfg.Protocol)
	defer tr.CloseIdleConnections()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, g.cfg.Scheme+"://"+g.cfg.Health.Host+g.cfg.Health.Path, nil)
	if err != nil {
		return fmt.Errorf("health check: %w", err)
	}
	req.Header.Set("User-Agent", "berth-health")
	resp, err := tr.RoundTrip(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, _ = io.CopyN(io.Discard, resp.Body, copySize)
	if resp.StatusCode < g.cfg.Health.StatusMin || resp.StatusCode > g.cfg.Health.StatusMax {
		return fmt.Errorf("health check: status %d", resp.StatusCode)
	}
	return nil
}
