package process_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/berth-project/berth/process"
	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

func TestInstanceIsReadyWhenItAnswers(t *testing.T) {
	t.Parallel()
	kinds := map[string]struct {
		listen  process.Listen
		ready   process.Readiness
		network string
	}{
		"tcp":              {process.ListenPort, process.Readiness{}, "tcp"},
		"socket":           {process.ListenSocket, process.Readiness{}, "unix"},
		"http over tcp":    {process.ListenPort, process.Readiness{Kind: process.ReadyHTTP, Path: "/ok"}, "tcp"},
		"http over socket": {process.ListenSocket, process.Readiness{Kind: process.ReadyHTTP}, "unix"},
	}
	for name, kind := range kinds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := start(t)
			spec := server(t, "web")
			spec.Listen, spec.Ready = kind.listen, kind.ready
			r.apply(spec)
			status := r.only()
			if status.State != process.StateReady || status.Endpoint == nil || status.Endpoint.Network != kind.network {
				t.Fatalf("Status() = %+v, want ready on %s", status, kind.network)
			}
			if calls := r.calls("web"); len(calls) != 1 || !slices.Equal(calls[0], []process.Endpoint{*status.Endpoint}) {
				t.Errorf("OnEndpoints calls = %v, want one of %v", calls, *status.Endpoint)
			}
			if code, body := get(t, *status.Endpoint, "/"); code != 200 || body != strconv.Itoa(status.PID) {
				t.Errorf("GET / = %d %q, want 200 %d", code, body, status.PID)
			}
			if status.Resident == 0 {
				t.Error("Resident = 0 for a running program")
			}
		})
	}
}

func TestInstanceThatDoesNotAnswerFailsItsStart(t *testing.T) {
	t.Parallel()
	r := start(t)
	broken := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }))
	t.Cleanup(broken.Close)
	spec := script("web", `trap "exit 0" TERM; while :; do sleep 0.01; done`)
	spec.Listen, spec.Port = process.ListenPort, broken.Listener.Addr().(*net.TCPAddr).Port
	spec.Ready = process.Readiness{Kind: process.ReadyHTTP, Path: "/broken", Timeout: 3 * time.Second}
	spec.Restart = process.RestartPolicy{When: process.RestartNever}
	err := r.Apply(t.Context(), []process.Spec{spec})
	failure, ok := errors.AsType[*process.StartError](err)
	if !ok || !strings.Contains(failure.Exit.Cause, "not ready after 3s (GET /broken answered 500)") {
		t.Fatalf("Apply() = %v, want a StartError about /broken", err)
	}
	if calls := r.calls("web"); len(calls) != 0 {
		t.Errorf("OnEndpoints was told %v of a process that was never ready", calls)
	}
	if exit, ok := errors.AsType[*process.ExitError](r.wait()); !ok || exit.Code == 0 {
		t.Errorf("Run() = %v, want a status that is not 0", exit)
	}
}

