package space

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/catalog"
	"github.com/berth-project/berth/iam/diff/internal/language"
	"github.com/berth-project/berth/internal/glob"
)

// actions is Action or NotAction. One that is absent is about every action.
type actions struct {
	not      bool
	patterns []string // in lower case
	written  []string
	// id is the same for equal ones of a space.
	id int
}

func (s *Space) newActions(e iam.Elements) (actions, error) {
	a := actions{not: e.Not || e.Absent(), written: e.Values}
	key := fmt.Sprintf("%v%q", a.not, e.Values)
	id, ok := s.actionIDs[key]
	if !ok {
		id = len(s.actionIDs)
		s.actionIDs[key] = id
	}
	a.id = id
	for _, v := range e.Values {
		if len(v) > maxText {
			return actions{}, errTooLong
		}
		a.patterns = append(a.patterns, strings.ToLower(v))
	}
	return a, nil
}

// Actions are the actions of one cell: the statements of the question are about
// all of them or about none.
type Actions struct {
	// Known are those the catalogue has.
	Known []*catalog.Action
	// Services are services all of whose actions belong to the cell; Known does
	// not list them.
	Services []*catalog.Service
	// Named are others that policies name without wildcards, as written there.
	Named []string
	// Others are examples of actions that nobody names: of services that are not
	// known, and of those there will be one day. There is one for each
	// combination of patterns that they match.
	Others []string

	matches language.Bits // the statements, by their place in the question
}

// Sample returns an action of the cell, as policies spell it.
func (a *Actions) Sample() string {
	switch {
	case len(a.Known) > 0:
		return a.Known[0].FullName()
	case len(a.Services) > 0:
		return a.Services[0].Actions[0].FullName()
	case len(a.Named) > 0:
		return a.Named[0]
	}
	return a.Others[0]
}

// All returns the actions that the catalogue lists.
func (a *Actions) All() []*catalog.Action {
	if len(a.Services) == 0 {
		return a.Known
	}
	out := slices.Clone(a.Known)
	for _, s := range a.Services {
		out = append(out, s.Actions...)
	}
	return out
}

// Only returns the cell without the listed actions that are not to be kept; nil
// where nothing is left.
func (a *Actions) Only(keep func(*catalog.Action) bool) *Actions {
	out := &Actions{Named: a.Named, Others: a.Others, matches: a.matches}
	for _, x := range a.All() {
		if keep(x) {
			out.Known = append(out.Known, x)
		}
	}
	if len(out.Known)+len(out.Named)+len(out.Others) == 0 {
		return nil
	}
	return out
}

// callerIdentity is what every signed caller may do, whatever policies say.
const callerIdentity = "sts:getcalleridentity"

// actionSplit divides the actions that the statements of a question are about.
type actionSplit struct {
	space      *Space
	statements []*statement
	cells      []*Actions
	byMatches  map[string]*Actions
	// prefixes are the services that patterns name, each with the patterns about
	// it, by statement.
	prefixes map[string][][]string
	// general are the patterns about more than one service, by statement.
	general [][]string
	// written are the patterns as policies have them.
	written map[string]string
	wanted  language.Bits
}

// idle reports whether no statement that counts can be about an action that only
// these patterns are about.
func (d *actionSplit) idle(patterns [][]string) bool {
	for i, list := range patterns {
		if d.wanted.Has(i) && (len(list) > 0 || d.statements[i].actions.not) {
			return false
		}
	}
	return true
}

// divideActions returns the cells of actions that some statements are about, in
// the order of their samples. The numbers are those of the statements of a
// question, in order; wanted are the places of those that count.
func (s *Space) divideActions(numbers []int, wanted language.Bits) ([]*Actions, error) {
	var b strings.Builder
	for i, n := range numbers {
		fmt.Fprintf(&b, "%d %v\n", s.statements[n].actions.id, wanted.Has(i))
	}
	key := b.String()
	if cells, ok := s.divided[key]; ok {
		return cells, nil
	}
	d := actionSplit{
		space: s, byMatches: map[string]*Actions{}, prefixes: map[string][][]string{}, written: map[string]string{},
		general: make([][]string, len(numbers)), wanted: wanted,
	}
	for i, n := range numbers {
		d.statements = append(d.statements, &s.statements[n])
		d.sort(i)
	}
	for _, prefix := range slices.Sorted(maps.Keys(d.prefixes)) {
		if err := d.service(prefix); err != nil {
			return nil, err
		}
	}
	if err := d.others(); err != nil {
		return nil, err
	}
	slices.SortFunc(d.cells, func(a, b *Actions) int { return cmp.Compare(a.Sample(), b.Sample()) })
	s.divided[key] = d.cells
	return d.cells, nil
}

// sort puts the patterns of a statement where they belong.
func (d *actionSplit) sort(i int) {
	a := &d.statements[i].actions
	for j, p := range a.patterns {
		d.written[p] = a.written[j]
		prefix, _, ok := strings.Cut(p, ":")
		if !ok || !glob.Literal(prefix) {
			d.general[i] = append(d.general[i], p)
			continue
		}
		if d.prefixes[prefix] == nil {
			d.prefixes[prefix] = make([][]string, len(d.general))
		}
		d.prefixes[prefix][i] = append(d.prefixes[prefix][i], p)
	}
}

