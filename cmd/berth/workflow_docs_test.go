package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const (
	workGuide    = "../../docs/workflows.md"
	workExamples = "../../examples/workflows"
)

// changing is what differs between two runs of the same commands: ids, times,
// keys and fences.
var changing = regexp.MustCompile(`\br[0-9a-hjkmnp-tv-z]{13}\b|(\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\dZ|key [a-z2-7]{12} of|"fence":\d+`)

// TestWorkflowGuideReference runs every command that the guide shows, with an
// engine of its own.
func TestWorkflowGuideReference(t *testing.T) {
	needCurl(t)
	resize, err := filepath.Abs(filepath.Join(workExamples, "resize.sh"))
	if err != nil {
		t.Fatal(err)
	}
	url, key := serveForGuide(t, "--allow-shell", "--type", "resize="+resize)
	checkConsoleIn(t, workGuide, workExamples, consoleWorld{
		env:  []string{"BERTH_WORK_URL=" + url, "BERTH_WORK_KEY=" + key},
		mask: func(text string) string { return changing.ReplaceAllString(text, "~") },
	})
}

func needCurl(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("curl"); err == nil {
		return
	}
	if os.Getenv("BERTH_TEST_REQUIRE_TOOLS") == "1" {
		t.Fatal("BERTH_TEST_REQUIRE_TOOLS is set and there is no curl: the commands of the guide to workflows were NOT run")
	}
	t.Skip("there is no curl: the commands of the guide to workflows are NOT run")
}

// serveForGuide runs berth workflow serve until the test ends.
func serveForGuide(t *testing.T, flags ...string) (url, key string) {
	t.Helper()
	dir := t.TempDir()
	keyFile := filepath.Join(dir, "admin.key")
	args := append([]string{
		"workflow", "serve", "--listen", "127.0.0.1:0", "--json", "--data", dir, "--first-key", keyFile, "--drain", "1s", "--log-level", "error",
	}, flags...)
	ctx, stop := context.WithCancel(context.Background())
	out, in := io.Pipe()
	ended := make(chan int, 1)
	go func() {
		status := run(ctx, args, streams{os.Environ(), strings.NewReader(""), in, io.Discard})
		_ = in.Close() // a pipe's end always closes
		ended <- status
	}()
	t.Cleanup(func() {
		stop()
		if status := <-ended; status != 0 {
			t.Errorf("berth workflow serve ended with %d", status)
		}
	})
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		t.Fatalf("berth workflow serve says nothing: %v", err)
	}
	var ready struct{ Ready string }
	if err := json.Unmarshal(line, &ready); err != nil {
		t.Fatalf("berth workflow serve says %q: %v", line, err)
	}
	text, err := os.ReadFile(keyFile)
	if err != nil {
		t.Fatal(err)
	}
	return ready.Ready, strings.TrimSpace(string(text))
}
