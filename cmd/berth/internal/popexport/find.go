package popexport

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/berth-project/berth/compat/pop"
	"github.com/berth-project/berth/internal/diagnostic"
)

// maxFiles bounds how many files a directory may have.
const maxFiles = 100_000

// names are those of the tables, without prefix and stage, and where each goes; those
// that go nowhere are not needed.
func names(t *pop.Tables) map[string]*[]pop.Export {
	return map[string]*[]pop.Export{
		"Agenda": &t.Agendas, "AgendaTemplate": &t.Templates, "ProgressAgenda": &t.Progress, "ProgressOperation": &t.OperationProgress,
		"ReadyAgenda": &t.Ready, "Customer": &t.Customers, "Insight": &t.Insights, "ResourcePool": &t.Pools,
		"InsightScheduling": nil, "TransformRequest": nil,
	}
}

// Find finds the tables in a directory, "" for none, and those that are given as
// TABLE=PATH. It also tells what in the directory is no table. The errors are those
// of a caller who says too little, or something else than there is.
func Find(directory string, given []string) (pop.Tables, diagnostic.List, error) {
	var t pop.Tables
	f := finder{into: names(&t), from: map[string]string{}}
	if directory == "" && len(given) == 0 {
		return t, nil, errors.New("--pop DIR says where the exports are, --table TABLE=PATH where one of them is")
	}
	for _, text := range given {
		if err := f.given(text); err != nil {
			return t, nil, err
		}
	}
	if directory != "" {
		if err := f.directory(directory); err != nil {
			return t, nil, fmt.Errorf("--pop: %w", err)
		}
	}
	if len(f.from) == 0 {
		return t, nil, fmt.Errorf("--pop %s: there is no table of %s", directory, f.known())
	}
	return t, f.strange, nil
}

// finder gathers the tables.
type finder struct {
	into    map[string]*[]pop.Export
	from    map[string]string // where each table is
	strange diagnostic.List
}

func (f *finder) known() string {
	return strings.Join(slices.Sorted(maps.Keys(f.into)), ", ")
}

// given takes a table that was named.
func (f *finder) given(text string) error {
	name, path, ok := strings.Cut(text, "=")
	table := f.table(name)
	if !ok || path == "" || table == "" {
		return fmt.Errorf("--table %s: write TABLE=PATH, where TABLE is one of %s", text, f.known())
	}
	if at, twice := f.from[table]; twice {
		return fmt.Errorf("--table %s: the table is %s already", text, at)
	}
	return f.take(table, path)
}

// directory takes the tables of a directory that were not named.
func (f *finder) directory(directory string) error {
	entries, err := os.ReadDir(directory)
	if err != nil {
		return err
	}
	here := map[string]string{}
	for _, e := range entries {
		path := filepath.Join(directory, e.Name())
		table := f.table(e.Name())
		switch at, twice := here[table]; {
		case strings.HasPrefix(e.Name(), "."):
		case table == "" || !e.IsDir() && !exported(e.Name()):
			f.strange = append(f.strange, &diagnostic.Problem{
				Severity: diagnostic.Warning, Code: "B1305", File: path, Message: "this is no table of POP's, and is left out",
			})
		case twice:
			return fmt.Errorf("both %s and %s are the table %s: keep one deployment in a directory, or say which with --table %[3]s=PATH", at, path, table)
		default:
			here[table] = path
			if _, named := f.from[table]; !named {
				if err := f.take(table, path); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// table tells which table a name means, "" for none: "POP-Agenda-prod.json" is the
// table Agenda of a stage.
func (f *finder) table(name string) string {
	if prefix, rest, ok := strings.Cut(name, "-"); ok && strings.EqualFold(prefix, "pop") {
		name = rest
	}
	name = name[:len(name)-len(strings.TrimLeft(name, letters))]
	for known := range f.into {
		if strings.EqualFold(known, name) {
			return known
		}
	}
	return ""
}

const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

// exported reports whether a file may be an export, by its name. An export to S3 has
// other files beside, which say what was exported.
func exported(name string) bool {
	name = strings.TrimSuffix(strings.ToLower(name), ".gz")
	return strings.HasSuffix(name, ".json") && !strings.HasPrefix(name, "manifest-")
}

// take takes the files of a table.
func (f *finder) take(table, path string) error {
	f.from[table] = path
	into := f.into[table]
	info, err := os.Stat(path)
	if err != nil || into == nil {
		return err
	}
	if !info.IsDir() {
		*into = append(*into, export(path))
		return nil
	}
	err = filepath.WalkDir(path, func(file string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || !exported(e.Name()) {
			return err
		}
		if *into = append(*into, export(file)); len(*into) > maxFiles {
			return fmt.Errorf("%s has more than %d files", path, maxFiles)
		}
		return nil
	})
	if err == nil && len(*into) == 0 {
		err = fmt.Errorf("%s has no files that end in .json or .json.gz", path)
	}
	return err
}
