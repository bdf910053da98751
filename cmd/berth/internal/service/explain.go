package service

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/berth-project/berth/directory"
	"github.com/berth-project/berth/gateway"
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

// ErrQuestion says that a question cannot be asked.
var ErrQuestion = errors.New("no request")

// Answer is how the gateway would take a request.
type Answer struct {
	gateway.Explanation
	// RuleAt and RouteAt are where the deciding rule and the route stand in the
	// manifest.
	RuleAt  string `json:"rule_at,omitempty"`
	RouteAt string `json:"route_at,omitempty"`
}

// Verdict is "allow" where somebody behind the gateway would answer, and
// "refuse" otherwise.
func (a Answer) Verdict() string {
	if a.Code == "forward" || a.Code == "answer" {
		return "allow"
	}
	return "refuse"
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
	return g.explain(q, sess)
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

func (g *generation) explain(q Question, sess *session.Session) (Answer, error) {
	target, err := g.target(q)
	if err != nil {
		return Answer{}, err
	}
	target.Session = sess
	a := Answer{Explanation: g.table.Explain(target)}
	if a.Rules != nil && a.Rules.Decision.Rule >= 0 {
		a.RuleAt = g.m.Position(fmt.Sprintf("access[%d]", a.Rules.Decision.Rule)).String()
	}
	for i, r := range g.m.Gateway.Routes {
		if r.Name == a.Route {
			a.RouteAt = g.m.Position(fmt.Sprintf("gateway.routes[%d]", i)).String()
		}
	}
	return a, nil
}

// target takes the URL of a question apart, as a client would.
func (g *generation) target(q Question) (gateway.ExplainRequest, error) {
	out := gateway.ExplainRequest{Method: q.Method, Host: g.firstHost(), Target: q.URL, Secure: g.m.Gateway.TLS.Mode != "off"}
	if strings.HasPrefix(q.URL, "/") {
		return out, nil
	}
	scheme, rest, found := strings.Cut(q.URL, "://")
	if !found || (scheme != "http" && scheme != "https") {
		return out, fmt.Errorf("%w: %q is neither a path such as /app nor a URL such as https://example.com/app", ErrQuestion, q.URL)
	}
	out.Secure = scheme == "https"
	out.Host, out.Target = rest, "/"
	if i := strings.IndexAny(rest, "/?"); i >= 0 {
		out.Host, out.Target = rest[:i], rest[i:]
	}
	if strings.HasPrefix(out.Target, "?") {
		out.Target = "/" + out.Target
	}
	return out, nil
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
