package tables

import (
	"maps"
	"slices"

	"github.com/berth-project/berth/work/store"
)

// SettingColumns are the columns of "setting" that [ScanSetting] reads.
const SettingColumns = `kind, id, version, created, updated, fields, body`

// ScanSetting reads one row of [SettingColumns].
func ScanSetting(scan func(...any) error) (s store.Setting, err error) {
	var fields string
	var body []byte
	err = scan(&s.Kind, &s.ID, &s.Version, &s.Created, &s.Updated, &fields, &body)
	s.Fields, s.Body = ParseLabels(fields), body
	unescape(&s.Kind, &s.ID)
	return s, err
}

// Settings adds the conditions on the columns of "setting": its kind, its
// fields, and its place behind an id.
func (w *Where) Settings(kind string, fields map[string]string, after string) {
	w.And("kind = " + w.Mark(kind))
	if after != "" {
		w.And("id > " + w.Mark(after))
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		w.And("id IN (SELECT f.id FROM setting_field f WHERE f.kind = " + w.Mark(kind) +
			" AND f.name = " + w.Mark(name) + " AND f.value = " + w.Mark(fields[name]) + ")")
	}
}
