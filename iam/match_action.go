package iam

import (
	"slices"
	"strings"

	"github.com/berth-project/berth/internal/glob"
)

// maxAction is the longest action of a request, in bytes, that is looked at. The
// longest of the vendor's has 76; a longer one is unreadable.
const maxAction = 256

// actionMatcher is Action or NotAction.
type actionMatcher struct {
	not    bool
	absent bool
	// all is set where one of the patterns is "*".
	all bool
	// literals are the patterns without wildcards, in lower case. A long list is
	// looked up in set instead.
	literals []string
	set      map[string]struct{}
	// globs are the patterns with wildcards, in lower case.
	globs []string
	// oversize is set where a pattern is too long to be matched.
	oversize bool
}

// longList is from when on a map is faster than looking at each in turn.
const longList = 12

func compileActions(e Elements) actionMatcher {
	m := actionMatcher{not: e.Not, absent: e.Absent()}
	for _, p := range e.Values {
		p = lowerASCII(p)
		switch {
		case p == "*":
			m.all = true
		case len(p) > maxWildcard:
			m.oversize = true
		case glob.Literal(p):
			m.literals = append(m.literals, p)
		default:
			m.globs = append(m.globs, p)
		}
	}
	if len(m.literals) > longList {
		m.set = make(map[string]struct{}, len(m.literals))
		for _, p := range m.literals {
			m.set[p] = struct{}{}
		}
	}
	return m
}

// action is the action of a request, prepared once.
type action struct {
	text  string // as the request has it
	lower [maxAction]byte
	n     int // how much of lower is used; -1 where text is too long
	colon int // where the service prefix ends; -1 where there is none
}

func (a *action) set(text string) {
	a.text = text
	a.colon = strings.IndexByte(text, ':')
	if len(text) > maxAction {
		a.n = -1
		return
	}
	a.n = len(text)
	for i := range len(text) {
		a.lower[i] = lower(text[i])
	}
}

// oversize reports whether the action is too long to be looked at.
func (a *action) oversize() bool { return a.n < 0 }

// known returns the action in lower case; empty where it is too long.
func (a *action) known() []byte { return a.lower[:max(a.n, 0)] }

// service returns the prefix in lower case; empty where there is none.
func (a *action) service() []byte {
	if a.oversize() || a.colon < 0 {
		return nil
	}
	return a.lower[:a.colon]
}

// match reports what the element says about the action.
func (m *actionMatcher) match(a *action) verdict {
	if m.absent || a.oversize() {
		return unreadable
	}
	if m.matches(a) {
		return holds.not(m.not)
	}
	if m.oversize {
		return unreadable
	}
	return fails.not(m.not)
}

func (m *actionMatcher) matches(a *action) bool {
	if m.all {
		return true
	}
	if m.set != nil {
		if _, ok := m.set[string(a.lower[:a.n])]; ok {
			return true
		}
	} else {
		for _, p := range m.literals {
			if p == string(a.lower[:a.n]) {
				return true
			}
		}
	}
	for _, p := range m.globs {
		if glob.MatchFold(p, a.text) {
			return true
		}
	}
	return false
}

// actionIndex says which statements of a policy an action can match at all, by
// the action's service.
type actionIndex struct {
	// always are the statements that actions of any service may match.
	always []int32
	// services are those that some statement names, each with all the
	// statements its actions may match, in the order of the document.
	services []serviceStatements
	// places is where each service stands in services, where they are many.
	places map[string]int32
}

type serviceStatements struct {
	prefix     string
	statements []int32
}

// maxIndexed bounds an index: each service lists the statements of all services
// again. A document with more has the same statements for every action.
const maxIndexed = 100_000

// indexActions builds the index of a policy's statements.
func indexActions(statements []statement) actionIndex {
	var x actionIndex
	named := map[string][]int32{}
	var order []string
	size := 0
	for i := range statements {
		prefixes, all := statements[i].actions.services()
		if all {
			x.always = append(x.always, int32(i))
			continue
		}
		for _, p := range prefixes {
			if named[p] == nil {
				order = append(order, p)
			}
			named[p] = append(named[p], int32(i))
			size++
		}
	}
	if size+len(order)*len(x.always) > maxIndexed {
		return actionIndex{always: numbered(len(statements))}
	}
	for _, p := range order {
		list := slices.Concat(named[p], x.always)
		slices.Sort(list)
		x.services = append(x.services, serviceStatements{p, list})
	}
	if len(order) > longList {
		x.places = make(map[string]int32, len(order))
		for i, p := range order {
			x.places[p] = int32(i)
		}
	}
	return x
}

func numbered(n int) []int32 {
	list := make([]int32, n)
	for i := range list {
		list[i] = int32(i)
	}
	return list
}

// services returns the prefixes that the patterns name, each once; all is set
// where an action of any service may match.
func (m *actionMatcher) services() (prefixes []string, all bool) {
	if m.not || m.all || m.absent || m.oversize {
		return nil, true
	}
	seen := map[string]struct{}{}
	for _, p := range slices.Concat(m.literals, m.globs) {
		prefix, _, ok := strings.Cut(p, ":")
		if !ok || !glob.Literal(prefix) {
			return nil, true
		}
		if _, again := seen[prefix]; !again {
			seen[prefix] = struct{}{}
			prefixes = append(prefixes, prefix)
		}
	}
	return prefixes, false
}

// find returns the statements that the action may match, in their order.
func (x *actionIndex) find(a *action) []int32 {
	service := a.service()
	if x.places != nil {
		if i, ok := x.places[string(service)]; ok {
			return x.services[i].statements
		}
		return x.always
	}
	for i := range x.services {
		if x.services[i].prefix == string(service) {
			return x.services[i].statements
		}
	}
	return x.always
}

// lowerASCII returns s with the letters A to Z in lower case: names of actions
// have no others.
func lowerASCII(s string) string {
	b := []byte(s)
	for i := range b {
		b[i] = lower(b[i])
	}
	return string(b)
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}
