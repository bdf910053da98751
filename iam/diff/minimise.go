package diff

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/diff/internal/space"
)

// MinimiseOptions say how policies are made smaller. The zero value is ready to
// use.
type MinimiseOptions struct {
	// Options bound the work and name the actions; Beside is not used, as
	// policies that are elsewhere today need not be there tomorrow.
	Options
	// Wildcards puts patterns in place of lists of actions, where a pattern
	// covers the same actions of today and all of them have one access level.
	// What the vendor adds later to such a pattern is then allowed too.
	Wildcards bool
	// ResourceType is what a policy of a resource is attached to, as in
	// [iam.ParseOptions]: the quota depends on it.
	ResourceType string
	// MaxSize is how large a document may be, counted as its quota is; 0 is the
	// quota of its kind, and below zero there is no limit.
	MaxSize int
}

// Minimised are policies that mean the same as others.
type Minimised struct {
	Policies []*iam.Policy `json:"-"`
	// Steps say what was done, in the order in which it was.
	Steps []Step `json:"steps,omitempty"`
	// Before and After are the sizes of all documents together.
	Before int `json:"before"`
	After  int `json:"after"`
	// TooLarge are the places of documents that are over their limit still: what
	// is attached there is one document, or the limit is for all together.
	TooLarge []int `json:"tooLarge,omitempty"`
}

// Step is one change.
type Step struct {
	// At is the statement of the original documents that was changed.
	At Ref `json:"at"`
	// What says what was done to it, and why that changes nothing.
	What string `json:"what"`
}

// String returns the step in one line.
func (s Step) String() string {
	return s.At.text("") + ": " + s.What
}

// ErrUnproved says that smaller policies were found, but not proved to mean the
// same.
var ErrUnproved = errors.New("the smaller policies are not proved to mean the same")

// Minimise returns policies that grant and refuse the same as those given, in
// fewer and shorter statements: without actions, resources, principals,
// conditions and whole statements that make no difference, and with statements
// merged that differ in one element alone. Documents over their limit are split
// where several can be attached. The order of what stays is kept, and so are the
// names of statements; of merged ones it is the first. The policies given are not
// changed.
//
// To mean the same is to grant the same and to have Deny statements that refuse
// the same, so that the policies can stand beside others in place of the
// originals. Each step is proved by itself and the result as a whole once more
// by [Compare]; if that fails the error is [ErrUnproved], and the policies
// returned are the originals.
func Minimise(policies []*iam.Policy, o MinimiseOptions) (Minimised, error) {
	policies = slices.DeleteFunc(slices.Clone(policies), func(p *iam.Policy) bool { return p == nil })
	o.Beside = nil
	m, err := newMinimiser(policies, &o)
	if err != nil {
		return Minimised{Policies: policies}, err
	}
	m.run()
	out := Minimised{Policies: m.documents(policies), Steps: m.steps}
	if err := proved(policies, out.Policies, &o); err != nil {
		return Minimised{Policies: policies}, err
	}
	whole := len(out.Policies)
	out.Policies, out.TooLarge = m.split(out.Policies)
	if len(out.Policies) != whole {
		if err := proved(policies, out.Policies, &o); err != nil {
			return Minimised{Policies: policies}, err
		}
	}
	out.Before, out.After = sizeOf(policies), sizeOf(out.Policies)
	return out, nil
}

// proved returns an error unless the policies mean the same.
func proved(before, after []*iam.Policy, o *MinimiseOptions) error {
	known := o.Options
	known.KnownActions = known.KnownActions || o.Wildcards
	r := Compare(before, after, known)
	if r.Relation != Equal || r.Denies != Equal {
		return fmt.Errorf("%w: they are %s, and their denies %s: %s", ErrUnproved, r.Relation, r.Denies, strings.Join(r.Reasons, "; "))
	}
	return nil
}

// draft is a statement that is being made smaller.
type draft struct {
	iam.Statement
	at Ref
	// number is that of its present form in the space.
	number int
	gone   bool
}

