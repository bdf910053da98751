package process

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"os"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// ErrNotRunning is returned by the methods of a [Supervisor] whose Run is
// ending or has ended.
var ErrNotRunning = errors.New("the supervisor is not running")

// ErrUnknownProcess is returned for a name that is not in the applied specs.
var ErrUnknownProcess = errors.New("unknown process")

// Config configures a [Supervisor].
type Config struct {
	// RunDirectory holds the unix sockets. It is created, and made accessible
	// to its owner only. Needed when a process listens on a socket.
	RunDirectory string
	// OnEndpoints is told, whenever it changes, the complete list of ready
	// endpoints of a process, sorted by instance. Calls never overlap, and come
	// in the order of the changes. Nil is allowed. It must not call Apply or
	// Restart, which wait for it.
	OnEndpoints func(process string, ready []Endpoint)
	// Drain is called after an endpoint was withdrawn and before its program
	// gets the stop signal, and returns when nobody uses it any more, at the
	// latest when ctx ends (after the process's grace period). Nil is allowed.
	Drain func(ctx context.Context, endpoint Endpoint)
	// Reap takes over processes whose parents died. Set it in the one
	// supervisor of a program that runs as PID 1 or that wants to be sure that
	// nothing outlives it.
	Reap bool
	// Log gets the lines the programs write, and their life. Nil discards them.
	Log *slog.Logger
	// Registry gets the metrics; nil keeps none.
	Registry prometheus.Registerer
	// Now is the clock of the restart policy; default time.Now.
	Now func() time.Time
}

// Supervisor runs the programs of a service. Its methods may be called from
// any goroutine.
type Supervisor struct {
	cfg       Config
	log       *slog.Logger
	met       *metrics
	now       func() time.Time
	spawner   *spawner
	endpoints *publisher
	events    *broadcaster
	ports     ports

	started  chan struct{} // closed when Run has begun
	stopping chan struct{} // closed when Run begins to end
	killed   chan struct{} // closed by Kill
	kill     func()
	fatal    chan error    // why Run has to end
	applying chan struct{} // holds a token while Apply or Restart is at work

	instances sync.WaitGroup // of instance.run

	mu      sync.Mutex // guards the fields below, and the instances' own
	begun   bool
	closing bool
	order   []string
	procs   map[string]*proc
}

// proc is one process with its instances.
type proc struct {
	spec      Spec // with defaults
	stands    bool // the last change to spec went through
	instances []*instance
}

// New returns a supervisor. It starts nothing.
func New(cfg Config) *Supervisor {
	s := &Supervisor{
		cfg: cfg, log: cfg.Log, now: cfg.Now,
		met:      newMetrics(cfg.Registry),
		spawner:  newSpawner(),
		events:   newBroadcaster(),
		ports:    ports{taken: map[int]bool{}},
		started:  make(chan struct{}),
		stopping: make(chan struct{}),
		killed:   make(chan struct{}),
		fatal:    make(chan error, 1),
		applying: make(chan struct{}, 1),
		procs:    map[string]*proc{},
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.now == nil {
		s.now = time.Now
	}
	tell := cfg.OnEndpoints
	if tell == nil {
		tell = func(string, []Endpoint) {}
	}
	s.endpoints = newPublisher(s.ready, tell)
	s.kill = sync.OnceFunc(func() { close(s.killed) })
	return s
}

// Run supervises until ctx ends and everything it started has stopped, or
// until a process ends that the service cannot do without ([*ExitError]). It
// may be called once.
func (s *Supervisor) Run(ctx context.Context) error {
	if !s.begin() {
		return errors.New("the supervisor has run already")
	}
	if s.cfg.Reap && os.Getpid() != 1 {
		if err := becomeSubreaper(); err != nil {
			s.log.Warn("orphans are not adopted", slog.Any("error", err))
		}
	}
	// What instances need to stop has to outlive ctx.
	serving, endServing := context.WithCancel(context.WithoutCancel(ctx))
	defer endServing()
	var serve, reap sync.WaitGroup
	serve.Go(func() { s.spawner.run(serving) })
	serve.Go(func() { s.endpoints.run(serving) })
	if s.cfg.Reap {
		r := &reaper{spawner: s.spawner, reaped: s.met.orphans, log: s.log}
		reap.Go(func() { r.run(serving) })
	}
	close(s.started)

	var err error
	select {
	case <-ctx.Done():
	case err = <-s.fatal:
	}
	s.shutdown()
	endServing()
	reap.Wait()
	serve.Wait()
	s.spawner.writers.Wait()
	s.events.close()
	return err
}

func (s *Supervisor) begin() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	first := !s.begun
	s.begun = true
	return first
}

