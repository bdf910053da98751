// httpengine measures any engine behind an HTTP API: submit + poll.
//
//	WF_CMD          shell command that starts the engine (optional; its process
//	                tree is measured; it is sent SIGINT at the end). WF_DATA in
//	                its environment names the data directory to use.
//	WF_URL          base URL, e.g. http://127.0.0.1:8080
//	WF_READY        path polled until it answers 200 (default /healthz)
//	WF_SUBMIT       "POST /v1/workflows" (method and path)
//	WF_BODY         request body; {{id}} is replaced by the workflow number
//	WF_ID_FIELD     JSON field of the submit answer holding the id (dots allowed)
//	WF_STATUS       "GET /v1/workflows/{{wf}}"; {{wf}} is the returned id
//	WF_STATE_FIELD  JSON field holding the state (default "state")
//	WF_DONE         states that mean complete, comma separated (default "completed,succeeded,done")
//	WF_LIST         optional "GET /v1/workflows?state=completed&after={{cursor}}": when set,
//	                completions are read in bulk: WF_LIST_IDS is the JSON field with the
//	                array of ids, WF_CURSOR the field with the next cursor.
//	WF_AUTH         optional Authorization header value
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	"wfbench/harness"
)

var (
	tr   = harness.NewTracker()
	hc   = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 256}, Timeout: 30 * time.Second}
	mu   sync.Mutex
	ids  = map[string]int64{} // engine id -> our id
	seen = map[string]bool{}  // completions that arrived before their submit answer
	base = os.Getenv("WF_URL")
)

func env(k, d string) string {
	if v := os.Getenv(k); v != "" {
		return v
	}
	return d
}

func call(ctx context.Context, spec, body string) (any, error) {
	method, path, _ := strings.Cut(spec, " ")
	req, err := http.NewRequestWithContext(ctx, method, base+path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if a := os.Getenv("WF_AUTH"); a != "" {
		req.Header.Set("Authorization", a)
	}
	res, err := hc.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, err
	}
	if res.StatusCode >= 300 {
		return nil, fmt.Errorf("%s %s: %s: %.200s", method, path, res.Status, b)
	}
	var v any
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	return v, dec.Decode(&v)
}

func field(v any, path string) any {
	for _, p := range strings.Split(path, ".") {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[p]
	}
	return v
}

func main() {
	ctx := context.Background()
	cfg := harness.Config{Name: env("WF_NAME", "http-engine") + os.Getenv("WF_TAG"), Tracker: tr}
	if cmd := os.Getenv("WF_CMD"); cmd != "" {
		dir, err := os.MkdirTemp(os.Getenv("WF_DIR"), "engine")
		check(err)
		defer os.RemoveAll(dir)
		c := exec.Command("sh", "-c", "exec "+cmd)
		c.Env = append(os.Environ(), "WF_DATA="+dir)
		c.Stderr = os.Stderr
		c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
		check(c.Start())
		defer func() { _ = c.Process.Signal(os.Interrupt); _ = c.Wait() }()
		cfg.DBPaths = []string{dir}
	}
	for i := 0; ; i++ {
		if res, err := hc.Get(base + env("WF_READY", "/healthz")); err == nil {
			res.Body.Close()
			if res.StatusCode == 200 {
				break
			}
		}
		if i > 300 {
			log.Fatal("engine did not become ready")
		}
		time.Sleep(100 * time.Millisecond)
	}
	doneStates := map[string]bool{}
	for _, s := range strings.Split(env("WF_DONE", "completed,succeeded,done"), ",") {
		doneStates[s] = true
	}
	list := os.Getenv("WF_LIST")
	if list != "" {
		go bulk(ctx, list)
	}
	sem := make(chan struct{}, harness.Int("WF_POLLS", 32))
	cfg.Submit = func(ctx context.Context, id int64) error {
		v, err := call(ctx, env("WF_SUBMIT", "POST /v1/workflows"), strings.ReplaceAll(os.Getenv("WF_BODY"), "{{id}}", fmt.Sprint(id)))
		if err != nil {
			return err
		}
		wf := fmt.Sprint(field(v, env("WF_ID_FIELD", "id")))
		mu.Lock()
		ids[wf] = id
		early := seen[wf]
		delete(seen, wf)
		mu.Unlock()
		if list != "" {
			if early {
				tr.Done(id)
			}
			return nil
		}
		go func() {
			for wait := 2 * time.Millisecond; ; wait = min(wait*2, 50*time.Millisecond) {
				sem <- struct{}{}
				v, err := call(ctx, strings.ReplaceAll(env("WF_STATUS", "GET /v1/workflows/{{wf}}"), "{{wf}}", wf), "")
				<-sem
				if err != nil {
					log.Print(err)
				} else if doneStates[fmt.Sprint(field(v, env("WF_STATE_FIELD", "state")))] {
					tr.Done(id)
					return
				}
				time.Sleep(wait)
			}
		}()
		return nil
	}
	check(harness.Run(ctx, cfg))
}

func bulk(ctx context.Context, list string) {
	cursor := ""
	for {
		v, err := call(ctx, strings.ReplaceAll(list, "{{cursor}}", cursor), "")
		n := 0
		if err != nil {
			log.Print(err)
		} else {
			arr, _ := field(v, env("WF_LIST_IDS", "ids")).([]any)
			for _, x := range arr {
				mu.Lock()
				id, ok := ids[fmt.Sprint(x)]
				if !ok {
					seen[fmt.Sprint(x)] = true
				}
				mu.Unlock()
				n++
				if ok {
					tr.Done(id)
				}
			}
			if c := field(v, env("WF_CURSOR", "next")); c != nil {
				cursor = fmt.Sprint(c)
			}
		}
		if n == 0 {
			time.Sleep(5 * time.Millisecond)
		}
	}
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