// minimiser is the work on some policies.
type minimiser struct {
	options   *MinimiseOptions
	kind      iam.Kind
	space     *space.Space
	reaches   []space.Reach
	originals []*iam.Policy
	drafts    []*draft
	steps     []Step
	changed   bool
}

func newMinimiser(policies []*iam.Policy, o *MinimiseOptions) (*minimiser, error) {
	m := &minimiser{options: o, kind: kindOf(policies)}
	so := o.space()
	so.CallerIdentity = true // what makes no difference is kept if it says so
	so.KnownActions = false
	m.space = space.New(m.kind, so)
	m.reaches = (&comparison{kind: m.kind}).reaches()
	for i, p := range policies {
		if space.LayerOf(p.Kind) != space.LayerOf(m.kind) {
			return nil, space.ErrMixedKinds
		}
		m.originals = append(m.originals, p)
		for j, s := range p.Statements {
			d := &draft{Statement: s, at: Ref{Policy: i, Statement: j, Sid: sidOf(&s), of: len(policies)}}
			var err error
			if d.number, err = m.space.AddStatement(&d.Statement, p); err != nil {
				return nil, fmt.Errorf("document %d: %s: %w", i, iam.StatementPath(j), err)
			}
			m.drafts = append(m.drafts, d)
		}
	}
	return m, nil
}

// maxRounds bounds how often the steps are tried anew: each can make way for
// another.
const maxRounds = 5

func (m *minimiser) run() {
	for range maxRounds {
		m.changed = false
		m.dropStatements()
		m.dropElements()
		m.merge()
		if !m.changed {
			break
		}
	}
	if m.options.Wildcards {
		for _, d := range m.live() {
			m.collapse(d)
		}
	}
}

// live returns the statements that are left and have an effect.
func (m *minimiser) live() []*draft {
	var out []*draft
	for _, d := range m.drafts {
		if !d.gone && d.number >= 0 {
			out = append(out, d)
		}
	}
	return out
}

func (m *minimiser) note(d *draft, format string, args ...any) {
	m.changed = true
	m.steps = append(m.steps, Step{At: d.at, What: fmt.Sprintf(format, args...)})
}

// add puts a form of a draft into the space; ok is false where it has no place.
func (m *minimiser) add(d *draft, s iam.Statement) (number int, ok bool) {
	n, err := m.space.AddStatement(&s, m.originals[d.at.Policy])
	return n, err == nil
}

// replace gives the draft a new form.
func (m *minimiser) replace(d *draft, s iam.Statement, number int) {
	d.Statement, d.number = s, number
}

// others returns the statements of the same effect, except one.
func (m *minimiser) others(d *draft) []int {
	var out []int
	for _, other := range m.live() {
		if other != d && other.Effect == d.Effect {
			out = append(out, other.number)
		}
	}
	return out
}

// within reports whether it is proved that what a statement of the effect is
// about, others are too. An Allow need not cover what is denied anyway.
func (m *minimiser) within(effect iam.Effect, grant int, covers ...int) bool {
	q := space.Question{Grants: []int{grant}, Covers: covers}
	if effect == iam.Allow {
		for _, d := range m.live() {
			if d.Effect == iam.Deny {
				q.Denies = append(q.Denies, d.number)
			}
		}
	}
	for _, q.Reach = range m.reaches {
		covered := true
		err := m.space.Ask(q, func(p space.Part) bool {
			covered = p.Verdict == space.None
			return covered
		})
		if err != nil || !covered {
			return false
		}
		if effect == iam.Deny {
			break // a Deny counts however it names the caller
		}
	}
	return true
}

// documents returns the documents without the statements that are gone, and
// without those that have none left.
func (m *minimiser) documents(originals []*iam.Policy) []*iam.Policy {
	var out []*iam.Policy
	for i, p := range originals {
		q := &iam.Policy{Kind: p.Kind, Version: p.Version, ID: p.ID}
		for _, d := range m.drafts {
			if d.at.Policy == i && !d.gone {
				q.Statements = append(q.Statements, d.Statement)
			}
		}
		if len(q.Statements) > 0 {
			out = append(out, q)
		}
	}
	return out
}
