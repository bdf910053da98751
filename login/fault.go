package login

import (
	"encoding/json"
	"errors"
	"mime"
	"net/http"
	"strings"

	"github.com/berth-project/berth/login/password"
)

// challenge is the WWW-Authenticate of every 401 (RFC 9110 section 11.6.1).
// Browsers show no dialog for it.
const challenge = `Bearer realm="berth"`

// fault is a refusal as the caller sees it: nothing of the inside.
type fault struct {
	status            int
	code, title, help string
}

// faultOf is the one table from errors to answers.
func faultOf(err error) fault {
	var limited *limitedError
	switch {
	case errors.Is(err, errWrong):
		return fault{http.StatusUnauthorized, "wrong_credentials", "Email or password is wrong", "Check both and try again."}
	case errors.As(err, &limited):
		return fault{http.StatusTooManyRequests, "too_many_attempts", "Too many attempts", "Wait a little, then try again."}
	case errors.Is(err, ErrBadCredentials):
		return fault{http.StatusUnauthorized, "bad_credentials", "These credentials do not count", ""}
	case errors.Is(err, errMediaType):
		return fault{http.StatusUnsupportedMediaType, "media_type", "This kind of body is not understood", "Send a form or JSON."}
	case errors.Is(err, errTooLarge):
		return fault{http.StatusRequestEntityTooLarge, "too_large", "The request is too large", ""}
	case errors.Is(err, errBody):
		return fault{http.StatusBadRequest, "malformed", "The request is malformed", ""}
	case errors.Is(err, password.ErrBusy):
		return fault{http.StatusServiceUnavailable, "busy", "Too many people are signing in", "Try again in a few seconds."}
	}
	return fault{http.StatusServiceUnavailable, "unavailable", "Signing in is not possible now", "Try again in a moment."}
}

// problem is RFC 9457's document.
type problem struct {
	Type      string `json:"type"`
	Title     string `json:"title"`
	Status    int    `json:"status"`
	Detail    string `json:"detail,omitempty"`
	Code      string `json:"code"`
	RequestID string `json:"request_id,omitempty"`
}

// fail answers with a page, or with problem+json where the caller prefers it.
func (s *Service) fail(w http.ResponseWriter, r *http.Request, f fault) {
	if wantsJSON(r) {
		writeProblem(w, r, f)
		return
	}
	if f.status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", challenge)
	}
	v := s.view(f.title)
	v.Alert, v.AlertHelp, v.RequestID = f.title, f.help, requestID(r)
	s.pages.render(w, f.status, "message.html", v)
}

// requestID is what the gateway calls the request in its log.
func requestID(r *http.Request) string { return r.Header.Get("X-Request-Id") }

func writeProblem(w http.ResponseWriter, r *http.Request, f fault) {
	if f.status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", challenge)
	}
	writeJSON(w, f.status, "application/problem+json", problem{"about:blank", f.title, f.status, f.help, f.code, requestID(r)})
}

// wantsJSON reports whether the caller is a program: it sends JSON, or accepts
// JSON and no HTML.
func wantsJSON(r *http.Request) bool {
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err == nil && media == "application/json" {
		return true
	}
	accept := strings.Join(r.Header.Values("Accept"), ",")
	return strings.Contains(accept, "json") && !strings.Contains(accept, "text/html")
}

func writeJSON(w http.ResponseWriter, status int, media string, v any) {
	body, err := json.Marshal(v)
	if err != nil { // plain structs always marshal
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", media)
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n')) // the client may be gone
}
