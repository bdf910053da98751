package process

import (
	"context"
	"fmt"
	"log/slog"
	"time"
)

// runHooks runs the hooks of a spec in order; the first that fails is the
// error, a [*StartError].
func (s *Supervisor) runHooks(ctx context.Context, spec *Spec) error {
	for _, hook := range spec.Before {
		began := time.Now()
		exit, lines, err := s.runHook(ctx, spec, hook)
		if err != nil {
			exit = startFailure(err)
		}
		log := s.log.With(slog.String("process", spec.Name), slog.String("hook", hook.String()))
		s.events.send(Event{Time: time.Now(), Kind: EventHook, Process: spec.Name, Exit: &exit, Lines: lines})
		if exit.Code != 0 || exit.Cause != "" {
			if ctx.Err() != nil {
				log.Info("hook interrupted", slog.String("exit", exit.String()))
			} else {
				log.Error("hook failed", slog.String("exit", exit.String()))
			}
			return &StartError{Process: spec.Name, Hook: hook.String(), Exit: exit, Lines: lines}
		}
		log.Info("hook done", slog.Duration("duration", time.Since(began)))
	}
	return nil
}

func (s *Supervisor) runHook(ctx context.Context, spec *Spec, hook Hook) (Exit, []string, error) {
	if err := context.Cause(ctx); err != nil {
		return Exit{}, nil, err
	}
	cmd := command{
		argv: hook.Command, shell: hook.Shell, directory: spec.Directory, user: spec.User, group: spec.Group,
		environment: withVariables(spec.Environment, "BERTH_PROCESS="+spec.Name),
	}
	log := s.log.With(slog.String("process", spec.Name), slog.String("hook", hook.String()))
	c, err := startChild(s.spawner, cmd, log, s.met.dropped.WithLabelValues(spec.Name))
	if err != nil {
		return Exit{}, nil, err
	}
	timeout := time.NewTimer(hook.Timeout)
	defer timeout.Stop()
	cause := ""
	select {
	case <-c.exited:
	case <-timeout.C:
		cause = fmt.Sprintf("not done after %v", hook.Timeout)
	case <-ctx.Done():
		cause = context.Cause(ctx).Error()
		c.stop(spec.Stop, s.killed)
	}
	exit := c.finish(cause)
	return exit, c.out.lines(), nil
}
