package service

import (
	"context"
	"strings"
	"time"

	"github.com/berth-project/berth/health"
)

const (
	// lookAtWork is how often the engine is asked how it is.
	lookAtWork = 5 * time.Second
	checkWork  = "work"
)

// watchWork reports how the engine is until ctx ends.
func (s *Service) watchWork(ctx context.Context) {
	t := time.NewTicker(lookAtWork)
	defer t.Stop()
	for {
		look, cancel := context.WithTimeout(ctx, lookAtWork)
		wrong := s.work.Engine.Health(look)
		cancel()
		if ctx.Err() != nil {
			return
		}
		noteWork(s.health, wrong)
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
	}
}

// noteWork reports what is wrong with the engine. Requests are answered all
// the same: it takes up what waits when it can write again.
func noteWork(to *health.Registry, wrong []string) {
	check := health.Check{Name: checkWork, State: health.OK}
	if len(wrong) > 0 {
		check.State, check.Code = health.Failing, "work_store"
		check.Message = "runs of workflows make no progress: " + strings.Join(wrong, "; ")
		check.Help = "see that the store of work.store can be reached and has room; nothing that was answered is lost"
	}
	to.Set(check)
}
