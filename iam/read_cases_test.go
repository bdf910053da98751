package iam_test

import (
	"encoding/json"
	"errors"
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/iam"
)

type parseCase struct {
	ID, Title, Kind string
	Document        json.RawMessage
	Valid           bool
	Error           string
	Normalized      json.RawMessage
}

// text is the document, or the text under __raw where it is no JSON.
func (c parseCase) text() []byte {
	var raw struct {
		Text *string `json:"__raw"`
	}
	if json.Unmarshal(c.Document, &raw) == nil && raw.Text != nil {
		return []byte(*raw.Text)
	}
	return c.Document
}

func parseCases(t *testing.T) []parseCase {
	t.Helper()
	text, err := os.ReadFile("testdata/parse-cases.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Cases []parseCase }
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	return file.Cases
}

func mustKind(t *testing.T, word string) iam.Kind {
	t.Helper()
	kind, ok := iam.ParseKind(word)
	if !ok {
		t.Fatalf("ParseKind(%q): no such kind", word)
	}
	return kind
}

func TestParseCases(t *testing.T) {
	t.Parallel()
	for _, c := range parseCases(t) {
		t.Run(c.ID+" "+c.Title, func(t *testing.T) {
			t.Parallel()
			var got []string
			_, err := iam.Parse(c.text(), iam.ParseOptions{Kind: mustKind(t, c.Kind)})
			if problems, ok := errors.AsType[iam.Problems](err); ok {
				for _, p := range problems {
					got = append(got, p.Code)
				}
			}
			var want []string
			if !c.Valid {
				want = []string{c.Error}
			}
			if diff := cmp.Diff(want, slices.Compact(got)); diff != "" {
				t.Errorf("Parse (-want +got):\n%s\n%v", diff, err)
			}
		})
	}
}

// TestEvaluationCasesAreReadable reads the policies of the evaluation cases. Two
// of them are about principals that the vendor refuses; a lenient reader has to
// hand those to the evaluator.
func TestEvaluationCasesAreReadable(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/eval-cases.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Cases []struct {
			ID       string
			Policies struct {
				Identity, Session            []json.RawMessage
				Resource, Boundary, Endpoint json.RawMessage
				SCPs, RCPs                   [][]json.RawMessage
			}
			Options struct{ ResourceType string }
		}
	}
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	var refused []string
	for _, c := range file.Cases {
		read := func(kind iam.Kind, docs ...json.RawMessage) {
			for _, d := range docs {
				if d == nil {
					continue
				}
				if _, err := iam.Parse(d, iam.ParseOptions{Kind: kind}); err != nil {
					refused = append(refused, c.ID)
				}
				if _, err := iam.Parse(d, iam.ParseOptions{Kind: kind, Lenient: true}); err != nil {
					t.Errorf("%s %s: %v", c.ID, kind, err)
				}
			}
		}
		p := c.Policies
		read(iam.IdentityPolicy, p.Identity...)
		read(iam.SessionPolicy, p.Session...)
		resource := iam.ResourcePolicy
		if c.Options.ResourceType == "role-trust" {
			resource = iam.TrustPolicy
		}
		read(resource, p.Resource)
		read(iam.BoundaryPolicy, p.Boundary)
		read(iam.EndpointPolicy, p.Endpoint)
		read(iam.ServiceControlPolicy, slices.Concat(p.SCPs...)...)
		read(iam.ResourceControlPolicy, slices.Concat(p.RCPs...)...)
	}
	if diff := cmp.Diff([]string{"ev-132", "ev-134"}, refused); diff != "" {
		t.Errorf("refused in strict mode (-want +got):\n%s", diff)
	}
}
