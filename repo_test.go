package berth_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/berth-project/berth"

// layer orders the packages: a package may import those of lower layers only.
var layer = map[string]int{
	"arn":       1,
	"secret":    1,
	"internal":  1,
	"session":   2,
	"access":    2,
	"health":    2,
	"iam":       2,
	"workflow":  2,
	"gateway":   3,
	"login":     3,
	"directory": 3,
	"environ":   3,
	"process":   3,
	"telemetry": 3,
	"work":      3,
	"manifest":  4,
	"console":   4,
	"compat":    4,
	"cmd":       5,
	"examples":  5,
	"bench":     5,
	"":          5,
}

// sideways lists the imports within one layer that are allowed, with why.
var sideways = map[string]string{
	"access → session":    "a rule decides about a session; a copy of the value would allocate on every request",
	"arn → internal/glob": "the wildcards of names and of policies are one mechanism",
	"login → directory":   "signing in is looking a person up; an interface between them would repeat the whole store",
}

// confined lists dependencies that belong to one place only, or to the few
// that are listed, separated by blanks.
var confined = []struct{ dependency, homes, reason string }{
	{"modernc.org/sqlite", "directory/sqlite work/sqlite", "a database driver lives in the store that needs it"},
	{"github.com/jackc/pgx/v5", "examples/ledger work/postgres", "a database driver lives in the store that needs it"},
	{"github.com/spf13/cobra", "cmd/berth", "only the command line parses flags"},
	{"cel.dev/cel-go", "access workflow/expression", "two domains have expressions, and L2 packages do not import each other: each has one place that knows CEL"},
	{"github.com/goccy/go-yaml", "manifest", "one place knows YAML"},
	{"github.com/klauspost/compress", "gateway/compress", "one place encodes bodies"},
	{"github.com/go-jose/go-jose/v4", "session", "one place signs and verifies tokens"},
	{"github.com/hashicorp/hcl/v2", "iam/source", "one place knows Terraform's language"},
	{"github.com/zclconf/go-cty", "iam/source", "one place knows Terraform's language"},
	{"github.com/santhosh-tekuri/jsonschema/v6", "workflow/input", "one place checks parameters"},
	{"golang.org/x/text", "workflow/input", "only the schema's errors are worded by it"},
	{"github.com/itchyny/gojq", "work/builtin", "one step type runs jq"},
	{"github.com/go-logr/logr", "work/kube", "only the cluster's client wants such a logger"},
	{"k8s.io", "work/kube", "one place knows Kubernetes: the client is large, and what a pod is must not leak into the engine"},
	{"github.com/fsnotify/fsnotify", "cmd/berth", "only the running service watches files"},
}

// pure packages, and those below them, decide; they touch no machine.
var pure = map[string][]string{
	"internal/graph": {"os", "net/http", "database/sql", "os/exec"},
	"internal/plot":  {"os", "net/http", "database/sql", "os/exec"},

	"access":   {"os", "net/http", "database/sql", "os/exec"},
	"health":   {"os", "net/http", "database/sql", "os/exec"},
	"iam":      {"os", "net/http", "database/sql", "os/exec"},
	"session":  {"os", "database/sql", "os/exec"},
	"workflow": {"os", "net", "net/http", "database/sql", "os/exec"},

	"work/cron":  {"os", "net", "net/http", "database/sql", "os/exec", "log/slog", "sync", "context"},
	"work/queue": {"os", "net", "net/http", "database/sql", "os/exec", "log/slog", "sync", "context", "math/rand", "math/rand/v2", "crypto/rand"},
}

// deterministic packages do the same whenever and wherever they run: the time
// is given to them, and they start nothing.
var deterministic = map[string]string{
	"work/cron":  "what was due is asked again after a restart",
	"work/queue": "the order of runs is replayed by the simulator and rebuilt after a restart",
}

type goPackage struct {
	ImportPath   string
	Dir          string
	Imports      []string
	TestImports  []string
	GoFiles      []string
	TestGoFiles  []string
	XTestGoFiles []string
}

func (p goPackage) path() string {
	return strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/")
}

