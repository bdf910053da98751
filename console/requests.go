package console

import (
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"time"
)

// requestRow is a request as the page, the stream and the twin show it.
type requestRow struct {
	Seq      uint64     `json:"seq,string"`
	Time     time.Time  `json:"time"`
	ID       string     `json:"request_id"`
	Method   string     `json:"method"`
	Host     string     `json:"host"`
	Path     string     `json:"path"`
	Status   int        `json:"status"`
	Duration float64    `json:"duration_seconds"`
	Client   netip.Addr `json:"client"`
	Route    string     `json:"route,omitempty"`
	Rule     string     `json:"rule,omitempty"`
	User     string     `json:"user,omitempty"`
	Tenant   string     `json:"tenant,omitempty"`
	Upstream string     `json:"upstream,omitempty"`
	Retries  int        `json:"retries,omitempty"`
	Reason   string     `json:"reason,omitempty"`
	Error    string     `json:"error,omitempty"`
	// URL asks to explain the request again; empty where the gateway made out no
	// path to ask about.
	URL string `json:"url,omitempty"`
}

// requestView is the page of requests.
type requestView struct {
	Filter   requestFilter `json:"filter"`
	Requests []requestRow  `json:"requests"`
	Routes   []string      `json:"-"`
	Classes  []string      `json:"-"`
	Stream   string        `json:"-"`
}

// requestFilter narrows the requests; an empty field does not.
type requestFilter struct {
	Status string `json:"status,omitempty"`
	Route  string `json:"route,omitempty"`
	Rule   string `json:"rule,omitempty"`
	User   string `json:"user,omitempty"`
}

// classRefused are the requests the gateway did not let through, classClosed
// those it closed the connection on.
const (
	classRefused = "refused"
	classClosed  = "closed"
)

var classes = [...]string{"2xx", "3xx", "4xx", "5xx", classRefused, classClosed}

var requestParams = []string{"status", "route", "rule", "user"}

func requestFilterOf(q url.Values) (requestFilter, *fault) {
	f := requestFilter{Status: q.Get("status"), Route: q.Get("route"), Rule: q.Get("rule"), User: q.Get("user")}
	if f.Status != "" && !slices.Contains(classes[:], f.Status) {
		return f, invalid("The status is none of 2xx, 3xx, 4xx, 5xx, refused and closed.")
	}
	return f, nil
}

func (f requestFilter) query() url.Values {
	return known(url.Values{"status": {f.Status}, "route": {f.Route}, "rule": {f.Rule}, "user": {f.User}}, requestParams)
}

func (f requestFilter) matches(r *Request) bool {
	return (f.Route == "" || f.Route == r.Route) && (f.Rule == "" || f.Rule == r.Rule) &&
		(f.User == "" || f.User == r.User) && f.class(r)
}

func (f requestFilter) class(r *Request) bool {
	switch f.Status {
	case "":
		return true
	case classRefused:
		return refused(&r.Record)
	case classClosed:
		return r.Status == 0
	}
	return r.Status > 0 && strconv.Itoa(r.Status)[0] == f.Status[0]
}

func (c *Console) requestList(r *http.Request) (*page, *fault) {
	filter, f := requestFilterOf(r.URL.Query())
	if f != nil {
		return nil, f
	}
	v := requestView{Filter: filter, Requests: []requestRow{}, Classes: classes[:], Routes: c.routeNames(filter.Route)}
	at := cursor{boot: c.boot}
	if c.src.Requests != nil {
		all, _ := c.src.Requests.Since(0)
		if len(all) > 0 {
			at.request = all[len(all)-1].Seq
		}
		v.Requests = c.requestRows(all, filter)
	}
	query := filter.query()
	query.Set("topics", topicRequests)
	query.Set("from", at.String())
	v.Stream = c.path("/events", query)
	return &page{
		title: "Requests", template: "requests", room: "/requests", up: "/", twin: "/requests.json",
		params: requestParams, command: c.curl(r, "/requests.json", requestParams...), data: v,
	}, nil
}

// requestRows are those that match, the newest first.
func (c *Console) requestRows(all []Request, filter requestFilter) []requestRow {
	rows := make([]requestRow, 0, len(all))
	for i := len(all) - 1; i >= 0; i-- {
		if filter.matches(&all[i]) {
			rows = append(rows, c.requestRow(&all[i]))
		}
	}
	return rows
}

func (c *Console) requestRow(r *Request) requestRow {
	u := url.URL{Scheme: "https", Host: r.Host, Path: r.Path}
	if c.cfg.Environment == "local" {
		u.Scheme = "http"
	}
	row := requestRow{
		Seq: r.Seq, Time: r.Time.UTC(), ID: r.ID, Method: r.Method, Host: r.Host, Path: r.Path, Status: r.Status,
		Duration: r.Duration.Seconds(), Client: r.Client, Route: r.Route, Rule: r.Rule, User: r.User, Tenant: r.Tenant,
		Upstream: r.Upstream, Retries: r.Retries, Reason: r.Reason, Error: r.Error,
	}
	if r.Path != "" {
		row.URL = u.String()
	}
	return row
}

// routeNames are the routes to choose from, the chosen one included.
func (c *Console) routeNames(chosen string) []string {
	var names []string
	if c.src.Gateway != nil {
		for _, r := range c.src.Gateway().Routes {
			names = append(names, r.Name)
		}
	}
	names = append(names, "internal", "health")
	if chosen != "" && !slices.Contains(names, chosen) {
		names = append(names, chosen)
	}
	return names
}

// Took is Duration for people.
func (r requestRow) Took() time.Duration { return time.Duration(r.Duration * float64(time.Second)) }

// Class says how the request ended, as the class of its mark.
func (r requestRow) Class() string {
	switch {
	case r.Status >= 500 || r.Status == 0:
		return "fail"
	case r.Status >= 400:
		return "wait"
	case r.Status >= 300:
		return "quiet"
	}
	return "ok"
}

// Word says how the request ended.
func (r requestRow) Word() string {
	switch {
	case r.Status == 0:
		return "closed"
	case r.Reason != "" && r.Status >= 300 && r.Status < 500:
		return "refused"
	case r.Status >= 500:
		return "failed"
	case r.Status >= 400:
		return "client"
	case r.Status >= 300:
		return "moved"
	case r.Status == http.StatusSwitchingProtocols:
		return "switched"
	}
	return "ok"
}
