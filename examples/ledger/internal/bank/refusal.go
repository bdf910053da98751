package bank

import (
	"errors"
	"fmt"
)

// Code is why something was refused.
type Code string

// The codes of refusals.
const (
	Invalid      Code = "invalid"
	NotFound     Code = "not_found"
	Forbidden    Code = "forbidden"
	Conflict     Code = "conflict"
	KeyReused    Code = "idempotency_key_reused"
	Insufficient Code = "insufficient_funds"
	NotOpen      Code = "account_not_open"
)

// Refusal is a request that the rules do not allow. Its message is for the
// person who asked.
type Refusal struct {
	Code    Code   `json:"code"`
	Message string `json:"message"`
}

// Error implements error.
func (r *Refusal) Error() string { return string(r.Code) + ": " + r.Message }

func refuse(code Code, format string, args ...any) error {
	return &Refusal{code, fmt.Sprintf(format, args...)}
}

// RefuseReusedKey is what becomes of an idempotency key that comes with
// something else than the first time.
func RefuseReusedKey() error {
	return refuse(KeyReused, "This idempotency key was used for something else.")
}

// RefuseUnknown is the answer for what is not there and for what the caller may
// not know of: the two must look alike.
func RefuseUnknown(what string) error { return refuse(NotFound, "There is no such %s.", what) }

// RefuseInput is the answer to something that could not be read.
func RefuseInput(message string) error { return refuse(Invalid, "%s", message) }

// RefuseRole is the answer to somebody whose role does not cover something.
func RefuseRole(message string) error { return refuse(Forbidden, "%s", message) }

// AsRefusal returns the refusal err is, nil when it is none.
func AsRefusal(err error) *Refusal {
	r, _ := errors.AsType[*Refusal](err)
	return r
}
