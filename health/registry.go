// Package health holds the checks and problems of a running service as data.
//
// A part of the service that notices something reports it as a [Check] under a
// stable name; the [Registry] keeps the last report of each name and answers
// two questions: is the service ready for requests, and what is wrong with it.
// Nothing here runs a check or serves a page: parts report, pages read.
package health

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// State is how a part of the service is.
type State string

// The states. Any other value counts as [Failing].
const (
	// OK is as it should be.
	OK State = "ok"
	// Degraded works, and somebody should look.
	Degraded State = "degraded"
	// Failing does not work.
	Failing State = "failing"
)

// severity orders states, the worst lowest.
func (s State) severity() int {
	switch s {
	case OK:
		return 2
	case Degraded:
		return 1
	}
	return 0
}

// Check is what one part of the service last reported.
type Check struct {
	// Name is the stable name of the check: "process web", "manifest".
	Name string `json:"name"`
	// State is how it is.
	State State `json:"state"`
	// Required is whether the service is not ready for requests while the check
	// is failing.
	Required bool `json:"required,omitempty"`
	// Code is the stable name of the problem, for machines: "crash_loop".
	Code string `json:"code,omitempty"`
	// Message says what is the matter in one lower-case sentence, without
	// secrets.
	Message string `json:"message,omitempty"`
	// Help says what to do about it.
	Help string `json:"help,omitempty"`
	// Since is when the check came into its state. [Registry.Set] fills it in.
	Since time.Time `json:"since"`
}

// Report is the state of the whole service at one moment.
type Report struct {
	// State is the worst state of any check, [OK] when there are none.
	State State `json:"state"`
	// Ready is what [Registry.Ready] answered at that moment.
	Ready bool `json:"ready"`
	// Checks are all checks, the worst first, then by name.
	Checks []Check `json:"checks"`
}

// Problems returns the checks that are not [OK].
func (r Report) Problems() []Check {
	n := slices.IndexFunc(r.Checks, func(c Check) bool { return c.State == OK })
	if n < 0 {
		n = len(r.Checks)
	}
	return slices.Clip(r.Checks[:n])
}

// Registry keeps the last report of every check. It is safe for concurrent
// use.
type Registry struct {
	now func() time.Time

	// mu guards the fields below.
	mu     sync.RWMutex
	checks map[string]Check
}

// NewRegistry returns an empty registry that dates changes by now, [time.Now]
// when that is nil.
func NewRegistry(now func() time.Time) *Registry {
	if now == nil {
		now = time.Now
	}
	return &Registry{now: now, checks: map[string]Check{}}
}

// Set records a check under its name. Since becomes the present when the state
// changed and stays what it was when it did not; what the caller put there is
// ignored. A state that is none of the three is recorded as [Failing].
func (r *Registry) Set(c Check) {
	if c.State.severity() == Failing.severity() {
		c.State = Failing
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	old, known := r.checks[c.Name]
	c.Since = old.Since
	if !known || old.State != c.State {
		c.Since = r.now()
	}
	r.checks[c.Name] = c
}

// Clear forgets a check.
func (r *Registry) Clear(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.checks, name)
}

// Ready reports whether no required check is failing.
func (r *Registry) Ready() bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return ready(maps.Values(r.checks))
}

func ready(checks func(func(Check) bool)) bool {
	for c := range checks {
		if c.Required && c.State == Failing {
			return false
		}
	}
	return true
}

// Snapshot returns all checks as they are now; the report is the caller's.
func (r *Registry) Snapshot() Report {
	r.mu.RLock()
	checks := slices.AppendSeq(make([]Check, 0, len(r.checks)), maps.Values(r.checks))
	r.mu.RUnlock()
	slices.SortFunc(checks, func(a, b Check) int {
		return cmp.Or(cmp.Compare(a.State.severity(), b.State.severity()), strings.Compare(a.Name, b.Name))
	})
	report := Report{State: OK, Ready: ready(slices.Values(checks)), Checks: checks}
	if len(checks) > 0 {
		report.State = checks[0].State
	}
	return report
}

// String returns the report in one line, for logs: "failing: web (exit 1)".
func (r Report) String() string {
	parts := make([]string, 0, len(r.Checks))
	for _, c := range r.Problems() {
		parts = append(parts, fmt.Sprintf("%s (%s)", c.Name, c.Message))
	}
	if len(parts) == 0 {
		return string(r.State)
	}
	return string(r.State) + ": " + strings.Join(parts, ", ")
}
