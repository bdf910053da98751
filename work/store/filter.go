package store

import (
	"slices"
	"strings"

	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

// The orders of a list.
const (
	Newest = "" // by id, the newest first
	Oldest = "oldest"
	// Finished is the order in which runs became final, shard by shard, so
	// that a reader who keeps the cursor sees every finished run once.
	Finished = "finished"
)

// Filter narrows runs; zero fields do not.
type Filter struct {
	Tenants     []string // any of these; nil means all, an empty list none
	Queue       string
	Workflow    string
	Version     int
	Statuses    []machine.Status // any of these
	Paused      *bool
	Label       map[string]string // all of these
	Parent      workflow.RunID
	Idempotency string
	Failure     string // code, or a prefix ending in *
	Text        string // in the workflow's name or a label's value, in any case of ASCII letters; or an id, whole
	CreatedFrom Millis
	CreatedTo   Millis // exclusive
	// Order is Newest, Oldest or Finished.
	Order string
}

// Summary is a run in a list.
type Summary struct {
	ID          workflow.RunID
	Tenant      string
	Queue       string
	Workflow    string
	Version     int
	Status      machine.Status
	Paused      bool
	Priority    uint8
	Labels      map[string]string
	Created     Millis
	Started     Millis
	Finished    Millis
	WakeAt      Millis
	Failure     string
	Idempotency string
	Parent      workflow.RunID
	Cost        float64
}

// Match reports whether the filter lets the run pass. Its order is no matter,
// except that only final runs are in the order Finished.
func (f *Filter) Match(s *Summary) bool {
	return f.matchColumns(s) && f.matchFailure(s.Failure) && f.matchLabels(s.Labels) && f.matchText(s)
}

func (f *Filter) matchColumns(s *Summary) bool {
	return (f.Tenants == nil || slices.Contains(f.Tenants, s.Tenant)) &&
		(f.Queue == "" || f.Queue == s.Queue) &&
		(f.Workflow == "" || f.Workflow == s.Workflow) &&
		(f.Version == 0 || f.Version == s.Version) &&
		(len(f.Statuses) == 0 || slices.Contains(f.Statuses, s.Status)) &&
		(f.Order != Finished || s.Status >= machine.Succeeded) &&
		(f.Paused == nil || *f.Paused == s.Paused) &&
		(f.Parent == 0 || f.Parent == s.Parent) &&
		(f.Idempotency == "" || f.Idempotency == s.Idempotency) &&
		(f.CreatedFrom == 0 || s.Created >= f.CreatedFrom) &&
		(f.CreatedTo == 0 || s.Created < f.CreatedTo)
}

func (f *Filter) matchFailure(code string) bool {
	if prefix, ok := strings.CutSuffix(f.Failure, "*"); ok {
		return code != "" && strings.HasPrefix(code, prefix)
	}
	return f.Failure == "" || f.Failure == code
}

func (f *Filter) matchLabels(labels map[string]string) bool {
	for name, want := range f.Label {
		if got, ok := labels[name]; !ok || got != want {
			return false
		}
	}
	return true
}

func (f *Filter) matchText(s *Summary) bool {
	if f.Text == "" {
		return true
	}
	text := lower(f.Text)
	if text == s.ID.String() || strings.Contains(lower(s.Workflow), text) {
		return true
	}
	for _, value := range s.Labels {
		if strings.Contains(lower(value), text) {
			return true
		}
	}
	return false
}

// lower folds ASCII letters only, as databases do.
func lower(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + ('a' - 'A')
		}
		return r
	}, s)
}
