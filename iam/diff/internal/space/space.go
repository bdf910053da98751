package space

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/berth-project/berth/arn"
	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/catalog"
	"github.com/berth-project/berth/iam/diff/internal/language"
)

// Limits bound what questions may take.
type Limits struct {
	// States is how many states one run of patterns side by side may have.
	States int
	// Work is how much all questions to a space may take together, counted in
	// places of patterns looked at.
	Work int
}

// Options say how a space is looked at.
type Options struct {
	Limits
	// Catalog names the actions there are.
	Catalog *catalog.Catalog
	// KnownActions leaves out actions that the catalogue does not have, of
	// services it has.
	KnownActions bool
	// CallerIdentity takes sts:GetCallerIdentity for an action like others. It is
	// left out otherwise, as no policy has a say in it.
	CallerIdentity bool
}

// ErrMixedKinds says that policies were put into one space that do not belong to
// one layer of an evaluation.
var ErrMixedKinds = errors.New("policies that name principals cannot be compared with policies that do not, nor those of resources with those of endpoints or organisations")

// errTooLong says that a text is longer than the evaluator matches.
var errTooLong = errors.New("a pattern is longer than 2048 bytes and matches nothing")

// maxText is the longest text that the evaluator matches with wildcards.
const maxText = 2048

// Space holds statements and what they have in common. It is not safe for
// concurrent use.
type Space struct {
	options    Options
	limits     Limits
	work       language.Work
	layer      iam.Layer
	statements []statement
	templates  map[string]*template
	literals   []literal
	literalIDs map[string]int
	// open and strange are the space with its variables open, as anyone sees it
	// and as strangers do.
	open, strange *view
	divided       map[string][]*Actions
	actionIDs     map[string]int
	names         map[*catalog.Service][]string
	several       map[string]bool
	callers       []caller
	// about says whom principals are about, by their signature and the effect.
	about map[string]*[reaches]language.Bits
	// listed is how many statements the list of callers takes into account.
	listed int
}

// New returns an empty space for policies of a kind.
func New(kind iam.Kind, o Options) *Space {
	if o.Catalog == nil {
		o.Catalog = catalog.Default()
	}
	s := &Space{
		options: o, limits: o.Limits, work: language.Work{Left: o.Work}, layer: LayerOf(kind),
		templates: map[string]*template{}, literalIDs: map[string]int{},
		divided: map[string][]*Actions{}, actionIDs: map[string]int{}, names: map[*catalog.Service][]string{}, several: map[string]bool{},
	}
	s.open, s.strange = s.view(nil), s.view(nil)
	s.strange.strangers = true
	return s
}

// LayerOf returns the layer of an evaluation in which policies of a kind are
// judged here. Only what a statement needs to match depends on it: whether it
// has to name a principal, and whether it may leave out the resource.
func LayerOf(kind iam.Kind) iam.Layer {
	switch kind {
	case iam.ResourcePolicy, iam.TrustPolicy:
		return iam.ResourceLayer
	case iam.ResourceControlPolicy, iam.EndpointPolicy:
		return iam.EndpointLayer
	}
	return iam.IdentityLayer
}

// Exhausted reports whether the limit of work was reached.
func (s *Space) Exhausted() bool { return s.work.Left < 0 }

// statement is a statement as the search uses it.
type statement struct {
	effect  iam.Effect
	actions actions
	// resources are nil where the statement is about every resource.
	resources    []*template
	notResources bool
	// places are where the resources stand in the element: what means nothing is
	// left out.
	places []int
	// principals is nil where the statement is about everyone.
	principals *iam.Principals
	// literals must all hold.
	literals []int
	// variables are the keys of the variables in the statement.
	variables []string
	// dead is set where the statement never matches.
	dead bool
	// body identifies everything but the actions, who the principals.
	body, who string
}

