package gateway

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/berth-project/berth/gateway/object"
	"github.com/berth-project/berth/gateway/static"
	"github.com/berth-project/berth/gateway/upstream"
)

// answer lets the route answer, and whatever that points to after it.
func (g *Gateway) answer(x *exchange) *fault {
	to := target{route: x.route, path: x.path}
	for hops := 0; ; hops++ {
		f := g.serveTarget(x, to)
		if cause := x.cut.Cause(); cause != nil {
			return x.cutOff(cause)
		}
		if f != nil || !x.accel.pending {
			return f
		}
		if hops == maxInternalRedirects {
			return faultAccel.because(errors.New("internal redirects go in a circle"))
		}
		next, err := x.follow(to.route)
		if err != nil {
			g.log.Error("internal redirect refused", "route", to.route.name, "request_id", x.ident.id, "error", err)
			return faultAccel.because(err)
		}
		to = next
	}
}

func (g *Gateway) serveTarget(x *exchange, to target) *fault {
	c := &to.route.config
	switch {
	case c.Upstream != nil:
		return g.forward(x, to)
	case c.Static != nil:
		return x.serveStatic(to)
	case c.Object != nil:
		return x.serveObject(to)
	}
	return x.redirect(to)
}

func (x *exchange) redirect(to target) *fault {
	x.out.Header().Set("Location", redirectTo(to))
	x.out.WriteHeader(to.route.config.Redirect.Status)
	return nil
}

func redirectTo(to target) string {
	return strings.ReplaceAll(to.route.config.Redirect.To, "{path}", to.path.Target())
}

func (x *exchange) serveStatic(to target) *fault {
	err := x.sendFile(to.route.config.Static, to.route.pattern.below(to.path.Decoded))
	if err == nil {
		return nil
	}
	f := &fault{status: http.StatusInternalServerError, err: err, begun: x.out.status != 0}
	if e, ok := errors.AsType[*static.Error](err); ok {
		f.status, f.err = e.Status, e.Err
	}
	f.code = codeOf(f.status)
	return f
}

// sendFile serves a file, through compression where that may apply: a variant
// that was compressed beforehand passes as it is.
func (x *exchange) sendFile(files *static.Handler, name string) error {
	if !x.compresses() {
		return files.Serve(&x.out, x.r, name)
	}
	cw := &x.compressed
	cw.Reset(&x.out, x.r, x.table.compress)
	if err := files.Serve(cw, x.r, name); err != nil {
		cw.Abort()
		return err
	}
	return cw.Close()
}

// compresses reports whether an answer to the request may be compressed.
func (x *exchange) compresses() bool {
	return !x.table.compress.Off && len(x.r.Header["Accept-Encoding"]) > 0
}

func (x *exchange) serveObject(to target) *fault {
	err := to.route.config.Object.Serve(&x.out, x.r, to.ref, x.accel.header)
	if err == nil {
		return nil
	}
	f := &fault{status: http.StatusBadGateway, code: "object", err: err, begun: x.out.status != 0}
	if e, ok := errors.AsType[*object.Error](err); ok {
		f.status, f.code, f.begun = e.Status, string(e.Code), e.Written || f.begun
	}
	return f
}

// codeOf is the code of a status that has no better one.
func codeOf(status int) string {
	text := strings.ToLower(http.StatusText(status))
	return strings.ReplaceAll(strings.ReplaceAll(text, " ", "_"), "-", "_")
}

// forward sends the request to an upstream.
func (g *Gateway) forward(x *exchange, to target) *fault {
	rt, r := to.route, x.r
	if f := x.in.wrap(x.out.w, r, rt.maxBody, x.table.timeouts.ReadBody); f != nil {
		return f
	}
	upgrade := isUpgrade(r)
	switch {
	case upgrade:
		x.outlives()
		x.endWithServer()
	case r.ContentLength < 0 || r.ContentLength > longBody:
		x.outlives()
	}
	if !upgrade && rt.config.Timeout > 0 {
		ctx, cancel := context.WithTimeoutCause(r.Context(), rt.config.Timeout, errRouteTimeout)
		defer cancel()
		r = r.WithContext(ctx)
	}
	if err := g.rewrite(x, to); err != nil {
		g.log.Error("assertion not signed", "route", rt.name, "request_id", x.ident.id, "error", err)
		return faultAssertion.because(err)
	}
	x.up.In = r
	res, err := x.send(rt.config.Upstream, upgrade)
	x.note(&res)
	if x.lapsed {
		return faultAccessEnded
	}
	if err == nil {
		return nil
	}
	return x.upstreamFault(r, err)
}

