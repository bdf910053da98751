package sqlite

import (
	"context"
	"fmt"

	"github.com/berth-project/berth/work/internal/tables"
	"github.com/berth-project/berth/work/store"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

// History implements [store.Store].
func (s *Store) History(ctx context.Context, id workflow.RunID) ([]machine.Entry, error) {
	var list []machine.Entry
	err := s.each(ctx, `SELECT entry FROM history WHERE run = ? ORDER BY n`, []any{int64(id)}, func(scan func(...any) error) error {
		var text []byte
		if err := scan(&text); err != nil {
			return err
		}
		told, err := tables.ParseEntries(text)
		list = append(list, told...)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("history of run %v: %w", id, err)
	}
	return list, nil
}

// Logs implements [store.Store].
func (s *Store) Logs(ctx context.Context, k store.LogKey, after int64, limit int) ([]store.Chunk, error) {
	var list []store.Chunk
	w := tables.NewWhere(dialect())
	w.Log(k, after)
	query := `SELECT ` + tables.LogColumns + ` FROM log WHERE ` + w.String() + ` ORDER BY seq LIMIT ` + w.Mark(int64(min(limit, maxPage)))
	err := s.each(ctx, query, w.Args, func(scan func(...any) error) error {
		c, err := tables.ScanLog(scan)
		list = append(list, c)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("log of run %v: %w", k.Run, err)
	}
	return list, nil
}
