package sqlite

import (
	"context"
	"database/sql/driver"
	"fmt"
	"maps"
	"slices"

	"github.com/berth-project/berth/work/internal/tables"
	"github.com/berth-project/berth/work/store"
)

// Setting implements [store.Store].
func (s *Store) Setting(ctx context.Context, kind, id string) (store.Setting, error) {
	list, err := s.settings(ctx, `kind = ? AND id = ?`, []any{tables.Escape(kind), tables.Escape(id)})
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
	list, err := s.settings(ctx, w.String()+` ORDER BY id LIMIT `+w.Mark(int64(min(limit, maxPage))), w.Args)
	if err != nil {
		return nil, fmt.Errorf("settings of kind %s: %w", kind, err)
	}
	return list, nil
}

func (s *Store) settings(ctx context.Context, where string, args []any) ([]store.Setting, error) {
	var list []store.Setting
	err := s.each(ctx, `SELECT `+tables.SettingColumns+` FROM setting WHERE `+where, args, func(scan func(...any) error) error {
		one, err := tables.ScanSetting(scan)
		list = append(list, one)
		return err
	})
	return list, err
}

// PutSetting implements [store.Store].
func (s *Store) PutSetting(ctx context.Context, put store.Setting) (int64, error) {
	version, err := result(ctx, s.writer, func(w *writer) (int64, error) {
		was, err := w.settingOf(put.Kind, put.ID)
		if err != nil {
			return 0, err
		}
		if put.Version >= 0 && put.Version != was.version {
			return 0, was.differs(put.Version)
		}
		version, err := w.changeSettings(was)
		if err != nil {
			return 0, err
		}
		now := s.clock.now()
		_, err = w.putSetting.run(tables.Escape(put.Kind), tables.Escape(put.ID), version, now, now, tables.LabelText(put.Fields), notNil(put.Body))
		if err != nil {
			return 0, err
		}
		return version, w.addFields(put)
	})
	if err != nil {
		return 0, fmt.Errorf("put %s %q: %w", put.Kind, put.ID, err)
	}
	s.hintSetting(put.Kind)
	return version, nil
}

// hintSetting hints that a setting of a kind was changed.
func (s *Store) hintSetting(kind string) {
	if !store.Private(kind) {
		s.hint(store.AllShards)
	}
}

func notNil(body []byte) []byte {
	if body == nil {
		return []byte{}
	}
	return body
}

// DeleteSetting implements [store.Store].
func (s *Store) DeleteSetting(ctx context.Context, kind, id string, version int64) error {
	err := s.writer.write(ctx, func(w *writer) error {
		was, err := w.settingOf(kind, id)
		switch {
		case err != nil:
			return err
		case was.version == 0:
			return store.ErrNotFound
		case version >= 0 && version != was.version:
			return was.differs(version)
		}
		if _, err := w.changeSettings(was); err != nil {
			return err
		}
		_, err = w.dropSetting.run(tables.Escape(kind), tables.Escape(id))
		return err
	})
	if err != nil {
		return fmt.Errorf("delete %s %q: %w", kind, id, err)
	}
	s.hintSetting(kind)
	return nil
}

// SettingsVersion implements [store.Store].
func (s *Store) SettingsVersion(ctx context.Context) (version int64, err error) {
	err = s.reader.QueryRowContext(ctx, `SELECT value FROM counter WHERE name = 'settings'`).Scan(&version)
	return version, err
}

// stored is what the writer knows of a setting; version 0 where there is none.
type stored struct {
	kind, id string
	version  int64
	fields   map[string]string
}

func (o stored) differs(wanted int64) error {
	return fmt.Errorf("version %d, not %d: %w", o.version, wanted, store.ErrVersion)
}

func (w *writer) settingOf(kind, id string) (stored, error) {
	o := stored{kind: kind, id: id}
	var v [3]driver.Value
	found, err := w.setting.row(v[:], tables.Escape(kind), tables.Escape(id))
	if err != nil || !found {
		return o, err
	}
	o.version, o.fields = v[0].(int64), tables.ParseLabels(v[2].(string))
	return o, nil
}

// changeSettings begins a change: the old fields go, and a new version is
// given. Versions are never given twice, so that a setting that was deleted
// and made again is not mistaken for itself.
func (w *writer) changeSettings(was stored) (int64, error) {
	for name, value := range was.fields {
		if _, err := w.dropFields.run(tables.Escape(was.kind), tables.Escape(name), tables.Escape(value), tables.Escape(was.id)); err != nil {
			return 0, err
		}
	}
	name := "settings"
	if store.Private(was.kind) {
		name = "documents"
	}
	if _, err := w.count.run(name); err != nil {
		return 0, err
	}
	version, _, err := w.counter.number(name)
	return version, err
}

func (w *writer) addFields(s store.Setting) error {
	for _, name := range slices.Sorted(maps.Keys(s.Fields)) {
		_, err := w.addField.run(tables.Escape(s.Kind), tables.Escape(name), tables.Escape(s.Fields[name]), tables.Escape(s.ID))
		if err != nil {
			return err
		}
	}
	return nil
}
