package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// verdict is what was found when everything had come to its end.
type verdict struct {
	runs, steps, results, webhooks int
	lost, doubled                  []string
}

// heal waits until all that was acknowledged is final and told of.
func (w *world) heal(ctx context.Context) error {
	fmt.Printf("healing: %d runs acknowledged\n", w.notes.acknowledged())
	ctx, cancel := context.WithTimeout(ctx, w.c.settle)
	defer cancel()
	for {
		var page struct {
			Runs []struct {
				ID string `json:"id"`
			} `json:"runs"`
		}
		if err := w.persist(ctx, http.MethodGet, "/api/v1/runs?state=live&limit=10", nil, &page); err != nil {
			return fmt.Errorf("it does not come to its end: %w", err)
		}
		if len(page.Runs) == 0 && w.allTold() {
			return nil
		}
		if ctx.Err() != nil {
			return errors.New("it does not come to its end")
		}
		wait(ctx, 200*time.Millisecond)
		if ctx.Err() != nil && len(page.Runs) == 0 { // runs are final, ends are not told: the verdict says so
			return nil
		}
	}
}

func (w *world) allTold() bool {
	w.notes.mu.Lock()
	defer w.notes.mu.Unlock()
	for _, run := range w.notes.keys {
		if w.notes.ends[run] == 0 {
			return false
		}
	}
	return true
}

type stepView struct {
	Name     string          `json:"name"`
	Status   string          `json:"status"`
	Type     string          `json:"type"`
	Failures int             `json:"failures"`
	Output   json.RawMessage `json:"output"`
	Items    []struct {
		Item   int             `json:"item"`
		Status string          `json:"status"`
		Output json.RawMessage `json:"output"`
	} `json:"items"`
}

// verdict compares the notes with what the engine says.
func (w *world) verdict(ctx context.Context) (verdict, error) {
	var v verdict
	w.notes.mu.Lock()
	defer w.notes.mu.Unlock()
	v.doubled = append(v.doubled, w.notes.wrong...)
	seen := map[string]string{}
	for key, run := range w.notes.keys {
		if other, ok := seen[run]; ok {
			v.doubled = append(v.doubled, fmt.Sprintf("run %s answers keys %s and %s", run, key, other))
		}
		seen[run] = key
		if err := w.judge(ctx, &v, run); err != nil {
			return v, err
		}
	}
	return v, w.findUnknown(ctx, &v, seen)
}

// findUnknown looks for runs that nobody knows of: a second one for some key.
func (w *world) findUnknown(ctx context.Context, v *verdict, seen map[string]string) error {
	unknown := 0
	for cursor := ""; ; {
		var page struct {
			IDs  []string `json:"ids"`
			Next string   `json:"next"`
		}
		if err := w.persist(ctx, http.MethodGet, "/api/v1/runs?fields=id&limit=1000&cursor="+cursor, nil, &page); err != nil {
			return err
		}
		for _, id := range page.IDs {
			if seen[id] == "" {
				unknown++
			}
		}
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	// A caller that was stopped may not have heard of its last run.
	if unknown > w.c.callers {
		v.doubled = append(v.doubled, fmt.Sprintf("%d runs were never acknowledged", unknown))
	}
	return nil
}

func (w *world) judge(ctx context.Context, v *verdict, run string) error {
	var got struct {
		State  string `json:"state"`
		Detail struct {
			Steps []stepView `json:"steps"`
		} `json:"detail"`
	}
	err := w.persist(ctx, http.MethodGet, "/api/v1/runs/"+run, nil, &got)
	var refused *refusedError
	if errors.As(err, &refused) && refused.status == http.StatusNotFound {
		v.lost = append(v.lost, fmt.Sprintf("run %s was acknowledged and is not there", run))
		return nil
	}
	if err != nil {
		return err
	}
	v.runs++
	if got.State != "succeeded" {
		v.lost = append(v.lost, fmt.Sprintf("run %s is %s", run, got.State))
	}
	if n := w.notes.ends[run]; n > 0 {
		v.webhooks += n
	} else {
		v.lost = append(v.lost, fmt.Sprintf("nobody was told of the end of run %s", run))
	}
	for _, s := range got.Detail.Steps {
		if s.Type != "told" {
			continue
		}
		if len(s.Items) == 0 {
			w.compare(v, run, s.Name, -1, s.Output)
		}
		for _, it := range s.Items {
			w.compare(v, run, s.Name, it.Item, it.Output)
		}
	}
	return nil
}

// compare holds a recorded result against those that were accepted.
func (w *world) compare(v *verdict, run, step string, item int, output json.RawMessage) {
	v.steps++
	accepted := w.notes.results[fmt.Sprintf("%s/%s#%d", run, step, item)]
	v.results += len(accepted)
	if len(accepted) > 1 {
		v.doubled = append(v.doubled, fmt.Sprintf("step %s#%d of run %s had %d accepted results: %v", step, item, run, len(accepted), accepted))
	}
	var out struct {
		Fence uint64 `json:"fence"`
	}
	if err := json.Unmarshal(output, &out); err != nil {
		v.lost = append(v.lost, fmt.Sprintf("step %s#%d of run %s has the output %s", step, item, run, output))
		return
	}
	for fence := range accepted {
		if fence != strconv.FormatUint(out.Fence, 10) {
			v.lost = append(v.lost, fmt.Sprintf("step %s#%d of run %s: the result of fence %s was accepted, that of %d is recorded", step, item, run, fence, out.Fence))
		}
	}
}