// rewrite prepares what the app will see.
func (g *Gateway) rewrite(x *exchange, to target) error {
	rt, c := to.route, &to.route.config
	x.dropCookie = x.table.cookies.among(x.r.Header["Cookie"])
	x.dropAuthorization = x.credential == Authorization && !c.PassAuthorization
	b := x.appendHeaders(x.head[:0], rt)
	if g.deps.Assert != nil && c.Audience != "" {
		token, err := g.deps.Assert.Assertion(x.session, c.Audience, x.decision.Tenant)
		if err != nil {
			return err
		}
		b = append(b, assertionHeader...)
		b = append(b, token...)
		b = append(b, "\r\n"...)
	}
	x.head = b
	x.up = upstream.Request{
		Target: x.upstreamTarget(to), Host: x.upstreamHost(c), Client: x.src.client,
		Header: b, Drop: x.dropFunc, Intercept: x, Cutoff: &x.cut,
	}
	return nil
}

// upstreamTarget is the canonical path, as it was matched, and the query.
func (x *exchange) upstreamTarget(to target) string {
	p := to.path
	if to.route.config.StripPrefix {
		p.Encoded = p.Encoded[len(to.route.prefix):]
		if p.Encoded == "" {
			p.Encoded = "/"
		}
	} else if uri := x.r.RequestURI; p.HasQuery && len(p.Encoded)+1+len(p.RawQuery) == len(uri) &&
		strings.HasPrefix(uri, p.Encoded) && uri[len(p.Encoded)] == '?' && strings.HasSuffix(uri, p.RawQuery) {
		return uri // canonical as it came
	}
	return p.Target()
}

// send forwards, through compression where that may apply.
func (x *exchange) send(group *upstream.Group, upgrade bool) (upstream.Result, error) {
	if upgrade || !x.compresses() {
		return group.Forward(&x.out, &x.up)
	}
	cw := &x.compressed
	cw.Reset(&x.out, x.r, x.table.compress)
	res, err := group.Forward(cw, &x.up)
	if err != nil && !errors.Is(x.cut.Cause(), errStopping) {
		cw.Abort()
		return res, err
	}
	if closeErr := cw.Close(); closeErr != nil {
		err = &upstream.Error{Kind: upstream.ClientGone, Written: true, Err: closeErr}
	}
	return res, err
}

// note puts what the upstream did into the record.
func (x *exchange) note(res *upstream.Result) {
	rec := &x.record
	rec.Upstream, rec.UpstreamDuration = res.Endpoint, res.Duration
	rec.Retries += res.Retries
	rec.BytesIn, rec.BytesOut = max(rec.BytesIn, res.BytesIn), max(rec.BytesOut, res.BytesOut)
}

var errRouteTimeout = errors.New("the route's timeout has passed")

// upstreamFaults maps what went wrong to the answer, once.
var upstreamFaults = map[upstream.Kind]*fault{
	upstream.NoEndpoint:    {status: 503, code: "no_endpoint"},
	upstream.Dial:          {status: 502, code: "upstream_unreachable"},
	upstream.Timeout:       {status: 504, code: "upstream_timeout"},
	upstream.Protocol:      {status: 502, code: "upstream_protocol"},
	upstream.Reset:         {status: 502, code: "upstream_reset"},
	upstream.ClientGone:    {status: statusClientGone, code: "client_gone"},
	upstream.ClientTimeout: faultBodyTimeout,
	upstream.BadBody:       faultBodyBroken,
	upstream.BodyTooLarge:  faultBodyTooLarge,
	upstream.BadRequest:    {status: 400, code: "bad_request"},
}

func (x *exchange) upstreamFault(r *http.Request, err error) *fault {
	e, ok := errors.AsType[*upstream.Error](err)
	if !ok {
		return &fault{status: 502, code: "upstream", err: err, begun: x.out.status != 0}
	}
	f, ok := upstreamFaults[e.Kind]
	if !ok {
		f = upstreamFaults[upstream.Protocol]
	}
	f = f.because(err)
	switch cause := context.Cause(r.Context()); {
	case x.in.fault() != nil: // the client's body is the cause whatever it led to
		f = x.in.fault()
	case errors.Is(cause, errRouteTimeout):
		f = faultTimeout.because(err)
	}
	if f.status == http.StatusServiceUnavailable {
		f.retryAfter = max(e.RetryAfter, minRetryAfter)
	}
	f.begun = e.Written || x.out.status != 0
	return f
}

func (x *exchange) upstreamHost(c *Route) string {
	switch c.Host {
	case "", "preserve":
		return x.src.host
	case "upstream":
		return c.Upstream.Name()
	}
	return c.Host
}
