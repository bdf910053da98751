package container_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/secret"
	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/container"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

// recorder is a reporter that remembers.
type recorder struct {
	mu      sync.Mutex
	percent []float64
	saved   []string
	log     bytes.Buffer
	waiting chan struct{} // closed when the program says that it waits
	once    sync.Once
}

func newRecorder() *recorder { return &recorder{waiting: make(chan struct{})} }

func (r *recorder) Progress(percent float64, _ string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.percent = append(r.percent, percent)
}

func (r *recorder) Save(state json.RawMessage) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.saved = append(r.saved, string(state))
}

func (r *recorder) Log(lines []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.log.Write(lines)
	if bytes.Contains(lines, []byte("waiting\n")) {
		r.once.Do(func() { close(r.waiting) })
	}
}

func (r *recorder) text() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.log.String()
}

// sandbox asks for no more processes per user than a machine within a machine
// may have; Podman's own default is more.
var sandbox = container.Sandbox{Ulimits: map[string]int64{"nproc": 1000}}

// program is the image of the tests with what it is to do.
func program(do ...string) container.Image {
	return container.Image{Image: image, Entrypoint: []string{"/program"}, Command: do, Pull: container.PullNever, Sandbox: sandbox}
}

func newExecutor(t *testing.T, l lab, opts container.Options) *container.Executor {
	t.Helper()
	opts.Socket = l.socket
	if opts.Scope == "" {
		opts.Scope = "test-" + strings.NewReplacer("/", "-", "_", "-").Replace(t.Name())
	}
	e, err := container.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		e.Close()
		if n := l.containers(t, opts.Scope); n != 0 {
			t.Errorf("%d containers are left", n)
		}
	})
	return e
}

func task(typ, with string) work.Task {
	return work.Task{
		Run: workflow.MakeRunID(1_764_000_000_000, 1, 7), Step: "encode", Item: -1, Attempt: 2, Fence: 99,
		Type: typ, Tenant: "acme", Key: "k-1", With: json.RawMessage(with),
	}
}

// execute runs one image as the step type "it".
func execute(t *testing.T, l lab, image container.Image, with string, opts container.Options) (work.Result, *recorder) {
	t.Helper()
	opts.Images = map[string]container.Image{"it": image}
	r := newRecorder()
	return newExecutor(t, l, opts).Execute(t.Context(), task("it", with), r), r
}