func TestKilledInstanceIsRestarted(t *testing.T) {
	t.Parallel()
	reg := prometheus.NewPedanticRegistry()
	r := start(t, func(c *process.Config) { c.Registry = reg })
	spec := server(t, "web")
	spec.Restart.Min = time.Millisecond
	r.apply(spec)
	r.untilState(process.StateReady)
	first := r.only().PID
	if err := syscall.Kill(first, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if got, want := r.untilExit().String(), "exit 137 (killed)"; got != want {
		t.Errorf("exit = %q, want %q", got, want)
	}
	r.untilState(process.StateReady)
	status := r.only()
	if status.PID == first || status.Restarts != 1 || status.LastExit == nil || status.LastExit.Code != 137 {
		t.Errorf("Status() = %+v, want another pid than %d, 1 restart, last exit 137", status, first)
	}
	eventually(t, "ready, none, ready", func() bool {
		var lengths []int
		for _, ready := range r.calls("web") {
			lengths = append(lengths, len(ready))
		}
		return slices.Equal(lengths, []int{1, 0, 1})
	})
	if n, err := testutil.GatherAndCount(reg, "berth_process_restarts_total", "berth_process_up"); err != nil || n != 2 {
		t.Errorf("metrics: %d, %v; want 2", n, err)
	}
}

func TestReadyAlwaysHasAProgram(t *testing.T) {
	t.Parallel()
	r := start(t)
	spec := server(t, "web")
	spec.Restart = process.RestartPolicy{Min: time.Millisecond, Max: time.Millisecond, Limit: 1000}
	r.apply(spec)
	for range 5 {
		killed := r.only().PID
		if killed <= 1 {
			t.Fatalf("Status() = %+v", r.only())
		}
		_ = syscall.Kill(killed, syscall.SIGKILL)
		eventually(t, "a new program", func() bool {
			status := r.only()
			if status.State == process.StateReady && (status.PID == 0 || status.Endpoint == nil) {
				t.Fatalf("Status() = %+v: ready without a program", status)
			}
			return status.State == process.StateReady && status.PID != killed
		})
	}
}

func TestCrashLoopIsReported(t *testing.T) {
	t.Parallel()
	r := start(t)
	spec := script("worker", "echo one; echo boom >&2; exit 3")
	spec.Listen = process.ListenPort // or it would count as started
	spec.Restart = process.RestartPolicy{Min: time.Millisecond, Max: 2 * time.Hour, Limit: 3}
	err := r.Apply(t.Context(), []process.Spec{spec})
	failure, ok := errors.AsType[*process.StartError](err)
	if !ok || failure.Exit.Code != 3 || !slices.Contains(failure.Lines, "boom") {
		t.Fatalf("Apply() = %v, want a StartError with status 3 and the last lines", err)
	}
	e := r.until("the report", func(e process.Event) bool { return e.Kind == process.EventCrashLoop })
	if e.Exit.Code != 3 || !slices.Contains(e.Lines, "boom") {
		t.Errorf("report = %+v, want status 3 and the last lines", e)
	}
	status := r.only()
	if status.State != process.StateCrashLoop || status.Restarts != 2 || time.Until(status.RestartAt) < 30*time.Minute {
		t.Errorf("Status() = %+v, want crash_loop after 2 restarts, waiting for long", status)
	}
	select {
	case <-r.ended:
		t.Error("Run has given up")
	default:
	}
}

func TestRunEndsWithTheStatusOfWhatItCannotDoWithout(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		script string
		policy process.RestartPolicy
		code   int
	}{
		"never, failed":      {"exit 7", process.RestartPolicy{When: process.RestartNever}, 7},
		"never, done":        {"exit 0", process.RestartPolicy{When: process.RestartNever}, 0},
		"never, signal":      {"kill -9 $$", process.RestartPolicy{When: process.RestartNever}, 137},
		"given up":           {"exit 5", process.RestartPolicy{Min: 1, Limit: 2, GiveUp: true}, 5},
		"on failure, failed": {"exit 6", process.RestartPolicy{When: process.RestartOnFailure, Min: 1, Limit: 2, GiveUp: true}, 6},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := start(t)
			spec := script("job", c.script)
			spec.Restart = c.policy
			other := script("other", "exec sleep 1000")
			_ = r.Apply(t.Context(), []process.Spec{other, spec}) // Run's verdict counts
			err := r.wait()
			exit, ok := errors.AsType[*process.ExitError](err)
			if !ok || exit.Process != "job" || exit.Code != c.code {
				t.Errorf("Run() = %v, want ExitError of job with %d", err, c.code)
			}
			for _, status := range r.Status() {
				if status.PID != 0 {
					t.Errorf("%s still runs", status.Process)
				}
			}
		})
	}
}

func TestOnFailureLeavesAFinishedProgramAlone(t *testing.T) {
	t.Parallel()
	r := start(t)
	spec := script("job", "exit 0")
	spec.Restart.When = process.RestartOnFailure
	r.apply(spec)
	r.untilState(process.StateStopped)
	if status := r.only(); status.Restarts != 0 || status.LastExit.Code != 0 {
		t.Errorf("Status() = %+v, want stopped after one run", status)
	}
}

