package postgres

import (
	"github.com/berth-project/berth/work/internal/tables"
	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/workflow"
)

// What stands beside a run is written only where the run is: not for one that
// was deleted, and not for one whose idempotency key was taken. The outer joins
// with a condition that NULL could meet leave PostgreSQL no other order than to
// look up the run of each row; see forWriting.
const (
	putOutputs = `INSERT INTO output (run, node, item, body)
		SELECT o.run, o.node, o.item, o.body FROM unnest($1::bigint[], $2::integer[], $3::integer[], $4::bytea[]) AS o (run, node, item, body)
		LEFT JOIN run ON run.id = o.run WHERE coalesce(run.id, 0) <> 0
		ON CONFLICT (run, node, item) DO UPDATE SET body = excluded.body`
	dropOutputs = `DELETE FROM output USING unnest($1::bigint[], $2::integer[], $3::integer[]) AS o (run, node, item)
		WHERE output.run = o.run AND output.node = o.node AND output.item = o.item`
	addHistory = `INSERT INTO history (run, n, entry)
		SELECT h.run, h.n, h.entry FROM unnest($1::bigint[], $2::bigint[], $3::bytea[]) AS h (run, n, entry)
		LEFT JOIN run ON run.id = h.run WHERE coalesce(run.id, 0) <> 0`
	putLogs = `INSERT INTO log (run, seq, node, item, attempt, at, text)
		SELECT l.* FROM unnest($1::bigint[], $2::bigint[], $3::integer[], $4::integer[], $5::integer[], $6::bigint[], $7::bytea[])
			AS l (run, seq, node, item, attempt, at, text)
		LEFT JOIN run ON run.id = l.run WHERE coalesce(run.id, 0) <> 0
		ON CONFLICT (run, seq) DO UPDATE SET node = excluded.node, item = excluded.item, attempt = excluded.attempt, at = excluded.at, text = excluded.text`
	addEvents = `INSERT INTO event (shard, id, run, tenant, kind, dest, created, try, next_at, dead, error, body)
		SELECT $1, e.id, nullif(e.run, 0), e.tenant, e.kind, e.dest, e.created, e.try, e.next_at, nullif(e.dead, 0), nullif(e.error, ''), e.body
		FROM unnest($2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::integer[], $9::bigint[], $10::bigint[],
			$11::text[], $12::bytea[]) AS e (id, run, tenant, kind, dest, created, try, next_at, dead, error, body)
		LEFT JOIN run ON run.id = e.run WHERE e.run = 0 OR coalesce(run.id, 0) <> 0
		ON CONFLICT (shard, id) DO NOTHING`
	deliverEvents = `DELETE FROM event WHERE shard = $1 AND id = ANY ($2::bigint[])`
	dropEvents    = deliverEvents + ` AND coalesce(dead, 0) <> 0`
	updateEvents  = `UPDATE event SET try = a.try, next_at = a.next_at, dead = nullif(a.dead, 0), error = nullif(a.error, '')
		FROM unnest($2::bigint[], $3::integer[], $4::bigint[], $5::bigint[], $6::text[]) AS a (id, try, next_at, dead, error)
		WHERE event.shard = $1 AND event.id = a.id`
	putLedgers = `INSERT INTO ledger (shard, queue, body) SELECT $1, l.queue, l.body FROM unnest($2::text[], $3::bytea[]) AS l (queue, body)
		ON CONFLICT (shard, queue) DO UPDATE SET body = excluded.body`
	dropLedgers = `DELETE FROM ledger WHERE shard = $1 AND queue = ANY ($2::text[])`
	deleteRuns  = `WITH gone AS (DELETE FROM run WHERE shard = $1 AND id = ANY ($2::bigint[]) AND status > 3 RETURNING id),
		outputs AS (DELETE FROM output USING gone WHERE run = gone.id),
		entries AS (DELETE FROM history USING gone WHERE run = gone.id)
		DELETE FROM log USING gone WHERE run = gone.id`
)

func (p *pipeline) outputs() error {
	p.putOutputs(p.b.Outputs)
	if drop := p.b.DropOutputs; len(drop) > 0 {
		p.batch.Queue(dropOutputs,
			column(drop, func(k store.OutputKey) int64 { return int64(k.Run) }),
			column(drop, func(k store.OutputKey) int32 { return k.Node }),
			column(drop, func(k store.OutputKey) int32 { return k.Item }))
	}
	return nil
}

