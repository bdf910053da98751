package pop

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/berth-project/berth/compat/pop/object"
	"github.com/berth-project/berth/compat/pop/token"
	"github.com/berth-project/berth/compat/pop/translate"
	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/shard"
	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/workflow"
)

// submission says how an agenda is submitted.
type submission struct {
	caller *Caller
	cid    string
	// allowed narrows the insights that may take the agenda; nil does not.
	allowed func(*object.Insight) bool
}

// submit keeps an agenda with its progress and gives its run to the engine. The
// record of the progress is marked pending until the run is known to be taken, so
// that whoever comes after a crash can submit it again: the engine knows an agenda
// by its idempotency key and takes it once.
func (s *Service) submit(ctx context.Context, a *object.Agenda, how submission) error {
	a.ID = newID() // always a new one
	if err := s.prepare(a, how.cid); err != nil {
		return err
	}
	if !how.caller.may(Submit, a.CustomerID) {
		return forbid(Submit, a.CustomerID)
	}
	insight, err := s.choose(ctx, a, how.allowed)
	if err != nil {
		return err
	}
	a.AgendaInsight = &object.AgendaInsight{ResourcePoolID: insight.ResourcePoolID, InsightID: insight.ID}
	if err := s.keepQueue(ctx, insight, a.CustomerID); err != nil {
		return err
	}
	r, err := s.newRecord(ctx, a, how.caller)
	if err != nil {
		return err
	}
	sub, err := s.submissionOf(a, how.caller.Name)
	if err != nil {
		return err
	}
	if _, err := s.engine.Plan(ctx, sub); err != nil {
		return err // before anything is kept
	}
	if err := s.docs.saveRecord(ctx, r); err != nil {
		return err
	}
	if _, err := s.docs.save(ctx, object.KindAgenda, a, newDocument); err != nil {
		return err
	}
	return s.start(ctx, a, r, sub)
}

// prepare fills what an agenda does not say and checks it.
func (s *Service) prepare(a *object.Agenda, cid string) error {
	a.AddedTime = s.now()
	a.UpdatedTime = a.AddedTime
	if a.CID == "" {
		a.CID = cid
	}
	if a.Params == nil {
		a.Params = object.Params{}
	}
	// Only tokens are read as the mode says: what dependsOn names must be there
	// in any case, as the run would wait for it forever.
	if err := a.Validate(token.Native); err != nil {
		return err
	}
	return a.Validate(s.config.Mode)
}

// newRecord makes the record of an agenda's progress, or takes over the one that
// the agenda names.
func (s *Service) newRecord(ctx context.Context, a *object.Agenda, c *Caller) (*record, error) {
	r := &record{Pending: true}
	if a.ProgressID == "" {
		a.ProgressID = newID()
		r.Progress = *translate.NewProgress(a, s.config.Attempts)
		return r, nil
	}
	taken, err := s.docs.loadRecord(ctx, a.ProgressID)
	switch {
	case errors.Is(err, store.ErrNotFound):
		r.Progress = *translate.NewProgress(a, s.config.Attempts)
		return r, nil
	case err != nil:
		return nil, err
	case taken.Progress.CustomerID != a.CustomerID || !c.may(Submit, taken.Progress.CustomerID):
		return nil, forbid(Submit, taken.Progress.CustomerID)
	case taken.Run != 0 || taken.Pending:
		return nil, refuse(http.StatusConflict, "progress %s is that of agenda %s", a.ProgressID, taken.Progress.AgendaID)
	}
	taken.Pending, taken.Carry, taken.taken = true, true, true
	taken.Progress.AgendaID, taken.Progress.AgendaInsight = a.ID, a.AgendaInsight
	taken.Progress.Operations = complete(taken.Progress, a)
	return taken, nil
}