func packages(t *testing.T) []goPackage {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Dir,Imports,GoFiles", "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []goPackage
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p goPackage
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

func top(path string) string {
	first, _, _ := strings.Cut(path, "/")
	return first
}

func TestImportsPointDown(t *testing.T) {
	for _, p := range packages(t) {
		from := p.path()
		own, known := layer[top(from)]
		if !known {
			t.Errorf("package %s is in no layer of repo_test.go", from)
		}
		for _, imp := range p.Imports {
			if imp != module && !strings.HasPrefix(imp, module+"/") {
				continue
			}
			to := strings.TrimPrefix(strings.TrimPrefix(imp, module), "/")
			if layer[top(to)] < own || allowedSideways(from, to) {
				continue
			}
			t.Errorf("%s imports %s: imports point strictly down; wire the two in cmd/berth, or list the edge with its reason", from, to)
		}
	}
}

func allowedSideways(from, to string) bool {
	if sideways[from+" → "+to] != "" {
		return true
	}
	// A parent and the packages below it are one domain; an adapter may
	// import its parent, the parent its parts, and a part its neighbour part.
	return top(from) == top(to) && layer[top(from)] != 0
}

func TestDependenciesStayAtHome(t *testing.T) {
	for _, p := range packages(t) {
		for _, imp := range p.Imports {
			for _, c := range confined {
				if (imp == c.dependency || strings.HasPrefix(imp, c.dependency+"/")) && !atHome(p.path(), c.homes) {
					t.Errorf("%s imports %s, which belongs to %s only: %s", p.path(), imp, c.homes, c.reason)
				}
			}
		}
		for home, imports := range pure {
			for _, banned := range imports {
				if within(p.path(), home) && slices.Contains(p.Imports, banned) {
					t.Errorf("%s imports %s: a pure package decides and touches no machine", p.path(), banned)
				}
			}
		}
	}
}

// within reports whether path is home or below it.
func within(path, home string) bool {
	return path == home || strings.HasPrefix(path, home+"/")
}

func TestDeterministicPackagesHaveNoClock(t *testing.T) {
	for _, p := range packages(t) {
		if deterministic[p.path()] == "" {
			continue
		}
		for _, name := range p.GoFiles {
			ast.Inspect(parse(t, filepath.Join(p.Dir, name)), func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.GoStmt:
					t.Errorf("%s/%s starts a goroutine: %s", p.path(), name, deterministic[p.path()])
				case *ast.SelectorExpr:
					if clock[fmt.Sprint(n.X, ".", n.Sel)] {
						t.Errorf("%s/%s uses %v.%v: %s", p.path(), name, n.X, n.Sel, deterministic[p.path()])
					}
				}
				return true
			})
		}
	}
}

// clock are the ways to ask for the time, or to wait for it.
var clock = map[string]bool{
	"time.Now": true, "time.Since": true, "time.Until": true, "time.Sleep": true, "time.After": true,
	"time.AfterFunc": true, "time.Tick": true, "time.NewTimer": true, "time.NewTicker": true,
}

func atHome(path, homes string) bool {
	return top(path) == "examples" || slices.ContainsFunc(strings.Fields(homes), func(home string) bool {
		return path == home || strings.HasPrefix(path, home+"/")
	})
}

// sdk is what programs of others import of this repository.
var sdk = map[string]bool{
	"session":     true, // who is calling, from the gateway's assertion
	"work/client": true, // submits and follows runs, and needs nothing but the standard library
}

func TestExamplesUseTheSDKOnly(t *testing.T) {
	for _, p := range packages(t) {
		if top(p.path()) != "examples" {
			continue
		}
		for _, imp := range p.Imports {
			own := strings.HasPrefix(imp, module+"/examples/")
			if strings.HasPrefix(imp, module) && !own && !sdk[strings.TrimPrefix(imp, module+"/")] {
				t.Errorf("%s imports %s: an example is written as an outside team would write it, with what is made for other teams' programs alone",
					p.path(), imp)
			}
		}
	}
}

func TestEveryPackageHasOneComment(t *testing.T) {
	for _, p := range packages(t) {
		comments := 0
		for _, name := range p.GoFiles {
			f := parse(t, filepath.Join(p.Dir, name))
			if f.Doc != nil {
				comments++
			}
		}
		if comments != 1 && len(p.GoFiles) > 0 {
			t.Errorf("package %s has %d package comments, want 1", p.path(), comments)
		}
	}
}

func TestMapListsEveryPackage(t *testing.T) {
	text, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range packages(t) {
		path := p.path()
		switch top(path) {
		case "", "cmd", "examples", "bench":
			continue
		}
		if strings.Contains(path, "/internal/") || strings.HasSuffix(path, "test") {
			continue
		}
		if !regexp.MustCompile(`(?m)^//\t\s*` + regexp.QuoteMeta(path) + `\s`).Match(text) {
			t.Errorf("doc.go does not list package %s", path)
		}
	}
}

const (
	maxFileLines     = 700
	maxFunctionLines = 80
)

func TestFilesAndFunctionsStayShort(t *testing.T) {
	for _, p := range packages(t) {
		for _, name := range p.GoFiles {
			file := filepath.Join(p.Dir, name)
			src, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if n := bytes.Count(src, []byte("\n")); n > maxFileLines {
				t.Errorf("%s/%s has %d lines, want at most %d: one concept per file", p.path(), name, n, maxFileLines)
			}
			checkFunctions(t, file)
		}
	}
}

