package pop

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"

	"github.com/berth-project/berth/compat/pop/object"
	"github.com/berth-project/berth/compat/pop/translate"
	"github.com/berth-project/berth/work/shard"
	"github.com/berth-project/berth/workflow/machine"
)

// run submits the agenda that a template makes of a payload. The caller must be
// allowed to submit for the customer whose agenda it becomes.
func (s *Service) run(ctx context.Context, r *request) (*answer, error) {
	var asked struct {
		TemplateID string  `json:"agendaTemplateId"`
		Payload    *string `json:"payload"`
	}
	if err := r.into(&asked); err != nil {
		return nil, err
	}
	if asked.TemplateID == "" || asked.Payload == nil {
		return nil, refuse(http.StatusUnprocessableEntity, "agendaTemplateId and payload, a text with JSON, are needed")
	}
	if !json.Valid([]byte(*asked.Payload)) {
		return nil, refuse(http.StatusUnprocessableEntity, "payload is a text that is no JSON")
	}
	o, _, err := s.docs.load(ctx, object.KindTemplate, asked.TemplateID)
	if err != nil {
		return nil, err
	}
	template := o.(*object.Template)
	if !r.caller.as(Read).Reads(template) {
		return nil, forbid(Read, template.CustomerID)
	}
	a, err := template.Run(s.config.Mode, json.RawMessage(*asked.Payload))
	if err != nil {
		return nil, err
	}
	if a.Title == "" {
		a.Title = template.Title
	}
	if err := s.submit(ctx, a, submission{caller: r.caller, cid: r.cid}); err != nil {
		return nil, err
	}
	return &answer{Agendas: []any{a}, All: []any{a}}, nil
}

// rerun runs an agenda again, whole or in part.
func (s *Service) rerun(ctx context.Context, r *request) (*answer, error) {
	var asked struct {
		AgendaID string   `json:"agendaId"`
		Params   []string `json:"params"`
	}
	if err := r.into(&asked); err != nil {
		return nil, err
	}
	how, err := object.ParseRerun(s.config.Mode, asked.Params)
	if err != nil {
		return nil, err
	}
	a, err := s.ownAgenda(ctx, r.caller, asked.AgendaID, Rerun)
	if err != nil {
		return nil, err
	}
	rec, err := s.docs.loadRecord(ctx, a.ProgressID)
	if err != nil {
		return nil, err
	}
	if rec.Run == 0 {
		return nil, refuse(http.StatusConflict, "agenda %s has no run yet", a.ID)
	}
	if !how.ResetAll && how.Reset == nil {
		return &answer{}, s.retry(ctx, a, rec, r.caller, how)
	}
	return &answer{}, s.reset(ctx, a, rec, r.caller, how)
}

// ownAgenda reads an agenda that the caller may do something with.
func (s *Service) ownAgenda(ctx context.Context, c *Caller, id string, what Action) (*object.Agenda, error) {
	if id == "" {
		return nil, refuse(http.StatusBadRequest, "agendaId is missing")
	}
	o, _, err := s.docs.load(ctx, object.KindAgenda, id)
	if err != nil {
		return nil, err
	}
	a := o.(*object.Agenda)
	if !c.may(what, a.CustomerID) {
		return nil, forbid(what, a.CustomerID)
	}
	return a, nil
}

// retry goes on from the operations that succeeded. Of an agenda that succeeded
// there is nothing to go on with, one that is held is queued, and one that waits or
// runs goes on by itself.
func (s *Service) retry(ctx context.Context, a *object.Agenda, rec *record, c *Caller, how object.Rerun) error {
	_, status, err := s.current(ctx, rec)
	if err != nil {
		return err
	}
	if status == 0 && rec.Closed {
		run, err := s.engine.Get(ctx, rec.Run, nil)
		if err != nil {
			return err
		}
		status = run.Status
	}
	hold := how.SkipExecution || a.Params.Has(object.ParamDoNotRun)
	order := shard.Order{Verb: shard.Retry, Run: rec.Run, By: c.Name, Hold: hold}
	switch {
	case status == machine.Succeeded, status == machine.Held && hold:
		return nil
	case status == machine.Held:
		order.Verb = shard.Release
	case !status.Final():
		return refuse(http.StatusConflict, "agenda %s waits or runs: it goes on by itself", a.ID)
	}
	if err := s.engine.Control(ctx, order); err != nil {
		return err
	}
	return s.reopened(ctx, rec, nil)
}

// reset runs operations again: those that were named, what depends on them, and not
// what they had generated, which is taken out of the agenda. The run is held until
// that is done, as it may generate the same again at once. Whoever asks and gets no
// answer may ask again.
func (s *Service) reset(ctx context.Context, a *object.Agenda, rec *record, c *Caller, how object.Rerun) error {
	closure, err := a.Closure(s.config.Mode, how)
	if err != nil {
		return err
	}
	order := shard.Order{Verb: shard.Reset, Run: rec.Run, By: c.Name, Hold: true}
	if !how.ResetAll {
		for _, name := range closure.Reset {
			order.Steps = append(order.Steps, translate.StepName(name))
		}
	}
	if err := s.engine.Control(ctx, order); err != nil {
		return err
	}
	if len(closure.Delete) > 0 {
		_, err := s.docs.changeAgenda(ctx, a.ID, func(a *object.Agenda) {
			a.Operations = slices.DeleteFunc(a.Operations, func(o object.Operation) bool { return slices.Contains(closure.Delete, o.Name) })
			a.UpdatedTime = s.now()
		})
		if err != nil {
			return err
		}
	}
	if err := s.reopened(ctx, rec, &closure); err != nil || how.SkipExecution || a.Params.Has(object.ParamDoNotRun) {
		return err
	}
	return s.engine.Control(ctx, shard.Order{Verb: shard.Release, Run: rec.Run, By: c.Name})
}

// reopened notes that a run goes on: operations that were reset are as they were
// before they ran, those that were deleted are gone.
func (s *Service) reopened(ctx context.Context, rec *record, closure *object.Closure) error {
	_, err := s.docs.changeRecord(ctx, rec.Progress.ID, func(rec *record) (bool, error) {
		rec.Closed = false
		p := &rec.Progress
		p.UpdatedTime, p.Diagnostics = s.now(), nil
		p.State, p.StateMessage = object.Waiting, object.Pending
		if closure == nil {
			return true, nil
		}
		p.Operations = slices.DeleteFunc(p.Operations, func(o object.OperationProgress) bool { return slices.Contains(closure.Delete, o.Operation) })
		for i := range p.Operations {
			if o := &p.Operations[i]; slices.Contains(closure.Reset, o.Operation) {
				o.Reset()
				o.Params = nil
			}
		}
		return true, nil
	})
	return err
}

// summary tells what became of all agendas of one link id.
func (s *Service) summary(ctx context.Context, r *request) (*answer, error) {
	var asked struct {
		LinkID string `json:"linkId"`
	}
	if err := r.into(&asked); err != nil {
		return nil, err
	}
	if asked.LinkID == "" {
		return nil, refuse(http.StatusUnprocessableEntity, "linkId is missing")
	}
	q := object.Query{Matches: []object.Match{{Attribute: "linkId", Value: asked.LinkID}}, Limit: object.MaxLimit}
	all, err := s.find(ctx, &request{caller: r.caller, kind: object.KindProgress}, q)
	if err != nil {
		return nil, err
	}
	list := make([]*object.Progress, 0, len(all))
	for _, f := range all {
		list = append(list, f.object.(*object.Progress))
	}
	sum := object.Summarise(list)
	return &answer{ProgressList: list, State: string(sum.State), Percent: sum.Percent}, nil
}
