package service

import (
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/berth-project/berth/cmd/berth/internal/workflows"
	"github.com/berth-project/berth/environ"
	"github.com/berth-project/berth/manifest"
	"github.com/berth-project/berth/secret"
	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/container"
	"github.com/berth-project/berth/work/engine"
	workhttp "github.com/berth-project/berth/work/http"
	"github.com/berth-project/berth/work/inbox"
	"github.com/berth-project/berth/work/outbox"
	"github.com/berth-project/berth/work/queue"
	"github.com/berth-project/berth/work/shell"
	"github.com/berth-project/berth/workflow"
)

// TestManifestSaysAllOfSettings keeps the manifest from falling behind what
// the API takes.
func TestManifestSaysAllOfSettings(t *testing.T) {
	t.Parallel()
	keys := func(typ reflect.Type, tag string) map[string]bool {
		all := map[string]bool{}
		for i := range typ.NumField() {
			name, _, _ := strings.Cut(typ.Field(i).Tag.Get(tag), ",")
			all[name] = true
		}
		return all
	}
	for _, c := range []struct {
		api, manifest reflect.Type
		other         map[string]string // what is called otherwise, or is a key of the mapping
	}{
		{reflect.TypeFor[work.Queue](), reflect.TypeFor[manifest.Queue](), nil},
		{reflect.TypeFor[work.Concurrency](), reflect.TypeFor[manifest.QueueConcurrency](), nil},
		{reflect.TypeFor[work.Pool](), reflect.TypeFor[manifest.WorkPool](), map[string]string{"name": "", "slots": "limit"}},
		{reflect.TypeFor[work.Tenant](), reflect.TypeFor[manifest.WorkTenant](), map[string]string{"name": "", "quota": "queued"}},
		{reflect.TypeFor[work.Quota](), reflect.TypeFor[manifest.WorkTenant](), nil},
	} {
		written := keys(c.manifest, "yaml")
		for name := range keys(c.api, "json") {
			otherwise, ok := c.other[name]
			if !ok {
				otherwise = name
			}
			if otherwise != "" && !written[otherwise] {
				t.Errorf("%v has %q, and %v has not", c.api, name, c.manifest)
			}
		}
	}
}

const workAll = `
service: demo
domains: [demo.test]
work:
  store: postgres://berth:${PASSWORD}@db/berth
  advertise: https://work.example.org
  node: a
  shards: 4
  ownership: 20s
  retention: {succeeded: 0, failed: 0}
  pools: {default: 3, gpu: {slots: 0, limit: 2}}
  steps:
    build: {command: [make, it], environment: {A: b}, secrets: {KEY: deploy}, memory: 1MiB, processor-time: 1m, processes: 3, files: 4, grace: 2s}
  user: nobody
  shell: {programs: [/bin/echo], directories: [here], variables: [LANG]}
  containers:
    socket: /run/podman.sock
    pull-timeout: 1m
    images:
      box: {image: x/box, entrypoint: [/in], secrets: {KEY: deploy}, processors: 1.5, writable: true, capabilities: [CHOWN], runtime: runsc, ulimits: {nproc: 1000}, mounts: [{source: /a, target: /b}]}
    registries: {r.example.org: {username: robot, password: "${PASSWORD}"}}
  jq: 2s
  allow-hosts: ["*.example.org"]
  allow-networks: [10.1.0.0/16]
  allow-targets: ["arn:aws:sns:*"]
  allow-queues: ["https://sqs.*"]
  call-timeout: 1m
  max-response: 1MiB
  secrets:
    deploy: {values: ["${PASSWORD}", "${OLD:-}"], tenants: ["*"], hosts: [h], steps: [build, box]}
  pop: {envelope: true, quirks: true, require-lease: true, execute: [encoders], lease: 1m, keep: 0, attempts: 7}
`

