package catalog

import (
	"slices"
	"strings"
)

// maxSuggest bounds the names that are compared.
const maxSuggest = 128

// Suggestion is an action that was probably meant.
type Suggestion struct {
	// Actions are the names to write instead.
	Actions []string
	// Why says what makes them the answer; empty where they are only near.
	Why string
}

// Instead says what to write in place of a name that people take for an
// action: calls of SDKs whose permission has another name.
func (c *Catalog) Instead(name string) (Suggestion, bool) {
	prefix, rest, ok := strings.Cut(name, ":")
	if !ok || len(name) > maxSuggest {
		return Suggestion{}, false
	}
	key := strings.ToLower(prefix + "." + rest)
	if s, ok := commonMistakes[key]; ok {
		return s, true
	}
	permissions, ok := c.calls[key]
	if !ok {
		return Suggestion{}, false
	}
	s := Suggestion{Why: rest + " is a call; the permission it takes has another name"}
	for _, p := range permissions {
		if p.When == "" {
			s.Actions = append(s.Actions, p.Action)
		}
	}
	if len(s.Actions) == 0 {
		for _, p := range permissions {
			s.Actions = append(s.Actions, p.Action)
		}
	}
	return s, true
}

// commonMistakes are names that are neither actions nor calls of the map.
var commonMistakes = map[string]Suggestion{
	"lambda.invoke":               {Actions: []string{"lambda:InvokeFunction"}, Why: "the call is Invoke, the permission InvokeFunction"},
	"ecr.pull":                    {Actions: []string{"ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage"}, Why: "a pull is three calls, and ecr:GetAuthorizationToken on *"},
	"ecr.pullimage":               {Actions: []string{"ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage"}, Why: "a pull is three calls, and ecr:GetAuthorizationToken on *"},
	"dynamodb.transactgetitems":   {Actions: []string{"dynamodb:GetItem"}, Why: "a transaction takes the permissions of its items"},
	"dynamodb.transactwriteitems": {Actions: []string{"dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:ConditionCheckItem"}, Why: "a transaction takes the permissions of its items"},
}

// SuggestAction returns known names near to one that is not known, the nearest
// first, at most three.
func (c *Catalog) SuggestAction(name string) []string {
	prefix, rest, ok := strings.Cut(strings.ToLower(name), ":")
	if !ok || len(name) > maxSuggest {
		return nil
	}
	if s, ok := c.Instead(name); ok {
		return s.Actions
	}
	s, ok := c.byPrefix[prefix]
	if !ok {
		return c.elsewhere(prefix, rest)
	}
	type near struct {
		name     string
		distance int
	}
	var found []near
	limit := max(2, len(rest)/4)
	for lower, a := range s.actions {
		if d := distance(rest, lower, limit); d <= limit {
			found = append(found, near{a.FullName(), d})
		}
	}
	slices.SortFunc(found, func(a, b near) int {
		if a.distance != b.distance {
			return a.distance - b.distance
		}
		return strings.Compare(a.name, b.name)
	})
	var names []string
	for _, f := range found[:min(3, len(found))] {
		names = append(names, f.name)
	}
	return names
}

// elsewhere looks for the action under prefixes that look like the one given.
func (c *Catalog) elsewhere(prefix, name string) []string {
	var names []string
	for _, near := range c.SuggestService(prefix) {
		if s, ok := c.byPrefix[near]; ok {
			if a, ok := s.actions[name]; ok {
				names = append(names, a.FullName())
			}
		}
	}
	return names
}

// SuggestService returns documented prefixes near to one that is not, the
// nearest first, at most three.
func (c *Catalog) SuggestService(prefix string) []string {
	prefix = strings.ToLower(prefix)
	if len(prefix) > maxSuggest {
		return nil
	}
	if p := PrefixOf(prefix); p != prefix {
		return []string{p}
	}
	limit := max(1, len(prefix)/3)
	distances := map[string]int{}
	var names []string
	for p := range c.prefixes {
		if d := distance(prefix, p, limit); d <= limit {
			distances[p] = d
			names = append(names, p)
		}
	}
	slices.SortFunc(names, func(a, b string) int {
		if distances[a] != distances[b] {
			return distances[a] - distances[b]
		}
		_, known := c.byPrefix[a]
		if _, other := c.byPrefix[b]; known != other {
			if known {
				return -1
			}
			return 1
		}
		return strings.Compare(a, b)
	})
	return names[:min(3, len(names))]
}

// distance is the number of single-byte edits, swaps of neighbours counting as
// one, from a to b. Beyond limit it is limit+1.
func distance(a, b string, limit int) int {
	if d := len(a) - len(b); d > limit || -d > limit {
		return limit + 1
	}
	before, last, next := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		next[0] = i
		least := i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			next[j] = min(last[j]+1, next[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				next[j] = min(next[j], before[j-2]+1)
			}
			least = min(least, next[j])
		}
		if least > limit {
			return limit + 1
		}
		before, last, next = last, next, before
	}
	return min(last[len(b)], limit+1)
}
