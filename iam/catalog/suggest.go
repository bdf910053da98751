package catalog

import (
	"slices"
	"strings"
)

// maxSuggest bounds the names that are compared.
const maxSuggest = 128

// Suggestion is what was probably meant.
type Suggestion struct {
	// Actions are the names to write instead.
	Actions []string
	// Why says what makes them the answer, as a clause without a full stop.
	Why string
}

// Instead says what to write in place of a name that people take for an action:
// mostly a call of the SDKs whose permission has another name. It reports false
// for actions that exist and where nothing is known.
func (c *Catalog) Instead(name string) (Suggestion, bool) {
	prefix, rest, ok := strings.Cut(name, ":")
	if !ok || len(name) > maxSuggest || strings.ContainsAny(name, "*?") {
		return Suggestion{}, false
	}
	if _, exists := c.Action(name); exists {
		return Suggestion{}, false
	}
	s, ok := c.Service(prefix)
	if !ok {
		return Suggestion{}, false
	}
	if known, ok := c.listed(prefix + "." + rest); ok && len(known.permissions) > 0 {
		return Suggestion{Actions: known.actions(), Why: rest + " is a call; the permission it takes has another name"}, true
	}
	for _, m := range mistakes {
		if m.prefix == s.Prefix && m.is(strings.ToLower(rest)) {
			return Suggestion{Actions: m.actions, Why: m.why}, true
		}
	}
	return s.single(rest)
}

// actions are those a call takes in any case, or, where it takes each in some
// case only, all of them.
func (k call) actions() []string {
	always := slices.ContainsFunc(k.permissions, func(p Permission) bool { return p.When == "" })
	var names []string
	for _, p := range k.permissions {
		if (p.When == "" || !always) && !slices.Contains(names, p.Action) {
			names = append(names, p.Action)
		}
	}
	return names
}

// single finds the action for one of what the name does for many.
func (s *Service) single(name string) (Suggestion, bool) {
	one, ok := cutSuffixFold(name, "Batch")
	if !ok {
		return Suggestion{}, false
	}
	a, ok := s.Action(one)
	if !ok {
		return Suggestion{}, false
	}
	return Suggestion{Actions: []string{a.FullName()}, Why: "a call for many takes the permission for one"}, true
}

func cutSuffixFold(s, suffix string) (string, bool) {
	n := len(s) - len(suffix)
	if n <= 0 || !equalFold(s[n:], suffix) {
		return s, false
	}
	return s[:n], true
}

// mistake is a kind of name that is neither an action nor a call.
type mistake struct {
	prefix  string
	is      func(lowerCaseName string) bool
	actions []string
	why     string
}

// mistakes are asked in their order.
var mistakes = []mistake{
	{
		prefix: "ecr", is: transfers("pull"),
		actions: []string{"ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage"},
		why:     "a pull is these three calls on the repository, and ecr:GetAuthorizationToken on *",
	},
	{
		prefix: "ecr", is: transfers("push"),
		actions: []string{"ecr:BatchCheckLayerAvailability", "ecr:InitiateLayerUpload", "ecr:UploadLayerPart", "ecr:CompleteLayerUpload", "ecr:PutImage"},
		why:     "a push is these calls on the repository, and ecr:GetAuthorizationToken on *",
	},
	verb("GET", "get", "list", "describe"),
	verb("DELETE", "delete", "flush", "untag"),
	verb("PATCH", "update"),
	verb("PUT", "put", "tag"),
	verb("POST", "create", "generate", "import", "test"),
}

// transfers tells names like Pull, PullImage and DockerPull. What is about the
// rules of pull-through caches begins with neither.
func transfers(word string) func(string) bool {
	return func(name string) bool {
		return strings.HasSuffix(name, word) || strings.HasPrefix(name, word) && !strings.HasPrefix(name, word+"through")
	}
}

