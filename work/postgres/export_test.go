package postgres

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/berth-project/berth/work/store"
)

// SynchronousCommit is the setting of a connection that writes batches.
func SynchronousCommit(ctx context.Context, s *Store) (value string, err error) {
	conn, err := pgx.ConnectConfig(ctx, s.writers)
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close(ctx) }()
	err = conn.QueryRow(ctx, `SHOW synchronous_commit`).Scan(&value)
	return value, err
}

// SweepOnce is a pass of the sweeper.
func (s *Store) SweepOnce(ctx context.Context) error { return s.sweepOnce(ctx) }

// UnusedFor is how long a document stays that no run begins with.
const UnusedFor store.Millis = unusedFor

// WriterPlans are the plans that a connection that writes batches makes of its
// statements, by their texts.
func WriterPlans(ctx context.Context, s *Store) (map[string]string, error) {
	conn, err := pgx.ConnectConfig(ctx, s.writers)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close(ctx) }()
	plans := make(map[string]string)
	for i, text := range []string{
		fence, touchDocuments, putDocuments, insertRuns, findDuplicates, updateRuns, findMissing, putOutputs, dropOutputs, addHistory, putLogs,
		addEvents, deliverEvents, dropEvents, updateEvents, putLedgers, dropLedgers, deleteRuns,
	} {
		name := fmt.Sprint("s", i)
		d, err := conn.Prepare(ctx, name, text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", text, err)
		}
		args := strings.TrimSuffix(strings.Repeat("NULL, ", len(d.ParamOIDs)), ", ")
		rows, err := conn.Query(ctx, `EXPLAIN EXECUTE `+name+`(`+args+`)`, pgx.QueryExecModeSimpleProtocol)
		if err != nil {
			return nil, err
		}
		lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", text, err)
		}
		plans[text] = strings.Join(lines, "\n")
	}
	return plans, nil
}

// Connections is how many connections there may be for reading.
func Connections(s *Store) int32 { return s.pool.Config().MaxConns }
