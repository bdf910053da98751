package postgres

import (
	"cmp"
	"errors"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/berth-project/berth/work/internal/tables"
	"github.com/berth-project/berth/work/store"
)

const (
	touchDocuments = `UPDATE document SET used = $1 WHERE used < $1::bigint - $2::bigint AND hash = ANY ($3::bytea[])`
	putDocuments   = `INSERT INTO document (hash, used, body) SELECT d.hash, $1, d.body FROM unnest($2::bytea[], $3::bytea[]) AS d (hash, body)
		ON CONFLICT (hash) DO NOTHING`
)

func (p *pipeline) documents() {
	if len(p.docs.touch) > 0 {
		p.batch.Queue(touchDocuments, p.b.Now, hour, p.docs.touch)
	}
	if len(p.docs.write) > 0 {
		p.batch.Queue(putDocuments, p.b.Now,
			column(p.docs.write, func(d store.Document) []byte { return d.Hash[:] }),
			column(p.docs.write, func(d store.Document) []byte { return present(d.Body) }))
	}
}

const insertRuns = `INSERT INTO run (id, shard, status, paused, priority, tenant, queue, key, tag, cost, created, deadline, wake_at,
		started, finished, done, workflow, version, document, failure, parent, parent_node, parent_item, idempotency, labels, params, state, enqueued)
	SELECT r.id, $1, r.status, r.paused, r.priority, r.tenant, r.queue, nullif(r.key, ''), r.tag, r.cost, r.created, nullif(r.deadline, 0),
		nullif(r.wake_at, 0), nullif(r.started, 0), nullif(r.finished, 0), nullif(r.done, -1), r.workflow, r.version, d.id, nullif(r.failure, ''),
		nullif(r.parent, 0), CASE WHEN r.parent <> 0 THEN r.node END, CASE WHEN r.parent <> 0 THEN r.item END,
		nullif(r.idempotency, ''), nullif(r.labels, ''), r.params, r.state, nullif(r.enqueued, 0)
	FROM unnest($2::bigint[], $3::smallint[], $4::smallint[], $5::smallint[], $6::text[], $7::text[], $8::text[], $9::float8[], $10::float8[],
		$11::bigint[], $12::bigint[], $13::bigint[], $14::bigint[], $15::bigint[], $16::bigint[], $17::text[], $18::integer[], $19::bytea[],
		$20::text[], $21::bigint[], $22::integer[], $23::integer[], $24::text[], $25::text[], $26::bytea[], $27::bytea[], $28::bigint[])
		WITH ORDINALITY AS r (id, status, paused, priority, tenant, queue, key, tag, cost, created, deadline, wake_at, started, finished, done, workflow,
		version, hash, failure, parent, node, item, idempotency, labels, params, state, enqueued, n)
	LEFT JOIN document d ON d.hash = r.hash ORDER BY r.n
	ON CONFLICT (tenant, idempotency) WHERE idempotency IS NOT NULL DO NOTHING`

// inserts also asks which runs have the keys of those that were not inserted.
func (p *pipeline) inserts() error {
	if len(p.b.Inserts) == 0 {
		return nil
	}
	done := make(map[*store.Record]int64)
	recs := make([]*store.Record, len(p.b.Inserts))
	for i := range p.b.Inserts {
		r := &p.b.Inserts[i]
		recs[i] = r
		if r.Status.Final() {
			place, err := p.place()
			if err != nil {
				return err
			}
			done[r] = place.Done(r.Status)
		}
	}
	keys := keyedOf(p.b.Inserts)
	if len(keys) > 0 {
		inOrder(recs)
	}
	var inserted int64
	p.batch.Queue(insertRuns, p.insertColumns(recs, done)...).Exec(func(tag pgconn.CommandTag) error {
		inserted = tag.RowsAffected()
		return nil
	})
	if len(keys) > 0 {
		p.batch.Queue(findDuplicates, keys.args()...).Query(func(rows pgx.Rows) (err error) {
			p.duplicates, err = readDuplicates(rows)
			if err == nil && inserted+int64(len(p.duplicates)) < int64(len(recs)) {
				return errKeyFreed
			}
			return err
		})
	}
	var outputs []store.Output
	for _, r := range recs {
		if len(r.Meta.Params) > tables.InlineParams {
			outputs = append(outputs, store.Output{Run: r.Meta.ID, Node: tables.ParamsNode, Item: -1, Body: r.Meta.Params})
		}
		outputs = append(outputs, r.Outputs...)
	}
	p.putOutputs(outputs)
	return nil
}