// Add puts the statements of a policy into the space. It returns their numbers,
// in order; of a statement that has no effect it is -1.
func (s *Space) Add(p *iam.Policy) ([]int, error) {
	if LayerOf(p.Kind) != s.layer {
		return nil, ErrMixedKinds
	}
	var ids []int
	for i := range p.Statements {
		id, err := s.AddStatement(&p.Statements[i], p)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", iam.StatementPath(i), err)
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// AddStatement puts one statement of a policy into the space and returns its
// number.
func (s *Space) AddStatement(from *iam.Statement, in *iam.Policy) (int, error) {
	if from.Effect == iam.NoEffect {
		return -1, nil
	}
	st := statement{effect: from.Effect, principals: from.Principals, notResources: from.Resources.Not}
	var err error
	if st.actions, err = s.newActions(from.Actions); err != nil {
		return 0, err
	}
	unreadable := from.Actions.Absent()
	if err := s.addResources(&st, from.Resources, in); err != nil {
		return 0, err
	}
	unreadable = unreadable || from.Resources.Absent() && s.layer != iam.ResourceLayer
	unreadable = unreadable || from.Principals == nil && s.layer != iam.IdentityLayer
	for i := range from.Conditions {
		c := &from.Conditions[i]
		if c.Operator.Test == iam.UnknownTest || c.Operator.Test == iam.Null && c.Operator.IfExists {
			unreadable = true
			continue
		}
		if err := s.addCondition(&st, c, in.Variables()); err != nil {
			return 0, err
		}
	}
	// What cannot be read keeps an Allow from matching, and not a Deny.
	st.dead = unreadable && st.effect == iam.Allow
	slices.Sort(st.literals)
	st.literals = slices.Compact(st.literals)
	st.who = signature(st.principals)
	st.body = st.signature()
	s.statements = append(s.statements, st)
	return len(s.statements) - 1, nil
}

func (s *Space) addResources(st *statement, e iam.Elements, in *iam.Policy) error {
	if e.Absent() {
		return nil
	}
	st.resources = []*template{}
	for i, v := range e.Values {
		if len(v) > maxText {
			return errTooLong
		}
		if in.Kind.Completes(st.effect, e.Not) && !(in.Variables() && strings.Contains(v, "${")) {
			v = arn.Complete(v)
		}
		t := s.template(v, resourceSegments, in.Variables())
		if t.broken {
			if t = s.inPlaceOfBroken(st.effect, e.Not); t == nil {
				continue
			}
		}
		s.addVariables(st, t)
		st.resources = append(st.resources, t)
		st.places = append(st.places, i)
	}
	return nil
}

// inPlaceOfBroken returns what a text means that has a variable that cannot be
// read: it fails closed, so it matches everything in a Deny, and so it does in
// the Not form of an Allow.
func (s *Space) inPlaceOfBroken(effect iam.Effect, negated bool) *template {
	if (effect == iam.Deny) != negated {
		return s.template("*", anyCharacters, false)
	}
	return nil
}

// addVariables notes the variables of a text. An Allow matches only where they
// have values; in a Deny a text with one that has none matches nothing.
func (s *Space) addVariables(st *statement, t *template) {
	for _, v := range t.variables() {
		st.variables = append(st.variables, v.Text)
		if st.effect == iam.Allow {
			st.literals = append(st.literals, s.resolvedLiteral(v))
		}
	}
}

// template returns the template of a text, one for all equal ones.
func (s *Space) template(text string, r rule, variables bool) *template {
	if !variables || !strings.Contains(text, "${") {
		variables = false
	}
	key := string([]byte{byte(r), flag(variables)}) + text
	t, ok := s.templates[key]
	if !ok {
		t = new(newTemplate(text, r, variables))
		t.key = key
		s.templates[key] = t
	}
	return t
}

func flag(b bool) byte {
	if b {
		return 1
	}
	return 0
}

func (st *statement) signature() string {
	var b strings.Builder
	fmt.Fprint(&b, st.effect, st.dead, st.notResources, st.resources == nil)
	var keys []string
	for _, t := range st.resources {
		keys = append(keys, t.key)
	}
	slices.Sort(keys)
	fmt.Fprintf(&b, "%q%v%s", slices.Compact(keys), st.literals, st.who)
	return b.String()
}

func signature(p *iam.Principals) string {
	if p == nil {
		return ""
	}
	var b strings.Builder
	fmt.Fprint(&b, p.Not, p.Star)
	for _, e := range p.Entries {
		fmt.Fprintf(&b, "%q%q", e.Key, e.Values)
	}
	return b.String()
}
