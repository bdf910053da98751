package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"

	"github.com/berth-project/berth/work/internal/tables"
	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

const (
	queuedColumns = `id, status, paused, priority, tenant, queue, coalesce(key, ''), tag, cost, created, coalesce(deadline, 0), coalesce(wake_at, 0), coalesce(enqueued, 0), coalesce(started, 0)`
	queuedOf      = `SELECT ` + queuedColumns + ` FROM run WHERE shard = ? AND status = ? AND done IS NULL AND id > ? ORDER BY id LIMIT ?`
)

// Queued implements [store.Store]. A restart reads everything that waits
// through it, so it works below database/sql.
func (s *Store) Queued(ctx context.Context, shard int, after workflow.RunID, limit int) ([]store.Waiting, error) {
	conn, err := s.reader.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("runs of shard %d that wait: %w", shard, err)
	}
	defer func() { _ = conn.Close() }() // it goes back to the pool
	var held, queued []store.Waiting
	err = conn.Raw(func(raw any) error {
		names := map[string]string{}
		var err error
		if held, err = waiting(raw, names, shard, machine.Held, after, limit); err == nil {
			queued, err = waiting(raw, names, shard, machine.Queued, after, limit)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("runs of shard %d that wait: %w", shard, err)
	}
	return merged(held, queued, limit), nil
}

func waiting(raw any, names map[string]string, shard int, status machine.Status, after workflow.RunID, limit int) (list []store.Waiting, err error) {
	rows, err := raw.(driver.QueryerContext).QueryContext(context.Background(), queuedOf,
		values(nil, int64(shard), int64(status), int64(after), int64(limit)))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	dest := make([]driver.Value, len(rows.Columns()))
	for {
		if err := rows.Next(dest); err != nil {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return list, err
		}
		list = append(list, store.Waiting{
			ID: workflow.RunID(dest[0].(int64)), Status: machine.Status(dest[1].(int64)), Paused: dest[2] != int64(0),
			Priority: uint8(dest[3].(int64)), Tenant: intern(names, dest[4]), Queue: intern(names, dest[5]), Key: intern(names, dest[6]),
			Tag: dest[7].(float64), Cost: dest[8].(float64), Created: dest[9].(int64), Deadline: dest[10].(int64), WakeAt: dest[11].(int64),
			Enqueued: dest[12].(int64), Started: dest[13].(int64),
		})
	}
}

// intern gives equal texts one place in memory: a million runs have few
// tenants.
func intern(names map[string]string, v driver.Value) string {
	text := v.(string)
	if s, ok := names[text]; ok {
		return s
	}
	s := tables.Unescape(text)
	names[text] = s
	return s
}

// merged is the first of two lists in the order of their ids.
func merged(a, b []store.Waiting, limit int) []store.Waiting {
	if len(a) == 0 {
		return b
	}
	var out []store.Waiting
	for len(out) < limit && len(a)+len(b) > 0 {
		if len(b) == 0 || len(a) > 0 && a[0].ID < b[0].ID {
			out, a = append(out, a[0]), a[1:]
		} else {
			out, b = append(out, b[0]), b[1:]
		}
	}
	return out
}
