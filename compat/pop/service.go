package pop

import (
	"cmp"
	"log/slog"
	"net/http"
	"time"

	"github.com/berth-project/berth/compat/pop/object"
	"github.com/berth-project/berth/compat/pop/token"
	"github.com/berth-project/berth/compat/pop/translate"
	"github.com/berth-project/berth/work/engine"
	"github.com/berth-project/berth/work/store"
)

// Config says how POP's API is served. The zero value of each field but Identify
// has a default.
type Config struct {
	// Identify gives the caller of a request; ErrUnauthorized when it is
	// nobody's.
	Identify func(*http.Request) (*Caller, error)
	// Dispatch says which insights' agendas Berth executes itself, operation by
	// operation. Default: none; whole agendas go to POP's executors, through
	// those who pull them.
	Dispatch func(*object.Insight) bool
	// Lease is how long an executor may be silent before its agenda waits
	// again; default [object.ReclaimAge].
	Lease time.Duration
	// RequireLease refuses reports that do not show their lease ([LeaseHeader]).
	// POP's own executors show none.
	RequireLease bool
	// Attempts is how often an agenda is tried that does not say; default
	// [object.DefaultMaximumAttempts], at most [object.MostAttempts].
	Attempts int
	// PollWait is how long a request for agendas waits for one; default
	// [object.PollWait].
	PollWait time.Duration
	// ReapAge is how long agendas are kept after they were complete; default
	// [object.ReapAge], negative forever.
	ReapAge time.Duration
	// UpkeepEvery is the pause between two passes of [Service.Run]; default one
	// minute.
	UpkeepEvery time.Duration
	// Envelope answers with POP's status codes, also those who do not ask with
	// [EnvelopeHeader].
	Envelope bool
	// Mode says how tokens and queries are read; default token.Native.
	Mode   token.Mode
	Logger *slog.Logger
	// Now is the time.
	Now func() time.Time
}

func (c Config) withDefaults() Config {
	if c.Dispatch == nil {
		c.Dispatch = func(*object.Insight) bool { return false }
	}
	for _, d := range []struct {
		field *time.Duration
		value time.Duration
	}{
		{&c.Lease, object.ReclaimAge}, {&c.PollWait, object.PollWait}, {&c.ReapAge, object.ReapAge}, {&c.UpkeepEvery, time.Minute},
	} {
		if *d.field == 0 {
			*d.field = d.value
		}
	}
	c.Attempts = min(cmp.Or(max(c.Attempts, 0), object.DefaultMaximumAttempts), object.MostAttempts)
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

// Service is POP's API on an engine. It is safe for concurrent use, and several
// may share a store.
type Service struct {
	config Config
	engine *engine.Engine
	docs   documents
	log    *slog.Logger
	mux    *http.ServeMux
}

// New returns the service on an engine and the store that the engine works on.
func New(c Config, e *engine.Engine, st store.Store) *Service {
	c = c.withDefaults()
	s := &Service{config: c, engine: e, docs: documents{st}, log: c.Logger}
	s.mux = s.routes()
	return s
}

func (s *Service) now() int64 { return s.config.Now().UnixMilli() }

// delegation says who executes the agendas of an insight.
func (s *Service) delegation(i *object.Insight) translate.Delegation {
	return translate.Delegation(!s.config.Dispatch(i))
}