func TestIgnoredStopSignalIsFollowedByAKill(t *testing.T) {
	t.Parallel()
	r := start(t)
	flag := filepath.Join(t.TempDir(), "up")
	spec := script("stubborn", `trap "" TERM; echo $$ >`+flag+`; while :; do sleep 100; done`)
	spec.Stop.Grace = 50 * time.Millisecond
	r.apply(spec)
	pid := pidIn(t, flag)
	r.apply()
	if exit := r.untilExit(); exit.Signal != syscall.SIGKILL {
		t.Errorf("exit = %v, want killed", exit)
	}
	if !gone(pid) {
		t.Errorf("process %d lives", pid)
	}
}

func TestStopSignalIsTheConfiguredOne(t *testing.T) {
	t.Parallel()
	r := start(t)
	flag := filepath.Join(t.TempDir(), "up")
	spec := script("worker", `trap "exit 9" QUIT; echo $$ >`+flag+`; while :; do sleep 0.01; done`)
	spec.Stop.Signal = syscall.SIGQUIT
	r.apply(spec)
	pidIn(t, flag)
	r.apply()
	if exit := r.untilExit(); exit.Code != 9 {
		t.Errorf("exit = %v, want exit 9", exit)
	}
}

func TestKillCutsTheGracePeriodShort(t *testing.T) {
	t.Parallel()
	r := start(t)
	flag := filepath.Join(t.TempDir(), "up")
	spec := script("stubborn", `trap "" TERM; echo $$ >`+flag+`; while :; do sleep 100; done`)
	spec.Stop.Grace = time.Hour
	r.apply(spec)
	pidIn(t, flag)
	r.cancel()
	r.untilState(process.StateStopping)
	r.Kill()
	if err := r.wait(); err != nil {
		t.Errorf("Run() = %v, want nil", err)
	}
}

func TestServerBehindAShellMayFinish(t *testing.T) {
	t.Parallel()
	r := start(t)
	dir := t.TempDir()
	up, done := filepath.Join(dir, "up"), filepath.Join(dir, "done")
	// The outer shell dies of the signal at once; the inner one still has work.
	inner := fmt.Sprintf(`trap "sleep 0.2; echo $$ >%s; exit 0" TERM; echo $$ >%s; while :; do sleep 0.01; done`, done, up)
	inner = strings.ReplaceAll(inner, "$$", `\$\$`)
	spec := script("web", `sh -c "`+strings.ReplaceAll(inner, `"`, `\"`)+`"; exit 1`)
	r.apply(spec)
	pidIn(t, up)
	r.apply()
	if _, err := os.Stat(done); err != nil {
		t.Errorf("the server was not left to finish: %v", err)
	}
}

func TestWhatACrashedProgramLeavesBehindIsKilled(t *testing.T) {
	t.Parallel()
	r := start(t)
	flag := filepath.Join(t.TempDir(), "child")
	spec := script("web", `sh -c 'trap "" TERM HUP; echo $$ >`+flag+`; while :; do sleep 100; done' & while [ ! -s `+flag+` ]; do sleep 0.01; done; exit 1`)
	spec.Restart = process.RestartPolicy{Limit: 1, Max: time.Hour}
	_ = r.Apply(t.Context(), []process.Spec{spec})
	r.untilExit()
	if pid := pidIn(t, flag); !gone(pid) {
		t.Errorf("process %d lives on", pid)
	}
}

func TestReplacingNeverLeavesNobody(t *testing.T) {
	t.Parallel()
	r := start(t)
	spec := server(t, "web")
	spec.Scale = 2
	r.apply(spec)
	for generation := range 3 {
		changed := spec
		changed.Environment = append(slices.Clone(spec.Environment), fmt.Sprintf("GENERATION=%d", generation))
		r.apply(changed)
	}
	// While they start there may be one, or two at once.
	calls := r.calls("web")
	both := slices.IndexFunc(calls, func(ready []process.Endpoint) bool { return len(ready) == 2 })
	if both < 0 || len(calls)-both-1 != 3*2 {
		t.Errorf("OnEndpoints calls %v: want 2 for each of 3 changes after both were ready", calls)
	}
	for i, ready := range calls[max(both, 0):] {
		if len(ready) != 2 || ready[0].Instance != 1 || ready[1].Instance != 2 {
			t.Errorf("call %d: %v, want both instances", i, ready)
		}
	}
	if status := r.Status(); len(status) != 2 {
		t.Errorf("Status() = %+v, want 2 instances", status)
	}
	r.apply()
	if calls = r.calls("web"); len(calls[len(calls)-1]) != 0 {
		t.Errorf("after the removal OnEndpoints was last told %v, want none", calls[len(calls)-1])
	}
}

