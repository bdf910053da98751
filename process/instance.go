package process

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"
)

// instance is one copy of a process, through all its restarts. Its goroutine,
// run, is the only one that starts and ends its programs.
type instance struct {
	sup    *Supervisor
	spec   Spec
	number int
	// alternate chooses the second of the two socket names of a number, so that
	// a replacement does not take the socket of whom it replaces.
	alternate bool
	log       *slog.Logger

	stop chan struct{} // closed by requestStop
	done chan struct{} // closed when run has ended

	ready  signal1 // it was ready once
	failed signal1 // a start failed
	doomed signal1 // it is in a crash loop, or has ended for good

	// Guarded by sup.mu.
	status   Status
	live     *child      // nil when no program runs
	problem  *StartError // of the first failed start
	trial    bool        // not ready yet, with another one still serving
	replaces *instance   // steps back when this one is ready
	hidden   bool        // its endpoint is withdrawn
	stopping bool
}

// signal1 is something that happens once.
type signal1 struct {
	once *sync.Once
	c    chan struct{}
}

func newSignal() signal1 { return signal1{new(sync.Once), make(chan struct{})} }

func (s signal1) fire() { s.once.Do(func() { close(s.c) }) }

func newInstance(s *Supervisor, spec Spec, number int) *instance {
	return &instance{
		sup: s, spec: spec, number: number,
		log:  s.log.With(slog.String("process", spec.Name), slog.Int("instance", number)),
		stop: make(chan struct{}), done: make(chan struct{}),
		ready: newSignal(), failed: newSignal(), doomed: newSignal(),
		status: Status{Process: spec.Name, Instance: number, State: StateStopped},
	}
}

// requestStop asks run to end. It may be called more than once.
func (in *instance) requestStop() {
	in.sup.mu.Lock()
	defer in.sup.mu.Unlock()
	if !in.stopping {
		in.stopping = true
		close(in.stop)
	}
}

func (in *instance) stopRequested() bool {
	select {
	case <-in.stop:
		return true
	default:
		return false
	}
}

// run starts the program, again and again as the policy says, until it is
// asked to stop or gives up.
func (in *instance) run() {
	defer close(in.done)
	defer in.doomed.fire()
	past := history{policy: in.spec.Restart}
	for {
		began := in.sup.now()
		exit := in.once()
		if in.stopRequested() {
			in.change(StateStopped, nil)
			return
		}
		pause, again := in.verdict(&past, began, exit)
		if !again || !in.wait(pause) {
			return
		}
		in.sup.met.restarts.WithLabelValues(in.spec.Name).Inc()
		in.update(func(s *Status) { s.Restarts++ })
	}
}

// wait pauses before a restart; false when it was asked to stop.
func (in *instance) wait(pause time.Duration) bool {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-in.stop:
		in.change(StateStopped, nil)
		return false
	}
}

// verdict decides what follows an exit nobody asked for.
func (in *instance) verdict(past *history, began time.Time, exit Exit) (time.Duration, bool) {
	policy := in.spec.Restart
	well := exit.Code == 0 && exit.Cause == ""
	if policy.When == RestartNever || policy.When == RestartOnFailure && well {
		in.end(exit, well)
		return 0, false
	}
	pause, loop := past.failed(began, in.sup.now(), rand.Float64())
	at := func(s *Status) { s.RestartAt = time.Now().Add(pause) }
	if !loop {
		in.change(StateBackoff, at)
		in.log.Warn("process restarts", slog.String("exit", exit.String()), slog.Duration("pause", pause))
		return pause, true
	}
	if policy.GiveUp {
		in.log.Error("process given up", slog.String("exit", exit.String()))
		in.end(exit, false)
		return 0, false
	}
	in.crashLoop(exit, pause, at)
	return pause, true
}

