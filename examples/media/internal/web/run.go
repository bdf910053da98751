package web

import (
	"context"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"path"
	"slices"
	"time"

	"github.com/berth-project/berth/examples/media/internal/step"
	"github.com/berth-project/berth/work/client"
)

// runBody is what the page of a run shows.
type runBody struct {
	Caller caller
	Run    client.Run
	Rows   []row
	// Result is nil until the run has succeeded.
	Result *step.Released
}

// Cancelable and Retryable say which buttons make sense.
func (b runBody) Cancelable() bool { return b.Caller.Edits && !b.Run.Final() }

// Retryable is true for runs that are final without success.
func (b runBody) Retryable() bool {
	return b.Caller.Edits && b.Run.Final() && b.Run.State != "succeeded"
}

// row is a step, or one item of it.
type row struct {
	Name string
	Item bool
	client.Standing
	Took time.Duration
}

func (a *App) run(w http.ResponseWriter, r *http.Request) error {
	c, err := callerOf(r)
	if err != nil {
		return err
	}
	body, err := a.runBody(r.Context(), c, r.PathValue("id"))
	if err != nil {
		return err
	}
	v := view{Title: "Run " + body.Run.ID, Caller: &c, Body: body, Notice: notices[r.URL.Query().Get("done")]}
	if !body.Run.Final() {
		v.Events = runPath(c.Tenant, body.Run.ID) + "/events"
	}
	a.render(w, r, http.StatusOK, "run", v)
	return nil
}

func (a *App) runBody(ctx context.Context, c caller, id string) (runBody, error) {
	run, err := a.cfg.Studio.Run(ctx, c.Tenant, id)
	if err != nil || run.Detail == nil {
		return runBody{}, err
	}
	b := runBody{Caller: c, Run: run}
	for _, s := range run.Detail.Steps {
		b.Rows = append(b.Rows, a.row(s.Name, s.Standing))
		for _, item := range s.Items {
			one := a.row(string(item.Value), item.Standing)
			var rung step.Rung
			if json.Unmarshal(item.Value, &rung) == nil {
				one.Name = fmt.Sprintf("%d × %d", rung.Width, rung.Height)
			}
			one.Item = true
			b.Rows = append(b.Rows, one)
		}
	}
	if run.State == "succeeded" {
		b.Result = &step.Released{}
		err = json.Unmarshal(run.Detail.Output, b.Result)
	}
	return b, err
}

func (a *App) row(name string, st client.Standing) row {
	rw := row{Name: name, Standing: st}
	switch {
	case st.Started == 0:
	case st.Finished != 0:
		rw.Took = time.Duration(st.Finished-st.Started) * time.Millisecond
	default:
		rw.Took = max(0, a.cfg.Now().Sub(time.UnixMilli(st.Started)))
	}
	return rw
}

// file hands out what a run made: the gateway sends it.
func (a *App) file(w http.ResponseWriter, r *http.Request) error {
	c, err := callerOf(r)
	if err != nil {
		return err
	}
	body, err := a.runBody(r.Context(), c, r.PathValue("id"))
	if err != nil {
		return err
	}
	name := r.PathValue("name")
	if body.Result == nil || !slices.Contains(body.Result.Names(), name) {
		return faultNoFile
	}
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	if kind := mime.TypeByExtension(path.Ext(name)); kind != "" {
		h.Set("Content-Type", kind)
	}
	if r.URL.Query().Get("inline") == "" {
		h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": body.Run.ID + "-" + name}))
	}
	h.Set("X-Accel-Redirect", filesPrefix+path.Join(url.PathEscape(c.Tenant), "results", url.PathEscape(body.Run.ID), url.PathEscape(name)))
	return nil
}

// steer cancels or retries a run.
func (a *App) steer(do func(ctx context.Context, tenant, id, by string) error) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		c, err := editorOf(r)
		if err != nil {
			return err
		}
		id := r.PathValue("id")
		if err := do(r.Context(), c.Tenant, id, c.Email); err != nil {
			return err
		}
		seeOther(w, runPath(c.Tenant, id)+"?done="+path.Base(r.URL.Path))
		return nil
	}
}

func runPath(tenant, id string) string {
	return "/" + url.PathEscape(tenant) + "/runs/" + url.PathEscape(id)
}

func seeOther(w http.ResponseWriter, path string) {
	w.Header().Set("Location", path)
	w.WriteHeader(http.StatusSeeOther)
}
