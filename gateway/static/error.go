package static

import (
	"errors"
	"io/fs"
	"net/http"
	"syscall"
)

// Error says that a path cannot be served.
type Error struct {
	// Status is the HTTP status to answer with.
	Status int
	// Err is the cause; nil for plain absence. Not for the client.
	Err error
}

// Error implements error.
func (e *Error) Error() string {
	if e.Err != nil {
		return e.Err.Error()
	}
	return "static: " + http.StatusText(e.Status)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

func notFound(cause error) error { return &Error{Status: http.StatusNotFound, Err: cause} }

func isNotFound(err error) bool {
	refusal, ok := errors.AsType[*Error](err)
	return ok && refusal.Status == http.StatusNotFound
}

// fromFS maps an error of the file system. Only trouble of the machine itself
// is told apart from absence; that a file exists but may not be read, or lies
// outside, is nobody's business.
func fromFS(err error) error {
	for _, trouble := range []error{syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM, syscall.EIO} {
		if errors.Is(err, trouble) {
			return &Error{Status: http.StatusInternalServerError, Err: err}
		}
	}
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return notFound(nil)
	}
	return notFound(err)
}

// plainError is the default of Config.Error.
func plainError(w http.ResponseWriter, _ *http.Request, status int) {
	http.Error(w, http.StatusText(status), status)
}
