// Package workerpython holds a worker written in Python; its test runs it.
package workerpython_test

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestWorkerExecutesSteps(t *testing.T) {
	t.Parallel()
	python, err := exec.LookPath("python3")
	if err != nil {
		if os.Getenv("BERTH_TEST_REQUIRE_TOOLS") == "1" {
			t.Fatal("BERTH_TEST_REQUIRE_TOOLS is set and there is no python3: the worker was NOT run")
		}
		t.Skip("there is no python3: the worker was NOT run")
	}
	server := serve(t)
	worker := exec.CommandContext(t.Context(), python, "worker.py", "default")
	worker.Env = append(os.Environ(), "BERTH_WORK_URL="+server)
	worker.Stderr = os.Stderr
	if err := worker.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = worker.Process.Kill(); _ = worker.Wait() }()
	id := ask(t, http.MethodPost, server+"/api/v1/runs", `{"tenant":"t","document":{"name":"count","output":"${steps.a.output}",
		"steps":[{"name":"a","run":"words","with":{"text":"one two three"}}]}}`)["id"].(string)
	res, err := http.Get(server + "/api/v1/runs/" + id + "/watch") // it ends with the run
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		t.Fatal(err)
	}
	run := ask(t, http.MethodGet, server+"/api/v1/runs/"+id, "")
	output, _ := json.Marshal(run["detail"].(map[string]any)["output"])
	if run["state"] != "succeeded" || string(output) != `{"letters":11,"words":3}` {
		t.Errorf("the run is %v with the output %s", run["state"], output)
	}
}

// serve starts an engine and gives its URL.
func serve(t *testing.T) string {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "berth")
	if out, err := exec.Command("go", "build", "-o", bin, "github.com/berth-project/berth/cmd/berth").CombinedOutput(); err != nil {
		t.Fatalf("build berth: %v\n%s", err, out)
	}
	cmd := exec.CommandContext(t.Context(), bin, "workflow", "serve", "--json", "--no-auth", "--listen", "127.0.0.1:0", "--data", t.TempDir())
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	var ready struct{ Ready string }
	if err := json.Unmarshal([]byte(line), &ready); err != nil {
		t.Fatalf("%q: %v", line, err)
	}
	return ready.Ready
}

func ask(t *testing.T, method, url, body string) map[string]any {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var v map[string]any
	if err := json.NewDecoder(res.Body).Decode(&v); err != nil || res.StatusCode >= 300 {
		t.Fatalf("%s %s: %s, %v: %v", method, url, res.Status, err, v)
	}
	return v
}
