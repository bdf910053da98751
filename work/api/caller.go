package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/berth-project/berth/work"
)

// Action is something a caller may do for a tenant.
type Action string

// The actions.
const (
	Submit Action = "run:submit"
	Read   Action = "run:read"
	Rerun  Action = "run:rerun" // retry, reset, skip, extend
	Cancel Action = "run:cancel"
	Signal Action = "run:signal" // signals and approvals
	Define Action = "workflow:define"
	Pull   Action = "pool:pull"   // for a pool, not a tenant
	Report Action = "pool:report" // for a pool, not a tenant
	Admin  Action = "admin"       // everything, for all tenants
)

// Actions lists all actions.
func Actions() []Action {
	return []Action{Submit, Read, Rerun, Cancel, Signal, Define, Pull, Report, Admin}
}

// Caller is whose a request is.
type Caller struct {
	// Name is for histories and logs.
	Name string `json:"name"`
	// Admin may do everything for everybody.
	Admin bool `json:"admin,omitempty"`
	// Tenants holds what the caller may do for each tenant.
	Tenants map[string][]Action `json:"tenants,omitempty"`
	// Pools are those a worker may pull from and report to.
	Pools []string `json:"pools,omitempty"`
}

// May says whether the caller may do something for a tenant.
func (c *Caller) May(a Action, tenant string) bool {
	return c.Admin || slices.Contains(c.Tenants[tenant], a)
}

// tenants gives those the caller may do something for; nil means all.
func (c *Caller) tenants(a Action) []string {
	if c.Admin {
		return nil
	}
	list := []string{}
	for t, actions := range c.Tenants {
		if slices.Contains(actions, a) {
			list = append(list, t)
		}
	}
	slices.Sort(list)
	return list
}

// serves says whether the caller may work for a pool.
func (c *Caller) serves(pool string) bool { return c.Admin || slices.Contains(c.Pools, pool) }

// ErrUnknownCaller says that a request is nobody's: 401.
var ErrUnknownCaller = errors.New("no valid credentials: send an API key as Authorization: Bearer KEY, or sign in")

// forbidden is what a caller gets who may read something but not do this.
func forbidden(a Action, tenant string) error {
	return &statusError{http.StatusForbidden, fmt.Errorf("you may not %s for tenant %q", a, tenant)}
}

// adminOnly refuses everybody else.
func adminOnly(c *Caller) error {
	if c.Admin {
		return nil
	}
	return &statusError{http.StatusForbidden, errors.New("this is for operators: it needs the action admin")}
}

// statusError is an error with its HTTP status.
type statusError struct {
	status int
	err    error
}

func (s *statusError) Error() string { return s.err.Error() }
func (s *statusError) Unwrap() error { return s.err }

// statusOf gives errors of package work their HTTP status.
func statusOf(err error) int {
	var s *statusError
	var p *work.Problem
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &s):
		return s.status
	case errors.As(err, &p):
		return p.Status
	case errors.As(err, &tooLarge):
		return http.StatusRequestEntityTooLarge
	case errors.Is(err, work.ErrNotFound):
		return http.StatusNotFound
	case errors.Is(err, work.ErrConflict), errors.Is(err, work.ErrStale):
		return http.StatusConflict
	case errors.Is(err, work.ErrInvalid):
		return http.StatusUnprocessableEntity
	case errors.Is(err, work.ErrQuota):
		return http.StatusTooManyRequests
	case errors.Is(err, work.ErrBusy), errors.Is(err, work.ErrNotOwner), errors.Is(err, context.DeadlineExceeded):
		return http.StatusServiceUnavailable
	case errors.Is(err, context.Canceled):
		return 499 // the client went away
	}
	return http.StatusInternalServerError
}