func checkFunctions(t *testing.T, file string) {
	t.Helper()
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, file, nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range f.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok {
			continue
		}
		if fn.Recv == nil && fn.Name.Name == "init" {
			t.Errorf("%s: func init: wire things where they can be seen", fset.Position(fn.Pos()))
		}
		if n := fset.Position(fn.End()).Line - fset.Position(fn.Pos()).Line + 1; n > maxFunctionLines {
			t.Errorf("%s: %s has %d lines, want at most %d", fset.Position(fn.Pos()), fn.Name.Name, n, maxFunctionLines)
		}
	}
}

// drivers are the blank imports that have no other form.
var drivers = map[string]bool{"embed": true, "modernc.org/sqlite": true, "github.com/jackc/pgx/v5/stdlib": true}

func TestNoHiddenImports(t *testing.T) {
	for _, p := range packages(t) {
		for _, name := range p.GoFiles {
			f := parse(t, filepath.Join(p.Dir, name))
			for _, imp := range f.Imports {
				path := strings.Trim(imp.Path.Value, `"`)
				if imp.Name != nil && imp.Name.Name == "_" && !drivers[path] && top(p.path()) != "cmd" {
					t.Errorf("%s/%s imports %s for its side effect", p.path(), name, path)
				}
			}
		}
	}
}

func TestExportedNamesAreDocumented(t *testing.T) {
	for _, p := range packages(t) {
		if top(p.path()) == "examples" || top(p.path()) == "bench" || top(p.path()) == "cmd" {
			continue
		}
		for _, name := range p.GoFiles {
			undocumented(parse(t, filepath.Join(p.Dir, name)), func(what string) {
				t.Errorf("%s/%s: exported %s has no comment", p.path(), name, what)
			})
		}
	}
}

func undocumented(f *ast.File, report func(string)) {
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Name.IsExported() && d.Doc == nil && exportedReceiver(d) {
				report(d.Name.Name)
			}
		case *ast.GenDecl:
			for _, s := range d.Specs {
				switch s := s.(type) {
				case *ast.TypeSpec:
					if s.Name.IsExported() && d.Doc == nil && s.Doc == nil {
						report(s.Name.Name)
					}
				case *ast.ValueSpec:
					if s.Names[0].IsExported() && d.Doc == nil && s.Doc == nil && s.Comment == nil {
						report(s.Names[0].Name)
					}
				}
			}
		}
	}
}

func exportedReceiver(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	typ := d.Recv.List[0].Type
	if star, ok := typ.(*ast.StarExpr); ok {
		typ = star.X
	}
	if index, ok := typ.(*ast.IndexExpr); ok {
		typ = index.X
	}
	id, ok := typ.(*ast.Ident)
	return ok && id.IsExported()
}

func TestDependenciesHaveReasons(t *testing.T) {
	doc, err := os.ReadFile("docs/dependencies.md")
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]bool{}
	for _, m := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\| .{20,} \\|$").FindAllStringSubmatch(string(doc), -1) {
		listed[m[1]] = true
	}
	required := map[string]bool{}
	out, err := exec.Command("go", "list", "-m", "-f", "{{if not (or .Main .Indirect)}}{{.Path}}{{end}}", "all").Output()
	if err != nil {
		t.Fatalf("go list -m: %v", err)
	}
	for _, m := range strings.Fields(string(out)) {
		required[m] = true
	}
	for _, m := range slices.Sorted(maps.Keys(required)) {
		if !listed[m] {
			t.Errorf("docs/dependencies.md gives no reason for %s", m)
		}
	}
	for _, m := range slices.Sorted(maps.Keys(listed)) {
		if !required[m] {
			t.Errorf("docs/dependencies.md lists %s, which go.mod does not require", m)
		}
	}
}

var markdownLink = regexp.MustCompile(`\]\(([^)#:]+)(#[^)]*)?\)`)

func TestLinksInTheDocsLead(t *testing.T) {
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") && path != "." || d.Name() == "testdata") {
			return fs.SkipDir
		}
		if filepath.Ext(path) != ".md" {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, m := range markdownLink.FindAllStringSubmatch(string(text), -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(path), m[1])); err != nil {
				t.Errorf("%s links to %s: %v", path, m[1], err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestReadmeIsShort(t *testing.T) {
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(text, []byte("\n")); n >= 150 {
		t.Errorf("README.md has %d lines, want under 150", n)
	}
	for _, command := range []string{"go run ./cmd/berth up examples/ledger", "go test ./..."} {
		if !strings.Contains(string(text), command) {
			t.Errorf("README.md does not show %q", command)
		}
	}
}

func parse(t *testing.T, file string) *ast.File {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
	if err != nil {
		t.Fatal(fmt.Errorf("parse %s: %w", file, err))
	}
	return f
}
