package pop

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"

	"github.com/berth-project/berth/compat/pop/object"
	"github.com/berth-project/berth/work/store"
)

// Imported says what an import did, or would do.
type Imported struct {
	Tables []ImportedTable `json:"tables"`
	// Queued counts the agendas that were complete in neither place and will run,
	// Held those that POP keeps without queueing them.
	Queued int `json:"queued"`
	Held   int `json:"held"`
}

// ImportedTable says what became of the objects of a table.
type ImportedTable struct {
	// Name is the kind of the objects.
	Name  string `json:"name"`
	Items int    `json:"items"`
	// New were kept. Present were there already and stay as they are: an import
	// may be run again. Orphans are the progress of operations of no agenda.
	New     int `json:"new"`
	Present int `json:"present"`
	Orphans int `json:"orphans,omitempty"`
}

// Import takes over the objects of a deployment of POP into the store of an engine.
// The deployment's scheduler and executors must have been stopped. Agendas keep
// their ids. Those that were waiting to be scheduled, or running, are marked, and
// [Service.Run] of a service on the store submits them: an executor that pulls one
// does not execute again what had succeeded. The queue's own messages are not in the
// tables: an agenda that was in the queue waits without being on the waiting list, as
// one does that is not to run. Such are held; a rerun with "continue" queues them.
//
// The error says at which item it ended; what was kept until then stays. Of
// [Tables.Survey] one learns before what is wrong.
func Import(ctx context.Context, t Tables, st store.Store) (Imported, error) {
	return importer{docs: documents{st}, tables: t}.run(ctx)
}

// Preview says what [Import] would do, and does nothing. A store that is nil has
// nothing in it.
func Preview(ctx context.Context, t Tables, st store.Store) (Imported, error) {
	return importer{docs: documents{st}, tables: t, dry: true}.run(ctx)
}

// Import is [Import] into the store of a running service, which takes the agendas in
// at once; of very many [Service.Run] submits the rest.
func (s *Service) Import(ctx context.Context, t Tables) (Imported, error) {
	done, err := Import(ctx, t, s.docs.store)
	if err != nil {
		return done, err
	}
	u := upkeep{service: s}
	if err := u.followAll(ctx); err != nil {
		return done, err
	}
	return done, u.submitPending(ctx)
}

// importer takes over one deployment.
type importer struct {
	docs   documents
	tables Tables
	dry    bool
}

// importing is how far an import is.
type importing struct {
	importer
	// operations are those of each progress; ready is the waiting list.
	operations map[string][]object.OperationProgress
	ready      map[string]bool
	// made are, of an import that is only tried, the records that it would make.
	made map[string]*record

	mu   sync.Mutex    // guards the fields below, operations and made
	told ImportedTable // of the progress of operations
	done Imported
}

func (im importer) run(ctx context.Context) (Imported, error) {
	g := &importing{importer: im, operations: map[string][]object.OperationProgress{}, ready: map[string]bool{}, made: map[string]*record{}}
	if err := g.readFirst(); err != nil {
		return g.done, err
	}
	for _, k := range im.tables.kinds() {
		if len(im.tables.of(k)) == 0 {
			continue
		}
		if k == object.KindOperationProgress {
			g.countOperations()
			continue
		}
		if err := g.table(ctx, k); err != nil {
			return g.done, err
		}
	}
	return g.done, nil
}

// countOperations tells of the progress of operations, which is kept with that of
// their agendas.
func (g *importing) countOperations() {
	g.told.Name = object.KindOperationProgress.String()
	for _, of := range g.operations {
		g.told.Orphans += len(of)
	}
	g.told.Items += g.told.Orphans
	g.done.Tables = append(g.done.Tables, g.told)
}

// readFirst reads what belongs to objects of other tables, and keeps it in memory, as
// its order in its table is not theirs.
func (g *importing) readFirst() error {
	for e, err := range g.tables.objects(object.KindOperationProgress) {
		if err != nil {
			return e.wrap(err)
		}
		p := e.Object.(*object.OperationProgress)
		g.operations[p.AgendaProgressID] = append(g.operations[p.AgendaProgressID], *p)
	}
	for e, err := range g.tables.waiting() {
		if err != nil {
			return e.wrap(err)
		}
		g.ready[e.Object.AgendaID] = true
	}
	return nil
}

// atOnce is how many objects are written at once: the store commits them together.
const atOnce = 32

