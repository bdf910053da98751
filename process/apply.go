package process

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Apply brings what runs in line with specs and returns when it stands, or
// says why not: an invalid spec, a hook that failed, an instance that did not
// become ready ([*StartError]). It waits for Run to be called.
//
// Hooks run first, in the order of the specs; when one fails nothing has been
// changed. Instances that listen are replaced one after the other, the old one
// withdrawn in the moment in which the new one is ready and stopped after
// that; when the new one fails, the old one stays. Instances that do not
// listen, or on a fixed port, are stopped before their successors start. A new
// process that crashes is retried by its restart policy until it is in a crash
// loop, which is when Apply gives up on it; the supervisor does not.
//
// A spec that failed counts as changed the next time.
func (s *Supervisor) Apply(ctx context.Context, specs []Spec) error {
	wanted, err := prepare(specs)
	if err != nil {
		return err
	}
	ctx, leave, err := s.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	changed, removed := s.plan(wanted)
	for i := range changed {
		if changed[i].scaleOnly {
			continue
		}
		if err := s.runHooks(ctx, &changed[i].spec); err != nil {
			return err
		}
	}
	s.arrange(wanted, removed)
	// A renamed worker must not run beside itself, nor a fixed port be taken.
	s.remove(removed, func(p *proc) bool { return !p.spec.overlaps() })
	errs := make([]error, len(changed))
	var bringing sync.WaitGroup
	for i, c := range changed {
		bringing.Go(func() { errs[i] = s.bring(ctx, c.spec, isCurrent(c.spec)) })
	}
	bringing.Wait()
	s.remove(removed, func(*proc) bool { return true })
	return errors.Join(errs...)
}

// Restart replaces the instances of a process one after the other, without
// its hooks.
func (s *Supervisor) Restart(ctx context.Context, name string) error {
	ctx, leave, err := s.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	s.mu.Lock()
	p, ok := s.procs[name]
	s.mu.Unlock()
	if !ok {
		return ErrUnknownProcess
	}
	return s.bring(ctx, p.spec, func(*instance) bool { return false })
}

// prepare validates specs and spells out their defaults.
func prepare(specs []Spec) ([]Spec, error) {
	var errs []error
	seen := map[string]bool{}
	wanted := make([]Spec, len(specs))
	for i, spec := range specs {
		if err := spec.Validate(); err != nil {
			errs = append(errs, err)
			continue
		}
		if seen[spec.Name] {
			errs = append(errs, fmt.Errorf("process %q: there are two of this name", spec.Name))
		}
		seen[spec.Name] = true
		wanted[i] = spec.withDefaults()
	}
	return wanted, errors.Join(errs...)
}

// enter waits for Run and for its turn. The returned context ends with Run.
func (s *Supervisor) enter(ctx context.Context) (context.Context, func(), error) {
	select {
	case <-s.started:
	case <-ctx.Done():
		return nil, nil, context.Cause(ctx)
	}
	select {
	case s.applying <- struct{}{}:
	case <-s.stopping:
		return nil, nil, ErrNotRunning
	case <-ctx.Done():
		return nil, nil, context.Cause(ctx)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	var watch sync.WaitGroup
	watch.Go(func() {
		select {
		case <-s.stopping:
			cancel(ErrNotRunning)
		case <-ctx.Done():
		}
	})
	return ctx, func() {
		cancel(nil)
		watch.Wait()
		<-s.applying
	}, nil
}

// change is a spec that is not what runs.
type change struct {
	spec      Spec
	scaleOnly bool
}

// plan compares what is wanted with what there is.
func (s *Supervisor) plan(wanted []Spec) (changed []change, removed []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, spec := range wanted {
		p, ok := s.procs[spec.Name]
		same := ok && p.stands && sameProgram(p.spec, spec)
		if !same || p.spec.Scale != spec.Scale {
			changed = append(changed, change{spec: spec, scaleOnly: same})
		}
	}
	for _, name := range s.order {
		if !slices.ContainsFunc(wanted, func(spec Spec) bool { return spec.Name == name }) {
			removed = append(removed, name)
		}
	}
	return changed, removed
}

// arrange sets the order of Status; what is being removed comes last.
func (s *Supervisor) arrange(wanted []Spec, removed []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.order = nil
	for _, spec := range wanted {
		s.order = append(s.order, spec.Name)
	}
	s.order = append(s.order, removed...)
}

// remove stops the processes of names that which chooses, and forgets them.
func (s *Supervisor) remove(names []string, which func(*proc) bool) {
	var removing sync.WaitGroup
	for _, name := range names {
		s.mu.Lock()
		p, ok := s.procs[name]
		s.mu.Unlock()
		if !ok || !which(p) {
			continue
		}
		removing.Go(func() {
			s.retire(p, s.beyond(p, 0))
			s.mu.Lock()
			delete(s.procs, name)
			s.order = slices.DeleteFunc(s.order, func(n string) bool { return n == name })
			s.mu.Unlock()
			s.met.forget(name)
		})
	}
	removing.Wait()
}

// isCurrent chooses the instances that need not be replaced: they run the
// spec, and there is hope for them.
func isCurrent(spec Spec) func(*instance) bool {
	return func(in *instance) bool {
		if !sameProgram(in.spec, spec) {
			return false
		}
		select {
		case <-in.doomed.c:
			return in.snapshot().State == StateReady // it has recovered
		default:
			return true
		}
	}
}

// bring makes a process run spec: it replaces the instances keep does not
// choose, starts those that are missing and stops those that are too many.
func (s *Supervisor) bring(ctx context.Context, spec Spec, keep func(*instance) bool) error {
	p := s.process(spec)
	var missing []*instance
	for number := 1; number <= spec.Scale; number++ {
		old := s.find(p, number)
		if old == nil {
			missing = append(missing, newInstance(s, spec, number))
			continue
		}
		if keep(old) {
			continue
		}
		if err := s.replace(ctx, p, old, spec); err != nil {
			return err
		}
	}
	if err := s.add(ctx, p, missing); err != nil {
		return err
	}
	s.retire(p, s.beyond(p, spec.Scale))
	s.mu.Lock()
	defer s.mu.Unlock()
	p.spec, p.stands = spec, true
	return nil
}

// process returns the process of a spec, a new one when there is none. It
// does not stand until bring says so.
func (s *Supervisor) process(spec Spec) *proc {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, ok := s.procs[spec.Name]
	if !ok {
		p = &proc{spec: spec}
		s.procs[spec.Name] = p
	}
	p.stands = false
	return p
}

func (s *Supervisor) find(p *proc, number int) *instance {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, in := range p.instances {
		if in.number == number {
			return in
		}
	}
	return nil
}

// beyond returns the instances with numbers above limit.
func (s *Supervisor) beyond(p *proc, limit int) []*instance {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(p.instances), func(in *instance) bool { return in.number <= limit })
}

