package diff_test

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/diff"
)

// TestCases runs the recorded comparisons.
func TestCases(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/diff-cases.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Cases []struct {
			ID, Title, Expect string
			A, B              json.RawMessage
			NewAccess         bool
		}
	}
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Cases) != 23 {
		t.Fatalf("%d cases, want 23", len(file.Cases))
	}
	for _, c := range file.Cases {
		t.Run(c.ID, func(t *testing.T) {
			t.Parallel()
			r := diff.Compare(lenient(t, c.A), lenient(t, c.B), diff.Options{})
			if r.Relation.String() != c.Expect || r.NewAccess != c.NewAccess {
				t.Errorf("%s: %s, new access %v; want %s, %v\n%v", c.Title, r.Relation, r.NewAccess, c.Expect, c.NewAccess, r)
			}
		})
	}
}

// lenient reads an identity policy that may have no statements.
func lenient(t *testing.T, text []byte) []*iam.Policy {
	t.Helper()
	p, problems := iam.Read(text, iam.ParseOptions{Lenient: true})
	for _, x := range problems {
		if x.Code != "MISSING_STATEMENT" {
			t.Fatal(x)
		}
	}
	return []*iam.Policy{p}
}
