package berth_test

import (
	"bytes"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the generated references")

// metric is one metric as its declaration says it.
type metric struct{ name, kind, labels, help string }

// TestMetricsReference keeps docs/metrics.md what the metrics.go files declare,
// and holds every name to the scheme.
func TestMetricsReference(t *testing.T) {
	var b bytes.Buffer
	b.WriteString("# Metrics\n\nGenerated from the declarations; `make generate` rewrites it. Served at `/metrics` on the admin listener, " +
		"with the Go runtime's and the process's own. Labels are bounded: a route is its name, never a path; an unknown method is `OTHER`.\n\n" +
		"| metric | kind | labels | meaning |\n|---|---|---|---|\n")
	for _, m := range declaredMetrics(t) {
		if !strings.HasPrefix(m.name, "berth_") || (m.kind == "counter") != strings.HasSuffix(m.name, "_total") {
			t.Errorf("metric %s (%s) breaks the scheme berth_<subsystem>_<noun>_<unit>, _total on counters alone", m.name, m.kind)
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", m.name, m.kind, m.labels, m.help)
	}
	const path = "docs/metrics.md"
	if *update {
		if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, b.Bytes()) {
		t.Errorf("docs/metrics.md is not what metrics.go declares (%v); run make generate", err)
	}
}

func declaredMetrics(t *testing.T) []metric {
	t.Helper()
	var all []metric
	for _, p := range packages(t) {
		for _, name := range p.GoFiles {
			if name != "metrics.go" || top(p.path()) == "examples" {
				continue
			}
			f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, name), nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(f, func(n ast.Node) bool {
				if call, ok := n.(*ast.CallExpr); ok {
					if m, ok := declaration(call); ok {
						all = append(all, m)
					}
				}
				return true
			})
		}
	}
	sort.Slice(all, func(i, j int) bool { return all[i].name < all[j].name })
	if len(all) == 0 {
		t.Fatal("no metric is declared")
	}
	return all
}

// declaration reads prometheus.NewCounterVec(prometheus.CounterOpts{…}, …).
func declaration(call *ast.CallExpr) (m metric, ok bool) {
	if len(call.Args) == 0 {
		return m, false
	}
	opts, ok := call.Args[0].(*ast.CompositeLit)
	if !ok {
		return m, false
	}
	kind, ok := opts.Type.(*ast.SelectorExpr)
	if !ok || !strings.HasSuffix(kind.Sel.Name, "Opts") {
		return m, false
	}
	m.kind = strings.ToLower(strings.TrimSuffix(kind.Sel.Name, "Opts"))
	for _, e := range opts.Elts {
		kv, ok := e.(*ast.KeyValueExpr)
		if !ok {
			continue
		}
		switch fmt.Sprint(kv.Key) {
		case "Name":
			m.name = literal(kv.Value)
		case "Help":
			m.help = literal(kv.Value)
		}
	}
	if len(call.Args) > 1 {
		if labels, ok := call.Args[1].(*ast.CompositeLit); ok {
			for _, l := range labels.Elts {
				m.labels = strings.TrimSpace(m.labels + " `" + literal(l) + "`")
			}
		}
	}
	return m, m.name != ""
}

func literal(e ast.Expr) string {
	lit, ok := e.(*ast.BasicLit)
	if !ok {
		return ""
	}
	s, err := strconv.Unquote(lit.Value)
	if err != nil {
		return ""
	}
	return s
}
