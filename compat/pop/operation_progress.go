package pop

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/berth-project/berth/compat/pop/object"
	"github.com/berth-project/berth/work/store"
)

// operation finds the record with the progress of an operation.
func (s *Service) operation(ctx context.Context, id string) (*record, string, error) {
	for _, progressID := range progressIDs(id) {
		rec, err := s.docs.loadRecord(ctx, progressID)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, "", err
		}
		for i := range rec.Progress.Operations {
			if o := &rec.Progress.Operations[i]; o.ID == id {
				return rec, o.Operation, nil
			}
		}
	}
	return nil, "", fmt.Errorf("%s %s: %w", object.KindOperationProgress, id, store.ErrNotFound)
}

// postOperationProgress adds the progress of an operation to that of an agenda.
func (s *Service) postOperationProgress(ctx context.Context, r *request, o *object.OperationProgress) (*answer, error) {
	if o.AgendaProgressID == "" || o.Operation == "" || o.CustomerID == "" {
		return nil, refuse(http.StatusUnprocessableEntity, "agendaProgressId, operation and customerId are needed")
	}
	_, err := s.docs.changeRecord(ctx, o.AgendaProgressID, func(rec *record) (bool, error) {
		if rec.Progress.CustomerID != o.CustomerID || !r.caller.may(Report, o.CustomerID) {
			return false, forbid(Report, rec.Progress.CustomerID)
		}
		for i := range rec.Progress.Operations {
			if rec.Progress.Operations[i].Operation == o.Operation {
				return false, refuse(http.StatusConflict, "progress %s has operation %s", o.AgendaProgressID, o.Operation)
			}
		}
		if err := s.keepOperation(&rec.Progress, *o); err != nil {
			return false, err
		}
		*o = rec.Progress.Operations[len(rec.Progress.Operations)-1]
		return true, rec.bounded()
	})
	if err != nil {
		return nil, err
	}
	return objects([]any{o}), nil
}

// putOperationProgress changes the progress of an operation: what the run decides
// is told to the run.
func (s *Service) putOperationProgress(ctx context.Context, r *request) (*answer, error) {
	rec, name, err := s.operation(ctx, r.id)
	if err != nil {
		return nil, err
	}
	if !r.caller.may(Report, rec.Progress.CustomerID) {
		return nil, forbid(Report, rec.Progress.CustomerID)
	}
	o, err := object.KindOperationProgress.Decode(r.body)
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "%v", err)
	}
	told := o.(*object.OperationProgress)
	told.Operation = name
	if rec.Run != 0 {
		err = s.report(ctx, rec.Progress.ID, &object.Progress{Operations: []object.OperationProgress{*told}}, r)
	} else {
		_, err = s.docs.changeRecord(ctx, rec.Progress.ID, func(rec *record) (bool, error) {
			return true, errors.Join(s.keepOperation(&rec.Progress, *told), rec.bounded())
		})
	}
	if err != nil {
		return nil, err
	}
	return s.get(ctx, &request{caller: &Caller{Global: true}, kind: r.kind, id: r.id})
}

// deleteOperationProgress takes the progress of an operation out of one that has
// no run; a run's operations stay.
func (s *Service) deleteOperationProgress(ctx context.Context, r *request) (*answer, error) {
	rec, name, err := s.operation(ctx, r.id)
	if errors.Is(err, store.ErrNotFound) {
		return objects[any](nil), nil
	}
	if err != nil {
		return nil, err
	}
	var gone object.OperationProgress
	_, err = s.docs.changeRecord(ctx, rec.Progress.ID, func(rec *record) (bool, error) {
		if !r.caller.may(Report, rec.Progress.CustomerID) {
			return false, forbid(Report, rec.Progress.CustomerID)
		}
		if rec.Run != 0 {
			return false, refuse(http.StatusConflict, "operation %s belongs to a run: delete the progress of the agenda", name)
		}
		kept := rec.Progress.Operations[:0:0]
		for _, o := range rec.Progress.Operations {
			if o.Operation == name {
				gone = o
				continue
			}
			kept = append(kept, o)
		}
		rec.Progress.Operations = kept
		return true, nil
	})
	if err != nil {
		return nil, err
	}
	return objects([]any{&gone}), nil
}
