package gateway

import (
	"crypto/tls"
	"net/http"
	"net/netip"
	"time"

	"github.com/berth-project/berth/access"
	"github.com/berth-project/berth/session"
)

// ExplainRequest is a request to explain.
type ExplainRequest struct {
	// Method is the HTTP method. Default GET.
	Method string
	// Host is the Host header.
	Host string
	// Target is the path and query, as on the request line.
	Target string
	// Secure says that the client's connection has TLS.
	Secure bool
	// Client is the address of the peer. Default 127.0.0.1.
	Client netip.Addr
	// Header are further headers; X-Forwarded-* count as they would.
	Header http.Header
	// Session is who asks; nil is an anonymous caller.
	Session *session.Session
	// Credential is how they are known. Default: Cookie with a session.
	Credential Credential
	// Now is when. Default: the present.
	Now time.Time
}

// Explanation is what would become of a request, and why.
type Explanation struct {
	// Steps are the steps of the chain, up to the one that decided.
	Steps []Step `json:"steps"`
	// Status is the status the gateway would answer with; 0 when Closed, and
	// when Route would answer.
	Status int `json:"status,omitempty"`
	// Code is why, as on the error page; "forward" when Route would answer.
	Code string `json:"code"`
	// Closed says that the connection would be closed without an answer.
	Closed bool `json:"closed,omitempty"`
	// Location is where the client would be sent.
	Location string `json:"location,omitempty"`
	// Route is the name of the route, Kind what it is: "upstream", "static" or
	// "redirect"; for the gateway's own answers "internal" and "health".
	Route string `json:"route,omitempty"`
	Kind  string `json:"kind,omitempty"`
	// Client is the address the request is taken to come from.
	Client netip.Addr `json:"client"`
	// Forwarded is the path and query the upstream would get.
	Forwarded string `json:"forwarded,omitempty"`
	// Rules is how the rules were asked; nil when they were not.
	Rules *access.Trace `json:"rules,omitempty"`
}

// Step is one step of the chain.
type Step struct {
	// Name is "client", "host", "path", "session", "rule", "origin" or "route".
	Name string `json:"name"`
	// Passed says that the chain went on.
	Passed bool `json:"passed"`
	// Text is what was found.
	Text string `json:"text"`
}

// Explain says what the chain would do with a request. It runs the chain's own
// steps on an exchange that is never answered, so that the two agree.
func (t *Table) Explain(q ExplainRequest) Explanation {
	x := q.exchange(t)
	e := explainer{x: x}
	x.locate()
	e.out.Client = x.src.client
	e.step("client", nil, clientText(x))
	if x.isHealth() {
		e.own(routeHealth)
		return e.out
	}
	e.chain(q)
	return e.out
}

func (q ExplainRequest) exchange(t *Table) *exchange {
	if q.Method == "" {
		q.Method = http.MethodGet
	}
	if !q.Client.IsValid() {
		q.Client = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	if q.Now.IsZero() {
		q.Now = time.Now()
	}
	if q.Header == nil {
		q.Header = http.Header{}
	}
	r := &http.Request{
		Method: q.Method, RequestURI: q.Target, Host: q.Host, Header: q.Header, Proto: "HTTP/1.1",
		ProtoMajor: 1, ProtoMinor: 1, Body: http.NoBody, RemoteAddr: netip.AddrPortFrom(q.Client, 0).String(),
	}
	if q.Secure {
		r.TLS = &tls.ConnectionState{}
	}
	return &exchange{
		table: &installed{Table: t}, r: r, method: q.Method, start: q.Now,
	}
}

// Authenticate implements [Authenticator]: the caller is who the question says.
func (q ExplainRequest) Authenticate(*http.Request, bool) (Caller, error) {
	c := Caller{Session: q.Session, Credential: q.Credential}
	if q.Session != nil && q.Credential == NoCredential {
		c.Credential = Cookie
	}
	return c, nil
}

// explainer collects an explanation.
type explainer struct {
	x   *exchange
	out Explanation
}

func (e *explainer) chain(q ExplainRequest) {
	x := e.x
	f := x.admit()
	name, text := "path", x.path.Decoded
	if f != nil && (x.host == "" || !x.table.hosts.has(x.host) || f == faultHostConflict) {
		name, text = "host", x.src.host
	} else {
		e.step("host", nil, x.host)
	}
	if !e.step(name, f, text) {
		return
	}
	if isInternal(x.path.Decoded) {
		e.own(routeInternal)
		return
	}
	if !e.step("session", x.authenticate(q), sessionText(x.session)) {
		return
	}
	f = x.checkRule()
	trace := x.table.policy.Explain(&x.ask)
	e.out.Rules = &trace
	if !e.step("rule", f, string(x.decision.Reason)) || !e.step("origin", x.checkOrigin(), x.credential.String()) {
		return
	}
	f = x.findRoute()
	if !e.step("route", f, routeText(x.route)) {
		return
	}
	e.route()
}

// step adds a step and reports whether the chain goes on.
func (e *explainer) step(name string, f *fault, text string) bool {
	if f == nil {
		e.out.Steps = append(e.out.Steps, Step{Name: name, Passed: true, Text: text})
		return true
	}
	e.out.Steps = append(e.out.Steps, Step{Name: name, Text: text + ": " + f.code})
	e.out.Status, e.out.Code, e.out.Closed, e.out.Location = f.status, f.code, f.hangUp, f.location
	return false
}

func (e *explainer) own(kind string) {
	e.out.Route, e.out.Kind, e.out.Code = kind, kind, "answer"
	e.step("route", nil, kind)
}

func (e *explainer) route() {
	rt := e.x.route
	e.out.Route, e.out.Kind, e.out.Code = rt.name, rt.kind(), "forward"
	to := target{route: rt, path: e.x.path}
	switch e.out.Kind {
	case "upstream":
		e.out.Forwarded = e.x.upstreamTarget(to)
	case "redirect":
		e.out.Status, e.out.Location = rt.config.Redirect.Status, redirectTo(to)
	}
}

func (rt *route) kind() string {
	switch {
	case rt.config.Upstream != nil:
		return "upstream"
	case rt.config.Static != nil:
		return "static"
	case rt.config.Object != nil:
		return "object"
	}
	return "redirect"
}

func clientText(x *exchange) string {
	switch {
	case !x.src.trusted:
		return x.src.client.String() + ", the peer itself"
	case x.src.client == x.src.peer:
		return x.src.client.String() + ", a trusted proxy that named nobody"
	}
	return x.src.client.String() + ", as trusted proxy " + x.src.peer.String() + " says"
}

func sessionText(s *session.Session) string {
	if s.Anonymous() {
		return "anonymous"
	}
	if s.User.Email == "" {
		return s.User.ID
	}
	return s.User.Email + " (" + s.User.ID + ")"
}

func routeText(rt *route) string {
	if rt == nil {
		return "none"
	}
	return rt.name
}
