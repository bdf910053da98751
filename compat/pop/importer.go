package pop

import (
	"context"
	"fmt"
	"io"
	"net/http"

	"github.com/berth-project/berth/compat/pop/dynamodb"
	"github.com/berth-project/berth/compat/pop/object"
)

// Tables are the exports of a deployment's tables, as package dynamodb reads them;
// nil for one that is not to be imported.
type Tables struct {
	Customers, Pools, Insights, Templates, Agendas, Progress, OperationProgress io.Reader
	// Ready is the waiting list. Without it no agenda that waits is queued.
	Ready io.Reader
}

// Imported says what an import did.
type Imported struct {
	// Kept counts the objects that were kept, by kind.
	Kept map[string]int `json:"kept"`
	// Present counts those that were there already and stay as they are: an import
	// may be run again.
	Present int `json:"present"`
	// Queued counts the agendas that were complete in neither place and will run,
	// Held those that POP keeps without queueing them.
	Queued int `json:"queued"`
	Held   int `json:"held"`
}

// Import takes over the objects of a deployment of POP, whose scheduler and executors
// must have been stopped. Agendas keep their ids. Those that were waiting to be
// scheduled, or running, are submitted: an executor that pulls one does not execute
// again what had succeeded. The queue's own messages are not in the tables: an
// agenda that was in the queue waits without being on the waiting list, as one does
// that is not to run. Such are held; a rerun with "continue" queues them.
//
// The error says at which item it ended; what was kept until then stays. Of very
// many agendas [Service.Run] submits the rest.
func (s *Service) Import(ctx context.Context, t Tables) (Imported, error) {
	im := importer{service: s, done: Imported{Kept: map[string]int{}}}
	for _, plain := range []struct {
		kind  object.Kind
		table io.Reader
	}{
		{object.KindCustomer, t.Customers},
		{object.KindPool, t.Pools},
		{object.KindInsight, t.Insights},
		{object.KindTemplate, t.Templates},
	} {
		if err := im.plain(ctx, plain.kind, plain.table); err != nil {
			return im.done, err
		}
	}
	if err := im.progress(ctx, t.Progress, t.OperationProgress); err != nil {
		return im.done, err
	}
	if err := im.agendas(ctx, t.Agendas, t.Ready); err != nil {
		return im.done, err
	}
	u := upkeep{service: s}
	return im.done, u.submitPending(ctx)
}

// importer takes over one deployment.
type importer struct {
	service *Service
	done    Imported
}

// count notes what became of an object.
func (im *importer) count(k object.Kind, err error) error {
	switch {
	case err == nil:
		im.done.Kept[k.String()]++
	case codeOf(err) == http.StatusConflict:
		im.done.Present++
	default:
		return err
	}
	return nil
}

// each reads a table; nil has nothing.
func each(table io.Reader, k object.Kind, f func(object.Object) error) error {
	if table == nil {
		return nil
	}
	for o, err := range dynamodb.Objects(table, k) {
		if err != nil {
			return fmt.Errorf("import %s: %w", k, err)
		}
		if err := f(o); err != nil {
			return fmt.Errorf("import %s %s: %w", k, o.Head().ID, err)
		}
	}
	return nil
}

func (im *importer) plain(ctx context.Context, k object.Kind, table io.Reader) error {
	return each(table, k, func(o object.Object) error {
		_, err := im.service.docs.save(ctx, k, o, newDocument)
		if err == nil {
			err = im.service.follow(ctx, o)
		}
		return im.count(k, err)
	})
}

// progress keeps the progress of agendas with that of their operations. The latter is
// read first and kept in memory, as its order in the table is that of no agenda.
func (im *importer) progress(ctx context.Context, table, operations io.Reader) error {
	byProgress := map[string][]object.OperationProgress{}
	err := each(operations, object.KindOperationProgress, func(o object.Object) error {
		p := o.(*object.OperationProgress)
		byProgress[p.AgendaProgressID] = append(byProgress[p.AgendaProgressID], *p)
		return nil
	})
	if err != nil {
		return err
	}
	return each(table, object.KindProgress, func(o object.Object) error {
		p := o.(*object.Progress)
		p.Operations = byProgress[p.ID]
		return im.count(object.KindProgress, im.service.docs.saveRecord(ctx, &record{Progress: *p}))
	})
}

// agendas keeps agendas, and marks those that are to run.
func (im *importer) agendas(ctx context.Context, table, waiting io.Reader) error {
	ready := map[string]bool{}
	if waiting != nil {
		for row, err := range dynamodb.Ready(waiting) {
			if err != nil {
				return fmt.Errorf("import waiting list: %w", err)
			}
			ready[row.AgendaID] = true
		}
	}
	return each(table, object.KindAgenda, func(o object.Object) error {
		a := o.(*object.Agenda)
		_, err := im.service.docs.save(ctx, object.KindAgenda, a, newDocument)
		if err := im.count(object.KindAgenda, err); err != nil {
			return err
		}
		return im.queue(ctx, a, ready[a.ID])
	})
}

// queue marks the run of an agenda that is not complete to be submitted.
func (im *importer) queue(ctx context.Context, a *object.Agenda, ready bool) error {
	if a.ProgressID == "" || a.AgendaInsight == nil {
		return nil // it was never scheduled
	}
	_, err := im.service.docs.changeRecord(ctx, a.ProgressID, func(r *record) (bool, error) {
		p := &r.Progress
		if p.State == object.Complete || r.Run != 0 || r.Pending {
			return false, nil
		}
		r.Pending, r.Carry = true, true
		r.Held = p.State != object.Executing && !ready
		p.AgendaID, p.AgendaInsight = a.ID, a.AgendaInsight
		p.Operations = complete(*p, a)
		if r.Held {
			im.done.Held++
		} else {
			im.done.Queued++
		}
		return true, nil
	})
	if codeOf(err) == http.StatusNotFound {
		return nil // reaped: POP deletes progress before or after its agenda
	}
	return err
}
