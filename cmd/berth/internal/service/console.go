package service

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"github.com/berth-project/berth/console"
	"github.com/berth-project/berth/gateway/upstream"
	"github.com/berth-project/berth/login"
	"github.com/berth-project/berth/manifest"
	"github.com/berth-project/berth/process"
)

// newConsole is the console's handler, nil where the manifest turns it off.
func (s *Service) newConsole(g *generation) (http.Handler, error) {
	if !g.m.Console.Enabled {
		return nil, nil
	}
	environment := "production"
	if s.opts.Mode == Development {
		environment = "local"
	}
	src := console.Sources{
		Processes: s.processStatus, Program: s.program, Gateway: s.gatewayView, Explain: s.explain,
		Requests: s.feed, Logs: s.opts.Recent, Health: s.health, Reload: s.reloadView, Log: s.log,
	}
	// In production whoever reaches loopback may look; doing something needs
	// somebody who signed in.
	require := g.m.Console.Require
	act := s.opts.Mode == Development || require != nil
	if s.supervisor != nil && act {
		src.Actions = s.supervisor
	}
	if s.work != nil {
		src.Work, src.QueueHistory = s.work.Engine, s.work.history
		if act {
			src.WorkActions = s.work.Engine
		}
	}
	if require != nil {
		src.Authorize = s.authorizer(require)
	}
	pages, err := console.New(console.Config{
		Service: g.m.Service, Environment: environment, Version: s.opts.Version, Manifest: s.opts.Manifest, Data: s.dataFlag(),
	}, src)
	if err != nil || require == nil {
		return pages, err
	}
	return s.renewing(pages), nil
}

// dataFlag is the data directory where a command would not find it by itself.
func (s *Service) dataFlag() string {
	if filepath.Clean(s.opts.Data) == filepath.Join(filepath.Dir(s.opts.Manifest), ".berth") {
		return ""
	}
	return s.opts.Data
}

// renewing sends whoever uses a page the renewed cookie of their session, as
// the gateway does for the app. Files that caches may share go without.
func (s *Service) renewing(pages http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, "/assets/") {
			caller, err := authenticator{s.people.login}.Authenticate(r, r.TLS != nil)
			if err == nil && caller.SetCookie != "" {
				w.Header().Add("Set-Cookie", caller.SetCookie)
			}
		}
		pages.ServeHTTP(w, r)
	})
}

// authorizer lets those into the console who have the role.
func (s *Service) authorizer(require *manifest.ConsoleRole) func(*http.Request) (user string, allowed bool, signInURL string) {
	return func(r *http.Request) (string, bool, string) {
		signIn := login.DefaultSignInPath + "?next=" + url.QueryEscape(r.URL.RequestURI())
		caller, err := authenticator{s.people.login}.Authenticate(r, r.TLS != nil)
		if err != nil || caller.Session.Anonymous() {
			return "", false, signIn
		}
		return caller.Session.User.Email, caller.Session.HasRole(require.Of, require.Role...), signIn
	}
}

func (s *Service) processStatus() []process.Status {
	if s.supervisor == nil {
		return nil
	}
	return s.supervisor.Status()
}

// program says how a process is run, without a value of its environment.
func (s *Service) program(name string) (console.Program, bool) {
	g := s.serving()
	p := g.m.Processes[name]
	if p == nil {
		return console.Program{}, false
	}
	out := console.Program{
		Command:   commandText(p.Command),
		Directory: string(p.Directory),
		Readiness: strings.TrimSpace(fmt.Sprintf("%s %s every %s, within %s", p.Ready.Check, p.Ready.Path, p.Ready.Interval, p.Ready.Timeout)),
		Restart:   fmt.Sprintf("%s, %s to %s", p.Restart.When, p.Restart.Min, p.Restart.Max),
		Stop:      fmt.Sprintf("SIG%s, then SIGKILL after %s", strings.TrimPrefix(p.Stop.Signal, "SIG"), p.Stop.Grace),
		At:        g.m.Position("processes." + name).String(),
	}
	for _, h := range p.Before {
		out.Before = append(out.Before, commandText(h.Command))
	}
	for _, v := range ChildVariables(g.m, g.env) {
		out.Environment = append(out.Environment, console.Variable{Name: v.Name, Source: v.Source})
	}
	for _, key := range slices.Sorted(maps.Keys(p.Environment)) {
		out.Environment = append(out.Environment, console.Variable{Name: key, Source: "process " + name})
	}
	return out, true
}

func commandText(c manifest.Command) string {
	if c.Shell != "" {
		return c.Shell
	}
	return strings.Join(c.Args, " ")
}

func (s *Service) gatewayView() console.Gateway {
	g := s.serving()
	view := console.Gateway{Hosts: g.hosts, Findings: g.policy.Lint()}
	for i, r := range g.m.Gateway.Routes {
		view.Routes = append(view.Routes, console.Route{
			Name: r.Name, Path: r.Path, Methods: r.Methods, Hosts: r.Hosts, Target: targetText(&r),
			At: g.m.Position(manifest.RoutePath(i)).String(),
		})
	}
	for i, rule := range g.policy.Rules() {
		view.Rules = append(view.Rules, console.Rule{Rule: rule, At: g.m.Position(manifest.RulePath(i)).String()})
	}
	status := s.groups.status()
	for _, name := range slices.Sorted(maps.Keys(status)) {
		targets := append([]upstream.EndpointStatus{}, status[name]...)
		view.Upstreams = append(view.Upstreams, console.Upstream{Name: name, Targets: targets})
	}
	return view
}

func targetText(r *manifest.Route) string {
	switch {
	case r.Process != "":
		return processGroup(r.Process)
	case r.Upstream != "":
		return upstreamGroup(r.Upstream)
	case r.Static != nil:
		return "files of " + string(r.Static.Root)
	case r.Objects != nil && r.Objects.Directory != "":
		return "private files of " + string(r.Objects.Directory)
	case r.Objects != nil:
		return "private objects of " + strings.Join(r.Objects.Hosts, ", ")
	case r.Redirect != nil:
		return "redirect to " + r.Redirect.To
	}
	return ""
}

// explain answers the console's question about what runs now.
func (s *Service) explain(ctx context.Context, q console.Question) (console.Answer, error) {
	question := Question{Method: q.Method, URL: q.URL, As: q.As}
	g := s.serving()
	var a Answer
	var err error
	if q.As == "" {
		a, err = g.explain(question, nil)
	} else {
		sess, found := sessionOf(ctx, s.people.store, s.people.resolver, q.As)
		if found != nil {
			return console.Answer{}, found
		}
		a, err = g.explain(question, sess)
	}
	return console.Answer{Explanation: a.Explanation, RuleAt: a.RuleAt, RouteAt: a.RouteAt}, err
}

func (s *Service) reloadView() console.Reload {
	view := console.Reload{File: s.opts.Manifest}
	if last := s.lastLoad.Load(); last != nil {
		view.At = last.at
		if last.err != nil {
			view.Problem = last.err.Error()
		}
	}
	return view
}