func TestEndpointIsDrainedBeforeItsProgramStops(t *testing.T) {
	t.Parallel()
	entered, leave := make(chan process.Endpoint), make(chan struct{})
	r := start(t, func(c *process.Config) {
		c.Drain = func(_ context.Context, e process.Endpoint) {
			entered <- e
			<-leave
		}
	})
	r.apply(server(t, "web"))
	endpoint := *r.only().Endpoint
	stopped := make(chan error, 1)
	go func() { stopped <- r.Apply(context.Background(), nil) }()
	if got := <-entered; got != endpoint {
		t.Errorf("Drain(%v), want %v", got, endpoint)
	}
	if code, _ := get(t, endpoint, "/"); code != 200 {
		t.Errorf("while it is drained GET / = %d, want 200", code)
	}
	if calls := r.calls("web"); len(calls) != 2 || len(calls[1]) != 0 {
		t.Errorf("while it is drained OnEndpoints calls = %v, want it withdrawn", calls)
	}
	close(leave)
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

func TestReplacementThatFailsLeavesTheOldOne(t *testing.T) {
	t.Parallel()
	for _, when := range []process.RestartWhen{process.RestartAlways, process.RestartNever} {
		t.Run(strconv.Itoa(int(when)), func(t *testing.T) {
			t.Parallel()
			r := start(t)
			good := server(t, "web")
			good.Restart.When = when
			r.apply(good)
			before := r.only()
			bad := script("web", "echo cannot start; exit 4")
			bad.Listen, bad.Restart = good.Listen, good.Restart
			err := r.Apply(t.Context(), []process.Spec{bad})
			if failure, ok := errors.AsType[*process.StartError](err); !ok || failure.Exit.Code != 4 {
				t.Fatalf("Apply() = %v, want a StartError with 4", err)
			}
			after := r.only()
			if after.PID != before.PID || after.State != process.StateReady || len(r.calls("web")) != 1 {
				t.Errorf("Status() = %+v, want it as it was: %+v", after, before)
			}
			r.apply(good)
			if pid := r.only().PID; pid != before.PID {
				t.Errorf("going back replaced pid %d by %d", before.PID, pid)
			}
		})
	}
}

func TestApplyTouchesOnlyWhatChanged(t *testing.T) {
	t.Parallel()
	r := start(t)
	flag := filepath.Join(t.TempDir(), "hooks")
	web, worker := server(t, "web"), script("worker", "exec sleep 1000")
	web.Scale = 2
	web.Before = []process.Hook{{Command: []string{"echo hook >>" + flag}, Shell: true}}
	r.apply(web, worker)
	pids := func() (all []int) {
		for _, s := range r.Status() {
			all = append(all, s.PID)
		}
		return all
	}
	before := pids()
	r.apply(web, worker)
	if diff := cmp.Diff(before, pids()); diff != "" {
		t.Errorf("the same specs changed the processes:\n%s", diff)
	}
	web.Scale = 3
	r.apply(web, worker)
	grown := pids()
	if len(grown) != 4 || grown[0] != before[0] || grown[1] != before[1] || grown[3] != before[2] {
		t.Errorf("growing to 3: pids %v, before %v", grown, before)
	}
	web.Scale = 1
	r.apply(worker, web)
	if got := pids(); !slices.Equal(got, []int{before[2], before[0]}) {
		t.Errorf("shrinking to 1 in another order: pids %v, want %v", got, []int{before[2], before[0]})
	}
	if data, err := os.ReadFile(flag); err != nil || string(data) != "hook\n" {
		t.Errorf("hooks ran as %q, %v; want once", data, err)
	}
}

func TestInstanceThatRecoveredIsNotTouched(t *testing.T) {
	t.Parallel()
	r := start(t)
	fixed := filepath.Join(t.TempDir(), "fixed")
	spec := server(t, "web")
	spec.Environment = append(spec.Environment, "PROGRAM="+spec.Command[0])
	spec.Command, spec.Shell = []string{"[ -e " + fixed + " ] || exit 1; exec $PROGRAM"}, true
	spec.Restart = process.RestartPolicy{Min: time.Millisecond, Max: time.Millisecond, Limit: 1}
	if err := r.Apply(t.Context(), []process.Spec{spec}); err == nil {
		t.Fatal("Apply() = nil for a process in a crash loop")
	}
	if err := os.WriteFile(fixed, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	r.untilState(process.StateReady)
	before := r.only()
	r.apply(spec)
	if after := r.only(); after.PID != before.PID {
		t.Errorf("Apply() replaced pid %d, which had recovered, by %d", before.PID, after.PID)
	}
}

func TestRestartReplacesEveryInstance(t *testing.T) {
	t.Parallel()
	r := start(t)
	r.apply(server(t, "web"))
	before := r.only()
	if err := r.Restart(t.Context(), "web"); err != nil {
		t.Fatal(err)
	}
	if after := r.only(); after.PID == before.PID || after.State != process.StateReady {
		t.Errorf("Status() = %+v, want another pid than %d", after, before.PID)
	}
	if err := r.Restart(t.Context(), "nobody"); !errors.Is(err, process.ErrUnknownProcess) {
		t.Errorf("Restart(nobody) = %v, want ErrUnknownProcess", err)
	}
}

func TestWorkersDoNotOverlap(t *testing.T) {
	t.Parallel()
	r := start(t)
	lock := filepath.Join(t.TempDir(), "lock")
	text := `mkdir ` + lock + ` || exit 1; trap "rmdir ` + lock + `; exit 0" TERM; while :; do sleep 0.01; done`
	spec := script("beat", text)
	spec.Restart = process.RestartPolicy{When: process.RestartNever}
	r.apply(spec)
	eventually(t, "the lock", func() bool { _, err := os.Stat(lock); return err == nil })
	renamed := spec
	renamed.Name = "scheduler"
	r.apply(renamed)
	eventually(t, "the lock of the second", func() bool { _, err := os.Stat(lock); return err == nil })
	select {
	case <-r.ended:
		t.Errorf("Run() = %v: two ran at once", r.err)
	default:
	}
}

func TestHooksRunInOrderBeforeTheProcess(t *testing.T) {
	t.Parallel()
	r := start(t)
	file := filepath.Join(t.TempDir(), "order")
	spec := script("web", "echo web $STAGE >>"+file+"; exec sleep 1000")
	spec.Environment = append(spec.Environment, "STAGE=test")
	spec.Before = []process.Hook{
		{Command: []string{"echo first $STAGE >>" + file}, Shell: true},
		{Command: []string{"sh", "-c", "echo second $BERTH_PROCESS >>" + file}},
	}
	r.apply(spec)
	eventually(t, "all three", func() bool {
		data, _ := os.ReadFile(file)
		return string(data) == "first test\nsecond web\nweb test\n"
	})
}

func TestFailedHookChangesNothing(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		hook process.Hook
		code int
		want string
	}{
		"status":    {process.Hook{Command: []string{"echo no database; exit 3"}, Shell: true}, 3, "| no database"},
		"not found": {process.Hook{Command: []string{"no-such-program"}}, 127, "no-such-program"},
		"timeout": {
			process.Hook{Command: []string{"echo waiting; sleep 1000"}, Shell: true, Timeout: 100 * time.Millisecond},
			137, "not done after 100ms: exit 137 (killed)",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := start(t)
			spec := script("web", "exec sleep 1000")
			spec.Before = []process.Hook{c.hook, {Command: []string{"never reached"}}}
			err := r.Apply(t.Context(), []process.Spec{spec, script("worker", "exec sleep 1000")})
			failure, ok := errors.AsType[*process.StartError](err)
			if !ok || failure.Hook != c.hook.String() || failure.Exit.Code != c.code || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Apply() = %v, want a StartError of the hook with %d and %q", err, c.code, c.want)
			}
			if status := r.Status(); len(status) != 0 {
				t.Errorf("Status() = %+v, want nothing started", status)
			}
		})
	}
}

