package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/berth-project/berth/internal/jsonscan"
	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/engine"
)

// submit takes a run, or a batch of them.
func (c *call) submit() (any, error) {
	if isBatch(c.body) {
		return c.submitBatch()
	}
	var s work.Submission
	if err := c.read(&s); err != nil {
		return nil, err
	}
	if err := c.own(&s); err != nil {
		return nil, err
	}
	receipts, err := c.e.Submit(c.r.Context(), []work.Submission{s})
	if err != nil {
		return nil, err
	}
	if p := receipts[0].Error; p != nil {
		return nil, p
	}
	return c.received(receipts[0])
}

// received answers 201 for a run that is new, 200 for one that was there.
func (c *call) received(r work.Receipt) (any, error) {
	c.w.Header().Set("Location", Base+"/runs/"+r.ID.String())
	if r.Duplicate {
		c.write(http.StatusOK, r)
		return nil, nil //nolint:nilnil // it has written for itself
	}
	return r, nil
}

// batch is several submissions.
type batch struct {
	Runs []work.Submission `json:"runs"`
}

// isBatch tells {"runs": […]} from a submission.
func isBatch(body []byte) bool {
	if !bytes.Contains(body, []byte(`"runs"`)) {
		return false
	}
	_, is := jsonscan.Member(json.RawMessage(body), "runs")
	return is
}

type receiptPage struct {
	Receipts []work.Receipt `json:"receipts"`
}

// submitBatch takes what can be taken, and says of each what became of it.
func (c *call) submitBatch() (any, error) {
	var b batch
	if err := c.read(&b); err != nil {
		return nil, err
	}
	if len(b.Runs) == 0 || len(b.Runs) > engine.MaxBatch {
		return nil, fmt.Errorf("%w: runs: %d of them; 1 to %d are taken at once", work.ErrInvalid, len(b.Runs), engine.MaxBatch)
	}
	for i := range b.Runs {
		if err := c.own(&b.Runs[i]); err != nil {
			return nil, fmt.Errorf("runs[%d]: %w", i, err)
		}
	}
	receipts, err := c.e.Submit(c.r.Context(), b.Runs)
	if err != nil {
		return nil, err
	}
	c.submitElsewhere(b.Runs, receipts)
	for i := range receipts {
		receipts[i].Error = c.refused(receipts[i].Error)
	}
	c.write(http.StatusOK, receiptPage{receipts})
	return nil, nil //nolint:nilnil // it has written for itself
}

// submitElsewhere gives the part of a batch whose queues belong to other
// engines to those, and puts their receipts in place.
func (c *call) submitElsewhere(subs []work.Submission, receipts []work.Receipt) {
	if c.r.Header.Get(hop) != "" {
		return
	}
	parts := map[string][]int{}
	for i := range receipts {
		var owner *engine.OwnerError
		if errors.As(problemOf(receipts[i]), &owner) && owner.Addr != "" {
			parts[owner.Addr] = append(parts[owner.Addr], i)
		}
	}
	ctx, cancel := context.WithTimeout(c.r.Context(), forwardTimeout)
	defer cancel()
	for addr, places := range parts {
		part := batch{Runs: make([]work.Submission, len(places))}
		for k, i := range places {
			part.Runs[k] = subs[i]
		}
		var page receiptPage
		err := c.askPeer(ctx, http.MethodPost, addr, "/runs", part, &page)
		if err == nil && len(page.Receipts) != len(places) {
			err = fmt.Errorf("%w: the engine at %s answered %d receipts for %d runs", work.ErrBusy, addr, len(page.Receipts), len(places))
		}
		for k, i := range places {
			if err != nil {
				receipts[i].Error = work.NewProblem(statusOf(err), err)
			} else {
				receipts[i] = page.Receipts[k]
			}
		}
	}
}

// problemOf is why a run was refused, nil when it was not.
func problemOf(r work.Receipt) error {
	if r.Error == nil {
		return nil
	}
	return r.Error
}

// own checks that the caller may submit for the tenant, and fills in the
// tenant of a caller who has only one.
func (c *call) own(s *work.Submission) error {
	if s.Tenant == "" {
		tenants := c.caller.tenants(Submit)
		switch {
		case len(tenants) == 1:
			s.Tenant = tenants[0]
		case !c.caller.Admin && len(tenants) == 0:
			return &statusError{http.StatusForbidden, errors.New("you may not submit runs")}
		default:
			return fmt.Errorf("%w: tenant: say whose the run is", work.ErrInvalid)
		}
	}
	if !c.caller.May(Submit, s.Tenant) {
		return forbidden(Submit, s.Tenant)
	}
	if s.Parent != 0 && !c.caller.Admin {
		return &statusError{http.StatusForbidden, errors.New("parent: only the engine says whom a run works for")}
	}
	s.By = c.caller.Name
	return nil
}

// plan says what a submission would become. What it says of queues that the
// tenant may not use is for operators.
func (c *call) plan() (any, error) {
	var s work.Submission
	if err := c.read(&s); err != nil {
		return nil, err
	}
	if err := c.own(&s); err != nil {
		return nil, err
	}
	planned, err := c.e.Plan(c.r.Context(), s)
	if err != nil || c.caller.Admin {
		return planned, err
	}
	queues := []engine.Candidate{}
	for _, q := range planned.Queues {
		if !q.Closed {
			queues = append(queues, q)
		}
	}
	planned.Queues = queues
	return planned, nil
}
