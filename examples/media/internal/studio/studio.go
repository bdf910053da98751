// Package studio is the pipeline as the app sees it: it submits runs to Berth's
// work API and reads what becomes of them, always for one tenant. The app's key
// may do everything for everybody; that a tenant's people see the runs of that
// tenant and no others is decided here, in one place.
package studio

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"

	"github.com/berth-project/berth/work/client"
)

// The names that berth.yaml and workflows/publish.json give.
const (
	Workflow = "publish"
	Queue    = "media"
)

// ErrNotFound says that a tenant has no such run.
var ErrNotFound = errors.New("no such run")

// Studio speaks to the work API.
type Studio struct {
	work *client.Client
}

// New returns a studio on a client of the work API.
func New(c *client.Client) *Studio { return &Studio{c} }

// Order asks for images to be made.
type Order struct {
	Source string // the id of an upload
	Title  string
	Widths []int  // nil for the workflow's own
	Key    string // the same order sent twice under one key is one run
}

func (o Order) submission(tenant string) client.Submission {
	params := map[string]any{"source": o.Source, "title": o.Title}
	if o.Widths != nil {
		params["widths"] = o.Widths
	}
	return client.Submission{Workflow: Workflow, Tenant: tenant, Params: params, IdempotencyKey: o.Key}
}

// Submit submits a run and gives its id.
func (s *Studio) Submit(ctx context.Context, tenant string, o Order) (string, error) {
	r, err := s.work.Submit(ctx, o.submission(tenant))
	return r.ID, err
}

// MaxFlood bounds how many runs are submitted at once.
const MaxFlood = 1000

// Flood submits the same order many times.
func (s *Studio) Flood(ctx context.Context, tenant string, o Order, n int) error {
	all := make([]client.Submission, min(max(n, 1), MaxFlood))
	for i := range all {
		one := o
		one.Key, one.Title = fmt.Sprintf("%s %d", o.Key, i), fmt.Sprintf("%s %d", o.Title, i+1)
		all[i] = one.submission(tenant)
	}
	receipts, err := s.work.SubmitAll(ctx, all)
	for _, r := range receipts {
		if r.Error != nil && err == nil {
			err = &client.Error{Status: r.Error.Status, Detail: r.Error.Detail}
		}
	}
	return err
}

// Run gives a run of the tenant with its steps; ErrNotFound for any other.
func (s *Studio) Run(ctx context.Context, tenant, id string) (client.Run, error) {
	r, err := s.work.Get(ctx, id)
	if client.IsNotFound(err) || err == nil && (r.Tenant != tenant || r.Workflow != Workflow) {
		return client.Run{}, ErrNotFound
	}
	return r, err
}

// Runs gives a page of the tenant's runs, newest first, and the cursor of the
// next.
func (s *Studio) Runs(ctx context.Context, tenant, cursor string, limit int) ([]client.Run, string, error) {
	q := of(tenant)
	q.Set("limit", strconv.Itoa(limit))
	if cursor != "" {
		q.Set("cursor", cursor)
	}
	return s.work.List(ctx, q)
}

// Cancel stops a run of the tenant.
func (s *Studio) Cancel(ctx context.Context, tenant, id, by string) error {
	return s.steer(ctx, tenant, id, "cancel", by)
}

// Retry runs again what did not succeed.
func (s *Studio) Retry(ctx context.Context, tenant, id, by string) error {
	return s.steer(ctx, tenant, id, "retry", by)
}

func (s *Studio) steer(ctx context.Context, tenant, id, verb, by string) error {
	if _, err := s.Run(ctx, tenant, id); err != nil {
		return err
	}
	_, err := s.work.Steer(ctx, id, verb, map[string]string{"reason": "asked by " + by})
	return err
}

// Watch calls seen for what happens to a run of the tenant, or to all of its
// runs when id is "". It returns when the run is final or the connection ends.
func (s *Studio) Watch(ctx context.Context, tenant, id string, seen func(client.Event) error) error {
	if id == "" {
		q := url.Values{"tenant": {tenant}, "kind": {"run"}}
		return s.work.Watch(ctx, "", q, seen)
	}
	if _, err := s.Run(ctx, tenant, id); err != nil {
		return err
	}
	return s.work.Watch(ctx, id, nil, seen)
}

func of(tenant string) url.Values {
	return url.Values{"tenant": {tenant}, "workflow": {Workflow}}
}