func TestApplyRefusesInvalidSpecsWhole(t *testing.T) {
	t.Parallel()
	r := start(t)
	err := r.Apply(t.Context(), []process.Spec{script("web", "exec sleep 1000"), script("web", "true"), {Name: "X"}})
	for _, want := range []string{"two of this name", `"X": name`, "nothing to run"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Apply() = %v, want %q", err, want)
		}
	}
	if status := r.Status(); len(status) != 0 {
		t.Errorf("Status() = %+v, want nothing started", status)
	}
}

func TestApplyAfterRunIsRefused(t *testing.T) {
	t.Parallel()
	r := start(t)
	r.cancel()
	if err := r.wait(); err != nil {
		t.Errorf("Run() = %v", err)
	}
	if err := r.Apply(t.Context(), nil); !errors.Is(err, process.ErrNotRunning) {
		t.Errorf("Apply() = %v, want ErrNotRunning", err)
	}
	if err := r.Run(t.Context()); err == nil {
		t.Error("a second Run() = nil")
	}
	if _, open := <-r.events; open {
		t.Error("events go on after Run")
	}
}

func TestShutdownDuringApplyEndsIt(t *testing.T) {
	t.Parallel()
	r := start(t)
	flag := filepath.Join(t.TempDir(), "up")
	spec := script("web", "exec sleep 1000")
	spec.Before = []process.Hook{{Command: []string{"echo $$ >" + flag + "; exec sleep 1000"}, Shell: true}}
	applied := make(chan error, 1)
	go func() { applied <- r.Apply(context.Background(), []process.Spec{spec}) }()
	pid := pidIn(t, flag)
	r.cancel()
	if err := <-applied; err == nil {
		t.Error("Apply() = nil")
	}
	if err := r.wait(); err != nil {
		t.Errorf("Run() = %v", err)
	}
	if !gone(pid) {
		t.Errorf("the hook, process %d, lives", pid)
	}
}

