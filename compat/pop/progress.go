package pop

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/berth-project/berth/compat/pop/object"
	"github.com/berth-project/berth/compat/pop/translate"
	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/workflow/machine"
)

// postProgress keeps progress without an agenda: somebody else's work, or that of
// an agenda to come.
func (s *Service) postProgress(ctx context.Context, r *request, p *object.Progress) (*answer, error) {
	if err := s.stamp(p); err != nil {
		return nil, err
	}
	if !r.caller.may(Report, p.CustomerID) {
		return nil, forbid(Report, p.CustomerID)
	}
	if p.State == "" {
		p.State = object.Waiting
	}
	most := s.config.Attempts
	if p.MaximumAttempts == nil {
		p.MaximumAttempts = &most
	}
	for i := range p.Operations {
		if p.Operations[i].Operation == "" {
			return nil, refuse(http.StatusUnprocessableEntity, "operationProgress[%d]: operation is missing", i)
		}
		s.adopt(p, &p.Operations[i])
	}
	rec := &record{Progress: *p}
	if err := s.docs.saveRecord(ctx, rec); err != nil {
		return nil, err
	}
	a := objects([]any{p})
	a.etag = rec.version
	return a, nil
}

// adopt makes the progress of an operation that of an agenda's progress.
func (s *Service) adopt(p *object.Progress, o *object.OperationProgress) {
	o.ID = object.OperationProgressID(p.ID, o.Operation)
	o.AgendaProgressID, o.CustomerID, o.UpdatedTime = p.ID, p.CustomerID, s.now()
	if o.AddedTime == 0 {
		o.AddedTime = o.UpdatedTime
	}
	if o.State == "" {
		o.State = object.Waiting
	}
}

// putProgress changes the progress of an agenda. What its run decides is told to
// the run, as an executor does.
func (s *Service) putProgress(ctx context.Context, r *request) (*answer, error) {
	rec, err := s.ownRecord(ctx, r)
	if err != nil {
		return nil, err
	}
	o, err := object.KindProgress.Decode(r.body)
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "%v", err)
	}
	told := o.(*object.Progress)
	if rec.Run != 0 && tells(told) {
		if err := s.report(ctx, rec.Progress.ID, told, r); err != nil {
			return nil, err
		}
	}
	rec, err = s.docs.changeRecord(ctx, r.id, func(rec *record) (bool, error) {
		if err := r.matches(rec.version); err != nil && !tells(told) {
			return false, err
		}
		return true, errors.Join(s.change(rec, told, r), rec.bounded())
	})
	if err != nil {
		return nil, err
	}
	return s.tell(ctx, rec)
}

// tells reports whether progress says anything of a run.
func tells(p *object.Progress) bool {
	return p.State != "" || p.StateMessage != "" || p.PercentComplete != nil || len(p.Operations) > 0
}

// change writes a body into a record: of one with a run, what the run does not
// decide.
func (s *Service) change(rec *record, told *object.Progress, r *request) error {
	before := rec.Progress
	merged, err := merge(object.KindProgress, &before, r.body, s.config.Mode)
	if err != nil {
		return err
	}
	after := merged.(*object.Progress)
	if after.CustomerID != before.CustomerID && !r.caller.may(Report, after.CustomerID) {
		return forbid(Report, after.CustomerID)
	}
	if rec.Run != 0 && after.CustomerID != before.CustomerID {
		return refuse(http.StatusConflict, "progress %s belongs to the agenda's customer", before.ID)
	}
	after.Operations = before.Operations
	after.UpdatedTime = s.now()
	if rec.Run != 0 {
		after.State, after.StateMessage, after.PercentComplete = before.State, before.StateMessage, before.PercentComplete
		after.AgendaID, after.AgendaInsight, after.AttemptsCompleted = before.AgendaID, before.AgendaInsight, before.AttemptsCompleted
		rec.Progress = *after
		return check(&rec.Progress)
	}
	if before.State != object.Complete && after.State == object.Complete {
		done := 1
		if before.AttemptsCompleted != nil {
			done += *before.AttemptsCompleted
		}
		after.AttemptsCompleted = &done
	}
	rec.Progress = *after
	for i := range told.Operations {
		if err := s.keepOperation(&rec.Progress, told.Operations[i]); err != nil {
			return err
		}
	}
	return check(&rec.Progress)
}

