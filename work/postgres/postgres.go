// Package postgres keeps the facts of the work engine in PostgreSQL, for
// several engines at once.
//
// Each shard an engine owns has a connection of its own. A batch is sent as
// one pipeline of statements over arrays and committed when all of them
// succeeded: two round trips, whatever the batch holds.
//
//	BEGIN; UPDATE owner SET seq = n WHERE epoch = e AND seq = n-1; INSERT …; UPDATE …   one pipeline
//	COMMIT                                                                             when each did
//
// The row of the owner is locked by whoever writes to its shard, so that a
// take-over waits for a transaction under way and fences all later ones. An
// engine that stalls within a transaction is cut off by the server.
//
// Leases are measured by the server's clock alone.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/berth-project/berth/work/store"
)

const (
	// DefaultSchema is where the tables are.
	DefaultSchema = "berth"

	// maxSchema leaves room in the name of the channel that is named for it.
	maxSchema      = maxIdentifier - len(channelPrefix)
	poolSize       = 8
	connectTimeout = 5 * time.Second
)

// Config says where the database is.
type Config struct {
	// URL of the database, or a connection string of libpq's form. Its
	// pool_max_conns is how many connections there are for reading and for
	// settings, besides one for each shard and one that listens; default 8.
	URL string
	// Schema holds the tables; it is made where there is none. At most 57
	// bytes. Default DefaultSchema.
	Schema string
	// Log is told of migrations and of lost connections; nil: nobody is.
	Log *slog.Logger
	// Hook is called at the stages of each transaction that writes runs or
	// settings; for tests. nil: none.
	Hook func(store.Stage) error
}

// Store is a store in PostgreSQL. It implements [store.Store].
type Store struct {
	pool *pgxpool.Pool
	// writers have their own settings; see forWriting.
	writers *pgx.ConnConfig
	schema  string
	log     *slog.Logger
	hook    func(store.Stage) error
	wake    chan int

	mu     sync.Mutex // guards shards
	shards map[int]*writer
	docs   documents

	stop    context.CancelFunc
	upkeep  sync.WaitGroup
	closing sync.Once
}

// Open is Config{URL: url}.Open.
func Open(ctx context.Context, url string) (*Store, error) { return Config{URL: url}.Open(ctx) }

// Open connects to the database and migrates it. It refuses one that a newer
// Berth wrote.
func (cfg Config) Open(ctx context.Context) (*Store, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Schema == "" {
		cfg.Schema = DefaultSchema
	}
	if len(cfg.Schema) > maxSchema {
		return nil, fmt.Errorf("open work store in PostgreSQL: schema %.80q: a name of at most %d bytes is wanted", cfg.Schema, maxSchema)
	}
	s, err := open(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("open work store in PostgreSQL: %w", err)
	}
	return s, nil
}

func open(ctx context.Context, cfg Config) (*Store, error) {
	pc, err := parse(cfg.URL)
	if err != nil {
		return nil, err
	}
	wc := pc.ConnConfig.Copy()
	forReading(cfg, pc)
	forWriting(cfg, wc)
	pool, err := pgxpool.NewWithConfig(ctx, pc)
	if err != nil {
		return nil, err
	}
	if err := migrate(ctx, pool, cfg); err != nil {
		pool.Close()
		return nil, err
	}
	upkeep, stop := context.WithCancel(context.WithoutCancel(ctx))
	s := &Store{
		pool: pool, writers: wc, schema: cfg.Schema, log: cfg.Log, hook: cfg.Hook,
		wake: make(chan int, 16), shards: make(map[int]*writer), stop: stop,
	}
	listening := make(chan struct{})
	s.upkeep.Go(func() { s.listen(upkeep, sync.OnceFunc(func() { close(listening) })) })
	s.upkeep.Go(func() { s.sweep(upkeep) })
	<-listening
	return s, nil
}

// settings are those of every connection, and its own. That of a URL goes
// before them.
func settings(cfg Config, c *pgx.ConnConfig, own map[string]string) {
	c.ConnectTimeout = connectTimeout
	all := map[string]string{
		"search_path":                         pgx.Identifier{cfg.Schema}.Sanitize(),
		"application_name":                    "berth",
		"jit":                                 "off", // compiling takes longer than any of the statements
		"lock_timeout":                        "5s",
		"idle_in_transaction_session_timeout": "3s",
		"tcp_keepalives_idle":                 "5",
		"tcp_keepalives_interval":             "2",
		"tcp_keepalives_count":                "3",
	}
	maps.Copy(all, own)
	for name, value := range all {
		if _, set := c.RuntimeParams[name]; !set || name == "search_path" {
			c.RuntimeParams[name] = value
		}
	}
	c.AfterConnect = durable
}

// durable makes commits wait for the disk where the server's default is that
// they do not. One that asks for more, as of replicas, is left alone.
func durable(ctx context.Context, conn *pgconn.PgConn) error {
	_, err := conn.Exec(ctx, `SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') IN ('off', 'local')`).ReadAll()
	return err
}

// parse reads the URL. Where it does not say how many connections there may be,
// there are poolSize.
func parse(url string) (*pgxpool.Config, error) {
	c, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	plain, err := pgx.ParseConfig(url) // leaves what is the pool's
	if err != nil {
		return nil, err
	}
	if _, said := plain.RuntimeParams["pool_max_conns"]; !said {
		c.MaxConns = poolSize
	}
	return c, nil
}

// forReading is of the connections for reading and for settings. Their
// statements are many and varied: only those marked as [kept] stay prepared.
// These are planned each time all the same: a plan made while a table was empty
// would read it whole for ever.
func forReading(cfg Config, c *pgxpool.Config) {
	settings(cfg, c.ConnConfig, map[string]string{"plan_cache_mode": "force_custom_plan", "statement_timeout": "30s"})
	c.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeExec
}

// forWriting is of the connections that write batches. Their statements are
// few, stay prepared, and are planned for many batches: to plan them each time
// is a third of what a small batch costs the server. All of them find rows by
// their keys, and the server is left hardly another way. Where a table holds a
// few rows it may yet read it whole, which is why it plans again after
// replanAfter rows.
func forWriting(cfg Config, c *pgx.ConnConfig) {
	settings(cfg, c, map[string]string{
		"plan_cache_mode": "force_generic_plan", "enable_seqscan": "off", "enable_hashjoin": "off", "enable_mergejoin": "off",
		"enable_material": "off", "statement_timeout": "15s",
	})
}

// Wake implements [store.Store].
func (s *Store) Wake() <-chan int { return s.wake }

// Check implements [store.Store].
func (s *Store) Check(ctx context.Context) error {
	if _, err := single(ctx, s, `SELECT 1`, nil, scalar[int]); err != nil {
		return fmt.Errorf("work store in PostgreSQL: %w", err)
	}
	return nil
}

// Close implements [store.Store].
func (s *Store) Close() error {
	var errs []error
	s.closing.Do(func() {
		s.stop()
		s.upkeep.Wait()
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, w := range s.shards {
			errs = append(errs, w.close())
		}
		s.pool.Close()
	})
	return errors.Join(errs...)
}

func (s *Store) at(stage store.Stage) error {
	if s.hook == nil {
		return nil
	}
	return s.hook(stage)
}