// verb is a call of API Gateway, whose permissions are the methods of its REST
// interface (API Gateway Developer Guide, "How Amazon API Gateway works with
// IAM").
func verb(method string, beginnings ...string) mistake {
	return mistake{
		prefix: "apigateway",
		is: func(name string) bool {
			return slices.ContainsFunc(beginnings, func(b string) bool { return strings.HasPrefix(name, b) })
		},
		actions: []string{"apigateway:" + method},
		why:     "permissions of API Gateway are the HTTP methods of its REST interface, and resources its paths",
	}
}

// mostSuggestions is how many names are offered at most.
const mostSuggestions = 3

// SuggestAction returns actions for a name that is none, the likeliest first and
// few: those of [Catalog.Instead], else those near by edits, else those of the
// same name in another service. There are none for patterns.
func (c *Catalog) SuggestAction(name string) []string {
	prefix, rest, ok := strings.Cut(name, ":")
	if !ok || rest == "" || len(name) > maxSuggest || strings.ContainsAny(name, "*?") {
		return nil
	}
	if instead, ok := c.Instead(name); ok {
		return instead.Actions
	}
	s, ok := c.Service(prefix)
	if !ok {
		return c.elsewhere(prefix, rest)
	}
	near := nearest(s.Actions, rest, max(2, len(rest)/4), func(a *Action) string { return a.Name })
	if len(near) == 0 {
		return c.elsewhere(prefix, rest)
	}
	var names []string
	for _, a := range near {
		names = append(names, a.FullName())
	}
	return names
}

// elsewhere looks for the action of a name in other services: in those whose
// prefix looks like the one given, else in all, where it is in few.
func (c *Catalog) elsewhere(prefix, name string) []string {
	var names []string
	for _, near := range c.SuggestService(prefix) {
		if a, ok := c.Action(near + ":" + name); ok {
			names = append(names, a.FullName())
		}
	}
	if len(names) > 0 {
		return names
	}
	for _, s := range c.services {
		if a, ok := s.Action(name); ok {
			names = append(names, a.FullName())
		}
	}
	if len(names) > mostSuggestions {
		return nil // ListTagsForResource says nothing about the service
	}
	return names
}

// SuggestService returns documented prefixes near to one that is not, the
// likeliest first and few: "cloudwatch" for "monitoring", "dynamodb" for
// "dynamdb".
func (c *Catalog) SuggestService(prefix string) []string {
	if prefix == "" || len(prefix) > maxSuggest || strings.ContainsAny(prefix, "*?") {
		return nil
	}
	if p := PrefixOf(prefix); !equalFold(p, prefix) {
		return []string{p}
	}
	names := nearest(c.prefixes, prefix, max(1, len(prefix)/3), func(p string) string { return p })
	// Of what is as near, the services whose actions are known come first.
	slices.SortStableFunc(names, func(a, b string) int { return c.unlikely(a, prefix) - c.unlikely(b, prefix) })
	return names
}

// unlikely orders prefixes by their distance from what was written, then by
// whether their actions are known.
func (c *Catalog) unlikely(prefix, written string) int {
	d := 2 * distance(prefix, strings.ToLower(written), maxSuggest)
	if _, known := c.Service(prefix); !known {
		d++
	}
	return d
}

// nearest returns what has names within limit edits of a name without regard to
// case, the nearest first, then in order of their names.
func nearest[T any](all []T, name string, limit int, nameOf func(T) string) []T {
	type near struct {
		of       T
		distance int
	}
	name = strings.ToLower(name)
	var found []near
	for _, t := range all {
		if d := distance(name, strings.ToLower(nameOf(t)), limit); d <= limit {
			found = append(found, near{t, d})
		}
	}
	slices.SortStableFunc(found, func(a, b near) int { return a.distance - b.distance })
	var out []T
	for _, f := range found[:min(mostSuggestions, len(found))] {
		out = append(out, f.of)
	}
	return out
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
