package popexport_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/cmd/berth/internal/popexport"
	"github.com/berth-project/berth/compat/pop"
)

// directory makes a directory with files of these names, each with its name in it.
func directory(t *testing.T, names ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range names {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		text := []byte(name)
		if strings.HasSuffix(name, ".gz") {
			var b bytes.Buffer
			z := gzip.NewWriter(&b)
			if _, err := z.Write(text); err != nil {
				t.Fatal(err)
			}
			if err := z.Close(); err != nil {
				t.Fatal(err)
			}
			text = b.Bytes()
		}
		if err := os.WriteFile(path, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// read is what the files of a table say.
func read(t *testing.T, files []pop.Export) []string {
	t.Helper()
	var all []string
	for _, f := range files {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		all = append(all, string(text))
	}
	return all
}

func TestFind(t *testing.T) {
	t.Parallel()
	dir := directory(t, "POP-Agenda-prod.json", "progressagenda.json", "pop-ProgressOperation.json.gz", "ReadyAgenda_old.json",
		"POP-Insight-prod/AWSDynamoDB/1/manifest-files.json.gz", "POP-Insight-prod/AWSDynamoDB/1/manifest-summary.json",
		"POP-Insight-prod/AWSDynamoDB/1/data/b.json.gz", "POP-Insight-prod/AWSDynamoDB/1/data/a.json.gz", "POP-Insight-prod/AWSDynamoDB/1/data/a.md5",
		"POP-InsightScheduling-prod.json", "POP-TransformRequest.json", ".hidden", "Customer.txt", "Agendas.json", "more.json", "elsewhere/templates.txt")
	tables, strange, err := popexport.Find(dir, []string{"agendatemplate=" + filepath.Join(dir, "elsewhere", "templates.txt")})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string][]string{
		"agendas": read(t, tables.Agendas), "progress": read(t, tables.Progress), "operations": read(t, tables.OperationProgress), "ready": read(t, tables.Ready),
		"insights": read(t, tables.Insights), "templates": read(t, tables.Templates), "customers": read(t, tables.Customers), "pools": read(t, tables.Pools),
	}
	want := map[string][]string{
		"agendas": {"POP-Agenda-prod.json"}, "progress": {"progressagenda.json"}, "operations": {"pop-ProgressOperation.json.gz"}, "ready": {"ReadyAgenda_old.json"},
		"insights":  {"POP-Insight-prod/AWSDynamoDB/1/data/a.json.gz", "POP-Insight-prod/AWSDynamoDB/1/data/b.json.gz"},
		"templates": {"elsewhere/templates.txt"}, "customers": nil, "pools": nil,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("tables (-want +got):\n%s", d)
	}
	var left []string
	for _, p := range strange {
		left = append(left, filepath.Base(p.File))
	}
	if d := cmp.Diff([]string{"Agendas.json", "Customer.txt", "elsewhere", "more.json"}, left); d != "" {
		t.Errorf("left out (-want +got):\n%s", d)
	}
}

func TestFindRefuses(t *testing.T) {
	t.Parallel()
	file := filepath.Join(directory(t, "a.json"), "a.json")
	for _, c := range []struct {
		directory string
		given     []string
		want      string
	}{
		{"", nil, "--pop DIR"},
		{"/does/not/exist", nil, "--pop: "},
		{"", []string{"Agenda"}, "write TABLE=PATH"},
		{"", []string{"Agenda="}, "write TABLE=PATH"},
		{"", []string{"Orders=" + file}, "TABLE is one of Agenda"},
		{"", []string{"Agenda=/does/not/exist"}, "no such file"},
		{"", []string{"Agenda=" + file, "POP-Agenda-prod=" + file}, "already"},
		{directory(t, "POP-Agenda-dev.json", "POP-Agenda-prod.json"), nil, "keep one deployment"},
		{directory(t, "POP-Agenda-prod/manifest-summary.json"), nil, "no files that end"},
		{directory(t, "other.json"), nil, "there is no table"},
	} {
		if _, _, err := popexport.Find(c.directory, c.given); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("Find(%q, %q) = %v, want an error with %q", c.directory, c.given, err, c.want)
		}
	}
}

func TestBrokenCompression(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "Agenda.json.gz")
	if err := os.WriteFile(path, []byte("\x1f\x8bnot"), 0o644); err != nil {
		t.Fatal(err)
	}
	tables, _, err := popexport.Find("", []string{"Agenda=" + path})
	if err != nil {
		t.Fatal(err)
	}
	survey, err := tables.Survey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if survey.Wrong != 1 || !strings.Contains(survey.Findings[0].Message, "decompress") || survey.Findings[0].File != path {
		t.Errorf("findings: %+v, want one about the compression", survey.Findings)
	}
}