// launch starts an instance's goroutine.
func (s *Supervisor) launch(p *proc, in *instance) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return ErrNotRunning
	}
	p.instances = append(p.instances, in)
	s.instances.Go(in.run)
	return nil
}

// add starts instances side by side and waits until they stand.
func (s *Supervisor) add(ctx context.Context, p *proc, instances []*instance) error {
	for _, in := range instances {
		if err := s.launch(p, in); err != nil {
			return err
		}
	}
	var errs []error
	for _, in := range instances {
		if err := in.await(ctx, in.doomed); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// replace puts a new instance in the place of old. When the new one fails
// while old can go on, old stays.
func (s *Supervisor) replace(ctx context.Context, p *proc, old *instance, spec Spec) error {
	in := newInstance(s, spec, old.number)
	if !spec.overlaps() || !old.spec.overlaps() {
		s.retire(p, []*instance{old})
		return s.add(ctx, p, []*instance{in})
	}
	in.alternate, in.trial, in.replaces = !old.alternate, true, old
	if err := s.launch(p, in); err != nil {
		return err
	}
	if err := in.await(ctx, in.failed); err != nil {
		s.retire(p, []*instance{in})
		return err
	}
	s.retire(p, []*instance{old})
	return nil
}

// retire stops instances, waits for their end and forgets them.
func (s *Supervisor) retire(p *proc, instances []*instance) {
	for _, in := range instances {
		in.requestStop()
	}
	for _, in := range instances {
		<-in.done
		s.mu.Lock()
		p.instances = slices.DeleteFunc(p.instances, func(other *instance) bool { return other == in })
		s.mu.Unlock()
		s.measure(in.spec.Name)
		s.events.send(Event{Time: time.Now(), Kind: EventRemoved, Process: in.spec.Name, Instance: in.number})
	}
}

// await returns nil when the instance is ready, or what is known when hopeless
// fires or ctx ends before.
func (in *instance) await(ctx context.Context, hopeless signal1) error {
	select {
	case <-in.ready.c:
		return nil
	case <-hopeless.c:
	case <-ctx.Done():
	}
	select { // it may have been ready, and ended since
	case <-in.ready.c:
		return nil
	default:
	}
	in.sup.mu.Lock()
	problem := in.problem
	in.sup.mu.Unlock()
	cause := context.Cause(ctx)
	switch {
	case problem != nil && cause != nil:
		return fmt.Errorf("%w: %w", cause, problem)
	case problem != nil:
		return problem
	case cause != nil:
		return fmt.Errorf("process %s.%d is not ready: %w", in.spec.Name, in.number, cause)
	}
	return fmt.Errorf("process %s.%d is not ready: %w", in.spec.Name, in.number, ErrNotRunning)
}
