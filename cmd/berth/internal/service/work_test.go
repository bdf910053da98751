package service

import (
	"bytes"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/berth-project/berth/internal/diagnostic"
	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/api"
	"github.com/berth-project/berth/work/client"
)

// workDemo is a service with work whose API is at ADDRESS. A process tells where
// its API is and with which key, and when it was told to stop.
const workDemo = `
service: demo
processes:
  helper:
    command: 'trap "touch stopped; exit 0" TERM; echo "$BERTH_WORK_URL $BERTH_WORK_KEY" >where.new; mv where.new where; while :; do sleep 0.02; done'
gateway:
  upstreams: {work: {targets: ["http://ADDRESS"], audience: demo}}
  routes: [{path: /**, upstream: work}]
access:
  - {path: /**, allow: signed-in}
environment: {from: [process, {file: secrets.env}]}
work:
  listen: ADDRESS
  pools: {default: 4}
  tenants: {acme: {weight: 2.5, running: 7, rate: 50, burst: 200}}
  workflows: ["flows/*.json"]
  schedules: [nightly.json]
  steps:
    build: 'echo x >>begun; while [ ! -f finish ]; do sleep 0.02; done; echo "{\"built\":true}"'
    show:
      command: 'echo "it is $KEY" >&2; echo "${#KEY}"'
      secrets: {KEY: deploy}
  secrets:
    deploy: {values: ["${DEPLOY}", "${DEPLOY_OLD:-}"], tenants: [acme], steps: [show]}
  pop: true
queues:
  - {name: builds, match: 'run.workflow == "release"', priority: 3, concurrency: 5}
development:
  tenants: [{id: acme}, {id: zenith}]
  users:
    - {email: tom@acme.test, roles: {acme: teller}}
    - {email: zoe@zenith.test, roles: {zenith: manager}}
`

// worked is a running service with work.
type worked struct {
	*running
	dir string
}

// prepareWork prepares one with these files beside its manifest.
func prepareWork(t *testing.T, manifest string, files map[string]string) *worked {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0") // an address that routes can name
	if err != nil {
		t.Fatal(err)
	}
	manifest = strings.ReplaceAll(manifest, "ADDRESS", ln.Addr().String())
	if err := ln.Close(); err != nil {
		t.Fatal(err)
	}
	r := prepare(t, manifest)
	w := &worked{r, filepath.Dir(r.file)}
	for name, text := range files {
		w.put(name, text)
	}
	// What programs write goes beside the manifest.
	manifest = strings.ReplaceAll(manifest, "    build: '", "    build: 'cd "+w.dir+"; ")
	r.write(manifest)
	return w
}

func (w *worked) put(name, text string) {
	w.t.Helper()
	path := filepath.Join(w.dir, name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
		w.t.Fatal(err)
	}
}

func (w *worked) has(name string) bool {
	_, err := os.Stat(filepath.Join(w.dir, name))
	return err == nil
}

