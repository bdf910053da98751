package web

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/berth-project/berth/examples/ledger/internal/bank"
)

// fault is an answer that is not what was asked for.
type fault struct {
	status int
	code   string
	detail string
}

func (f *fault) Error() string { return f.code + ": " + f.detail }

var (
	faultSignIn    = &fault{http.StatusUnauthorized, "sign_in_required", "Sign in to see this."}
	faultNoMember  = &fault{http.StatusForbidden, "not_a_member", "You do not belong to this bank."}
	faultInternal  = &fault{http.StatusInternalServerError, "internal", "Something went wrong here. Try again in a moment."}
	faultTooLarge  = &fault{http.StatusRequestEntityTooLarge, "too_large", "The request is too large."}
	faultMediaType = &fault{http.StatusUnsupportedMediaType, "unsupported_media_type", "Send application/json."}
	faultNoKey     = &fault{http.StatusBadRequest, "idempotency_key_required", "Send an Idempotency-Key of 1 to 128 printable characters."}
	faultStreams   = &fault{http.StatusServiceUnavailable, "too_many_streams", "Too many pages are watching at the moment."}
)

// statuses is the one place where refusals of the bank become answers.
var statuses = map[bank.Code]int{
	bank.Invalid:      http.StatusUnprocessableEntity,
	bank.NotFound:     http.StatusNotFound,
	bank.Forbidden:    http.StatusForbidden,
	bank.Conflict:     http.StatusConflict,
	bank.KeyReused:    http.StatusUnprocessableEntity,
	bank.Insufficient: http.StatusUnprocessableEntity,
	bank.NotOpen:      http.StatusConflict,
}

// faultOf turns any error into what the caller is told.
func faultOf(err error) *fault {
	if f, ok := errors.AsType[*fault](err); ok {
		return f
	}
	if r := bank.AsRefusal(err); r != nil {
		return &fault{statuses[r.Code], string(r.Code), r.Message}
	}
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return faultTooLarge
	}
	return faultInternal
}

// handle answers with what h returns as an error.
func (a *App) handle(h func(http.ResponseWriter, *http.Request) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := h(w, r); err != nil {
			a.fail(w, r, err)
		}
	})
}

// fail answers an error: as a problem document (RFC 9457) below /api/, else as
// a page. What nobody foresaw is logged, and told to nobody.
func (a *App) fail(w http.ResponseWriter, r *http.Request, err error) {
	f := faultOf(err)
	id := r.Header.Get("X-Request-Id") // set by the gateway, which strips what clients send
	if f == faultInternal && r.Context().Err() == nil {
		a.cfg.Log.ErrorContext(r.Context(), "request failed", "request_id", id, "path", r.URL.Path, "error", err)
	}
	if !strings.HasPrefix(r.URL.Path, "/api/") {
		a.failPage(w, r, f, id)
		return
	}
	if f.status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", "Berth")
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(f.status)
	_ = json.NewEncoder(w).Encode(map[string]any{ // the client may be gone
		"type": "about:blank", "title": http.StatusText(f.status), "status": f.status,
		"code": f.code, "detail": f.detail, "request_id": id,
	})
}

func (a *App) failPage(w http.ResponseWriter, r *http.Request, f *fault, id string) {
	a.render(w, r, f.status, "message", view{
		Title: http.StatusText(f.status),
		Body:  message{f.detail, id, f.status == http.StatusUnauthorized},
	})
}
