package upstream

import (
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"
)

// pickOf returns the id of the target a plain request gets, "" for none.
func pickOf(g *Group) string {
	x := &exchange{group: g, req: &Request{}, start: time.Now()}
	if t := g.choose(x); t != nil {
		return t.endpoint.ID
	}
	return ""
}

func pairOfTargets(t *testing.T, p Passive) (*Group, *target, *target) {
	t.Helper()
	g, err := NewGroup(Config{Name: "app", Passive: p, Endpoints: []Endpoint{
		{Network: "tcp", Address: "192.0.2.1:1", ID: "a"}, {Network: "tcp", Address: "192.0.2.2:1", ID: "b"},
	}}, slog.New(slog.DiscardHandler), nil)
	if err != nil {
		t.Fatal(err)
	}
	roster := *g.roster.Load()
	return g, roster[0], roster[1]
}

func TestFailuresEjectATargetForAWhile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g, a, _ := pairOfTargets(t, Passive{MaxFails: 2, FailTimeout: time.Minute})
		bad := errors.New("down")
		a.failure(bad, g.cfg.Passive)
		if got := pickOf(g) + pickOf(g); got != "ab" && got != "ba" {
			t.Errorf("after one failure: %s, want both", got)
		}
		if !a.failure(bad, g.cfg.Passive) {
			t.Error("the second failure does not eject")
		}
		for range 4 {
			if got := pickOf(g); got != "b" {
				t.Errorf("ejected, but picked %s", got)
			}
		}
		time.Sleep(time.Minute)
		count := map[string]int{}
		for range 10 {
			count[pickOf(g)]++
		}
		if count["a"] != 1 {
			t.Errorf("half open: %v, want one trial of a", count)
		}
		if !a.succeeded() {
			t.Error("the trial does not bring it back")
		}
		if got := pickOf(g) + pickOf(g); got != "ab" && got != "ba" {
			t.Errorf("back: %s, want both", got)
		}
	})
}

func TestFailedTrialEjectsAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g, a, _ := pairOfTargets(t, Passive{MaxFails: 1, FailTimeout: time.Minute})
		bad := errors.New("down")
		a.failure(bad, g.cfg.Passive)
		time.Sleep(time.Minute)
		for pickOf(g) != "a" {
		}
		a.failure(bad, g.cfg.Passive)
		time.Sleep(59 * time.Second)
		for range 4 {
			if got := pickOf(g); got != "b" {
				t.Errorf("picked %s", got)
			}
		}
	})
}

func TestFailuresFarApartDoNotAddUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g, a, _ := pairOfTargets(t, Passive{MaxFails: 2, FailTimeout: time.Minute})
		for range 5 {
			if a.failure(errors.New("down"), g.cfg.Passive) {
				t.Error("ejected")
			}
			time.Sleep(61 * time.Second)
		}
	})
}

func TestPassiveHealthNeverEmptiesAGroup(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g, a, b := pairOfTargets(t, Passive{MaxFails: 1, FailTimeout: time.Minute})
		a.failure(errors.New("down"), g.cfg.Passive)
		b.failure(errors.New("down"), g.cfg.Passive)
		if got := pickOf(g); got == "" {
			t.Error("nobody left")
		}
		a.down.Store(true)
		b.down.Store(true)
		if got := pickOf(g); got != "" {
			t.Errorf("picked %s, which its checks call down", got)
		}
	})
}

func TestActiveCheckThresholds(t *testing.T) {
	t.Parallel()
	c := HealthConfig{Healthy: 2, Unhealthy: 3}
	target := newTarget("g", Endpoint{Network: "tcp", Address: "x"})
	bad := errors.New("status 503")
	for i, step := range []struct {
		err     error
		changed bool
		down    bool
	}{
		{bad, false, false},
		{bad, false, false},
		{nil, false, false},
		{bad, false, false},
		{bad, false, false},
		{bad, true, true},
		{bad, false, true},
		{nil, false, true},
		{bad, false, true},
		{nil, false, true},
		{nil, true, false},
		{nil, false, false},
	} {
		if changed := target.checked(step.err, c); changed != step.changed || target.down.Load() != step.down {
			t.Errorf("step %d: changed %v, down %v", i, changed, target.down.Load())
		}
	}
}

func TestHoldEndsAfterItsTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g, err := NewGroup(Config{Name: "app", Hold: 7 * time.Second}, slog.New(slog.DiscardHandler), nil)
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		x := &exchange{group: g, req: &Request{In: newRequest(t)}, start: start}
		if _, err := x.await(); kindOf(err) != NoEndpoint {
			t.Errorf("await: %v", err)
		}
		if waited := time.Since(start); waited != 7*time.Second {
			t.Errorf("waited %v", waited)
		}
	})
}

func TestIdleConnectionsAreReaped(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		target := newTarget("g", Endpoint{Network: "tcp", Address: "x"})
		for range 3 {
			c := newConn(closedConn{}, target)
			c.since = time.Now()
			target.adopt(c)
			target.idle = append(target.idle, c)
			time.Sleep(time.Minute)
		}
		target.reap(time.Now().Add(-90 * time.Second))
		if len(target.idle) != 1 || len(target.conns) != 1 {
			t.Errorf("%d idle of %d connections left, want 1 of 1", len(target.idle), len(target.conns))
		}
	})
}

func TestAffinityTableIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newAddressTable(Affinity{TTL: time.Minute, MaxClients: 10})
		roster := []*target{newTarget("g", Endpoint{ID: "a"}), newTarget("g", Endpoint{ID: "b"})}
		all := func(*target) bool { return true }
		for i := range 100 {
			a.place(addr(i), roster, all, time.Now())
		}
		if len(a.clients) != 10 {
			t.Errorf("%d clients in a table of 10", len(a.clients))
		}
		time.Sleep(2 * time.Minute)
		a.expire(time.Now())
		if len(a.clients) != 0 {
			t.Errorf("%d clients after their time", len(a.clients))
		}
	})
}
