package service

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"reflect"
	"slices"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/berth-project/berth/gateway/upstream"
	"github.com/berth-project/berth/process"
)

// groupSet keeps the upstream groups across generations: one whose
// configuration did not change goes on with its connections and what it knows
// of the health of its servers.
type groupSet struct {
	log *slog.Logger
	reg prometheus.Registerer

	mu    sync.Mutex // guards all below
	live  groupPlan
	next  groupPlan                      // started, not yet adopted
	gone  []*liveGroup                   // no longer adopted, with requests in flight
	ready map[string][]upstream.Endpoint // by process name
	wg    sync.WaitGroup                 // the groups' goroutines
}

type liveGroup struct {
	group   *upstream.Group
	cfg     upstream.Config
	process string // whose endpoints it serves, empty for named upstreams
	stop    context.CancelFunc
}

// groupSpec is what a generation wants of one group.
type groupSpec struct {
	cfg     upstream.Config
	process string
}

// groupPlan is the set of groups of one generation, some of them shared with
// the one that runs.
type groupPlan map[string]*liveGroup

func newGroupSet(log *slog.Logger, reg prometheus.Registerer) *groupSet {
	return &groupSet{log: log, reg: reg, live: groupPlan{}, ready: map[string][]upstream.Endpoint{}}
}

// plan finds or makes the groups of a generation; nothing is started.
func (s *groupSet) plan(specs map[string]groupSpec) (groupPlan, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := groupPlan{}
	for name, spec := range specs {
		if old := s.live[name]; old != nil && sameConfig(old.cfg, spec.cfg) {
			p[name] = old
			continue
		}
		g, err := upstream.NewGroup(spec.cfg, s.log, s.reg)
		if err != nil {
			s.discardLocked(p)
			return nil, fmt.Errorf("upstream %s: %w", name, err)
		}
		p[name] = &liveGroup{group: g, cfg: spec.cfg, process: spec.process}
	}
	return p, nil
}

// sameConfig compares authorities apart: no two pools of them are deeply equal.
func sameConfig(a, b upstream.Config) bool {
	same := a.TLS.Roots.Equal(b.TLS.Roots)
	a.TLS.Roots, b.TLS.Roots = nil, nil
	return same && reflect.DeepEqual(a, b)
}

// start runs the groups of a plan that do not run yet and gives them the
// endpoints that are ready now.
func (s *groupSet) start(ctx context.Context, p groupPlan) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next = p
	for _, l := range p {
		if l.stop != nil {
			continue
		}
		if l.process != "" {
			l.group.SetEndpoints(s.ready[l.process])
		}
		run, stop := context.WithCancel(ctx)
		l.stop = stop
		s.wg.Go(func() {
			if err := l.group.Run(run); err != nil {
				s.log.Error("upstream group ended", "upstream", l.cfg.Name, "error", err)
			}
		})
	}
}

// adopt makes p the live set and returns what retires the groups that are not
// in it, once requests have moved on: each is closed when nothing is in flight,
// or when ctx is done. It returns when all are.
func (s *groupSet) adopt(p groupPlan) (retire func(ctx context.Context)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var gone []*liveGroup
	for name, old := range s.live {
		if p[name] != old {
			gone = append(gone, old)
		}
	}
	s.live, s.next = p, nil
	s.gone = append(s.gone, gone...)
	return func(ctx context.Context) {
		var wg sync.WaitGroup
		for _, l := range gone {
			wg.Go(func() { s.retire(ctx, l) })
		}
		wg.Wait()
	}
}

func (s *groupSet) retire(ctx context.Context, l *liveGroup) {
	if err := l.group.Drain(ctx); err != nil {
		s.log.Warn("close upstream group", "upstream", l.cfg.Name, "error", err)
	}
	l.stop()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gone = slices.DeleteFunc(s.gone, func(g *liveGroup) bool { return g == l })
}

// discard closes the groups of a plan that was not adopted.
func (s *groupSet) discard(p groupPlan) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.discardLocked(p)
}

func (s *groupSet) discardLocked(p groupPlan) {
	s.next = nil
	for name, l := range p {
		if s.live[name] == l {
			continue
		}
		if l.stop != nil {
			l.stop()
		}
		_ = l.group.Close() // it never served a request
	}
}

// setEndpoints is the supervisor's word on where a process is reached.
func (s *groupSet) setEndpoints(name string, ready []process.Endpoint) {
	list := make([]upstream.Endpoint, len(ready))
	for i, e := range ready {
		list[i] = upstream.Endpoint{Network: e.Network, Address: e.Address, ID: instanceID(e)}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ready[name] = list
	for _, g := range s.groupsOf(name) {
		g.SetEndpoints(list)
	}
}

// drain returns when no request uses an endpoint that was withdrawn, or ctx
// ends.
func (s *groupSet) drain(ctx context.Context, e process.Endpoint) {
	endpoint := upstream.Endpoint{Network: e.Network, Address: e.Address, ID: instanceID(e)}
	s.mu.Lock()
	groups := s.groupsOf(e.Process)
	s.mu.Unlock()
	for _, g := range groups {
		g.DrainEndpoint(ctx, endpoint)
	}
}

// groupsOf are the groups that send requests to a process: those adopted, those
// about to be, and those that were. s.mu is held.
func (s *groupSet) groupsOf(name string) []*upstream.Group {
	all := append(slices.Collect(maps.Values(s.live)), s.gone...)
	all = slices.AppendSeq(all, maps.Values(s.next))
	var groups []*upstream.Group
	for _, l := range all {
		if l.process == name && !slices.Contains(groups, l.group) {
			groups = append(groups, l.group)
		}
	}
	return groups
}

// instanceID is how logs and the console name one copy of a process.
func instanceID(e process.Endpoint) string {
	return fmt.Sprintf("%s.%d", e.Process, e.Instance)
}

// status lists every live group.
func (s *groupSet) status() map[string][]upstream.EndpointStatus {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[string][]upstream.EndpointStatus{}
	for name, l := range s.live {
		out[name] = l.group.Status()
	}
	return out
}

// close ends every group and waits for their goroutines.
func (s *groupSet) close() {
	now, cancel := context.WithCancel(context.Background())
	cancel()
	s.adopt(groupPlan{})(now)
	s.wg.Wait()
}
