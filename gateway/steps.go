package gateway

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/berth-project/berth/access"
	"github.com/berth-project/berth/gateway/grammar"
	"github.com/berth-project/berth/gateway/urlpath"
)

const maxNext = 2048

// locate finds out where the request comes from and what it is for.
func (x *exchange) locate() {
	a := arrival{peer: peerAddr(x.r.RemoteAddr), secure: x.r.TLS != nil, host: x.r.Host}
	if x.conn != nil {
		a.secure = x.conn.Secure()
	}
	x.table.locate(&x.src, a, x.r.Header)
	x.ident.identify(x.r.Header, x.src.trusted)
	x.path, x.pathErr = x.table.paths.Canonical(originForm(x.r.RequestURI))
}

// originForm returns the path and query of an absolute-form target (RFC 9112
// section 3.2.2); net/http has taken the host from it, and the framing guard
// has seen to it that Host agrees. Any other target is returned as it is.
func originForm(target string) string {
	if target == "" || target[0] == '/' {
		return target
	}
	scheme, rest, ok := strings.Cut(target, "://")
	if !ok || !strings.EqualFold(scheme, "http") && !strings.EqualFold(scheme, "https") {
		return target
	}
	i := strings.IndexAny(rest, "/?")
	switch {
	case i < 0:
		return "/"
	case rest[i] == '?':
		return "/" + rest[i:]
	}
	return rest[i:]
}

// admit refuses what is not for this service, or no clean request.
func (x *exchange) admit() *fault {
	if f := x.admitHost(); f != nil {
		return f
	}
	if len(x.r.RequestURI) > x.table.limits.MaxURL {
		return faultURLTooLong
	}
	if lineCount(x.r.Header) > x.table.limits.MaxHeaders {
		return faultTooManyLines
	}
	if !plainMethod(x.r.Method) {
		return faultMethod
	}
	switch x.r.Method {
	case http.MethodTrace:
		return faultTrace
	case http.MethodConnect:
		return faultConnect
	}
	if x.pathErr != nil {
		return badPath(x.pathErr, originForm(x.r.RequestURI))
	}
	if x.table.toHTTPS && !x.src.secure {
		return x.redirectToHTTPS()
	}
	return nil
}

// lineCount is how many lines a header had.
func lineCount(h http.Header) (n int) {
	for _, values := range h {
		n += len(values)
	}
	return n
}

// plainMethod reports whether a method is written as the methods of rules and
// routes are. Methods are case-sensitive (RFC 9110 section 9.1), but many apps
// take "post" for POST: it would be decided on as one thing and done as
// another.
func plainMethod(method string) bool {
	for i := range len(method) {
		if c := method[i]; (c < 'A' || c > 'Z') && c != '-' {
			return false
		}
	}
	return method != ""
}

// admitHost closes the connection of whoever does not know the name of the
// service: scanners mostly, and they learn nothing.
func (x *exchange) admitHost() *fault {
	if x.src.host == "" {
		return faultUnknownHost
	}
	host, port, ok := splitHost(x.src.host)
	if !ok {
		return faultBadHost
	}
	x.host, x.hostPort = host, port
	if !x.table.hosts.has(host) {
		return faultUnknownHost
	}
	if h := x.r.Header["Host"]; len(h) > 0 && (len(h) > 1 || h[0] != x.r.Host) {
		return faultHostConflict
	}
	return nil
}

// shownTarget is how much of a refused target the record quotes, in bytes.
const shownTarget = 200

// badPath tells the client nothing and the operator, who has no canonical path
// to look at, what was asked: without the query, which may hold secrets.
func badPath(err error, target string) *fault {
	target, _, _ = strings.Cut(target, "?")
	target = target[:min(len(target), shownTarget)]
	f := &fault{status: 400, code: "bad_path", detail: "The address is malformed.", err: fmt.Errorf("%w in %q", err, target)}
	if e, ok := errors.AsType[*urlpath.Error](err); ok {
		f.code = string(e.Code)
	}
	return f
}