func TestResultsComeFromWhereTheyAreSaidTo(t *testing.T) {
	t.Parallel()
	l := engine(t)
	withResult := func(result container.Result, do ...string) container.Image {
		p := program(do...)
		p.Result = result
		return p
	}
	env := withResult(container.ResultStdout, "out $BERTH_PAYLOAD")
	env.Input = container.InputEnv
	user := withResult(container.ResultFile, "copy $BERTH_PAYLOAD_FILE $BERTH_RESULT_FILE")
	user.User = "1000:1000"
	for name, c := range map[string]struct {
		image container.Image
		want  string
	}{
		"file":            {withResult(container.ResultFile, "copy $BERTH_PAYLOAD_FILE $BERTH_RESULT_FILE"), `{"n":1}`},
		"as another user": {user, `{"n":1}`},
		"no file":         {withResult("", "out hello"), `null`},
		"stdout":          {withResult(container.ResultStdout, "err log", "out [1]"), `[1]`},
		"text":            {withResult(container.ResultText, "out one", "out two"), `"one\ntwo"`},
		"none":            {withResult(container.ResultNone, "out {"), `null`},
		"payload by env":  {env, `{"n":1}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, r := execute(t, l, c.image, `{"n":1}`, container.Options{})
			if diff := cmp.Diff(work.Result{Output: json.RawMessage(c.want)}, got); diff != "" {
				t.Errorf("Execute() (-want +got):\n%s\nlog: %s", diff, r.text())
			}
		})
	}
}

func TestFailuresSayHowTheProgramEnded(t *testing.T) {
	t.Parallel()
	l := engine(t)
	stdout := program("flood")
	stdout.Result = container.ResultStdout
	absent := program()
	absent.Image = "localhost/not-there:latest"
	noProgram := program()
	noProgram.Entrypoint = []string{"/not-there"}
	for name, c := range map[string]struct {
		image         container.Image
		code, message string
	}{
		"status":     {program("err no codec", "exit 3"), "exit.3", "exited with status 3: no codec"},
		"named":      {program(`err ::fail {"code":"bad-input","message":"no track"}`, "exit 1"), "bad-input", "no track"},
		"not JSON":   {program("result oops"), "result", `it begins "oops", which is not JSON`},
		"too much":   {stdout, "limit.output", "1MiB"},
		"no image":   {absent, "image", "is not to be pulled"},
		"no program": {noProgram, "start", "not-there"},
		"large file": {program("result " + strings.Repeat("1", 2000)), "limit.output", "1000B"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			opts := container.Options{}
			if name == "large file" {
				opts.Limits.Output = 1000
			}
			got, r := execute(t, l, c.image, ``, opts)
			f := got.Failure
			if f == nil || f.Code != c.code || !strings.Contains(f.Message, c.message) {
				t.Errorf("Execute() = %+v, want %s %q; log %.300s", f, c.code, c.message, r.text())
			}
		})
	}
}

func TestAResultDoesNotLeadToTheHost(t *testing.T) {
	t.Parallel()
	l := engine(t)
	file := filepath.Join(t.TempDir(), "secret.json")
	if err := os.WriteFile(file, []byte(`"of the host"`), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, target := range []string{file, "/proc/1/root" + file, "../../../../../.." + file} {
		if got, _ := execute(t, l, program("link "+target), ``, container.Options{}); strings.Contains(string(got.Output), "host") {
			t.Errorf("Execute() of a program that links its result to %s = %s", target, got.Output)
		}
	}
}

func TestMemoryIsLimited(t *testing.T) {
	t.Parallel()
	l := engine(t)
	p := program("memory")
	p.Limits.Memory = 64 << 20
	got, r := execute(t, l, p, ``, container.Options{})
	// An engine without cgroups v2 cannot always tell who killed it.
	if f := got.Failure; f == nil || f.Code != "limit.memory" && f.Code != "exit.137" || !strings.Contains(f.Message, "over its limit of memory, 64MiB") {
		t.Errorf("Execute() = %+v, want limit.memory; log %s", f, r.text())
	}
}

func TestAContainerMayDoNothingThatIsNotListed(t *testing.T) {
	t.Parallel()
	l := engine(t)
	p := program("status", "networks", "env", "write /tmp/ok", "write /berth/ok", "write /etc/not-ok")
	p.Result = container.ResultText
	p.Environment = map[string]string{"OWN": "1"}
	got, r := execute(t, l, p, ``, container.Options{Environment: map[string]string{"REGION": "eu"}})
	if got.Failure == nil || !strings.Contains(got.Failure.Message, "read-only file system") {
		t.Errorf("Execute() = %+v, want the root file system to be read-only; log %s", got.Failure, r.text())
	}
	p.Command = p.Command[:5]
	got, _ = execute(t, l, p, ``, container.Options{Environment: map[string]string{"REGION": "eu"}})
	var text string
	if err := json.Unmarshal(got.Output, &text); err != nil {
		t.Fatalf("Execute() = %+v: %v", got, err)
	}
	for _, want := range []string{
		"CapEff:\t0000000000000000", "CapPrm:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2",
		"\nlo\n", "OWN=1\n", "REGION=eu\n", "BERTH_STEP=encode\n", "BERTH_FENCE=99\n", "BERTH_TENANT=acme\n", "BERTH_KEY=k-1",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the program says\n%s\nwant %q in it", text, want)
		}
	}
	if strings.Contains(text, "eth0") {
		t.Error("it has a network")
	}
}

func TestASandboxCanBeWidened(t *testing.T) {
	t.Parallel()
	l := engine(t)
	shared := t.TempDir()
	p := program("status", "write /etc/ok", "copy /berth/payload.json /shared/copy")
	p.Result = container.ResultText
	p.Sandbox = container.Sandbox{
		Ulimits: sandbox.Ulimits, Writable: true, Capabilities: []string{"CHOWN"}, Mounts: []container.Mount{{Source: shared, Target: "/shared", Writable: true}},
	}
	got, r := execute(t, l, p, `1`, container.Options{})
	if got.Failure != nil || !strings.Contains(string(got.Output), `CapEff:\t0000000000000001`) {
		t.Errorf("Execute() = %s %+v; log %s", got.Output, got.Failure, r.text())
	}
	p.Mounts[0].Writable = false
	if got, _ := execute(t, l, p, `1`, container.Options{}); got.Failure == nil || !strings.Contains(got.Failure.Message, "read-only file system") {
		t.Errorf("Execute() with a mount that cannot be written to = %+v", got.Failure)
	}
}

func TestProgressStateAndLogAreReported(t *testing.T) {
	t.Parallel()
	l := engine(t)
	p := program("out ::progress 25 one", `err ::save {"job":7}`, "err using $TOKEN", "copy $BERTH_STATE_FILE $BERTH_RESULT_FILE")
	p.Secrets = map[string]string{"TOKEN": "token"}
	e := newExecutor(t, l, container.Options{
		Images: map[string]container.Image{"it": p},
		Secrets: func(tk work.Task, name string) (secret.String, error) {
			if tk.Tenant != "acme" || name != "token" {
				return secret.String{}, errors.New("no such secret")
			}
			return secret.New("s3cret-token"), nil
		},
	})
	tk, r := task("it", ``), newRecorder()
	tk.State = json.RawMessage(`{"at":1}`)
	got := e.Execute(t.Context(), tk, r)
	if string(got.Output) != `{"at":1}` {
		t.Errorf("Execute() = %s %+v", got.Output, got.Failure)
	}
	if diff := cmp.Diff([]float64{25}, r.percent); diff != "" {
		t.Errorf("progress (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{`{"job":7}`}, r.saved); diff != "" {
		t.Errorf("saved (-want +got):\n%s", diff)
	}
	if got := r.text(); got != "using [redacted]\n" {
		t.Errorf("log = %q", got)
	}
}

func TestAnInterruptedContainerIsEndedAndRemoved(t *testing.T) {
	t.Parallel()
	l := engine(t)
	for cause, c := range map[error]struct {
		code string
		do   string
	}{
		work.ErrTimeout: {"timeout", "stubborn"}, work.ErrCanceled: {"canceled", "wait"}, work.ErrLeaseLost: {"lease-lost", "stubborn"}, work.ErrStopping: {"stopping", "wait"},
	} {
		t.Run(c.code, func(t *testing.T) {
			t.Parallel()
			grace := time.Second
			if errors.Is(cause, work.ErrLeaseLost) {
				grace = time.Hour // it is not given
			}
			e := newExecutor(t, l, container.Options{Grace: grace, Images: map[string]container.Image{"it": program(c.do, `err ::save {"at":40}`)}})
			ctx, cancel := context.WithCancelCause(t.Context())
			r := newRecorder()
			go func() {
				<-r.waiting
				cancel(cause)
			}()
			got := e.Execute(ctx, task("it", ``), r)
			if got.Failure == nil || got.Failure.Code != c.code {
				t.Errorf("Execute() = %+v, want %s", got, c.code)
			}
			if saved := len(r.saved) == 1; saved != (c.do == "wait") {
				t.Errorf("saved %v by a program that was told to %s", r.saved, c.do)
			}
		})
	}
}

func TestReapRemovesWhatIsNotCurrent(t *testing.T) {
	t.Parallel()
	l := engine(t)
	images := map[string]container.Image{"it": program("stubborn")}
	running := newExecutor(t, l, container.Options{Scope: "test-reap", Images: images})
	other := newExecutor(t, l, container.Options{Scope: "test-reap-other", Images: images, Current: func(context.Context, container.Ref) (bool, error) {
		return false, nil
	}})
	var asked []container.Ref
	var current bool
	var unknown error
	reaper := newExecutor(t, l, container.Options{Scope: "test-reap", Current: func(_ context.Context, ref container.Ref) (bool, error) {
		asked = append(asked, ref)
		return current, unknown
	}})
	r, done := newRecorder(), make(chan work.Result, 1)
	tk := task("it", ``)
	tk.Item = 3
	go func() { done <- running.Execute(t.Context(), tk, r) }()
	select {
	case <-r.waiting:
	case got := <-done:
		t.Fatalf("Execute() = %+v before it waited; log %s", got.Failure, r.text())
	}
	for _, c := range []struct {
		name    string
		by      *container.Executor
		current bool
		unknown error
		want    int
		fails   bool
	}{
		{"another scope", other, false, nil, 0, false},
		{"current", reaper, true, nil, 0, false},
		{"not known", reaper, false, errors.New("the engine is away"), 0, true},
		{"over", reaper, false, nil, 1, false},
		{"gone", reaper, false, nil, 0, false},
	} {
		current, unknown = c.current, c.unknown
		if n, err := c.by.Reap(t.Context()); n != c.want || (err != nil) != c.fails {
			t.Errorf("%s: Reap() = %d, %v; want %d", c.name, n, err, c.want)
		}
	}
	if got := <-done; got.Failure == nil {
		t.Error("the attempt whose container was reaped succeeded")
	}
	want := container.Ref{Run: tk.Run, Step: "encode", Item: 3, Fence: machine.Fence(99)}
	for _, ref := range asked {
		if ref != want {
			t.Errorf("Current was asked about %+v, want %+v", ref, want)
		}
	}
	if _, err := running.Reap(t.Context()); err == nil {
		t.Error("Reap() without Current = nil")
	}
}

func TestDocumentsMayNameTheImagesThatAreAllowed(t *testing.T) {
	t.Parallel()
	l := engine(t)
	e := newExecutor(t, l, container.Options{
		Limits: container.Limits{Memory: 64 << 20},
		Free:   &container.Free{Images: []string{"localhost/berth-*"}, Pull: container.PullNever, Sandbox: sandbox},
	})
	if diff := cmp.Diff([]string{"container"}, e.Types()); diff != "" {
		t.Errorf("Types() (-want +got):\n%s", diff)
	}
	for name, c := range map[string]struct {
		with string
		code string
	}{
		"allowed":       {`{"image":"localhost/berth-test","entrypoint":["/program"],"command":["copy $BERTH_PAYLOAD_FILE $BERTH_RESULT_FILE"],"payload":5,"env":{"A":"1"}}`, ""},
		"not allowed":   {`{"image":"docker.io/library/busybox"}`, "refused"},
		"by a path":     {`{"image":"localhost/berth-test/../../x"}`, "with"},
		"no image":      {`{}`, "with"},
		"unknown key":   {`{"image":"localhost/berth-test","privileged":true}`, "with"},
		"higher limit":  {`{"image":"localhost/berth-test","limits":{"memory":"1GiB"}}`, "with"},
		"longer grace":  {`{"image":"localhost/berth-test","grace":"1h"}`, "with"},
		"own variable":  {`{"image":"localhost/berth-test","env":{"BERTH_FENCE":"1"}}`, "with"},
		"secret":        {`{"image":"localhost/berth-test","env":{"A":{"secret":"s"}}}`, "refused"},
		"another input": {`{"image":"localhost/berth-test","input":"stdin"}`, "with"},
		"large payload": {`{"image":"localhost/berth-test","input":"env","payload":"` + strings.Repeat("x", 1<<17) + `"}`, "with"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRecorder()
			got := e.Execute(t.Context(), task("container", c.with), r)
			code := ""
			if got.Failure != nil {
				code = got.Failure.Code
			}
			if code != c.code || code == "" && string(got.Output) != "5" {
				t.Errorf("Execute() = %s %+v, want %q; log %s", got.Output, got.Failure, c.code, r.text())
			}
		})
	}
	closed := newExecutor(t, l, container.Options{})
	for _, typ := range []string{"container", "other"} {
		if f := closed.Execute(t.Context(), task(typ, `{"image":"localhost/berth-test"}`), newRecorder()).Failure; f == nil || f.Code != "refused" || !f.Fatal {
			t.Errorf("Execute(%s) without options = %+v, want it refused", typ, f)
		}
	}
}

func TestAnEngineThatIsNotThereFailsTheAttempt(t *testing.T) {
	t.Parallel()
	e, err := container.New(container.Options{
		Socket: filepath.Join(t.TempDir(), "nobody.sock"), Images: map[string]container.Image{"it": program()},
		Current: func(context.Context, container.Ref) (bool, error) { return false, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	f := e.Execute(t.Context(), task("it", ``), newRecorder()).Failure
	if f == nil || f.Code != "engine" || f.Fatal {
		t.Errorf("Execute() = %+v, want engine", f)
	}
	if err := e.Check(t.Context()); err == nil {
		t.Error("Check() = nil")
	}
	if _, err := e.Reap(t.Context()); err == nil {
		t.Error("Reap() = nil")
	}
}

func TestOptionsThatCannotBe(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string]container.Options{
		"no name":     {Images: map[string]container.Image{"it": {}}},
		"pull":        {Images: map[string]container.Image{"it": {Image: "a", Pull: "sometimes"}}},
		"input":       {Images: map[string]container.Image{"it": {Image: "a", Input: "stdin"}}},
		"result":      {Images: map[string]container.Image{"it": {Image: "a", Result: "stderr"}}},
		"variable":    {Images: map[string]container.Image{"it": {Image: "a", Environment: map[string]string{"BERTH_RUN": "x"}}}},
		"mount":       {Images: map[string]container.Image{"it": {Image: "a", Sandbox: container.Sandbox{Mounts: []container.Mount{{Source: "x", Target: "/y"}}}}}},
		"mount there": {Images: map[string]container.Image{"it": {Image: "a", Sandbox: container.Sandbox{Mounts: []container.Mount{{Source: "/x", Target: "/berth/"}}}}}},
		"scope":       {Scope: "a b"},
		"grace":       {Grace: -1},
		"taken":       {Images: map[string]container.Image{"container": {Image: "a"}}, Free: &container.Free{}},
	} {
		if _, err := container.New(opts); err == nil {
			t.Errorf("New() with a wrong %s = nil", name)
		}
	}
}