// complete returns the progress of the operations of an agenda, as far as there is
// some, and behind it what there is of others.
func complete(p object.Progress, a *object.Agenda) []object.OperationProgress {
	known := map[string]object.OperationProgress{}
	for _, o := range p.Operations {
		known[o.Operation] = o
	}
	list := make([]object.OperationProgress, 0, len(a.Operations))
	for i := range a.Operations {
		name := a.Operations[i].Name
		o, ok := known[name]
		if !ok {
			o = translate.NewOperationProgress(&p, name)
		}
		delete(known, name)
		list = append(list, o)
	}
	for _, o := range p.Operations {
		if _, other := known[o.Operation]; other {
			list = append(list, o)
		}
	}
	return list
}

// submissionOf is what the engine is asked for an agenda.
func (s *Service) submissionOf(a *object.Agenda, by string) (work.Submission, error) {
	w, err := translate.Agenda(a, s.config.Attempts)
	if err != nil {
		return work.Submission{}, refuse(http.StatusUnprocessableEntity, "%v", err)
	}
	document, err := encode(w.Document)
	if err != nil {
		return work.Submission{}, err
	}
	return work.Submission{
		Document: document, Tenant: a.CustomerID, Params: w.Params, Labels: w.Labels, Hold: w.Hold, By: by,
		Queue: translate.ObjectName(a.AgendaInsight.InsightID), IdempotencyKey: idempotencyKey(a.ID),
	}, nil
}

// idempotencyKey is what the engine knows the submission of an agenda by.
func idempotencyKey(agendaID string) string { return "pop/" + agendaID }

// start submits the run of an agenda and notes it. What is kept of one that the
// engine refuses is deleted again. Where it is not known whether the engine took
// it, and where that cannot be noted, it stays pending.
func (s *Service) start(ctx context.Context, a *object.Agenda, r *record, sub work.Submission) error {
	receipts, err := s.engine.Submit(ctx, []work.Submission{sub})
	if err == nil && receipts[0].Error != nil {
		err = receipts[0].Error
	}
	if err != nil {
		if codeOf(err) != http.StatusInternalServerError && ctx.Err() == nil {
			s.discard(ctx, a, r)
		}
		return err
	}
	if err := s.started(ctx, r.Progress.ID, receipts[0].ID); err != nil {
		s.log.Warn("the run of an agenda is not noted yet", "agenda", a.ID, "run", receipts[0].ID, "error", err)
	}
	return nil
}

// started notes the run of a progress.
func (s *Service) started(ctx context.Context, progressID string, run workflow.RunID) error {
	_, err := s.docs.changeRecord(ctx, progressID, func(r *record) (bool, error) {
		r.Run, r.Pending, r.Closed = run, false, false
		return true, nil
	})
	return err
}

// cleanup is how long may be spent on what must be done after a request failed.
const cleanup = 5 * time.Second

// discard deletes what was kept of an agenda that was refused; progress that it took
// over is as it was, but for the agenda's name.
func (s *Service) discard(ctx context.Context, a *object.Agenda, r *record) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanup)
	defer cancel()
	err := s.docs.remove(ctx, object.KindAgenda, a.ID)
	if r.taken {
		r.Pending = false
		err = errors.Join(err, s.docs.saveRecord(ctx, r))
	} else {
		err = errors.Join(err, s.docs.remove(ctx, object.KindProgress, r.Progress.ID))
	}
	if err != nil {
		s.log.Warn("an agenda that was refused is kept", "agenda", a.ID, "error", err)
	}
}

// withdraw takes the run of an agenda that is to be deleted out of its queue. One
// that runs goes on, as in POP: its progress tells what becomes of it.
func (s *Service) withdraw(ctx context.Context, c *Caller, a *object.Agenda) error {
	r, err := s.docs.loadRecord(ctx, a.ProgressID)
	if errors.Is(err, store.ErrNotFound) || err == nil && r.Run == 0 {
		return nil
	}
	if err != nil {
		return err
	}
	_, status, err := s.current(ctx, r)
	if err != nil {
		return err
	}
	if !waits(status) {
		return nil
	}
	err = s.engine.Control(ctx, shard.Order{Verb: shard.Cancel, Run: r.Run, By: c.Name, Reason: "its agenda was deleted"})
	if errors.Is(err, work.ErrNotFound) || errors.Is(err, work.ErrConflict) {
		return nil // it is gone, or ended meanwhile
	}
	return err
}
