package web

import (
	"bytes"
	"context"
	"crypto/rand"
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"time"

	"github.com/berth-project/berth/examples/media/internal/step"
	"github.com/berth-project/berth/examples/media/internal/studio"
	"github.com/berth-project/berth/examples/media/internal/vault"
	"github.com/berth-project/berth/session"
	"github.com/berth-project/berth/work/client"
)

//go:embed templates/*.html
var templates embed.FS

// view is what a page is made of. Body is what its own template shows.
type view struct {
	Title  string
	Path   string // where signing in leads back to
	Who    *session.Session
	Caller *caller // nil outside of a studio
	Events string  // where the page learns of changes; "" nowhere
	Notice string
	Body   any
}

type message struct {
	Detail    string
	RequestID string
	SignIn    bool
}

func parsePages() (map[string]*template.Template, error) {
	functions := template.FuncMap{
		// key makes the token of one form, which is carried out once however
		// often it is sent.
		"key":     rand.Text,
		"span":    span,
		"bytes":   size,
		"waited":  waited,
		"instant": func(t time.Time) string { return t.Format("2006-01-02 15:04:05") },
		"percent": func(part float64) string { return fmt.Sprintf("%.0f %%", 100*part) },
	}
	pages := map[string]*template.Template{}
	for _, name := range []string{"landing", "studio", "run", "message"} {
		t, err := template.New(name).Funcs(functions).ParseFS(templates, "templates/layout.html", "templates/fragments.html", "templates/"+name+".html")
		if err != nil {
			return nil, err
		}
		pages[name] = t
	}
	return pages, nil
}

// span is a time for people.
func span(d time.Duration) string {
	switch {
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < time.Minute:
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	return d.Round(time.Second).String()
}

func waited(r client.Run) string {
	if d, ok := studio.Waited(r); ok {
		return span(d)
	}
	return "–"
}

// size is a number of bytes for people.
func size(n int64) string {
	switch {
	case n < 1_000:
		return fmt.Sprintf("%d bytes", n)
	case n < 1_000_000:
		return fmt.Sprintf("%.1f kB", float64(n)/1e3)
	}
	return fmt.Sprintf("%.1f MB", float64(n)/1e6)
}

func (a *App) render(w http.ResponseWriter, r *http.Request, status int, name string, v view) {
	v.Path, v.Who = r.URL.Path, session.FromContext(r.Context())
	var page bytes.Buffer
	if err := a.pages[name].ExecuteTemplate(&page, "layout", v); err != nil {
		a.cfg.Log.ErrorContext(r.Context(), "page not rendered", "page", name, "error", err)
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = page.WriteTo(w) // the client may be gone
}

// landing shows the studios of the caller and how long their runs wait: those
// of others are not theirs to see.
func (a *App) landing(w http.ResponseWriter, r *http.Request) error {
	v := view{Title: "Media"}
	if tenants := tenantsOf(r); len(tenants) > 0 {
		waits, err := a.cfg.Studio.Waits(r.Context(), tenants, a.cfg.Now())
		if err != nil {
			return err
		}
		v.Body, v.Events = waits, "/waits"
	}
	a.render(w, r, http.StatusOK, "landing", v)
	return nil
}

// studioBody is what the page of a studio shows.
type studioBody struct {
	Caller  caller
	Waits   []studio.Wait
	Runs    []client.Run
	Next    string // cursor of the next page
	Library []step.Record
}

// runsPerPage is how many runs a page shows, libraryLength how many results.
const (
	runsPerPage   = 25
	libraryLength = 12
)

func (a *App) studio(w http.ResponseWriter, r *http.Request) error {
	c, err := callerOf(r)
	if err != nil {
		return err
	}
	cursor := r.URL.Query().Get("cursor")
	body, err := a.studioBody(r.Context(), c, cursor)
	if err != nil {
		return err
	}
	v := view{Title: c.TenantName, Caller: &c, Body: body, Notice: notices[r.URL.Query().Get("done")]}
	if cursor == "" {
		v.Events = "/" + c.Tenant + "/events"
	}
	a.render(w, r, http.StatusOK, "studio", v)
	return nil
}

// notices are what a page says after a form was carried out.
var notices = map[string]string{
	"flood":  "They are in the queue.",
	"cancel": "The run is being stopped.",
	"retry":  "The run goes on from where it was.",
}

func (a *App) studioBody(ctx context.Context, c caller, cursor string) (b studioBody, err error) {
	b.Caller = c
	if b.Waits, err = a.cfg.Studio.Waits(ctx, []string{c.Tenant}, a.cfg.Now()); err != nil {
		return b, err
	}
	if b.Runs, b.Next, err = a.cfg.Studio.Runs(ctx, c.Tenant, cursor, runsPerPage); err != nil {
		return b, err
	}
	b.Library, err = a.library(c.Tenant)
	return b, err
}

// library is what the notify steps of the tenant's runs recorded.
func (a *App) library(tenant string) ([]step.Record, error) {
	files, err := vault.Open(a.cfg.Data, tenant)
	if err != nil {
		return nil, err
	}
	defer files.Close() //nolint:errcheck // a directory
	records, err := files.Published(libraryLength)
	if err != nil {
		return nil, err
	}
	var all []step.Record
	for _, record := range records {
		var one step.Record
		if err := json.Unmarshal(record, &one); err != nil {
			return nil, fmt.Errorf("library of %s: %w", tenant, err)
		}
		all = append(all, one)
	}
	return all, nil
}
