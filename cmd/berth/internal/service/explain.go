package service

import (
	"context"
	"errors"

	"github.com/berth-project/berth/directory"
	"github.com/berth-project/berth/gateway"
	"github.com/berth-project/berth/manifest"
	"github.com/berth-project/berth/session"
)

// Question is a request somebody wants explained.
type Question struct {
	// Method and URL are the request's; URL is absolute, or a path on the
	// service's first host.
	Method, URL string
	// As is the email or id of the user who asks; empty is nobody.
	As string
}

// Answer is how the gateway would take a request.
type Answer struct {
	gateway.Explanation
	// RuleAt and RouteAt are where the deciding rule and the route stand in the
	// manifest.
	RuleAt  string `json:"rule_at,omitempty"`
	RouteAt string `json:"route_at,omitempty"`
}

// Explain says how the gateway would take a request, with nothing running: it
// builds the same table and asks it.
func Explain(ctx context.Context, opts Options, q Question) (Answer, error) {
	g, done, err := buildAlone(ctx, opts)
	if err != nil {
		return Answer{}, err
	}
	defer done()
	var sess *session.Session
	if q.As != "" {
		if sess, err = userSession(ctx, opts, q.As); err != nil {
			return Answer{}, err
		}
	}
	return g.explain(q, sess), nil
}

func userSession(ctx context.Context, opts Options, who string) (*session.Session, error) {
	store, err := OpenDirectory(opts.Data, opts.Log)
	if err != nil {
		return nil, err
	}
	resolver := directory.NewResolver(store, directory.ResolverConfig{}, opts.Log)
	sess, err := sessionOf(ctx, store, resolver, who)
	return sess, errors.Join(err, store.Close())
}

func (g *generation) explain(q Question, sess *session.Session) Answer {
	a := Answer{Explanation: g.table.Explain(gateway.ExplainRequest{
		Method: q.Method, URL: g.absolute(q.URL), Session: sess,
	})}
	if rule := a.Rules.Decision.Rule; rule >= 0 && a.Rules.Rules != nil {
		a.RuleAt = g.m.Position(manifest.RulePath(rule)).String()
	}
	if a.RouteIndex >= 0 {
		a.RouteAt = g.m.Position(manifest.RoutePath(a.RouteIndex)).String()
	}
	return a
}

// absolute puts a path on a host of the service.
func (g *generation) absolute(url string) string {
	if len(url) == 0 || url[0] != '/' {
		return url
	}
	scheme := "http"
	if g.m.Gateway.TLS.Mode != "off" {
		scheme = "https"
	}
	return scheme + "://" + g.firstHost() + url
}

func (g *generation) firstHost() string {
	for _, h := range g.hosts {
		switch {
		case h == "*":
			return "localhost"
		case h[0] == '.':
			return h[1:]
		default:
			return h
		}
	}
	return "localhost"
}
