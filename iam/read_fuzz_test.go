package iam_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/iam"
)

func FuzzRead(f *testing.F) {
	files, err := filepath.Glob("testdata/read/*.txt")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for part := range strings.SplitSeq(string(text), "\n=== ") {
			_, body, _ := strings.Cut(part, "\n")
			document, _, _ := strings.Cut(body, "\n---\n")
			word, _, _ := strings.Cut(part, " ")
			kind, _ := iam.ParseKind(strings.TrimSuffix(word, ":"))
			f.Add([]byte(document), byte(kind))
		}
	}
	f.Add([]byte(rolePolicy), byte(iam.IdentityPolicy))
	f.Fuzz(func(t *testing.T, text []byte, kind byte) {
		o := iam.ParseOptions{Kind: iam.Kind(int(kind) % len(iam.Kinds())), SCPLegacy: kind > 127}
		p, problems := iam.Read(text, o)
		for _, problem := range problems {
			checkProblem(t, p, problem)
		}
		if strict, err := iam.Parse(text, o); err == nil {
			checkRoundTrip(t, strict, o)
		}
		o.Lenient = true
		if lenient, err := iam.Parse(text, o); err == nil {
			checkRoundTrip(t, lenient, o)
		}
	})
}

// checkProblem checks that a problem stands where it says.
func checkProblem(t *testing.T, p *iam.Policy, problem iam.Problem) {
	t.Helper()
	at := problem.Span
	if at.Start.Line < 1 || at.Start.Column < 1 || at.Start.Offset < 0 || at.Start.Offset > at.End.Offset || at.End.Offset > len(p.Text()) {
		t.Fatalf("%v: no place in %q", problem, p.Text())
	}
	if problem.Message == "" || problem.Help == "" || !slices.Contains(iam.ProblemCodes(), problem.Code) {
		t.Fatalf("%v: incomplete", problem)
	}
	_, found := p.Span(problem.Path)
	if !found && problem.Code != "JSON_SYNTAX_ERROR" {
		t.Fatalf("%v: no path into %q", problem, p.Text())
	}
}

// checkRoundTrip checks that a policy means the same however it is written.
func checkRoundTrip(t *testing.T, p *iam.Policy, o iam.ParseOptions) {
	t.Helper()
	want := p.Normal()
	for _, how := range []iam.FormatOptions{{}, {Minify: true}, {Compact: true}, {Canonical: true}} {
		text := iam.Format(p, how)
		if !json.Valid(text) {
			t.Fatalf("Format(%+v) = %q: no JSON", how, text)
		}
		again, err := iam.Parse(text, o)
		if err != nil {
			t.Fatalf("Parse(Format(%+v)) of %q: %v\n%s", how, p.Text(), err, text)
		}
		if second := iam.Format(again, how); string(second) != string(text) {
			t.Fatalf("Format(%+v) is not stable:\n%s\n%s", how, text, second)
		}
		if how.Canonical {
			continue // the order is another
		}
		if diff := cmp.Diff(want, again.Normal(), samePolicy); diff != "" {
			t.Fatalf("Format(%+v) of %q changed the meaning (-want +got):\n%s", how, p.Text(), diff)
		}
	}
	sorted := iam.FormatOptions{Canonical: true, Minify: true}
	again, err := iam.Parse(iam.Format(p, sorted), o)
	if err != nil {
		t.Fatal(err)
	}
	if a, b := iam.Format(want, sorted), iam.Format(again.Normal(), sorted); string(a) != string(b) {
		t.Fatalf("sorting %q changed the meaning:\n%s\n%s", p.Text(), a, b)
	}
}
