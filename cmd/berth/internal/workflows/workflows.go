// Package workflows wires the engine: its store by URL, the executors of this
// process, deliveries and the API.
package workflows

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/berth-project/berth/compat/pop"
	"github.com/berth-project/berth/secret"
	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/api"
	"github.com/berth-project/berth/work/builtin"
	"github.com/berth-project/berth/work/container"
	"github.com/berth-project/berth/work/engine"
	workhttp "github.com/berth-project/berth/work/http"
	"github.com/berth-project/berth/work/inbox"
	"github.com/berth-project/berth/work/kube"
	"github.com/berth-project/berth/work/outbox"
	"github.com/berth-project/berth/work/postgres"
	"github.com/berth-project/berth/work/shard"
	"github.com/berth-project/berth/work/shell"
	"github.com/berth-project/berth/work/sqlite"
	"github.com/berth-project/berth/work/store"
)

// Options say what is wired.
type Options struct {
	// Store is postgres://…, or the path of an SQLite file.
	Store string
	// Node, Addr, Shards: see engine.Options.
	Node, Addr string
	Shards     int
	// Local is how many slots of each pool this process has.
	Local map[string]int
	// Shell and HTTP are what steps of these types may do; the zero values
	// allow nothing.
	Shell shell.Options
	HTTP  workhttp.Options
	// JQ lets transforms use jq, for so long each; 0 refuses it. See
	// builtin.Options.
	JQ time.Duration
	// Containers says what steps run in containers; nil runs none.
	Containers *container.Options
	// Kubernetes says what steps run as pods; nil runs none.
	Kubernetes *Kubernetes
	// Executors are further ones, by step type.
	Executors map[string]work.Executor
	// Webhook says which receivers events may be sent to, Amazon which topics,
	// queues and buses; the zero values allow none.
	Webhook outbox.WebhookOptions
	Amazon  outbox.AmazonOptions
	// Inbox says which queues triggers may read; the zero value allows none.
	Inbox inbox.Options
	// Ownership is how long a shard stays this engine's when it falls silent.
	Ownership time.Duration
	Retention engine.Retention
	// POP serves the API of Comcast's Priority Operation Processing too, below
	// /pop/; nil does not.
	POP *POP
	// Secrets are what documents, subscriptions and triggers may name; nil has
	// none.
	Secrets *Secrets
	// Identify gives the caller of an API request; default: by API key.
	Identify func(*http.Request) (*api.Caller, error)
	Logger   *slog.Logger
	// Registry takes the engine's metrics; nil has none.
	Registry prometheus.Registerer
}

// Workflows is a running engine with its API.
type Workflows struct {
	Engine *engine.Engine
	Keys   *api.Keys
	API    http.Handler
	POP    http.Handler // nil without
	Store  store.Store

	tokens  []secret.String
	boxes   *container.Executor // nil without
	cluster *kube.Executor      // nil without
	upkeep  []func()            // each ends a goroutine and waits for it
	clients []func()            // each closes the connections a client keeps
}