// putOutputs writes the last of those of one place.
func (p *pipeline) putOutputs(list []store.Output) {
	if len(list) == 0 {
		return
	}
	at := make(map[store.OutputKey]int, len(list))
	for i, o := range list {
		at[store.OutputKey{Run: o.Run, Node: o.Node, Item: o.Item}] = i
	}
	last := make([]store.Output, 0, len(at))
	for i, o := range list {
		if at[store.OutputKey{Run: o.Run, Node: o.Node, Item: o.Item}] == i {
			last = append(last, o)
		}
	}
	p.batch.Queue(putOutputs,
		column(last, func(o store.Output) int64 { return int64(o.Run) }),
		column(last, func(o store.Output) int32 { return o.Node }),
		column(last, func(o store.Output) int32 { return o.Item }),
		column(last, func(o store.Output) []byte { return present(o.Body) }))
}

func (p *pipeline) history() error {
	rows, err := tables.HistoryRows(p.b)
	if err != nil || len(rows) == 0 {
		return err
	}
	type row = tables.HistoryRow
	p.batch.Queue(addHistory,
		column(rows, func(h row) int64 { return int64(h.Run) }),
		column(rows, func(h row) int64 { return h.N }),
		column(rows, func(h row) []byte { return h.Text }))
	return nil
}

// logs writes the last of those of one number.
func (p *pipeline) logs() error {
	if len(p.b.Logs) == 0 {
		return nil
	}
	type key struct {
		run workflow.RunID
		seq int64
	}
	at := make(map[key]int, len(p.b.Logs))
	for i := range p.b.Logs {
		at[key{p.b.Logs[i].Run, p.b.Logs[i].Seq}] = i
	}
	list := make([]*store.Chunk, 0, len(at))
	for i := range p.b.Logs {
		if c := &p.b.Logs[i]; at[key{c.Run, c.Seq}] == i {
			list = append(list, c)
		}
	}
	p.batch.Queue(putLogs,
		column(list, func(c *store.Chunk) int64 { return int64(c.Run) }),
		column(list, func(c *store.Chunk) int64 { return c.Seq }),
		column(list, func(c *store.Chunk) int32 { return c.Node }),
		column(list, func(c *store.Chunk) int32 { return c.Item }),
		column(list, func(c *store.Chunk) int32 { return int32(c.Attempt) }),
		column(list, func(c *store.Chunk) int64 { return c.At }),
		column(list, func(c *store.Chunk) []byte { return present(c.Text) }))
	return nil
}

func (p *pipeline) events() error {
	if list := p.b.Events; len(list) > 0 {
		type ev = store.Event
		p.batch.Queue(addEvents, p.b.Owner.Shard,
			column(list, func(e ev) int64 { return int64(e.ID) }),
			column(list, func(e ev) int64 { return int64(e.Run) }),
			column(list, func(e ev) string { return tables.Escape(e.Tenant) }),
			column(list, func(e ev) string { return tables.Escape(e.Kind) }),
			column(list, func(e ev) string { return tables.Escape(e.To) }),
			column(list, func(e ev) int64 { return e.Created }),
			column(list, func(e ev) int32 { return int32(e.Try) }),
			column(list, func(e ev) int64 { return e.NextAt }),
			column(list, func(e ev) int64 { return e.Dead }),
			column(list, func(e ev) string { return tables.Escape(e.Error) }),
			column(list, func(e ev) []byte { return present(e.Body) }))
	}
	p.acknowledge()
	return nil
}

func (p *pipeline) acknowledge() {
	var gone, dropped []int64
	var again []store.Ack
	for _, a := range p.b.Acks {
		switch {
		case a.Delivered:
			gone = append(gone, int64(a.ID))
		case a.Drop:
			dropped = append(dropped, int64(a.ID))
		default:
			again = append(again, a)
		}
	}
	if len(gone) > 0 {
		p.batch.Queue(deliverEvents, p.b.Owner.Shard, gone)
	}
	if len(dropped) > 0 {
		p.batch.Queue(dropEvents, p.b.Owner.Shard, dropped)
	}
	if len(again) > 0 {
		p.batch.Queue(updateEvents, p.b.Owner.Shard,
			column(again, func(a store.Ack) int64 { return int64(a.ID) }),
			column(again, func(a store.Ack) int32 { return int32(a.Try) }),
			column(again, func(a store.Ack) int64 { return a.NextAt }),
			column(again, func(a store.Ack) int64 { return a.Dead }),
			column(again, func(a store.Ack) string { return tables.Escape(a.Error) }))
	}
}

func (p *pipeline) ledgers() {
	put, drop := tables.LastLedgers(p.b.Ledgers)
	if len(put) > 0 {
		p.batch.Queue(putLedgers, p.b.Owner.Shard,
			column(put, func(l store.Ledger) string { return l.Queue }),
			column(put, func(l store.Ledger) []byte { return l.Body }))
	}
	if len(drop) > 0 {
		p.batch.Queue(dropLedgers, p.b.Owner.Shard, drop)
	}
}

func (p *pipeline) deletes() {
	if list := p.b.Delete; len(list) > 0 {
		p.batch.Queue(deleteRuns, p.b.Owner.Shard, column(list, func(id workflow.RunID) int64 { return int64(id) }))
	}
}