// end records that the process ended for good, and ends the supervisor when
// the service cannot do without it.
func (in *instance) end(exit Exit, well bool) {
	state := StateFailed
	if well {
		state = StateStopped
	}
	in.change(state, nil)
	if in.spec.Restart.When == RestartOnFailure && well || in.onTrial() {
		return
	}
	code := exit.Code
	if code == 0 && !well {
		code = 1 // it took the stop after a start that failed well
	}
	in.sup.fail(&ExitError{Process: in.spec.Name, Instance: in.number, Code: code, Exit: exit})
}

// crashLoop reports a crash loop, with all that is known, once per failure.
func (in *instance) crashLoop(exit Exit, pause time.Duration, at func(*Status)) {
	in.change(StateCrashLoop, at)
	status := in.snapshot()
	in.log.Error("process is in a crash loop",
		slog.String("exit", exit.String()), slog.Int("restarts", status.Restarts),
		slog.Duration("pause", pause), slog.Any("last_lines", status.LastLines))
	in.sup.events.send(Event{
		Time: time.Now(), Kind: EventCrashLoop, Process: in.spec.Name, Instance: in.number,
		State: StateCrashLoop, Exit: &exit, Lines: status.LastLines,
	})
	in.doomed.fire()
}

// once runs the program from its start to its end.
func (in *instance) once() Exit {
	began := time.Now()
	at, c, err := in.start()
	if err != nil {
		exit := startFailure(err)
		exit.At = time.Now()
		in.exited(exit, nil, false)
		return exit
	}
	defer at.release()
	cause, wasReady := in.attend(at, c, began)
	exit := c.finish(cause)
	in.exited(exit, c.out.lines(), wasReady)
	return exit
}

// start finds a place to listen and starts the program.
func (in *instance) start() (place, *child, error) {
	at, err := in.listen()
	if err != nil {
		return place{}, nil, err
	}
	extra := []string{"BERTH_PROCESS=" + in.spec.Name, fmt.Sprintf("BERTH_INSTANCE=%d", in.number)}
	if at.variable != "" {
		extra = append(extra, at.variable)
	}
	c, err := startChild(in.sup.spawner, command{
		argv: in.spec.Command, shell: in.spec.Shell, directory: in.spec.Directory,
		user: in.spec.User, group: in.spec.Group, environment: withVariables(in.spec.Environment, extra...),
	}, in.log, in.sup.met.dropped.WithLabelValues(in.spec.Name))
	if err != nil {
		at.release()
		return place{}, nil, err
	}
	in.sup.mu.Lock()
	in.live = c
	in.sup.mu.Unlock()
	in.change(StateStarting, func(s *Status) { s.PID, s.StartedAt = c.pid, time.Now() })
	return at, c, nil
}

func (in *instance) listen() (place, error) {
	switch in.spec.Listen {
	case ListenPort:
		return in.sup.ports.place(context.Background(), in.spec.Port)
	case ListenSocket:
		name := fmt.Sprintf("%s.%d", in.spec.Name, in.number)
		if in.alternate {
			name += ".alt"
		}
		return socketPlace(in.sup.cfg.RunDirectory, name, &in.spec)
	}
	return place{release: func() {}}, nil
}

// attend follows a program until it has ended or has to. It returns what is
// wrong with it beyond its exit status, and whether it was ready.
func (in *instance) attend(at place, c *child, began time.Time) (cause string, wasReady bool) {
	probed := make(chan error, 1)
	if in.spec.Ready.Kind == ReadyNone {
		wasReady = true // even if it has ended by now
		in.becomeReady(at, began)
	} else {
		ctx, cancel := context.WithTimeout(context.Background(), in.spec.Ready.Timeout)
		var probing sync.WaitGroup
		probing.Go(func() { probed <- probe(ctx, at, in.spec.Ready) })
		defer probing.Wait()
		defer cancel()
	}
	for {
		select {
		case err := <-probed:
			if err != nil {
				in.change(StateStopping, nil)
				c.stop(in.spec.Stop, in.sup.killed)
				return fmt.Sprintf("not ready after %v (%v)", in.spec.Ready.Timeout, err), false
			}
			wasReady = true
			in.becomeReady(at, began)
		case <-c.exited:
			in.change(StateStopping, nil)
			in.withdraw()
			return "", wasReady
		case <-in.stop:
			in.change(StateStopping, nil)
			in.drain(at, c)
			c.stop(in.spec.Stop, in.sup.killed)
			return "", wasReady
		}
	}
}