// Open opens the store and starts the engine.
func Open(ctx context.Context, o Options) (*Workflows, error) {
	st, err := openStore(ctx, o.Store, o.Logger)
	if err != nil {
		return nil, err
	}
	w := &Workflows{Store: st, Keys: api.NewKeys(st)}
	if w.tokens, err = taskKeys(ctx, st); err != nil {
		return nil, errors.Join(err, st.Close())
	}
	if o.HTTP.Callback == nil {
		o.HTTP.Callback = callback(o.Addr, w.tokens[0])
	}
	if err := w.start(ctx, o); err != nil {
		return nil, errors.Join(err, st.Close())
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	w.look(o)
	w.API = api.New(api.Options{
		Engine: w.Engine, Keys: w.Keys, Identify: o.Identify, Logger: o.Logger, TaskKeys: w.tokens, TriggerKeys: o.Secrets.Keys,
	})
	return w, nil
}

// start starts the engine with its executors and what sends and receives.
func (w *Workflows) start(ctx context.Context, o Options) error {
	executors, err := w.executors(ctx, o)
	if err != nil {
		return err
	}
	if o.Webhook.Keys == nil {
		o.Webhook.Keys = o.Secrets.Signing
	}
	hook, err := outbox.NewWebhook(o.Webhook)
	if err != nil {
		return err
	}
	aws, source := outbox.NewAmazon(o.Amazon), inbox.New(o.Inbox)
	w.clients = append(w.clients, hook.Close, aws.Close, source.Close)
	w.Engine, err = engine.Open(ctx, engine.Options{
		Store: w.Store, Node: o.Node, Addr: o.Addr, Shards: o.Shards, Executors: executors, Light: light(executors), Local: o.Local, Ownership: o.Ownership,
		Send:      outbox.Router{Webhook: hook, SNS: aws.SNS(), SQS: aws.SQS(), EventBridge: aws.EventBridge()},
		Source:    source,
		Retention: o.Retention, Logger: o.Logger, Registry: o.Registry,
	})
	return err
}

// light are the types whose steps cost next to nothing.
func light(executors map[string]work.Executor) (types []string) {
	for typ, e := range executors {
		if b, ok := e.(*builtin.Executor); ok && b.Light(typ) {
			types = append(types, typ)
		}
	}
	return types
}

// look starts what looks after pods, containers and the objects of POP.
func (w *Workflows) look(o Options) {
	if w.cluster != nil {
		w.background(func(ctx context.Context) {
			if err := w.cluster.Run(ctx); err != nil && ctx.Err() == nil {
				o.Logger.Error("pods are not looked after", "error", err)
			}
		})
	}
	if w.boxes != nil {
		w.background(func(ctx context.Context) { w.reap(ctx, o.Logger) })
	}
	if o.POP != nil {
		w.servePOP(o)
	}
}

// forever is longer than any store is kept.
const forever = 100 * 365 * 24 * time.Hour

// Keep is a retention as people write it, where 0 is forever: for the engine
// two zeros are its default.
func Keep(r engine.Retention) engine.Retention {
	if r == (engine.Retention{}) {
		return engine.Retention{Succeeded: forever, Failed: forever}
	}
	return r
}

// IsURL tells a store's URL from a path.
func IsURL(where string) bool {
	return strings.HasPrefix(where, "postgres://") || strings.HasPrefix(where, "postgresql://")
}

func openStore(ctx context.Context, where string, log *slog.Logger) (store.Store, error) {
	if IsURL(where) {
		return postgres.Config{URL: where, Log: log}.Open(ctx)
	}
	if scheme, _, ok := strings.Cut(where, "://"); ok {
		return nil, fmt.Errorf("store %s://…: want postgres://…, or the path of an SQLite file", scheme)
	}
	return sqlite.Config{Path: where, Log: log}.Open(ctx)
}

// executors are those of the engine's process.
func (w *Workflows) executors(ctx context.Context, o Options) (map[string]work.Executor, error) {
	all, closeAll, err := Executors(ctx, o, w.submit)
	if err != nil {
		return nil, err
	}
	w.clients = append(w.clients, closeAll)
	if o.Containers != nil {
		allowed := *o.Containers
		if allowed.Secrets == nil {
			allowed.Secrets = o.Secrets.variable
		}
		if allowed.Scope, err = scopeOf(ctx, w.Store, allowed.Scope); err != nil {
			return nil, err
		}
		boxes, err := w.containers(allowed)
		if err != nil {
			return nil, err
		}
		w.clients = append(w.clients, boxes.Close)
		for _, typ := range boxes.Types() {
			all[typ] = boxes
		}
	}
	if o.Kubernetes != nil {
		k := *o.Kubernetes
		if k.Instance, err = scopeOf(ctx, w.Store, k.Instance); err != nil {
			return nil, err
		}
		pods, err := w.pods(k, o.Addr, o.Logger)
		if err != nil {
			return nil, err
		}
		for _, typ := range pods.Types() {
			all[typ] = pods
		}
		w.cluster = pods
	}
	if o.POP != nil {
		for typ, e := range pop.Residents(w.Store) {
			if all[typ] == nil {
				all[typ] = e
			}
		}
	}
	maps.Copy(all, o.Executors)
	return all, nil
}

// Submitter takes the runs that steps of type "submit" ask for.
type Submitter func(ctx context.Context, s work.Submission) (work.Receipt, error)

// Executors are those of step types that need no engine in their process, as
// o.Shell, o.HTTP, o.JQ and o.Secrets say, by type. Without a submitter there
// is none for "submit". closeAll closes the connections they keep.
func Executors(ctx context.Context, o Options, submit Submitter) (all map[string]work.Executor, closeAll func(), err error) {
	if o.HTTP.Secrets == nil {
		o.HTTP.Secrets = o.Secrets.header
	}
	if o.HTTP.Keys == nil {
		o.HTTP.Keys = func(task work.Task, name string) ([]secret.String, error) { return o.Secrets.Keys(task.Tenant, name) }
	}
	if o.Shell.Secrets == nil {
		o.Shell.Secrets = o.Secrets.variable
	}
	calls, err := workhttp.New(o.HTTP)
	if err != nil {
		return nil, nil, err
	}
	programs, err := shell.New(o.Shell)
	if err != nil {
		return nil, nil, err
	}
	// What programs of an engine that was killed left behind ends before
	// their steps are executed again.
	if _, err := programs.Recover(ctx); err != nil {
		return nil, nil, err
	}
	all = map[string]work.Executor{}
	steps := builtin.New(builtin.Options{Submit: submit, HTTP: calls, JQ: o.JQ})
	for _, typ := range steps.Types() {
		all[typ] = steps
	}
	for _, typ := range programs.Types() {
		all[typ] = programs
	}
	return all, calls.Close, nil
}

// containers makes the executor of containers. What an engine that was killed
// left running is removed by reap, once it is known which leases there are.
func (w *Workflows) containers(o container.Options) (*container.Executor, error) {
	o.Current = func(ctx context.Context, ref container.Ref) (bool, error) {
		return w.Engine.Current(ctx, shard.Held{Run: ref.Run, Step: ref.Step, Item: ref.Item, Fence: ref.Fence})
	}
	boxes, err := container.New(o)
	if err != nil {
		return nil, err
	}
	w.boxes = boxes
	return boxes, nil
}

const reapEvery = 5 * time.Minute

// reap removes containers whose attempts have ended, until ctx ends.
func (w *Workflows) reap(ctx context.Context, log *slog.Logger) {
	if w.Engine.Ready(ctx) != nil {
		return
	}
	t := time.NewTicker(reapEvery)
	defer t.Stop()
	for {
		look, cancel := context.WithTimeout(ctx, time.Minute)
		if n, err := w.boxes.Reap(look); err != nil && ctx.Err() == nil {
			log.Warn("containers of ended attempts cannot be looked for", "error", err)
		} else if n > 0 {
			log.Info("containers of ended attempts removed", "count", n)
		}
		cancel()
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
	}
}

// submit is what steps of type "submit" ask for.
func (w *Workflows) submit(ctx context.Context, s work.Submission) (work.Receipt, error) {
	receipts, err := w.Engine.Submit(ctx, []work.Submission{s})
	if err != nil {
		return work.Receipt{}, err
	}
	if p := receipts[0].Error; p != nil {
		return work.Receipt{}, p
	}
	return receipts[0], nil
}

// background runs something until Close.
func (w *Workflows) background(do func(context.Context)) {
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		do(ctx)
	}()
	w.upkeep = append(w.upkeep, func() { stop(); <-ended })
}

// Close stops the engine, waiting for what it executes until ctx ends, and
// closes the store and the connections that were kept.
func (w *Workflows) Close(ctx context.Context) error {
	for _, end := range w.upkeep {
		end()
	}
	err := w.Engine.Close(ctx)
	for _, closeIdle := range w.clients {
		closeIdle()
	}
	return errors.Join(err, w.Store.Close())
}
