package process

import (
	"context"
	"errors"
	"log/slog"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// ErrNotRunning is returned by the methods of a [Supervisor] whose Run has
// ended.
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
	// in the order of the changes. Nil is allowed. It must not call back into
	// the supervisor.
	OnEndpoints func(process string, ready []Endpoint)
	// Drain is called after an endpoint was withdrawn and before its program
	// gets the stop signal, and returns when nobody uses it any more, at the
	// latest when ctx ends (after the process's grace period). Nil is allowed.
	Drain func(ctx context.Context, endpoint Endpoint)
	// Reap takes over processes whose parents died. Set it in the one
	// supervisor of a program that runs as PID 1 or that wants to be sure that
	// nothing outlives it.
	Reap bool
	// Log gets the lines the programs write, and their life.
	Log *slog.Logger
	// Registry gets the metrics; nil keeps none.
	Registry prometheus.Registerer
	// Now is the clock of the restart policy; default time.Now.
	Now func() time.Time
}

// Supervisor runs the programs of a service. Its methods may be called from
// any goroutine.
type Supervisor struct {
	cfg Config
}

// New returns a supervisor. It starts nothing.
func New(cfg Config) *Supervisor { return &Supervisor{cfg: cfg} }

// Run supervises until ctx ends and everything it started has stopped, or
// until a process ends that the service cannot do without ([*ExitError]). It
// may be called once.
func (s *Supervisor) Run(context.Context) error { return ErrNotRunning }

// Apply brings what runs in line with specs and returns when it stands, or
// says why not: an invalid spec, a hook that failed, an instance that did not
// become ready ([*StartError]). It waits for Run to be called. A process that
// could not be replaced goes on as it was; a new one that crashes is retried
// by its restart policy until it is in a crash loop, which is when Apply
// gives up on it.
func (s *Supervisor) Apply(context.Context, []Spec) error { return ErrNotRunning }

// Restart replaces the instances of a process one after the other, without
// its hooks.
func (s *Supervisor) Restart(context.Context, string) error { return ErrNotRunning }

// Signal sends a signal to the process groups of every instance of a process.
func (s *Supervisor) Signal(string, syscall.Signal) error { return ErrNotRunning }

// Kill cuts every grace period short, those to come included.
func (s *Supervisor) Kill() {}

// Status returns every instance, sorted by process in the order of the specs
// and by instance.
func (s *Supervisor) Status() []Status { return nil }

// Subscribe returns the events from now on. A subscriber that leaves buffer
// events unread loses the following ones until it has caught up. The channel
// is closed by cancel, and when Run ends.
func (s *Supervisor) Subscribe(buffer int) (events <-chan Event, cancel func()) {
	c := make(chan Event, buffer)
	return c, func() {}
}

// Forward passes signals that Berth gets on to every process until ctx ends.
// rewrite maps a signal to the one to send in its place, 0 to none.
func (s *Supervisor) Forward(ctx context.Context, signals []syscall.Signal, rewrite map[syscall.Signal]syscall.Signal) error {
	<-ctx.Done()
	return nil
}
