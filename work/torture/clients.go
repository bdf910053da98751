package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
)

var web = &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 16}}

// refusedError is an answer that is no success.
type refusedError struct {
	status int
	text   string
}

func (r *refusedError) Error() string { return fmt.Sprintf("%d: %s", r.status, r.text) }

// call sends JSON and reads JSON.
func call(ctx context.Context, method, url string, in, out any) error {
	var body io.Reader
	if in != nil {
		enc, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(enc)
	}
	req, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		return err
	}
	res, err := web.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close() //nolint:errcheck // it was read
	answer, err := io.ReadAll(io.LimitReader(res.Body, 64<<20))
	if err != nil {
		return err
	}
	if res.StatusCode >= 300 {
		return &refusedError{res.StatusCode, strings.TrimSpace(string(answer))}
	}
	return json.Unmarshal(answer, out)
}

// document is what the runs do: two steps of the workers', one of the
// engine's own between them, and one for each of three items.
const document = `{"name":"tortured","attempts":1000,"steps":[
	{"name":"a","run":"told","retry":{"max":1000,"backoff":"100ms"}},
	{"name":"n","run":"noop","needs":["a"],"retry":{"max":1000,"backoff":"100ms"}},
	{"name":"each","run":"told","needs":["a"],"for-each":{"in":[1,2,3]},"retry":{"max":1000,"backoff":"100ms"}},
	{"name":"z","run":"told","needs":["n","each"],"retry":{"max":1000,"backoff":"100ms"}}]}`

// configure sets what the runs need: a pool with a short lease, and the
// receiver of webhooks.
func (w *world) configure(ctx context.Context) error {
	var none struct{}
	if err := w.persist(ctx, http.MethodPut, "/api/v1/pools/default", map[string]any{"lease": "2s"}, &none); err != nil {
		return err
	}
	return w.persist(ctx, http.MethodPut, "/api/v1/subscriptions/receiver", map[string]any{"to": w.hookURL}, &none)
}

// persist asks engine after engine until one does it.
func (w *world) persist(ctx context.Context, method, path string, in, out any) error {
	var last error
	for i := 0; ctx.Err() == nil; i++ {
		last = call(ctx, method, w.engines[i%len(w.engines)].url+path, in, out)
		if last == nil {
			return nil
		}
		if r, ok := last.(*refusedError); ok && r.status < 500 && r.status != http.StatusTooManyRequests { //nolint:errorlint // as call returns it
			return last
		}
		wait(ctx, 20*time.Millisecond)
	}
	return fmt.Errorf("%w: %w", ctx.Err(), last)
}

// submit submits runs one after the other, each until it is acknowledged, and
// now and then one that was acknowledged before.
func (w *world) submit(ctx context.Context, caller int) {
	var before string
	for i := 0; ctx.Err() == nil; i++ {
		key := fmt.Sprintf("caller%d-%d", caller, i)
		w.submitKey(ctx, caller, key)
		if i%7 == 3 {
			w.submitKey(ctx, caller, before)
		}
		before = key
		wait(ctx, 5*time.Millisecond)
	}
}

func (w *world) submitKey(ctx context.Context, caller int, key string) {
	var receipt struct {
		ID string `json:"id"`
	}
	err := w.persist(ctx, http.MethodPost, "/api/v1/runs", map[string]any{
		"tenant": fmt.Sprintf("tenant%d", caller%3), "idempotency-key": key, "document": json.RawMessage(document),
	}, &receipt)
	if err == nil {
		w.notes.acknowledge(key, receipt.ID)
	} else if ctx.Err() == nil {
		fmt.Fprintln(os.Stderr, "torture: submit:", err)
	}
}

type task struct {
	Run   string `json:"run"`
	Step  string `json:"step"`
	Item  int    `json:"item"`
	Fence uint64 `json:"fence"`
}

// worker is a process that pulls tasks, and prints each result once it was
// accepted. Its result is the fence.
func worker(args []string) {
	name, urls := args[0], strings.Split(args[1], ",")
	ctx := context.Background()
	for i := 0; ; i++ {
		base := urls[i%len(urls)]
		for {
			var got struct {
				Tasks []task `json:"tasks"`
			}
			err := call(ctx, http.MethodPost, base+"/api/v1/pools/default/poll",
				map[string]any{"worker": name, "max": 8, "wait": "2s", "types": []string{"told"}}, &got)
			if err != nil {
				break
			}
			for _, t := range got.Tasks {
				report(ctx, base, name, t)
			}
		}
		time.Sleep(20 * time.Millisecond) // between two engines that do not answer
	}
}

// report tells a result until it is known what became of it.
func report(ctx context.Context, base, name string, t task) {
	for range 100 {
		var answer struct {
			Lost, Again []json.RawMessage
		}
		err := call(ctx, http.MethodPost, base+"/api/v1/pools/default/report", map[string]any{"complete": []any{map[string]any{
			"run": t.Run, "step": t.Step, "item": t.Item, "fence": t.Fence, "output": map[string]uint64{"fence": t.Fence},
		}}}, &answer)
		if err != nil || len(answer.Again) > 0 {
			time.Sleep(20 * time.Millisecond) // the engine is down; the result is told again, there or to nobody
			continue
		}
		if len(answer.Lost) == 0 {
			fmt.Printf("%s %s#%d %d %s\n", t.Run, t.Step, t.Item, t.Fence, name)
		}
		return
	}
}
