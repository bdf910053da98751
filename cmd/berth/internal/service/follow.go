package service

import (
	"context"
	"fmt"
	"slices"

	"github.com/berth-project/berth/health"
	"github.com/berth-project/berth/process"
)

// endpointsChanged hands the supervisor's word on where a process is reached
// to the gateway, and to health.
func (s *Service) endpointsChanged(name string, ready []process.Endpoint) {
	s.groups.setEndpoints(name, ready)
	if len(ready) > 0 || !s.serving().wants(name) {
		s.health.Clear("process " + name + " ready")
		return
	}
	s.health.Set(health.Check{
		Name: "process " + name + " ready", State: health.Failing, Required: true, Code: "no_endpoint",
		Message: "no copy of process " + name + " is ready for requests",
		Help:    "look at its state and last lines: the console's process page, or the log",
	})
}

// wants reports whether a process is to run and be reached.
func (g *generation) wants(name string) bool {
	return slices.ContainsFunc(g.specs, func(spec process.Spec) bool {
		return spec.Name == name && spec.Listen != process.ListenNone
	})
}

// drainEndpoint returns when no request uses an endpoint that was withdrawn.
func (s *Service) drainEndpoint(ctx context.Context, e process.Endpoint) {
	s.groups.drain(ctx, e)
}

// followProcesses turns crash loops into problems, and readiness into their
// end.
func (s *Service) followProcesses(events <-chan process.Event) {
	for e := range events {
		name := fmt.Sprintf("process %s.%d", e.Process, e.Instance)
		switch {
		case e.Kind == process.EventCrashLoop:
			s.health.Set(health.Check{
				Name: name, State: health.Degraded, Code: "crash_loop",
				Message: fmt.Sprintf("%s keeps ending: %s", name, e.Exit),
				Help:    "its last lines are in the log and on the console; it is tried again at intervals",
			})
		case e.Kind == process.EventRemoved, e.Kind == process.EventState && e.State == process.StateReady:
			s.health.Clear(name)
		}
	}
}
