package console

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

//go:embed templates
var templateFiles embed.FS

// defaultManifest is what commands of berth read where nobody says otherwise.
const defaultManifest = "berth.yaml"

// page is what a handler found to show.
type page struct {
	// title is the heading.
	title string
	// template is the file that renders it, without ".html".
	template string
	// room is the entry of the navigation it belongs to, up the page above it.
	room, up string
	// command is what shows the same in a terminal.
	command string
	// topic is what makes the page out of date, about what of the topic's things
	// it shows; empty for all.
	topic, about string
	// twin is the path of the JSON form; empty for none.
	twin string
	// link is the address of what a POST showed; empty where it is too long for one.
	link string
	// params are the parameters the page knows.
	params []string
	// data is what the template and the JSON form show.
	data any
}

// view is what a template gets.
type view struct {
	Service, Environment, Version, User string
	Title, Room, Up, Command, Twin      string
	Self, Link, Theme, Keys             string
	// Stream is the address of the events that make the page out of date.
	Stream string
	Rooms  []room
	// Work are the rooms of work, none where there is none.
	Work    []room
	Unknown []string
	Data    any
}

// room is an entry of the navigation. Key follows "g".
type room struct{ Path, Name, Key string }

// rooms are the pages there are.
var rooms = [...]room{
	{"/", "Overview", "o"},
	{"/requests", "Requests", "t"},
	{"/processes", "Processes", "p"},
	{"/routes", "Routes", "r"},
	{"/routes/explain", "Explain", "x"},
	{"/logs", "Logs", "l"},
	{"/iam/simulate", "IAM", "i"},
}

// workRooms are those there are where the service has work.
var workRooms = [...]room{
	{"/runs", "Runs", "w"},
	{"/definitions", "Workflows", "f"},
	{"/queues", "Queues", "q"},
	{"/pools", "Pools", "n"},
	{"/schedules", "Schedules", "s"},
	{"/dead", "Dead letters", "d"},
	{"/tenants", "Tenants", "e"},
}

// templates are the pages' files beside the layout.
var templates = [...]string{
	"overview", "processes", "process", "confirm", "routes", "explain", "requests", "logs", "preferences", "error",
	"iam_simulate", "iam_lint", "iam_actions",
	"runs", "run", "step", "run_confirm", "run_bulk", "definitions", "definition", "queues", "queue", "pools", "schedules", "dead", "tenants", "work_confirm",
}

func (c *Console) parseTemplates() (map[string]*template.Template, error) {
	layout, err := template.New("layout.html").Option("missingkey=error").Funcs(c.functions()).
		ParseFS(templateFiles, "templates/layout.html", "templates/parts.html")
	if err != nil {
		return nil, fmt.Errorf("console: %w", err)
	}
	pages := map[string]*template.Template{}
	for _, name := range templates {
		t, err := layout.Clone()
		if err == nil {
			t, err = t.ParseFS(templateFiles, "templates/"+name+".html")
		}
		if err != nil {
			return nil, fmt.Errorf("console: %w", err)
		}
		pages[name] = t
	}
	return pages, nil
}

