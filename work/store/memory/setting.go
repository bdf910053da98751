package memory

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/berth-project/berth/work/store"
)

// Setting implements [store.Store].
func (s *Store) Setting(ctx context.Context, kind, id string) (store.Setting, error) {
	return read(ctx, s, func(d *Database) (store.Setting, error) {
		one, ok := d.settings[settingKey{kind, id}]
		if !ok {
			return store.Setting{}, fmt.Errorf("%s %q: %w", kind, id, store.ErrNotFound)
		}
		return copied(one), nil
	})
}

func copied(s store.Setting) store.Setting {
	s.Body, s.Fields = bytes.Clone(s.Body), maps.Clone(s.Fields)
	return s
}

// Settings implements [store.Store].
func (s *Store) Settings(ctx context.Context, kind string, where map[string]string, after string, limit int) ([]store.Setting, error) {
	return read(ctx, s, func(d *Database) ([]store.Setting, error) {
		var list []store.Setting
		for k, one := range d.settings {
			if k.kind == kind && (after == "" || k.id > after) && one.Match(where) {
				list = append(list, copied(one))
			}
		}
		slices.SortFunc(list, func(a, b store.Setting) int { return cmp.Compare(a.ID, b.ID) })
		return list[:min(len(list), limit)], nil
	})
}

// PutSetting implements [store.Store].
func (s *Store) PutSetting(ctx context.Context, put store.Setting) (version int64, err error) {
	err = s.write(ctx, func(d *Database) error {
		k := settingKey{put.Kind, put.ID}
		was, there := d.settings[k]
		if put.Version >= 0 && put.Version != was.Version {
			return differs(was, put.Version)
		}
		version = d.changed(put.Kind)
		next := copied(put)
		next.Version, next.Updated = version, d.now()
		if next.Created = next.Updated; there {
			next.Created = was.Created
		}
		d.settings[k] = next
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("put %s %q: %w", put.Kind, put.ID, err)
	}
	return version, nil
}

// DeleteSetting implements [store.Store].
func (s *Store) DeleteSetting(ctx context.Context, kind, id string, version int64) error {
	err := s.write(ctx, func(d *Database) error {
		k := settingKey{kind, id}
		was, there := d.settings[k]
		switch {
		case !there:
			return store.ErrNotFound
		case version >= 0 && version != was.Version:
			return differs(was, version)
		}
		d.changed(kind)
		delete(d.settings, k)
		return nil
	})
	if err != nil {
		return fmt.Errorf("delete %s %q: %w", kind, id, err)
	}
	return nil
}

// changed counts a change of a setting of a kind and hints it, where engines go by
// it. It returns the setting's version.
func (d *Database) changed(kind string) int64 {
	d.versions++
	if !store.Private(kind) {
		d.version = d.versions
		d.hint(store.AllShards)
	}
	return d.versions
}

func differs(was store.Setting, wanted int64) error {
	return fmt.Errorf("version %d, not %d: %w", was.Version, wanted, store.ErrVersion)
}

// SettingsVersion implements [store.Store].
func (s *Store) SettingsVersion(ctx context.Context) (int64, error) {
	return read(ctx, s, func(d *Database) (int64, error) { return d.version, nil })
}
