package catalog_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "pack data/ into catalog.gz anew")

// TestPackedIsWhatTheDataSays keeps the embedded catalogue what data/ says.
func TestPackedIsWhatTheDataSays(t *testing.T) {
	t.Parallel()
	want := pack(t)
	if *update {
		if err := os.WriteFile("catalog.gz", want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile("catalog.gz")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(plain(t, got), plain(t, want)) {
		t.Error("catalog.gz is not what data/ says: run go test ./iam/catalog -run Packed -update")
	}
	const most = 150 << 10
	if len(got) > most {
		t.Errorf("catalog.gz has %d bytes, want at most %d: every binary carries it", len(got), most)
	}
}

func plain(t *testing.T, data []byte) []byte {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if _, err := b.ReadFrom(z); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

type use struct {
	Type             string
	Required         bool
	ConditionKeys    []string
	DependentActions []string
}

type serviceFile struct {
	Service, Name string
	Actions       map[string]struct {
		Access           string
		Resources        []use
		ConditionKeys    []string
		DependentActions []string
	}
	Resources map[string]struct {
		ARN           string
		ConditionKeys []string
	}
	ConditionKeys map[string]string
}

// packer writes lines of fields.
type packer struct{ b strings.Builder }

func (p *packer) line(fields ...string) {
	p.b.WriteString(strings.Join(fields, "\t"))
	p.b.WriteByte('\n')
}

func list(names []string) string { return strings.Join(names, "\x1f") }

func pack(t *testing.T) []byte {
	t.Helper()
	var p packer
	p.global(t)
	for _, prefix := range prefixes(t) {
		p.service(readJSON[serviceFile](t, prefix+".json"))
	}
	p.calls(t)
	var out bytes.Buffer
	z, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := z.Write([]byte(p.b.String())); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// prefixes are the services of the extract.
func prefixes(t *testing.T) []string {
	t.Helper()
	return slices.Sorted(maps.Keys(readJSON[map[string]any](t, "index.json")))
}

func readJSON[T any](t *testing.T, name string) T {
	t.Helper()
	var v T
	data, err := os.ReadFile(filepath.Join("data", name))
	if err == nil {
		err = json.Unmarshal(data, &v)
	}
	if err != nil {
		t.Fatal(fmt.Errorf("%s: %w", name, err))
	}
	return v
}

func (p *packer) global(t *testing.T) {
	for _, prefix := range readJSON[[]string](t, "all-service-prefixes.json") {
		p.line("P", prefix)
	}
	for _, k := range readJSON[[]struct{ Key, Category, Type string }](t, "global-condition-keys.json") {
		p.line("G", k.Key, k.Type, k.Category)
	}
}

func (p *packer) service(s serviceFile) {
	p.line("S", s.Service, s.Name)
	for _, key := range slices.Sorted(maps.Keys(s.ConditionKeys)) {
		p.line("K", key, s.ConditionKeys[key])
	}
	for _, name := range slices.Sorted(maps.Keys(s.Resources)) {
		p.line("R", name, s.Resources[name].ARN, list(s.Resources[name].ConditionKeys))
	}
	for _, name := range slices.Sorted(maps.Keys(s.Actions)) {
		a := s.Actions[name]
		p.line("A", name, a.Access, list(a.ConditionKeys), list(a.DependentActions))
		for _, u := range a.Resources {
			required := ""
			if u.Required {
				required = "required"
			}
			p.line("U", u.Type, required, list(u.ConditionKeys), list(u.DependentActions))
		}
	}
}

func (p *packer) calls(t *testing.T) {
	calls := readJSON[struct {
		Permissionless []string
		Mappings       map[string][]struct{ Action, ARN, When string }
	}](t, "sdk-action-map.json")
	for _, call := range calls.Permissionless {
		name, note, _ := strings.Cut(call, " ")
		p.line("F", name, strings.Trim(note, "()"))
	}
	for _, name := range slices.Sorted(maps.Keys(calls.Mappings)) {
		for _, m := range calls.Mappings[name] {
			p.line("C", name, m.Action, m.ARN, m.When)
		}
	}
}