// service adds the actions of a service that patterns name.
func (d *actionSplit) service(prefix string) error {
	patterns := make([][]string, len(d.statements))
	var names []string
	for i, own := range d.prefixes[prefix] {
		patterns[i] = slices.Concat(own, d.general[i])
		for _, p := range own {
			if glob.Literal(p) && isAction(p) {
				names = append(names, p)
			}
		}
	}
	if d.idle(patterns) {
		return nil
	}
	slices.Sort(names)
	names = slices.Compact(names)

	taken := []string{callerIdentity}
	service, known := d.space.options.Catalog.Service(prefix)
	if known {
		for i, name := range d.space.namesOf(service) {
			if d.space.Exhausted() {
				return language.ErrTooLarge
			}
			d.known(service.Actions[i], name, patterns)
			taken = append(taken, name)
		}
		if d.space.options.KnownActions {
			return nil
		}
	}
	for _, name := range names {
		if d.leftOut(name) || slices.Contains(taken, name) {
			continue
		}
		c := d.cell(d.matching(patterns, name))
		c.Named = append(c.Named, d.written[name])
	}
	return d.unknown(patterns, language.Text(prefix), slices.Concat(taken, names))
}

// others adds the actions of services that patterns do not name.
func (d *actionSplit) others() error {
	if d.idle(d.general) {
		return nil
	}
	alike := true
	for _, list := range d.general {
		for _, p := range list {
			alike = alike && (p == "*" || glob.Literal(p))
		}
	}
	for _, s := range d.space.options.Catalog.Services() {
		if d.space.Exhausted() {
			return language.ErrTooLarge
		}
		switch {
		case d.prefixes[s.Prefix] != nil:
		case alike && s.Prefix != "sts":
			c := d.cell(d.matching(d.general, s.Prefix+":x"))
			c.Services = append(c.Services, s)
		default:
			for i, name := range d.space.namesOf(s) {
				d.known(s.Actions[i], name, d.general)
			}
		}
	}
	if d.space.options.KnownActions {
		return nil
	}
	return d.unknown(d.general, nameToken(), nil)
}

// namesOf returns the actions of a service as they are matched, in lower case.
func (s *Space) namesOf(of *catalog.Service) []string {
	names, ok := s.names[of]
	if !ok {
		for _, a := range of.Actions {
			names = append(names, strings.ToLower(a.FullName()))
		}
		s.names[of] = names
	}
	return names
}

// known adds an action of the catalogue.
func (d *actionSplit) known(a *catalog.Action, name string, patterns [][]string) {
	if d.leftOut(name) {
		return
	}
	c := d.cell(d.matching(patterns, name))
	c.Known = append(c.Known, a)
}

func (d *actionSplit) leftOut(name string) bool {
	return name == callerIdentity && !d.space.options.CallerIdentity
}

// matchSteps is how many steps of a simple match are as much work as one place of
// a pattern.
const matchSteps = 256

// matching returns the statements that are about an action; patterns are those
// that can be about its service.
func (d *actionSplit) matching(patterns [][]string, name string) language.Bits {
	out := language.NewBits(len(d.statements))
	for i, list := range patterns {
		found := slices.ContainsFunc(list, func(p string) bool {
			d.space.work.Spend(1 + len(p)*len(name)/matchSteps)
			return glob.Match(p, name)
		})
		if found != d.statements[i].actions.not {
			out.Add(i)
		}
	}
	return out
}

func (d *actionSplit) cell(matches language.Bits) *Actions {
	key := matches.Key()
	c := d.byMatches[key]
	if c == nil {
		c = &Actions{matches: matches}
		d.byMatches[key] = c
		d.cells = append(d.cells, c)
	}
	return c
}

// actionCharacters are those of prefixes and names, and the colon between.
const actionCharacters = "xyzabcdefghijklmnopqrstuvw0123456789-_:"

func isAction(name string) bool {
	prefix, rest, ok := strings.Cut(name, ":")
	odd := func(r rune) bool { return r == ':' || !strings.ContainsRune(actionCharacters, r) }
	return ok && prefix != "" && rest != "" && !strings.ContainsFunc(prefix+rest, odd)
}

// nameToken returns the pattern of a prefix or a name.
func nameToken() language.Pattern {
	return language.Pattern{Tokens: []glob.Token{{Kind: glob.One, Except: glob.Colon}, {Kind: glob.Run, Except: glob.Colon}}}
}

// unknown adds the actions that nothing names: what wildcards match besides.
func (d *actionSplit) unknown(patterns [][]string, prefix language.Pattern, taken []string) error {
	var wild []language.Pattern
	places := map[string]int{}
	add := func(p string) {
		if _, ok := places[p]; !ok && !glob.Literal(p) {
			places[p] = len(wild)
			wild = append(wild, language.Glob(p))
		}
	}
	for _, list := range patterns {
		for _, p := range list {
			add(p)
		}
	}
	var named []int // patterns of which no match is wanted
	if _, ok := prefix.Literal(); !ok {
		for _, p := range slices.Sorted(maps.Keys(d.prefixes)) {
			add(p + ":*")
			named = append(named, places[p+":*"])
		}
	}
	within := language.Pattern{Tokens: slices.Concat(prefix.Tokens, language.Text(":").Tokens, nameToken().Tokens)}
	cells, err := language.Cells(language.Query{
		Patterns: wild, Within: []language.Pattern{within}, Alphabet: actionCharacters, Avoid: taken,
		MaxStates: d.space.limits.States, Work: &d.space.work,
	})
	if err != nil {
		return err
	}
	for _, c := range cells {
		if slices.ContainsFunc(named, c.Matches.Has) {
			continue
		}
		matches := language.NewBits(len(d.statements))
		for i, list := range patterns {
			found := slices.ContainsFunc(list, func(p string) bool { at, ok := places[p]; return ok && c.Matches.Has(at) })
			if found != d.statements[i].actions.not {
				matches.Add(i)
			}
		}
		into := d.cell(matches)
		into.Others = append(into.Others, string(c.Sample))
	}
	return nil
}