// redirectToHTTPS keeps the method (308). The port of the request is not the one
// TLS is on: that of the public origin counts, where it is for this host.
func (x *exchange) redirectToHTTPS() *fault {
	to := x.host
	if host, _, ok := splitHost(x.table.public); ok && host == x.host {
		to = x.table.public
	}
	return &fault{status: http.StatusPermanentRedirect, code: "https_required", location: "https://" + to + x.path.Target()}
}

// authenticate finds out who is asking. A cookie that does not hold is no
// reason to refuse a page that anyone may see; a token that does not is told.
func (x *exchange) authenticate(auth Authenticator) *fault {
	if auth == nil {
		return nil
	}
	c, err := auth.Authenticate(x.r, x.src.secure)
	x.setCookie, x.credential, x.dropHeader = c.SetCookie, c.Credential, ""
	if c.Credential == Header {
		x.dropHeader = c.HeaderName
	}
	switch {
	case err == nil:
		x.session = c.Session
		return nil
	case !errors.Is(err, ErrBadCredentials):
		return faultAuthDown.because(err)
	case c.Credential == Cookie:
		x.credential = NoCredential
		return nil
	}
	return faultBadToken.because(err)
}

// checkRule asks whether the caller may.
func (x *exchange) checkRule() *fault {
	x.ask = access.Request{
		Method: x.r.Method, Host: x.host, Path: x.path.Decoded,
		Session: x.session, Client: x.src.client, Now: x.start,
	}
	x.decision = x.table.policy.Decide(&x.ask)
	switch x.decision.Outcome {
	case access.Allow:
		return nil
	case access.SignInRequired:
		if x.table.signIn != "" && navigates(x.r) {
			return x.toSignIn()
		}
		return faultSignIn
	}
	return faultForbidden
}

// toSignIn sends a browser to sign in, and afterwards back.
func (x *exchange) toSignIn() *fault {
	to := x.table.signIn
	if back := x.path.Target(); len(back) <= maxNext {
		to += "?next=" + url.QueryEscape(back)
	}
	return &fault{status: http.StatusFound, code: faultSignIn.code, location: to}
}

// navigates reports whether a person waits for a page: redirecting a script's
// request to a sign-in page would feed it HTML.
func navigates(r *http.Request) bool {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return false
	}
	h := r.Header
	if len(h["X-Requested-With"]) > 0 || isUpgrade(r) {
		return false
	}
	if mode := h["Sec-Fetch-Mode"]; len(mode) > 0 && mode[0] != "navigate" {
		return false
	}
	return accepts(h["Accept"]).html > 0
}

// checkOrigin refuses unsafe requests that a page of another site made the
// visitor's browser send with the visitor's cookie. Opening a WebSocket is
// such a request too, although its method is GET.
func (x *exchange) checkOrigin() *fault {
	if x.credential != Cookie {
		return nil
	}
	r := x.r
	upgrade := isUpgrade(r)
	if !upgrade && (r.Method == http.MethodGet || r.Method == http.MethodHead || r.Method == http.MethodOptions) {
		return nil
	}
	asked := *r
	asked.Host = x.src.host
	if upgrade {
		asked.Method = http.MethodPost
	}
	if err := x.table.crossOrigin.Check(&asked); err != nil {
		return faultCrossOrigin.because(err)
	}
	return nil
}

// findRoute finds out who answers.
func (x *exchange) findRoute() *fault {
	rt, f := x.table.find(x.r.Method, x.host, x.path.Decoded)
	x.route = rt
	return f
}

// isUpgrade reports whether the client asks to switch protocols (RFC 9110
// section 7.8).
func isUpgrade(r *http.Request) bool {
	if len(r.Header["Upgrade"]) == 0 || r.ProtoMajor != 1 {
		return false
	}
	return grammar.HasToken(r.Header["Connection"], "upgrade")
}