// table imports the objects of one kind.
func (g *importing) table(ctx context.Context, k object.Kind) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	count := &ImportedTable{Name: k.String()}
	slots := make(chan struct{}, atOnce)
	var writing sync.WaitGroup
	var failed error
	for e, err := range g.tables.objects(k) {
		if failed = err; err != nil {
			failed = e.wrap(err)
			break
		}
		slots <- struct{}{}
		if ctx.Err() != nil {
			break
		}
		writing.Go(func() {
			defer func() { <-slots }()
			if err := g.object(ctx, k, e.Object, count); err != nil {
				cancel(e.wrap(fmt.Errorf("import %s %s: %w", k, e.Object.Head().ID, err)))
			}
		})
	}
	writing.Wait()
	g.done.Tables = append(g.done.Tables, *count)
	if cause := context.Cause(ctx); failed == nil {
		failed = cause
	}
	return failed
}

// object imports one object.
func (g *importing) object(ctx context.Context, k object.Kind, o object.Object, count *ImportedTable) error {
	isNew, err := g.keep(ctx, k, o)
	if err != nil {
		return err
	}
	g.mu.Lock()
	count.add(1, isNew)
	if k == object.KindProgress { // what is left in the end belongs to none
		id := o.Head().ID
		g.told.add(len(g.operations[id]), isNew)
		delete(g.operations, id)
	}
	g.mu.Unlock()
	if a, ok := o.(*object.Agenda); ok {
		return g.queue(ctx, a)
	}
	return nil
}

func (c *ImportedTable) add(n int, areNew bool) {
	c.Items += n
	if areNew {
		c.New += n
	} else {
		c.Present += n
	}
}

// keep keeps an object that is not there yet.
func (g *importing) keep(ctx context.Context, k object.Kind, o object.Object) (isNew bool, err error) {
	var r *record
	if p, ok := o.(*object.Progress); ok {
		g.mu.Lock()
		p.Operations = g.operations[p.ID]
		g.mu.Unlock()
		r = &record{Progress: *p}
	}
	switch {
	case g.dry:
		return g.pretend(ctx, k, o, r)
	case r != nil:
		err = g.docs.saveRecord(ctx, r)
	default:
		_, err = g.docs.save(ctx, k, o, newDocument)
	}
	if codeOf(err) == http.StatusConflict {
		return false, nil
	}
	return err == nil, err
}

// pretend says whether an object would be new.
func (g *importing) pretend(ctx context.Context, k object.Kind, o object.Object, r *record) (isNew bool, err error) {
	if g.docs.store != nil {
		_, err := g.docs.store.Setting(ctx, documentKind(k), o.Head().ID)
		if !errors.Is(err, store.ErrNotFound) {
			return false, err
		}
	}
	if r != nil {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.made[o.Head().ID] = r
	}
	return true, nil
}

// mark marks the record of an agenda that is to run, and says whether it did.
func (g *importing) mark(a *object.Agenda, r *record) bool {
	p := &r.Progress
	if p.State == object.Complete || r.Run != 0 || r.Pending {
		return false
	}
	r.Pending, r.Carry = true, true
	r.Held = p.State != object.Executing && !g.ready[a.ID]
	p.AgendaID, p.AgendaInsight = a.ID, a.AgendaInsight
	p.Operations = complete(*p, a)
	return true
}

// queue marks the run of an agenda that is not complete to be submitted.
func (g *importing) queue(ctx context.Context, a *object.Agenda) error {
	if a.ProgressID == "" || a.AgendaInsight == nil {
		return nil // it was never scheduled
	}
	marked := false
	change := func(r *record) (bool, error) {
		marked = g.mark(a, r)
		return marked, nil
	}
	r, err := g.change(ctx, a.ProgressID, change)
	if codeOf(err) == http.StatusNotFound {
		return nil // reaped: POP deletes progress before or after its agenda
	}
	if err != nil || !marked {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if r.Held {
		g.done.Held++
	} else {
		g.done.Queued++
	}
	return nil
}

// change changes a record; of an import that is only tried, what it would have made.
func (g *importing) change(ctx context.Context, id string, change func(*record) (bool, error)) (*record, error) {
	if !g.dry {
		return g.docs.changeRecord(ctx, id, change)
	}
	g.mu.Lock()
	r := g.made[id]
	g.mu.Unlock()
	if r == nil {
		if g.docs.store == nil {
			return nil, store.ErrNotFound
		}
		var err error
		if r, err = g.docs.loadRecord(ctx, id); err != nil {
			return nil, err
		}
	}
	_, err := change(r)
	return r, err
}
