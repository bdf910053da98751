package postgres

import (
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/berth-project/berth/work/internal/tables"
	"github.com/berth-project/berth/work/store"
)

const updateRuns = `UPDATE run SET status = u.status, paused = u.paused, priority = u.priority, queue = u.queue, tag = u.tag,
		wake_at = nullif(u.wake_at, 0), deadline = nullif(u.deadline, 0), enqueued = nullif(u.enqueued, 0), started = nullif(u.started, 0), finished = nullif(u.finished, 0), failure = nullif(u.failure, ''), state = u.state,
		done = CASE WHEN u.done = -1 THEN NULL
			WHEN run.done IS NOT NULL AND run.status = u.status AND coalesce(run.finished, 0) = u.finished THEN run.done ELSE u.done END
	FROM unnest($2::bigint[], $3::smallint[], $4::smallint[], $5::smallint[], $6::text[], $7::float8[], $8::bigint[], $9::bigint[], $10::bigint[],
		$11::bigint[], $12::bigint[], $13::text[], $14::bytea[], $15::bigint[])
		AS u (id, status, paused, priority, queue, tag, wake_at, deadline, enqueued, started, finished, failure, state, done)
	WHERE run.id = u.id AND run.shard = $1`

func (p *pipeline) updates() error {
	list := make([]*store.Update, len(p.b.Updates))
	if len(list) == 0 {
		return nil
	}
	done := make([]int64, len(list))
	for i := range p.b.Updates {
		list[i], done[i] = &p.b.Updates[i], -1
		if status := list[i].Status; status.Final() {
			place, err := p.place()
			if err != nil {
				return err
			}
			done[i] = place.Done(status)
		}
	}
	type up = *store.Update
	p.batch.Queue(updateRuns, p.b.Owner.Shard,
		column(list, func(u up) int64 { return int64(u.ID) }),
		column(list, func(u up) int16 { return int16(u.Status) }),
		column(list, func(u up) int16 { return int16(tables.Int(u.Paused)) }),
		column(list, func(u up) int16 { return int16(u.Priority) }),
		column(list, func(u up) string { return tables.Escape(u.Queue) }),
		column(list, func(u up) float64 { return u.Tag }),
		column(list, func(u up) int64 { return u.WakeAt }),
		column(list, func(u up) int64 { return u.Deadline }),
		column(list, func(u up) int64 { return u.Enqueued }),
		column(list, func(u up) int64 { return u.Started }),
		column(list, func(u up) int64 { return u.Finished }),
		column(list, func(u up) string { return tables.Escape(u.Failure) }),
		column(list, func(u up) []byte { return present(u.State) }),
		done).Exec(func(tag pgconn.CommandTag) error {
		p.unmet = tag.RowsAffected() < int64(len(list))
		return nil
	})
	return nil
}
