package pop

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/berth-project/berth/compat/pop/object"
	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/store"
)

// problem is an error with POP's response code, which is HTTP's status too.
type problem struct {
	code int
	text string
	// envelope is the code that POP has where it is another.
	envelope int
}

// Error implements error.
func (p *problem) Error() string { return p.text }

func refuse(code int, format string, args ...any) error {
	return &problem{code: code, text: fmt.Sprintf(format, args...)}
}

// codes are the codes of errors of the packages below.
var codes = []struct {
	err  error
	code int
}{
	{ErrUnauthorized, http.StatusUnauthorized},
	{work.ErrNotFound, http.StatusNotFound},
	{store.ErrNotFound, http.StatusNotFound},
	{work.ErrStale, http.StatusConflict},
	{work.ErrConflict, http.StatusConflict},
	{store.ErrVersion, http.StatusConflict},
	{work.ErrInvalid, http.StatusUnprocessableEntity},
	{work.ErrQuota, http.StatusTooManyRequests},
	{work.ErrBusy, http.StatusServiceUnavailable},
	{work.ErrNotOwner, http.StatusServiceUnavailable},
	{context.DeadlineExceeded, http.StatusServiceUnavailable},
	{context.Canceled, http.StatusServiceUnavailable},
}

// codeOf returns the response code of an error.
func codeOf(err error) int {
	var p *problem
	var invalid *object.ValidationError
	var field *object.FieldError
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &p):
		return p.code
	case errors.As(err, &invalid):
		return http.StatusUnprocessableEntity
	case errors.As(err, &field):
		return http.StatusBadRequest
	case errors.As(err, &tooLarge):
		return http.StatusRequestEntityTooLarge
	}
	for _, c := range codes {
		if errors.Is(err, c.err) {
			return c.code
		}
	}
	return http.StatusInternalServerError
}

// title is the class of exception that POP names for a code.
func title(code int) string {
	switch code {
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge:
		return "BadRequestException"
	case http.StatusUnauthorized, http.StatusForbidden:
		return "UnauthorizedException"
	case http.StatusNotFound:
		return "ObjectNotFoundException"
	case http.StatusUnprocessableEntity:
		return "ValidationException"
	case http.StatusMethodNotAllowed:
		return "MethodNotAllowedException"
	case http.StatusConflict, http.StatusPreconditionFailed:
		return "ConflictException"
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return "ServiceUnavailableException"
	}
	return "RuntimeServiceException"
}
