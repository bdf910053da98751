package sqlite

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/berth-project/berth/work/internal/tables"
	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/workflow"
)

// Flush implements [store.Store].
func (s *Store) Flush(ctx context.Context, b *store.Batch) (store.Outcome, error) {
	out, err := result(ctx, s.writer, func(w *writer) (store.Outcome, error) {
		f := flush{writer: w, b: b}
		err := f.write()
		return store.Outcome{Duplicates: f.duplicates, Missing: f.missing}, err
	})
	if err != nil {
		return store.Outcome{}, fmt.Errorf("flush batch %d of shard %d: %w", b.Seq, b.Owner.Shard, err)
	}
	return out, nil
}

// flush writes one batch.
type flush struct {
	*writer
	b          *store.Batch
	final      int // runs that became final
	duplicates map[workflow.RunID]workflow.RunID
	missing    []workflow.RunID
}

func (f *flush) write() error {
	written, err := f.begin()
	if err != nil || written {
		return err
	}
	for _, part := range []func() error{f.documents, f.inserts, f.updates, f.outputs, f.history, f.logs, f.events, f.ledgers, f.deletes} {
		if err := part(); err != nil {
			return err
		}
	}
	return nil
}

// begin checks that the batch is the owner's next, or finds that it was
// written before and answers as then.
func (f *flush) begin() (written bool, err error) {
	shard := f.b.Owner.Shard
	n, err := f.fence.run(int64(f.b.Seq), int64(shard), int64(f.b.Owner.Epoch))
	if err != nil || n == 1 {
		return false, err
	}
	o, err := f.ownerOf(shard)
	switch {
	case err != nil:
		return false, err
	case o.Epoch != f.b.Owner.Epoch:
		return false, fmt.Errorf("epoch %d, not %d: %w", o.Epoch, f.b.Owner.Epoch, store.ErrNotOwner)
	case o.Seq != f.b.Seq:
		return false, fmt.Errorf("behind batch %d: %w", o.Seq, store.ErrGap)
	}
	return true, f.remember()
}

// remember finds the duplicates that a batch had when it was written, and what
// was missing.
func (f *flush) remember() error {
	for i := range f.b.Inserts {
		r := &f.b.Inserts[i]
		if r.Idempotency == "" {
			continue
		}
		if err := f.duplicate(r); err != nil {
			return err
		}
		if _, ok := f.duplicates[r.Meta.ID]; ok {
			continue
		}
		if err := f.look(r.Meta.ID); err != nil {
			return err
		}
	}
	for i := range f.b.Updates {
		if err := f.look(f.b.Updates[i].ID); err != nil {
			return err
		}
	}
	return nil
}

// look notes whether a run is missing.
func (f *flush) look(id workflow.RunID) error {
	_, found, err := f.findRun.number(int64(id), int64(f.b.Owner.Shard))
	if err == nil && !found {
		f.miss(id)
	}
	return err
}

// miss notes a run that is not there, unless the batch deletes it.
func (f *flush) miss(id workflow.RunID) {
	if !slices.Contains(f.b.Delete, id) {
		f.missing = append(f.missing, id)
	}
}

// duplicate notes which run has an insert's idempotency key, when it is
// another one.
func (f *flush) duplicate(r *store.Record) error {
	id, found, err := f.findKey.number(tables.Escape(r.Meta.Tenant), tables.Escape(r.Idempotency))
	if err != nil || !found || workflow.RunID(id) == r.Meta.ID {
		return err
	}
	if f.duplicates == nil {
		f.duplicates = make(map[workflow.RunID]workflow.RunID)
	}
	f.duplicates[r.Meta.ID] = workflow.RunID(id)
	return nil
}

func (f *flush) documents() error {
	for _, d := range f.b.Documents {
		if err := f.addDocument(d, f.b.Now); err != nil {
			return err
		}
	}
	return nil
}

func (f *flush) inserts() error {
	for i := range f.b.Inserts {
		r := &f.b.Inserts[i]
		inserted, err := f.insert(r)
		if err != nil {
			return fmt.Errorf("run %v: %w", r.Meta.ID, err)
		}
		if !inserted {
			if err := f.duplicate(r); err != nil {
				return err
			}
			continue
		}
		if err := f.putOutputs(r.Outputs); err != nil {
			return err
		}
	}
	return nil
}

// insert writes a run; inserted is false when its idempotency key is taken.
func (f *flush) insert(r *store.Record) (inserted bool, err error) {
	doc, err := f.use(r.Document, f.b.Now)
	if err != nil {
		return false, err
	}
	var done int64
	if r.Status.Final() {
		place, err := f.place()
		if err != nil {
			return false, err
		}
		done = place.Done(r.Status)
	}
	m := &r.Meta
	long := len(m.Params) > tables.InlineParams
	a := f.args[:0].int(int64(m.ID)).int(int64(f.b.Owner.Shard)).int(int64(r.Status)).int(tables.Int(r.Paused)).int(int64(m.Priority)).
		text(m.Tenant).text(m.Queue).label(r.Key).float(r.Tag).float(r.Cost).int(m.Created).time(r.Deadline).time(r.WakeAt).
		time(r.Started).time(r.Finished)
	if r.Status.Final() {
		a = a.int(done)
	} else {
		a = a.null()
	}
	a = a.text(r.Workflow).int(int64(r.Version)).int(doc).label(r.Failure)
	if m.Parent != 0 {
		a = a.int(int64(m.Parent)).int(int64(m.ParentStep.Node)).int(int64(m.ParentStep.Item))
	} else {
		a = a.null().null().null()
	}
	a = a.label(r.Idempotency)
	if text := tables.LabelText(m.Labels); text != "" {
		a = values(a, text)
	} else {
		a = a.null()
	}
	if long {
		a = a.null()
	} else {
		a = a.part(m.Params)
	}
	f.args = a.blob(r.State).time(r.Enqueued)
	n, err := f.insertRun.with(f.args)
	if err != nil {
		return false, taken(err)
	}
	if n == 1 && long {
		err = f.put(store.Output{Run: m.ID, Node: tables.ParamsNode, Item: -1, Body: m.Params})
	}
	return n == 1, err
}

// taken turns the database's word for an id that is there into the store's.
func taken(err error) error {
	var e *sqlite.Error
	if errors.As(err, &e) && (e.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY || e.Code() == sqlite3.SQLITE_CONSTRAINT_ROWID) {
		return store.ErrExists
	}
	return err
}

// place gives the next run that becomes final its place.
func (f *flush) place() (tables.Place, error) {
	p, err := tables.PlaceOf(f.b.Seq, f.final)
	f.final++
	return p, err
}

func (f *flush) updates() error {
	for i := range f.b.Updates {
		u := &f.b.Updates[i]
		if err := f.update(u); err != nil {
			return fmt.Errorf("run %v: %w", u.ID, err)
		}
	}
	return nil
}

func (f *flush) update(u *store.Update) error {
	a := f.args[:0].int(int64(u.Status)).int(tables.Int(u.Paused)).int(int64(u.Priority)).text(u.Queue).float(u.Tag).
		time(u.WakeAt).time(u.Deadline).time(u.Enqueued).time(u.Started).time(u.Finished).label(u.Failure).blob(u.State)
	stmt := f.updateRun
	if u.Status.Final() {
		place, err := f.place()
		if err != nil {
			return err
		}
		a, stmt = a.int(place.Done(u.Status)), f.finishRun
	}
	f.args = a.int(int64(u.ID)).int(int64(f.b.Owner.Shard))
	n, err := stmt.with(f.args)
	if err == nil && n == 0 {
		f.miss(u.ID)
	}
	return err
}
