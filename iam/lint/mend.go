package lint

import "github.com/berth-project/berth/internal/jsonedit"

// Fixes says which fixes [Mend] applies.
type Fixes uint8

// The choices of fixes.
const (
	// SafeFixes change nothing of what the document grants and denies.
	SafeFixes Fixes = iota
	// AllFixes also change what it grants: to what it probably means.
	AllFixes
)

// maxFixes is how many fixes one call applies. Judging the new text again finds
// the others.
const maxFixes = 1000

// Mend applies fixes to the text the findings are about, and returns the new
// text and the findings it mended. What no fix touches stays as it is, byte for
// byte. Where two fixes touch the same place the first wins; judge the new text
// again for the other. The error is of a text that is not JSON.
func Mend(text []byte, findings []Finding, which Fixes) (fixed []byte, mended []Finding, err error) {
	e, err := newEditor(text)
	if err != nil {
		return nil, nil, err
	}
	for _, f := range findings {
		if f.Fix == nil || which == SafeFixes && !f.Fix.Safe || len(mended) == maxFixes {
			continue
		}
		if e.Apply(f.Fix.operations()) == nil {
			mended = append(mended, f)
		}
	}
	return e.Text(), mended, nil
}

// newEditor returns an editor of a document, in which Version stands first.
func newEditor(text []byte) (*jsonedit.Editor, error) { return jsonedit.New(text, "Version") }

func (f *Fix) operations() []jsonedit.Operation {
	all := make([]jsonedit.Operation, len(f.Patch))
	for i, op := range f.Patch {
		all[i] = jsonedit.Operation(op)
	}
	return all
}
