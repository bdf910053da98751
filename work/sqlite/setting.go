package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/berth-project/berth/work/store"
)

const settingColumns = `kind, id, version, body, fields, created, updated FROM setting `

func scanSetting(scan func(...any) error) (s store.Setting, err error) {
	var fields sql.NullString
	if err := scan(&s.Kind, &s.ID, &s.Version, (*[]byte)(&s.Body), &fields, &s.Created, &s.Updated); err != nil {
		return s, err
	}
	if fields.Valid {
		err = json.Unmarshal([]byte(fields.String), &s.Fields)
	}
	return s, err
}

// Setting implements [store.Store].
func (s *Store) Setting(ctx context.Context, kind, id string) (store.Setting, error) {
	row := s.reader.QueryRowContext(ctx, `SELECT `+settingColumns+`WHERE kind = ? AND id = ?`, kind, id)
	one, err := scanSetting(row.Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return one, fmt.Errorf("%s %q: %w", kind, id, store.ErrNotFound)
	}
	return one, err
}

// Settings implements [store.Store].
func (s *Store) Settings(ctx context.Context, kind string, where map[string]string, after string, limit int) ([]store.Setting, error) {
	q := query{text: `SELECT ` + settingColumns + `WHERE kind = ? AND id > ?`, args: []any{kind, after}}
	for name, value := range where {
		q.and("id IN (SELECT id FROM setting_field WHERE kind = ? AND name = ? AND value = ?)", kind, name, value)
	}
	rows, err := s.reader.QueryContext(ctx, q.text+` ORDER BY id LIMIT ?`, append(q.args, limit)...)
	if err != nil {
		return nil, err
	}
	return collect(rows, func(r *sql.Rows) (store.Setting, error) { return scanSetting(r.Scan) })
}

// PutSetting implements [store.Store].
func (s *Store) PutSetting(ctx context.Context, one store.Setting) (int64, error) {
	now := time.Now().UnixMilli()
	version := int64(0)
	err := s.write(ctx, func(w *writer) error {
		have, created, err := settingVersion(ctx, w, one.Kind, one.ID)
		if err != nil {
			return err
		}
		if one.Version >= 0 && one.Version != have {
			return fmt.Errorf("%s %q has version %d: %w", one.Kind, one.ID, have, store.ErrVersion)
		}
		if have == 0 {
			created = now
		}
		// Versions of a deleted setting are not given again.
		if err := w.conn.QueryRowContext(ctx, `UPDATE counter SET n = n + 1 WHERE name = 'settings' RETURNING n`).Scan(&version); err != nil {
			return err
		}
		return putSetting(ctx, w, one, version, created, now)
	})
	return version, err
}

func settingVersion(ctx context.Context, w *writer, kind, id string) (version, created int64, err error) {
	err = w.conn.QueryRowContext(ctx, `SELECT version, created FROM setting WHERE kind = ? AND id = ?`, kind, id).Scan(&version, &created)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, 0, nil
	}
	return version, created, err
}

func putSetting(ctx context.Context, w *writer, one store.Setting, version, created, now int64) error {
	var fields any
	if len(one.Fields) > 0 {
		enc, err := json.Marshal(one.Fields)
		if err != nil {
			return err
		}
		fields = string(enc)
	}
	_, err := w.conn.ExecContext(ctx, `INSERT OR REPLACE INTO setting(kind, id, version, body, fields, created, updated) VALUES (?,?,?,?,?,?,?)`,
		one.Kind, one.ID, version, []byte(one.Body), fields, created, now)
	if err != nil {
		return err
	}
	if _, err := w.conn.ExecContext(ctx, `DELETE FROM setting_field WHERE kind = ? AND id = ?`, one.Kind, one.ID); err != nil {
		return err
	}
	for name, value := range one.Fields {
		_, err := w.conn.ExecContext(ctx, `INSERT INTO setting_field(kind, name, value, id) VALUES (?,?,?,?)`, one.Kind, name, value, one.ID)
		if err != nil {
			return err
		}
	}
	return nil
}

// DeleteSetting implements [store.Store].
func (s *Store) DeleteSetting(ctx context.Context, kind, id string, version int64) error {
	return s.write(ctx, func(w *writer) error {
		have, _, err := settingVersion(ctx, w, kind, id)
		switch {
		case err != nil:
			return err
		case have == 0:
			return fmt.Errorf("%s %q: %w", kind, id, store.ErrNotFound)
		case version >= 0 && version != have:
			return fmt.Errorf("%s %q has version %d: %w", kind, id, have, store.ErrVersion)
		}
		for _, text := range []string{
			`DELETE FROM setting WHERE kind = ?1 AND id = ?2`,
			`DELETE FROM setting_field WHERE kind = ?1 AND id = ?2`,
			`UPDATE counter SET n = n + 1 WHERE name = 'settings' AND ?1 = ?1 AND ?2 = ?2`,
		} {
			if _, err := w.conn.ExecContext(ctx, text, kind, id); err != nil {
				return err
			}
		}
		return nil
	})
}

// SettingsVersion implements [store.Store].
func (s *Store) SettingsVersion(ctx context.Context) (int64, error) {
	var n int64
	err := s.reader.QueryRowContext(ctx, `SELECT n FROM counter WHERE name = 'settings'`).Scan(&n)
	return n, err
}
