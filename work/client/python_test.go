package client_test

import (
	"bytes"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/berth-project/berth/work/api"
)

// The worker of examples/worker-python speaks to a real engine.
func TestPythonWorker(t *testing.T) {
	t.Parallel()
	python, err := exec.LookPath("python3")
	if err != nil {
		if os.Getenv("BERTH_TEST_REQUIRE_TOOLS") == "1" {
			t.Fatal("BERTH_TEST_REQUIRE_TOOLS is set and there is no python3: the worker in Python was NOT tested")
		}
		t.Skip("SKIPPED: the worker in Python was not tested: there is no python3")
	}
	const program = "../../examples/worker-python/worker.py"
	text, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(text, []byte("\n")); n > 100 {
		t.Errorf("%s has %d lines: it is to be read in one go", program, n)
	}
	w := newWorld(t)
	key, _, err := w.keys.Create(t.Context(), api.Caller{Name: "python", Pools: []string{"far"}}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	cmd := exec.Command(python, program, "far")
	cmd.Env = append(os.Environ(), "BERTH_WORK_URL="+w.server.URL, "BERTH_WORK_KEY="+key)
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Process.Kill() //nolint:errcheck // it has ended, if all is well
	id := w.submit("words", `{"text":"one two"}`)
	if r := w.wait(id); string(r.Detail.Output) != `{"words":2,"letters":6}` {
		t.Errorf("run = %s with %s, want the output of the handler", r.State, r.Detail.Output)
	}
	if r := w.wait(w.submit("words", `{}`)); r.State != "failed" || r.Detail.Failure.Code != "KeyError" {
		t.Errorf("run = %s, %v, want failed with KeyError", r.State, r.Detail.Failure)
	}
	lines, err := w.Logs(t.Context(), id, "", 0)
	if err != nil || len(lines) != 1 || lines[0].Text != "counting one two\n" {
		t.Errorf("Logs = %+v, %v, want the handler's line", lines, err)
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil || stderr.Len() > 0 {
		t.Errorf("worker: %v, %s; want a clean stop", err, stderr.String())
	}
}
