package session

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
)

type contextKey struct{}

// NewContext returns ctx with the session in it. Middleware does this; an
// app's own tests may.
func NewContext(ctx context.Context, s *Session) context.Context {
	return context.WithValue(ctx, contextKey{}, s)
}

// FromContext returns the session of the request, nil where neither Middleware
// nor Development stands before the handler. The methods of a nil session
// answer as for somebody who is not signed in.
func FromContext(ctx context.Context) *Session {
	s, _ := ctx.Value(contextKey{}).(*Session)
	return s
}

// Middleware lets through only requests that carry exactly one good assertion
// and puts its session into their context. A caller who is not signed in
// passes, with an anonymous session: what that caller may do is for the
// gateway's rules, RequireUser and Require. Others get a problem document (RFC
// 9457): 401, or 503 when the gateway's keys cannot be had.
func (v *Verifier) Middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sess, err := v.fromRequest(r)
		if err != nil {
			p := problemOf(err)
			v.log.LogAttrs(r.Context(), p.level(), "request refused", slog.String("error", err.Error()))
			p.write(w)
			return
		}
		next.ServeHTTP(w, r.WithContext(NewContext(r.Context(), sess)))
	})
}

func (v *Verifier) fromRequest(r *http.Request) (*Session, error) {
	values := r.Header.Values(AssertionHeader)
	switch len(values) {
	case 0:
		return nil, ErrNoAssertion
	case 1:
		return v.Verify(r.Context(), values[0])
	}
	// Which of them the gateway set is anybody's guess.
	return nil, errRepeatedAssertion
}

// RequireUser refuses a caller who is not signed in, with 401. It belongs
// behind Middleware.
func RequireUser(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if FromContext(r.Context()).Anonymous() {
			problemSignIn.write(w)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// Require refuses a caller who is not signed in, with 401, and one who has
// none of the roles in the tenant of the request, with 403. With no roles,
// belonging to the tenant is enough. Tenant says which tenant a request is
// about, see PathTenant; nil means the one the gateway bound the path to. A
// request about no tenant is refused. It belongs behind Middleware.
func Require(tenant func(*http.Request) string, roles ...string) func(http.Handler) http.Handler {
	if tenant == nil {
		tenant = func(r *http.Request) string { return FromContext(r.Context()).Tenant }
	}
	return func(next http.Handler) http.Handler {
		return RequireUser(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			id := tenant(r)
			if id == "" || !FromContext(r.Context()).HasRole(id, roles...) {
				problemRole.write(w)
				return
			}
			next.ServeHTTP(w, r)
		}))
	}
}

// PathTenant returns a tenant function for Require that reads a wildcard of
// the matched [http.ServeMux] pattern: PathTenant("tenant") for
// "/app/{tenant}/".
func PathTenant(wildcard string) func(*http.Request) string {
	return func(r *http.Request) string { return r.PathValue(wildcard) }
}

var errRepeatedAssertion = fmt.Errorf("%w: more than one header", ErrInvalidAssertion)

// problem is one refusal, the same for every request refused for that reason.
type problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
	Code   string `json:"code"`
}

func newProblem(status int, code, detail string) *problem {
	return &problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: detail, Code: code}
}

var (
	problemNone    = newProblem(http.StatusUnauthorized, "assertion_missing", "The request did not come through the gateway.")
	problemInvalid = newProblem(http.StatusUnauthorized, "assertion_invalid", "The request's assertion is not valid here.")
	problemExpired = newProblem(http.StatusUnauthorized, "assertion_expired", "The request's assertion has expired.")
	problemKeys    = newProblem(http.StatusServiceUnavailable, "keys_unavailable", "The request's assertion cannot be checked at the moment.")
	problemSignIn  = newProblem(http.StatusUnauthorized, "sign_in_required", "Sign in to do this.")
	problemRole    = newProblem(http.StatusForbidden, "role_required", "You may not do this.")
	problemPeer    = newProblem(http.StatusForbidden, "development_only", "Development sessions are for direct requests from this machine.")
)

// problemOf is the one place where errors of a Verifier become answers.
func problemOf(err error) *problem {
	switch {
	case errors.Is(err, ErrNoAssertion):
		return problemNone
	case errors.Is(err, ErrExpiredAssertion):
		return problemExpired
	case errors.Is(err, ErrKeysUnavailable):
		return problemKeys
	}
	return problemInvalid
}

// level is error where the app's operator has something to mend.
func (p *problem) level() slog.Level {
	if p == problemKeys {
		return slog.LevelError
	}
	return slog.LevelWarn
}

func (p *problem) write(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	switch p.Status {
	case http.StatusUnauthorized:
		h.Set("WWW-Authenticate", AssertionHeader) // RFC 9110 section 11.6.1 wants a scheme
	case http.StatusServiceUnavailable:
		h.Set("Retry-After", "1")
	}
	body, err := json.Marshal(p)
	if err != nil {
		http.Error(w, http.StatusText(p.Status), p.Status)
		return
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(p.Status)
	_, _ = w.Write(body) // the client may be gone; there is nobody left to tell
}
