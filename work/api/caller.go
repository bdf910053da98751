package api

import (
	"errors"
	"slices"
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
	return c.Admin || a != Admin && slices.Contains(c.Tenants[tenant], a)
}

// reads says whether the caller may read anything at all: a worker may not.
func (c *Caller) reads() bool { return c.Admin || len(c.tenants(Read)) > 0 }

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