// errKeyFreed: a run was not inserted, as its idempotency key was taken, and
// the run that had the key was deleted before it could be asked for.
var errKeyFreed = errors.New("an idempotency key was taken and free again within the batch")

// inOrder sorts by key, so that two shards that insert the same keys wait for
// each other in one direction only. Of those of one key the first stays first.
func inOrder(recs []*store.Record) {
	slices.SortStableFunc(recs, func(a, b *store.Record) int {
		return cmp.Or(cmp.Compare(a.Meta.Tenant, b.Meta.Tenant), cmp.Compare(a.Idempotency, b.Idempotency))
	})
}

func (p *pipeline) insertColumns(recs []*store.Record, done map[*store.Record]int64) []any {
	type rec = *store.Record
	return []any{
		p.b.Owner.Shard,
		column(recs, func(r rec) int64 { return int64(r.Meta.ID) }),
		column(recs, func(r rec) int16 { return int16(r.Status) }),
		column(recs, func(r rec) int16 { return int16(tables.Int(r.Paused)) }),
		column(recs, func(r rec) int16 { return int16(r.Meta.Priority) }),
		column(recs, func(r rec) string { return tables.Escape(r.Meta.Tenant) }),
		column(recs, func(r rec) string { return tables.Escape(r.Meta.Queue) }),
		column(recs, func(r rec) string { return tables.Escape(r.Key) }),
		column(recs, func(r rec) float64 { return r.Tag }),
		column(recs, func(r rec) float64 { return r.Cost }),
		column(recs, func(r rec) int64 { return r.Meta.Created }),
		column(recs, func(r rec) int64 { return r.Deadline }),
		column(recs, func(r rec) int64 { return r.WakeAt }),
		column(recs, func(r rec) int64 { return r.Started }),
		column(recs, func(r rec) int64 { return r.Finished }),
		column(recs, func(r rec) int64 { return doneOf(done, r) }),
		column(recs, func(r rec) string { return tables.Escape(r.Workflow) }),
		column(recs, func(r rec) int32 { return int32(r.Version) }),
		column(recs, func(r rec) []byte { return r.Document[:] }),
		column(recs, func(r rec) string { return tables.Escape(r.Failure) }),
		column(recs, func(r rec) int64 { return int64(r.Meta.Parent) }),
		column(recs, func(r rec) int32 { return r.Meta.ParentStep.Node }),
		column(recs, func(r rec) int32 { return r.Meta.ParentStep.Item }),
		column(recs, func(r rec) string { return tables.Escape(r.Idempotency) }),
		column(recs, func(r rec) string { return tables.LabelText(r.Meta.Labels) }),
		column(recs, func(r rec) []byte { return shortParams(r) }),
		column(recs, func(r rec) []byte { return present(r.State) }),
		column(recs, func(r rec) int64 { return r.Enqueued }),
	}
}

// doneOf is the column's value, -1 for a run that is not final.
func doneOf(done map[*store.Record]int64, r *store.Record) int64 {
	if d, ok := done[r]; ok {
		return d
	}
	return -1
}

func shortParams(r *store.Record) []byte {
	if len(r.Meta.Params) > tables.InlineParams {
		return nil
	}
	return r.Meta.Params
}

// present is a value that is there, though it may be empty: nil would be NULL.
func present(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// place gives the next run that becomes final its place.
func (p *pipeline) place() (tables.Place, error) {
	place, err := tables.PlaceOf(p.b.Seq, p.final)
	p.final++
	return place, err
}
