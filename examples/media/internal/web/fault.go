package web

import (
	"errors"
	"net/http"

	"github.com/berth-project/berth/examples/media/internal/picture"
	"github.com/berth-project/berth/examples/media/internal/studio"
	"github.com/berth-project/berth/work/client"
)

// fault is an answer that is not what was asked for.
type fault struct {
	status int
	detail string
}

func (f *fault) Error() string { return f.detail }

var (
	faultSignIn   = &fault{http.StatusUnauthorized, "Sign in to see this."}
	faultNoMember = &fault{http.StatusForbidden, "You do not belong to this studio."}
	faultRole     = &fault{http.StatusForbidden, "Your role in this studio does not allow that."}
	faultNoPage   = &fault{http.StatusNotFound, "There is no such page."}
	faultNoRun    = &fault{http.StatusNotFound, "This studio has no such run."}
	faultNoFile   = &fault{http.StatusNotFound, "The run made no such file, or not yet."}
	faultTooLarge = &fault{http.StatusRequestEntityTooLarge, "The image is too large: up to 20 MiB are taken."}
	faultImage    = &fault{http.StatusUnprocessableEntity, "That is not a PNG or JPEG of up to 40 million pixels."}
	faultForm     = &fault{http.StatusBadRequest, "The form could not be read. Open the page again."}
	faultStreams  = &fault{http.StatusServiceUnavailable, "Too many pages are watching at the moment."}
	faultBusy     = &fault{http.StatusServiceUnavailable, "The engine cannot take this at the moment. Try again soon."}
	faultInternal = &fault{http.StatusInternalServerError, "Something went wrong here. Try again in a moment."}
)

// faultOf turns any error into what the caller is told.
func faultOf(err error) *fault {
	if f, ok := errors.AsType[*fault](err); ok {
		return f
	}
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return faultTooLarge
	}
	switch e, ok := errors.AsType[*client.Error](err); {
	case errors.Is(err, studio.ErrNotFound):
		return faultNoRun
	case errors.Is(err, picture.ErrRefused):
		return faultImage
	case ok && e.Temporary():
		return faultBusy
	case ok && e.Status == http.StatusConflict:
		return &fault{http.StatusConflict, e.Detail}
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

// fail answers an error as a page. What nobody foresaw is logged, and told to
// nobody.
func (a *App) fail(w http.ResponseWriter, r *http.Request, err error) {
	f := faultOf(err)
	id := r.Header.Get("X-Request-Id") // set by the gateway, which strips what clients send
	if (f == faultInternal || f == faultBusy) && r.Context().Err() == nil {
		a.cfg.Log.ErrorContext(r.Context(), "request failed", "request_id", id, "path", r.URL.Path, "error", err)
	}
	a.render(w, r, f.status, "message", view{
		Title: http.StatusText(f.status), Body: message{f.detail, id, f.status == http.StatusUnauthorized},
	})
}
