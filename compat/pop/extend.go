package pop

import (
	"context"
	"maps"
	"net/http"
	"slices"

	"github.com/berth-project/berth/compat/pop/object"
	"github.com/berth-project/berth/compat/pop/token"
	"github.com/berth-project/berth/compat/pop/translate"
	"github.com/berth-project/berth/work/shard"
	"github.com/berth-project/berth/workflow"
)

// updateAgenda adds operations and parameters to an agenda that runs. Operations
// that it has from the same generator are left out, so that an executor may ask
// twice.
func (s *Service) updateAgenda(ctx context.Context, r *request) (*answer, error) {
	var asked struct {
		AgendaID   string             `json:"agendaId"`
		Operations []object.Operation `json:"operations"`
		Params     object.Params      `json:"params"`
	}
	if err := r.into(&asked); err != nil {
		return nil, err
	}
	if asked.AgendaID == "" || len(asked.Operations) == 0 {
		return nil, refuse(http.StatusUnprocessableEntity, "agendaId and at least one of operations are needed")
	}
	o, _, err := s.docs.load(ctx, object.KindAgenda, asked.AgendaID)
	if err != nil {
		return nil, err
	}
	a := o.(*object.Agenda)
	if !r.caller.may(Submit, a.CustomerID) {
		p := &object.Progress{AgendaInsight: a.AgendaInsight}
		if err := s.mayReport(ctx, r.caller, p); err != nil {
			return nil, err
		}
	}
	a, err = s.extend(ctx, a.ID, asked.Operations, asked.Params, r.caller.Name)
	if err != nil {
		return nil, err
	}
	return &answer{Agenda: a}, nil
}

// extend adds operations to an agenda and its run.
func (s *Service) extend(ctx context.Context, agendaID string, more []object.Operation, params object.Params, by string) (*object.Agenda, error) {
	o, _, err := s.docs.load(ctx, object.KindAgenda, agendaID)
	if err != nil {
		return nil, err
	}
	grown := *o.(*object.Agenda)
	grown.Operations = append(grown.Operations[:len(grown.Operations):len(grown.Operations)], newOperations(&grown, more)...)
	if err := grown.Validate(token.Native); err != nil {
		return nil, err
	}
	rec, err := s.docs.loadRecord(ctx, grown.ProgressID)
	if err != nil {
		return nil, err
	}
	if rec.Run == 0 {
		return nil, refuse(http.StatusConflict, "agenda %s has no run yet", agendaID)
	}
	if err := s.extendRun(ctx, rec.Run, more, by); err != nil {
		return nil, err
	}
	return s.docs.grow(ctx, agendaID, more, params, s.now())
}

// newOperations are those that an agenda does not have from the same generator.
func newOperations(a *object.Agenda, more []object.Operation) []object.Operation {
	var fresh []object.Operation
	for _, o := range more {
		if have := a.Operation(o.Name); have != nil && have.GeneratedBy() != "" && have.GeneratedBy() == o.GeneratedBy() {
			continue
		}
		fresh = append(fresh, o)
	}
	return fresh
}

// extendRun adds steps to a run, for each generator on its own.
func (s *Service) extendRun(ctx context.Context, run workflow.RunID, more []object.Operation, by string) error {
	view, err := s.engine.Get(ctx, run, nil)
	if err != nil {
		return err
	}
	var parents []string
	byParent := map[string][]object.Operation{}
	for _, o := range more {
		parent := o.GeneratedBy()
		if _, ok := byParent[parent]; !ok {
			parents = append(parents, parent)
		}
		byParent[parent] = append(byParent[parent], o)
	}
	for _, parent := range parents {
		steps, err := translate.Steps(byParent[parent])
		if err != nil {
			return refuse(http.StatusUnprocessableEntity, "%v", err)
		}
		order := shard.Order{Verb: shard.Extend, Run: run, By: by, Add: steps}
		if parent != "" {
			order.Parent = translate.StepName(parent)
			if _, ok := view.Plan.Index(translate.GeneratorName(parent)); ok {
				order.Parent = translate.GeneratorName(parent)
			}
		}
		if err := s.engine.Control(ctx, order); err != nil {
			return err
		}
	}
	return nil
}

// grow adds operations and parameters to what is kept of an agenda and its
// progress.
func (d documents) grow(ctx context.Context, agendaID string, more []object.Operation, params object.Params, now int64) (*object.Agenda, error) {
	a, err := d.changeAgenda(ctx, agendaID, func(a *object.Agenda) {
		a.Operations = append(a.Operations, newOperations(a, more)...)
		a.Params = joined(a.Params, params)
		a.UpdatedTime = now
	})
	if err != nil {
		return nil, err
	}
	_, err = d.changeRecord(ctx, a.ProgressID, func(rec *record) (bool, error) {
		rec.Progress.Params = joined(rec.Progress.Params, params)
		rec.Progress.Operations = complete(rec.Progress, a)
		rec.Foreign = slices.DeleteFunc(rec.Foreign, func(name string) bool { return a.Operation(name) != nil })
		return true, nil
	})
	return a, err
}

// joined returns parameters with others in their place.
func joined(params, others object.Params) object.Params {
	all := object.Params{}
	maps.Copy(all, params)
	maps.Copy(all, others)
	return all
}
