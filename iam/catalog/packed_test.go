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
	"strconv"
	"strings"
	"testing"

	"github.com/berth-project/berth/iam/catalog"
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
	Actions       map[string]actionFacts
	Resources     map[string]struct {
		ARN           string
		ConditionKeys []string
	}
	ConditionKeys map[string]string
}

type actionFacts struct {
	Access           string
	Resources        []use
	ConditionKeys    []string
	DependentActions []string
}

// add adds types of resources to those that actions take. With the others they
// are alternatives, none of which is required.
func (s *serviceFile) add(t *testing.T, types map[string][]string) {
	t.Helper()
	for name, more := range types {
		a, ok := s.Actions[name]
		if !ok {
			t.Errorf("additions.json: %s has no action %s", s.Service, name)
		}
		if slices.Equal(more, []string{"*"}) {
			more = folded(s.Resources)
		}
		known := len(a.Resources)
		for i := range a.Resources {
			a.Resources[i].Required = false
		}
		for _, typ := range more {
			if !slices.ContainsFunc(a.Resources, func(u use) bool { return u.Type == typ }) {
				a.Resources = append(a.Resources, use{Type: typ})
			}
		}
		if len(a.Resources) == known {
			t.Errorf("additions.json: the extract has all of %s:%s by now", s.Service, name)
		}
		s.Actions[name] = a
	}
}

// packer writes lines of fields, and gives equal lists one number.
type packer struct {
	b       strings.Builder
	lists   []string
	numbers map[string]int
	count   struct{ resources, actions, uses int }
}

func (p *packer) line(fields ...string) {
	for _, f := range fields {
		if strings.ContainsAny(f, "\t\n") {
			panic(fmt.Sprintf("%q has a tab or an end of line in it", f))
		}
	}
	p.b.WriteString(strings.Join(fields, "\t"))
	p.b.WriteByte('\n')
}

// list returns the number of a list.
func (p *packer) list(names []string) string {
	if len(names) == 0 {
		return "0"
	}
	text := strings.Join(names, "\t")
	n, ok := p.numbers[text]
	if !ok {
		p.lists = append(p.lists, text)
		n = len(p.lists)
		p.numbers[text] = n
	}
	return strconv.Itoa(n)
}

func pack(t *testing.T) []byte {
	t.Helper()
	p := packer{numbers: map[string]int{}}
	p.global(t)
	for _, prefix := range prefixes(t) {
		p.service(t, readService(t, prefix))
	}
	p.calls(t)
	text := fmt.Sprintf("N\t%d\t%d\t%d\t%d\n", len(p.lists), p.count.resources, p.count.actions, p.count.uses)
	for _, list := range p.lists {
		text += "L\t" + list + "\n"
	}
	return compress(t, text+p.b.String())
}

func compress(t *testing.T, text string) []byte {
	t.Helper()
	var out bytes.Buffer
	z, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err == nil {
		_, err = z.Write([]byte(text))
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// folded returns the keys of a map in order without regard to case.
func folded[V any](m map[string]V) []string {
	return slices.SortedFunc(maps.Keys(m), func(a, b string) int { return strings.Compare(strings.ToLower(a), strings.ToLower(b)) })
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

// readService reads a service, with what this project adds to the extract.
func readService(t *testing.T, prefix string) serviceFile {
	t.Helper()
	s := readJSON[serviceFile](t, prefix+".json")
	s.add(t, readJSON[map[string]map[string][]string](t, "additions.json")[prefix])
	return s
}

func (p *packer) global(t *testing.T) {
	t.Helper()
	for _, prefix := range slices.Sorted(slices.Values(readJSON[[]string](t, "all-service-prefixes.json"))) {
		p.line("P", prefix)
	}
	for _, k := range readJSON[[]struct{ Key, Category, Type string }](t, "global-condition-keys.json") {
		p.line("G", k.Key, k.Type, k.Category)
	}
}

func (p *packer) service(t *testing.T, s serviceFile) {
	t.Helper()
	p.line("S", s.Service, s.Name)
	for _, key := range folded(s.ConditionKeys) {
		p.line("K", key, s.ConditionKeys[key])
	}
	resources := folded(s.Resources)
	for _, name := range resources {
		r := s.Resources[name]
		p.line(append([]string{"R", name, p.list(r.ConditionKeys)}, strings.Split(r.ARN, ", ")...)...)
	}
	p.count.resources += len(resources)
	for _, name := range folded(s.Actions) {
		a := s.Actions[name]
		access, ok := catalog.ParseAccess(a.Access)
		if !ok {
			t.Errorf("%s:%s has the access level %q", s.Service, name, a.Access)
		}
		p.line("A", name, strconv.Itoa(int(access)), p.list(a.ConditionKeys), p.list(a.DependentActions))
		for _, u := range a.Resources {
			place := slices.Index(resources, u.Type)
			if place < 0 {
				t.Errorf("%s:%s takes a %s, which the service does not have", s.Service, name, u.Type)
			}
			required := ""
			if u.Required {
				required = "required"
			}
			p.line("U", strconv.Itoa(place), required, p.list(u.ConditionKeys), p.list(u.DependentActions))
		}
		p.count.actions, p.count.uses = p.count.actions+1, p.count.uses+len(a.Resources)
	}
}

func (p *packer) calls(t *testing.T) {
	t.Helper()
	source := readJSON[struct {
		Permissionless []string
		Mappings       map[string][]struct{ Action, ARN, When string }
	}](t, "sdk-action-map.json")
	for _, entry := range source.Permissionless {
		name, _, _ := strings.Cut(entry, " ") // what follows is a remark
		source.Mappings[name] = nil
	}
	for _, name := range folded(source.Mappings) {
		if source.Mappings[name] == nil {
			p.line("F", name)
		}
		for _, m := range source.Mappings[name] {
			p.line("C", name, m.Action, m.ARN, m.When)
		}
	}
}
