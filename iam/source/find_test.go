package source_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/source"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestFilesMatchTheirGolden reads every file of testdata and compares what is
// found with the golden beside it.
func TestFilesMatchTheirGolden(t *testing.T) {
	t.Parallel()
	names, err := filepath.Glob("testdata/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if info, err := os.Stat(name); err != nil || info.IsDir() || strings.HasSuffix(name, ".golden") || strings.HasSuffix(name, "README.md") {
			continue
		}
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			file, err := source.Find(filepath.Base(name), data)
			if err != nil {
				t.Fatal(err)
			}
			got := describe(file)
			if *update {
				if err := os.WriteFile(name+".golden", []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(name + ".golden")
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("Find(%q) differs from its golden (-want +got):\n%s", name, diff)
			}
		})
	}
}

// describe writes what is found: where, what, why, and the text where it is not
// the file's own.
func describe(file *source.File) string {
	var b strings.Builder
	fmt.Fprintf(&b, "format %s\n", file.Format)
	for _, p := range file.Policies {
		at := p.Span(iam.Span{End: iam.Position{Offset: len(p.Text)}})
		sure := "guess"
		if p.Certain {
			sure = "certain"
		}
		kind := p.Kind.String()
		if p.ResourceType != "" {
			kind += ":" + p.ResourceType
		}
		fmt.Fprintf(&b, "\n%d:%d-%d:%d %s, %s %s: %s\n", at.Start.Line, at.Start.Column, at.End.Line, at.End.Column, p.Name, sure, kind, p.Why)
		for _, who := range p.AttachedTo {
			fmt.Fprintf(&b, "  attached to %s\n", who)
		}
		for _, s := range p.Substitutions {
			fmt.Fprintf(&b, "  %d:%d %s → %s\n", s.At.Line, s.At.Column, s.Expression, s.StandIn)
		}
		if len(p.Substitutions) > 0 || file.Format == source.TerraformConfiguration {
			fmt.Fprintf(&b, "%s\n", p.Text)
		}
	}
	for _, n := range file.Notes {
		fmt.Fprintf(&b, "\nnote %d:%d %s (%s)\n", n.At.Line, n.At.Column, n.Message, n.Help)
	}
	return b.String()
}
