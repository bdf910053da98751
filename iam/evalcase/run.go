package evalcase

import (
	"fmt"
	"slices"
	"strings"

	"github.com/berth-project/berth/iam"
)

// Result is what became of a case.
type Result struct {
	ID         string `json:"id"`
	Title      string `json:"title,omitempty"`
	Confidence string `json:"confidence,omitempty"`
	// Decision and Reason are the answer; empty where the case cannot be run.
	Decision string `json:"decision,omitempty"`
	Reason   string `json:"reason,omitempty"`
	Pass     bool   `json:"pass"`
	// Differences say in a sentence each what was expected and did not come.
	Differences []string `json:"differences,omitempty"`
	// Error is why the case cannot be run.
	Error string `json:"error,omitempty"`
	// Explanation is the whole answer, for those who want to know why; nil where
	// the case cannot be run.
	Explanation *iam.Explanation `json:"-"`
}

// Run decides the request and compares the answer with what is expected.
func (c *Case) Run() Result {
	r := Result{ID: c.ID, Title: c.Title, Confidence: c.Confidence}
	if c.Err != nil {
		r.Error = c.Err.Error()
		return r
	}
	x := c.Policies.Explain(&c.Request)
	r.Decision, r.Reason, r.Explanation = x.Decision.String(), string(x.Reason), &x
	r.Differences = c.Expect.differences(&x)
	r.Pass = len(r.Differences) == 0
	return r
}

func (e *Expectation) differences(x *iam.Explanation) []string {
	var out []string
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	if got := x.Decision.String(); got != e.Decision {
		say("decision is %s, want %s", got, e.Decision)
	}
	if got := string(x.Reason); e.Reason != "" && got != e.Reason {
		say("reason is %s, want %s", got, e.Reason)
	}
	if d := e.Deciding; d != nil && !slices.ContainsFunc(x.DecidedBy, d.is) {
		say("%s, statement %d %q is not among the deciding statements: %s", d.Policy, d.Index, d.Sid, deciders(x))
	}
	if m := e.NearMiss; m != nil && !slices.ContainsFunc(x.NearMisses, m.is) {
		say("%s, statement %d failing in %s is not among the near misses: %s", m.Policy, m.Index, m.element(), nearMisses(x))
	}
	return out
}

func (d *Deciding) is(got iam.Decider) bool {
	return got.Policy == d.Policy && got.Index == d.Index && (d.Sid == "" || got.Sid == d.Sid)
}

func (m *NearMiss) is(got iam.NearMiss) bool {
	return got.Policy == m.Policy && got.Index == m.Index && slices.ContainsFunc(got.Failed, m.failedIn)
}

func (m *NearMiss) failedIn(f iam.Failure) bool {
	return f.Element == m.Element && (m.Operator == "" || f.Operator == m.Operator) && (m.Key == "" || f.Key == m.Key)
}

func (m *NearMiss) element() string {
	return strings.TrimSpace(m.Element + " " + m.Operator + " " + m.Key)
}

func deciders(x *iam.Explanation) string {
	var names []string
	for _, d := range x.DecidedBy {
		names = append(names, fmt.Sprintf("%s %d %q", d.Policy, d.Index, d.Sid))
	}
	return list(names)
}

func nearMisses(x *iam.Explanation) string {
	var names []string
	for _, m := range x.NearMisses {
		for _, f := range m.Failed {
			names = append(names, strings.TrimSpace(fmt.Sprintf("%s %d %s %s %s", m.Policy, m.Index, f.Element, f.Operator, f.Key)))
		}
	}
	return list(names)
}

func list(names []string) string {
	if len(names) == 0 {
		return "there are none"
	}
	return strings.Join(names, "; ")
}
