package workflows

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/berth-project/berth/compat/pop"
	"github.com/berth-project/berth/compat/pop/object"
	"github.com/berth-project/berth/compat/pop/token"
	"github.com/berth-project/berth/work/api"
)

// POP says how the API of Comcast's Priority Operation Processing is served. The
// zero value is POP's own way where that is not a defect.
type POP struct {
	// Envelope answers errors as POP does, with status 200; Quirks reads tokens and
	// queries as POP does, defects included.
	Envelope, Quirks bool
	// RequireLease refuses the reports of executors that do not show their lease.
	RequireLease bool
	// Execute are the ids or titles of the insights whose agendas Berth executes
	// itself, operation by operation; "*" stands for all.
	Execute []string
	// Lease is how long an executor may be silent, Keep how long agendas are kept
	// that are complete, negative for ever, and Attempts how often one is tried that
	// does not say; 0 is POP's default.
	Lease, Keep time.Duration
	Attempts    int
}

// executes reports, of an insight of POP's, whether Berth executes the operations of
// its agendas: its id or title is in the list, or "*" is.
func executes(list []string) func(*object.Insight) bool {
	return func(i *object.Insight) bool {
		return slices.Contains(list, "*") || slices.Contains(list, i.ID) || i.Title != "" && slices.Contains(list, i.Title)
	}
}

// config is that of POP's API, for those whom identify knows.
func (p POP) config(identify func(*http.Request) (*api.Caller, error)) pop.Config {
	c := pop.Config{
		Identify: func(r *http.Request) (*pop.Caller, error) {
			c, err := identify(r)
			if errors.Is(err, api.ErrUnknownCaller) {
				return nil, pop.ErrUnauthorized
			}
			if err != nil {
				return nil, err
			}
			return pop.FromAPI(c), nil
		},
		Dispatch: executes(p.Execute), Envelope: p.Envelope, RequireLease: p.RequireLease,
		Lease: p.Lease, ReapAge: p.Keep, Attempts: p.Attempts,
	}
	if p.Quirks {
		c.Mode = token.Quirks
	}
	return c
}

// servePOP serves POP's API to those whom the engine's knows.
func (w *Workflows) servePOP(o Options) {
	identify := o.Identify
	if identify == nil {
		identify = w.Keys.Identify
	}
	c := o.POP.config(identify)
	c.Logger = o.Logger
	s := pop.New(c, w.Engine, w.Store)
	w.background(func(ctx context.Context) {
		if err := s.Run(ctx); err != nil && ctx.Err() == nil {
			o.Logger.Error("POP's upkeep ended", "error", err)
		}
	})
	w.POP = s
}
