package access

// node is a position in the trie of all patterns: what is left of a path when
// the segments on the way here have been matched.
type node struct {
	// lowest is the lowest rule of this node and everything below it: a search
	// that has a better one does not descend. Rules are inserted in order, so
	// it is the first that came by.
	lowest   int
	used     bool
	literals map[string]*node
	param    *node
	// exact are the rules whose pattern ends here, rest those with "**" here,
	// both ascending.
	exact, rest []int
}

// insert adds a rule; rules come in ascending order.
func (n *node) insert(p pattern, rule int) {
	n.touch(rule)
	for _, s := range p.segments {
		n = n.child(s)
		n.touch(rule)
	}
	if p.rest {
		n.rest = append(n.rest, rule)
		return
	}
	n.exact = append(n.exact, rule)
}

func (n *node) touch(rule int) {
	if !n.used {
		n.lowest, n.used = rule, true
	}
}

func (n *node) child(s segment) *node {
	if s.name != "" {
		if n.param == nil {
			n.param = &node{}
		}
		return n.param
	}
	if n.literals == nil {
		n.literals = map[string]*node{}
	}
	c := n.literals[s.literal]
	if c == nil {
		c = &node{}
		n.literals[s.literal] = c
	}
	return c
}

// search looks for the first rule that matches one request.
type search struct {
	rules  []rule
	method methods
	host   string
}

// find returns the lowest matching rule below best, best when there is none.
// It visits a node at most once and goes no deeper than the longest pattern,
// whatever the path.
func (s *search) find(n *node, path string, best int) int {
	if !n.used || n.lowest >= best {
		return best
	}
	best = s.first(n.rest, best)
	if path == "" {
		return s.first(n.exact, best)
	}
	seg, rest := nextSegment(path)
	if c := n.literals[seg]; c != nil {
		best = s.find(c, rest, best)
	}
	if n.param != nil {
		best = s.find(n.param, rest, best)
	}
	return best
}

func (s *search) first(candidates []int, best int) int {
	for _, i := range candidates {
		if i >= best {
			break
		}
		if r := &s.rules[i]; r.methods.has(s.method) && hostsMatch(r.hosts, s.host) {
			return i
		}
	}
	return best
}

// find returns the index of the first rule that matches, -1 when none does.
func (p *Policy) find(req *Request) int {
	path, ok := canonical(req.Path)
	if p == nil || !ok {
		return -1
	}
	s := search{rules: p.rules, method: methodBit(req.Method), host: bareHost(req.Host)}
	if best := s.find(p.root, path, len(p.rules)); best < len(p.rules) {
		return best
	}
	return -1
}