func TestSocketsArePrivateAndStaleOnesReplaced(t *testing.T) {
	t.Parallel()
	directory := shortDirectory(t)
	if err := os.MkdirAll(directory, 0o777); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(directory, "web.1.sock")
	stale, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	stale.SetUnlinkOnClose(false)
	_ = stale.Close()
	r := start(t, func(c *process.Config) { c.RunDirectory = directory })
	r.apply(server(t, "web"))
	if got := r.only().Endpoint.Address; got != path {
		t.Errorf("socket is %s, want %s", got, path)
	}
	if info, err := os.Stat(directory); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("run directory has mode %v, want it private", info.Mode())
	}
	r.apply()
	if _, err := os.Lstat(path); err == nil {
		t.Error("the socket is left behind")
	}
}

func TestSocketPlacesThatAreRefused(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		prepare func(t *testing.T, path string)
		want    string
	}{
		"in use": {func(t *testing.T, path string) {
			listener, err := net.Listen("unix", path)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = listener.Close() })
		}, "another program listens"},
		"file": {func(t *testing.T, path string) {
			if err := os.WriteFile(path, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}, "not a socket"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			directory := shortDirectory(t)
			if err := os.MkdirAll(directory, 0o700); err != nil {
				t.Fatal(err)
			}
			c.prepare(t, filepath.Join(directory, "web.1.sock"))
			refusedStart(t, directory, c.want)
		})
	}
	t.Run("another user's", func(t *testing.T) {
		t.Parallel()
		if os.Geteuid() != 0 {
			t.Skip("SKIPPED: only root can make a directory of another user")
		}
		directory := shortDirectory(t)
		if err := os.Mkdir(directory, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Chown(directory, 65534, 65534); err != nil {
			t.Fatal(err)
		}
		refusedStart(t, directory, "belongs to user id 65534")
	})
	t.Run("too long", func(t *testing.T) {
		t.Parallel()
		refusedStart(t, filepath.Join(t.TempDir(), strings.Repeat("d", 100)), "use a shorter run directory")
	})
}

func refusedStart(t *testing.T, directory, want string) {
	t.Helper()
	r := start(t, func(c *process.Config) { c.RunDirectory = directory })
	spec := server(t, "web")
	spec.Restart.Limit = 1
	if err := r.Apply(t.Context(), []process.Spec{spec}); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("Apply() = %v, want %q", err, want)
	}
}
