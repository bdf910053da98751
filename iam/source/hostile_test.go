package source_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/source"
)

// hostile are files of a given size that cost a reader much who looks at
// anything twice, or recurses.
var hostile = map[string]func(size int) string{
	"open.txt":             func(n int) string { return strings.Repeat(`{"`, n/2) },
	"open lines.txt":       func(n int) string { return strings.Repeat("{\"a\":\n", n/6) },
	"braces.txt":           func(n int) string { return strings.Repeat("{", n) },
	"braces apart.txt":     func(n int) string { return strings.Repeat("{ ", n/2) },
	"blank lines.txt":      func(n int) string { return `{"a":` + strings.Repeat("\n", n) },
	"blank.txt":            func(n int) string { return "{" + strings.Repeat(" ", n) },
	"objects.txt":          func(n int) string { return strings.Repeat(`{"Statement":0}`, n/15) },
	"statements.txt":       func(n int) string { return strings.Repeat(`{"Effect":"Deny","Action":"a:b"}`, n/32) },
	"broken statements.md": func(n int) string { return strings.Repeat("{\"Statement\":{\"Effect\":\n", n/24) },
	"backslashes.txt":      func(n int) string { return `{"Statement` + strings.Repeat(`\`, n) },
	"titles.md":            func(n int) string { return strings.Repeat("Title\n{\"Effect\":1,\"Action\":1}\n", n/30) },
	"nested.json":          func(n int) string { return strings.Repeat("[", n/2) + strings.Repeat("]", n/2) },
	"escapes.json":         func(n int) string { return `{"Policy":"{Statement` + strings.Repeat(`\u0041`, n/6) + `"}` },
	"encoded.json":         func(n int) string { return `{"Policy":"%7BStatement` + strings.Repeat(`%20`, n/3) + `"}` },
	"percent.txt":          func(n int) string { return "%7B" + strings.Repeat("%", n) },
	"references.json": func(n int) string {
		return `{"Resources":{"P":{"Type":"AWS::IAM::ManagedPolicy","Properties":{"PolicyDocument":{"Statement":[` +
			strings.Repeat(`{"Ref":"P"},`, n/12) + `0]}}}}}`
	},
	"selves.json": func(n int) string {
		return `{"Resources":{"Q":{"Type":"AWS::SQS::Queue","Properties":{"QueueName":{"Fn::Sub":"` + strings.Repeat("${Q.QueueName}", n/50) +
			`"}}},"P":{"Type":"AWS::IAM::ManagedPolicy","Properties":{"PolicyDocument":{"Statement":[{"Ref":"Q"}]}}}}}`
	},
	"laughs.json": func(int) string {
		s := `{"Fn::Sub":"aaaaaaaaaaaaaaaa"}`
		for range 40 {
			s = `{"Fn::Sub":["${A}${A}${A}",{"A":` + s + `}]}`
		}
		return `{"Resources":{"P":{"Type":"AWS::IAM::ManagedPolicy","Properties":{"PolicyDocument":` + s + `}}}}`
	},
	"parentheses.tf":               func(n int) string { return "a = " + strings.Repeat("(", n) },
	"brackets.tf":                  func(n int) string { return "a = " + strings.Repeat("[", n) },
	"bangs.tf":                     func(n int) string { return "a = " + strings.Repeat("!", n) + "true" },
	"splats.tf":                    func(n int) string { return "a = b" + strings.Repeat("[*]", n/3) },
	"plus.tf":                      func(n int) string { return "a = 1" + strings.Repeat("+1", n/2) },
	"conditions.tf":                func(n int) string { return "a = " + strings.Repeat("b?c:", n/4) + "d" },
	"conditions in parentheses.tf": func(n int) string { return "a = (" + strings.Repeat("b?c:\n", n/5) + "d)" },
	"templates.tf":                 func(n int) string { return "a = " + strings.Repeat(`"${`, n/3) },
	"directives.tf":                func(n int) string { return `a = "` + strings.Repeat(`%{if a}`, n/7) + `"` },
	"blocks.tf":                    func(n int) string { return strings.Repeat("a {\n", n/4) },
	"errors.tf":                    func(n int) string { return strings.Repeat("]\n", n/2) },
	"locals.tf": func(int) string {
		var b strings.Builder
		b.WriteString("locals {\n  l0 = \"aaaaaaaaaaaaaaaa\"\n")
		for i := range 40 {
			fmt.Fprintf(&b, "  l%d = [local.l%d, local.l%d, local.l%d]\n", i+1, i, i, i)
		}
		b.WriteString("}\nresource \"aws_iam_policy\" \"p\" {\n  policy = jsonencode({ Statement = local.l40 })\n}\n")
		return b.String()
	},
	"circles.tf": func(int) string {
		return "locals {\n  a = local.b\n  b = local.a\n}\nresource \"aws_iam_policy\" \"p\" {\n  name = aws_iam_policy.p.name\n  policy = local.a\n}\n"
	},
}

// TestHostileFilesAreReadInTheirSize reads files that would take longer than
// anyone waits, or all memory, if work grew faster than the file.
func TestHostileFilesAreReadInTheirSize(t *testing.T) {
	t.Parallel()
	for name, make := range hostile {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			checkFound(t, name, []byte(make(1<<18)))
		})
	}
}

func TestFilesBeyondTheBoundsAreRefused(t *testing.T) {
	t.Parallel()
	for name, data := range map[string]string{
		"too large": strings.Repeat(" ", source.MaxBytes+1),
		"UTF-16":    "\xff\xfe{\x00}\x00",
		"binary":    "\x7fELF\x00\x00",
	} {
		if _, err := source.Find("a.json", []byte(data)); err == nil {
			t.Errorf("Find(%s) = no error, want one", name)
		}
	}
}

func TestPoliciesBeyondTheBoundAreNoted(t *testing.T) {
	t.Parallel()
	file := find(t, "a.txt", strings.Repeat("{\"Effect\":\"Deny\",\"Action\":\"a:b\"}\n", source.MaxPolicies+10))
	if len(file.Policies) != source.MaxPolicies || len(file.Notes) != 1 {
		t.Errorf("Find = %d policies and %d notes, want %d and 1", len(file.Policies), len(file.Notes), source.MaxPolicies)
	}
}

// checkFound reads a file and checks what must hold of anything found: each
// place of each text is a place of the file.
func checkFound(t *testing.T, name string, data []byte) {
	t.Helper()
	file, err := source.Find(name, data)
	if err != nil {
		return
	}
	lines := strings.Split(string(data), "\n")
	simple := !strings.Contains(string(data), "\r")
	inside := func(what string, p iam.Position) {
		if p.Offset < 0 || p.Offset > len(data) || p.Line < 1 || p.Column < 1 {
			t.Errorf("%s is at %+v, outside the file of %d bytes", what, p, len(data))
		}
		if simple && (p.Line > len(lines) || p.Column > len(lines[p.Line-1])+1) {
			t.Errorf("%s is at %+v, on no line of the file", what, p)
		}
	}
	for _, p := range file.Policies {
		step := max(1, len(p.Text)/500)
		for offset := 0; offset <= len(p.Text); offset += step {
			inside(p.Name, p.Position(iam.Position{Offset: offset}))
		}
		for _, s := range p.Substitutions {
			inside(s.Expression, s.At)
		}
		if p.Name == "" || p.Why == "" {
			t.Errorf("policy at %+v has name %q and why %q, want both", p.Position(iam.Position{}), p.Name, p.Why)
		}
	}
	for _, n := range file.Notes {
		if n.At.Line > 0 {
			inside(n.Message, n.At)
		}
	}
}

// FuzzFind reads any file as any format.
func FuzzFind(f *testing.F) {
	names, err := filepath.Glob("testdata/*")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range names {
		if data, err := os.ReadFile(name); err == nil && !strings.HasSuffix(name, ".golden") && len(data) < 10_000 {
			f.Add(filepath.Base(name), data)
		}
	}
	for name, make := range hostile {
		f.Add(name, []byte(make(200)))
	}
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		if len(data) > 20_000 {
			return
		}
		checkFound(t, name, data)
	})
}