// shutdown stops every instance and waits for it.
func (s *Supervisor) shutdown() {
	s.mu.Lock()
	s.closing = true
	var all []*instance
	for _, p := range s.procs {
		all = append(all, p.instances...)
	}
	s.mu.Unlock()
	close(s.stopping)
	for _, in := range all {
		in.requestStop()
	}
	s.applying <- struct{}{} // kept: there is no Apply after this
	s.instances.Wait()
}

// fail ends Run. The first reason counts.
func (s *Supervisor) fail(err error) {
	select {
	case s.fatal <- err:
	default:
	}
}

// Kill cuts every grace period short, those to come included.
func (s *Supervisor) Kill() { s.kill() }

// Signal sends a signal to the process groups of every instance of a process.
func (s *Supervisor) Signal(name string, sig syscall.Signal) error {
	s.mu.Lock()
	p, ok := s.procs[name]
	var live []*child
	if ok {
		live = p.live()
	}
	s.mu.Unlock()
	if !ok {
		return ErrUnknownProcess
	}
	for _, c := range live {
		c.signal(sig)
	}
	return nil
}

// live returns the running programs; the caller holds the lock.
func (p *proc) live() []*child {
	var live []*child
	for _, in := range p.instances {
		if in.live != nil {
			live = append(live, in.live)
		}
	}
	return live
}

// Subscribe returns the events from now on. A subscriber that leaves buffer
// events unread loses the following ones until it has caught up. The channel
// is closed by cancel, and when Run ends.
func (s *Supervisor) Subscribe(buffer int) (events <-chan Event, cancel func()) {
	return s.events.subscribe(buffer)
}

// Status returns every instance, sorted by process in the order of the specs
// and by instance.
func (s *Supervisor) Status() []Status {
	used := groupUsage()
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []Status
	for _, name := range s.order {
		p, ok := s.procs[name]
		if !ok {
			continue // not started yet
		}
		for _, in := range p.sorted() {
			status := in.status
			status.LastLines = slices.Clone(status.LastLines)
			if status.PID != 0 {
				status.Resident, status.CPU = used[status.PID].resident, used[status.PID].cpu
			}
			all = append(all, status)
		}
	}
	return all
}

// sorted returns the instances by number; the caller holds the lock.
func (p *proc) sorted() []*instance {
	return slices.SortedStableFunc(slices.Values(p.instances), func(a, b *instance) int {
		return cmp.Compare(a.number, b.number)
	})
}

// ready returns the endpoints of a process that can be used.
func (s *Supervisor) ready(name string) []Endpoint {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, ok := s.procs[name]
	if !ok {
		return nil
	}
	var ready []Endpoint
	for _, in := range p.sorted() {
		if in.status.State == StateReady && in.status.Endpoint != nil && !in.hidden {
			ready = append(ready, *in.status.Endpoint)
		}
	}
	return ready
}

// measure counts the instances of a process that are ready.
func (s *Supervisor) measure(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, ok := s.procs[name]
	if !ok {
		return
	}
	up := 0
	for _, in := range p.instances {
		if in.status.State == StateReady {
			up++
		}
	}
	s.met.up.WithLabelValues(name).Set(float64(up))
}
