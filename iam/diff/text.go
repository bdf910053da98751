package diff

import (
	"fmt"
	"strings"

	"github.com/berth-project/berth/iam"
)

// shown is how many members of a list are printed.
const shown = 8

// String returns the result for people: the relation in a sentence, then what is
// gained, what is lost and which conditions changed, each with where it comes
// from and a request that proves it. Long lists are cut.
func (r Result) String() string {
	var w textWriter
	w.line(0, "%s", r.sentence())
	if r.Basis != "" {
		w.line(0, "(%s)", r.Basis)
	}
	w.grants("Gained", "+", "B", "A", r.Gained)
	w.grants("Lost", "-", "A", "B", r.Lost)
	w.changes(r.Changed)
	if text := r.deniesText(); text != "" {
		w.section("Deny statements")
		w.line(1, "%s", text)
	}
	if len(r.Reasons) > 0 {
		w.section("Not known")
		for _, why := range r.Reasons {
			w.line(1, "%s", why)
		}
	}
	return w.String()
}

func (r *Result) sentence() string {
	var s string
	switch r.Relation {
	case Equal:
		return "B grants the same as A."
	case Narrower:
		s = "B grants less than A and nothing new"
	case Wider:
		s = "B grants more than A"
	case Incomparable:
		s = "B grants something that A does not, and lacks something that A grants"
	default:
		s = "it is not known how B relates to A"
	}
	var counts []string
	if n := r.Adds.String(); n != "" {
		counts = append(counts, "adds "+n)
	}
	if n := r.Removes.String(); n != "" {
		counts = append(counts, "removes "+n)
	}
	if len(counts) > 0 {
		s += ": " + strings.Join(counts, "; ")
	}
	return s + "."
}

func (r *Result) deniesText() string {
	switch r.Denies {
	case Narrower:
		return "B refuses less than A, which matters where other policies apply too"
	case Wider:
		return "B refuses more than A"
	case Incomparable:
		return "B refuses other things than A"
	case Unknown:
		if r.Relation != Unknown {
			return "it is not known how what B refuses relates to what A refuses"
		}
	}
	return ""
}

type textWriter struct{ strings.Builder }

func (w *textWriter) line(depth int, format string, args ...any) {
	w.WriteString(strings.Repeat("  ", depth))
	fmt.Fprintf(w, format, args...)
	w.WriteByte('\n')
}

func (w *textWriter) section(title string) {
	w.WriteByte('\n')
	w.line(0, "%s", title)
}

func (w *textWriter) grants(title, sign, side, other string, grants []Grant) {
	if len(grants) == 0 {
		return
	}
	w.section(title)
	for i := range grants {
		if i == shown {
			w.line(1, "and %d more", len(grants)-shown)
			return
		}
		w.grant(sign, side, other, &grants[i])
	}
}

func (w *textWriter) grant(sign, side, other string, g *Grant) {
	w.line(1, "%s %s", sign, g.actionText())
	w.detail("on", cut(g.Resources))
	w.detail("on all but", cut(g.NotResources))
	w.detail("for", cut(g.Principals))
	w.detail("for all but", cut(g.NotPrincipals))
	w.detail("if", strings.Join(g.Conditions, " and "))
	w.detail("levels", g.Levels.String())
	w.detail("by", g.By.text(side))
	if g.DeniedBy != nil {
		w.detail("denied by", g.DeniedBy.text(other))
	}
	if g.Witness != nil {
		w.detail("such as", g.Witness.String())
	}
	w.detail("in doubt", g.Doubt)
}

func (w *textWriter) detail(word, text string) {
	if text != "" {
		w.line(3, "%-11s %s", word, text)
	}
}

// actionText returns the actions: "s3:* but s3:GetObject".
func (g *Grant) actionText() string {
	s := cut(g.Actions)
	if len(g.Except) > 0 {
		s += " but " + cut(g.Except)
	}
	if len(g.Unlisted) > 0 {
		if s != "" {
			s += ", "
		}
		s += "actions of " + cut(g.Unlisted) + " that are not known"
	}
	return s
}

// text names a statement of a side; "" where there is but one.
func (r Ref) text(side string) string {
	s := iam.StatementPath(r.Statement)
	if r.Sid != "" {
		s += " " + r.Sid
	}
	if r.of > 1 {
		s += fmt.Sprintf(" of document %d", r.Policy)
	}
	if side != "" {
		s += " of " + side
	}
	return s
}

// cut joins a list, up to a length.
func cut(list []string) string {
	if len(list) <= shown {
		return strings.Join(list, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(list[:shown], ", "), len(list)-shown)
}

func (w *textWriter) changes(changes []Change) {
	if len(changes) == 0 {
		return
	}
	w.section("Changed conditions")
	for i, c := range changes {
		if i == shown {
			w.line(1, "and %d more", len(changes)-shown)
			return
		}
		w.line(1, "~ %s in %s", c.Effect, c.B.text("B"))
		for _, s := range c.Removed {
			w.line(3, "- %s", s)
		}
		for _, s := range c.Added {
			w.line(3, "+ %s", s)
		}
	}
}
