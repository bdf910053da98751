package catalog

import (
	"strings"

	"github.com/berth-project/berth/internal/glob"
)

// Expand returns the actions that a pattern such as "s3:Get*" covers, in order
// of their names. Of services whose actions are not known there are none.
func (c *Catalog) Expand(pattern string) []*Action {
	prefix, name, ok := strings.Cut(pattern, ":")
	if ok && glob.Literal(prefix) {
		s, ok := c.Service(prefix)
		if !ok {
			return nil
		}
		return s.expand(name)
	}
	var out []*Action
	for _, s := range c.services {
		if pattern == "*" {
			out = append(out, s.Actions...)
			continue
		}
		for _, a := range s.Actions {
			if glob.MatchFold(pattern, a.FullName()) {
				out = append(out, a)
			}
		}
	}
	return out
}

func (s *Service) expand(name string) []*Action {
	if glob.Literal(name) {
		if a, ok := s.Action(name); ok {
			return []*Action{a}
		}
		return nil
	}
	var out []*Action
	for _, a := range s.Actions {
		if glob.MatchFold(name, a.Name) {
			out = append(out, a)
		}
	}
	return out
}