// client is a client of the API with a key; "" is that of the processes.
func (w *worked) client(key string) *client.Client {
	w.t.Helper()
	w.eventually("the process has its variables", func() bool { return w.has("where") })
	text, err := os.ReadFile(filepath.Join(w.dir, "where"))
	if err != nil {
		w.t.Fatal(err)
	}
	at, own, ok := strings.Cut(strings.TrimSpace(string(text)), " ")
	if !ok {
		w.t.Fatalf("the process was given %q", text)
	}
	if key == "" {
		key = own
	}
	c, err := client.New(at, key)
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// keyFor makes a key that may do things for a tenant.
func (w *worked) keyFor(tenant string, may ...api.Action) string {
	w.t.Helper()
	var made api.KeyAnswer
	err := w.client("").Do(w.t.Context(), http.MethodPost, "/keys", nil, api.KeyRequest{
		Caller: api.Caller{Name: tenant, Tenants: map[string][]api.Action{tenant: may}},
	}, &made)
	if err != nil {
		w.t.Fatal(err)
	}
	return made.Key
}

// asked is what the API answers a browser through the gateway.
func (w *worked) asked(c *http.Client, path string, body, into any) int {
	w.t.Helper()
	method, enc := http.MethodGet, []byte(nil)
	if body != nil {
		var err error
		if enc, err = json.Marshal(body); err != nil {
			w.t.Fatal(err)
		}
		method = http.MethodPost
	}
	req, err := http.NewRequestWithContext(w.t.Context(), method, w.URL+api.Base+path, bytes.NewReader(enc))
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := c.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	if into != nil && resp.StatusCode < 300 {
		if err := json.NewDecoder(resp.Body).Decode(into); err != nil {
			w.t.Fatal(err)
		}
	}
	return resp.StatusCode
}

// again starts the service once more, as it was left.
func (w *worked) again() {
	w.t.Helper()
	if err := os.Remove(filepath.Join(w.dir, "where")); err != nil {
		w.t.Fatal(err)
	}
	w.done = make(chan error, 1)
	w.begin(Development)
}

func status(err error) int {
	if e, ok := errors.AsType[*client.Error](err); ok {
		return e.Status
	}
	return 0
}

const release = `{
  "name": "release",
  "steps": [
    {"name": "build", "run": "build"},
    {"name": "review", "run": "wait", "needs": ["build"], "with": {"approval": {"question": "Publish?"}}}
  ],
  "output": "${steps.build.output.built}"
}`

const nightly = `{"name": "nightly", "cron": "30 2 * * *", "run": {"workflow": "release", "tenant": "acme"}}`

var workFilesOfDemo = map[string]string{"flows/release.json": release, "nightly.json": nightly, "secrets.env": "DEPLOY=swordfish-17\n"}

func TestRunOfAServiceOutlivesItsStop(t *testing.T) {
	t.Parallel()
	w := prepareWork(t, workDemo, workFilesOfDemo)
	w.begin(Development)
	tom, zoe := w.signIn("tom@acme.test"), w.signIn("zoe@zenith.test")
	var receipt client.Receipt
	if got := w.asked(tom, "/runs", client.Submission{Workflow: "release", Tenant: "acme"}, &receipt); got != http.StatusCreated || receipt.Queue != "builds" {
		t.Fatalf("a submission is answered %d in queue %q, want 201 in builds", got, receipt.Queue)
	}
	if got := w.asked(tom, "/runs", client.Submission{Workflow: "release", Tenant: "zenith"}, nil); got != http.StatusForbidden {
		t.Errorf("a submission for another tenant is answered %d, want 403", got)
	}
	if got := w.asked(w.browser(), "/runs/"+receipt.ID, nil, nil); got == http.StatusOK {
		t.Error("somebody who is not signed in reads the run")
	}
	for who, got := range map[string]int{
		"a person of another tenant": w.asked(zoe, "/runs/"+receipt.ID, nil, nil),
		"a key of another tenant":    status(second(w.client(w.keyFor("zenith", api.Read)).Get(t.Context(), receipt.ID))),
	} {
		if got != http.StatusNotFound {
			t.Errorf("%s is answered %d, want 404", who, got)
		}
	}
	if got := status(second(w.client("berth_abcdefghijkl_nothing").Get(t.Context(), receipt.ID))); got != http.StatusUnauthorized {
		t.Errorf("a key that nobody made is answered %d, want 401", got)
	}

	// A stop waits for what is executed, and only for that.
	w.eventually("the step is executed", func() bool { return w.has("begun") })
	w.stop()
	w.eventually("the processes were stopped", func() bool { return w.has("stopped") })
	w.put("finish", "")
	w.Stop()

	w.again()
	c := w.client(w.keyFor("acme", api.Read, api.Signal))
	w.eventually("the run waits", func() bool {
		r, err := c.Get(t.Context(), receipt.ID)
		return err == nil && r.Detail != nil && slices.ContainsFunc(r.Detail.Steps, func(s client.Step) bool { return s.Name == "review" && s.Status == "sleeping" })
	})
	if _, err := c.Steer(t.Context(), receipt.ID, "signal", map[string]any{"signal": map[string]any{"name": "review", "data": true}}); err != nil {
		t.Fatal(err)
	}
	r, err := c.Wait(t.Context(), receipt.ID)
	if err != nil || r.State != "succeeded" || r.Priority != 3 || string(r.Detail.Output) != "true" {
		t.Fatalf("Wait() = %+v, %v, want one that succeeded with priority 3", r, err)
	}
	if begun, err := os.ReadFile(filepath.Join(w.dir, "begun")); err != nil || string(begun) != "x\n" {
		t.Errorf("the step was executed as %q (%v), want once", begun, err)
	}
}

func second[T any](_ T, err error) error { return err }

func TestSecretsOfTheManifestReachTheirProgramsOnly(t *testing.T) {
	t.Parallel()
	w := prepareWork(t, workDemo, workFilesOfDemo)
	w.begin(Development)
	c := w.client("")
	run := func(tenant, typ string) (client.Run, string) {
		t.Helper()
		receipt, err := c.Submit(t.Context(), client.Submission{Tenant: tenant, Document: json.RawMessage(
			`{"name":"one","steps":[{"name":"a","run":"` + typ + `"}],"output":"${steps.a.output}"}`)})
		if err != nil {
			t.Fatal(err)
		}
		r, err := c.Wait(t.Context(), receipt.ID)
		if err != nil {
			t.Fatal(err)
		}
		lines, err := c.Logs(t.Context(), receipt.ID, "a", 0)
		if err != nil {
			t.Fatal(err)
		}
		var text strings.Builder
		for _, l := range lines {
			text.WriteString(l.Text)
		}
		return r, text.String()
	}
	r, log := run("acme", "show")
	if string(r.Detail.Output) != "12" || !strings.Contains(log, "it is ") || strings.Contains(log, "swordfish") {
		t.Errorf("the step answers %s and logs %q, want the length 12 and nothing of the secret", r.Detail.Output, log)
	}
	if r, log := run("zenith", "show"); r.State != "failed" || strings.Contains(log+r.Failed, "swordfish") {
		t.Errorf("another tenant's run is %s (%s), want failed", r.State, r.Failed)
	}
	if strings.Contains(w.logText(), "swordfish") {
		t.Error("the secret is in the service's log")
	}

	// A secret that is replaced is another at once.
	seq := w.lastLine()
	w.put("secrets.env", "DEPLOY=herring\n")
	w.await(seq, "reloaded")
	if r, _ := run("acme", "show"); string(r.Detail.Output) != "7" {
		t.Errorf("after the reload the step answers %s, want 7", r.Detail.Output)
	}
}

func TestReloadOfWorkKeepsWhatOperatorsDid(t *testing.T) {
	t.Parallel()
	w := prepareWork(t, workDemo, workFilesOfDemo)
	w.begin(Development)
	c := w.client("")
	var q work.Queue
	var version string
	read := func() {
		t.Helper()
		q = work.Queue{}
		header, err := c.Exchange(t.Context(), client.Request{Method: http.MethodGet, Path: "/queues/builds"}, &q)
		if err != nil {
			t.Fatal(err)
		}
		version = header.Get("ETag")
	}
	if err := c.Do(t.Context(), http.MethodPost, "/queues/builds/pause", nil, nil, nil); err != nil {
		t.Fatal(err)
	}
	read()
	before := version
	text, err := os.ReadFile(w.file)
	if err != nil {
		t.Fatal(err)
	}
	w.Reload(string(text) + "# nothing else\n")
	if read(); version != before || !q.Paused {
		t.Errorf("a reload that changes nothing makes version %s of %s, paused %v", version, before, q.Paused)
	}
	w.Reload(strings.Replace(string(text), "priority: 3", "priority: 1", 1))
	if read(); *q.Priority != 1 || !q.Paused {
		t.Errorf("the queue has priority %d and is paused %v, want 1 and still paused", *q.Priority, q.Paused)
	}
	w.Reload(strings.Replace(string(text), "priority: 3", "paused: false", 1))
	if read(); q.Paused || *q.Priority != 5 {
		t.Errorf("the queue is paused %v with priority %d, want what the manifest says", q.Paused, *q.Priority)
	}
	var tenant work.Tenant
	if err := c.Do(t.Context(), http.MethodGet, "/tenants/acme", nil, nil, &tenant); err != nil || tenant.Weight != 2.5 || tenant.Running != 7 || tenant.Quota.Rate != 50 || tenant.Quota.Burst != 200 {
		t.Errorf("tenant acme = %+v, %v", tenant, err)
	}

	// What is wrong with a file changes nothing.
	seq := w.lastLine()
	w.put("nightly.json", strings.Replace(nightly, `"cron"`, `"corn"`, 1))
	w.write(strings.Replace(string(text), "priority: 3", "priority: 9", 1))
	if got := w.await(seq, "problem in the manifest"); !strings.Contains(got, `did you mean \"cron\"`) && !strings.Contains(got, `did you mean "cron"`) {
		t.Errorf("the log says %s", got)
	}
	if read(); *q.Priority != 5 {
		t.Error("half of a wrong manifest was put in force")
	}
	w.put("nightly.json", nightly)
}

func TestPOPIsServedWhereTheManifestSaysSo(t *testing.T) {
	t.Parallel()
	for manifest, want := range map[string]int{workDemo: http.StatusOK, strings.Replace(workDemo, "pop: true", "pop: {enabled: false}", 1): http.StatusNotFound} {
		w := prepareWork(t, manifest, workFilesOfDemo)
		w.begin(Development)
		w.client("")
		text, err := os.ReadFile(filepath.Join(w.dir, "where"))
		if err != nil {
			t.Fatal(err)
		}
		at, key, _ := strings.Cut(strings.TrimSpace(string(text)), " ")
		for _, asked := range []struct {
			key  string
			want int
		}{{key, want}, {"berth_abcdefghijkl_nothing", map[int]int{http.StatusOK: http.StatusUnauthorized}[want]}} {
			if asked.want == 0 {
				continue
			}
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, at+"/pop/"+"customer", http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Authorization", "Bearer "+asked.key)
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			if resp.StatusCode != asked.want {
				t.Errorf("GET %s = %d, want %d", req.URL, resp.StatusCode, asked.want)
			}
		}
		w.Stop()
	}
}

func TestCheckFindsWhatIsWrongWithWork(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ work, file, want string }{
		"a document":           {"workflows: [bad.json]", `{"name": "a", "steps": [{"name": "b", "run": "log", "nedes": []}]}`, "nedes"},
		"a document not there": {"workflows: [none.json]", "", "there is no such file"},
		"a schedule":           {"schedules: [bad.json]", `{"name": "a", "Cron": ""}`, "Cron"},
		"a trigger":            {"triggers: [bad.json]", `{"name": "a"} {}`, "something follows"},
		"two of a name":        {"subscriptions: [bad.json, ba*.json]", `{"name": "a", "to": "https://x"}`, "already"},
		"a host":               {"allow-hosts: ['http://x']", "", "http://x"},
		"a secret":             {"secrets: {a: {values: ['${NONE:-}'], tenants: [x]}}", "", "every variable"},
		"a file of secrets":    {"secrets-file: bad.json", `{"a": {"values": ["hush"], "tenants": []}}`, "nobody may use it"},
		"two secrets":          {"secrets-file: bad.json, secrets: {a: {values: ['${PATH}'], tenants: [x]}}", `{"a": {"values": ["hush"], "tenants": ["y"]}}`, "too"},
		"a registry":           {"kubernetes: none.json", "", "none.json"},
		"a program":            {"steps: {a: {command: x, environment: {BERTH_X: 1}}}", "", "BERTH_X"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := prepareWork(t, "service: demo\ndomains: [x.test]\nwork: {"+tc.work+"}\n", map[string]string{"bad.json": tc.file})
			_, err := Check(t.Context(), Options{Manifest: w.file, Data: w.data, Environ: []string{"PATH=" + os.Getenv("PATH")}})
			found, ok := errors.AsType[diagnostic.List](err)
			if !ok || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), "hush") {
				t.Fatalf("Check() = %v, want a problem with %q", err, tc.want)
			}
			if found[0].Line == 0 || found[0].File == "" {
				t.Errorf("the problem has no place: %+v", found[0])
			}
		})
	}
}