func TestOptionsOfWorkAreThoseOfTheManifest(t *testing.T) {
	t.Parallel()
	b, dir := builderOf(t, workAll)
	got := b.workPlan("data")
	if err := b.problems.Err(); err != nil {
		t.Fatal(err)
	}
	networks := []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")}
	secrets := map[string]string{"KEY": "deploy"}
	want := workflows.Options{
		Store: "postgres://berth:hush@db/berth", Addr: "https://work.example.org", Node: "a", Shards: 4, Ownership: 20 * time.Second,
		Retention: workflows.Keep(engine.Retention{}), Local: map[string]int{"default": 3, "gpu": 0}, JQ: 2 * time.Second,
		HTTP:    workhttp.Options{Hosts: []string{"*.example.org"}, Networks: networks, Timeout: time.Minute, MaxResponse: 1 << 20},
		Webhook: outbox.WebhookOptions{Hosts: []string{"*.example.org"}, Networks: networks},
		Amazon:  outbox.AmazonOptions{Targets: []string{"arn:aws:sns:*"}}, Inbox: inbox.Options{Queues: []string{"https://sqs.*"}},
		POP: &workflows.POP{
			Envelope: true, Quirks: true, RequireLease: true, Execute: []string{"encoders"}, Lease: time.Minute, Keep: -1, Attempts: 7,
		},
		Shell: shell.Options{
			User: "nobody",
			Commands: map[string]shell.Command{"build": {
				Argv: []string{"make", "it"}, Environment: map[string]string{"A": "b"}, Secrets: secrets, Input: shell.InputStdin, Result: shell.ResultStdout,
				Grace: 2 * time.Second, Limits: shell.Limits{Memory: 1 << 20, CPUTime: workflow.Duration(time.Minute), Processes: 3, Files: 4},
			}},
			Shell: &shell.Shell{Programs: []string{"/bin/echo"}, Directories: []string{filepath.Join(dir, "here")}, Variables: []string{"LANG"}},
		},
		Containers: &container.Options{
			Socket: "/run/podman.sock", Scope: "demo", PullTimeout: time.Minute,
			Registries: map[string]container.Registry{"r.example.org": {Username: "robot", Password: secret.New("hush")}},
			Images: map[string]container.Image{"box": {
				Image: "x/box", Entrypoint: []string{"/in"}, Environment: map[string]string{}, Secrets: secrets, Pull: container.PullMissing,
				Input: container.InputFile, Result: container.ResultFile, Grace: 10 * time.Second,
				Limits: container.Limits{CPUs: 1.5, Processes: 256, Files: 1024},
				Sandbox: container.Sandbox{
					Writable: true, Capabilities: []string{"CHOWN"}, Runtime: "runsc", Ulimits: map[string]int64{"nproc": 1000}, Mounts: []container.Mount{{Source: "/a", Target: "/b"}},
				},
			}},
		},
	}
	compare := cmp.Options{
		cmp.Comparer(func(a, b netip.Prefix) bool { return a == b }), cmp.Comparer(secret.String.Equal),
		cmpopts.IgnoreFields(workflows.Options{}, "Logger"),
	}
	if diff := cmp.Diff(want, got.options, compare); diff != "" {
		t.Errorf("workPlan() (-want +got):\n%s", diff)
	}
	deploy := workflows.Secret{Values: []secret.String{secret.New("hush")}, Tenants: []string{"*"}, Hosts: []string{"h"}, Steps: []string{"build", "box"}}
	if diff := cmp.Diff(map[string]workflows.Secret{"deploy": deploy}, got.secrets, compare); diff != "" {
		t.Errorf("secrets (-want +got):\n%s", diff)
	}
}

// builderOf is a builder for a manifest with PASSWORD in its environment.
func builderOf(t *testing.T, text string) (*builder, string) {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "berth.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	m, problems := manifest.Load(path)
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	env := environ.NewSet(environ.Variable{Name: "PASSWORD", Value: secret.New("hush")})
	if m, problems = m.Expand(env); problems.Err() != nil {
		t.Fatal(problems.Err())
	}
	return &builder{m: m, env: env}, dir
}

func TestQueuesAreThoseOfTheManifest(t *testing.T) {
	t.Parallel()
	b, _ := builderOf(t, `
service: demo
domains: [demo.test]
work: {}
queues:
  - name: a
    match: run.workflow == "x"
    fallback: true
    order: -3
    policy: deadline
    concurrency: {runs: 4, per-tenant: 3, per-key: 2}
    pool: gpu
    delegated: true
    priority: 0
    ageing: 2m
    floor: 0
    tenants: [acme]
    paused: true
    draining: true
`)
	priority, floor := 0, 0.0
	want := work.Queue{
		Name: "a", Match: `run.workflow == "x"`, Fallback: true, Order: -3, Policy: queue.Deadline, Concurrency: work.Concurrency{Runs: 4, PerTenant: 3, PerKey: 2},
		Pool: "gpu", Delegated: true, Priority: &priority, Ageing: workflow.Duration(2 * time.Minute), Floor: &floor, Tenants: []string{"acme"},
		Paused: true, Draining: true,
	}
	if diff := cmp.Diff(want, queueOf(&b.m.Queues[0])); diff != "" {
		t.Errorf("queueOf() (-want +got):\n%s", diff)
	}
}