func (in *instance) becomeReady(at place, began time.Time) {
	in.change(StateReady, func(s *Status) {
		s.LastLines = nil
		if at.network != "" {
			s.Endpoint = &Endpoint{Process: in.spec.Name, Instance: in.number, Network: at.network, Address: at.address}
		}
		in.hidden, in.trial = false, false
		if in.replaces != nil {
			in.replaces.hidden = true // in one step: never none, never two
		}
	})
	in.sup.met.start.WithLabelValues(in.spec.Name).Observe(time.Since(began).Seconds())
	in.sup.endpoints.publish(in.spec.Name)
	in.ready.fire()
}

// withdraw takes the endpoint away from the gateway.
func (in *instance) withdraw() {
	in.update(func(*Status) { in.hidden = true })
	in.sup.endpoints.publish(in.spec.Name)
}

// drain withdraws the endpoint and waits until nobody uses it.
func (in *instance) drain(at place, c *child) {
	published := in.snapshot().Endpoint
	in.withdraw()
	if published == nil || in.sup.cfg.Drain == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), in.spec.Stop.Grace)
	defer cancel()
	var watch sync.WaitGroup
	watch.Go(func() {
		select {
		case <-c.exited:
		case <-in.sup.killed:
		case <-ctx.Done():
		}
		cancel()
	})
	in.sup.cfg.Drain(ctx, *published)
	cancel()
	watch.Wait()
}

// exited records the end of a program.
func (in *instance) exited(exit Exit, lines []string, wasReady bool) {
	asked := in.stopRequested()
	in.update(func(s *Status) {
		s.PID, s.Endpoint, s.LastExit, s.LastLines = 0, nil, &exit, lines
		in.live = nil
		if !wasReady && !asked && in.problem == nil {
			in.problem = &StartError{Process: in.spec.Name, Instance: in.number, Exit: exit, Lines: lines}
		}
	})
	outcome := "failed"
	switch {
	case asked:
		outcome = "stopped"
	case exit.Code == 0 && exit.Cause == "":
		outcome = "ok"
	}
	in.sup.met.exits.WithLabelValues(in.spec.Name, outcome).Inc()
	in.log.Info("process ended", slog.String("exit", exit.String()))
	in.sup.events.send(Event{
		Time: exit.At, Kind: EventExit, Process: in.spec.Name, Instance: in.number,
		State: in.snapshot().State, Exit: &exit, Lines: lines,
	})
	if !wasReady {
		in.failed.fire()
	}
}

// onTrial reports whether another instance still serves in its place.
func (in *instance) onTrial() bool {
	in.sup.mu.Lock()
	defer in.sup.mu.Unlock()
	return in.trial
}

// snapshot returns a copy of the status.
func (in *instance) snapshot() Status {
	in.sup.mu.Lock()
	defer in.sup.mu.Unlock()
	return in.status
}

// update changes the status, and what is guarded with it, under the lock.
func (in *instance) update(change func(*Status)) {
	in.sup.mu.Lock()
	defer in.sup.mu.Unlock()
	change(&in.status)
}

// change moves to a state and tells everybody.
func (in *instance) change(to State, more func(*Status)) {
	in.update(func(s *Status) {
		s.State, s.RestartAt = to, time.Time{}
		if more != nil {
			more(s)
		}
	})
	now := in.snapshot()
	in.sup.measure(in.spec.Name)
	if to == StateReady {
		in.log.Info("process ready")
	}
	in.log.Debug("process state", slog.String("state", to.String()))
	in.sup.events.send(Event{
		Time: time.Now(), Kind: EventState, Process: in.spec.Name, Instance: in.number, State: to, PID: now.PID,
	})
}
