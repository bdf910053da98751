package postgres

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/berth-project/berth/work/internal/tables"
	"github.com/berth-project/berth/work/store"
)

// Setting implements [store.Store].
func (s *Store) Setting(ctx context.Context, kind, id string) (store.Setting, error) {
	list, err := query(ctx, s, `SELECT `+tables.SettingColumns+` FROM setting WHERE kind = $1 AND id = $2`,
		[]any{tables.Escape(kind), tables.Escape(id)}, tables.ScanSetting)
	if err == nil && len(list) == 0 {
		err = store.ErrNotFound
	}
	if err != nil {
		return store.Setting{}, fmt.Errorf("%s %q: %w", kind, id, err)
	}
	return list[0], nil
}

// Settings implements [store.Store].
func (s *Store) Settings(ctx context.Context, kind string, where map[string]string, after string, limit int) ([]store.Setting, error) {
	w := tables.NewWhere(dialect())
	w.Settings(kind, where, after)
	text := `SELECT ` + tables.SettingColumns + ` FROM setting WHERE ` + w.String() + ` ORDER BY id LIMIT ` + w.Mark(int64(min(limit, maxPage)))
	list, err := query(ctx, s, text, w.Args, tables.ScanSetting)
	if err != nil {
		return nil, fmt.Errorf("settings of kind %s: %w", kind, err)
	}
	return list, nil
}

// SettingsVersion implements [store.Store].
func (s *Store) SettingsVersion(ctx context.Context) (int64, error) {
	return single(ctx, s, `SELECT value FROM counter WHERE name = 'settings'`, nil, scalar[int64])
}

// PutSetting implements [store.Store].
func (s *Store) PutSetting(ctx context.Context, put store.Setting) (version int64, err error) {
	err = s.changeSetting(ctx, put.Kind, put.ID, func(tx pgx.Tx, was, next int64) error {
		if put.Version >= 0 && put.Version != was {
			return differs(was, put.Version)
		}
		version = next
		return write(ctx, tx, put, next)
	})
	if err != nil {
		return 0, fmt.Errorf("put %s %q: %w", put.Kind, put.ID, err)
	}
	return version, nil
}

// DeleteSetting implements [store.Store].
func (s *Store) DeleteSetting(ctx context.Context, kind, id string, version int64) error {
	err := s.changeSetting(ctx, kind, id, func(tx pgx.Tx, was, _ int64) error {
		switch {
		case was == 0:
			return store.ErrNotFound
		case version >= 0 && version != was:
			return differs(was, version)
		}
		_, err := tx.Exec(ctx, `DELETE FROM setting WHERE kind = $1 AND id = $2`, tables.Escape(kind), tables.Escape(id))
		return err
	})
	if err != nil {
		return fmt.Errorf("delete %s %q: %w", kind, id, err)
	}
	return nil
}

func differs(was, wanted int64) error {
	return fmt.Errorf("version %d, not %d: %w", was, wanted, store.ErrVersion)
}

// changeSetting runs a change in one transaction. It begins with the version, which
// is never given twice, so that a setting that was deleted and made again is not
// mistaken for itself. change is given the version that is there,
// 0 for none, and the next one; the fields of before are gone then.
func (s *Store) changeSetting(ctx context.Context, kind, id string, change func(tx pgx.Tx, was, next int64) error) error {
	err := s.transaction(ctx, func(tx pgx.Tx) error {
		next, err := nextVersion(ctx, tx, kind, id)
		if err != nil {
			return err
		}
		var was int64
		err = tx.QueryRow(ctx, `SELECT version FROM setting WHERE kind = $1 AND id = $2`, tables.Escape(kind), tables.Escape(id)).Scan(&was)
		if err != nil && !errors.Is(err, pgx.ErrNoRows) {
			return err
		}
		if _, err := tx.Exec(ctx, `DELETE FROM setting_field WHERE kind = $1 AND id = $2`, tables.Escape(kind), tables.Escape(id)); err != nil {
			return err
		}
		if err := change(tx, was, next); err != nil {
			return err
		}
		if !store.Private(kind) {
			if _, err := tx.Exec(ctx, `SELECT pg_notify($1, $2)`, s.channel(), allShards); err != nil {
				return err
			}
		}
		return s.at(store.Staged)
	})
	if err != nil {
		return err
	}
	return s.at(store.Committed)
}

// nextVersion gives the version of what a change is about to write, and lets no
// other change pass until it is over: of settings that engines go by none at all, as
// their version is the count of all changes, of private ones none of the same
// document. Hashes of two may meet; then one waits for the other.
func nextVersion(ctx context.Context, tx pgx.Tx, kind, id string) (version int64, err error) {
	if !store.Private(kind) {
		err = tx.QueryRow(ctx, `UPDATE counter SET value = value + 1 WHERE name = 'settings' RETURNING value`).Scan(&version)
		return version, err
	}
	if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || ' ' || $1 || ' ' || $2, 0))`, tables.Escape(kind), tables.Escape(id)); err != nil {
		return 0, err
	}
	err = tx.QueryRow(ctx, `SELECT nextval('document_version')`).Scan(&version)
	return version, err
}

func write(ctx context.Context, tx pgx.Tx, put store.Setting, version int64) error {
	kind, id := tables.Escape(put.Kind), tables.Escape(put.ID)
	_, err := tx.Exec(ctx, `INSERT INTO setting (kind, id, version, created, updated, fields, body) VALUES ($1, $2, $3, `+clock+`, `+clock+`, $4, $5)
		ON CONFLICT (kind, id) DO UPDATE SET version = excluded.version, updated = excluded.updated, fields = excluded.fields, body = excluded.body`,
		kind, id, version, tables.LabelText(put.Fields), present(put.Body))
	if err != nil || len(put.Fields) == 0 {
		return err
	}
	names := slices.Sorted(maps.Keys(put.Fields))
	_, err = tx.Exec(ctx, `INSERT INTO setting_field (kind, name, value, id) SELECT $1, f.name, f.value, $2 FROM unnest($3::text[], $4::text[]) AS f (name, value)`,
		kind, id, column(names, tables.Escape), column(names, func(name string) string { return tables.Escape(put.Fields[name]) }))
	return err
}
