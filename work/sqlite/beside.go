package sqlite

import (
	"fmt"

	"github.com/berth-project/berth/work/internal/tables"
	"github.com/berth-project/berth/work/store"
)

// What stands beside a run is written only where the run is: not for one that
// was deleted, and not for one whose idempotency key was taken.

func (f *flush) outputs() error {
	if err := f.putOutputs(f.b.Outputs); err != nil {
		return err
	}
	for _, k := range f.b.DropOutputs {
		if _, err := f.dropOutput.run(int64(k.Run), int64(k.Node), int64(k.Item)); err != nil {
			return err
		}
	}
	return nil
}

func (f *flush) putOutputs(list []store.Output) error {
	for _, o := range list {
		if err := f.put(o); err != nil {
			return fmt.Errorf("output of run %v: %w", o.Run, err)
		}
	}
	return nil
}

func (f *flush) put(o store.Output) error {
	f.args = f.args[:0].int(int64(o.Run)).int(int64(o.Node)).int(int64(o.Item)).blob(o.Body)
	_, err := f.putOutput.with(f.args)
	return err
}

func (f *flush) history() error {
	rows, err := tables.HistoryRows(f.b)
	if err != nil {
		return err
	}
	for _, h := range rows {
		f.args = f.args[:0].int(int64(h.Run)).int(h.N).blob(h.Text)
		if _, err := f.addHistory.with(f.args); err != nil {
			return fmt.Errorf("history of run %v: %w", h.Run, err)
		}
	}
	return nil
}

func (f *flush) logs() error {
	for i := range f.b.Logs {
		c := &f.b.Logs[i]
		f.args = f.args[:0].int(int64(c.Run)).int(c.Seq).int(int64(c.Node)).int(int64(c.Item)).int(int64(c.Attempt)).int(c.At).blob(c.Text)
		if _, err := f.putLog.with(f.args); err != nil {
			return fmt.Errorf("log of run %v: %w", c.Run, err)
		}
	}
	return nil
}

func (f *flush) events() error {
	for i := range f.b.Events {
		e := &f.b.Events[i]
		f.args = f.args[:0].int(int64(f.b.Owner.Shard)).int(int64(e.ID)).time(int64(e.Run)).text(e.Tenant).text(e.Kind).text(e.To).
			int(e.Created).int(int64(e.Try)).int(e.NextAt).time(e.Dead).label(e.Error).blob(e.Body)
		if _, err := f.addEvent.with(f.args); err != nil {
			return fmt.Errorf("event %d: %w", e.ID, err)
		}
	}
	for i := range f.b.Acks {
		if err := f.acknowledge(&f.b.Acks[i]); err != nil {
			return fmt.Errorf("event %d: %w", f.b.Acks[i].ID, err)
		}
	}
	return nil
}

func (f *flush) acknowledge(k *store.Ack) error {
	shard := int64(f.b.Owner.Shard)
	switch {
	case k.Delivered:
		_, err := f.deliverEvent.run(shard, int64(k.ID))
		return err
	case k.Drop:
		_, err := f.dropEvent.run(shard, int64(k.ID))
		return err
	}
	f.args = f.args[:0].int(int64(k.Try)).int(k.NextAt).time(k.Dead).label(k.Error).int(shard).int(int64(k.ID))
	_, err := f.updateEvent.with(f.args)
	return err
}

func (f *flush) ledgers() error {
	shard := int64(f.b.Owner.Shard)
	put, drop := tables.LastLedgers(f.b.Ledgers)
	for _, l := range put {
		if _, err := f.putLedger.run(shard, l.Queue, l.Body); err != nil {
			return fmt.Errorf("ledger of queue %q: %w", l.Queue, err)
		}
	}
	for _, queue := range drop {
		if _, err := f.dropLedger.run(shard, queue); err != nil {
			return fmt.Errorf("ledger of queue %q: %w", queue, err)
		}
	}
	return nil
}

func (f *flush) deletes() error {
	for _, id := range f.b.Delete {
		n, err := f.deleteRun.run(int64(id), int64(f.b.Owner.Shard))
		if err != nil {
			return err
		}
		if n == 0 {
			continue // another shard's, or gone
		}
		for _, stmt := range []*statement{f.deleteOutputs, f.deleteHistory, f.deleteLogs} {
			if _, err := stmt.run(int64(id)); err != nil {
				return err
			}
		}
	}
	return nil
}
