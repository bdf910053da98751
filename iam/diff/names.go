package diff

import (
	"slices"
	"strings"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/catalog"
	"github.com/berth-project/berth/iam/diff/internal/space"
	"github.com/berth-project/berth/internal/glob"
)

// members are actions that a pattern covers.
type members struct {
	known []*catalog.Action
	// services are those of which every action is covered; known does not list
	// them.
	services []*catalog.Service
	named    []string
	// unlisted is set where there are actions that nothing lists.
	unlisted bool
}

func (m *members) empty() bool { return len(m.known)+len(m.services)+len(m.named) == 0 && !m.unlisted }

// covered returns what a pattern covers of some cells.
func covered(pattern string, cells []*space.Actions) members {
	var m members
	seen := map[*space.Actions]bool{}
	for _, c := range cells {
		if seen[c] {
			continue
		}
		seen[c] = true
		known := c.All()
		if pattern == "*" {
			known = c.Known
			m.services = append(m.services, c.Services...)
		}
		for _, a := range known {
			if glob.MatchFold(pattern, a.FullName()) {
				m.known = append(m.known, a)
			}
		}
		for _, n := range c.Named {
			if glob.MatchFold(pattern, n) {
				m.named = append(m.named, n)
			}
		}
		m.unlisted = m.unlisted || slices.ContainsFunc(c.Others, func(n string) bool { return glob.MatchFold(pattern, n) })
	}
	return m
}

// fewNames is how many actions are listed rather than named by what they are not.
const fewNames = 12

// actions says which actions of the statement are meant, in its own patterns as
// far as all they cover is.
func (d *description) actions(g *Grant, s *iam.Statement) {
	var cells []*space.Actions
	for _, p := range d.parts {
		cells = append(cells, p.Actions)
	}
	patterns := s.Actions.Values
	if s.Actions.Not || s.Actions.Absent() {
		patterns = []string{"*"}
		g.Except = slices.Clone(s.Actions.Values)
	}
	for _, p := range patterns {
		in := covered(p, cells)
		if in.empty() {
			continue
		}
		out := covered(p, d.others)
		except, names := out.compressed(), in.compressed()
		switch {
		case out.empty() && !d.named:
			g.Actions = append(g.Actions, p)
		case d.named || len(names) <= max(fewNames, len(except)):
			g.Actions = append(g.Actions, names...)
			if in.unlisted {
				g.Unlisted = append(g.Unlisted, p)
			}
		default:
			g.Actions = append(g.Actions, p)
			g.Except = append(g.Except, except...)
		}
	}
	g.Actions = distinct(g.Actions)
	g.Except = distinct(g.Except)
}

// compressed returns the names of actions, and in place of all the actions of a
// service its prefix with a star.
func (m *members) compressed() []string {
	count := map[*catalog.Service]int{}
	for _, a := range m.known {
		count[a.Service]++
	}
	var out []string
	for _, s := range m.services {
		out = append(out, s.Prefix+":*")
	}
	for _, a := range m.known {
		if len(a.Service.Actions) > 1 && count[a.Service] == len(a.Service.Actions) {
			out = append(out, a.Service.Prefix+":*")
		} else {
			out = append(out, a.FullName())
		}
	}
	out = append(out, m.named...)
	slices.Sort(out)
	return distinct(out)
}

// distinct returns the texts without those that only differ in case from one
// before.
func distinct(texts []string) []string {
	seen := map[string]bool{}
	return slices.DeleteFunc(texts, func(s string) bool {
		s = strings.ToLower(s)
		if seen[s] {
			return true
		}
		seen[s] = true
		return false
	})
}
