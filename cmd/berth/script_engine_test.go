package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// patience bounds what a script waits for; nothing takes as long.
const patience = 60 * time.Second

// scriptEngine is the command "engine ARGS...": berth workflow serve on a free
// port, with its data in engine-data. Later commands of the script speak to it
// as its administrator, whose key is in admin.key.
func scriptEngine(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("engine does not take !")
	}
	key := ts.MkAbs("admin.key")
	args = append([]string{"workflow", "serve", "--listen", "127.0.0.1:0", "--json", "--data", ts.MkAbs("engine-data"), "--drain", "1s"}, args...)
	if _, err := os.Stat(key); err != nil {
		args = append(args, "--first-key", key)
	}
	cmd := start(ts, "engine", args)
	var ready struct{ Ready string }
	await(ts, "the engine is ready", func() bool {
		text, err := os.ReadFile(ts.MkAbs("engine.out"))
		return err == nil && json.Unmarshal(text, &ready) == nil && ready.Ready != ""
	})
	text, err := os.ReadFile(key)
	ts.Check(err)
	ts.Setenv("BERTH_WORK_URL", ready.Ready)
	ts.Setenv("BERTH_WORK_KEY", strings.TrimSpace(string(text)))
	ts.Setenv("engine_pid", pidText(cmd))
}

// scriptStart is the command "start NAME ARGS...": berth in the background,
// with its output in NAME.out and NAME.err and its process id in $NAME_pid.
func scriptStart(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: start NAME ARGS...")
	}
	ts.Setenv(args[0]+"_pid", pidText(start(ts, args[0], args[1:])))
}

func pidText(cmd *exec.Cmd) string { text, _ := json.Marshal(cmd.Process.Pid); return string(text) }

// start starts berth; what of it is left at the end of the script is killed.
func start(ts *testscript.TestScript, name string, args []string) *exec.Cmd {
	berth, err := lookPath("berth", ts.Getenv("PATH"))
	ts.Check(err)
	cmd := exec.Command(berth, args...)
	cmd.Dir = ts.MkAbs(".")
	cmd.Env = append(os.Environ(),
		"HOME="+ts.Getenv("HOME"), "TMPDIR="+ts.Getenv("TMPDIR"), "PATH="+ts.Getenv("PATH"),
		"BERTH_WORK_URL="+ts.Getenv("BERTH_WORK_URL"), "BERTH_WORK_KEY="+ts.Getenv("BERTH_WORK_KEY"))
	out, err := os.Create(ts.MkAbs(name + ".out"))
	ts.Check(err)
	errs, err := os.Create(ts.MkAbs(name + ".err"))
	ts.Check(err)
	cmd.Stdout, cmd.Stderr = out, errs
	ts.Check(cmd.Start())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait() // scripts kill them
		_, _ = out.Close(), errs.Close()
	}()
	ts.Defer(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-ended:
		case <-time.After(patience):
			_ = cmd.Process.Kill()
			<-ended
		}
	})
	return cmd
}

func lookPath(name, path string) (string, error) {
	for _, dir := range filepath.SplitList(path) {
		full := filepath.Join(dir, name)
		if info, err := os.Stat(full); err == nil && info.Mode()&0o111 != 0 {
			return full, nil
		}
	}
	return "", exec.ErrNotFound
}

func await(ts *testscript.TestScript, what string, is func() bool) {
	for deadline := time.Now().Add(patience); !is(); <-time.After(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			ts.Fatalf("waited in vain until %s", what)
		}
	}
}

// scriptUntil is the command "until FILE [TEXT]": wait until a file is there
// and has a text.
func scriptUntil(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 || len(args) > 2 {
		ts.Fatalf("usage: until FILE [TEXT]")
	}
	await(ts, strings.Join(args, " has "), func() bool {
		text, err := os.ReadFile(ts.MkAbs(args[0]))
		return err == nil && (len(args) == 1 || bytes.Contains(text, []byte(args[1])))
	})
}

// scriptReceiver is the command "receiver": a server for webhooks at $receiver.
// It answers with the status in the file receiver.status, and appends bodies
// to receiver.log.
func scriptReceiver(ts *testscript.TestScript, _ bool, _ []string) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		status := http.StatusOK
		if text, err := os.ReadFile(ts.MkAbs("receiver.status")); err == nil {
			_ = json.Unmarshal(text, &status)
		}
		if f, err := os.OpenFile(ts.MkAbs("receiver.log"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644); err == nil {
			_, _ = f.Write(append(body, '\n'))
			_ = f.Close()
		}
		w.WriteHeader(status)
	}))
	ts.Defer(srv.Close)
	ts.Setenv("receiver", srv.URL)
}

// scriptKeep is the command "keep NAME": what the last command wrote to
// stdout, without the last line's end, is $NAME.
func scriptKeep(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: keep NAME")
	}
	ts.Setenv(args[0], strings.TrimSpace(ts.ReadFile("stdout")))
}
