// Package berth is the map of the project; it holds no code.
//
// Berth runs a server-side app as a cloud service. One static binary fronts
// the app (TLS, sign-in, sessions, access rules, static files, private
// downloads), is PID 1 of its container (configuration, secrets, processes)
// and explains every decision it makes. One manifest, berth.yaml, says what
// runs and who may do what.
//
// Imports point down only; repo_test.go holds the rules with their reasons.
//
//	cmd/berth           the command line
//	cmd/berth/internal/service  the one place that sees everything and wires it
//	─────────────────────────────────────────────────────────────── surfaces
//	manifest            berth.yaml: strict decode with positions, validation, JSON Schema
//	console             web console over what runs
//	compat/pop            the HTTP API of Priority Operation Processing (POP), on the engine
//	compat/pop/object     POP's agendas and other objects, and their rules
//	compat/pop/token      the references within POP's objects
//	compat/pop/translate  POP's objects in the words of workflow and work, and back
//	compat/pop/dynamodb   exports of the tables of a POP deployment
//	compat/pop/schedule   POP's two ways to choose what is next
//	compat/pop/deployment  what POP's parts may do on AWS: roles, calls, policies
//	compat/pop/handler    what POP's handlers are given and how they answer
//	compat/pop/pods       executes POP's operations as pods, by POP's registry and contract
//	compat/pop/registry   which pod executes which of POP's operations
//	─────────────────────────────────────────────────────────────── services
//	gateway             hosts, the request chain, reload
//	gateway/listen        listeners, TLS, certificates, strict HTTP/1 framing, drain
//	gateway/urlpath       the one canonical path that is both matched and forwarded
//	gateway/upstream      groups of app servers: balancing, health, the HTTP/1.1 client
//	gateway/static        files from disk
//	gateway/object        private downloads behind an internal redirect
//	gateway/compress      gzip and zstd without breaking ETags or ranges
//	gateway/grammar       tokens, lists and weights of HTTP fields, read in one way
//	gateway/idle          whether a kept connection is still open and silent
//	login               sign-in pages, cookie sessions, assertions for the app
//	login/password        argon2id and the limits on guessing
//	directory           users, tenants, roles, plans, revoked sessions
//	directory/sqlite      the embedded store
//	directory/directorytest  what every store must do, as tests
//	environ             the environment of the app: sources, precedence, provenance
//	process             PID 1: spawn, readiness, restart, reap, hooks, stop
//	telemetry           logs, the access log, metrics
//	work                what runs workflows, in words: tasks, executors, queues, pools, submissions
//	work/engine           the engine: shards, store, executors, workers, deliveries, schedules
//	work/shard            one shard as a deterministic state machine: rounds of operations
//	work/internal/tables   what the tables of SQLite and PostgreSQL have in common
//	work/store            what the engine asks of a store
//	work/store/memory      the store of tests and of runs that need not outlive their process
//	work/sqlite           the store of one engine: an SQLite file
//	work/postgres         the store of several engines: a PostgreSQL database
//	work/api              the HTTP API under /api/v1, and its OpenAPI document
//	work/shell            executes steps as processes
//	work/kube             executes steps as pods of a Kubernetes cluster
//	work/container        executes steps in containers of Docker or Podman
//	work/http             executes steps as HTTP calls, answered now or by a callback
//	work/builtin          executes the steps that need no program: transform, choice, log, submit
//	work/outbox           how events reach webhooks and queues: signatures, senders, backoff
//	work/inbox            reads the queues of triggers: each message starts a run
//	work/client           the Go client of the API, and the worker, for other programs
//	work/simulation       plays random histories of a shard, and replays one by its seed
//	work/torture          kills engines, workers and the database, and checks what was kept
//	work/cron             when schedules are due: time zones, missed and overlapping runs
//	work/queue            the order in which waiting runs start and ready steps get slots
//	─────────────────────────────────────────────────────────────── domain values
//	session             the session value, sealed cookie, assertion; the SDK for apps
//	access              rules: compile, match, decide, explain
//	iam                 policies: parse, format, evaluate, explain
//	iam/catalog           every service's actions, resources and condition keys
//	iam/source            policies in templates, plans and prose
//	iam/lint              what is wrong, dangerous, too wide or dead in a policy
//	iam/diff              what one policy grants that another does not; minimise
//	iam/synth             least-privilege policies from needs and recorded calls
//	iam/sts               what becomes of a call that assumes a role
//	iam/adfs              claim rules that turn groups into roles
//	iam/account           who can do what in an exported account
//	iam/evalcase          recorded decisions, as a file of tests
//	workflow            the document of a workflow: steps, references, the plan of a run
//	workflow/expression   CEL: conditions, matchers, transforms
//	workflow/input        JSON Schema of the parameters of runs, with bounded work
//	workflow/machine      one run as a state machine: what each event does to it; its compact state
//	health              checks and problems as data
//	─────────────────────────────────────────────────────────────── mechanisms
//	arn                 the name of a resource, and patterns of such names
//	secret              a string that cannot be printed by accident
//	internal/diagnostic   what is wrong with a file, where, what to do next
//	internal/atomicfile   replaces a file whole or not at all
//	internal/glob         the wildcards * and ?
//	internal/jsonsource   JSON as a tree that knows where each value stands
//	internal/jsonscan     finds values in JSON without reading the rest of it
//	internal/jsonstrict   reads JSON strictly into Go values, and words what is wrong
//	internal/migration    the numbered changes of a database's schema
//	internal/jsonedit     patches of JSON that leave the rest of the text as it is
//	internal/credential   as whom a program runs: users and groups by name or id
//	internal/graph        directed acyclic graphs, drawn for browsers and terminals
//	internal/plot         lines, shares and bars over time, drawn for browsers
//	───────────────────────────────────────────────────────────────
//	examples            runnable services, each tested
//	bench               benchmarks, each beside a peer
//	docs                architecture, guides, generated references
package berth