// keepOperation writes what is told of an operation into progress without a run.
func (s *Service) keepOperation(p *object.Progress, told object.OperationProgress) error {
	if told.Operation == "" {
		return refuse(http.StatusUnprocessableEntity, "operationProgress: operation is missing")
	}
	for i := range p.Operations {
		if p.Operations[i].Operation != told.Operation {
			continue
		}
		body, err := encode(told)
		if err != nil {
			return err
		}
		merged, err := merge(object.KindOperationProgress, &p.Operations[i], body, s.config.Mode)
		if err != nil {
			return err
		}
		p.Operations[i] = *merged.(*object.OperationProgress)
		s.adopt(p, &p.Operations[i])
		return nil
	}
	if len(p.Operations) >= object.MaxOperations {
		return refuse(http.StatusUnprocessableEntity, "progress has %d operations, no more may be", len(p.Operations))
	}
	s.adopt(p, &told)
	p.Operations = append(p.Operations, told)
	return nil
}

// tell answers with the progress of a record as it is by now.
func (s *Service) tell(ctx context.Context, rec *record) (*answer, error) {
	p, _, err := s.current(ctx, rec)
	if err != nil {
		return nil, err
	}
	a := objects([]any{p})
	a.etag = rec.version
	return a, nil
}

// ownRecord reads the record that a request names and that its caller may report
// to.
func (s *Service) ownRecord(ctx context.Context, r *request) (*record, error) {
	rec, err := s.docs.loadRecord(ctx, r.id)
	if err != nil {
		return nil, err
	}
	if !r.caller.may(Report, rec.Progress.CustomerID) {
		return nil, forbid(Report, rec.Progress.CustomerID)
	}
	return rec, nil
}

// deleteProgress deletes the progress of an agenda, with that of its operations.
func (s *Service) deleteProgress(ctx context.Context, r *request) (*answer, error) {
	rec, err := s.ownRecord(ctx, r)
	if errors.Is(err, store.ErrNotFound) {
		return objects[any](nil), nil
	}
	if err != nil {
		return nil, err
	}
	if err := r.matches(rec.version); err != nil {
		return nil, err
	}
	p, status, err := s.current(ctx, rec)
	if err != nil {
		return nil, err
	}
	if rec.Pending || status != 0 && !status.Final() {
		return nil, refuse(http.StatusConflict, "agenda %s waits or runs: delete the agenda, or wait until it is complete", p.AgendaID)
	}
	if err := s.docs.remove(ctx, object.KindProgress, r.id); err != nil {
		return nil, err
	}
	return objects([]any{p}), nil
}

// waits reports whether a run has not been picked.
func waits(status machine.Status) bool { return status == machine.Held || status == machine.Queued }

// fold adds what an executor tells of operations and what the run does not keep:
// parameters and diagnostics. It says whether that is news.
func (s *Service) fold(rec *record, told *object.Progress) (news bool, err error) {
	p := &rec.Progress
	if len(told.Diagnostics) > 0 && !same(p.Diagnostics, told.Diagnostics) {
		p.Diagnostics, news = told.Diagnostics, true
	}
	places := map[string]int{}
	for i := range p.Operations {
		places[p.Operations[i].Operation] = i
	}
	for i := range told.Operations {
		o := &told.Operations[i]
		at, known := places[o.Operation]
		if !known || slices.Contains(rec.Foreign, o.Operation) {
			// The executor made it and nobody told the agenda: what it says is all
			// there is.
			if err := s.keepOperation(p, *o); err != nil {
				return false, err
			}
			if news = true; !known {
				rec.Foreign = append(rec.Foreign, o.Operation)
				places[o.Operation] = len(p.Operations) - 1
			}
			continue
		}
		mine := &p.Operations[at]
		if o.Params != nil && !same(mine.Params, o.Params) {
			mine.Params, news = o.Params, true
		}
		if len(o.Diagnostics) > 0 && !same(mine.Diagnostics, o.Diagnostics) {
			mine.Diagnostics, news = o.Diagnostics, true
		}
	}
	return news, nil
}

// same compares values by the JSON they are kept as.
func same(a, b any) bool {
	x, err := encode(a)
	if err != nil {
		return false
	}
	y, err := encode(b)
	return err == nil && string(x) == string(y)
}

// steps are the reports for the operations that the run knows.
func (rec *record) steps(told *object.Progress) []machine.StepReport {
	known := make(map[string]bool, len(rec.Progress.Operations))
	for i := range rec.Progress.Operations {
		name := rec.Progress.Operations[i].Operation
		known[name] = !slices.Contains(rec.Foreign, name)
	}
	var steps []machine.StepReport
	for i := range told.Operations {
		if o := &told.Operations[i]; known[o.Operation] && o.State != "" {
			steps = append(steps, translate.StepReport(o))
		}
	}
	return steps
}
