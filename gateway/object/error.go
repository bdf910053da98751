package object

import (
	"fmt"
	"net/http"
)

// Code is the stable name of what went wrong with an object.
type Code string

const (
	// CodeMalformed: the reference is not one (502, the app's fault).
	CodeMalformed Code = "object_reference_malformed"
	// CodeRefused: the scheme, host, port, path or address is not allowed (502).
	CodeRefused Code = "object_refused"
	// CodeNotFound: no such object, or the origin does not let it be read (404).
	CodeNotFound Code = "object_not_found"
	// CodeRange: none of the ranges asked for is in the object (416).
	CodeRange Code = "object_range"
	// CodePrecondition: If-Match or If-Unmodified-Since does not hold (412).
	CodePrecondition Code = "object_precondition"
	// CodeDial: the origin could not be reached, or its certificate did not
	// verify (502).
	CodeDial Code = "object_dial"
	// CodeTimeout: the origin took too long (504).
	CodeTimeout Code = "object_timeout"
	// CodeOrigin: the origin answered with a status that is not passed on, or
	// with something that is not HTTP (502).
	CodeOrigin Code = "object_origin"
	// CodeBroken: the body ended early, on either side.
	CodeBroken Code = "object_broken"
	// CodeCanceled: the client went away (499).
	CodeCanceled Code = "object_canceled"
	// CodeInternal: the directory could not be read (500).
	CodeInternal Code = "object_internal"
)

// Error says why an object was not sent. Its text names the origin's host at
// most: never the path or query, which may hold a signature.
type Error struct {
	// Code is the kind.
	Code Code
	// Status is the HTTP status to answer with.
	Status int
	// Written says that the response had begun: all that is left to do is to
	// break the connection.
	Written bool
	// Err is the cause. Not for the client.
	Err error
}

// Error implements error.
func (e *Error) Error() string {
	if e.Err == nil {
		return string(e.Code)
	}
	return fmt.Sprintf("%s: %v", e.Code, e.Err)
}

func refuse(code Code, format string, args ...any) error {
	return &Error{Code: code, Status: http.StatusBadGateway, Err: fmt.Errorf(format, args...)}
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }
