package graph

// Kind is what a state means for whoever looks: it decides sign and colour.
type Kind int

// The kinds of states.
const (
	// Quiet has not come to its turn, or never will: skipped, not reached.
	Quiet Kind = iota
	// Waiting could go on if something were there: a slot, a time, an approval.
	Waiting
	// Running is at work.
	Running
	// Done is how it should have ended.
	Done
	// Retrying has failed and is tried again.
	Retrying
	// Failed will not be tried again.
	Failed
	kinds
)

// String is the name of the kind as a CSS class.
func (k Kind) String() string {
	if k < 0 || k >= kinds {
		return "quiet"
	}
	return [kinds]string{"quiet", "wait", "run", "ok", "retry", "fail"}[k]
}

// Sign is the sign of the kind: one character, and one of ASCII.
func (k Kind) Sign() (sign, ascii string) {
	if k < 0 || k >= kinds {
		k = Quiet
	}
	return [kinds]string{"○", "◔", "◐", "✓", "↻", "✕"}[k], [kinds]string{".", "o", ">", "+", "~", "x"}[k]
}

// Look is how a node looks now. The zero value is a node of no state.
type Look struct {
	// Kind decides sign and colour; Word names the state: "succeeded".
	Kind Kind
	Word string
	// Detail is what else a reader wants to know, in few characters: "4.2s",
	// "attempt 2 of 3".
	Detail string
	// Progress is how much is done, from 0 to 1; less is not drawn.
	Progress float64
	// Shares are how many members of a folded node are of each kind.
	Shares [kinds]int
	// Href is where the node leads; empty for nowhere.
	Href string
	// Selected marks the node.
	Selected bool
}

// urgency orders kinds by what a reader must know first.
var urgency = [kinds]int{Quiet: 0, Done: 1, Waiting: 2, Running: 3, Retrying: 4, Failed: 5}

// Blend is the look of a node that stands for several: the kind of the most urgent,
// and how many there are of each. All done is done; some done and the rest quiet is
// running.
func Blend(members []Look) Look {
	var out Look
	for _, m := range members {
		k := m.Kind
		if k < 0 || k >= kinds {
			k = Quiet
		}
		out.Shares[k]++
		if urgency[k] > urgency[out.Kind] || out.Word == "" {
			out.Kind, out.Word = k, m.Word
		}
	}
	if out.Kind == Done && out.Shares[Quiet] > 0 {
		out.Kind, out.Word = Running, "in part "+out.Word
	}
	if len(members) > 0 {
		out.Progress = float64(out.Shares[Done]) / float64(len(members))
	}
	return out
}
