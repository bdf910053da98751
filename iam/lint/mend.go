package lint

import "strings"

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
	s, err := newSplicer(text)
	if err != nil {
		return nil, nil, err
	}
	for _, f := range findings {
		if f.Fix == nil || which == SafeFixes && !f.Fix.Safe || len(mended) == maxFixes {
			continue
		}
		if s.apply(f.Fix.Patch) == nil {
			mended = append(mended, f)
		}
	}
	return []byte(splice(s.text, s.edits())), mended, nil
}

// splice makes edits that are in order and do not overlap.
func splice(text string, edits []edit) string {
	var b strings.Builder
	at := 0
	for _, e := range edits {
		b.WriteString(text[at:e.start])
		b.WriteString(e.text)
		at = e.end
	}
	b.WriteString(text[at:])
	return b.String()
}
