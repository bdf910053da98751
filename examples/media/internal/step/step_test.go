package step_test

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/berth-project/berth/examples/media/internal/picture"
	"github.com/berth-project/berth/examples/media/internal/step"
	"github.com/berth-project/berth/examples/media/internal/vault"
)

// bench executes steps of one run by hand.
type bench struct {
	t     *testing.T
	dir   string
	files *vault.Tenant
}

func setup(t *testing.T) *bench {
	t.Helper()
	dir := t.TempDir()
	files, err := vault.Open(dir, "acme")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = files.Close() })
	_, err = files.Write(vault.Source("photo"), func(w io.Writer) error {
		return picture.EncodePNG(w, picture.Sample(1, 200, 100))
	})
	if err != nil {
		t.Fatal(err)
	}
	return &bench{t, dir, files}
}

func (b *bench) execute(name string, payload any) (any, error) {
	b.t.Helper()
	enc, err := json.Marshal(payload)
	if err != nil {
		b.t.Fatal(err)
	}
	return step.Execute(name, step.Job{Run: "r1", Files: b.files, Payload: enc, Progress: func(float64, string) {}})
}

func (b *bench) must(name string, payload any) any {
	b.t.Helper()
	answer, err := b.execute(name, payload)
	if err != nil {
		b.t.Fatalf("%s: %v", name, err)
	}
	return answer
}

type object = map[string]any

// An attempt that was thought dead may execute beside the next one: each makes
// the same files and says the same.
func TestExecutedTwiceAStepMakesTheSame(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var transcoded, thumbs, packed any
	for _, pass := range []string{"first", "second"} {
		made := b.must("transcode", object{"source": "photo", "width": 100, "height": 50})
		squares := b.must("thumbnails", object{"renditions": []any{made}, "squares": []int{40, 20}})
		whole := b.must("package", object{"files": []any{[]any{made}, squares}})
		b.must("notify", object{"title": "Photo", "source": object{}, "result": whole})
		if pass == "first" {
			transcoded, thumbs, packed = made, squares, whole
			continue
		}
		for _, pair := range [][2]any{{transcoded, made}, {thumbs, squares}, {packed, whole}} {
			if !reflect.DeepEqual(pair[0], pair[1]) {
				t.Errorf("the second time %+v, want %+v", pair[1], pair[0])
			}
		}
	}
	if all, err := b.files.Published(10); err != nil || len(all) != 1 {
		t.Errorf("the library has %d records, %v, want one", len(all), err)
	}
}

func TestProbeAsksForNoLargerImage(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, tc := range []struct {
		widths []int
		want   []step.Rung
	}{
		{[]int{50, 100, 400}, []step.Rung{{Width: 100, Height: 50}, {Width: 50, Height: 25}}},
		{[]int{200}, []step.Rung{{Width: 200, Height: 100}}},
		{[]int{201, 960}, []step.Rung{{Width: 200, Height: 100}}},
	} {
		got, ok := b.must("probe", object{"source": "photo", "widths": tc.widths}).(step.Probed)
		if !ok || !reflect.DeepEqual(got.Ladder, tc.want) || got.Width != 200 || got.Height != 100 || got.Format != "png" {
			t.Errorf("probe for %v = %+v, want the sizes %v", tc.widths, got, tc.want)
		}
	}
}

func TestThumbnailsOfASmallImageAreNotMadeTwice(t *testing.T) {
	t.Parallel()
	b := setup(t)
	made := b.must("transcode", object{"source": "photo", "width": 60, "height": 30})
	got, ok := b.must("thumbnails", object{"renditions": []any{made}, "squares": []int{128, 48, 16}}).([]step.Made)
	if !ok || len(got) != 2 || got[0].Name != "square-30.png" || got[1].Name != "square-16.png" {
		t.Errorf("thumbnails = %+v, want squares of 30 and 16", got)
	}
}

func TestFailuresSayWhetherToTryAgain(t *testing.T) {
	t.Parallel()
	b := setup(t)
	other, err := vault.Open(b.dir, "zenith")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close() //nolint:errcheck // a directory
	if _, err := other.Write(vault.Source("theirs"), func(io.Writer) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(b.dir, "acme", "sources", "text"), []byte("no image"), 0o600); err != nil {
		t.Fatal(err)
	}
	made := b.must("transcode", object{"source": "photo", "width": 60, "height": 30})
	changed, ok := made.(step.Made)
	if !ok {
		t.Fatalf("transcode = %T", made)
	}
	changed.SHA256 = "00"
	for name, tc := range map[string]struct {
		step, code string
		payload    any
	}{
		"no such step":              {"shell", "refused", object{}},
		"an unknown field":          {"probe", "with", object{"source": "photo", "widths": []int{1}, "more": 1}},
		"a payload of another kind": {"probe", "with", "photo"},
		"no such image":             {"probe", "media.missing", object{"source": "nothing", "widths": []int{1}}},
		"another tenant's image":    {"probe", "media.missing", object{"source": "theirs", "widths": []int{1}}},
		"a way to another tenant":   {"transcode", "media.missing", object{"source": "../../zenith/sources/theirs", "width": 1, "height": 1}},
		"no image":                  {"transcode", "media.refused", object{"source": "text", "width": 1, "height": 1}},
		"a size that is none":       {"transcode", "with", object{"source": "photo", "width": 0, "height": 1}},
		"a size that is too large":  {"transcode", "with", object{"source": "photo", "width": 1 << 30, "height": 1 << 30}},
		"nothing to cut from":       {"thumbnails", "with", object{"renditions": []any{}, "squares": []int{1}}},
		"a square that is none":     {"thumbnails", "with", object{"renditions": []any{made}, "squares": []int{-1}}},
		"a file that is not there":  {"package", "media.missing", object{"files": []any{[]any{object{"name": "image-1.jpg"}}}}},
		"a file that leads outside": {"package", "media.missing", object{"files": []any{[]any{object{"name": "../r2/image-1.jpg"}}}}},
		"a file that was changed":   {"package", "media.checksum", object{"files": []any{[]any{changed}}}},
	} {
		_, err := b.execute(tc.step, tc.payload)
		if f, ok := errors.AsType[*step.Failure](err); !ok || f.Code != tc.code || !f.Fatal {
			t.Errorf("%s: %s = %v, want the code %s and no further attempt", name, tc.step, err, tc.code)
		}
	}
}

func TestCleanupKeepsWhatARetryGoesOnFrom(t *testing.T) {
	t.Parallel()
	b := setup(t)
	made := b.must("transcode", object{"source": "photo", "width": 60, "height": 30})
	b.must("cleanup", object{"package": "skipped"})
	b.must("package", object{"files": []any{[]any{made}}})
	b.must("cleanup", object{"package": "succeeded"})
	if _, err := b.execute("package", object{"files": []any{[]any{made}}}); err == nil {
		t.Error("the files that steps hand each other are there after the cleanup")
	}
	f, err := b.files.Open(vault.Result("r1", step.PackageName))
	if err != nil {
		t.Fatalf("the package is gone: %v", err)
	}
	_ = f.Close()
}