// render answers with a page, or with the part of it htmx asked for.
func (c *Console) render(w http.ResponseWriter, r *http.Request, status int, p *page) {
	part := "layout.html"
	if r.Header.Get("HX-Request") == "true" && r.Header.Get("HX-History-Restore-Request") == "" && status == http.StatusOK {
		part = "fragment"
	}
	var body bytes.Buffer
	if err := c.pages[p.template].ExecuteTemplate(&body, part, c.view(r, p)); err != nil {
		c.src.Log.Error("console page cannot be rendered", "error", err)
		http.Error(w, "The page cannot be shown.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Vary", "HX-Request, Cookie")
	answer(w, r, status, body.Bytes())
}

// writeJSON answers with a page's data.
func (c *Console) writeJSON(w http.ResponseWriter, r *http.Request, p *page) {
	if p.twin == "" {
		c.fail(w, r, faultNotFound)
		return
	}
	var body bytes.Buffer
	enc := json.NewEncoder(&body)
	enc.SetIndent("", "  ")
	if err := enc.Encode(document{Schema: "berth.console." + p.template + "/1", Data: p.data}); err != nil {
		c.src.Log.Error("console page cannot be encoded", "error", err)
		http.Error(w, "The page cannot be shown.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Vary", "Cookie")
	answer(w, r, http.StatusOK, body.Bytes())
}

// document is the JSON form of a page.
type document struct {
	Schema string `json:"schema"`
	Data   any    `json:"data"`
}

// answer sends a body that browsers ask about again before they show it again.
func answer(w http.ResponseWriter, r *http.Request, status int, body []byte) {
	h := w.Header()
	if status == http.StatusOK {
		sum := sha256.Sum256(body)
		tag := `"` + hex.EncodeToString(sum[:12]) + `"`
		h.Set("ETag", tag)
		h.Set("Cache-Control", "private, no-cache")
		if r.Header.Get("If-None-Match") == tag {
			w.WriteHeader(http.StatusNotModified)
			return
		}
	}
	w.WriteHeader(status)
	_, _ = w.Write(body) // a reader that left needs no answer
}

func (c *Console) view(r *http.Request, p *page) view {
	v := view{
		Service: c.cfg.Service, Environment: c.cfg.Environment, Version: c.cfg.Version, User: userOf(r),
		Title: p.title, Room: p.room, Up: p.up, Command: p.command, Link: p.link,
		Self: c.cfg.BasePath + r.URL.EscapedPath(), Theme: preference(r, themeCookie), Keys: preference(r, keysCookie),
		Rooms: rooms[:], Data: p.data,
	}
	if r.URL.RawQuery != "" {
		v.Self += "?" + r.URL.RawQuery
	}
	if c.src.Work != nil {
		v.Work = workRooms[:]
	}
	if p.topic != "" {
		v.Stream = c.path("/events", known(url.Values{"topics": {p.topic}, "about": {p.about}}, []string{"topics", "about"}))
	}
	if p.twin != "" {
		v.Twin = c.path(p.twin, known(r.URL.Query(), p.params))
	}
	for name := range r.URL.Query() {
		if !slices.Contains(p.params, name) && p.template != "error" {
			v.Unknown = append(v.Unknown, name)
		}
	}
	slices.Sort(v.Unknown)
	return v
}

// known keeps the parameters a page knows.
func known(q url.Values, params []string) url.Values {
	out := url.Values{}
	for _, p := range params {
		if q.Get(p) != "" {
			out.Set(p, q.Get(p))
		}
	}
	return out
}

// ofManifest adds to a command of berth which manifest it is about.
func (c *Console) ofManifest(command string) string {
	if c.cfg.Manifest == "" || c.cfg.Manifest == defaultManifest {
		return command
	}
	return command + " -f " + quote(c.cfg.Manifest)
}

// ofData adds to a command of berth whose users it is about.
func (c *Console) ofData(command string) string {
	if c.cfg.Data == "" {
		return command
	}
	return command + " --data " + quote(c.cfg.Data)
}

// ofWork is a command that asks the engine, with the page's filters: they are
// flags of the command by the same names.
func ofWork(q url.Values, command string, filters ...string) string {
	for _, name := range filters {
		if value := q.Get(name); value != "" {
			command += " --" + name + " " + quote(value)
		}
	}
	return command
}

// curl is the command that shows the twin of a page, filtered as the page is.
func (c *Console) curl(r *http.Request, twin string, params ...string) string {
	u := url.URL{Scheme: "http", Host: r.Host, Path: c.cfg.BasePath + twin, RawQuery: known(r.URL.Query(), params).Encode()}
	if r.TLS != nil {
		u.Scheme = "https"
	}
	if c.cfg.PublicOrigin != "" {
		return "curl -s " + quote(strings.TrimRight(c.cfg.PublicOrigin, "/")+u.RequestURI())
	}
	return "curl -s " + quote(u.String())
}
