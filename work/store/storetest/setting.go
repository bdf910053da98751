package storetest

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/berth-project/berth/work/store"
)

func settingCases() []testCase {
	return []testCase{
		{"a setting is created once", settingCreated},
		{"a setting is replaced by version", settingReplaced},
		{"a setting is deleted by version", settingDeleted},
		{"a version is never given twice", settingVersions},
		{"settings are listed by kind, fields and page", settingsListed},
		{"a setting is found by its new fields only", settingFields},
		{"settings hold any text", settingTexts},
		{"of many writers of one version one wins", settingRace},
		{"every change of a setting is hinted and counted", settingsVersion},
		{"changes of private settings are neither", settingsPrivate},
	}
}

func settingCreated(t *testing.T, b Backend) {
	f := open(t, b)
	s := store.Setting{Kind: "queue", ID: "main", Body: text("x"), Fields: map[string]string{"pool": "p"}}
	version := must[int64](t)(f.PutSetting(t.Context(), s))
	if version <= 0 {
		t.Errorf("version %d, want one above 0", version)
	}
	got := must[store.Setting](t)(f.Setting(t.Context(), "queue", "main"))
	if got.Created == 0 || got.Updated != got.Created {
		t.Errorf("created %d, updated %d; want the same time", got.Created, got.Updated)
	}
	s.Version, s.Created, s.Updated = version, got.Created, got.Updated
	same(t, "Setting", got, s)
	s.Version = 0
	if _, err := f.PutSetting(t.Context(), s); !errors.Is(err, store.ErrVersion) {
		t.Errorf("PutSetting of one that exists: %v, want ErrVersion", err)
	}
	for _, missing := range [][2]string{{"queue", "other"}, {"pool", "main"}} {
		if _, err := f.Setting(t.Context(), missing[0], missing[1]); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("Setting(%q): %v, want ErrNotFound", missing, err)
		}
	}
}

func settingReplaced(t *testing.T, b Backend) {
	f := open(t, b)
	s := store.Setting{Kind: "k", ID: "a", Body: text(1)}
	s.Version = must[int64](t)(f.PutSetting(t.Context(), s))
	first := must[store.Setting](t)(f.Setting(t.Context(), "k", "a"))
	s.Body = text(2)
	next := must[int64](t)(f.PutSetting(t.Context(), s))
	if next <= s.Version {
		t.Errorf("version %d after %d", next, s.Version)
	}
	if _, err := f.PutSetting(t.Context(), s); !errors.Is(err, store.ErrVersion) {
		t.Errorf("PutSetting of an old version: %v, want ErrVersion", err)
	}
	got := must[store.Setting](t)(f.Setting(t.Context(), "k", "a"))
	if got.Created != first.Created || got.Updated < first.Updated || string(got.Body) != "2" || got.Version != next {
		t.Errorf("Setting = %+v, want the second body, made when the first was", got)
	}
	s.Version, s.Body = -1, text(3)
	must[int64](t)(f.PutSetting(t.Context(), s))
	s.ID = "b"
	must[int64](t)(f.PutSetting(t.Context(), s))
	s.ID, s.Version = "c", 3
	if _, err := f.PutSetting(t.Context(), s); !errors.Is(err, store.ErrVersion) {
		t.Errorf("PutSetting of a version of nothing: %v, want ErrVersion", err)
	}
}

func settingDeleted(t *testing.T, b Backend) {
	f := open(t, b)
	version := must[int64](t)(f.PutSetting(t.Context(), store.Setting{Kind: "k", ID: "a"}))
	if err := f.DeleteSetting(t.Context(), "k", "a", version+1); !errors.Is(err, store.ErrVersion) {
		t.Errorf("DeleteSetting of another version: %v, want ErrVersion", err)
	}
	if err := f.DeleteSetting(t.Context(), "k", "a", version); err != nil {
		t.Errorf("DeleteSetting: %v", err)
	}
	for _, v := range []int64{version, -1} {
		if err := f.DeleteSetting(t.Context(), "k", "a", v); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("DeleteSetting of what is gone: %v, want ErrNotFound", err)
		}
	}
	must[int64](t)(f.PutSetting(t.Context(), store.Setting{Kind: "k", ID: "a"}))
	if err := f.DeleteSetting(t.Context(), "k", "a", -1); err != nil {
		t.Errorf("DeleteSetting of any version: %v", err)
	}
}

// kinds are one of settings that engines go by, and one of private ones.
func kinds() []string { return []string{"k", "own.k"} }

func settingVersions(t *testing.T, b Backend) {
	f := open(t, b)
	for _, kind := range kinds() {
		old := must[int64](t)(f.PutSetting(t.Context(), store.Setting{Kind: kind, ID: "a"}))
		if err := f.DeleteSetting(t.Context(), kind, "a", old); err != nil {
			t.Fatal(err)
		}
		again := must[int64](t)(f.PutSetting(t.Context(), store.Setting{Kind: kind, ID: "a"}))
		if again <= old {
			t.Errorf("version %d after a deleted one of %d, want a higher one", again, old)
		}
		if err := f.DeleteSetting(t.Context(), kind, "a", old); !errors.Is(err, store.ErrVersion) {
			t.Errorf("DeleteSetting of the deleted one's version: %v, want ErrVersion", err)
		}
	}
}

