package iam_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/iam"
)

var update = flag.Bool("update", false, "rewrite the wanted problems in testdata/read")

// readCase is a document and the problems it has. In the files of testdata/read
// a case is
//
//	=== kind [resource=TYPE] [scp-legacy]: what is read
//	the document
//	---
//	line:column-line:column ! CODE path
//		message (help)
//
// with "~" for "!" where the problem is tolerated. Nothing behind the line
// means that the document has no problem.
type readCase struct {
	header, document, problems string
	options                    iam.ParseOptions
}

func (c readCase) String() string {
	s := "=== " + c.header + "\n" + c.document + "\n---\n"
	if c.problems != "" {
		s += c.problems + "\n"
	}
	return s
}

func readCases(t *testing.T, text string) (preamble string, cases []readCase) {
	t.Helper()
	preamble, text, _ = strings.Cut(text, "=== ")
	for part := range strings.SplitSeq(text, "\n=== ") {
		header, body, _ := strings.Cut(part, "\n")
		document, problems, ok := strings.Cut(body, "\n---\n")
		if !ok {
			t.Fatalf("case %q has no line ---", header)
		}
		words, _, _ := strings.Cut(header, ":")
		if i := strings.Index(header, ": "); i >= 0 {
			words = header[:i]
		}
		c := readCase{header: header, document: document, problems: strings.Trim(problems, "\n")}
		for i, word := range strings.Fields(words) {
			value, isType := strings.CutPrefix(word, "resource=")
			switch {
			case i == 0:
				c.options.Kind = mustKind(t, word)
			case isType:
				c.options.ResourceType = value
			case word == "scp-legacy":
				c.options.SCPLegacy = true
			default:
				t.Fatalf("case %q: unknown option %q", header, word)
			}
		}
		cases = append(cases, c)
	}
	return preamble, cases
}

func problemLines(problems iam.Problems) string {
	lines := []string{}
	for _, p := range problems {
		mark := "!"
		if p.Tolerated {
			mark = "~"
		}
		lines = append(lines, fmt.Sprintf("%s-%s %s %s %s\n\t%s (%s)", p.Span.Start, p.Span.End, mark, p.Code, p.Path, p.Message, p.Help))
	}
	return strings.Join(lines, "\n")
}

// TestReadReportsProblems runs the cases, of which there is one for each code.
func TestReadReportsProblems(t *testing.T) {
	t.Parallel()
	missing := map[string]bool{}
	for _, code := range iam.ProblemCodes() {
		missing[code] = true
	}
	delete(missing, "TOO_MANY_PROBLEMS") // TestReadStopsReporting
	files, err := filepath.Glob("testdata/read/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		preamble, cases := readCases(t, string(text))
		out := []string{}
		for _, c := range cases {
			_, problems := iam.Read([]byte(c.document), c.options)
			got := problemLines(problems)
			if diff := cmp.Diff(c.problems, got); diff != "" && !*update {
				t.Errorf("%s: %s (-want +got):\n%s", filepath.Base(file), c.header, diff)
			}
			checkParse(t, c, problems)
			for _, p := range problems {
				delete(missing, p.Code)
				if !slices.Contains(iam.ProblemCodes(), p.Code) {
					t.Errorf("%s: code %s is not in ProblemCodes", c.header, p.Code)
				}
			}
			c.problems = got
			out = append(out, c.String())
		}
		if *update {
			if err := os.WriteFile(file, []byte(preamble+strings.Join(out, "\n")), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	for code := range missing {
		t.Errorf("no case has the code %s", code)
	}
}

// checkParse checks that Parse refuses what has a problem, and in lenient mode
// what has one that is not tolerated.
func checkParse(t *testing.T, c readCase, problems iam.Problems) {
	t.Helper()
	if _, err := iam.Parse([]byte(c.document), c.options); (err == nil) != (len(problems) == 0) {
		t.Errorf("%s: Parse = %v with %d problems", c.header, err, len(problems))
	}
	lenient := c.options
	lenient.Lenient = true
	refused := slices.ContainsFunc(problems, func(p iam.Problem) bool { return !p.Tolerated })
	if _, err := iam.Parse([]byte(c.document), lenient); (err != nil) != refused {
		t.Errorf("%s: lenient Parse = %v, want refused %t", c.header, err, refused)
	}
}
