package object

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/berth-project/berth/gateway/static"
)

// serveFile sends a file of the private directory.
func (h *Handler) serveFile(w http.ResponseWriter, r *http.Request, ref Ref, app http.Header) error {
	name, err := url.PathUnescape(strings.TrimPrefix(ref.Path, "/"))
	if err != nil {
		return refuse(CodeMalformed, "path is not percent-encoded properly")
	}
	restore := keepAppHeader(w.Header(), app)
	setPrivate(w.Header())
	err = h.files.Serve(w, asDownload(r), name)
	if err == nil {
		return nil
	}
	restore()
	return fromStatic(err)
}

// fromStatic gives an error of the file server its code.
func fromStatic(err error) error {
	refusal, ok := errors.AsType[*static.Error](err)
	if !ok {
		return &Error{Code: CodeInternal, Status: http.StatusInternalServerError, Err: err}
	}
	code := CodeInternal
	switch refusal.Status {
	case http.StatusNotFound:
		code = CodeNotFound
	case http.StatusRequestedRangeNotSatisfiable:
		code = CodeRange
	case http.StatusPreconditionFailed:
		code = CodePrecondition
	}
	return &Error{Code: code, Status: refusal.Status, Err: refusal.Err}
}

// asDownload turns a request of another method, such as the POST of a form that
// ends in a download, into the plain GET it stands for.
func asDownload(r *http.Request) *http.Request {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return r
	}
	get := *r
	get.Method = http.MethodGet
	get.Header = r.Header.Clone()
	for _, name := range requestConditions {
		get.Header.Del(name)
	}
	return &get
}