func settingsListed(t *testing.T, b Backend) {
	f := open(t, b)
	var all []store.Setting
	for n := range 30 {
		s := store.Setting{
			Kind: "k", ID: fmt.Sprintf("id-%02d", n), Body: text(n),
			Fields: map[string]string{"odd": fmt.Sprint(n % 2), "third": fmt.Sprint(n % 3)},
		}
		s.Version = must[int64](t)(f.PutSetting(t.Context(), s))
		all = append(all, s)
	}
	must[int64](t)(f.PutSetting(t.Context(), store.Setting{Kind: "other", ID: "id-00", Fields: map[string]string{"odd": "0"}}))
	for _, where := range []map[string]string{nil, {"odd": "1"}, {"odd": "1", "third": "2"}, {"odd": "2"}, {"none": ""}} {
		var want, got []string
		for i := range all {
			if all[i].Match(where) {
				want = append(want, all[i].ID)
			}
		}
		for after := ""; ; {
			page := must[[]store.Setting](t)(f.Settings(t.Context(), "k", where, after, 4))
			for _, s := range page {
				got = append(got, s.ID)
				after = s.ID
			}
			if len(page) < 4 {
				break
			}
		}
		same(t, fmt.Sprintf("Settings(%v)", where), got, want)
	}
}

func settingFields(t *testing.T, b Backend) {
	f := open(t, b)
	s := store.Setting{Kind: "k", ID: "a", Fields: map[string]string{"x": "1", "y": "1"}}
	s.Version = must[int64](t)(f.PutSetting(t.Context(), s))
	s.Fields = map[string]string{"x": "2", "z": ""}
	must[int64](t)(f.PutSetting(t.Context(), s))
	for _, c := range []struct {
		name, value string
		want        int
	}{{"x", "1", 0}, {"y", "1", 0}, {"x", "2", 1}, {"z", "", 1}} {
		got := must[[]store.Setting](t)(f.Settings(t.Context(), "k", map[string]string{c.name: c.value}, "", 9))
		if len(got) != c.want {
			t.Errorf("%d settings where %s is %q, want %d", len(got), c.name, c.value, c.want)
		}
	}
	if err := f.DeleteSetting(t.Context(), "k", "a", -1); err != nil {
		t.Fatal(err)
	}
	same(t, "settings by the field of one that is gone", must[[]store.Setting](t)(f.Settings(t.Context(), "k", map[string]string{"x": "2"}, "", 9)), nil)
}

func settingTexts(t *testing.T, b Backend) {
	f := open(t, b)
	for _, s := range awkward() {
		want := store.Setting{Kind: s, ID: s, Body: []byte(s), Fields: map[string]string{s: s, "k": s}}
		want.Version = must[int64](t)(f.PutSetting(t.Context(), want))
		got := must[store.Setting](t)(f.Setting(t.Context(), s, s))
		want.Created, want.Updated = got.Created, got.Updated
		same(t, fmt.Sprintf("Setting(%q)", s), got, want)
		list := must[[]store.Setting](t)(f.Settings(t.Context(), s, map[string]string{s: s}, "", 9))
		same(t, fmt.Sprintf("Settings(%q)", s), list, []store.Setting{want})
	}
}

func settingRace(t *testing.T, b Backend) {
	f := open(t, b)
	for round := range 10 {
		kind, version := kinds()[round%2], int64(0)
		if round > 1 {
			version = must[store.Setting](t)(f.Setting(t.Context(), kind, "a")).Version
		}
		var won atomic.Int32
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				_, err := f.PutSetting(t.Context(), store.Setting{Kind: kind, ID: "a", Version: version})
				switch {
				case err == nil:
					won.Add(1)
				case !errors.Is(err, store.ErrVersion):
					t.Errorf("PutSetting: %v, want nil or ErrVersion", err)
				}
			})
		}
		wg.Wait()
		if won.Load() != 1 {
			t.Errorf("%d of 8 writers of version %d won, want 1", won.Load(), version)
		}
	}
}

func settingsVersion(t *testing.T, b Backend) {
	f := open(t, b)
	last := must[int64](t)(f.SettingsVersion(t.Context()))
	grown := func(what string) {
		t.Helper()
		now := must[int64](t)(f.SettingsVersion(t.Context()))
		if now <= last {
			t.Errorf("SettingsVersion = %d after %s, want more than %d", now, what, last)
		}
		last = now
		eventually(t, "hint of "+what, func() bool {
			select {
			case shard := <-f.Wake():
				return shard == store.AllShards
			default:
				return false
			}
		})
	}
	must[int64](t)(f.PutSetting(t.Context(), store.Setting{Kind: "k", ID: "a"}))
	grown("a creation")
	must[int64](t)(f.PutSetting(t.Context(), store.Setting{Kind: "k", ID: "a", Version: -1}))
	grown("a replacement")
	if err := f.DeleteSetting(t.Context(), "k", "a", -1); err != nil {
		t.Fatal(err)
	}
	grown("a deletion")
}

func settingsPrivate(t *testing.T, b Backend) {
	f := open(t, b)
	first := must[int64](t)(f.PutSetting(t.Context(), store.Setting{Kind: "k", ID: "a"}))
	eventually(t, "the hint of a setting", func() bool {
		select {
		case <-f.Wake():
			return true
		default:
			return false
		}
	})
	before := must[int64](t)(f.SettingsVersion(t.Context()))
	own := must[int64](t)(f.PutSetting(t.Context(), store.Setting{Kind: "own.k", ID: "a"}))
	next := must[int64](t)(f.PutSetting(t.Context(), store.Setting{Kind: "own.k", ID: "a", Version: own}))
	if first <= 0 || own <= 0 || next <= own {
		t.Errorf("versions %d, %d and then %d, want them above 0 and growing", first, own, next)
	}
	if err := f.DeleteSetting(t.Context(), "own.k", "a", next); err != nil {
		t.Fatal(err)
	}
	if after := must[int64](t)(f.SettingsVersion(t.Context())); after != before {
		t.Errorf("SettingsVersion = %d after changes of private settings, want %d as before", after, before)
	}
	select {
	case shard := <-f.Wake():
		t.Errorf("changes of private settings hint %d", shard)
	default:
	}
}
